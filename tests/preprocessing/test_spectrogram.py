"""LogMelSpectrogram agrees with SciPy's transform and hears tones where they are."""

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT, get_window

from sklearn_crossmodal.data import object_array
from sklearn_crossmodal.preprocessing import LogMelSpectrogram


def tone(hertz, rate=8000, seconds=0.5):
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def one(waveform, **params):
    return LogMelSpectrogram(**{"rate": 8000, **params}).fit().spectrogram(waveform)


def test_the_power_spectrum_is_that_of_scipy(rng):
    waveform = rng.normal(scale=0.1, size=4000)
    transformer = LogMelSpectrogram(rate=8000, n_mels=20).fit()
    hann = get_window("hann", transformer.n_window_)
    stft = ShortTimeFFT(hann, transformer.n_hop_, 8000, mfft=transformer.n_fft_)
    found = transformer.spectrogram(waveform)
    power = np.abs(stft.stft(waveform, p0=0, p1=len(found)) / (hann.sum() / 2)) ** 2
    expected = 10 * np.log10(transformer.filters_ @ power + 1e-10).T
    np.testing.assert_allclose(found, expected, atol=1e-2)


@pytest.mark.parametrize("hertz", [200, 700, 1500, 3000])
def test_a_tone_is_loudest_in_the_band_of_its_mel(hertz):
    mel = 2595 * np.log10(1 + hertz / 700)
    top = 2595 * np.log10(1 + 4000 / 700)
    band = round(mel / top * 21) - 1  # 20 triangles stand on 21 steps
    assert abs(one(tone(hertz), n_mels=20)[10].argmax() - band) <= 1


def test_twice_the_amplitude_is_six_decibels_more():
    loud, soft = one(tone(500)), one(tone(500) / 2)
    band = loud[10].argmax()
    np.testing.assert_allclose(loud[10, band] - soft[10, band], 20 * np.log10(2), atol=1e-3)


def test_filters_cover_all_frequencies_and_none_is_empty():
    for n_mels in (1, 10, 128, 300):
        filters = LogMelSpectrogram(rate=8000, n_mels=n_mels, window=0.01).fit().filters_
        assert filters.shape[0] == n_mels
        assert (filters.max(axis=1) > 0).all()
        assert filters.max() <= 1


@pytest.mark.parametrize("rate", [4000, 11025, 44100])
def test_resampling_keeps_a_tone_in_its_band(rate):
    transformer = LogMelSpectrogram(rate=8000, n_mels=20).fit()
    expected = transformer.spectrogram(tone(440))[10]
    found = transformer.spectrogram(tone(440, rate=rate), rate)[10]
    assert found.argmax() == expected.argmax()
    np.testing.assert_allclose(found.max(), expected.max(), atol=0.5)


def test_source_rate_is_that_of_waveforms_that_do_not_say_it():
    waveform = tone(440, rate=16000)
    stated = LogMelSpectrogram(rate=8000).fit_transform([(waveform, 16000)])
    found = LogMelSpectrogram(rate=8000, source_rate=16000).fit_transform(object_array([waveform]))
    np.testing.assert_array_equal(found[0], stated[0])


def test_the_number_of_frames_follows_hop_and_duration():
    assert one(np.zeros(8000), hop=0.01).shape == (101, 40)
    assert one(np.zeros(8000), hop=0.02).shape == (51, 40)
    assert one(np.zeros(8000), hop=0.02, max_duration=0.5).shape == (26, 40)


@pytest.mark.parametrize(("crop", "part"), [("start", 0), ("center", 1), ("end", 2)])
def test_a_long_sound_keeps_the_part_that_is_asked_for(crop, part):
    parts = [tone(hertz, seconds=0.2) for hertz in (300, 1000, 3000)]
    found = one(np.concatenate(parts), crop=crop, max_duration=0.2)
    np.testing.assert_array_equal(found, one(parts[part]))


def test_window_sets_how_finely_tones_are_told_apart():
    coarse, fine = (one(tone(1000), window=window)[10] for window in (0.008, 0.128))
    assert (fine > fine.max() - 20).sum() < (coarse > coarse.max() - 20).sum()


@pytest.mark.parametrize("samples", [np.zeros(800), np.zeros(1), np.ones(1), np.zeros(800, int)])
def test_silence_and_a_single_sample_are_finite(samples):
    assert np.isfinite(one(samples)).all()


def test_a_waveform_without_samples_has_no_frames():
    assert one(np.zeros(0)).shape == (0, 40)
    assert one(np.zeros((0, 2))).shape == (0, 40)


def test_integers_and_stereo_are_the_same_sound():
    expected = one(tone(500) / 2)
    integers = np.round(tone(500) / 2 * 32768).astype(int)
    for same in (integers, integers.astype(np.int16), np.stack([tone(500), 0 * tone(500)], axis=1)):
        band = expected[10].argmax()
        np.testing.assert_allclose(one(same)[10, band], expected[10, band], atol=1e-2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.array([0.0, np.nan]), "holds NaN or infinity"),
        (np.array(["a"]), "expected samples of sound"),
        (np.zeros((2, 800)), r"expected a waveform .*got \(2, 800\)"),
    ],
)
def test_what_is_no_waveform_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        one(wrong)


@pytest.mark.parametrize("name", ["rate", "n_mels", "window", "hop", "max_duration"])
def test_wrong_parameters_are_named(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of LogMelSpectrogram"):
        LogMelSpectrogram(**{name: 0}).fit()
