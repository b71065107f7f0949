"""Helpers below every other layer; they know nothing of modalities."""

from sklearn_crossmodal.utils._optional import import_optional

__all__ = ["import_optional"]
