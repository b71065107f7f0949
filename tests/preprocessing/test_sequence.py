"""SequenceScaler brings series of any length to one array, by statistics of their own."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_crossmodal.data import object_array
from sklearn_crossmodal.preprocessing import SequenceScaler

NAN = np.nan


def ragged(rng, n=20, d=2):
    return object_array([rng.normal(3, 2, size=(length, d)) for length in rng.integers(1, 9, n)])


def plain(**params):
    return SequenceScaler(scaling=None, **params)


def test_a_short_series_ends_in_nan():
    found = plain().fit_transform([np.arange(3.0), np.arange(1.0)])
    np.testing.assert_array_equal(found[..., 0], [[0, 1, 2], [0, NAN, NAN]])


@pytest.mark.parametrize(
    ("crop", "kept"), [("start", [0, 1, 2]), ("center", [1, 2, 3]), ("end", [2, 3, 4])]
)
def test_a_long_series_keeps_the_part_that_is_asked_for(crop, kept):
    scaler = plain(max_length=3, crop=crop).fit([np.arange(5.0)])
    assert scaler.length_ == 3
    np.testing.assert_array_equal(scaler.transform([np.arange(5.0)])[0, :, 0], kept)


def test_what_is_longer_than_the_longest_in_fit_is_cut():
    scaler = plain().fit([np.arange(2.0)])
    with pytest.warns(UserWarning, match="longer than the longest in fit"):
        np.testing.assert_array_equal(scaler.transform([np.arange(5.0)])[0, :, 0], [3, 4])


def test_what_is_cut_off_is_not_learned_from():
    cut = SequenceScaler(max_length=2).fit([np.array([1e6, 1.0, 3.0])])
    assert cut.center_ == 2
    assert cut.scale_ == 1


def test_a_gap_gets_the_last_observation_of_its_own_series_or_the_median():
    series = [np.array([5.0, NAN, NAN, 7.0]), np.array([NAN, 6.0, NAN])]
    found = plain().fit_transform(series)
    np.testing.assert_array_equal(found[0, :, 0], [5, 5, 5, 7])
    np.testing.assert_array_equal(found[1, :, 0], [6, 6, 6, NAN])  # 6 is the median of 5, 6, 7
    np.testing.assert_array_equal(found[0, :, 1], [0, 1, 1, 0])
    np.testing.assert_array_equal(found[1, :, 1], [1, 0, 1, NAN])


def test_only_variables_with_gaps_in_fit_have_a_companion():
    gap = np.array([[1.0, NAN], [2.0, 3.0]])
    assert plain().fit([gap]).transform([gap]).shape == (1, 2, 3)
    whole = plain().fit([np.ones((2, 2))])
    found = whole.transform([gap])
    assert found.shape == (1, 2, 2)
    assert found[0, 0, 1] == 1  # the median


def test_standard_scaling_is_over_all_steps(rng):
    series = ragged(rng)
    steps = np.concatenate(list(series))
    found = SequenceScaler().fit_transform(series)
    there = ~np.isnan(found[..., 0])
    np.testing.assert_allclose(found[there], (steps - steps.mean(0)) / steps.std(0))


def test_robust_scaling_is_by_quartiles_with_a_smooth_clip(rng):
    steps = rng.normal(size=101)
    lower, median, upper = np.sort(steps)[[25, 50, 75]]
    z = (steps - median) / (upper - lower)
    found = SequenceScaler(scaling="robust").fit_transform([steps])[0, :, 0]
    np.testing.assert_allclose(found, z / np.sqrt(1 + (z / 3) ** 2))


def test_a_constant_variable_becomes_zeros():
    scaler = SequenceScaler().fit([np.full(4, 0.1), np.full(2, 0.1)])
    assert not scaler.transform([np.array([0.1, 5.0])])[0, :2].any()


@pytest.mark.parametrize("scaling", ["standard", "robust", None])
def test_the_way_back_is_exact(rng, scaling):
    series = ragged(rng)
    scaler = SequenceScaler(scaling=scaling).fit(series)
    back = scaler.inverse_transform(scaler.transform(series))
    for found, expected in zip(back, series, strict=True):
        np.testing.assert_allclose(found[: len(expected)], expected, rtol=1e-6)
        assert np.isnan(found[len(expected) :]).all()


@pytest.mark.parametrize("scaling", ["standard", "robust", None])
def test_weights_are_repeated_series(rng, scaling):
    series = ragged(rng)
    series[3][0, 1] = NAN
    weight = rng.integers(0, 4, size=len(series))
    weight[3] = 2
    weighted = SequenceScaler(scaling=scaling).fit(series, sample_weight=weight)
    repeated = SequenceScaler(scaling=scaling).fit(np.repeat(series, weight))
    np.testing.assert_allclose(weighted.transform(series), repeated.transform(series), atol=1e-9)


def test_arrays_lists_and_ragged_columns_agree(rng):
    series = ragged(rng, d=1)
    length = max(map(len, series))
    padded = np.full((len(series), length, 1), NAN)
    for row, one in zip(padded, series, strict=True):
        row[: len(one)] = one
    expected = SequenceScaler().fit_transform(series)
    for same in (padded, padded[..., 0], [one[:, 0].tolist() for one in series]):
        np.testing.assert_allclose(SequenceScaler().fit_transform(same), expected)


def test_single_precision_stays_single(rng):
    series = object_array([one.astype(np.float32) for one in ragged(rng)])
    assert SequenceScaler().fit_transform(series).dtype == np.float32


def test_series_without_steps_are_all_padding():
    found = plain().fit([np.arange(3.0)]).transform(object_array([None, np.zeros(0), np.ones(1)]))
    assert np.isnan(found[:2]).all()
    assert found[2, 0, 0] == 1


def test_fit_on_nothing_but_empty_series_works():
    assert SequenceScaler().fit_transform(object_array([np.zeros(0), None])).shape == (2, 1, 1)


def test_input_is_not_changed_and_may_be_read_only(rng):
    array = rng.normal(size=(3, 4, 2))
    array[0, 1] = NAN
    array.flags.writeable = False
    SequenceScaler().fit(array).transform(array)


def test_it_works_in_a_pipeline(rng):
    series = ragged(rng)
    flat = FunctionTransformer(lambda values: np.nan_to_num(values).reshape(len(values), -1))
    pipeline = clone(make_pipeline(SequenceScaler(max_length=4), flat))
    assert pipeline.fit_transform(series).shape == (20, 8)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([np.ones((2, 2)), np.ones((2, 3))], "series 1 has 3 variables a step, expected 2"),
        ([np.array([1.0, np.inf])], "series hold infinity"),
        ([np.ones((2, 2, 2))], r"series 0 has shape \(2, 2, 2\)"),
        ([["a", "b"], ["c"]], "series 0 is not an array of numbers"),
        (np.ones(3), r"expected series of shape .*got float64 of shape \(3,\)"),
    ],
)
def test_what_is_no_series_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        SequenceScaler().fit(wrong)


@pytest.mark.parametrize("params", [{"max_length": 0}, {"crop": "middle"}, {"scaling": "unit"}])
def test_wrong_parameters_are_named(params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter of SequenceScaler"):
        SequenceScaler(**params).fit([np.ones(3)])
