"""Numeric scales columns by their own statistics, and says what was missing."""

import pickle
import tracemalloc
from datetime import date, time, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from torch import nn

from sklearn_crossmodal import FusionClassifier, Numeric, infer_modalities
from sklearn_crossmodal.data import BlockSpec, Columns, LazyRows, to_number


def fit_values(numeric, numbers, sample_weight=None):
    return numeric.fit(numbers, sample_weight).transform(numbers).values


# Scaling ----------------------------------------------------------------------------------------


def test_standard_scaling_is_mean_0_and_deviation_1(rng):
    numbers = rng.normal(5, [1, 10], size=(30, 2))
    expected = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    np.testing.assert_allclose(fit_values(Numeric(scaling="standard"), numbers), expected)


def test_robust_scaling_is_by_quartiles_with_a_smooth_clip(rng):
    numbers = rng.normal(5, [1, 10], size=(101, 2))  # of 101 the quartiles are rows 25, 50, 75
    lower, median, upper = np.sort(numbers, axis=0)[[25, 50, 75]]
    z = (numbers - median) / (upper - lower)
    np.testing.assert_allclose(fit_values(Numeric(), numbers), z / np.sqrt(1 + (z / 3) ** 2))


def test_an_outlier_stays_within_three(rng):
    numbers = rng.normal(size=(50, 1))
    numeric = Numeric().fit(numbers)
    far = numeric.transform([[1e9], [-1e9]]).values
    np.testing.assert_allclose(far, [[3], [-3]], atol=1e-6)


def test_a_column_that_is_mostly_one_value_is_scaled_by_its_range():
    numbers = np.array([0.0] * 9 + [4.0])[:, np.newaxis]
    z = 4 / (4 / 2)
    np.testing.assert_allclose(
        fit_values(Numeric(), numbers)[[0, 9], 0], [0, z / np.sqrt(1 + (z / 3) ** 2)]
    )


def test_without_scaling_numbers_stay_as_they_are(rng):
    numbers = rng.normal(size=(5, 2))
    np.testing.assert_array_equal(fit_values(Numeric(scaling=None), numbers), numbers)


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e9, -3.0])
def test_a_constant_column_becomes_zeros_whatever_comes_later(scaling, value):
    numeric = Numeric(scaling=scaling).fit(np.full((7, 1), value))
    np.testing.assert_array_equal(numeric.transform([[value], [value + 1]]).values, [[0], [0]])


def test_a_column_constant_up_to_rounding_is_constant():
    numbers = np.array([[0.1 + 0.2], [0.3], [0.3]])
    assert not fit_values(Numeric(), numbers).any()


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile", None])
@pytest.mark.parametrize("missing", [True, False])
def test_weights_are_repeated_rows(rng, scaling, missing):
    numbers = rng.normal(size=(20, 3))
    if missing:
        numbers[::3, 1] = np.nan
    weight = rng.integers(0, 4, size=20)
    weighted = Numeric(scaling=scaling).fit(numbers, weight)
    repeated = Numeric(scaling=scaling).fit(np.repeat(numbers, weight, axis=0))
    np.testing.assert_allclose(
        weighted.transform(numbers).values, repeated.transform(numbers).values, atol=1e-12
    )


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile", None])
def test_rows_of_weight_zero_are_not_there(rng, scaling):
    numbers = rng.normal(size=(10, 2))
    weight = np.ones(10)
    weight[[2, 7]] = 0
    numbers[2], numbers[7] = 1e6, np.nan
    weighted = Numeric(scaling=scaling).fit(numbers, weight)
    left_out = Numeric(scaling=scaling).fit(numbers[weight > 0])
    np.testing.assert_array_equal(
        weighted.transform(numbers).values, left_out.transform(numbers).values
    )
    assert weighted.indicators_.tolist() == []


# Missing values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile", None])
def test_a_missing_value_is_the_median_and_has_an_indicator(scaling):
    numbers = np.array([[1.0, 0], [2.0, 1], [9.0, 2], [np.nan, 3]])
    numeric = Numeric(scaling=scaling).fit(numbers)
    block = numeric.transform(numbers)
    assert block.spec.shape == (3,)
    assert block.values[:, 2].tolist() == [0, 0, 0, 1]
    np.testing.assert_array_equal(block.values[3, 0], block.values[1, 0])


