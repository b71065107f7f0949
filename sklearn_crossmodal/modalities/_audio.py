"""Audio: waveforms or audio files."""

from __future__ import annotations

import copy
import io

import numpy as np
from scipy.io import wavfile

from sklearn_crossmodal.data import Block, BlockSpec, object_array
from sklearn_crossmodal.data.blocks._truncation import warn_if_truncated
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import Modality, encoder_attribute, raw_cells
from sklearn_crossmodal.preprocessing import LogMelSpectrogram, SequenceScaler
from sklearn_crossmodal.preprocessing._sequence import SLACK
from sklearn_crossmodal.preprocessing.audio._lazy_waveforms import (
    are_sounds,
    find_unreadable_sounds,
    read_spectrograms,
)
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["Audio"]


class _ByLayout:
    """A class attribute whose value in an instance depends on the parameter `layout`."""

    def __init__(self, grid, steps):
        self.values = {"grid": grid, "steps": steps}

    def __get__(self, audio, owner=None):
        return self.values.get(getattr(audio, "layout", "grid"), self.values["grid"])


class Audio(Modality):
    """Sounds, as waveforms of any length or as files, converted to logarithmic mel spectrograms.

    A cell is a waveform (n_samples,) or (n_samples, n_channels), whose channels are averaged; a
    pair of a waveform and its rate, in either order; a path; or the bytes of a file. Wav files are
    read by SciPy, others by soundfile. Several threads read and transform.

    The unit of samples in `fit` is kept: equal numbers are equal sounds in any dtype, and floats up
    to 1 are relative to full scale. Samples far out of the range in `fit` raise a warning.

    Parameters
    ----------
    rate : int, default=16000
        Sampling rate in Hz that sounds are resampled to. An attribute `rate` of the encoder takes
        precedence.
    source_rate : int or None, default=None
        Sampling rate in Hz of waveforms passed without a rate; None stands for `rate`.
    max_duration : float, default=10.0
        Maximum duration of a sound in seconds. Longer sounds are truncated, and so are those longer
        than the longest in `fit`; shorter ones are padded.
    crop : {"start", "center", "end"}, default="start"
        Which part of a truncated sound is kept.
    n_mels : int, default=40
        Number of mel bands.
    window : float, default=0.032
        Seconds of sound in a frame.
    hop : float, default=0.016
        Seconds from one frame to the next.
    scaling : {"standard"} or None, default="standard"
        "standard": each band has mean 0 and standard deviation 1 over all frames; None: decibels.
        An attribute `normalization` of the encoder, a dict with "mean" and "std" in decibels, of
        all bands or of each, takes precedence. A frozen encoder without it cannot reuse the
        `memory` where "standard" differs between folds.
    layout : {"grid", "steps"}, default="grid"
        "grid": an image of bands and frames, for image encoders. "steps": a sequence of frames,
        masked after the end of a sound, for ``encoder="gru"``, ``"lstm"``, ``"attention"`` or
        ``"conv"`` and ``decoder="mlp"``.
    on_error : {"absent", "raise"}, default="absent"
        How missing and corrupt files are treated: the modality is absent in the sample, with one
        warning that counts them, or an error is raised.
    encoder : str, component or nn.Module factory, default="cnn"
        Encoder of the spectrograms.
    decoder : str, component or nn.Module factory, default="cnn"
        Decoder when the modality is a target.
    loss : str or component, default="squared_error"
        Loss, on the scaled spectrograms, when the modality is a target.

    Attributes
    ----------
    spec_ : BlockSpec
        Kind ``"grid"`` of shape (1, n_mels, n_frames), or ``"sequence"`` of (n_frames, n_mels).
    spectrogram_ : LogMelSpectrogram
        The transformer from waveforms to spectrograms.
    scaler_ : SequenceScaler
        The transformer that brings them to one length and scale.

    Raises
    ------
    ValueError
        If a cell is not a sound, no file can be read, or with ``on_error="raise"`` one cannot.

    See Also
    --------
    Sequence : Other series.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.modalities import Audio
    >>> waveforms = np.random.default_rng(0).normal(size=(3, 8000))
    >>> Audio(rate=8000, n_mels=20).fit(waveforms).transform(waveforms).values.shape
    (3, 1, 20, 63)
    >>> Audio(on_error="raise").fit(["nowhere.wav"])
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: 1 of 1 sounds cannot be read, ...
    """

    kind = _ByLayout("grid", "sequence")
    opens_files = True
    warns_of_empty = True
    masked = _ByLayout(False, True)
    restores = False
    _parameter_constraints = {
        "scaling": [StrOptions({"standard"}), None],
        "layout": [StrOptions({"grid", "steps"})],
        "on_error": [StrOptions({"absent", "raise"})],
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
        scaling="standard",
        layout="grid",
        on_error="absent",
        encoder="cnn",
        decoder="cnn",
        loss="squared_error",
    ):
        self.rate = rate
        self.source_rate = source_rate
        self.max_duration = max_duration
        self.crop = crop
        self.n_mels = n_mels
        self.window = window
        self.hop = hop
        self.scaling = scaling
        self.layout = layout
        self.on_error = on_error
        self.encoder = encoder
        self.decoder = decoder
        self.loss = loss

    def fit(self, columns, sample_weight=None):
        self._fit(columns, sample_weight)
        return self

    def transform(self, columns):
        return self._block(self._spectrograms(columns))

    def fit_transform(self, columns, sample_weight=None):
        return self, self._block(self._fit(columns, sample_weight))

    def inverse_transform(self, values):
        """Return spectrograms in decibels (n, n_mels, n_frames), not sounds: the phase is lost.

        With layout "steps" their shape is (n, n_frames, n_mels). All are of one length.
        """
        if self.layout == "steps":
            return self.scaler_.inverse_transform(values)
        steps = self.scaler_.inverse_transform(np.moveaxis(values[:, 0], 1, 2))
        return np.moveaxis(steps, 2, 1)

    @staticmethod
    def example(n, rng):
        files = []
        for _ in range(n):
            seconds = np.arange(rng.integers(800, 3200)) / 8000
            tone = np.sin(2 * np.pi * rng.uniform(100, 2000) * seconds)
            noise = rng.normal(scale=0.1, size=len(tone))
            file = io.BytesIO()
            wavfile.write(file, 8000, (8000 * (tone + noise)).astype(np.int16))
            files.append(file.getvalue())
        return object_array(files)

    @classmethod
    def accepts(cls, values):
        """Return whether a column holds audio files, or waveforms with their rate.

        Waveforms without a rate cannot be distinguished from series: name their modality.
        """
        cells = np.asarray(values)
        if cells.ndim != 1 or cells.dtype.kind not in "OUT":
            return False
        return are_sounds(cells)

    def _fit(self, columns, sample_weight):
        """Fit, and return the spectrograms."""
        self._validate_params()
        self.spectrogram_ = LogMelSpectrogram(
            rate=encoder_attribute(self.encoder, "rate") or self.rate,
            source_rate=self.source_rate or self.rate,
            max_duration=self.max_duration,
            crop=self.crop,
            n_mels=self.n_mels,
            window=self.window,
            hop=self.hop,
        ).fit()
        self.spectrogram_.source_is_known_ = self.source_rate is not None
        spectrograms = self._spectrograms(columns, learn=True)
        found, weight = _observed(spectrograms, sample_weight)
        if not found:
            raise ModalityError(
                f"none of the {len(spectrograms)} sounds is present and can be read."
            )
        if not any(map(len, found)):
            raise ModalityError(f"all of the {len(found)} sounds are empty.")
        self.scaler_ = SequenceScaler(crop=self.crop, scaling=self.scaling)
        self.scaler_.warns = False  # `_block` warns of sounds, not of steps
        self.scaler_.fit(found, sample_weight=weight)
        known = encoder_attribute(self.encoder, "normalization") or {}
        if known.get("mean") is not None:
            self.scaler_.center_ = np.broadcast_to(known["mean"], self.n_mels).astype(float)
            self.scaler_.scale_ = np.broadcast_to(known["std"], self.n_mels).astype(float)
        n_frames = self.scaler_.length_
        if self.layout == "steps":
            self.spec_ = BlockSpec("sequence", (n_frames, self.n_mels))
        else:
            self.spec_ = BlockSpec("grid", (1, self.n_mels, n_frames))
        return spectrograms

    def find_unreadable(self, columns):
        return find_unreadable_sounds(raw_cells(columns), self.on_error)

    def _spectrograms(self, columns, *, learn=False) -> list[np.ndarray | None]:
        """Return the spectrogram of each sound, None where it is missing."""
        cells = raw_cells(columns)
        return read_spectrograms(cells, self.spectrogram_, self.on_error, learn=learn)

    def extended(self, columns, sample_weight=None):
        if self.scaler_.scale_.all():
            return self, self.transform(columns), ""
        spectrograms = self._spectrograms(columns)
        found, weight = _observed(spectrograms, sample_weight)
        updated = copy.copy(self)
        updated.scaler_ = self.scaler_.extended(object_array(found), weight)
        return updated, updated._block(spectrograms), ""

    def _block(self, spectrograms) -> Block:
        present = np.array([one is not None for one in spectrograms], dtype=bool)
        lengths = [0 if one is None else len(one) for one in spectrograms]
        remedy = "fit on sounds as long, or cut them on purpose, with max_duration"
        limit = self.scaler_.length_
        warn_if_truncated(lengths, limit, what="sounds", unit="frames", remedy=remedy, slack=SLACK)
        steps = self.scaler_.transform(object_array(spectrograms)).astype(np.float32, copy=False)
        mask = ~np.isnan(steps[..., 0])
        steps[~mask] = 0  # the mean of each band; scaled silence would be as large as speech
        if self.layout == "steps":
            return Block(steps, present, self.spec_, mask)
        grid = np.ascontiguousarray(np.moveaxis(steps, 1, 2)[:, np.newaxis])
        return Block(grid, present, self.spec_)


def _observed(spectrograms, sample_weight) -> tuple:
    """Return the spectrograms that are not missing, and their weights."""
    rows = [row for row, one in enumerate(spectrograms) if one is not None]
    weight = None if sample_weight is None else np.asarray(sample_weight)[rows]
    return [spectrograms[row] for row in rows], weight
