"""Ridge regression beside the network of a cross-modal regressor."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from sklearn_crossmodal import CrossModalRegressor, Embedding, MultiModalFrame, Numeric, Text

QUICK = {"max_epochs": 20, "random_state": 0}


@pytest.fixture
def wide(rng):
    """Return many columns of a linear target, which a network on few rows does not find."""
    X = rng.normal(size=(1200, 120))
    Y = X @ rng.normal(size=(120, 4))
    return X, Y + rng.normal(size=Y.shape)


def paths_of(reg):
    networks = getattr(reg.network_, "networks", [reg.network_])
    return [path for network in networks for path in network.linear_paths]


@pytest.mark.slow
def test_what_is_linear_is_predicted_as_well_as_by_ridge(wide):
    X, Y = wide
    floor = RidgeCV(np.logspace(-1, 5, 25)).fit(X[:200], Y[:200]).score(X[200:], Y[200:])
    found = {}
    for linear_path in ("auto", False):
        reg = CrossModalRegressor(linear_path=linear_path, **QUICK).fit(X[:200], Y[:200])
        found[linear_path] = reg.score(X[200:], Y[200:])
        shares = [float(path.share) for path in paths_of(reg)]
        assert (len(shares) > 1 and max(shares) < 0.5) == (linear_path == "auto")
    assert found["auto"] > floor - 0.02
    assert found["auto"] > found[False] + 0.1


def test_what_is_not_linear_is_left_to_the_network(rng):
    X = rng.normal(size=(600, 3))
    y = np.abs(X[:, 0]) + np.abs(X[:, 1])
    settings = {"max_epochs": 30, "learning_rate": 0.01, "n_folds": None, "random_state": 0}
    answers = {}
    for linear_path in ("auto", False):
        reg = CrossModalRegressor(linear_path=linear_path, **settings)
        answers[linear_path] = reg.fit(X, y).predict(X)
    assert r2_score(y, answers["auto"]) > 0.9
    np.testing.assert_array_equal(answers["auto"], answers[False])


@pytest.mark.slow
def test_a_source_that_is_absent_at_random_does_not_lose_to_ridge_on_means(rng):
    z = rng.normal(size=(1200, 4))
    sources = {"a": z @ rng.normal(size=(4, 60)), "b": z @ rng.normal(size=(4, 40))}
    sources = {name: part + 3 * rng.normal(size=part.shape) for name, part in sources.items()}
    Y = 5 + z @ rng.normal(size=(4, 3)) + 2 * rng.normal(size=(1200, 3))
    there = rng.random(1200) < 0.6
    X = MultiModalFrame(sources, present={"b": there})
    reg = CrossModalRegressor([("a", Numeric(), "a"), ("b", Embedding(), "b")], **QUICK)
    reg.fit(X[:300], Y[:300])
    mean = sources["b"][:300][there[:300]].mean(axis=0)
    filled = np.hstack([sources["a"], np.where(there[:, np.newaxis], sources["b"], mean)])
    floor = RidgeCV(np.logspace(-1, 5, 25)).fit(filled[:300], Y[:300])
    assert reg.score(X[300:], Y[300:]) > floor.score(filled[300:], Y[300:]) - 0.02


@pytest.mark.slow
def test_targets_of_numbers_have_a_path_each_and_others_have_none(rng):
    X = MultiModalFrame({"a": rng.normal(size=(150, 3)), "words": np.array(["x y", "z"] * 75)})
    y = MultiModalFrame(
        {
            "n": X["a"] @ rng.normal(size=(3, 2)),
            "quantiles": X["a"][:, 0],
            "kind": np.where(X["a"][:, 1] > 0, "p", "q"),
        }
    )
    reg = CrossModalRegressor(loss={"quantiles": "quantile"}, n_folds=None, **QUICK).fit(X, y)
    (path,) = paths_of(reg)
    assert (path.target, path.sources, path.weight.shape) == ("n", ("a",), (2, 3))


def test_auto_leaves_out_sources_of_many_columns_and_of_none(rng):
    X = rng.normal(size=(120, 2001))
    reg = CrossModalRegressor(max_epochs=1, n_folds=None, random_state=0).fit(X, X[:, 0])
    assert not paths_of(reg)
    reg.set_params(linear_path=True).fit(X, X[:, 0])
    assert len(paths_of(reg)) == 1
    words = MultiModalFrame({"words": np.array(["x y", "z"] * 60)})
    assert not paths_of(reg.set_params(linear_path="auto").fit(words, X[:, 0]))


def test_a_later_fit_learns_the_path_anew(wide):
    X, Y = wide
    reg = CrossModalRegressor(warm_start=True, n_folds=None, **{**QUICK, "max_epochs": 2})
    reg.fit(X[:400], Y[:400])
    (path,), before = paths_of(reg), paths_of(reg)[0].weight.clone()
    assert float(path.share) < 1
    reg.fit(X[400:800], Y[400:800])
    assert not np.allclose(paths_of(reg)[0].weight, before)
    after = paths_of(reg)[0].weight.clone()
    reg.partial_fit(X[:400], Y[:400])
    assert np.array_equal(paths_of(reg)[0].weight, after)


@pytest.mark.parametrize(
    ("source", "target", "params", "message"),
    [
        ("words", "a", {}, "needs a modality that is numbers or an embedding"),
        ("a", "words", {}, "needs a target of numbers with a loss of their errors"),
        ("a", "a", {"loss": "quantile"}, "needs a target of numbers with a loss of their errors"),
        ("a", "a", {"validation": None}, "needs rows that are held out.*or n_folds"),
    ],
)
def test_a_path_that_cannot_be_is_refused(source, target, params, message, rng):
    data = {"a": rng.normal(size=(120, 3)), "words": np.array(["x y", "z"] * 60, dtype=object)}
    y = {"a": data["a"], "words": data["words"]}[target]
    settings = {"target": Text()} if target == "words" else {}
    reg = CrossModalRegressor(linear_path=True, max_epochs=1, **settings, **params)
    with pytest.raises(ValueError, match=f"CrossModalRegressor: linear_path=True {message}"):
        reg.fit(MultiModalFrame({source: data[source]}), y)


@pytest.mark.slow
def test_numbers_of_the_target_that_are_missing_take_nothing_from_the_others(wide):
    X, Y = wide
    Y = np.hstack([Y, Y @ np.random.default_rng(0).normal(size=(4, 20))])
    gaps = np.where(np.random.default_rng(1).random(Y.shape) < 0.05, np.nan, Y)
    found = {}
    for name, targets in {"whole": Y, "gaps": gaps}.items():
        reg = CrossModalRegressor(target={"y": slice(0, 24)}, **QUICK).fit(X[:200], targets[:200])
        found[name] = r2_score(Y[200:], reg.predict(X[200:])["y"])
    assert found["gaps"] > found["whole"] - 0.02


def test_going_on_without_rows_held_out_keeps_the_path(wide):
    X, Y = wide
    reg = CrossModalRegressor(n_folds=None, warm_start=True, **QUICK).fit(X[:200], Y[:200])
    before = [float(path.share) for path in paths_of(reg)]
    assert before[0] < 1
    reg.set_params(validation=None, max_epochs=1).fit(X[:200], Y[:200])
    assert [float(path.share) for path in paths_of(reg)] == before