@pytest.mark.parametrize(
    ("column", "shape"),
    [
        (np.arange(3.0), (3,)),
        (np.array([None, *np.arange(4.0).reshape(2, 2)], dtype=object)[1:], (2, 2)),
        ([date(1970, 1, 2), date(1970, 1, 3), None], (3,)),
        (np.array(["1970-01-02", "1970-01-03", "NaT"], dtype="M8[ns]"), (3,)),
    ],
)
def test_numbers_are_given_back_of_the_rank_that_came(column, shape):
    numeric = Numeric(scaling="standard").fit(column)
    found = numeric.numbers(column)
    assert found.shape == shape
    back = numeric.inverse_transform(numeric.transform(column).values)
    seen = ~np.isnan(found)
    np.testing.assert_allclose(back[seen], found[seen], atol=1e-12)
    assert numeric.numbers(np.asarray(column)[:0]).shape[0] == 0


def test_the_mask_tells_what_was_imputed():
    numbers = np.array([[1.0, 5.0], [np.nan, 6.0], [3.0, 7.0]])
    numeric = Numeric().fit(numbers)
    # The indicator is no number that was observed: no loss asks for it.
    assert numeric.transform(numbers).mask.tolist() == [
        [True, True, False],
        [False, True, False],
        [True, True, False],
    ]
    assert numeric.transform(numbers[[0, 2]]).mask.tolist() == [[True, True, False]] * 2
    assert Numeric().fit(numbers[[0, 2]]).transform(numbers[[0, 2]]).mask is None


def test_a_value_missing_only_later_is_imputed_without_an_indicator():
    numeric = Numeric(scaling=None).fit(np.array([[1.0], [2.0], [9.0]]))
    assert numeric.transform([[np.nan]]).values.tolist() == [[2.0]]


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile", None])
def test_a_column_of_nan_only_says_nothing(scaling):
    numbers = np.column_stack([np.full(3, np.nan), np.arange(3.0)])
    numeric = Numeric(scaling=scaling)
    values = fit_values(numeric, numbers)
    assert values.shape[1] == (2 if scaling is None else 1)  # no indicator that is always 1
    np.testing.assert_array_equal(values[:, :-1], 0)
    np.testing.assert_allclose(numeric.inverse_transform(values)[:, 1], [0, 1, 2], atol=1e-12)


@pytest.mark.parametrize("missing", [None, pd.NA, np.nan], ids=str)
def test_none_and_na_among_numbers_are_missing(missing):
    column = np.array([1, missing, 3], dtype=object)
    assert Numeric.accepts(column)
    assert Numeric(scaling=None).fit(column).transform(column).values.tolist() == [
        [1, 0],
        [1, 1],
        [3, 0],
    ]


def test_a_nullable_series_is_taken():
    series = pd.Series([True, None, False, False], dtype="boolean")
    assert Numeric(scaling=None).fit(series).transform(series).values[:, 0].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("missing", [None, np.nan, np.full(2, np.nan)], ids=str)
def test_a_column_of_vectors_is_as_many_columns(missing):
    cells = np.empty(3, dtype=object)
    cells[0], cells[1], cells[2] = np.array([1.0, 2.0]), missing, [3, 5]
    assert Numeric.accepts(cells)
    values = fit_values(Numeric(scaling=None), cells)
    assert values.tolist() == [[1, 2, 0, 0], [1, 2, 1, 1], [3, 5, 0, 0]]


def test_vectors_of_several_lengths_are_refused():
    cells = np.empty(2, dtype=object)
    cells[0], cells[1] = np.zeros(2), np.zeros(3)
    assert not Numeric.accepts(cells)
    with pytest.raises(ValueError, match=r"columns \['0'\] must hold numbers"):
        Numeric().fit(cells)


