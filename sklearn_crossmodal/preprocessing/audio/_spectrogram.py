"""Logarithmic mel spectrograms of waveforms."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from scipy.fft import next_fast_len, rfft
from scipy.signal import get_window
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.data import as_column, object_array
from sklearn_crossmodal.preprocessing._sequence import crop_steps
from sklearn_crossmodal.preprocessing.audio._sample_units import SoundUnit, sample_ranges
from sklearn_crossmodal.preprocessing.audio._waveform import as_waveform, resample
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions
from sklearn_crossmodal.utils._validation import warn

__all__ = ["LogMelSpectrogram"]

#: Energy added before the logarithm: 100 dB below a full-scale tone, so that silence is finite and
#: inaudible noise has no effect.
_FLOOR = 1e-10


class LogMelSpectrogram(TransformerMixin, BaseEstimator):
    """Turn waveforms into logarithmic energies in mel bands, one row a frame.

    A frame is a segment of the waveform under a Hann window. Its power spectrum is summed in
    triangular bands, evenly spaced on the mel scale ``2595 log10(1 + f / 700)``, f in Hz [1]_
    [2]_. The result is in decibels.

    Parameters
    ----------
    rate : int, default=16000
        Sampling rate in Hz that waveforms are resampled to.
    source_rate : int or None, default=None
        Sampling rate in Hz of waveforms passed without a rate; None stands for `rate`.
    max_duration : float, default=10.0
        Maximum duration of a sound in seconds; longer ones are truncated.
    crop : {"start", "center", "end"}, default="start"
        Which part of a truncated sound is kept.
    n_mels : int, default=40
        Number of bands, from 0 Hz to half of `rate`.
    window : float, default=0.032
        Length of a frame in seconds.
    hop : float, default=0.016
        From one frame to the next in seconds.

    Attributes
    ----------
    filters_ : ndarray of shape (n_mels, n_frequencies)
        The weight of each frequency in each band.
    n_window_, n_hop_, n_fft_ : int
        Samples of a frame, between frames, and of the Fourier transform.
    rates_ : set of int or None
        Sampling rates passed with the sounds in `fit`, None for sounds without one.
    source_is_known_ : bool
        Whether `source_rate` was set.

    See Also
    --------
    sklearn_crossmodal.modalities.Audio : The modality that uses it.

    References
    ----------
    .. [1] S. Davis, P. Mermelstein (1980). "Comparison of parametric representations for
       monosyllabic word recognition in continuously spoken sentences".
       doi:10.1109/TASSP.1980.1163420
    .. [2] D. O'Shaughnessy (1987). "Speech communication: human and machine". Addison-Wesley,
       p. 150, for the formula.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.preprocessing import LogMelSpectrogram
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    >>> (spectrogram,) = LogMelSpectrogram(rate=8000, n_mels=20).fit_transform([tone])
    >>> spectrogram.shape, int(spectrogram[30].argmax())
    ((63, 20), 4)
    """

    _parameter_constraints = {
        "rate": [Interval(Integral, 1, None, closed="left")],
        "source_rate": [Interval(Integral, 1, None, closed="left"), None],
        "max_duration": [Interval(Real, 0, None, closed="neither")],
        "crop": [StrOptions({"start", "center", "end"})],
        "n_mels": [Interval(Integral, 1, None, closed="left")],
        "window": [Interval(Real, 0, None, closed="neither")],
        "hop": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        rate=16_000,
        source_rate=None,
        max_duration=10.0,
        crop="start",
        n_mels=40,
        window=0.032,
        hop=0.016,
    ):
        self.rate = rate
        self.source_rate = source_rate
        self.max_duration = max_duration
        self.crop = crop
        self.n_mels = n_mels
        self.window = window
        self.hop = hop

    def fit(self, X=None, y=None):
        """Compute the filters; of the waveforms only the unit is learned.

        Parameters
        ----------
        X : array-like of n waveforms or pairs, default=None
            Sounds, from whose range the unit is inferred; None stands for floats from -1 to 1.
        y : None
            Ignored; pipelines pass it.

        Returns
        -------
        LogMelSpectrogram
            Itself.
        """
        self._validate_params()
        self.n_window_ = max(round(self.window * self.rate), 2)
        self.n_hop_ = max(round(self.hop * self.rate), 1)
        self.n_fft_, self.filters_ = _mel_filters(self.rate, self.n_window_, self.n_mels)
        self.source_is_known_ = self.source_rate is not None
        self.learn(() if X is None else map(pair_of, as_column(X)))
        return self

    def learn(self, pairs):
        """Learn unit and sampling rates from pairs of a waveform and its rate, None if unknown."""
        pairs = list(pairs)
        self._unit = SoundUnit.learn(sample_ranges(waveform for waveform, _ in pairs))
        self.rates_ = {rate for _, rate in pairs}
        return self

    def scales(self, pairs):
        """Return offset and divisor of samples by dtype, in the unit of `fit`.

        Warn of samples far out of the range in `fit`, and of sounds without a sampling rate if
        those in `fit` had one.
        """
        pairs = list(pairs)
        assumed = self.source_rate or self.rate
        if self.rates_ and None not in self.rates_ and not self.source_is_known_:
            n_without_rate = sum(rate is None and np.size(waveform) > 0 for waveform, rate in pairs)
            if n_without_rate and assumed not in self.rates_:
                warn(
                    f"{n_without_rate} sounds have no sampling rate and are read as of {assumed} "
                    f"Hz, those in `fit` had {sorted(self.rates_)} Hz: pass pairs of a waveform "
                    "and its rate, or source_rate.",
                    stacklevel=3,
                )
        return self._unit.scales(sample_ranges(waveform for waveform, _ in pairs))

    def transform(self, X):
        """Return the spectrogram of each sound.

        Parameters
        ----------
        X : array-like of n waveforms, or n pairs of a waveform and its rate
            A waveform has shape (n_samples,) or (n_samples, n_channels).

        Returns
        -------
        ndarray of shape (n,), object
            Arrays (n_frames, n_mels) of float32; a waveform without samples has no frames.
        """
        check_is_fitted(self)
        pairs = [pair_of(sound) for sound in as_column(X)]
        scales = self.scales(pairs)
        return object_array([self.spectrogram(*pair, scales) for pair in pairs])

    def spectrogram(self, waveform, rate=None, scales=None):
        """Return the spectrogram of one waveform.

        Parameters
        ----------
        waveform : array-like of shape (n_samples,) or (n_samples, n_channels)
            Samples; channels are averaged, integers are scaled to -1..1.
        rate : int or None, default=None
            Sampling rate in Hz; None stands for `source_rate`.
        scales : dict of dtype to (float, float), default=None
            As `scales` returns them; None infers them from the samples.

        Returns
        -------
        ndarray of shape (n_frames, n_mels), float32
            Decibels.
        """
        rate = int(rate or self.source_rate or self.rate)
        waveform = crop_steps(
            as_waveform(waveform, scales), round(self.max_duration * rate), self.crop
        )
        waveform = resample(waveform, rate, self.rate)
        if not len(waveform):
            return np.zeros((0, self.n_mels), np.float32)
        half = self.n_window_ // 2  # frames are centered on multiples of the hop
        padded = np.pad(waveform, (half, self.n_window_ - half))
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.n_window_)[:: self.n_hop_]
        hann = get_window("hann", self.n_window_).astype(np.float32)
        spectrum = rfft(frames * hann, self.n_fft_, axis=1) / (hann.sum() / 2)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        return 10 * np.log10(power @ self.filters_.T + _FLOOR)


def is_pair(sound) -> bool:
    """Return whether a cell is a waveform with its rate, in either order."""
    if not isinstance(sound, tuple | list) or len(sound) != 2:
        return False
    first, second = sound if isinstance(sound[1], Real) else reversed(sound)
    return isinstance(second, Real) and not isinstance(first, Real) and np.ndim(first) > 0


def pair_of(sound) -> tuple:
    """Return a cell as a waveform and its sampling rate, None where it has none."""
    if not is_pair(sound):
        return sound, None
    # SciPy returns (rate, waveform), torchaudio (waveform, rate).
    return tuple(sound if isinstance(sound[1], Real) else reversed(sound))


def _mel_filters(rate: int, n_window: int, n_mels: int) -> tuple[int, np.ndarray]:
    """Return the length of the transform, and the (n_mels, n_frequencies) weights.

    The transform is zero-padded until every band contains a frequency.
    """
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, n_mels + 2) / 2595) - 1)
    n_fft = next_fast_len(n_window, real=True)
    while True:
        frequencies = np.arange(n_fft // 2 + 1) * rate / n_fft
        rising = (frequencies - edges[:-2, np.newaxis]) / np.diff(edges)[:-1, np.newaxis]
        falling = (edges[2:, np.newaxis] - frequencies) / np.diff(edges)[1:, np.newaxis]
        filters = np.maximum(np.minimum(rising, falling), 0)
        if filters.any(axis=1).all():
            return n_fft, filters.astype(np.float32)
        n_fft *= 2
