"""Decode and resample waveforms; mono, scaled to -1..1."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

from sklearn_crossmodal.data import encoded_kind
from sklearn_crossmodal.preprocessing.audio._sample_units import (
    full_scale,
    infer_scale,
    sample_ranges,
)
from sklearn_crossmodal.utils import import_optional

__all__ = ["read_sound"]

#: A second axis longer than this is of samples, not channels: the axes are swapped.
_MOST_CHANNELS = 32


def read_sound(source):
    """Read an audio file, or decode its bytes.

    Parameters
    ----------
    source : str, path or bytes
        A wav file (8, 16, 24 or 32 bits, or floats) is read by SciPy, any other by soundfile.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32
        The mean of the channels; integers are scaled to -1..1.
    rate : int
        Sampling rate in Hz.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If its content is not audio.
    ImportError
        If it is not a wav file and soundfile is not installed.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from scipy.io import wavfile
    >>> from sklearn_crossmodal.preprocessing import read_sound
    >>> file = io.BytesIO()
    >>> wavfile.write(file, 8000, np.array([0, 16384, -32768], dtype=np.int16))
    >>> read_sound(file.getvalue())
    (array([ 0. ,  0.5, -1. ], dtype=float32), 8000)
    """
    if (kind := encoded_kind(source)) is not None:
        raise ValueError(f"it is {kind}")
    encoded = bytes(source) if isinstance(source, bytes | bytearray) else Path(source).read_bytes()
    if not encoded:
        raise ValueError("it is empty.")
    if encoded[:4] in (b"RIFF", b"RIFX", b"RF64"):
        decode = _decode_wav
    else:
        soundfile = import_optional("soundfile", extra="audio", purpose="Reading sound but wav")
        decode = soundfile.read
    try:
        samples, rate = decode(io.BytesIO(encoded))
    except Exception as error:  # decoders raise many types of error
        raise ValueError(f"it is no sound that can be decoded: {error}") from error
    return as_waveform(samples, {samples.dtype: full_scale(samples.dtype)}), int(rate)


def _decode_wav(file) -> tuple[np.ndarray, int]:
    rate, samples = wavfile.read(file)
    return samples, rate


def as_waveform(samples, scales=None) -> np.ndarray:
    """Convert samples (n,) or (n, n_channels) to a mono waveform (n,) of float32, in -1..1.

    `scales` holds offset and divisor by dtype; None infers them from the samples.
    """
    samples = np.asarray(samples)
    if samples.dtype.kind not in "iuf" and samples.size:
        raise ValueError(f"expected samples of sound, got {samples.dtype}.")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and samples.shape[1] > _MOST_CHANNELS):
        raise ValueError(
            "expected a waveform of shape (n_samples,) or (n_samples, n_channels), got "
            f"{samples.shape}."
        )
    waveform = _as_floats(samples, scales)
    if not np.isfinite(waveform).all():
        raise ValueError("the waveform holds NaN or infinity.")
    return waveform.mean(axis=1) if waveform.ndim == 2 and waveform.size else waveform.ravel()


def _as_floats(samples: np.ndarray, scales) -> np.ndarray:
    if not samples.size:
        return samples.astype(np.float32)
    if scales is None:
        levels = sample_ranges([samples])
        scales = {dtype: infer_scale(dtype, level) for dtype, level in levels.items()}
    offset, full = scales[samples.dtype]
    waveform = samples.astype(np.float32)
    if full != 1:
        waveform /= np.float32(full)
    return waveform - np.float32(offset / full) if offset else waveform


def resample(waveform: np.ndarray, rate: int, target_rate: int) -> np.ndarray:
    """Resample a waveform by a polyphase filter."""
    if rate == target_rate or not len(waveform):
        return waveform
    ratio = Fraction(target_rate, rate)
    return resample_poly(waveform, ratio.numerator, ratio.denominator).astype(np.float32)