# What it takes and refuses ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float32, object])
def test_numbers_of_any_type_are_taken(dtype):
    numbers = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    values = fit_values(Numeric(scaling=None), numbers)
    assert values.dtype == (np.float32 if dtype is np.float32 else np.float64)
    assert values.tolist() == [[0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_names_the_column(value):
    frame = pd.DataFrame({"age": [1.0, 2.0], "price": [1.0, value]})
    with pytest.raises(ValueError, match="column 'price' holds infinity: replace it by NaN or"):
        Numeric().fit(frame)
    numeric = Numeric().fit(frame[:1])
    with pytest.raises(ValueError, match="column 'price' holds infinity"):
        numeric.transform(Columns(frame.to_numpy(), ("age", "price")))
    with pytest.raises(ValueError, match=r"column \"table\['price'\]\" holds infinity"):
        numeric.transform(Columns(frame, ("table",)))


def test_text_among_numbers_names_the_columns():
    with pytest.raises(ValueError, match=r"columns \['age'\] must hold numbers: .*'old'"):
        Numeric().fit(Columns(np.array([1, "old"], dtype=object), ("age",)))
    with pytest.raises(ValueError, match=r"columns \['age'\] hold <U3, not numbers"):
        Numeric().fit(Columns(np.array(["old", "new"]), ("age",)))


def test_images_are_refused():
    with pytest.raises(ValueError, match=r"expected numbers of shape \(n, d\), got shape \(2, 4"):
        Numeric().fit(np.zeros((2, 4, 4)))


def test_another_number_of_columns_is_refused():
    with pytest.raises(ValueError, match="got 3 columns, expected 2"):
        Numeric().fit(np.zeros((2, 2))).transform(np.zeros((2, 3)))


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match="The 'scaling' parameter of Numeric"):
        Numeric(scaling="minmax").fit(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("column", "accepted"),
    [
        (np.zeros(3), True),
        (np.zeros((3, 2), dtype=bool), True),
        (pd.DataFrame({"a": [1], "b": [True]}), True),
        (np.array([None, None]), True),
        (np.array(["1", "2"]), False),
        (np.array([1, "a"], dtype=object), False),
        (np.zeros((3, 2, 2)), False),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), False),
        (np.zeros(2, dtype=complex), False),
        (np.array([True, False]), False),
        (np.array([True, None], dtype=object), False),
        (pd.Series([1, 2], dtype="category"), False),
    ],
    ids=lambda case: str(getattr(case, "dtype", case)),
)
def test_accepts_numbers_only(column, accepted):
    assert Numeric.accepts(column) == accepted


# Back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile", None])
def test_the_inverse_gives_back_the_numbers(rng, scaling):
    numbers = np.column_stack(
        [rng.normal(5, 10, size=50), rng.exponential(size=50), np.full(50, 7)]
    )
    numeric = Numeric(scaling=scaling).fit(numbers)
    back = numeric.inverse_transform(numeric.transform(numbers).values)
    np.testing.assert_allclose(back, numbers, rtol=1e-9)
    assert numeric.spec_.shape == (3 if scaling is None else 2,)  # without the one that is still


def test_the_mask_and_the_indicators_are_those_of_the_columns_that_are_kept():
    still = np.array([7.0, 7, np.nan, 7])
    numbers = np.column_stack([still, [1.0, np.nan, 3, 4]])
    block = Numeric().fit(numbers).transform(numbers)
    assert block.values[:, 1:].tolist() == [[0, 0], [0, 1], [1, 0], [0, 0]]
    assert block.mask.tolist() == [
        [True, False, False],
        [False, False, False],
        [True, False, False],
        [True, False, False],
    ]


def test_log1p_is_taken_and_undone_and_its_error_names_the_column():
    counts = np.array([[0.0], [1.0], [7.0]])
    numeric = Numeric(scaling=None, log1p=True).fit(counts)
    np.testing.assert_allclose(numeric.transform(counts).values, np.log1p(counts))
    np.testing.assert_allclose(numeric.inverse_transform(np.log1p(counts)), counts)
    with pytest.raises(ValueError, match="column 'debt' holds negative numbers, but log1p=True"):
        numeric.transform(Columns(-counts, ("debt",)))


# Quantiles --------------------------------------------------------------------------------------


def test_the_spec_has_the_quantiles_of_what_is_in_the_block(rng):
    numbers = rng.normal(size=(65, 2))
    numbers[:13, 1] = np.nan
    numeric = Numeric(scaling="standard")
    values, quantiles = fit_values(numeric, numbers), numeric.spec_.quantiles
    assert quantiles.shape == (65, 3)
    np.testing.assert_allclose(quantiles[:, 0], np.sort(values[:, 0]))  # of 65 rows each is one
    observed = values[13:, 1]
    np.testing.assert_allclose(quantiles[[0, -1], 1], [observed.min(), observed.max()])
    np.testing.assert_array_equal(quantiles[:, 2], np.arange(65) > 64 * 0.8)  # the indicator


# Sparse -----------------------------------------------------------------------------------------


@pytest.fixture
def bits(rng):
    return sparse.random_array((30, 4), density=0.4, format="csr", rng=rng)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_sparse_columns_stay_sparse_and_have_no_quantiles(bits, form):
    X = form(bits)
    assert Numeric.accepts(X)
    numeric = Numeric(scaling="standard").fit(X)
    block = numeric.transform(X)
    assert block.values.format == "csr"
    np.testing.assert_allclose(block.values.toarray(), bits.toarray() / bits.toarray().std(axis=0))
    assert block.mask is None
    assert numeric.spec_ == BlockSpec("vector", (4,))
    np.testing.assert_allclose(numeric.inverse_transform(block.values.toarray()), bits.toarray())


