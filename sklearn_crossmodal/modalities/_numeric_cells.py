"""Convert the cells of numeric columns: quantities of any type, and texts that encode them."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from sklearn_crossmodal.data import is_missing, is_quantity, to_number
from sklearn_crossmodal.data.cells._text_parsing import (
    MIN_PARSED_SHARE,
    NUMBERS,
    are_missing_markers,
    describe_ambiguous_texts,
    have_identifiers,
    infer_text_format,
    parse_texts,
)
from sklearn_crossmodal.utils._validation import warn

__all__ = ["NumberReader", "are_numeric", "describe_texts", "stack_cells"]

#: A text column with this share of numbers raises a warning.
_SUSPICIOUS_SHARE = 0.8
#: Minimum number of distinct texts in a numeric column.
_MIN_DISTINCT = 3


def are_numeric(cells: np.ndarray) -> bool:
    """Return whether a column (n,) of objects holds numbers, dates and the like, or texts of them.

    Nearly all texts must be parsed, and three be distinct: one or two are labels. A column with an
    identifier, such as a postcode with a leading zero, is not numeric. True if all cells are
    missing.
    """
    found = [cell for cell in cells if not is_missing(cell)]
    texts = [cell for cell in found if isinstance(cell, str)]
    if not texts:
        return all(map(is_quantity, found))
    n_numbers = len(found) - len(texts)
    if not all(is_quantity(cell) for cell in found if not isinstance(cell, str)):
        return False
    texts = _drop_missing_markers(texts)
    least = _min_share(len(texts), n_numbers)
    if least <= 0:
        return n_numbers > 0
    if len(set(texts)) < _MIN_DISTINCT and not n_numbers:
        return False
    return infer_text_format(texts, least) is not None and not have_identifiers(texts)


def describe_texts(texts: list[str]) -> str | None:
    """Describe texts that are not parsed, but look like numbers or dates; None for others."""
    texts = _drop_missing_markers(texts)
    text_format = infer_text_format(texts, _SUSPICIOUS_SHARE)
    if text_format is None:
        ambiguity = describe_ambiguous_texts(texts)
        return None if ambiguity is None else f"{ambiguity}: {_examples(texts)}"
    wrong = _unparsed(texts, parse_texts(texts, text_format))
    if len(wrong) <= (1 - MIN_PARSED_SHARE) * len(texts) or have_identifiers(texts):
        return None
    return f"{text_format}, but for {len(wrong)} of {len(texts)} cells: {_examples(wrong)}"


@dataclass
class _ParsedColumn:
    """Report on a parsed text column."""

    name: str
    text_format: str
    n_texts: int
    wrong: list[str]

    def __str__(self):
        if not self.wrong:
            return f"{self.name!r} ({self.text_format}, all of {self.n_texts} texts)"
        return (
            f"{self.name!r} ({self.text_format}, but for {len(self.wrong)} of {self.n_texts} "
            f"texts, which count as missing: {_examples(self.wrong)})"
        )


class NumberReader:
    """Convert raw columns to a numeric table; texts are parsed in the format learned in `fit`.

    If the modality was `inferred`, parsed texts raise a warning, also if all of them can be parsed.
    """

    def __init__(self, *, inferred: bool = False) -> None:
        self.inferred = inferred
        self.formats: dict[int, str] = {}
        self._is_silent = False

    def fit_read(self, values: np.ndarray, names) -> np.ndarray:
        """Learn the text formats of columns (n,) or (n, d), and convert them to floats (n, d).

        `names` maps a number of columns to their names. Warn once of texts that cannot be parsed;
        raise if a column has too many of them, or cells that are not numbers.
        """
        self.formats = {}
        return self._read(values, names, fitting=True)

    def read(self, values: np.ndarray, names) -> np.ndarray:
        """Convert columns by the formats of `fit_read`; texts that cannot be parsed are NaN."""
        return self._read(values, names, fitting=False)

    @contextmanager
    def silenced(self):
        """Suppress warnings, after those of `fit`."""
        self._is_silent = True
        try:
            yield
        finally:
            self._is_silent = False

    def _read(self, values, names, *, fitting) -> np.ndarray:
        values = stack_cells(values)
        if values.ndim > 2:
            raise ValueError(f"expected numbers of shape (n, d), got shape {values.shape}.")
        if values.dtype.kind not in "biufOUT":
            raise ValueError(f"columns {names(1)} hold {values.dtype}, not numbers.")
        values = values.reshape(len(values), math.prod(values.shape[1:]))  # there may be no rows
        if values.dtype == np.float32:  # kept, since it defines the rounding error
            return values
        if values.dtype.kind in "OUT":
            values = self._read_objects(values, names, fitting)
        try:
            return values.astype(np.float64, copy=False)
        except OverflowError as error:  # a Python integer out of the range of floats
            columns = names(values.shape[1])
            raise ValueError(f"columns {columns} hold too large a number: {error}.") from error
        except (TypeError, ValueError) as error:
            columns = names(values.shape[1])
            raise type(error)(f"columns {columns} must hold numbers: {error}") from error

    def _read_objects(self, values: np.ndarray, names, fitting: bool) -> np.ndarray:
        problem = "must hold numbers"
        if values.dtype != object:
            problem = f"hold {values.dtype}, not numbers"
        cells = values.astype(object)  # a copy, which is modified
        are_texts = np.array([isinstance(cell, str) for cell in cells.flat], dtype=bool)
        are_texts = are_texts.reshape(cells.shape)
        found = []
        for place in np.flatnonzero(are_texts.any(axis=0)):
            column, rows = cells[:, place], are_texts[:, place]
            name = names(cells.shape[1])[place]
            column[rows], one = self._read_texts(place, name, column, rows, problem, fitting)
            found += [one] if one is not None else []
        if cells.size:
            cells = _read_cells(cells)
        self._report(found, fitting)
        return cells

    def _read_texts(self, place: int, name: str, column, rows, problem: str, fitting: bool):
        """Return parsed texts, NaN where one cannot be parsed, and a report or None."""
        texts = column[rows].tolist()
        known = ~are_missing_markers(texts)
        found = [text for text, is_known in zip(texts, known, strict=True) if is_known]
        n_numbers = sum(not is_missing(cell) for cell in column[~rows])
        text_format = self.formats.get(place)
        if text_format is None:
            least = _min_share(len(found), n_numbers)
            text_format = infer_text_format(found, least) if least > 0 else NUMBERS
            if text_format is None and found:
                raise ValueError(f"columns [{name!r}] {problem}: {_describe_failure(found)}")
            if fitting and found:
                self.formats[place] = text_format
        numbers = np.full(len(texts), np.nan)
        numbers[known] = parse_texts(found, text_format) if found else []
        wrong = _unparsed(found, numbers[known])
        if wrong and n_numbers and fitting and not self.inferred:  # a typing error
            raise ValueError(f"columns [{name!r}] {problem}: {_describe_failure(found)}")
        reports = wrong or (fitting and self.inferred and found)
        return numbers, _ParsedColumn(name, text_format, len(found), wrong) if reports else None

    def _report(self, found: list[_ParsedColumn], fitting: bool) -> None:
        if not found or self._is_silent:
            return
        columns = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
        message = f"texts are read as numbers or dates in column {columns}."
        if fitting:
            message += (
                " Convert the columns, or name their modality, such as 'numeric', 'text' or "
                "'categorical', in `modalities`."
            )
        warn(message)


def stack_cells(values: np.ndarray) -> np.ndarray:
    """Stack a column of arrays of equal length to an array (n, d), NaN where one is missing."""
    if values.dtype.kind != "O" or values.ndim != 1:
        return values
    shapes = {np.shape(cell) for cell in values if not is_missing(cell)}
    if len(shapes) != 1 or len(shape := shapes.pop()) != 1:
        return values
    found = next(np.asarray(cell) for cell in values if not is_missing(cell))
    gap = np.full(shape, np.nan, found.dtype if found.dtype.kind == "f" else np.float64)
    return np.stack([gap if is_missing(cell) else cell for cell in values])


@partial(np.vectorize, otypes=[object])
def _read_cells(cell):
    """Convert a quantity to a number, a missing cell to NaN; return other cells unchanged."""
    if isinstance(cell, int | float):
        return cell
    if is_missing(cell):
        return np.nan
    return to_number(cell) if is_quantity(cell) else cell


def _drop_missing_markers(texts: list[str]) -> list[str]:
    return [
        text for text, empty in zip(texts, are_missing_markers(texts), strict=True) if not empty
    ]


def _unparsed(texts: list[str], numbers) -> list[str]:
    return [text for text, number in zip(texts, numbers, strict=True) if math.isnan(number)]


def _min_share(n_texts: int, n_numbers: int) -> float:
    """Return the share of texts that must be parsed, so that of all cells it is 95 %."""
    if not n_texts:
        return 0.0
    return MIN_PARSED_SHARE - (1 - MIN_PARSED_SHARE) * n_numbers / n_texts


def _describe_failure(texts: list[str]) -> str:
    text_format = infer_text_format(texts, 0.5) or NUMBERS
    wrong = _unparsed(texts, parse_texts(texts, text_format))
    ambiguity = describe_ambiguous_texts(texts)
    advice = "take them out first" if ambiguity else "make them None, or name another modality"
    return (
        f"{len(wrong)} of {len(texts)} texts cannot be read as numbers or dates, for example "
        f"{_examples(wrong)}{f', {ambiguity}' if ambiguity else ''}: {advice}."
    )


def _examples(texts: list[str]) -> str:
    short = list(dict.fromkeys(text if len(text) <= 40 else f"{text[:37]}..." for text in texts))
    return repr(short[:3])
