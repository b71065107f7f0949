"""The cells of columns of numbers: quantities of any type, and texts that stand for them."""

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

#: The share of texts that must be numbers for a column that is none to be warned of.
_SUSPICIOUS_SHARE = 0.8
#: So many texts must differ for a column of them to be numbers.
_MIN_DISTINCT = 3


def are_numeric(cells: np.ndarray) -> bool:
    """Return whether the cells of a column are numbers, dates and the like, or texts of such.

    Parameters
    ----------
    cells : ndarray of shape (n,), object
        A column.

    Returns
    -------
    bool
        Of texts nearly all must be read, and three differ: one or two are labels. A column in
        which one is an identifier, such as a postcode that begins with a zero, is none. True where
        all cells are missing.
    """
    found = [cell for cell in cells if not is_missing(cell)]
    texts = [cell for cell in found if isinstance(cell, str)]
    if not texts:
        return all(map(is_quantity, found))
    n_others = len(found) - len(texts)
    if not all(is_quantity(cell) for cell in found if not isinstance(cell, str)):
        return False
    texts = _drop_missing_markers(texts)
    least = _min_share(len(texts), n_others)
    if least <= 0:
        return n_others > 0
    if len(set(texts)) < _MIN_DISTINCT and not n_others:
        return False
    return infer_text_format(texts, least) is not None and not have_identifiers(texts)


def describe_texts(texts: list[str]) -> str | None:
    """Say what is odd in texts that are read as texts, None where nothing is.

    Parameters
    ----------
    texts : list of str
        A column.

    Returns
    -------
    str or None
        Such as that most of them are numbers, and examples of those that are none.
    """
    texts = _drop_missing_markers(texts)
    reading = infer_text_format(texts, _SUSPICIOUS_SHARE)
    if reading is None:
        alike = describe_ambiguous_texts(texts)
        return None if alike is None else f"{alike}: {_examples(texts)}"
    wrong = [text for text, number in zip(texts, parse_texts(texts, reading)) if math.isnan(number)]
    if len(wrong) <= (1 - MIN_PARSED_SHARE) * len(texts) or have_identifiers(texts):
        return None
    return f"{reading}, but for {len(wrong)} of {len(texts)} cells: {_examples(wrong)}"


@dataclass
class _ParsedColumn:
    """What was found in a column of texts."""

    name: str
    reading: str
    n_texts: int
    wrong: list[str]

    def __str__(self):
        if not self.wrong:
            return f"{self.name!r} ({self.reading}, all of {self.n_texts} texts)"
        return (
            f"{self.name!r} ({self.reading}, but for {len(self.wrong)} of {self.n_texts} texts, "
            f"which count as missing: {_examples(self.wrong)})"
        )


