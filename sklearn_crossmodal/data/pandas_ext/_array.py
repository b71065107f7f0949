"""ModalityArray: an array of any rank as one column of a pandas frame."""

from __future__ import annotations

import operator

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray
from pandas.api.indexers import check_array_indexer

from sklearn_crossmodal.data._rows import (
    check_present,
    is_missing,
    is_tensor,
    object_array,
    row_presence,
    tensor_to_numpy,
)
from sklearn_crossmodal.data.pandas_ext._arrow import to_arrow
from sklearn_crossmodal.data.pandas_ext._dtype import ModalityDtype, empty_cell, stack_rows
from sklearn_crossmodal.data.pandas_ext._hashing import distinct_rows, row_keys, rows_in
from sklearn_crossmodal.data.pandas_ext._text_io import cells_as_lists, parse_cells, whole_cells

__all__ = ["ModalityArray"]


class ModalityArray(ExtensionArray):
    """An array of any rank as one column of a pandas frame.

    An object column holds each image as a separate array, which is pickled, hashed and indexed one
    by one. Here the images of a column are one array, also a memory map: indexed, concatenated and
    sent to other processes at the speed of NumPy.

    Rows are equal if all their numbers are; `unique`, `duplicated`, `isin`, `value_counts`, `merge`
    and `groupby` (groups in order of appearance) use this. Rows have no arithmetic, and no order
    unless each is a single number. Parquet and Arrow keep type and shape, as lists of fixed size;
    JSON and CSV hold nested lists.

    Parameters
    ----------
    values : ndarray or tensor of shape (n, ...), or list of n arrays of one shape
        The rows; an array is not copied unless `copy`. None in a list is a missing row.
    present : array-like of shape (n,), bool, default=None
        Which rows are present; None means all. A row of NaN only is missing, too.
    copy : bool, default=False
        Whether to copy an array.

    Attributes
    ----------
    numbers : ndarray of shape (n, ...)
        The wrapped array. Its values in missing rows are arbitrary.
    present : ndarray of shape (n,), bool
        The parameter.
    dtype : ModalityDtype
        Type and shape of a row.

    Raises
    ------
    TypeError
        If the values are not numbers.
    ValueError
        If the rows differ in shape, or `present` is not one boolean a row.

    See Also
    --------
    sklearn_crossmodal.MultiModalFrame : Named modalities without pandas.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_crossmodal import ModalityArray
    >>> photos = np.zeros((3, 8, 8), dtype=np.uint8)
    >>> df = pd.DataFrame({"photo": ModalityArray(photos, present=[True, False, True])})
    >>> df["photo"].isna().tolist()
    [False, True, False]
    >>> df.iloc[[2, 0]]["photo"].array.numbers.shape
    (2, 8, 8)
    """

    _readonly = False  # set by pandas 3
    _are_groups = False

    def __init__(self, values, present=None, copy=False):
        if is_tensor(values):
            values = tensor_to_numpy(values)
        if not isinstance(values, np.ndarray):
            values, found = stack_rows(list(values), None)
            present = found if present is None else found & np.asarray(present)
        if not values.ndim:
            raise ValueError("a ModalityArray needs an array with rows, got a scalar.")
        self._numbers = values.copy() if copy else values
        self._dtype = ModalityDtype(values.dtype, values.shape[1:])
        present = np.ones(len(values), dtype=bool) if present is None else present
        self._present = check_present(present, len(values))

    @property
    def numbers(self) -> np.ndarray:
        """The wrapped array."""
        return self._numbers

    @property
    def present(self) -> np.ndarray:
        """Which rows are present."""
        return self._present

    @property
    def dtype(self) -> ModalityDtype:
        """Type and shape of a row."""
        return self._dtype

    @property
    def nbytes(self) -> int:
        """How many bytes the arrays take."""
        return self._numbers.nbytes + self._present.nbytes

    def __len__(self) -> int:
        return len(self._numbers)

    def __arrow_array__(self, type=None):  # the name of the argument is pyarrow's
        array = to_arrow(self._numbers, self.isna())
        return array if type is None else array.cast(type)

    def __array__(self, dtype=None, copy=None):
        if dtype is not None and np.dtype(dtype) == object:
            cells = object_array(self._numbers)
            cells[self.isna()] = self._dtype.na_value
            return cells
        numbers = self._numbers if dtype is None else self._numbers.astype(dtype, copy=False)
        if copy:
            return numbers.copy()
        if self._readonly and np.may_share_memory(numbers, self._numbers):
            numbers = numbers.view()
            numbers.flags.writeable = False
        return numbers

    def __getitem__(self, item):
        item = _without_ellipsis(item)
        if np.ndim(item) == 0 and not isinstance(item, slice):
            cell = self._numbers[item]
            return self._dtype.na_value if is_missing(cell) or not self._present[item] else cell
        item = check_array_indexer(self, item)
        taken = type(self)(self._numbers[item], self._present[item])
        taken._readonly = self._readonly and isinstance(item, slice)  # then it is a view
        return taken

    def __setitem__(self, key, value):
        if self._readonly:
            raise ValueError("Cannot modify read-only array")
        key = check_array_indexer(self, key)
        values, present = self._as_rows(value)
        self._numbers[key] = values
        self._present = self._present.copy()  # it may be shared with a view, or with the caller
        self._present[key] = present

    def _as_rows(self, value) -> tuple:
        """Convert an assigned value to numbers and presence, of one row or several."""
        if isinstance(value, pd.Series | pd.Index):
            value = value.array
        if isinstance(value, ModalityArray):
            return value._numbers, value._present
        if isinstance(value, np.ndarray) and value.dtype != object:
            return value, True
        if isinstance(value, np.ndarray | list | tuple):
            return stack_rows(list(value), self._dtype)
        return (empty_cell(self._dtype), False) if is_missing(value) else (value, True)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        frames = pd.Series | pd.Index | pd.DataFrame
        compares = method == "__call__" and ufunc in {np.equal, np.not_equal}
        if compares or any(isinstance(one, frames) for one in inputs):
            return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        raise TypeError(  # missing rows would take part
            f"a ModalityArray has no arithmetic (np.{ufunc.__name__}): compute with its "
            "numbers, and mind the rows where isna()."
        )

    def __eq__(self, other):
        if isinstance(other, pd.Series | pd.Index | pd.DataFrame):
            return NotImplemented
        other, present = self._compared(other)
        equal = np.broadcast_to(self._numbers == other, self._numbers.shape)
        row_size = int(np.prod(self._dtype.shape))  # there may be no rows
        return equal.reshape(len(self), row_size).all(axis=1) & present

    def __ne__(self, other):
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else ~equal

    def __lt__(self, other):
        return self._in_order(operator.lt, other)

    def __le__(self, other):
        return self._in_order(operator.le, other)

    def __gt__(self, other):
        return self._in_order(operator.gt, other)

    def __ge__(self, other):
        return self._in_order(operator.ge, other)

    def _in_order(self, compare, other):
        if isinstance(other, pd.Series | pd.Index | pd.DataFrame):
            return NotImplemented
        self._check_order()
        other, present = self._compared(other)
        return compare(self._numbers, other) & present

    def _compared(self, other) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers to compare with, and which rows are present on both sides."""
        present = self._present
        if isinstance(other, ModalityArray):
            if len(other) != len(self):
                raise ValueError(f"cannot compare {len(self)} rows with {len(other)}.")
            other, present = other._numbers, present & other._present
        other = np.asarray(other)
        if other.shape not in {self._numbers.shape, self._dtype.shape, ()}:
            raise ValueError(f"cannot compare rows of {self._dtype} with shape {other.shape}.")
        return other, present

    def _check_order(self) -> None:
        if self._dtype.shape:
            raise TypeError(
                f"rows of {self._dtype} have no order: sort by another column, or by a number "
                "that is computed of each."
            )

    def isna(self):
        """Return which rows are missing, (n,) bool."""
        return ~(self._present & row_presence(self._numbers))

    def equals(self, other):
        """Return whether another array holds the same rows; missing ones are equal."""
        if type(self) is not type(other) or self._dtype != other._dtype or len(self) != len(other):
            return False
        missing = self.isna()
        if not np.array_equal(missing, other.isna()):
            return False
        equal_nan = self._dtype.subtype.kind == "f"
        return np.array_equal(
            self._numbers[~missing], other._numbers[~missing], equal_nan=equal_nan
        )

    def factorize(self, use_na_sentinel=True):
        """Encode rows as integers, numbered in order of appearance.

        Parameters
        ----------
        use_na_sentinel : bool, default=True
            Whether missing rows have the code -1, or a nonnegative one.

        Returns
        -------
        codes : ndarray of shape (n,), intp
            The code of each row.
        uniques : ModalityArray of shape (n_distinct, ...)
            The distinct rows.
        """
        codes, first = distinct_rows(self._keys(), use_na_sentinel)
        uniques = self.take(first)
        uniques._are_groups = True
        return codes, uniques

    def unique(self):
        """Return the distinct rows in order of appearance."""
        return self.factorize(use_na_sentinel=False)[1].copy()

    def duplicated(self, keep="first"):
        """Return which rows are duplicates.

        Parameters
        ----------
        keep : {"first", "last", False}, default="first"
            Which of equal rows is not marked.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        codes, _ = self.factorize(use_na_sentinel=False)
        return pd.Series(codes).duplicated(keep).to_numpy()

    def isin(self, values):
        """Return which rows are in a set of values.

        Parameters
        ----------
        values : ModalityArray or sequence of array-like
            The values. Those of another shape match no row. None matches missing rows.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        return rows_in(self._numbers, self.isna(), values)

    def value_counts(self, dropna=True):
        """Count the rows that are equal.

        Parameters
        ----------
        dropna : bool, default=True
            Whether missing rows are left out.

        Returns
        -------
        pandas.Series of int64
            The counts; its index is a ModalityArray of the distinct rows, the most frequent first.
        """
        codes, uniques = self.factorize(use_na_sentinel=dropna)
        counts = np.bincount(codes[codes >= 0], minlength=len(uniques))
        order = np.argsort(-counts, kind="stable")
        index = pd.Index(uniques.take(order))
        return pd.Series(counts[order], index=index, name="count", dtype=np.int64)

    def _keys(self) -> np.ndarray:
        return row_keys(self._numbers, self.isna())

    def _values_for_factorize(self):
        return self._keys(), np.nan

    def _mode(self, dropna=True):
        counts = self.value_counts(dropna)
        found = counts.index.array[(counts == counts.max()).to_numpy()]
        return found if self._dtype.shape else found.take(found.argsort())

    def _values_for_argsort(self):
        if self._dtype.shape and self._are_groups:  # keeps the order of appearance in `groupby`
            return np.arange(len(self))
        self._check_order()
        return self._numbers

    def _values_for_json(self):
        return cells_as_lists(self._numbers, self.isna())

    def take(self, indices, *, allow_fill=False, fill_value=None):
        """Return some rows.

        Parameters
        ----------
        indices : array-like of int
            The rows.
        allow_fill : bool, default=False
            Whether -1 selects `fill_value`, and not the last row.
        fill_value : array-like of the shape of a row, default=None
            None means missing.

        Returns
        -------
        ModalityArray
        """
        indices = np.asarray(indices, dtype=np.intp)
        if not allow_fill:
            return type(self)(self._numbers.take(indices, axis=0), self._present.take(indices))
        if (indices < -1).any():
            raise ValueError("indices must not be below -1 with allow_fill=True.")
        filled = indices == -1
        if filled.all() and not len(self):
            numbers = np.zeros((len(indices), *self._dtype.shape), self._dtype.subtype)
            taken = type(self)(numbers, ~filled)
        else:
            taken = self.take(np.where(filled, 0, indices))
        if filled.any():
            taken[filled] = fill_value
        return taken

    def copy(self):
        """Return a copy of the rows."""
        return type(self)(self._numbers.copy(), self._present.copy())

    def astype(self, dtype, copy=True):
        """Return the rows as another type.

        Parameters
        ----------
        dtype : ModalityDtype, str or type
            Another `ModalityDtype` of one shape changes the numbers; `object` gives cells.
        copy : bool, default=True
            Whether to copy where nothing changes.

        Returns
        -------
        ModalityArray or ndarray
        """
        dtype = pd.api.types.pandas_dtype(dtype)
        if dtype == self._dtype and not copy:
            return self
        if isinstance(dtype, ModalityDtype) and dtype.shape == self._dtype.shape:
            return type(self)(self._numbers.astype(dtype.subtype, copy=copy), self._present)
        if not isinstance(dtype, np.dtype):
            return super().astype(dtype, copy=copy)
        if dtype.kind == "O":
            return whole_cells(self.__array__(object))
        missing = self.isna()
        if missing.any() and dtype.kind in "biu":
            raise ValueError(f"missing rows cannot become {dtype}: fill them, or take a float.")
        numbers = self._numbers.astype(dtype)
        if dtype.kind == "f":
            numbers[missing] = np.nan
        return numbers

    @classmethod
    def _from_sequence(cls, scalars, *, dtype=None, copy=False):
        if isinstance(dtype, str):
            dtype = ModalityDtype.construct_from_string(dtype)
        if isinstance(scalars, cls):
            scalars = scalars if dtype is None else scalars.astype(dtype, copy=False)
            return scalars.copy() if copy else scalars
        return cls(*stack_rows(list(scalars), dtype))

    @classmethod
    def _from_sequence_of_strings(cls, strings, *, dtype, copy=False):
        return cls._from_sequence(parse_cells(strings), dtype=dtype)

    def _cast_pointwise_result(self, values):
        """Convert row-wise results: to a ModalityArray where shape and kind agree."""
        try:
            found = type(self)(*stack_rows(list(values), None))
        except (TypeError, ValueError):  # cells of several shapes, or not numbers
            return super()._cast_pointwise_result(values)
        same_kind = found._dtype.subtype.kind == self._dtype.subtype.kind
        if not found.present.any() or (found.dtype.shape == self._dtype.shape and same_kind):
            return super()._cast_pointwise_result(values)
        return found if found.dtype.shape else np.asarray(found)

    @classmethod
    def _concat_same_type(cls, to_concat):
        values = np.concatenate([array._numbers for array in to_concat])
        return cls(values, np.concatenate([array._present for array in to_concat]))

    def _formatter(self, boxed=False):
        return lambda cell: f"{cell.dtype} {cell.shape}" if np.ndim(cell) else str(cell)


def _without_ellipsis(item):
    """Return the row key of a tuple, which pandas passes."""
    if not isinstance(item, tuple):
        return item
    rows = [part for part in item if part is not Ellipsis]
    if len(rows) != 1:
        raise IndexError(f"a column is indexed by row only, got {len(rows)} keys.")
    return rows[0]
