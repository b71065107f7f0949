import numpy as np
import pytest
from joblib import parallel_config
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal import (
    BatchedGridSearchCV,
    BatchedRandomizedSearchCV,
    Categorical,
    FusionClassifier,
    FusionRegressor,
    Image,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
)
from sklearn_crossmodal.modalities import ModalityBank
from sklearn_crossmodal.model_selection import _trained
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.nn.fusion import ConcatFusion
from sklearn_crossmodal.training._vectorized import _fit_loop

N = 99  # too few for networks by fold


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    frame = MultiModalFrame(
        {
            "a": rng.normal(size=(N, 4)),
            "b": rng.normal(size=(N, 3)),
            "color": rng.choice(["red", "green", "blue"], size=N),
        }
    )
    return frame


@pytest.fixture(scope="module")
def y(X):
    return np.where(X["a"][:, 0] + X["b"][:, 0] > 0, "up", "down")


@pytest.fixture(scope="module")
def numbers(X):
    return X["a"][:, 0] + X["b"][:, 0]


def listed():
    return [
        ("a", Numeric(encoder=MLPEncoder(8)), "a"),
        ("b", Numeric(encoder=MLPEncoder(8)), "b"),
        ("color", Categorical(), "color"),
    ]


def classifier(**params):
    plain = {"max_epochs": 3, "batch_size": 33, "random_state": 0, "dtype": "float64"}
    return FusionClassifier(listed(), fusion=ConcatFusion(width=8), **(plain | params))


def assert_same_search(ours, theirs):
    """Compare all but times, and the weights of the best."""
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    for name, found in ours.cv_results_.items():
        if name.endswith("_time"):
            assert np.all(found >= 0)
        elif name.startswith("param"):
            assert list(map(str, found)) == list(map(str, theirs.cv_results_[name]))
        else:
            np.testing.assert_allclose(found, theirs.cv_results_[name], atol=1e-5, err_msg=name)
    fitted = {name for name in vars(theirs) if name.endswith("_")}
    assert fitted == {name for name in vars(ours) if name.endswith("_")}
    if hasattr(theirs, "best_estimator_"):
        assert type(ours.best_estimator_) is type(theirs.best_estimator_)
        assert str(ours.best_params_) == str(theirs.best_params_)
        weights = theirs.best_estimator_.network_.state_dict()
        for name, weight in ours.best_estimator_.network_.state_dict().items():
            np.testing.assert_allclose(weight.numpy(), weights[name].numpy(), atol=1e-5)


def search_both(estimator, grid, X, y=None, fit_params=None, **params):
    params = {"cv": 2, "error_score": "raise", **params}
    ours = BatchedGridSearchCV(estimator, grid, **params).fit(X, y, **(fit_params or {}))
    theirs = GridSearchCV(clone(estimator), grid, **params).fit(X, y, **(fit_params or {}))
    assert_same_search(ours, theirs)
    return ours


@pytest.fixture
def stacks(monkeypatch):
    """Return a list that gets the number of nets of each stack."""
    found, inner = [], _fit_loop.Stack
    monkeypatch.setattr(_fit_loop, "Stack", lambda nets: found.append(len(nets)) or inner(nets))
    return found


