"""What `CrossModalRegressor` learns: the losses of a target, and several targets at once."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from skorch.callbacks import EpochScoring

from sklearn_crossmodal import (
    Categorical,
    CrossModalRegressor,
    Embedding,
    Image,
    MultiModalFrame,
    Numeric,
    Text,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn.decoders import MLPDecoder
from sklearn_crossmodal.nn.losses import AbsoluteError, HuberLoss, QuantileLoss

QUICK = {
    "max_epochs": 30,
    "batch_size": 32,
    "learning_rate": 0.003,
    "n_folds": None,
    "random_state": 0,
}
N = 240
LEVELS = (0.1, 0.5, 0.9)


@pytest.fixture(scope="module")
def table():
    """Return X and two numbers, one with noise of long tails, far from zero and of unlike units."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 3))
    first = 1e3 + 50 * X[:, 0] + 5 * rng.standard_t(2, N)
    second = 0.01 * X[:, 1] - 0.02 * X[:, 2] + 0.005 * rng.normal(size=N)
    return X, np.column_stack([first, second])


@pytest.fixture(scope="module")
def several():
    """Return sources and targets of several kinds, which the sources tell."""
    rng = np.random.default_rng(1)
    table = rng.normal(size=(N, 3))
    image = np.zeros((N, 4, 4), dtype=np.uint8)
    image[:, :2] = (200 * (table[:, 0] > 0))[:, np.newaxis, np.newaxis]
    y = {
        "numbers": np.column_stack([table[:, 0], 10 + 3 * table[:, 1]]),
        "words": np.array(["warm day" if one else "cold night" for one in table[:, 2] > 0], object),
        "photo": image,
        "kind": np.where(table[:, 1] > 0, "up", "down"),
    }
    return MultiModalFrame({"table": table}), MultiModalFrame(y)


TARGET = [
    ("numbers", "numeric", "numbers"),
    ("words", Text(), "words"),
    ("photo", Image(), "photo"),
    ("kind", "categorical", "kind"),
]


@pytest.fixture(scope="module")
def fitted(several):
    X, y = several
    return CrossModalRegressor(target=TARGET, **QUICK).fit(X, y)


def test_modalities_and_targets_may_have_names_that_modules_know(rng):
    X = MultiModalFrame({"p": rng.normal(size=(60, 2)), "stacks": rng.normal(size=(60, 2))})
    y = {"p": X["p"][:, 0], "learning_rate_factor": X["stacks"]}
    reg = CrossModalRegressor(max_epochs=2, random_state=0).fit(X, y)
    assert list(reg.predict(X)) == list(y)


# Losses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", HuberLoss(delta=0.5)])
def test_numbers_are_predicted_in_their_units_under_every_loss(loss, table):
    X, y = table
    reg = CrossModalRegressor(loss=loss, **{**QUICK, "max_epochs": 60}).fit(X, y)
    found = reg.predict(X)
    assert np.abs(np.median(found[:, 0]) - 1e3) < 20
    assert r2_score(y[:, 1], found[:, 1]) > 0.85


@pytest.mark.filterwarnings("ignore:.*nothing was learned:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.slow
def test_the_median_is_learned_by_the_absolute_error_and_the_mean_by_the_squared():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2000, 1)), rng.exponential(size=2000)
    found = {
        loss: CrossModalRegressor(loss=loss, random_state=0, n_folds=None).fit(X, y).predict(X)
        for loss in ("squared_error", "absolute_error")
    }
    assert found["squared_error"].mean() == pytest.approx(1.0, abs=0.1)
    assert found["absolute_error"].mean() == pytest.approx(np.log(2), abs=0.1)
    truth = np.full(2000, np.log(2))
    assert mean_absolute_error(y, found["absolute_error"]) < mean_absolute_error(y, truth) + 0.02


