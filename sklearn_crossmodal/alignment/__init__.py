"""Alignment: one space for all modalities, in which the most similar items belong together."""

from sklearn_crossmodal.alignment._align_or_predict import align_or_predict
from sklearn_crossmodal.alignment._aligner import CrossModalAligner
from sklearn_crossmodal.alignment._retriever import CrossModalRetriever
from sklearn_crossmodal.alignment._zero_shot import ZeroShotClassifier

__all__ = ["CrossModalAligner", "CrossModalRetriever", "ZeroShotClassifier", "align_or_predict"]