GRIDS = {
    "rates and decays": {"learning_rate": [1e-3, 1e-2], "weight_decay": [0.0, 0.1]},
    "dropout": {"a__encoder__dropout": [0.0, 0.3], "fusion__dropout": [0.0, 0.5]},
    "seeds": {"random_state": [0, 1, 2]},
    "modality dropout": {"modality_dropout": [0.1, 0.4]},
    "epochs and schedules": {
        "max_epochs": [2, 5],
        "learning_rate_schedule": ["cosine", "constant"],
    },
    "optimizers": {"optimizer": ["adam", "adamw"]},
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_results_are_those_of_grid_search_from_one_stack(X, y, grid, stacks):
    search = search_both(classifier(), grid, X, y, return_train_score=True)
    assert stacks[0] == 2 * len(search.cv_results_["params"])


@pytest.mark.slow
def test_float32_gives_the_same_results(X, y):
    search_both(classifier(dtype="float32"), GRIDS["rates and decays"], X, y)


@pytest.mark.slow
def test_each_candidate_stops_early_by_itself(X, y):
    estimator = classifier(validation=0.15, n_iter_no_change=2, max_epochs=12)
    grid = {"learning_rate": [1e-3, 0.3], "tol": [0.0, 1e-2]}
    search_both(estimator, grid, X, y, scoring="neg_log_loss")


def test_folds_differ_in_size(X, y, stacks):
    search_both(classifier(), {"learning_rate": [1e-3, 1e-2]}, X, y, cv=KFold(7))
    assert stacks == [14]


@pytest.mark.slow
def test_rows_without_a_modality(X, y):
    gaps = X.copy()
    rng = np.random.default_rng(1)
    gaps["a"] = [None if rng.random() < 0.3 else row for row in X["a"]]
    for modality_dropout in (0.0, 0.3):
        estimator = classifier(modality_dropout=modality_dropout)
        search_both(estimator, {"learning_rate": [1e-3, 1e-2]}, gaps, y)


@pytest.mark.slow
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_weights_of_samples_and_classes(X, y, class_weight):
    weight = np.random.default_rng(0).integers(0, 3, N).astype(float)
    estimator = classifier(class_weight=class_weight)
    grid = {"learning_rate": [1e-3, 1e-2]}
    search_both(estimator, grid, X, y, fit_params={"sample_weight": weight})


@pytest.mark.slow
def test_class_weights_of_the_grid_are_each_candidate_s_own(X, y):
    search_both(classifier(), {"class_weight": [None, {"up": 5.0}]}, X, y)


@pytest.mark.slow
def test_regression(X, numbers, stacks):
    estimator = FusionRegressor(listed(), max_epochs=5, batch_size=16, random_state=0)
    search_both(estimator, {"learning_rate": [1e-3, 1e-2]}, X, numbers, scoring="r2")
    assert stacks == [4]


@pytest.mark.slow
def test_autoencoder(X, stacks):
    estimator = MultiModalAutoencoder(
        listed(), n_components=2, max_epochs=5, batch_size=16, random_state=0
    )
    search_both(estimator, {"learning_rate": [1e-3, 1e-2]}, X)
    assert stacks == [4]


@pytest.mark.slow
def test_several_metrics_and_refit_by_name(X, y):
    grid = {"fusion__dropout": [0.0, 0.5]}
    scoring = {"right": make_scorer(accuracy_score), "loss": "neg_log_loss"}
    for refit in ("loss", False, lambda results: int(np.argmin(results["mean_test_loss"]))):
        search_both(classifier(), grid, X, y, scoring=scoring, refit=refit)


@pytest.mark.slow
def test_architectures_are_groups_of_their_own(X, y, stacks):
    grid = {"a__encoder__width": [4, 6], "learning_rate": [1e-3, 1e-2]}
    search_both(classifier(), grid, X, y)
    assert stacks == [4, 4]


@pytest.mark.slow
def test_preprocessing_that_the_grid_changes_is_not_shared(X, y):
    grid = {"a__scaling": ["standard", None], "a__encoder__dropout": [0.0, 0.2]}
    search_both(classifier(), grid, X, y)


def test_a_fold_is_read_once_for_all_candidates(X, y, monkeypatch):
    calls, inner = [], ModalityBank.fit_transform
    monkeypatch.setattr(
        ModalityBank,
        "fit_transform",
        lambda self, *args, **flags: calls.append(1) or inner(self, *args, **flags),
    )
    search = BatchedGridSearchCV(classifier(), GRIDS["dropout"], cv=3, refit=False)
    search.fit(X, y)
    assert len(calls) == 3


@pytest.mark.slow
def test_modalities_that_are_inferred(X, y, stacks):
    estimator = FusionClassifier(max_epochs=3, batch_size=16, random_state=0)
    search_both(estimator, {"learning_rate": [1e-3, 1e-2]}, X, y)
    assert stacks == [4]


def test_splitters_that_draw_split_once(X, y):
    cv = StratifiedKFold(3, shuffle=True, random_state=np.random.RandomState(0))
    search = BatchedGridSearchCV(classifier(), {"learning_rate": [1e-2, 1e-2]}, cv=cv).fit(X, y)
    results = search.cv_results_
    for fold in range(3):
        first, second = results[f"split{fold}_test_score"]
        assert first == pytest.approx(second)


@pytest.mark.slow
def test_groups_go_to_the_splitter(X, y):
    groups = np.arange(N) % 5
    params = {"fit_params": {"groups": groups}, "cv": GroupKFold(3)}
    search_both(classifier(), {"learning_rate": [1e-3, 1e-2]}, X, y, **params)


@pytest.mark.slow
def test_metadata_routing(X, y):
    weight = np.random.default_rng(0).random(N)
    with config_context(enable_metadata_routing=True):
        estimator = classifier().set_fit_request(sample_weight=True)
        estimator.set_score_request(sample_weight=True)
        groups = np.arange(N) % 5
        fit_params = {"sample_weight": weight, "groups": groups}
        grid = {"learning_rate": [1e-3, 1e-2]}
        search_both(estimator, grid, X, y, fit_params, cv=GroupKFold(3))


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_workers_give_the_same_results(X, y, backend):
    with parallel_config(backend=backend):
        search_both(classifier(), GRIDS["rates and decays"], X, y, n_jobs=2)


@pytest.mark.slow
def test_randomized_search(X, y, stacks):
    rates = {"learning_rate": loguniform(1e-4, 1e-1)}
    params = {"n_iter": 4, "cv": 3, "random_state": 0}
    ours = BatchedRandomizedSearchCV(classifier(), rates, **params).fit(X, y)
    theirs = RandomizedSearchCV(classifier(), rates, **params).fit(X, y)
    assert_same_search(ours, theirs)
    assert stacks == [12]


# Errors and what is not batched ------------------------------------------------------------------


def test_a_candidate_that_fails_gets_the_error_score(X, y):
    grid = {"learning_rate": [1e-2, -1.0]}
    for kind in (BatchedGridSearchCV, GridSearchCV):
        search = kind(classifier(), grid, cv=3)
        failed = pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6")
        with failed, pytest.warns(UserWarning, match="non-finite"):
            search.fit(X, y)
        assert np.isnan(search.cv_results_["mean_test_score"][1])
        assert search.best_params_ == {"learning_rate": 1e-2}


def test_a_candidate_that_diverges_fails_alone(X, y):
    grid = {"learning_rate": [1e-2, 1e300]}
    search = BatchedGridSearchCV(classifier(), grid, cv=3)
    failed = pytest.warns(FitFailedWarning, match="Training diverged")
    with failed, pytest.warns(UserWarning, match="non-finite"):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    alone = GridSearchCV(classifier(), {"learning_rate": [1e-2]}, cv=3).fit(X, y)
    assert search.best_score_ == pytest.approx(alone.best_score_)


def test_an_error_is_raised_if_it_is_to_be(X, y):
    search = BatchedGridSearchCV(classifier(), {"learning_rate": [-1.0]}, cv=3, error_score="raise")
    with pytest.raises(ValueError, match="learning_rate"):
        search.fit(X, y)
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        BatchedGridSearchCV(classifier(), {"depth": [1]}).fit(X, y)


class OwnFit(FusionClassifier):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y[::-1], sample_weight)