def test_the_loss_is_what_is_minimised(table):
    X, y = table
    settings = {**QUICK, "learning_rate": 1e-12, "weight_decay": 0.0, "max_epochs": 1}
    plain = Numeric(scaling="standard", decoder=MLPDecoder(()))
    for loss, by_hand in [("squared_error", np.square), (AbsoluteError(), np.abs)]:
        reg = CrossModalRegressor(
            target=plain, loss=loss, validation=None, input_noise=0, fusion="sum", **settings
        ).fit(X, y)
        expected = by_hand((reg.predict(X) - y) / y.std(axis=0)).mean()
        assert reg.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_loss_replaces_that_of_the_target_and_none_leaves_it(table):
    target = Numeric(scaling="standard", loss="huber")
    for loss, expected in [(None, "huber"), ("absolute_error", "absolute_error")]:
        reg = CrossModalRegressor(target=target, loss=loss, **{**QUICK, "max_epochs": 1})
        assert reg.fit(*table).target_.loss == expected
    assert target.loss == "huber"


@pytest.mark.parametrize("n_folds", [None, pytest.param(3, marks=pytest.mark.slow)])
def test_several_quantiles_are_the_last_axis(n_folds, table):
    X, y = table
    settings = {**QUICK, "n_folds": n_folds, "max_epochs": 60}
    reg = CrossModalRegressor(loss=QuantileLoss(LEVELS), **settings).fit(X, y)
    found = reg.predict(X)
    assert found.shape == (N, 2, 3)
    assert (np.diff(found, axis=-1) >= 0).all()
    below = (y[..., np.newaxis] < found).mean(axis=0)
    np.testing.assert_allclose(below, [LEVELS, LEVELS], atol=0.12)
    assert reg.score(X, y) == pytest.approx(r2_score(y, found[..., 1]))
    one = CrossModalRegressor(loss="quantile", **settings).fit(X, y[:, 0])
    assert one.predict(X).shape == (N, 3)
    assert mean_pinball_loss(y[:, 0], one.predict(X)[:, 2], alpha=0.9) < mean_pinball_loss(
        y[:, 0], np.full(N, np.quantile(y[:, 0], 0.9)), alpha=0.9
    )


@pytest.mark.slow
def test_an_inferred_target_is_scaled_as_its_loss_asks(rng):
    X = rng.normal(size=(N, 2))
    counts = rng.poisson(np.exp(1 + X[:, 0]))
    reg = CrossModalRegressor(loss="poisson", **QUICK).fit(X, counts)
    assert (reg.predict(X) > 0).all()
    assert reg.score(X, counts) > 0.4
    shares = 1 / (1 + np.exp(-X[:, 0]))
    reg = CrossModalRegressor(loss="binary_cross_entropy", **QUICK).fit(X, shares)
    assert 0 < reg.predict(10 * X).min() < reg.predict(10 * X).max() < 1


@pytest.mark.slow
def test_pixels_may_be_learned_as_shares(several):
    X, y = several
    reg = CrossModalRegressor(loss="binary_cross_entropy", **QUICK).fit(X, y["photo"])
    assert reg.predict(X).dtype == np.uint8
    assert reg.score(X, y["photo"]) > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["poisson", "binary_cross_entropy"])
def test_pictures_are_scaled_as_the_loss_asks(loss, several):
    X, y = several
    reg = CrossModalRegressor(loss=loss, **QUICK).fit(X, y["photo"])
    assert r2_score(y["photo"][:, 0, 0], reg.predict(X)[:, 0, 0]) > 0.7


@pytest.mark.parametrize(("loss", "least"), [("poisson", -2), ("gamma", 0)])
def test_numbers_that_a_loss_is_not_for_are_refused_in_their_units(loss, least):
    y = np.r_[least, np.arange(1.0, 10)]
    expected = f"CrossModalRegressor: target: the loss takes values .*, got {least} to 9: take ano"
    with pytest.raises(ModalityError, match=expected):
        CrossModalRegressor(loss=loss, max_epochs=1).fit(np.arange(20.0).reshape(10, 2), y)


def test_a_loss_that_does_not_suit_the_target_is_refused(several):
    X, y = several
    with pytest.raises(ModalityError, match="CrossModalRegressor: target: .*'tokens'.*SquaredErr"):
        CrossModalRegressor(target=Text(), loss="squared_error", **QUICK).fit(X, y["words"])


