"""NumericScaler scales columns of numbers, dense or sparse, and leaves out what does not vary."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from sklearn.preprocessing import MaxAbsScaler, QuantileTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_crossmodal.preprocessing import NumericScaler

SCALINGS = ["robust", "standard", "quantile", "mean", None]


@parametrize_with_checks([NumericScaler(scaling=scaling) for scaling in SCALINGS])
def test_scikit_learn_check(estimator, check):
    check(estimator)


def bits(rng, shape=(60, 5), density=0.3):
    """Return a random sparse matrix, half of its numbers negative."""
    return sparse.random_array(
        shape,
        density=density,
        format="csr",
        rng=rng,
        data_sampler=lambda size: rng.normal(size=size),
    )


# Quantile scaling -------------------------------------------------------------------------------


def test_quantile_scaling_is_the_normal_score_of_the_middle_of_the_ranks():
    numbers = np.array([[3.0], [1.0], [1.0], [7.0]])
    levels = [(2 + 0.5) / 4, (0 + 1) / 4, (0 + 1) / 4, (3 + 0.5) / 4]
    scaled = NumericScaler(scaling="quantile").fit_transform(numbers)
    np.testing.assert_allclose(scaled[:, 0], stats.norm.ppf(levels))


def test_quantile_scaling_is_linear_in_the_level_between_values_and_flat_beyond():
    scaler = NumericScaler(scaling="quantile").fit([[0.0], [1.0], [3.0], [4.0]])
    scaled = scaler.transform([[2.0], [1.5], [-9.0], [99.0]])[:, 0]
    np.testing.assert_allclose(stats.norm.cdf(scaled), [0.5, 0.4375, 0.125, 0.875])


def test_quantile_scaling_of_many_rows_is_that_of_scikit_learn(rng):
    numbers = rng.exponential(size=(20_000, 1))
    ours = NumericScaler(scaling="quantile").fit_transform(numbers)
    theirs = QuantileTransformer(
        output_distribution="normal", n_quantiles=1000, subsample=None
    ).fit_transform(numbers)
    inner = np.abs(theirs) < 2
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=0.02)


@pytest.mark.parametrize("n_rows", [50, 5000])  # below and above the number of knots
def test_a_heavy_value_gets_the_middle_of_its_levels(rng, n_rows):
    numbers = rng.exponential(size=(n_rows, 1))
    numbers[: n_rows // 2] = 0
    scaled = NumericScaler(scaling="quantile").fit_transform(numbers)
    np.testing.assert_allclose(scaled[0], stats.norm.ppf(0.25))


@pytest.mark.parametrize("n_rows", [30, 3000])
def test_quantile_scaling_and_back(rng, n_rows):
    numbers = np.column_stack([rng.lognormal(size=n_rows), rng.integers(0, 4, n_rows)])
    scaler = NumericScaler(scaling="quantile").fit(numbers)
    back = scaler.inverse_transform(scaler.transform(numbers))
    np.testing.assert_allclose(back, numbers, rtol=1e-6, atol=1e-9)
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    np.testing.assert_allclose(scaler.inverse_transform([[-50, -50], [50, 50]]), [low, high])


def test_a_weight_next_to_nothing_is_held_within_five_deviations():
    scaler = NumericScaler(scaling="quantile").fit([[0.0], [1.0]], sample_weight=[1e-12, 1])
    assert -5.3 < scaler.transform([[0.0]]).item() < -5.1


# Columns that do not vary -----------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile"])
@pytest.mark.parametrize(
    "still",
    [
        np.full(4, 7.0),
        np.array([0.1 + 0.2, 0.3, 0.3, 0.3]),
        1e9 + 1e-4 * np.arange(4.0),
        np.full(4, np.nan),
    ],
    ids=["constant", "rounding", "next to nothing", "missing"],
)
def test_a_column_that_does_not_vary_is_left_out_and_comes_back_as_its_median(scaling, still):
    numbers = np.column_stack([still, [1.0, 2, 5, 9]])
    scaler = NumericScaler(scaling=scaling).fit(pd.DataFrame(numbers, columns=["still", "moving"]))
    scaled = scaler.transform(pd.DataFrame(numbers, columns=["still", "moving"]))
    assert scaled.shape == (4, 1)
    assert scaler.get_feature_names_out().tolist() == ["moving"]
    back = scaler.inverse_transform(scaled)
    np.testing.assert_allclose(back[:, 0], np.nan_to_num(still), rtol=1e-8)
    np.testing.assert_allclose(back[:, 1], numbers[:, 1])


def test_numbers_far_from_zero_vary():
    milliseconds = (1_700_000_000_000 + 2000 * np.arange(5)).reshape(-1, 1)
    scaler = NumericScaler(scaling="standard").fit(milliseconds)
    np.testing.assert_allclose(scaler.transform(milliseconds).std(), 1)
    np.testing.assert_array_equal(
        scaler.inverse_transform(scaler.transform(milliseconds)), milliseconds
    )


def test_rounding_of_single_precision_is_no_variation():
    numbers = np.array([[1.0, 0], [1.0 + 1e-7, 1], [1.0 - 1e-7, 2]])
    assert NumericScaler().fit(numbers).kept_.tolist() == [0, 1]
    assert NumericScaler().fit(numbers.astype(np.float32)).kept_.tolist() == [1]


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile"])
def test_where_no_column_varies_all_are_kept_as_zeros(scaling):
    scaler = NumericScaler(scaling=scaling).fit([[1.0, 5.0], [1.0, 5.0]])
    assert scaler.transform([[1.0, 6.0]]).tolist() == [[0, 0]]
    assert scaler.inverse_transform([[0.0, 0.0]]).tolist() == [[1, 5]]


def test_a_column_that_varies_only_in_rows_of_weight_zero_is_left_out():
    scaler = NumericScaler().fit([[1.0, 0], [1.0, 1], [2.0, 2]], sample_weight=[1, 1, 0])
    assert scaler.kept_.tolist() == [1]


# Logarithms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", SCALINGS)
def test_log1p_scales_the_logarithms_and_undoes_them(rng, scaling):
    counts = rng.poisson(20, size=(40, 2)).astype(float)
    scaler = NumericScaler(scaling=scaling, log1p=True).fit(counts)
    expected = NumericScaler(scaling=scaling).fit_transform(np.log1p(counts))
    np.testing.assert_allclose(scaler.transform(counts), expected)
    np.testing.assert_allclose(scaler.inverse_transform(expected), counts, rtol=1e-6)


def test_the_inverse_of_log1p_is_never_negative():
    scaler = NumericScaler(scaling="standard", log1p=True).fit([[0.0], [1.0], [2.0]])
    assert scaler.inverse_transform([[-100.0]]) == 0


def test_negative_numbers_have_no_log1p_and_the_column_is_named():
    frame = pd.DataFrame({"age": [1.0, 2.0], "debt": [0.0, -0.5]})
    with pytest.raises(ValueError, match="column 'debt' holds negative numbers, but log1p=True"):
        NumericScaler(log1p=True).fit(frame)
    with pytest.raises(ValueError, match="column 'debt' holds negative"):
        NumericScaler(log1p=True).fit(frame.abs()).transform(frame)


# Missing values, weights ------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", SCALINGS)
def test_nan_is_not_learned_from_and_stays(rng, scaling):
    numbers = rng.normal(size=(20, 2))
    holes = np.vstack([numbers, [[np.nan, np.nan]]])
    scaler = NumericScaler(scaling=scaling).fit(holes)
    scaled = scaler.transform(holes)
    assert np.isnan(scaled[-1]).all()
    np.testing.assert_allclose(scaled[:-1], NumericScaler(scaling=scaling).fit_transform(numbers))


@pytest.mark.parametrize("scaling", SCALINGS)
def test_weights_are_repeated_rows(rng, scaling):
    numbers, weight = rng.normal(size=(30, 2)), rng.integers(0, 4, size=30)
    weighted = NumericScaler(scaling=scaling).fit(numbers, sample_weight=weight)
    repeated = NumericScaler(scaling=scaling).fit(np.repeat(numbers, weight, axis=0))
    np.testing.assert_allclose(weighted.transform(numbers), repeated.transform(numbers), atol=1e-9)
    np.testing.assert_allclose(weighted.quantiles_, repeated.quantiles_, atol=1e-9)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_quantiles_are_those_of_the_scaled_columns(rng, scaling):
    numbers = rng.normal(size=(65, 2))  # of 65 rows each is a quantile
    scaler = NumericScaler(scaling=scaling).fit(numbers)
    np.testing.assert_allclose(
        scaler.quantiles_[[0, 32, -1]], np.sort(scaler.transform(numbers), axis=0)[[0, 32, -1]]
    )
    assert (np.diff(scaler.quantiles_, axis=0) >= 0).all()


# Sparse -----------------------------------------------------------------------------------------


def test_sparse_columns_are_divided_and_not_moved(rng):
    X = bits(rng)
    standard = NumericScaler(scaling="standard").fit_transform(X)
    expected = StandardScaler(with_mean=False).fit_transform(X.toarray())
    np.testing.assert_allclose(standard.toarray(), expected)
    z = MaxAbsScaler().fit_transform(X.toarray())
    robust = NumericScaler().fit_transform(X)
    np.testing.assert_allclose(robust.toarray(), z / np.sqrt(1 + (z / 3) ** 2))
    np.testing.assert_array_equal(
        NumericScaler(scaling=None).fit_transform(X).toarray(), X.toarray()
    )
    for scaled in (standard, robust):
        assert sparse.issparse(scaled)
        assert scaled.format == "csr"
        assert scaled.nnz == X.nnz


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
@pytest.mark.parametrize("log1p", [False, True])
def test_a_scaler_of_sparse_columns_scales_dense_ones_alike_and_back(rng, scaling, log1p):
    X = abs(bits(rng))
    before = X.copy()
    scaler = NumericScaler(scaling=scaling, log1p=log1p).fit(X)
    scaled = scaler.transform(X)
    np.testing.assert_allclose(scaler.transform(X.toarray()), scaled.toarray())
    np.testing.assert_allclose(scaler.inverse_transform(scaled.toarray()), X.toarray(), atol=1e-9)
    assert (before != X).nnz == 0


@pytest.mark.parametrize("scaling", ["robust", "standard"])
def test_sparse_columns_that_do_not_vary_are_left_out(rng, scaling):
    X = sparse.hstack([bits(rng), sparse.csr_array((60, 2)), np.full((60, 1), 3.0)], format="csr")
    scaler = NumericScaler(scaling=scaling).fit(X)
    assert scaler.kept_.tolist() == [0, 1, 2, 3, 4]
    assert scaler.transform(X).shape == (60, 5)
    np.testing.assert_array_equal(
        scaler.inverse_transform(np.zeros((1, 5))), [[0, 0, 0, 0, 0, 0, 0, 3]]
    )


@pytest.mark.parametrize("scaling", ["robust", "standard"])
def test_weights_of_sparse_rows_are_repeated_rows(rng, scaling):
    X, weight = bits(rng), rng.integers(0, 4, size=60)
    weighted = NumericScaler(scaling=scaling).fit(X, sample_weight=weight)
    repeated = NumericScaler(scaling=scaling).fit(X[np.repeat(np.arange(60), weight)])
    np.testing.assert_allclose(weighted.scale_, repeated.scale_)


def test_what_sparse_columns_cannot_have_is_named(rng):
    X = bits(rng)
    with pytest.raises(ValueError, match="scaling='quantile' would make a sparse X dense"):
        NumericScaler(scaling="quantile").fit(X)
    with pytest.raises(ValueError, match="X is sparse, but the scaler was fitted on a dense X"):
        NumericScaler().fit(X.toarray() + 5).transform(X)
    X.data[0] = np.nan
    name = str(X.indices[0])
    with pytest.raises(
        ValueError, match=f"column '{name}' holds NaN, which is not imputed in a sp"
    ):
        NumericScaler().fit(X)


def test_the_inverse_needs_as_many_columns_as_are_kept():
    scaler = NumericScaler().fit([[1.0, 0], [1.0, 1]])
    with pytest.raises(ValueError, match=r"expected shape \(n, 1\), got \(2, 2\)"):
        scaler.inverse_transform(np.zeros((2, 2)))


def test_quantiles_of_long_columns_are_nearly_those_of_all_rows_and_their_ends_exact():
    rng = np.random.default_rng(0)
    X = rng.exponential(size=(50_000, 2))
    scaler = NumericScaler().fit(X)
    np.testing.assert_array_equal(scaler.quantiles_[[0, -1]], scaler._scale(np.sort(X, 0)[[0, -1]]))
    levels = (scaler._scale(X)[:, :, np.newaxis] <= scaler.quantiles_.T).mean(axis=0)
    np.testing.assert_allclose(levels, [np.linspace(0, 1, 65)] * 2, atol=0.02)


def test_quantiles_of_long_columns_weigh_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 1))
    weight = rng.lognormal(sigma=3, size=20_000)
    exact = np.quantile(X[:, 0], [0.25, 0.5, 0.75], weights=weight, method="inverted_cdf")
    found = NumericScaler().fit(X, sample_weight=weight)
    np.testing.assert_allclose(found.center_, exact[1], atol=0.05)
    np.testing.assert_allclose(found.scale_, exact[2] - exact[0], atol=0.05)
    weight = np.where(np.arange(20_000) == 7, 1e6, 1.0)
    assert NumericScaler().fit(X, sample_weight=weight).center_ == X[7]


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_scaling_by_the_mean_keeps_zeros_and_signs_and_columns_that_do_not_vary(make):
    X = np.array([[0.0, -4.0, 5.0, 0.0], [2.0, 2.0, 5.0, 0.0], [4.0, 0.0, 5.0, 0.0]])
    scaled = NumericScaler(scaling="mean").fit_transform(make(X))
    scaled = scaled.toarray() if sparse.issparse(scaled) else scaled
    np.testing.assert_allclose(scaled, X / [2.0, 2.0, 5.0, 1.0])


def test_scaling_by_the_mean_is_weighted_undone_and_has_room():
    X = np.array([[1e307], [3e307], [8e307]])
    scaler = NumericScaler(scaling="mean").fit(X, sample_weight=[1, 1, 0])
    np.testing.assert_allclose(scaler.transform(X), [[0.5], [1.5], [4.0]])
    np.testing.assert_allclose(scaler.inverse_transform([[0.5], [4.0]]), X[[0, 2]])