OTHERS = {
    "is not an estimator of sklearn_crossmodal": make_pipeline(
        FunctionTransformer(lambda X: X["a"]), LogisticRegression()
    ),
    "overrides `fit`": OwnFit(max_epochs=2, random_state=0),
}


@pytest.mark.parametrize(("reason", "estimator"), OTHERS.items(), ids=OTHERS)
def test_other_estimators_are_searched_as_ever(X, y, reason, estimator, capsys):
    name = "functiontransformer__validate" if hasattr(estimator, "steps") else "learning_rate"
    grid = {name: [False]} if hasattr(estimator, "steps") else {name: [1e-3]}
    search = BatchedGridSearchCV(estimator, grid, cv=3, verbose=1).fit(X, y)
    assert f"{reason}; candidates are fitted one after another" in capsys.readouterr().out
    theirs = GridSearchCV(estimator, grid, cv=3).fit(X, y)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"]
    )


@pytest.mark.slow
def test_candidates_that_do_not_stack_are_trained_one_after_another_and_named(X, y, stacks, capsys):
    grid = {"optimizer": ["sgd", "adam"], "learning_rate": [1e-3, 1e-2]}
    search_both(classifier(), grid, X, y, verbose=1)
    assert stacks == [4]
    assert "4 networks are trained one after another: the optimizer" in capsys.readouterr().out