def test_going_on_with_another_loss_is_refused(table):
    reg = CrossModalRegressor(warm_start=True, **{**QUICK, "max_epochs": 2}).fit(*table)
    with pytest.raises(ValueError, match="loss='huber' differs.* first call, that of the target"):
        reg.set_params(loss="huber").fit(*table)


def test_the_quantiles_are_searched_over(table):
    reg = CrossModalRegressor(loss=QuantileLoss(), **{**QUICK, "max_epochs": 3})
    grid = {"loss__quantiles": [(0.5,), LEVELS]}
    search = GridSearchCV(reg, grid, cv=2, error_score="raise").fit(*table)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# Several targets ---------------------------------------------------------------------------------


def test_several_targets_come_back_by_name_in_the_form_they_had(several, fitted):
    X, y = several
    found = fitted.predict(X)
    assert isinstance(found, MultiModalFrame)
    assert list(found) == list(y)
    for name in y:
        assert found[name].shape == y[name].shape
    assert found["photo"].dtype == np.uint8
    assert r2_score(y["numbers"], found["numbers"]) > 0.9
    for name in ("words", "kind"):
        assert np.mean(found[name] == y[name]) > 0.9


def test_the_score_is_the_mean_of_those_of_the_targets(several, fitted):
    X, y = several
    found, weight = fitted.predict(X), np.random.default_rng(0).random(N)
    flat = [part["photo"].reshape(N, -1).astype(float) for part in (y, found)]
    modalities = {name: modality for name, modality, _ in fitted.target_}
    block = modalities["words"].transform(y["words"])
    scores = fitted.network_.decode(torch.from_numpy(fitted.transform(X)).float())["words"]
    scores = scores.log_softmax(dim=-1).detach().numpy()
    likely = np.take_along_axis(scores, block.values[..., np.newaxis], axis=2)[..., 0]
    weights = np.broadcast_to(weight[:, np.newaxis], likely.shape)[block.mask]
    by_hand = [
        r2_score(y["numbers"], found["numbers"], sample_weight=weight),
        np.average(likely[block.mask], weights=weights),
        r2_score(*flat, sample_weight=weight),
        np.average(found["kind"] == y["kind"], weights=weight),
    ]
    assert fitted.score(X, y, weight) == pytest.approx(np.mean(by_hand), abs=1e-5)


def test_targets_of_a_mapping_are_inferred_and_a_plain_one_will_do(several):
    X, y = several
    reg = CrossModalRegressor(**{**QUICK, "max_epochs": 2}).fit(X, dict(y))
    kinds = {name: type(modality) for name, modality, _ in reg.target_}
    assert kinds == {"numbers": Numeric, "words": Categorical, "photo": Image, "kind": Categorical}
    assert reg.score(X, dict(y)) == reg.score(X, y)
    one = CrossModalRegressor(**{**QUICK, "max_epochs": 2}).fit(X, {"numbers": y["numbers"]})
    assert list(one.predict(X)) == ["numbers"]


@pytest.mark.slow
def test_columns_of_a_data_frame_are_targets_by_name_or_position(several):
    X, y = several
    columns = pd.DataFrame(y["numbers"], columns=["left", "right"]).assign(kind=y["kind"])
    named = {"sides": ["left", "right"], "kind": "kind"}
    reg = CrossModalRegressor(target=named, **QUICK).fit(X, columns)
    assert [key for _, _, key in reg.target_] == [["left", "right"], "kind"]
    assert reg.predict(X)["sides"].shape == (N, 2)
    assert reg.score(X, columns) > 0.9
    numbers = y["numbers"]
    entries = [("left", Numeric(scaling="standard"), 0), ("both", Embedding(), [0, 1])]
    reg = CrossModalRegressor(target=entries, **QUICK).fit(X, numbers)
    assert reg.predict(X)["left"].shape == (N,)
    assert reg.score(X, numbers) > 0.9


