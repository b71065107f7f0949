"""The same sounds give the same features in any type; what is far off is warned of once."""

import io
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

from sklearn_crossmodal import FusionClassifier, MultiModalFrame
from sklearn_crossmodal.modalities import Audio
from sklearn_crossmodal.preprocessing import LogMelSpectrogram

N = 24
Y = np.arange(N) % 2
TIME = np.arange(1600) / 8000
RNG = np.random.default_rng(0)
TONES = np.array([np.sin(2 * np.pi * (300 + 500 * y) * TIME + i) for i, y in enumerate(Y)])
SHARES = (0.5 + 0.4 * RNG.random((N, 1))) * TONES + RNG.normal(scale=0.01, size=TONES.shape)
SIXTEEN = np.rint(SHARES * 30_000).astype(np.int16)
EIGHT = np.rint(SHARES * 120).astype(np.int8)
UNSIGNED = np.rint(SHARES * 120 + 128).clip(0, 255).astype(np.uint8)
#: Types that hold numbers of 16 bits, and what equals them in shares of full scale.
WIDE = ["int16", "int32", "int64", "float32", "float64"]


def features(scaler, sounds):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.stack(list(scaler.transform(sounds)))


@pytest.mark.slow
@given(
    numbers=st.sampled_from(["sixteen", "eight", "unsigned"]),
    fitted=st.sampled_from(WIDE),
    given_=st.sampled_from(WIDE),
    row=st.integers(0, N - 1),
)
@settings(max_examples=60, deadline=None)
def test_the_same_numbers_are_the_same_features_in_every_type(numbers, fitted, given_, row):
    sounds = {"sixteen": SIXTEEN, "eight": EIGHT, "unsigned": UNSIGNED}[numbers]
    fitted = sounds.dtype if numbers != "sixteen" else np.dtype(fitted)
    scaler = LogMelSpectrogram(rate=8000).fit(sounds.astype(fitted))
    expected = features(scaler, sounds.astype(fitted))
    np.testing.assert_allclose(features(scaler, sounds.astype(given_)), expected, atol=1e-2)
    one = sounds[row : row + 1].astype(given_)
    np.testing.assert_allclose(features(scaler, one), expected[row : row + 1], atol=1e-2)


@pytest.mark.parametrize("fitted", [SIXTEEN, SIXTEEN.astype(np.int32), SIXTEEN.astype(float)])
def test_shares_of_full_scale_are_the_same_sound(fitted):
    scaler = LogMelSpectrogram(rate=8000).fit(fitted)
    shares = SIXTEEN / 32768
    np.testing.assert_allclose(features(scaler, shares), features(scaler, SIXTEEN), atol=1e-2)


@pytest.mark.parametrize("sounds", [SIXTEEN, SIXTEEN.astype(int), SIXTEEN.astype(np.int32) * 65536])
def test_integers_after_shares_have_full_scale_of_their_type(sounds):
    scaler = LogMelSpectrogram(rate=8000).fit(SHARES)
    expected = features(scaler, SIXTEEN / 32768)
    np.testing.assert_allclose(features(scaler, sounds), expected, atol=1e-2)
    scaler = LogMelSpectrogram(rate=8000).fit(SIXTEEN)
    np.testing.assert_allclose(features(scaler, sounds), expected, atol=1e-2)


def test_narrow_integers_after_wide_ones_have_their_own_full_scale():
    scaler = LogMelSpectrogram(rate=8000).fit(SIXTEEN)
    for narrow, shares in ((EIGHT, EIGHT / 128), (UNSIGNED, UNSIGNED / 128 - 1)):
        np.testing.assert_allclose(features(scaler, narrow), features(scaler, shares), atol=1e-2)


