"""Read columns of audio in threads, and report unreadable files."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy.io import wavfile

from sklearn_crossmodal.data import is_missing
from sklearn_crossmodal.data.cells._file_cells import has_extension, is_path_or_bytes
from sklearn_crossmodal.preprocessing._read_errors import describe_error, report_unreadable
from sklearn_crossmodal.preprocessing.audio._spectrogram import LogMelSpectrogram, is_pair, pair_of
from sklearn_crossmodal.preprocessing.audio._waveform import read_sound
from sklearn_crossmodal.utils._slices import slices_of
from sklearn_crossmodal.utils._threads import prefetch

__all__ = ["are_sounds", "find_unreadable_sounds", "read_spectrograms"]

#: Extensions of audio files, and their first bytes.
_ENDINGS = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".au", ".opus")
_BEGINNINGS = (b"fLaC", b"OggS", b"ID3", b"FORM")
#: Sounds that a thread reads at a time.
_CHUNK = 16


def are_sounds(cells: np.ndarray) -> bool:
    """Return whether all cells that are not empty are audio files or waveforms with a rate."""
    found = [cell for cell in cells if not _is_absent(cell)]
    return bool(found) and all(map(_looks_like_sound, found))


def read_spectrograms(
    cells: np.ndarray, transformer: LogMelSpectrogram, on_error: str, *, learn: bool = False
) -> list[np.ndarray | None]:
    """Return the spectrogram of each cell, None where there is none or it cannot be read.

    Cells are waveforms, pairs of a waveform and its rate, paths, bytes of files, or None.
    Unreadable files are reported as `on_error` says. In `fit`, with `learn`, the unit of samples is
    learned.
    """
    pairs = [pair_of(cell) for cell in cells if not (_is_absent(cell) or is_path_or_bytes(cell))]
    if learn:
        transformer.learn(pairs)
    scales = transformer.scales(pairs)
    rates = transformer.rates_ if learn else set()
    found = _map_in_threads(lambda cell: _read(cell, transformer, scales, rates), cells)
    _report(found, cells, on_error)
    return [None if isinstance(one, str) else one for one in found]


def find_unreadable_sounds(cells: np.ndarray, on_error: str) -> np.ndarray:
    """Return which cells (n,) are files that cannot be read, and report them."""
    found = _map_in_threads(_read_file, cells)
    _report(found, cells, on_error)
    return np.array([isinstance(one, str) for one in found], dtype=bool)


def _map_in_threads(read: Callable, cells: np.ndarray) -> list:
    parts = [cells[rows] for rows in slices_of(len(cells), _CHUNK)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of chunks that are not audio
        found = prefetch(lambda part: list(map(read, part)), parts)
        return [one for part in found for one in part]


def _report(found: list, cells, on_error: str) -> None:
    reasons = {row: one for row, one in enumerate(found) if isinstance(one, str)}
    if reasons:
        what = f"{len(reasons)} of {len(cells)} sounds cannot be read"
        report_unreadable(what, "they are absent", reasons, cells, on_error)


def _read(cell, transformer: LogMelSpectrogram, scales, rates: set) -> np.ndarray | str | None:
    """Return the spectrogram of a cell, None if it is empty, or the error message."""
    if _is_absent(cell):
        return None
    found = _read_file(cell)
    if isinstance(found, str):
        return found
    if found is None:
        spectrogram = transformer.spectrogram(*pair_of(cell), scales)
    else:
        waveform, rate = found
        rates.add(rate)
        spectrogram = transformer.spectrogram(waveform, rate, {waveform.dtype: (0.0, 1.0)})
    return spectrogram if len(spectrogram) else "it has no samples"


def _read_file(cell) -> tuple | str | None:
    """Return waveform and rate of a file, or the error message; None for other cells."""
    try:
        return read_sound(cell) if is_path_or_bytes(cell) else None
    except (OSError, ValueError) as error:
        return describe_error(error)


def _is_absent(cell) -> bool:
    """Return whether a cell is missing; a waveform without samples is not."""
    if isinstance(cell, tuple | list):
        return False
    return is_missing(cell) and np.size(cell) > 0


def _looks_like_sound(cell) -> bool:
    if isinstance(cell, bytes | bytearray):
        is_wav = cell[:4] in (b"RIFF", b"RIFX", b"RF64") and cell[8:12] == b"WAVE"
        return is_wav or bytes(cell[:4]).startswith(_BEGINNINGS)
    return has_extension(cell, _ENDINGS) if is_path_or_bytes(cell) else is_pair(cell)
