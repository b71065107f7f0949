"""MultiModalFrame: named modalities of equal length, indexed by row like an array."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import numpy as np

from sklearn_crossmodal.data._rows import (
    as_column,
    check_present,
    object_array,
    row_presence,
    take_rows,
    unwrap,
)
from sklearn_crossmodal.data.cells._cells import as_row_array
from sklearn_crossmodal.data.frame._checks import check_columns, to_numbers
from sklearn_crossmodal.data.frame._constructors import Constructors
from sklearn_crossmodal.data.frame._foreign_containers import refuse_foreign_entry
from sklearn_crossmodal.data.frame._html import as_html, as_line
from sklearn_crossmodal.data.frame._indexing import Indexer, as_index
from sklearn_crossmodal.data.frame._numpy_protocol import apply_function
from sklearn_crossmodal.data.frame._row_labels import (
    align_tables,
    row_labels,
    rows_like,
    with_labels,
)
from sklearn_crossmodal.data.tables._column_labels import check_feature_names, column_labels
from sklearn_crossmodal.data.tables._column_store import ColumnStore
from sklearn_crossmodal.utils._sklearn import _num_samples

__all__ = ["MultiModalFrame"]


class MultiModalFrame(Constructors, Mapping):
    """Named modalities of equal length, indexed by row like an array.

    scikit-learn's tools do not accept a plain dict, whose length is the number of its keys. A
    `MultiModalFrame` has the length and the shape of a table with one column per modality. A column
    is any container of rows: an array of any rank, a memory map, a torch tensor, a sparse matrix,
    texts, a data frame. Each entry is a modality, also a single numeric column, which a data frame
    would join with others; a table with columns of several kinds is split by kind. Values are
    stored unchanged: a slice of rows gives views, and tensors and dates are converted to numbers
    when a modality reads them.

    Parameters
    ----------
    data : mapping of str to array-like
        For each modality its values, with n rows in all of them. Rows of pandas tables and series
        are aligned by their index, in the order of the first table. Values without labels (arrays,
        polars, a default index) are aligned by position, except for a default index beside one of
        the same numbers in another order.
    present : mapping of str to array-like of shape (n,), bool, default=None
        Which samples have a modality, for some or all of the modalities. A sample also lacks a
        modality where its cell is None, or all of its numbers are NaN.
    feature_names : mapping of str to sequence of str, default=None
        Column names of modalities that are arrays or sparse matrices (n, d), for some of them:
        `predict` matches columns by these names. Data frames bring theirs.

    Attributes
    ----------
    columns : ndarray of shape (n_modalities,), object
        Names of the modalities.
    index : ndarray of shape (n,), int
        Row numbers.
    shape : tuple of (n, n_modalities)
        Shape of the table.

    Raises
    ------
    ValueError
        If the modalities differ in their number of rows or in their row labels, or `present` names
        an unknown modality.
    TypeError
        If `data` is not a mapping, or a name is not a string.

    See Also
    --------
    sklearn_crossmodal.FusionClassifier : Takes such a frame as X.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import MultiModalFrame
    >>> X = MultiModalFrame({"image": np.zeros((3, 8, 8)), "text": ["a cat", None, "a dog"]})
    >>> X
    MultiModalFrame(n=3, image: float64 (3, 8, 8), text: object (3,) 2 of 3 present)
    >>> X[[0, 2]]["text"].tolist()
    ['a cat', 'a dog']
    >>> X.presence("text")
    array([ True, False,  True])
    """

    ndim = 2

    def __init__(self, data, *, present=None, feature_names=None):
        if not isinstance(data, Mapping):
            raise TypeError(
                f"MultiModalFrame takes a mapping of names to arrays, got {type(data).__name__}."
            )
        # Grouped columns of a data frame are valid already: only the others are checked.
        store = data if isinstance(data, ColumnStore) else None
        ungrouped = data if store is None else store.ungrouped
        wrong = [name for name in ungrouped if not isinstance(name, str)]
        if wrong:
            raise TypeError(f"MultiModalFrame takes strings as names, got {wrong}.")
        for name, values in ungrouped.items():
            refuse_foreign_entry(name, values)
        check_columns(ungrouped)
        columns = {name: as_column(values) for name, values in ungrouped.items()}
        lengths = {name: _num_samples(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                f"All modalities need the same number of rows, got {lengths}: give each sample a "
                "row in every modality, None or NaN where it lacks it."
            )
        self._n_rows = next(iter(lengths.values()), 0) if store is None else store.n_rows
        declared = {f"present[{name!r}]": flags for name, flags in (present or {}).items()}
        columns, orders, self._labels = align_tables({**columns, **declared})
        unwrapped = {name: unwrap(columns[name]) for name in ungrouped}
        values = {name: values for name, (values, _) in unwrapped.items()}
        self._values = values if store is None else store.with_ungrouped(values)
        inside = {name: flags for name, (_, flags) in unwrapped.items() if flags is not None}
        self._present = self._check_present(
            {name: columns[f"present[{name!r}]"] for name in present or {}}, orders
        )
        for name, flags in inside.items():
            if not flags.all():  # of a `ModalityArray`
                self._present[name] = flags & self.stated(name)
        self.feature_names = check_feature_names(self._values, feature_names or {})

    @classmethod
    def _of_aligned(cls, values: Mapping, present: dict, labels, n_rows: int, feature_names: dict):
        """Create a frame of aligned columns, without checking them again."""
        frame = cls.__new__(cls)
        frame.feature_names = feature_names
        frame._values, frame._present = values, present
        frame._labels, frame._n_rows = labels, n_rows
        return frame

    def _check_present(self, present, orders) -> dict[str, np.ndarray]:
        checked = {}
        for name, flags in present.items():
            moved = orders.get(name) if row_labels(flags) is None else None
            if name not in self._values:
                raise ValueError(f"present names {name!r}, which is not among {list(self)}.")
            flags = check_present(flags, len(self), f"present[{name!r}]")
            checked[name] = flags if moved is None else flags[moved]  # in the order of the rows
        return checked

    # As a mapping from modality to values ----------------------------------------------------

    def __iter__(self):
        return iter(self._values)

    def __contains__(self, name):
        return name in self._values

    def __len__(self):
        return self._n_rows

    def __getitem__(self, key):
        if isinstance(key, str):
            return self._values[key]
        if isinstance(key, list) and key and all(isinstance(name, str) for name in key):
            return self._select(key)
        if isinstance(key, tuple):  # (rows, ...) and (rows, :), as for arrays
            return self.iloc[key]
        return self.take(key)

    def __setitem__(self, name, values):
        if isinstance(values, MultiModalFrame):  # a single column, as `iloc` returns it
            (source,) = values  # aligned by position: tools shuffle its rows on purpose
            column, stated = values[source], {name: values.stated(source)}
            if row_labels(column) is not None:
                column = with_labels(column, self._labels)
        else:
            column, stated = rows_like(self._labels, name, as_column(values)), {}
        frame = MultiModalFrame(
            {**self._values, name: column},
            present={**self._present, **stated},
            feature_names={k: v for k, v in self.feature_names.items() if k != name},
        )
        vars(self).update(vars(frame))

    def labels_inside(self, name) -> tuple[str, ...] | None:
        """Return the names of the inner columns of a modality.

        Parameters
        ----------
        name : str
            The modality.

        Returns
        -------
        tuple of str or None
            Those of a data frame, or of `feature_names`; None without names.
        """
        return self.feature_names.get(name) or column_labels(self._values[name])

    def presence(self, name) -> np.ndarray:
        """Return which samples have a modality.

        Parameters
        ----------
        name : str
            The modality.

        Returns
        -------
        ndarray of shape (n,), bool
            True where the cell is not missing and `present` is not False.
        """
        return row_presence(self._values[name]) & self.stated(name)

    def stated(self, name) -> np.ndarray:
        """Return the parameter `present` of a modality, whatever its cells hold.

        Parameters
        ----------
        name : str
            The modality.

        Returns
        -------
        ndarray of shape (n,), bool
            All True if `present` was not passed for it.
        """
        return self._present.get(name, np.ones(len(self), dtype=bool))

    @property
    def declared(self) -> dict[str, np.ndarray]:
        """The parameter `present` of the modalities that some samples lack by it."""
        return {name: flags for name, flags in self._present.items() if not flags.all()}

    def presence_of_any(self, names) -> np.ndarray:
        """Return which samples (n,) have any of some modalities."""
        present = np.zeros(len(self), dtype=bool)
        for name in names:
            present |= self.presence(name)
            if present.all():
                break
        return present

    def stated_of_any(self, names) -> np.ndarray:
        """Return where the parameter `present` is True for any of some modalities, (n,) bool."""
        if not all(name in self._present for name in names):
            return np.ones(len(self), dtype=bool)
        return np.any([self._present[name] for name in names], axis=0)

    def block(self, positions: list[int]) -> np.ndarray | None:
        """Return numeric columns of a data frame, by position, as one array without reading each.

        None if the columns are not stored as one array.
        """
        if (
            not isinstance(self._values, ColumnStore)
            or self._present.keys() - self._values.ungrouped
        ):
            return None
        return self._values.block(positions)

    def first_of_same_type(self) -> dict[str, str]:
        """Return, for each grouped numeric column of a data frame, the first of its dtype."""
        return self._values.first_of_same_type() if isinstance(self._values, ColumnStore) else {}

    # As a table, for scikit-learn ------------------------------------------------------------

    @property
    def columns(self) -> np.ndarray:
        """Names of the modalities."""
        return np.array(list(self._values), dtype=object)

    @property
    def index(self) -> np.ndarray:
        """Row numbers."""
        return np.arange(len(self))

    @index.setter
    def index(self, index):
        if len(index) != len(self):  # rows are identified by number: the index is not stored
            raise ValueError(f"The index of {len(self)} rows cannot have {len(index)} entries.")

    @property
    def shape(self) -> tuple[int, int]:
        """Number of samples and of modalities."""
        return len(self), len(self._values)

    @property
    def iloc(self):
        """Rows, or rows and columns, by position; columns also by name."""
        return Indexer(self)

    @property
    def loc(self):
        """The same as `iloc`: rows have no labels, and a slice of rows leaves out its end."""
        return self.iloc

    def take(self, rows, axis=0):
        """Return some of the rows.

        Parameters
        ----------
        rows : int, array-like of int or bool, or slice
            The rows; a slice gives views.
        axis : {0, 1}, default=0
            1 takes columns instead, by position or name.

        Returns
        -------
        MultiModalFrame
        """
        rows = as_index(rows)
        if axis == 1:
            named = not isinstance(rows, slice) and rows.dtype.kind in "OUT"
            return self._select(list(rows if named else self.columns[rows]))
        if isinstance(self._values, ColumnStore):
            values = self._values.take(rows)
            n_rows = values.n_rows
        else:
            values = {name: take_rows(values, rows) for name, values in self._values.items()}
            n_rows = _num_samples(next(iter(values.values()))) if values else 0
        present = {name: flags[rows] for name, flags in self._present.items()}
        labels = None if self._labels is None else self._labels[rows]
        return self._of_aligned(values, present, labels, n_rows, self.feature_names)

    def copy(self, deep=True):
        """Return a frame whose columns can be replaced without changing this one.

        Parameters
        ----------
        deep : bool, default=True
            Accepted for the tools that pass it. The values are shared in either case, since this
            package does not modify them in place.

        Returns
        -------
        MultiModalFrame
        """
        return self._select(list(self))

    def _select(self, names):
        present = {name: self._present[name] for name in names if name in self._present}
        every = isinstance(self._values, ColumnStore) and names == list(self._values)
        values = self._values if every else {name: self._values[name] for name in names}
        named = {name: self.feature_names[name] for name in names if name in self.feature_names}
        return self._of_aligned(values, present, self._labels, len(self) if values else 0, named)

    def __array__(self, dtype=None, copy=None):
        cells = np.empty(self.shape, dtype=object)
        for column, name in enumerate(self):
            rows = object_array(as_row_array(self._values[name]))
            rows[~self.presence(name)] = None
            cells[:, column] = rows
        return cells if dtype is None else to_numbers(self, cells, dtype)

    def __array_function__(self, function, types, args, kwargs):
        return apply_function(function, args, kwargs, MultiModalFrame)

    def __eq__(self, other):
        return self is other

    __hash__ = None  # type: ignore[assignment]  # how Python says unhashable

    def __repr__(self):
        return as_line(self)

    def _repr_html_(self):
        return as_html(self)

    def to_pandas(self):
        """Return a pandas frame with a column per modality.

        Returns
        -------
        pandas.DataFrame
            Arrays of more than one number a row, and arrays with rows masked by `present`, are
            `ModalityArray` columns. A data frame becomes columns named ``modality__column``. A
            sparse matrix becomes object cells, one sparse row each.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_crossmodal import MultiModalFrame
        >>> X = MultiModalFrame({"photo": np.zeros((2, 4, 4)), "text": ["a cat", None]})
        >>> X.to_pandas().dtypes["photo"]
        modality[float64, (4, 4)]
        """
        return import_module("sklearn_crossmodal.data.pandas_ext._to_pandas").to_pandas(self)