def test_each_target_may_have_its_loss(several):
    X, y = several
    losses = {"numbers": QuantileLoss(LEVELS), "photo": "absolute_error"}
    reg = CrossModalRegressor(target=TARGET, loss=losses, **{**QUICK, "max_epochs": 2}).fit(X, y)
    assert reg.predict(X)["numbers"].shape == (N, 2, 3)
    assert [m.loss for n, m, _ in reg.target_ if n in ("photo", "words")] == [
        "cross_entropy",
        "absolute_error",
    ]
    with pytest.raises(ValueError, match=r"loss names \['sound'\], .* targets \['numbers', 'wor"):
        reg.set_params(loss={"sound": "huber"}).fit(X, y)


@pytest.mark.slow
def test_an_absent_target_is_not_counted(several):
    X, y = several
    there = np.arange(N) % 2 == 0
    spoilt = {name: y[name].copy() for name in ("numbers", "kind")}
    spoilt["numbers"][~there] = 1e9
    present = {"numbers": there}
    settings = {**QUICK, "max_epochs": 20}
    fits = []
    for values in (spoilt, {**spoilt, "numbers": np.where(there[:, None], spoilt["numbers"], 7.0)}):
        frame = MultiModalFrame(values, present=present)
        fits.append(CrossModalRegressor(**settings).fit(X, frame))
    found = [reg.predict(X) for reg in fits]
    np.testing.assert_array_equal(found[0]["numbers"], found[1]["numbers"])
    assert r2_score(y["numbers"], found[0]["numbers"]) > 0.8
    frame = MultiModalFrame(spoilt, present=present)
    by_hand = [
        r2_score(y["numbers"][there], found[0]["numbers"][there]),
        np.mean(found[0]["kind"] == y["kind"]),
    ]
    assert fits[0].score(X, frame) == pytest.approx(np.mean(by_hand))


def test_numbers_that_are_missing_in_a_target_are_not_counted(several):
    X, y = several
    numbers = y["numbers"].copy()
    numbers[::3, 1] = np.nan
    reg = CrossModalRegressor(**QUICK).fit(X, {"numbers": numbers, "kind": y["kind"]})
    found = reg.predict(X)["numbers"]
    assert found.shape == (N, 2)
    assert r2_score(y["numbers"], found) > 0.8
    seen = ~np.isnan(numbers[:, 1])
    r2 = [r2_score(numbers[:, 0], found[:, 0]), r2_score(numbers[seen, 1], found[seen, 1])]
    kind = np.mean(reg.predict(X)["kind"] == y["kind"])
    score = reg.score(X, {"numbers": numbers, "kind": y["kind"]})
    assert score == pytest.approx(np.mean([np.mean(r2), kind]))


def test_of_categories_that_are_missing_the_others_are_scored(several):
    X, _ = several
    cells = np.column_stack([np.where(X["table"][:, 0] > 0, "p", "q"), np.full(N, "r")])
    gaps = cells.astype(object)
    gaps[::3, 1] = None
    reg = CrossModalRegressor(target={"kinds": "kinds"}, **QUICK).fit(X, {"kinds": cells})
    right = reg.predict(X)["kinds"] == cells
    seen = gaps == cells
    assert reg.score(X, {"kinds": gaps}) == pytest.approx(right[seen].mean())


def test_that_numbers_of_a_target_are_missing_is_no_target(rng):
    X = rng.normal(size=(400, 6))
    truth = X @ rng.normal(size=(6, 3)) + 0.3 * rng.normal(size=(400, 3))
    y = np.where(rng.random(truth.shape) < 0.4, np.nan, truth)
    settings = {"linear_path": False, "n_folds": None, "random_state": 0, "max_epochs": 60}
    reg = CrossModalRegressor(target={"y": slice(0, 3)}, **settings).fit(X[:200], y[:200])
    assert r2_score(truth[200:], reg.predict(X[200:])["y"]) > 0.85
    # Whatever is said of indicators, the loss is that of the numbers.
    losses = [row["train_loss"] for row in reg.history_]
    assert losses[-1] < 0.3 * losses[0]


