"""Convert a ModalityArray to an Arrow array of fixed-size lists, and back."""

from __future__ import annotations

import numpy as np

__all__ = ["arrow_type", "from_arrow", "to_arrow"]


def arrow_type(subtype: np.dtype, shape: tuple[int, ...]):
    """Return the Arrow type of a column: a list of fixed size for each axis of a row."""
    import pyarrow as pa

    found = pa.from_numpy_dtype(subtype)
    for length in reversed(shape):
        found = pa.list_(found, length)
    return found


def to_arrow(numbers: np.ndarray, missing: np.ndarray):
    """Convert rows (n, ...) to an Arrow array of their shape and dtype; missing rows are null."""
    import pyarrow as pa

    shape = numbers.shape[1:]
    numbers = np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("="))
    if not shape:
        return pa.array(numbers, mask=missing)
    if 0 in shape:  # the number of rows cannot be derived from the numbers
        cells = numbers.tolist()
        cells = [None if gone else cell for cell, gone in zip(cells, missing, strict=True)]
        return pa.array(cells, arrow_type(numbers.dtype, shape))
    found = pa.array(numbers.reshape(-1))
    for length in reversed(shape[1:]):
        found = pa.FixedSizeListArray.from_arrays(found, length)
    mask = pa.array(missing) if missing.any() else None
    return pa.FixedSizeListArray.from_arrays(found, shape[0], mask=mask)


def from_arrow(array, subtype: np.dtype, shape: tuple[int, ...], fill) -> tuple:
    """Return the rows of an Arrow array of nested lists, and which of them are present.

    Null numbers are filled; values in missing rows are arbitrary. Raise if a row has another shape,
    or has null integers.
    """
    chunks = array.chunks if hasattr(array, "chunks") else [array]
    parts = [_rows_of(chunk, subtype, shape, fill) for chunk in chunks]
    present = [np.asarray(chunk.is_valid(), dtype=bool) for chunk in chunks]
    if len(parts) == 1:
        numbers = parts[0] if parts[0].flags.writeable else parts[0].copy()
        return numbers, present[0]
    none = np.zeros((0, *shape), subtype)
    return np.concatenate([none, *parts]), np.concatenate([np.zeros(0, dtype=bool), *present])


def _rows_of(array, subtype, shape, fill) -> np.ndarray:
    """Return the rows of one chunk."""
    leaf = _numbers_of(array)
    if leaf is None or 0 in shape:
        return _rows_of_lists(array.to_pylist(), subtype, shape, fill)
    if len(leaf) != len(array) * np.prod(shape, dtype=int):
        raise ValueError(
            f"{len(array)} rows of shape {shape} hold {len(array) * np.prod(shape, dtype=int)} "
            f"numbers, got {len(leaf)}: their shape differs."
        )
    if leaf.null_count:
        _check_gaps(array, leaf, subtype)
        leaf = leaf.fill_null(fill)
    numbers = leaf.to_numpy(zero_copy_only=False).astype(subtype, copy=False)
    return numbers.reshape(len(array), *shape)


def _numbers_of(array):
    """Return the flattened numbers of fixed-size lists; None for other lists.

    `flatten` would drop the contents of null lists, and `drop_null` reorders the rows of a slice
    (pyarrow 26).
    """
    import pyarrow as pa

    array = getattr(
        array, "storage", array
    )  # of an extension type, such as a tensor of fixed shape
    while pa.types.is_fixed_size_list(array.type):
        size = array.type.list_size
        array = array.values.slice(array.offset * size, len(array) * size)
    return None if pa.types.is_nested(array.type) else array


def _check_gaps(array, leaf, subtype) -> None:
    """Raise if a present row has null numbers of a type without NaN."""
    lacks = np.asarray(leaf.is_null()).reshape(len(array), -1).any(axis=1)
    wrong = np.flatnonzero(lacks & np.asarray(array.is_valid()))
    if len(wrong) and subtype.kind != "f":
        raise ValueError(
            f"row {wrong[0]} lacks numbers, which {subtype} cannot hold: take a type of floats."
        )


def _rows_of_lists(cells, subtype, shape, fill) -> np.ndarray:
    numbers = np.full((len(cells), *shape), fill, subtype)
    for row, cell in enumerate(cells):
        if cell is not None:
            found = np.array(cell, dtype=subtype).reshape(shape if 0 in shape else np.shape(cell))
            if found.shape != shape:
                raise ValueError(f"row {row} has the shape {found.shape}, not {shape}.")
            numbers[row] = found
    return numbers
