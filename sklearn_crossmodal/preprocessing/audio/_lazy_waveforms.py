"""Read columns of audio in threads, and report unreadable files."""

from __future__ import annotations

import os
import warnings

import numpy as np
from scipy.io import wavfile

from sklearn_crossmodal.data import is_missing
from sklearn_crossmodal.preprocessing._read_errors import report_unreadable
from sklearn_crossmodal.preprocessing.audio._spectrogram import LogMelSpectrogram, is_pair, pair_of
from sklearn_crossmodal.preprocessing.audio._waveform import read_sound
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

    Parameters
    ----------
    cells : ndarray with n rows
        Waveforms, pairs of a waveform and its rate, paths, bytes of files, or None.
    transformer : LogMelSpectrogram
        Fitted.
    on_error : {"absent", "raise"}
        Whether files that cannot be read are reported by a warning or an error.
    learn : bool, default=False
        Whether to learn the unit of samples, in `fit`.

    Returns
    -------
    list of ndarray of shape (n_frames, n_mels), or None

    Raises
    ------
    ModalityError
        If files cannot be read and `on_error` is "raise".
    """
    pairs = [pair_of(cell) for cell in cells if not (_is_absent(cell) or _is_file(cell))]
    if learn:
        transformer.learn(pairs)
    scales = transformer.scales(pairs)
    rates = transformer.rates_ if learn else set()
    parts = [cells[start : start + _CHUNK] for start in range(0, len(cells), _CHUNK)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of chunks that are not audio
        read = prefetch(
            lambda part: [_read(cell, transformer, scales, rates) for cell in part], parts
        )
        found = [_check_nonempty(one) for part in read for one in part]
    _report(found, cells, on_error)
    return [None if isinstance(one, str) else one for one in found]


def find_unreadable_sounds(cells: np.ndarray, on_error: str) -> np.ndarray:
    """Return which cells are files that cannot be read, and report them.

    Parameters
    ----------
    cells : ndarray with n rows
        As of `read_spectrograms`.
    on_error : {"absent", "raise"}
        Whether they are reported by a warning or an error.

    Returns
    -------
    ndarray of shape (n,), bool

    Raises
    ------
    ModalityError
        If there are any and `on_error` is "raise".
    """
    parts = [cells[start : start + _CHUNK] for start in range(0, len(cells), _CHUNK)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)
        read = prefetch(lambda part: [_read_error(cell) for cell in part], parts)
        found = [one for part in read for one in part]
    _report(found, cells, on_error)
    return np.array([one is not None for one in found], dtype=bool)


def _report(found: list, cells, on_error: str) -> None:
    reasons = {row: one for row, one in enumerate(found) if isinstance(one, str)}
    if reasons:
        what = f"{len(reasons)} of {len(cells)} sounds cannot be read"
        report_unreadable(what, "they are absent", reasons, cells, on_error)


def _read(cell, transformer: LogMelSpectrogram, scales, rates: set) -> np.ndarray | str | None:
    """Return the spectrogram of a cell, None if it is empty, or the error message."""
    if _is_absent(cell):
        return None
    if not _is_file(cell):
        return transformer.spectrogram(*pair_of(cell), scales)
    found = _read_file(cell)
    if isinstance(found, str):
        return found
    waveform, rate = found
    rates.add(rate)
    return transformer.spectrogram(waveform, rate, {waveform.dtype: (0.0, 1.0)})


def _check_nonempty(spectrogram):
    """Return a spectrogram, or an error message if the sound has no samples."""
    empty = isinstance(spectrogram, np.ndarray) and not len(spectrogram)
    return "it has no samples" if empty else spectrogram


def _read_error(cell) -> str | None:
    """Return the error message of a file that cannot be read; None for other cells."""
    found = _read_file(cell) if _is_file(cell) else None
    return found if isinstance(found, str) else None


def _read_file(cell) -> tuple | str:
    """Return waveform and rate of a file, or the error message."""
    try:
        return read_sound(cell)
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"


def _is_absent(cell) -> bool:
    """Return whether a cell is missing; a waveform without samples is not."""
    if isinstance(cell, tuple | list):
        return False
    return is_missing(cell) and np.size(cell) > 0


def _is_file(cell) -> bool:
    """Return whether a cell is a path, or the bytes of a file."""
    return isinstance(cell, str | os.PathLike | bytes | bytearray)


def _looks_like_sound(cell) -> bool:
    if isinstance(cell, bytes | bytearray):
        is_wav = cell[:4] in (b"RIFF", b"RIFX", b"RF64") and cell[8:12] == b"WAVE"
        return is_wav or bytes(cell[:4]).startswith(_BEGINNINGS)
    if _is_file(cell):
        path = os.fspath(cell)
        return isinstance(path, str) and "://" not in path and path.lower().endswith(_ENDINGS)
    return is_pair(cell)