def test_a_target_that_hardly_any_sample_has_is_left_out_of_the_score(several):
    X, y = several
    rare = np.full(N, np.nan)
    rare[:3] = [1, 2, 3]
    both = {"rare": rare, "kind": y["kind"]}
    reg = CrossModalRegressor(**QUICK).fit(X, both)
    some = {"rare": rare[2:], "kind": y["kind"][2:]}
    with pytest.warns(UndefinedMetricWarning, match=r"target: \['rare'\] are absent in all"):
        found = reg.score(X[2:], some)
    assert found == (reg.predict(X[2:])["kind"] == some["kind"]).mean()
    one = {"rare": rare[:1], "kind": np.array([None], dtype=object)}
    with pytest.warns(UndefinedMetricWarning, match="there is nothing to score"):
        found = reg.score(X[:1], one)
    assert np.isnan(found)


@pytest.mark.parametrize("kind", ["dates", "vectors", "days"])
def test_numbers_of_every_kind_are_scored_and_have_intervals_as_they_are_predicted(kind, rng):
    X = rng.normal(size=(300, 3))
    vectors = np.empty(300, dtype=object)
    vectors[:] = list(X[:, :2])
    days = pd.to_timedelta(100 * X[:, 0], unit="D")
    y = {"dates": pd.Timestamp("2020-01-01") + days, "vectors": vectors, "days": days}[kind]
    reg = CrossModalRegressor(
        target="numeric", validation=0.3, n_folds=None, max_epochs=20, random_state=0
    )
    reg.fit(X[:200], pd.Series(y)[:200])
    predicted, y = reg.predict(X[200:]), pd.Series(y)[200:]
    assert predicted.shape == ((100, 2) if kind == "vectors" else (100,))
    assert reg.score(X[200:], y) > 0.9
    low, high = np.moveaxis(reg.predict_interval(X[200:]), 1, 0)
    assert ((low <= predicted) & (predicted <= high)).all()
    assert (high - low).max() < 2 * np.ptp(predicted)


@pytest.mark.slow
def test_columns_of_several_kinds_are_several_targets_and_a_callable_gets_the_frame(several):
    X, y = several
    frame = pd.DataFrame({"n": y["numbers"][:, 0], "m": y["numbers"][:, 1], "kind": y["kind"]})
    reg = CrossModalRegressor(**QUICK).fit(X, frame)
    assert list(reg.predict(X[:3])) == ["n", "m", "kind"]
    assert reg.score(X, frame) > 0.8
    numbers = make_column_selector(dtype_include="number")
    target = [("both", "numeric", numbers), ("kind", "drop", "kind")]
    reg = CrossModalRegressor(target=target, **QUICK).fit(X, frame)
    assert reg.predict(X[:3])["both"].shape == (3, 2)
    with pytest.raises(ModalityError, match="column 'n', .* name its modality in `target`"):
        CrossModalRegressor().fit(X, frame.assign(n=[object()] * N))


def test_predictions_of_several_targets_are_put_together_by_cross_val_predict(several):
    X, y = several
    y = y[["numbers", "kind"]]
    found = cross_val_predict(CrossModalRegressor(**{**QUICK, "max_epochs": 5}), X, y, cv=3)
    assert found["numbers"].shape == (N, 2)
    assert set(found["kind"]) <= {"up", "down"}


@pytest.mark.slow
def test_scikit_learn_cuts_targets_by_row(several):
    X, y = several
    reg = CrossModalRegressor(target=TARGET, **{**QUICK, "max_epochs": 3})
    scores = cross_val_score(reg, X, y, cv=3, error_score="raise")
    for score, (train, test) in zip(scores, KFold(3).split(X), strict=True):
        assert score == clone(reg).fit(X[train], y[train]).score(X[test], y[test])
    search = GridSearchCV(reg, {"learning_rate": [1e-3, 1e-2]}, cv=2, error_score="raise")
    assert list(search.fit(X, y).predict(X)) == list(y)
    one = clone(reg).set_params(target=None)
    assert cross_val_predict(one, X, y["numbers"], cv=2).shape == (N, 2)


