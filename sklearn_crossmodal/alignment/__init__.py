"""Alignment: one space for all modalities, in which the most similar items belong together."""

from sklearn_crossmodal.alignment._aligner import CrossModalAligner

__all__ = ["CrossModalAligner"]
