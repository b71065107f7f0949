"""Alternative constructors of `MultiModalFrame`, and concatenation."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw

from sklearn_crossmodal.data.frame._concat import concat_columns, concat_rows
from sklearn_crossmodal.data.frame._interop import read_dataset, read_mudata, read_views
from sklearn_crossmodal.data.tables._column_selection import resolve_columns
from sklearn_crossmodal.data.tables._dataframe import is_frame, read_frame

__all__ = ["Constructors"]


class Constructors:
    """The class methods of `MultiModalFrame` that create a frame."""

    @classmethod
    def from_frame(cls, df, columns=None):
        """Make a frame from the columns of a data frame.

        Parameters
        ----------
        df : pandas, polars or pyarrow frame
            The data; arrays in it are not copied.
        columns : mapping of str to columns, default=None
            For each modality its columns: a name stands for one column as it is; a list of names
            or positions, a slice, a mask or a callable for a data frame of them. None makes each
            column a modality.

        Returns
        -------
        MultiModalFrame

        Raises
        ------
        TypeError
            If `df` is no data frame.
        ValueError
            If a column is not in it.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn_crossmodal import MultiModalFrame
        >>> df = pd.DataFrame({"age": [1, 2], "price": [5.0, 6.0], "title": ["a", "b"]})
        >>> X = MultiModalFrame.from_frame(df, {"table": ["age", "price"], "words": "title"})
        >>> X["table"].shape, X["words"].tolist()
        ((2, 2), ['a', 'b'])
        """
        if not is_frame(df):
            raise TypeError(
                f"from_frame takes a pandas, polars or pyarrow frame, got {type(df).__name__}."
            )
        if columns is None:
            return cls(read_frame(df))
        if not isinstance(columns, Mapping):
            raise TypeError(
                f"columns is a mapping of modalities to columns, got {type(columns).__name__}."
            )
        return cls({name: _part(df, key) for name, key in columns.items()})

    @classmethod
    def from_views(cls, views, names=None):
        """Make a frame from a list of 2-D arrays, as libraries for multi-view learning hold them.

        Parameters
        ----------
        views : list of array-like or sparse matrix of shape (n, d_m)
            The views; they are not copied.
        names : list of str, default=None
            Their names; None means ``view_0``, ``view_1``, ...

        Returns
        -------
        MultiModalFrame

        Raises
        ------
        TypeError
            If `views` is no list.
        ValueError
            If a view has not two axes, or there are not as many names as views.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_crossmodal import MultiModalFrame
        >>> MultiModalFrame.from_views([np.zeros((3, 2)), np.ones((3, 5))])
        MultiModalFrame(n=3, view_0: float64 (3, 2), view_1: float64 (3, 5))
        """
        return cls(read_views(views, names))

    @classmethod
    def from_mudata(cls, mdata):
        """Make a frame from a MuData, one modality for each of its AnnData.

        Parameters
        ----------
        mdata : mudata.MuData
            Its modalities share observations; the `X` of each is taken, dense or sparse. An
            observation that is not in a modality lacks it.

        Returns
        -------
        MultiModalFrame
            Its rows are `mdata.obs_names`; the `var_names` of each modality are its
            `feature_names`, by which an estimator knows the columns afterwards.

        Raises
        ------
        TypeError
            If it is no MuData.
        ValueError
            If the modalities share variables instead, or one has no `X`.
        """
        values, present, names = read_mudata(mdata)
        return cls(values, present=present, feature_names=names)

    @classmethod
    def from_dataset(cls, dataset, columns=None):
        """Make a frame from a dataset with named columns, such as one of Hugging Face's.

        Parameters
        ----------
        dataset : object with `column_names`, a length and ``dataset[name]``
            The data. Images and sounds are not decoded: their cells are paths or bytes, which the
            modalities read. Other columns are loaded into memory.
        columns : list of str, default=None
            Which columns to take; None means all.

        Returns
        -------
        MultiModalFrame

        Raises
        ------
        TypeError
            If the dataset has no `column_names`.
        ValueError
            If it lacks one of `columns`.
        """
        return cls(read_dataset(dataset, columns))

    @classmethod
    def concat(cls, frames, axis=0):
        """Concatenate frames by rows or by columns.

        Parameters
        ----------
        frames : list of MultiModalFrame
            The frames.
        axis : {0, 1}, default=0
            0 concatenates rows: a modality that a frame lacks is absent in its rows, and arrays
            of different row shapes become object cells. 1 joins the modalities of frames of equal
            length, without copying them.

        Returns
        -------
        MultiModalFrame

        Raises
        ------
        TypeError
            If one of `frames` is no `MultiModalFrame`.
        ValueError
            If there are none; with ``axis=1`` if they differ in length or share a name.

        Examples
        --------
        >>> from sklearn_crossmodal import MultiModalFrame
        >>> first = MultiModalFrame({"text": ["a"], "price": [1.0]})
        >>> MultiModalFrame.concat([first, MultiModalFrame({"text": ["b", "c"]})])
        MultiModalFrame(n=3, text: object (3,), price: float64 (3,) 1 of 3 present)
        """
        frames = list(frames)
        wrong = [type(frame).__name__ for frame in frames if not isinstance(frame, cls)]
        if wrong:
            raise TypeError(f"concat takes frames of the type {cls.__name__}, got {wrong}.")
        if not frames or axis not in (0, 1):
            raise ValueError(
                f"concat takes some frames and axis 0 or 1, got {len(frames)}, {axis}."
            )
        labels = [frame._labels for frame in frames]
        join = concat_columns if axis else concat_rows
        values, present, names = join(frames, labels)
        return cls(values, present=present, feature_names=names)


def _part(df, key):
    """Return the columns of a key: a single one unchanged, several as a data frame."""
    positions, single = resolve_columns(df, key)
    if not positions:
        raise ValueError(f"{key!r} selects no columns of the frame.")
    frame = nw.from_native(df, eager_only=True)[:, positions].to_native()
    return next(iter(read_frame(frame).values())) if single else frame
