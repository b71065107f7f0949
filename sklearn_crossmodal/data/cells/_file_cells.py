"""Cells that hold a file as Hugging Face's datasets store one: its bytes, its path, or a sound."""

from __future__ import annotations

import re

__all__ = ["encoded_kind", "is_file_cell", "open_file_cell"]

#: The keys of a file of any kind, and of a sound that is decoded.
_FILE, _SOUND = {"bytes", "path"}, {"array", "sampling_rate"}

#: How the first bytes of pictures and sounds look in base64: JPEG, PNG, GIF, RIFF, TIFF, FLAC, Ogg,
#: ID3 and AIFF.
_BASE64 = re.compile(
    r"(?:/9j/|iVBORw0KGgo|R0lGOD|UklGR|SUkqA|TU0AK|ZkxhQ|T2dnU|SUQz|Rk9ST)[A-Za-z0-9+/\s]*={0,2}\s*"
)


def encoded_kind(cell) -> str | None:
    """Say how a text encodes a file, and how to decode it; None if it does not.

    Parameters
    ----------
    cell : object
        Of a column of files.

    Returns
    -------
    str or None
    """
    if not isinstance(cell, str):
        return None
    if cell[:5] == "data:" and "," in cell[:200]:
        return 'a data URI, which base64.b64decode(uri.partition(",")[2]) makes bytes of'
    if len(cell) > 24 and _BASE64.fullmatch(cell):
        return "base64, which base64.b64decode makes bytes of"
    return None


def is_file_cell(cell) -> bool:
    """Tell whether a cell is a dict of a file's bytes and path, or of a waveform and its rate."""
    if not isinstance(cell, dict) or not cell:
        return False
    keys = set(cell)
    return keys <= _FILE or (keys >= _SOUND and keys <= _SOUND | _FILE)


def open_file_cell(cell: dict):
    """Return what a file is read from: its bytes, else its path; or a waveform with its rate.

    Parameters
    ----------
    cell : dict
        One that `is_file_cell` knows.

    Returns
    -------
    bytes, str, tuple of (array, int), or None if it holds nothing
    """
    if cell.get("array") is not None:
        return cell["array"], cell["sampling_rate"]
    return cell.get("bytes") or cell.get("path") or None
