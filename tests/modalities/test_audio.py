"""Audio turns sounds of any form into spectrograms of one size; what cannot be read is absent."""

import io
import warnings

import numpy as np
import pytest
from scipy.io import wavfile

from sklearn_crossmodal import Audio, FusionClassifier, MultiModalFrame, Numeric
from sklearn_crossmodal.data import object_array
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn.encoders import CNNEncoder
from sklearn_crossmodal.preprocessing import LogMelSpectrogram


def tone(hertz=440, seconds=0.3, rate=8000):
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate) / 2


def wav(waveform, rate=8000):
    file = io.BytesIO()
    wavfile.write(file, rate, np.round(waveform * 32767).astype(np.int16))
    return file.getvalue()


def audio(**params):
    return Audio(**{"rate": 8000, "n_mels": 20, **params})


SOUNDS = object_array([tone(300), tone(1000, 0.5), tone(2000, 0.1)])


def values(sounds, **params):
    return audio(**params).fit(sounds).transform(sounds).values


# Forms --------------------------------------------------------------------------------------------


def test_all_forms_of_the_same_sounds_agree(tmp_path):
    expected = values(SOUNDS)
    for number, sound in enumerate(SOUNDS):
        (tmp_path / f"{number}.wav").write_bytes(wav(sound))
    pairs = object_array([(sound, 8000) for sound in SOUNDS])
    bytes_ = object_array([wav(sound) for sound in SOUNDS])
    paths = object_array([str(tmp_path / f"{number}.wav") for number in range(3)])
    np.testing.assert_allclose(values(pairs), expected)
    np.testing.assert_allclose(values(list(SOUNDS)), expected)
    for files in (bytes_, paths):
        np.testing.assert_allclose(values(files), values(bytes_))
    integers = [np.round(sound * 32767).astype(np.int16) for sound in SOUNDS]
    np.testing.assert_allclose(values(bytes_), values(object_array(integers)), atol=1e-5)


def test_an_array_has_one_waveform_a_row_and_channels_last():
    waveforms = np.stack([tone(300), tone(1000)])
    expected = values(object_array(list(waveforms)))
    np.testing.assert_allclose(values(waveforms), expected)
    stereo = np.stack([waveforms, waveforms], axis=2)
    np.testing.assert_allclose(values(stereo), expected, atol=1e-4)


def test_bands_have_mean_0_and_deviation_1_over_the_frames_that_are_there():
    frames = np.concatenate(list(LogMelSpectrogram(rate=8000, n_mels=20).fit_transform(SOUNDS)))
    block = audio(layout="steps").fit(SOUNDS).transform(SOUNDS)
    there = block.values[block.mask]
    np.testing.assert_allclose(there, (frames - frames.mean(0)) / frames.std(0), atol=1e-4)


def test_the_grid_is_the_steps_turned_and_zero_behind_the_end():
    grid, steps = audio().fit(SOUNDS), audio(layout="steps").fit(SOUNDS)
    block = steps.transform(SOUNDS)
    assert (grid.kind, steps.kind, grid.masked, steps.masked) == ("grid", "sequence", False, True)
    assert grid.spec_.shape == (1, *steps.spec_.shape[::-1])
    np.testing.assert_array_equal(grid.transform(SOUNDS).values[:, 0], block.values.swapaxes(1, 2))
    assert block.mask.sum(axis=1).tolist() == [19, 32, 7]
    assert not block.values[~block.mask].any()


@pytest.mark.parametrize("layout", ["grid", "steps"])
def test_the_way_back_gives_decibels(layout):
    fitted = audio(layout=layout).fit(SOUNDS)
    back = fitted.inverse_transform(fitted.transform(SOUNDS).values)
    back = back if layout == "steps" else back.swapaxes(1, 2)
    spectrograms = LogMelSpectrogram(rate=8000, n_mels=20).fit_transform(SOUNDS)
    for found, expected in zip(back, spectrograms, strict=True):
        np.testing.assert_allclose(found[: len(expected)], expected, atol=1e-3)


# Parameters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "shape"),
    [
        ({}, (1, 20, 32)),
        ({"rate": 4000}, (1, 20, 63)),
        ({"source_rate": 4000}, (1, 20, 63)),
        ({"max_duration": 0.2}, (1, 20, 13)),
        ({"n_mels": 7}, (1, 7, 32)),
        ({"hop": 0.01}, (1, 20, 51)),
        ({"layout": "steps"}, (32, 20)),
    ],
)
def test_parameters_set_the_shape(params, shape):
    assert audio(**params).fit(SOUNDS).spec_.shape == shape


@pytest.mark.parametrize("params", [{"window": 0.064}, {"scaling": None}])
def test_parameters_change_the_values(params):
    assert not np.allclose(values(SOUNDS, **params), values(SOUNDS))


def test_crop_keeps_the_part_that_is_asked_for():
    both = object_array([np.concatenate([tone(300), tone(2000)])])
    for crop, kept in [("start", tone(300)), ("end", tone(2000))]:
        expected = values(object_array([kept]), scaling=None)
        np.testing.assert_allclose(
            values(both, crop=crop, max_duration=0.3, scaling=None), expected, atol=1e-4
        )


def test_an_encoder_class_or_one_that_knows_no_scale_decides_nothing():
    class Pretrained(CNNEncoder):
        @property
        def rate(self):
            return None

        @property
        def normalization(self):
            return {"mean": None, "std": None, "size": (8, 8)}

    expected = audio().fit(SOUNDS).transform(SOUNDS).values
    for encoder in (Pretrained, Pretrained()):
        found = audio(encoder=encoder).fit(SOUNDS).transform(SOUNDS).values
        np.testing.assert_array_equal(found, expected)