@pytest.mark.parametrize("scaling", ["robust", "quantile", None])
def test_sparse_rows_of_a_modality_that_was_fitted_dense_are_moved_when_read(bits, scaling):
    holes = bits.toarray()
    holes[::7, 1] = np.nan  # so that there is an indicator
    numeric = Numeric(scaling=scaling).fit(holes)
    values, expected = numeric.transform(bits).values, numeric.transform(bits.toarray()).values
    assert not isinstance(values, np.ndarray)
    some = values[np.array([3, 0])]
    some = some.toarray() if sparse.issparse(some) else some
    np.testing.assert_array_equal(some, expected[[3, 0]])


@pytest.mark.parametrize(("value", "message"), [(np.nan, "NaN, which is not"), (np.inf, "inf")])
def test_explicit_nan_and_infinity_in_a_sparse_column_are_named(bits, value, message):
    bits.data[0] = value
    name = "abcd"[bits.indices[0]]
    with pytest.raises(ValueError, match=f"column '{name}' holds {message}"):
        Numeric().fit(Columns(bits, tuple("abcd")))


def test_the_inverse_of_what_is_past_the_clip_stays_in_the_range_seen(rng):
    numbers = rng.normal(5, 10, size=(50, 1))
    numeric = Numeric().fit(numbers)
    back = numeric.inverse_transform(np.array([[2.9], [3.0], [17.0], [-2.9], [-17.0]]))
    low, high = numbers.min(), numbers.max()
    np.testing.assert_allclose(back[:, 0], [high, high, high, low, low])


def test_the_inverse_is_monotonic(rng):
    numeric = Numeric().fit(rng.normal(size=(50, 1)))
    back = numeric.inverse_transform(np.linspace(-5, 5, 101)[:, np.newaxis])[:, 0]
    assert (np.diff(back) >= 0).all()
    assert np.isfinite(back).all()


def test_the_inverse_leaves_out_indicators_and_keeps_the_rank():
    column = np.array([1.0, np.nan, 3.0, 4.0])
    flat = Numeric(scaling="standard").fit(column)
    assert flat.inverse_transform(flat.transform(column).values).tolist() == [1, 3, 3, 4]
    deep = Numeric(scaling="standard").fit(column[:, np.newaxis])
    assert deep.inverse_transform(np.zeros((2, 2))).shape == (2, 1)


def test_a_value_missing_only_in_transform_is_imputed_by_the_median():
    numeric = Numeric(scaling="standard").fit(np.array([[2000.0], [2001.0], [2002.0]]))
    assert numeric.transform(np.array([[np.nan]])).values.tolist() == [[0.0]]


DAYS = pd.date_range("2020-01-01", periods=6, freq="36h")
QUANTITIES = {
    "Decimal": [Decimal(str(k)) / 4 for k in range(6)],
    "date": [*DAYS.date],
    "time": [time(k, 30) for k in range(6)],
    "timedelta": [timedelta(k) for k in range(6)],
    "datetime": [*DAYS.to_pydatetime()],
    "Timestamp": [*DAYS],
    "Timestamp in a zone": [*DAYS.tz_localize("Europe/Berlin")],
    "Period": [*DAYS.to_period("h")],
}


@pytest.mark.parametrize("missing", [None, pd.NA, pd.NaT, np.nan])
@pytest.mark.parametrize("case", QUANTITIES)
def test_columns_of_quantities_are_read_as_the_numbers_they_stand_for(case, missing):
    cells = np.array([*QUANTITIES[case], missing], dtype=object)
    assert Numeric.accepts(cells)
    expected = np.array([*map(to_number, QUANTITIES[case]), np.nan])
    for form in (cells, cells[:, np.newaxis]):
        np.testing.assert_array_equal(
            Numeric().fit(form).transform(form).values,
            Numeric().fit(expected).transform(expected).values,
        )


@pytest.mark.parametrize("kind", ["datetime64[us]", "object", "period[h]"])
def test_dates_count_the_same_in_every_column_that_holds_them(kind):
    days = pd.Series(DAYS)
    frame = pd.DataFrame({"when": days.dt.to_period("h") if "p" in kind else days.astype(kind)})
    frame["x"] = np.arange(6.0)
    assert repr(infer_modalities(frame)) == "[('numeric', Numeric(), ['when', 'x'])]"
    scaled = Numeric(scaling=None).fit(frame).transform(frame).values
    np.testing.assert_allclose(scaled[:, 0], 18262 + 1.5 * np.arange(6))


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile"])
@pytest.mark.parametrize("size", [1e-300, 1e155, 1e300])
def test_scale_of_huge_and_tiny_numbers_is_that_of_others(scaling, size, rng):
    numbers = rng.normal(size=(30, 2))
    numeric = Numeric(scaling=scaling)
    expected = fit_values(numeric, numbers)
    np.testing.assert_allclose(fit_values(numeric, numbers * size), expected, rtol=1e-9)
    restored = numeric.inverse_transform(expected)
    np.testing.assert_allclose(restored, numbers * size, rtol=1e-9, atol=1e-9 * size)


