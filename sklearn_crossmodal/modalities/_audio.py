"""Audio: waveforms or audio files."""

from __future__ import annotations

import copy
import io

import numpy as np
from scipy.io import wavfile

from sklearn_crossmodal.data import (
    Block,
    BlockSpec,
    Columns,
    as_column,
    object_array,
)
from sklearn_crossmodal.data.blocks._truncation import warn_if_truncated
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities._base import Modality, encoder_attribute
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
        """Learn the longest duration, and mean and deviation of each band.

        Parameters
        ----------
        columns : Columns or array-like of n sounds
            Sounds; see the class. An array has shape (n, n_samples) or (n, n_samples, n_channels).
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows; rows of weight zero are ignored.

        Returns
        -------
        Audio
            Itself.
        """
        self._prepare()
        self._learn(self._spectrograms(columns, learn=True), sample_weight)
        return self

    def transform(self, columns):
        """Return the scaled spectrograms.

        Parameters
        ----------
        columns : Columns or array-like of n sounds
            Sounds, as in `fit`.

        Returns
        -------
        Block
            Kind ``"grid"`` or ``"sequence"``; absent where a file cannot be read.
        """
        return self._block(self._spectrograms(columns))

    def fit_transform(self, columns, sample_weight=None):
        """Fit, and return the fitted modality and the block; each sound is read once.

        Parameters
        ----------
        columns : Columns or array-like of n sounds
            Sounds, as in `fit`.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Audio
            Itself.
        block : Block
            With as many rows as `columns`.
        """
        self._prepare()
        spectrograms = self._spectrograms(columns, learn=True)
        self._learn(spectrograms, sample_weight)
        return self, self._block(spectrograms)

    def inverse_transform(self, values):
        """Return spectrograms in decibels, not sounds: the phase is lost.

        Parameters
        ----------
        values : ndarray of shape (n, 1, n_mels, n_frames) or (n, n_frames, n_mels)
            As in a block.

        Returns
        -------
        ndarray of shape (n, n_mels, n_frames), or (n, n_frames, n_mels) with layout "steps"
            As of `LogMelSpectrogram`, all of one length.
        """
        if self.layout == "steps":
            return self.scaler_.inverse_transform(values)
        steps = self.scaler_.inverse_transform(np.moveaxis(values[:, 0], 1, 2))
        return np.moveaxis(steps, 2, 1)

    @staticmethod
    def example(n, rng):
        """Generate wav files of short tones, as bytes.

        Parameters
        ----------
        n : int
            Number of rows.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n,), object
        """
        files = np.empty(n, dtype=object)
        for row in range(n):
            seconds = np.arange(rng.integers(800, 3200)) / 8000
            tone = np.sin(2 * np.pi * rng.uniform(100, 2000) * seconds)
            noise = rng.normal(scale=0.1, size=len(tone))
            file = io.BytesIO()
            wavfile.write(file, 8000, (8000 * (tone + noise)).astype(np.int16))
            files[row] = file.getvalue()
        return files

    @classmethod
    def accepts(cls, values):
        """Return whether a column holds audio files, or waveforms with their rate.

        Waveforms without a rate cannot be distinguished from series: name their modality.

        Parameters
        ----------
        values : array-like
            A raw column.

        Returns
        -------
        bool
        """
        cells = np.asarray(values)
        if cells.ndim != 1 or cells.dtype.kind not in "OUT":
            return False
        return are_sounds(cells)

    def _prepare(self):
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

    def find_unreadable(self, columns):
        """Return which rows hold files that cannot be read, and report them.

        Parameters
        ----------
        columns : Columns or array-like of n sounds
            Sounds, as in `fit`. The modality need not be fitted.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        return find_unreadable_sounds(_cells(columns), self.on_error)

    def _spectrograms(self, columns, *, learn=False) -> list[np.ndarray | None]:
        """Return the spectrogram of each sound, None where it is missing."""
        return read_spectrograms(_cells(columns), self.spectrogram_, self.on_error, learn=learn)

    def _learn(self, spectrograms, sample_weight):
        found = np.array([one is not None for one in spectrograms], dtype=bool)
        if not found.any():
            raise ModalityError(f"none of the {len(found)} sounds is present and can be read.")
        if not any(len(one) for one in spectrograms if one is not None):
            raise ModalityError(f"all of the {found.sum()} sounds are empty.")
        self.scaler_ = SequenceScaler(crop=self.crop, scaling=self.scaling)
        self.scaler_.warns = False  # `_block` warns of sounds, not of steps
        weight = None if sample_weight is None else np.asarray(sample_weight)[found]
        self.scaler_.fit([one for one in spectrograms if one is not None], sample_weight=weight)
        self._apply_encoder_normalization()
        n_frames = self.scaler_.length_
        if self.layout == "steps":
            self.spec_ = BlockSpec("sequence", (n_frames, self.n_mels))
        else:
            self.spec_ = BlockSpec("grid", (1, self.n_mels, n_frames))

    def _apply_encoder_normalization(self):
        known = encoder_attribute(self.encoder, "normalization") or {}
        mean, std = known.get("mean"), known.get("std")
        if mean is not None:
            self.scaler_.center_ = np.broadcast_to(mean, self.n_mels).astype(float)
            self.scaler_.scale_ = np.broadcast_to(std, self.n_mels).astype(float)

    def extended(self, columns, sample_weight=None):
        """Update with the sounds of a later chunk: bands that were constant so far get a scale.

        Parameters
        ----------
        columns : Columns or array-like of n sounds
            As in `fit`.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        modality : Audio
            Itself, or an updated copy.
        block : Block
            Of the sounds.
        lost : str
            Empty.
        """
        if self.scaler_.scale_.all():
            return self, self.transform(columns), ""
        spectrograms = self._spectrograms(columns)
        found = np.array([one is not None for one in spectrograms], dtype=bool)
        weight = None if sample_weight is None else np.asarray(sample_weight)[found]
        updated = copy.copy(self)
        present = [one for one in spectrograms if one is not None]
        updated.scaler_ = self.scaler_.extended(object_array(present), weight)
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


def _cells(columns) -> np.ndarray:
    cells = as_column(Columns.of(columns).values)
    return cells if isinstance(cells, np.ndarray) else np.asarray(cells)
