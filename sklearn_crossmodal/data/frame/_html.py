"""Representations of a `MultiModalFrame`: one line of text, or an HTML table with thumbnails."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO

import numpy as np

from sklearn_crossmodal.data._rows import is_missing, take_rows
from sklearn_crossmodal.data.cells._cells import as_cells
from sklearn_crossmodal.data.tables._dataframe import is_frame

__all__ = ["as_html", "as_line"]

#: Number of rows shown, characters of each, and pixels of a thumbnail.
_ROWS, _LETTERS, _PIXELS = 5, 40, 48
_HEADER = ("modality", "shape", "dtype", "kind", "present", "first rows")


def as_line(frame) -> str:
    """Return name, dtype, shape and presence of each modality in one line."""
    parts = []
    for name, values in frame.items():
        n_present = int(frame.presence(name).sum())
        share = "" if n_present == len(frame) else f" {n_present} of {len(frame)} present"
        parts.append(f"{name}: {_dtype(values)} {_shape(values)}{share}")
    return f"MultiModalFrame(n={len(frame)}, {', '.join(parts)})"


def as_html(frame) -> str:
    """Return a table with a row for each modality; texts in it are escaped."""
    header = "".join(f"<th>{title}</th>" for title in _HEADER)
    rows = "".join(f"<tr>{_row(frame, name)}</tr>" for name in frame)
    return (
        f"<div><p>MultiModalFrame of {len(frame)} samples</p>"
        f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(frame, name: str) -> str:
    values, present = frame[name], frame.presence(name)
    first = np.flatnonzero(present)[:_ROWS]
    cells = list(_first_cells(values, first))
    share = f"{present.mean():.0%}" if len(present) else ""
    kind = _kind(values, cells)
    previews = [_thumbnail(cell) if kind == "images" else _shorten(cell) for cell in cells]
    texts = [name, str(_shape(values)), _dtype(values), kind, share]
    texts = [escape(text) for text in texts]
    return "".join(f"<td>{cell}</td>" for cell in (*texts, " ".join(filter(None, previews))))


def _shape(values) -> tuple:
    return tuple(values.shape if hasattr(values, "shape") else (len(values),))


def _dtype(values) -> str:
    return str(getattr(values, "dtype", type(values).__name__))


def _first_cells(values, rows: np.ndarray):
    """Return the cells of some rows; sparse rows and frames as numbers."""
    taken = as_cells(take_rows(values, rows))
    return np.asarray(taken.toarray() if hasattr(taken, "toarray") else taken)


def _kind(values, cells: list) -> str:
    """Return the kind of the cells in one word."""
    if hasattr(getattr(values, "dtype", None), "categories"):
        return "categories"
    found = [cell for cell in cells if not is_missing(cell)]
    if not found:
        return "nothing"
    if is_frame(values):
        return "table"
    if all(isinstance(cell, str) for cell in found):
        return "texts"
    if all(map(_looks_like_image, found)):
        return "series" if _are_series(found) else "images"
    if all(np.asarray(cell).dtype.kind in "biuf" for cell in found):
        return "numbers" if all(np.ndim(cell) < 2 for cell in found) else "arrays"
    return "objects"


def _are_series(cells) -> bool:
    """Return whether arrays (t, d) differ in their first axis alone, as images seldom do."""
    if not all(isinstance(cell, np.ndarray) and cell.ndim == 2 for cell in cells):
        return False
    return len({cell.shape[1] for cell in cells}) == 1 < len({len(cell) for cell in cells})


def _looks_like_image(cell) -> bool:
    if hasattr(cell, "thumbnail"):  # Pillow's
        return True
    if not isinstance(cell, np.ndarray) or cell.dtype.kind not in "buif":
        return False
    return cell.ndim == 2 or (cell.ndim == 3 and bool({cell.shape[0], cell.shape[-1]} & {1, 3, 4}))


def _shorten(cell) -> str:
    """Return the start of a cell as escaped text."""
    if isinstance(cell, np.ndarray) and cell.ndim:
        return ""
    words = str(cell) if isinstance(cell, str | np.generic) else repr(cell)
    words = words if len(words) <= _LETTERS else words[: _LETTERS - 1] + "…"
    return f"<code>{escape(words)}</code>"


def _thumbnail(cell) -> str:
    """Return a thumbnail as an HTML element; "" without Pillow, or if the cell is no image."""
    try:
        from PIL import Image
    except ImportError:
        return ""
    try:
        image = cell.copy() if hasattr(cell, "thumbnail") else Image.fromarray(_pixels(cell))
        image.thumbnail((_PIXELS, _PIXELS))
        file = BytesIO()
        image.convert("RGBA").save(file, format="PNG")
    except (OSError, ValueError, TypeError, MemoryError):  # the table is shown without it
        return ""
    return f'<img alt="" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'


def _pixels(cell: np.ndarray) -> np.ndarray:
    """Return an image as uint8, (h, w) or (h, w, c); other types are scaled to 0..255."""
    if cell.ndim == 3 and cell.shape[-1] not in (1, 3, 4):
        cell = np.moveaxis(cell, 0, -1)
    cell = cell[..., 0] if cell.ndim == 3 and cell.shape[-1] == 1 else cell
    if cell.dtype == np.uint8:
        return np.ascontiguousarray(cell)
    numbers = np.nan_to_num(cell.astype(np.float64), posinf=0, neginf=0)
    low, high = numbers.min(initial=0), numbers.max(initial=0)
    return np.uint8(255 * (numbers - low) / ((high - low) or 1))