def test_rows_of_weight_zero_are_not_there(several):
    X, y = several
    half = np.arange(N) < N // 2
    settings = {**QUICK, "max_epochs": 2}
    weighted = CrossModalRegressor(target=TARGET, **settings).fit(X, y, half.astype(float))
    cut = CrossModalRegressor(target=TARGET, **settings).fit(X[half], y[half])
    for name, values in cut.predict(X).items():
        np.testing.assert_array_equal(weighted.predict(X)[name], values)


def test_several_targets_go_on_survive_pickling_and_are_scored_by_skorch(several):
    X, y = several

    def right(net, X, y):  # skorch hands on the cells of y
        return float(np.mean(net.predict(X)["kind"] == y[:, 3]))

    scoring = EpochScoring(right, name="right")
    reg = CrossModalRegressor(target=TARGET, callbacks=[scoring], **{**QUICK, "max_epochs": 3})
    reg.fit(X, y)
    assert all(0 <= row["right"] <= 1 for row in reg.history_)
    reg = CrossModalRegressor(target=TARGET, **{**QUICK, "max_epochs": 3})
    for _ in range(3):
        reg.partial_fit(X, y)
    assert len(reg.history_) == 3
    again = pickle.loads(pickle.dumps(reg))
    np.testing.assert_array_equal(again.predict(X)["photo"], reg.predict(X)["photo"])


@pytest.mark.slow
def test_folds_average_all_targets_of_tables(several):
    X, y = several
    both = y[["numbers", "kind"]]
    reg = CrossModalRegressor(max_epochs=10, random_state=0).fit(X, both)
    assert len(reg.network_.networks) > 2
    assert reg.transform(X).shape[1] == len(reg.get_feature_names_out())
    assert reg.score(X, both) > 0.8
    alone = CrossModalRegressor(max_epochs=2, random_state=0).fit(X, y["photo"])
    assert not hasattr(alone.network_, "networks")  # images are trained one after another


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "pick", "message"),
    [
        ("numeric", None, r"target='numeric' is one modality, but y is a mapping of \['numbers'"),
        ([("a", "numeric")], None, r"target: it must be .* list of \(name, modality, columns\)"),
        ([("a", "sound", "numbers")], None, r"'a' is 'sound': give a modality such as Numeric"),
        (
            [("a", "numeric", "numbers"), ("a", "categorical", "kind")],
            None,
            r"targets need names that differ, got \['a', 'a'\]",
        ),
        ([], None, r"targets need names that differ, got \[\]"),
        ({"a": "weight"}, None, r"column 'weight' is not in X, which has \['numbers', 'words'"),
        ({"a": "kind"}, "kind", r"target: y holds several modalities: pass a mapping, .* ndarray"),
    ],
)
def test_wrong_targets_are_refused_by_name(target, pick, message, several):
    X, y = several
    with pytest.raises((ValueError, TypeError), match=f"CrossModalRegressor: .*{message}"):
        CrossModalRegressor(target=target, **QUICK).fit(X, y if pick is None else y[pick])


def test_y_of_another_form_is_refused_after_fit(several, fitted):
    X, y = several
    with pytest.raises(ValueError, match="y holds several modalities.*got ndarray"):
        fitted.score(X, y["kind"])
    with pytest.raises(ModalityError, match=r"target: y has no column of \['kind'\]: pass all"):
        fitted.score(X, y[["numbers", "words", "photo"]])
    one = CrossModalRegressor(**{**QUICK, "max_epochs": 1}).fit(X, y["numbers"])
    with pytest.raises(ValueError, match=r"y is a mapping of \['numbers', .*one modality in `fit`"):
        one.score(X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples: X has 240 rows, y has"):
        fitted.score(X, y[:9])
    with pytest.raises(ValueError, match="requires y to be passed"):
        CrossModalRegressor(target=TARGET).fit(X, None)


def test_rows_without_any_target_are_refused(several):
    X, y = several
    there = np.arange(N) > 3
    frame = MultiModalFrame({"a": y["kind"], "b": y["words"]}, present={"a": there, "b": there})
    with pytest.raises(ModalityError, match=r"CrossModalRegressor: target: 4 samples have none of"):
        CrossModalRegressor(**QUICK).fit(X, frame)
