"""Warn of text columns that look like something else, or have no word in the vocabulary."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.data import encoded_kind
from sklearn_crossmodal.modalities._numeric_cells import describe_texts
from sklearn_crossmodal.preprocessing.text._base_tokenizer import FIRST
from sklearn_crossmodal.utils._validation import warn

__all__ = ["warn_of_texts", "warn_of_wordless"]


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


def warn_of_wordless(cells: np.ndarray, ids: np.ndarray, n_tokens: int, advice: str) -> None:
    """Warn if most texts that are not blank have no word in the vocabulary.

    `cells` (n, d) are the texts, `ids` (n, t) their tokens; ids from `n_tokens` on are markers.
    """
    empty = ~((ids >= FIRST) & (ids < n_tokens)).any(axis=1)
    if empty.sum() * 2 <= len(ids):  # blank texts included
        return
    written = np.array([any(_is_written(cell) for cell in row) for row in cells], dtype=bool)
    empty &= written
    if empty.sum() * 2 <= written.sum():
        return
    example = next(cell for cell in cells[empty.argmax()] if _is_written(cell))
    warn(
        f"{empty.sum()} of {written.sum()} texts have no word that is in the vocabulary, the "
        f"first is {reprlib.repr(example)}: they are all encoded the same. {advice}"
    )


def _is_written(cell) -> bool:
    """Return whether a cell is not missing, blank or empty."""
    return cell is not None and (bool(cell.strip()) if isinstance(cell, str) else len(cell) > 0)
