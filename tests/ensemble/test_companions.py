"""The contract of companions, held by every one that is registered, and how "auto" takes them."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.utils.validation import has_fit_parameter

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
)
from sklearn_crossmodal.ensemble.companions import COMPANIONS, Companion, CompanionSpec

N = 150
SPEC = CompanionSpec(n_rows=N, n_outputs=1, random_state=0)
X = np.random.default_rng(0).normal(size=(N, 4))
NUMBERS = X @ [1.0, 2.0, -1.0, 0.0]
PAIRS = np.column_stack([NUMBERS, 100 * X[:, 3]])
LABELS = np.array(["low", "mid", "top"])[np.digitize(NUMBERS, [-1.0, 1.0])]


class InContext(BaseEstimator):
    """A stand-in for TabICL, whose weights come from a hub: it too takes no weights of samples."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.model_ = self._model().fit(X, y)
        self.classes_ = getattr(self.model_, "classes_", None)
        return self

    def predict(self, X):
        return self.model_.predict(X)


class InContextClassifier(ClassifierMixin, InContext):
    _model = KNeighborsClassifier

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


class InContextRegressor(RegressorMixin, InContext):
    _model = KNeighborsRegressor


TABICL = SimpleNamespace(TabICLClassifier=InContextClassifier, TabICLRegressor=InContextRegressor)


@pytest.fixture(autouse=True)
def tabicl(monkeypatch):
    monkeypatch.setitem(sys.modules, "tabicl", TABICL)


def having(task, *, weights=False):
    """Each registered companion that has an estimator for a task, or one that takes weights."""
    names = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tabicl", TABICL)
        for name, companion in COMPANIONS.items():
            model = getattr(companion(), task)(SPEC)
            if model is not None and (not weights or has_fit_parameter(model, "sample_weight")):
                names.append(name)
    return pytest.mark.parametrize("name", names)


def of_numbers(*, weights=False):
    """Each registered companion with the targets that it has a regressor for."""
    pairs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tabicl", TABICL)
        for name, companion in COMPANIONS.items():
            for label, y in (("one", NUMBERS), ("several", PAIRS)):
                model = companion().regressor(spec_of(y))
                if model is not None and (not weights or has_fit_parameter(model, "sample_weight")):
                    pairs.append(pytest.param(name, y, id=f"{label}-{name}"))
    return pytest.mark.parametrize(("name", "y"), pairs)


def spec_of(y):
    return CompanionSpec(n_rows=N, n_outputs=1 if y.ndim == 1 else y.shape[1], random_state=0)


def tables(companion):
    """Return the forms in which a companion may get its features."""
    return [X] if companion.n_components is not None else [X, sparse.csr_array(X)]


@pytest.mark.parametrize("name", COMPANIONS)
def test_it_serves_a_task_and_says_for_which_rows_and_features(name):
    companion = COMPANIONS[name]
    assert issubclass(companion, Companion)
    assert companion().classifier(SPEC) is not None or companion().regressor(SPEC) is not None
    assert companion.n_components is None or companion.n_components > 0
    assert companion.min_rows <= companion.max_rows


@having("classifier")
def test_a_classifier_gives_probabilities_of_the_sorted_classes(name):
    companion = COMPANIONS[name]()
    for table in tables(companion):
        model = companion.classifier(SPEC).fit(table, LABELS)
        assert model.classes_.tolist() == ["low", "mid", "top"]
        probabilities = model.predict_proba(table)
        assert probabilities.shape == (N, 3)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        assert (model.classes_[probabilities.argmax(axis=1)] == LABELS).mean() > 0.8


@of_numbers()
def test_a_regressor_predicts_one_number_or_several(name, y):
    companion = COMPANIONS[name]()
    for table in tables(companion):
        model = companion.regressor(spec_of(y)).fit(table, y)
        assert model.predict(table).shape == y.shape
        assert r2_score(y, model.predict(table), multioutput="raw_values").min() > 0.6


# Each row is there twice, with the truth and with its opposite: only weights tell which is which.
TWICE = np.concatenate([X, X])
WEIGHT = np.repeat([1.0, 0.01], N)


@pytest.mark.slow
@having("classifier", weights=True)
def test_a_classifier_respects_weights(name):
    labels = (NUMBERS > 0).astype(int)
    model, y = COMPANIONS[name]().classifier(SPEC), np.concatenate([labels, 1 - labels])
    for weight, low, high in ((WEIGHT, 0.7, 1), (None, 0.4, 0.6)):
        probabilities = clone(model).fit(TWICE, y, sample_weight=weight).predict_proba(X)
        assert low <= probabilities[np.arange(N), labels].mean() <= high


@of_numbers(weights=True)
def test_a_regressor_respects_weights(name, y):
    model, both = COMPANIONS[name]().regressor(spec_of(y)), np.concatenate([y, -y])
    for weight, low, high in ((WEIGHT, 0.6, 1), (None, -0.2, 0.2)):
        predictions = clone(model).fit(TWICE, both, sample_weight=weight).predict(X)
        scores = r2_score(y, predictions, multioutput="raw_values")
        assert low <= scores.min() <= scores.max() <= high


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPANIONS)
def test_the_same_seed_gives_the_same_predictions(name):
    companion = COMPANIONS[name]()
    for build, y in ((companion.classifier, LABELS), (companion.regressor, NUMBERS)):
        if build(SPEC) is not None:
            first, second = (build(SPEC).fit(X, y).predict(X) for _ in range(2))
            np.testing.assert_array_equal(first, second)


