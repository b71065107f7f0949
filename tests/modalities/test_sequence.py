"""Sequence makes masked steps of series, and networks read and write them."""

import numpy as np
import pytest

from sklearn_crossmodal import (
    CrossModalRegressor,
    FusionClassifier,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Sequence,
    infer_modalities,
)
from sklearn_crossmodal.data import object_array


def ramps(rng, n=60):
    """Return series that rise or fall by a slope, of unequal length, and the slopes."""
    slopes = rng.uniform(-1, 1, n)
    lengths = rng.integers(4, 10, n)
    series = [
        np.column_stack([slope * np.arange(t), np.full(t, slope)])
        for slope, t in zip(slopes, lengths, strict=True)
    ]
    return object_array(series), slopes


# Blocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["standard", "robust", None])
def test_series_come_back_with_the_mask(rng, scaling):
    series, _ = ramps(rng)
    sequence, block = Sequence(scaling=scaling).fit_transform(series)
    back = sequence.inverse_transform(block.values, block.mask)
    for found, expected in zip(back, series, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_without_the_mask_series_are_as_long_as_the_longest(rng):
    series, _ = ramps(rng)
    sequence, block = Sequence().fit_transform(series)
    back = sequence.inverse_transform(block.values)
    assert {one.shape for one in back} == {(9, 2)}


def test_series_of_one_variable_come_back_as_such():
    series = object_array([np.arange(3.0), np.arange(2.0)])
    sequence, block = Sequence().fit_transform(series)
    back = sequence.inverse_transform(block.values, block.mask)
    assert [one.tolist() for one in back] == [[0, 1, 2], [0, 1]]


def test_the_form_of_a_row_of_weight_zero_is_not_that_of_the_series():
    series = object_array([np.arange(3.0), np.ones((2, 1))])
    sequence = Sequence().fit(series, sample_weight=np.array([1.0, 0.0]))
    assert sequence.inverse_transform(np.zeros((1, 3, 1)))[0].shape == (3,)


def test_an_array_comes_back_as_an_array(rng):
    array = rng.normal(size=(5, 4, 2))
    array[1, 2:] = np.nan
    sequence, block = Sequence().fit_transform(array)
    assert block.mask.sum(axis=1).tolist() == [4, 2, 4, 4, 4]
    np.testing.assert_allclose(sequence.inverse_transform(block.values, block.mask), array)


def test_a_missing_cell_is_a_series_without_steps():
    block = Sequence().fit([np.ones(3)]).transform(object_array([None, np.ones(2)]))
    assert block.mask.sum(axis=1).tolist() == [0, 2]
    assert block.present.all()


@pytest.mark.parametrize(
    ("params", "first"), [({"crop": "start"}, 0), ({"crop": "end"}, 2), ({"crop": "center"}, 1)]
)
def test_crop_and_max_length_cut(params, first):
    series = [np.arange(5.0)]
    block = Sequence(max_length=3, scaling=None, **params).fit(series).transform(series)
    assert block.values[0, :, 0].tolist() == [first, first + 1, first + 2]


@pytest.mark.parametrize("name", ["max_length", "crop", "scaling"])
def test_wrong_parameters_are_named(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of"):
        Sequence(**{name: "wrong"}).fit([np.ones(3)])


# Inference ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([np.ones((3, 2)), np.ones((4, 2))], "Sequence"),
        ([np.ones(3), np.ones(4), None], "Sequence"),
        ([[1, 2, 3], [4.5]], "Sequence"),
        ([np.ones((3, 2)), np.ones((3, 2))], "Image"),
        ([np.ones((3, 2)), np.ones((4, 3))], "Image"),
        ([np.ones((3, 2), np.uint8), np.ones((4, 2), np.uint8)], "Image"),
        ([np.ones(3), np.ones(3)], "Numeric"),
    ],
)
def test_series_are_told_by_unequal_lengths(cells, expected):
    ((_, found, _),) = infer_modalities(MultiModalFrame({"x": object_array(cells)}))
    assert type(found).__name__ == expected


# Estimators ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["gru", "lstm", "attention", "conv"])
def test_every_encoder_of_steps_tells_rising_from_falling(rng, encoder):
    series, slopes = ramps(rng, 120)
    X, y = MultiModalFrame({"x": series}), slopes > 0
    clf = FusionClassifier([("x", Sequence(encoder=encoder), "x")], max_epochs=15, random_state=0)
    assert clf.fit(X[:80], y[:80]).score(X[80:], y[80:]) > 0.9


@pytest.mark.slow
def test_an_autoencoder_reconstructs_series(rng):
    series, slopes = ramps(rng)
    X = MultiModalFrame({"x": series, "slope": slopes})
    model = MultiModalAutoencoder(
        [("x", Sequence(), "x"), ("slope", Numeric(), "slope")],
        n_components=4,
        max_epochs=30,
        learning_rate=0.005,
        random_state=0,
    ).fit(X)
    back = model.reconstruct(X)["x"]
    errors = [np.abs(one[: len(own)] - own).mean() for one, own in zip(back, series, strict=True)]
    assert np.mean(errors) < 0.5 * np.mean([np.abs(own - own.mean(0)).mean() for own in series])


def test_a_regressor_predicts_series(rng):
    series, slopes = ramps(rng, 120)
    X = slopes[:, np.newaxis]
    model = CrossModalRegressor(target="sequence", max_epochs=60, random_state=0)
    model.fit(X[:80], series[:80])
    assert model.predict(X).shape == (120,)
    assert model.predict(X)[0].shape == (9, 2)
    assert model.score(X[80:], series[80:]) > 0.8
    # The score is R² over the steps that are there, averaged over the variables.
    truth = np.concatenate(list(series[80:]))
    predicted = [
        one[: len(own)] for one, own in zip(model.predict(X[80:]), series[80:], strict=True)
    ]
    residual = ((truth - np.concatenate(predicted)) ** 2).sum(axis=0)
    expected = np.mean(1 - residual / ((truth - truth.mean(axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(model.score(X[80:], series[80:]), expected)
    weight = np.r_[np.ones(20), np.zeros(20)]
    np.testing.assert_allclose(
        model.score(X[80:], series[80:], weight), model.score(X[80:100], series[80:100])
    )
