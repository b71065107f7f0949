"""Cells that hold a file as Hugging Face datasets store it: bytes, path or decoded audio."""

from __future__ import annotations

import os
import re

__all__ = ["encoded_kind", "has_extension", "is_file_cell", "is_path_or_bytes", "open_file_cell"]

#: The keys of a file of any type, and of decoded audio.
_FILE, _SOUND = {"bytes", "path"}, {"array", "sampling_rate"}

#: The first bytes of image and audio files in base64: JPEG, PNG, GIF, RIFF, TIFF, FLAC, Ogg, ID3
#: and AIFF.
_BASE64 = re.compile(
    r"(?:/9j/|iVBORw0KGgo|R0lGOD|UklGR|SUkqA|TU0AK|ZkxhQ|T2dnU|SUQz|Rk9ST)[A-Za-z0-9+/\s]*={0,2}\s*"
)


def encoded_kind(cell) -> str | None:
    """Describe how a string encodes a file, and how to decode it; None if it does not."""
    if not isinstance(cell, str):
        return None
    if cell[:5] == "data:" and "," in cell[:200]:
        return 'a data URI, which base64.b64decode(uri.partition(",")[2]) converts to bytes'
    if len(cell) > 24 and _BASE64.fullmatch(cell):
        return "base64, which base64.b64decode converts to bytes"
    return None


def is_path_or_bytes(cell) -> bool:
    """Return whether a cell is a path, or the bytes of a file."""
    return isinstance(cell, str | os.PathLike | bytes | bytearray)


def has_extension(path, extensions: tuple[str, ...]) -> bool:
    """Return whether a path, not a URL, ends in one of the extensions, whatever their case."""
    path = os.fspath(path)
    return isinstance(path, str) and "://" not in path and path.lower().endswith(extensions)


def is_file_cell(cell) -> bool:
    """Return whether a cell is a dict of the bytes and path of a file, or a waveform and rate."""
    if not isinstance(cell, dict) or not cell:
        return False
    keys = set(cell)
    return keys <= _FILE or (keys >= _SOUND and keys <= _SOUND | _FILE)


def open_file_cell(cell: dict):
    """Return the bytes of a file, else its path; or a waveform with its rate; None if empty."""
    if cell.get("array") is not None:
        return cell["array"], cell["sampling_rate"]
    return cell.get("bytes") or cell.get("path") or None