# What "auto" stands for ---------------------------------------------------------------------------


def fitted(kind, **params):
    settings = {"cv": 2, "random_state": 0, **params}
    modalities = {"left": [0, 1], "right": [2, 3]}
    if kind == "classes":
        network = FusionClassifier(n_folds=None, max_epochs=1)
        return AutoFusionClassifier(modalities, estimator=network, **settings).fit(X, LABELS)
    network = FusionRegressor(n_folds=None, max_epochs=1)
    return AutoFusionRegressor(modalities, estimator=network, **settings).fit(X, NUMBERS)


def names_of(model):
    """Return the companions over all modalities."""
    names = set(model.leaderboard_["model"]) - {"joint", "fused"}
    return {name for name in names if "(" not in name}


@pytest.fixture
def registry(monkeypatch):
    """Return the registry, with nothing but a quick companion for both tasks."""
    for name in list(COMPANIONS):
        monkeypatch.delitem(COMPANIONS, name)
    monkeypatch.setitem(COMPANIONS, "quick", Quick)
    return COMPANIONS


class Quick(Companion):
    """Linear models."""

    def classifier(self, spec):
        return LogisticRegression()

    def regressor(self, spec):
        return Ridge()


class NaiveBayes(Companion):
    """A companion for classes alone."""

    def classifier(self, spec):
        return GaussianNB()


class ForMany(Quick):
    min_rows = N + 1


class ForFew(Quick):
    max_rows = N - 1


class ForJustThese(Quick):
    min_rows = max_rows = N


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_all_default_companions_are_fitted(kind):
    default = {name for name, one in COMPANIONS.items() if one.is_default}
    assert names_of(fitted(kind)) == default == set(COMPANIONS) - {"tabicl"}


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_companions_are_chosen_by_name(kind):
    model = fitted(kind, companions=["linear", "tabicl"])
    assert names_of(model) == {"linear", "tabicl"}


def test_quick_companions_are_fitted_on_each_modality_alone_too():
    names = fitted("classes", companions=["linear", "extra_trees"]).leaderboard_["model"]
    assert {name for name in names if "(" in name} == {"linear (left)", "linear (right)"}


def test_an_unknown_name_says_which_are_known():
    with pytest.raises(ValueError, match=r"AutoFusionClassifier: .* \['forest'\].*'linear'"):
        fitted("classes", companions=["forest"])


def test_a_companion_whose_package_is_missing_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tabicl", None)
    with pytest.raises(ImportError, match=r"AutoFusionClassifier: .*pip install .*tabicl"):
        fitted("classes", companions=["tabicl"])


def test_a_companion_without_an_estimator_for_the_task_is_left_out(registry, monkeypatch):
    monkeypatch.setitem(registry, "bayes", NaiveBayes)
    assert names_of(fitted("classes")) == {"quick", "bayes"}
    assert names_of(fitted("numbers")) == {"quick"}


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_a_companion_is_left_out_where_rows_are_too_few_or_too_many(kind, registry, monkeypatch):
    for one in (ForMany, ForFew, ForJustThese):
        monkeypatch.setitem(registry, one.__name__, one)
    assert names_of(fitted(kind)) == {"quick", "ForJustThese"}


def test_a_row_without_weight_does_not_count_for_the_number_of_rows(registry, monkeypatch):
    monkeypatch.setitem(registry, "few", ForFew)
    model = AutoFusionClassifier(
        estimator=FusionClassifier(n_folds=None, max_epochs=1), cv=2, random_state=0
    )
    weight = np.r_[0, np.ones(N - 1)]
    assert "few" in model.fit(X, LABELS, sample_weight=weight).leaderboard_["model"]
    assert "few" not in model.fit(X, LABELS).leaderboard_["model"]


def test_a_companion_gets_as_many_components_as_it_names(registry, monkeypatch):
    widths = {}

    class Noting(LogisticRegression):
        def __init__(self, name=None):
            super().__init__()
            self.name = name

        def fit(self, X, y, sample_weight=None):
            widths[self.name] = X.shape[1]
            return super().fit(X, y, sample_weight)

    class Narrow(Companion):
        n_components = 2

        def classifier(self, spec):
            return Noting("narrow")

    class All(Companion):
        n_components = None

        def classifier(self, spec):
            return Noting("all")

    monkeypatch.setitem(registry, "narrow", Narrow)
    monkeypatch.setitem(registry, "all", All)
    words = np.array(["good", "bad", "film", "plot", "actor", "dull", "nice", "awful"])
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, 4)) for _ in LABELS]
    model = AutoFusionClassifier(
        {"words": ["words"]}, estimator=FusionClassifier(n_folds=None, max_epochs=1), cv=2
    )
    model.fit({"words": np.array(texts)}, LABELS)
    assert widths["narrow"] == 2
    assert widths["all"] > 2