def test_an_encoder_may_bring_rate_and_normalization():
    class Pretrained(CNNEncoder):
        rate = 4000
        normalization = {"mean": -50.0, "std": 10.0}

    found = audio(encoder=Pretrained()).fit(SOUNDS)
    assert found.spectrogram_.rate == 4000
    plain = audio(rate=4000, source_rate=8000, scaling=None).fit(SOUNDS)
    own = Audio(rate=8000, n_mels=20, source_rate=8000, encoder=Pretrained()).fit(SOUNDS)
    expected = (plain.transform(SOUNDS[:1]).values[..., :19] + 50) / 10
    np.testing.assert_allclose(own.transform(SOUNDS[:1]).values[..., :19], expected, atol=1e-4)


@pytest.mark.parametrize("name", ["scaling", "layout", "on_error", "crop", "rate"])
def test_wrong_parameters_are_named(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of"):
        Audio(**{name: "wrong"}).fit(SOUNDS)


# What cannot be read ------------------------------------------------------------------------------


def test_files_that_cannot_be_read_are_absent_with_one_warning(tmp_path):
    good = tmp_path / "good.wav"
    good.write_bytes(wav(tone()))
    (tmp_path / "bad.wav").write_bytes(b"RIFFbad")
    names = [good, tmp_path / "bad.wav", tmp_path / "gone.wav", good, None]
    with pytest.warns(
        UserWarning, match=r"2 of 5 sounds cannot be read, .*bad.wav.*gone.wav"
    ) as all_:
        fitted, block = audio().fit_transform(object_array(names))
    assert len(all_) == 1
    assert block.present.tolist() == [True, False, False, True, False]
    assert not block.values[~block.present].any()
    alone = audio().fit(object_array([good, good])).transform(object_array([good])).values
    np.testing.assert_array_equal(block.values[:1], alone)
    assert fitted.spec_.shape[-1] == alone.shape[-1]


def test_on_error_raise_names_the_files():
    with pytest.raises(ModalityError, match=r"1 of 2 sounds cannot be read, first bytes of row 1"):
        audio(on_error="raise").fit(object_array([wav(tone()), b"nothing"]))


def test_no_readable_sound_is_an_error():
    with (
        pytest.warns(UserWarning, match="1 of 1"),
        pytest.raises(ModalityError, match="none of the 1 sounds"),
    ):
        audio().fit(object_array([b"nothing"]))


def test_a_wrong_waveform_in_memory_is_an_error():
    with pytest.raises(ValueError, match="holds NaN or infinity"):
        audio().fit(object_array([np.array([0.0, np.nan])]))


def test_silence_and_one_sample_are_finite_and_no_sample_is_absent_with_a_warning():
    sounds = object_array([np.zeros(800), np.ones(1), np.zeros(0), tone()])
    with pytest.warns(UserWarning, match=r"1 of 4 sounds .* row 2 \(it has no samples\)"):
        block = audio().fit_transform(sounds)[1]
    assert np.isfinite(block.values).all()
    assert block.present.tolist() == [True, True, False, True]


def test_an_unknown_chunk_in_a_wav_file_is_no_warning():
    content = wav(tone())
    odd = content + b"odd " + (4).to_bytes(4, "little") + b"data"
    odd = odd[:4] + (len(odd) - 8).to_bytes(4, "little") + odd[8:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(values(object_array([odd])), values(object_array([content])))


# Inference and estimators -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["a.wav", "b.FLAC", None], True),
        (["a.wav", "b.png"], False),
        ([b"RIFF1234WAVE", b"fLaC"], True),
        ([b"RIFF1234WEBP"], False),
        ([(np.zeros(3), 8000)], True),
        ([np.zeros(3), np.zeros(4)], False),
        ([None], False),
        (["http://a/b.wav"], False),
    ],
)
def test_files_and_pairs_are_taken_for_sound(column, expected):
    assert Audio.accepts(object_array(column)) is expected


@pytest.mark.parametrize(
    ("layout", "encoder"), [("grid", "cnn"), ("steps", "gru"), ("steps", "conv")]
)
def test_a_classifier_hears_high_from_low(rng, layout, encoder):
    y = np.arange(60) % 2
    hertz = np.where(y, 2000, 400) * rng.uniform(0.8, 1.2, 60)
    sounds = object_array(
        [tone(h, s) for h, s in zip(hertz, rng.uniform(0.05, 0.2, 60), strict=True)]
    )
    X = MultiModalFrame({"sound": sounds})
    model = audio(layout=layout, encoder=encoder)
    clf = FusionClassifier([("sound", model, "sound")], max_epochs=10, random_state=0)
    assert clf.fit(X[:40], y[:40]).score(X[40:], y[40:]) > 0.9


def test_a_file_that_cannot_be_read_leaves_the_other_modality(rng):
    y = np.arange(40) % 2
    files = object_array([wav(tone(2000 if one else 400, 0.1)) for one in y])
    files[3] = b"broken"
    X = MultiModalFrame({"sound": files, "number": rng.normal(size=40)})
    modalities = [("sound", audio(), "sound"), ("number", Numeric(), "number")]
    clf = FusionClassifier(modalities, max_epochs=1)
    with pytest.warns(UserWarning, match="1 of 40 sounds"):
        clf.fit(X, y)
    with pytest.warns(UserWarning, match="1 of 40 sounds"):
        assert clf.predict(X).shape == (40,)