def test_convolutions_are_trained_one_after_another(stacks):
    rng = np.random.default_rng(0)
    frame = MultiModalFrame({"photo": Image.example(30, rng), "a": rng.normal(size=(30, 2))})
    y = frame["a"][:, 0] > 0
    estimator = FusionClassifier(max_epochs=2, random_state=0)
    search_both(estimator, {"learning_rate": [1e-3, 1e-2]}, frame, y, cv=2)
    assert stacks == []


def test_large_networks_that_do_not_stack_wait_for_the_search(X, y, monkeypatch):
    monkeypatch.setattr(_trained, "LARGE", 10)
    fits, inner = [], FusionClassifier._fit
    monkeypatch.setattr(
        FusionClassifier, "_fit", lambda self, *a, **k: fits.append(1) or inner(self, *a, **k)
    )
    search = BatchedGridSearchCV(classifier(), {"optimizer": ["sgd", "adam"]}, cv=3).fit(X, y)
    assert len(fits) == 3 + 1  # those of "sgd", and the refit
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))


# The interface of scikit-learn -------------------------------------------------------------------


def test_the_search_is_an_estimator_of_scikit_learn(X, y):
    search = BatchedGridSearchCV(classifier(), {"learning_rate": [1e-3, 1e-2]}, cv=3, n_jobs=1)
    before = search.get_params()
    assert isinstance(search, GridSearchCV)
    copied = clone(search)
    check_is_fitted(search.fit(X, y))
    after = search.get_params()
    assert {name: str(value) for name, value in before.items()} == {
        name: str(value) for name, value in after.items()
    }
    assert search.estimator is before["estimator"]
    assert not hasattr(search.estimator, "net_")
    assert not hasattr(copied, "cv_results_")
    assert search.predict(X).shape == (N,)
    assert search.predict_proba(X).shape == (N, 2)
    assert list(search.classes_) == ["down", "up"]
    assert search.score(X, y) == pytest.approx(accuracy_score(y, search.predict(X)))
    assert search.n_features_in_ == 3


def test_a_second_fit_replaces_the_first(X, y):
    search = BatchedGridSearchCV(classifier(), {"learning_rate": [1e-3, 1e-2]}, cv=3).fit(X, y)
    again = search.set_params(param_grid={"learning_rate": [1e-2]}).fit(X, y)
    assert again is search
    assert len(search.cv_results_["params"]) == 1
    assert search._batch is None


def test_fits_take_their_share_of_the_time(X, y):
    search = BatchedGridSearchCV(classifier(), {"learning_rate": [1e-3, 1e-2]}, cv=3).fit(X, y)
    assert np.all(search.cv_results_["mean_fit_time"] > 0)
    assert np.all(search.cv_results_["mean_score_time"] > 0)


def test_a_scorer_sees_an_estimator_of_the_class_that_was_given(X, y):
    seen = []

    def score(estimator, X, y):
        seen.append((type(estimator), estimator.get_params()["learning_rate"]))
        return estimator.score(X, y)

    grid = {"learning_rate": [1e-3, 1e-2]}
    BatchedGridSearchCV(classifier(), grid, cv=2, scoring=score, refit=False).fit(X, y)
    assert seen == [(FusionClassifier, rate) for rate in (1e-3, 1e-3, 1e-2, 1e-2)]


@pytest.mark.slow
def test_a_nested_search(X, y):
    from sklearn.model_selection import cross_val_score

    search = BatchedGridSearchCV(classifier(), {"learning_rate": [1e-3, 1e-2]}, cv=2)
    scores = cross_val_score(search, X, y, cv=2)
    theirs = cross_val_score(GridSearchCV(classifier(), search.param_grid, cv=2), X, y, cv=2)
    np.testing.assert_allclose(scores, theirs, atol=1e-5)