def test_a_huge_outlier_is_bent_to_the_limit(rng):
    numbers = rng.normal(size=(30, 1))
    numbers[0] = 8e307
    assert fit_values(Numeric(), numbers)[0] == 3
    assert Numeric().fit(numbers[1:] / 1e9).transform(-numbers[:1]).values == -3


def test_numbers_whose_differences_have_no_room_are_refused():
    with pytest.raises(ValueError, match=r"column '1' holds numbers beyond 9e\+307"):
        Numeric().fit(np.array([[1.0, 1.7e308], [0.0, -1.7e308]]))


@pytest.mark.parametrize("scaling", ["robust", "standard", "quantile", None])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_large_table_is_scaled_batch_by_batch_to_the_same_numbers(scaling, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(60, 4)).astype(dtype)
    table[3, 1] = table[7, 2] = np.nan
    numeric = Numeric(scaling=scaling).fit(table)
    block = numeric.transform(table)
    monkeypatch.setattr("sklearn_crossmodal.modalities._numeric._IN_MEMORY", 100)
    lazy = numeric.transform(table)
    assert isinstance(lazy.values, LazyRows)
    assert lazy.values.in_memory
    rows = np.array([7, 0, 3, 59])
    np.testing.assert_array_equal(lazy.values[rows], block.values[rows])
    np.testing.assert_array_equal(lazy.mask, block.mask)
    pickle.loads(pickle.dumps(lazy))


def test_a_fit_on_a_large_table_copies_little_of_it(monkeypatch):
    monkeypatch.setattr("sklearn_crossmodal.modalities._numeric._IN_MEMORY", 1)
    table = np.random.default_rng(0).normal(size=(20_000, 100)).astype(np.float32)
    tracemalloc.start()
    Numeric().fit(table).transform(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < table.nbytes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [20, 60_000])
def test_a_module_that_works_in_place_does_not_reach_x(dtype, n):
    X = np.random.default_rng(0).normal(size=(n, 4)).astype(dtype)
    before = X.copy()

    def encoder(spec):
        return nn.Sequential(nn.ReLU(inplace=True), nn.Linear(spec.size, 3))

    modalities = [("a", Numeric(scaling=None, encoder=encoder), slice(None))]
    settings = {"max_epochs": 1, "batch_size": n, "validation": None}
    clf = FusionClassifier(modalities, dtype=np.dtype(dtype).name, **settings)
    clf.fit(X, np.arange(n) % 2).predict(X)
    np.testing.assert_array_equal(X, before)


def test_columns_of_a_record_and_of_a_turned_array_are_read():
    rows = np.zeros(10, dtype=[("odd", "i1"), ("x", "f8", (3,))])
    rows["x"] = np.arange(30).reshape(10, 3)
    clf = FusionClassifier(
        [("a", Numeric(scaling=None), slice(None))], max_epochs=1, random_state=0
    )
    y = np.arange(10) % 2
    plain = np.ascontiguousarray(rows["x"])
    expected = clf.fit(plain, y).predict_proba(plain)
    np.testing.assert_array_equal(clf.fit(rows["x"], y).predict_proba(rows["x"]), expected)
    turned = np.ascontiguousarray(plain[::-1])[::-1]
    np.testing.assert_array_equal(clf.fit(turned, y).predict_proba(turned), expected)


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "chosen"),
    [(500, 32, "periodic"), (499, 32, "mlp"), (500, 33, "mlp")],
)
def test_numbers_are_embedded_where_columns_are_few_and_samples_many(
    n_rows, n_columns, chosen, rng
):
    assert Numeric().fit(rng.normal(size=(n_rows, n_columns))).encoder_ == chosen


def test_only_samples_that_count_decide_on_the_encoder(rng):
    table, weight = rng.normal(size=(501, 3)), np.ones(501)
    weight[:2] = 0
    assert Numeric().fit(table).encoder_ == "periodic"
    assert Numeric().fit(table, weight).encoder_ == "mlp"


def test_sparse_numbers_and_those_with_an_encoder_are_not_embedded(rng):
    table = rng.normal(size=(500, 3))
    assert Numeric().fit(sparse.csr_array(table)).encoder_ == "mlp"
    assert Numeric(encoder="mlp").fit(table).encoder_ == "mlp"