def test_quiet_sounds_and_silence_are_clean():
    scaler = LogMelSpectrogram(rate=8000).fit(SIXTEEN)
    quiet = (SIXTEEN // 4000).astype(np.int16)
    for dtype in WIDE:
        np.testing.assert_allclose(
            features(scaler, quiet.astype(dtype)), features(scaler, quiet), atol=1e-2
        )
        assert (features(scaler, np.zeros((2, 800), dtype)) < -90).all()


@pytest.mark.parametrize("factor", [100.0, 32768.0, 2.0**31])
def test_sounds_far_louder_than_in_fit_are_warned_of_once_with_the_factor(factor):
    scaler = LogMelSpectrogram(rate=8000).fit(SHARES)
    with pytest.warns(UserWarning, match=r"sounds hold samples .* times as large.*`fit`") as caught:
        found = np.stack(list(scaler.transform(SHARES * factor)))
    assert len(caught) == 1
    assert f"{factor:.3g} times" in str(caught[0].message)
    if factor != 100:
        np.testing.assert_allclose(found, features(scaler, SHARES), atol=1e-2)
    assert (features(scaler, SHARES * 3) > features(scaler, SHARES)).all()  # this is clean


def test_files_tell_full_scale_by_their_type_however_quiet():
    audio = Audio(rate=8000)
    files = np.empty(N, dtype=object)
    for row, samples in enumerate(SIXTEEN):
        file = io.BytesIO()
        wavfile.write(file, 8000, samples.astype(np.int32) * 65536 // 1000)
        files[row] = file.getvalue()
    audio.fit([(one, 8000) for one in SIXTEEN])
    expected = audio.transform(SIXTEEN / 1000 / 32768).values
    np.testing.assert_allclose(audio.transform(files).values, expected, atol=0.02)


@pytest.mark.parametrize("fitted", ["int16", "pairs", "lists"])
def test_sounds_in_every_container_give_the_same_predictions(fitted):
    cells = np.empty(N, dtype=object)
    cells[:] = list(SIXTEEN.astype(np.float32))
    pairs, swapped, files = (np.empty(N, dtype=object) for _ in range(3))
    pairs[:] = [(one, 8000) for one in SIXTEEN]
    swapped[:] = [(8000, one.astype(int)) for one in SIXTEEN]
    for row, samples in enumerate(SIXTEEN):
        file = io.BytesIO()
        wavfile.write(file, 8000, samples)
        files[row] = file.getvalue()
    every = {
        "int16": SIXTEEN,
        "int64": SIXTEEN.astype(int),
        "float32": SIXTEEN.astype(np.float32),
        "shares": SIXTEEN / 32768,
        "lists": SIXTEEN.tolist(),
        "tensor": torch.from_numpy(SIXTEEN),
        "cells": cells,
        "pairs": pairs,
        "rate first": swapped,
        "files": files,
    }
    clf = FusionClassifier([("s", Audio(rate=8000), "s")], max_epochs=5, random_state=0)
    clf.fit(MultiModalFrame({"s": every[fitted]}), Y)
    expected = clf.predict_proba(MultiModalFrame({"s": SIXTEEN}))
    assert (expected.argmax(axis=1) == Y).mean() > 0.9
    for name, sounds in every.items():
        for rows in (slice(None), slice(0, 1)):
            found = clf.predict_proba(MultiModalFrame({"s": sounds[rows]}))
            np.testing.assert_allclose(found, expected[rows], atol=1e-3, err_msg=name)


def test_one_warning_a_call_names_estimator_and_modality():
    clf = FusionClassifier([("s", Audio(rate=8000), "s")], max_epochs=2, random_state=0)
    clf.fit(MultiModalFrame({"s": SHARES}), Y)
    with pytest.warns(UserWarning, match="FusionClassifier: modality 's': sounds hold") as caught:
        clf.predict(MultiModalFrame({"s": SHARES * 32768}))
    assert len(caught) == 1


@pytest.mark.parametrize("kind", ["pairs", "files"])
def test_sounds_without_a_rate_after_sounds_with_another_are_warned_of(kind):
    sounds = np.empty(N, dtype=object)
    sounds[:] = [(one, 8000) for one in SIXTEEN]
    if kind == "files":
        for row, samples in enumerate(SIXTEEN):
            file = io.BytesIO()
            wavfile.write(file, 8000, samples)
            sounds[row] = file.getvalue()
    audio = Audio().fit(sounds)
    with pytest.warns(
        UserWarning, match=r"24 sounds have no sampling rate .* 16000 Hz, .* \[8000\] Hz: pass"
    ):
        audio.transform(SIXTEEN)
    for clean in (Audio(rate=8000), Audio(source_rate=8000)):
        clean.fit(sounds).transform(SIXTEEN)
    other = [(one, 4000) for one in SIXTEEN[:, ::2]]
    assert np.isfinite(audio.transform(other).values).all()