class NumberReader:
    """From raw columns to one table of numbers; texts are read as in `fit`.

    Parameters
    ----------
    inferred : bool
        Whether nobody said that the columns hold numbers: then texts that do are warned of, also
        if all of them can be read.

    Attributes
    ----------
    formats : dict of int to str
        How the texts of a column are read, for the columns that held texts in `fit`.
    """

    def __init__(self, *, inferred: bool = False) -> None:
        self.inferred = inferred
        self.formats: dict[int, str] = {}
        self._is_silent = False

    def fit_read(self, values: np.ndarray, names) -> np.ndarray:
        """Learn how to read the texts of columns, and read them.

        Parameters
        ----------
        values : ndarray of shape (n,) or (n, d)
            Columns, or one of rows of numbers.
        names : callable
            (number of columns) -> their names, for messages.

        Returns
        -------
        ndarray of shape (n, d), float

        Raises
        ------
        ValueError
            If a column holds what is no number, or texts of which too many are none.

        Warns
        -----
        UserWarning
            Once, if texts cannot be read.
        """
        self.formats = {}
        return self._read(values, names, fitting=True)

    def read(self, values: np.ndarray, names) -> np.ndarray:
        """Read columns as `fit_read` does; of those that held texts, all that can be read."""
        return self._read(values, names, fitting=False)

    @contextmanager
    def silenced(self):
        """Warn of nothing: the columns of `fit` were warned of."""
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
        if values.dtype == np.float32:  # its type says what is rounding
            return values
        if values.dtype.kind in "OUT":
            values = self._read_objects(values, names, fitting)
        try:
            return values.astype(np.float64, copy=False)
        except OverflowError as error:  # a Python integer beyond all floats
            columns = names(values.shape[1])
            raise ValueError(f"columns {columns} hold too large a number: {error}.") from error
        except (TypeError, ValueError) as error:
            columns = names(values.shape[1])
            raise type(error)(f"columns {columns} must hold numbers: {error}") from error

    def _read_objects(self, values: np.ndarray, names, fitting: bool) -> np.ndarray:
        denied = "must hold numbers"
        if values.dtype != object:
            denied = f"hold {values.dtype}, not numbers"
        cells = values.astype(object)  # a copy, which is written to
        are_texts = np.array([isinstance(cell, str) for cell in cells.flat], dtype=bool)
        are_texts = are_texts.reshape(cells.shape)
        found = []
        for place in np.flatnonzero(are_texts.any(axis=0)):
            column, rows = cells[:, place], are_texts[:, place]
            name = names(cells.shape[1])[place]
            column[rows], one = self._read_texts(place, name, column, rows, denied, fitting)
            found += [one] if one is not None else []
        if cells.size:
            cells = _read_cells(cells)
        self._report(found, fitting)
        return cells

    def _read_texts(self, place: int, name: str, column, rows, denied: str, fitting: bool):
        """Return the numbers that texts stand for, NaN where one cannot be read, and a report."""
        texts = column[rows].tolist()
        saying = ~are_missing_markers(texts)
        spoken = [text for text, says in zip(texts, saying, strict=True) if says]
        n_others = sum(not is_missing(cell) for cell in column[~rows])
        reading = self.formats.get(place)
        if reading is None:
            least = _min_share(len(spoken), n_others)
            reading = infer_text_format(spoken, least) if least > 0 else NUMBERS
            if reading is None and spoken:
                raise ValueError(f"columns [{name!r}] {denied}: {_describe_failure(spoken)}")
            if fitting and spoken:
                self.formats[place] = reading
        numbers = np.full(len(texts), np.nan)
        numbers[saying] = parse_texts(spoken, reading) if spoken else []
        wrong = [one for one, number in zip(spoken, numbers[saying]) if math.isnan(number)]
        if wrong and n_others and fitting and not self.inferred:  # a number with a slip of the pen
            raise ValueError(f"columns [{name!r}] {denied}: {_describe_failure(spoken)}")
        tell = wrong or (fitting and self.inferred and spoken)
        return numbers, _ParsedColumn(name, reading, len(spoken), wrong) if tell else None

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
    """Return a column of arrays of one length as one array (n, d), NaN where one is missing."""
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
    """Return the number that a cell stands for, NaN for none; what is no quantity as it is."""
    if isinstance(cell, int | float):
        return cell
    if is_missing(cell):
        return np.nan
    return to_number(cell) if is_quantity(cell) else cell


def _drop_missing_markers(texts: list[str]) -> list[str]:
    return [
        text for text, empty in zip(texts, are_missing_markers(texts), strict=True) if not empty
    ]


def _min_share(n_texts: int, n_others: int) -> float:
    """Return which share of texts must be read where other cells are numbers already."""
    if not n_texts:
        return 0.0
    return MIN_PARSED_SHARE - (1 - MIN_PARSED_SHARE) * n_others / n_texts


def _describe_failure(texts: list[str]) -> str:
    reading = infer_text_format(texts, 0.5) or NUMBERS
    wrong = [text for text, number in zip(texts, parse_texts(texts, reading)) if math.isnan(number)]
    alike = describe_ambiguous_texts(texts)
    advice = "take them out first" if alike else "make them None, or name another modality"
    return (
        f"{len(wrong)} of {len(texts)} texts cannot be read as numbers or dates, for example "
        f"{_examples(wrong)}{f', {alike}' if alike else ''}: {advice}."
    )


def _examples(texts: list[str]) -> str:
    shown = list(dict.fromkeys(text if len(text) <= 40 else f"{text[:37]}..." for text in texts))
    return repr(shown[:3])
