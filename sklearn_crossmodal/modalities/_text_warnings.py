"""Warn of text columns that look like numbers, dates or files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.data import encoded_kind
from sklearn_crossmodal.modalities._numeric_cells import describe_texts
from sklearn_crossmodal.utils._validation import warn

__all__ = ["warn_of_texts"]


def warn_of_texts(columns: Mapping, parameter: str = "modalities") -> None:
    """Warn once of text columns that look like numbers, dates or files; name their likely content.

    `parameter` is the one that sets their modality, for the message.
    """
    odd = {label: _describe_texts(values) for label, values in columns.items()}
    found = [f"{str(label)!r} ({what})" for label, what in odd.items() if what]
    if found:
        listed = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        warn(
            f"texts are read as texts or categories, but look like something else, in "
            f"column {listed}. Convert them, or name their modality in `{parameter}`: 'numeric' "
            "for numbers with gaps, 'text' or 'categorical' for what they are.",
        )


def _describe_texts(values) -> str | None:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "OUT" or values.ndim != 1:
        return None
    texts = [cell for cell in values if isinstance(cell, str)]
    if not texts:
        return None
    kind = encoded_kind(texts[0])
    return describe_texts(texts) if kind is None else f"files as {kind}"
