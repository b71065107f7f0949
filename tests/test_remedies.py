"""Messages that name what is wrong first, and what to do."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_crossmodal import (
    AutoFusionClassifier,
    BatchedGridSearchCV,
    BatchedRandomizedSearchCV,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
    MultiModalImputer,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import Numeric
from sklearn_crossmodal.utils.discovery import all_estimators, reserved_names

N = 40
RNG = np.random.default_rng(0)
Y = np.arange(N) % 2
TABLE = RNG.normal(size=(N, 3))
PICTURES = RNG.integers(0, 255, (N, 4, 4), dtype=np.uint8)
X = {"a": TABLE, "p": PICTURES}
QUICK = {"max_epochs": 1, "random_state": 0}
ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("search", [BatchedGridSearchCV, BatchedRandomizedSearchCV])
def test_our_searches_take_a_plain_dict(search):
    extra = {} if search is BatchedGridSearchCV else {"n_iter": 2, "random_state": 0}
    clf = FusionClassifier(**QUICK)
    found = search(clf, {"learning_rate": [1e-3, 1e-2]}, cv=2, **extra).fit(X, Y)
    same = search(clf, {"learning_rate": [1e-3, 1e-2]}, cv=2, **extra).fit(MultiModalFrame(X), Y)
    assert found.best_score_ == same.best_score_
    assert found.predict(X).shape == Y.shape


def test_those_of_scikit_learn_take_it_as_a_frame_and_the_docs_say_so():
    for tool in (
        lambda some: cross_val_score(FusionClassifier(**QUICK), some, Y, cv=2),
        lambda some: GridSearchCV(FusionClassifier(**QUICK), {"tol": [1.0]}, cv=2).fit(some, Y),
        lambda some: train_test_split(some, Y),
    ):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            tool(X)
        tool(MultiModalFrame(X))
    for page in ("README.md", "docs/user_guide/data.rst", "docs/user_guide/searching.rst"):
        text = " ".join((ROOT / page).read_text().split())
        assert re.search(r"dict[^.]*MultiModalFrame\(X\)|MultiModalFrame\(X\)[^.]*dict", text)
    for _, estimator in all_estimators():
        takes = estimator.fit.__doc__ or ""
        if "mapping, array-like}" in takes and "Batched" not in estimator.__name__:
            assert "``MultiModalFrame(X)``" in " ".join(takes.split()), estimator


@pytest.mark.parametrize(
    "frame", [MultiModalFrame({"n": Y, "p": PICTURES}), MultiModalFrame({"t": ["a b", "c"] * 20})]
)
def test_a_scaler_before_a_frame_that_is_no_table_of_numbers(frame):
    name = list(frame)[-1]  # the others are flat numbers
    with pytest.raises(ValueError, match=rf"columns \['{name}'\] of a MultiModalFrame.*themselves"):
        make_pipeline(StandardScaler(), FusionClassifier(**QUICK)).fit(frame, Y)
    numbers = MultiModalFrame({"a": TABLE[:, 0], "b": TABLE[:, 1]})
    assert np.asarray(numbers, dtype=float).shape == (N, 2)
    make_pipeline(StandardScaler(), FusionClassifier(**QUICK)).fit(numbers, Y)


@pytest.mark.parametrize(
    "estimator",
    [
        FusionClassifier(**QUICK),
        FusionRegressor(**QUICK),
        MultiModalAutoencoder(**QUICK),
        CrossModalRegressor(**QUICK),
        MultiModalImputer(),
        AutoFusionClassifier(),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_entry_that_is_none_is_named(estimator):
    with pytest.raises(TypeError, match=r"columns \['p'\] are None: leave them out where no"):
        estimator.fit({"a": TABLE, "p": None}, Y)
    if type(estimator) is FusionClassifier:
        fitted = estimator.fit(X, Y)
        with pytest.raises(TypeError, match=r"FusionClassifier: columns \['p'\] are None"):
            fitted.predict({"a": TABLE, "p": None})
        assert fitted.predict({"a": TABLE}).shape == Y.shape


@pytest.mark.parametrize("value", [3, "text", b"bytes", 1.5])
def test_a_column_that_is_one_value_is_named(value):
    expected = f"one value for each sample, got {{'b': '{type(value).__name__}'"
    with pytest.raises(TypeError, match=re.escape(expected)):
        MultiModalFrame({"a": TABLE, "b": value})


def test_three_rows_are_enough_or_the_remedy_is_named():
    three = {name: values[:3] for name, values in X.items()}
    for estimator in (FusionClassifier(**QUICK), FusionRegressor(**QUICK)):
        estimator.fit(three, [0, 1, 0])
    MultiModalAutoencoder(**QUICK).fit(three)
    with pytest.raises(ValueError, match=r"one class, \[0\], .* \{0: 2, 1: 1\}: give at least two"):
        AutoFusionClassifier(random_state=0).fit(three, [0, 1, 0])


@pytest.mark.parametrize("name", sorted(reserved_names()))
@pytest.mark.parametrize("estimator", [FusionClassifier, MultiModalAutoencoder])
def test_a_reserved_name_comes_first_and_another_is_suggested(name, estimator):
    entries = [(name, Numeric(), "a"), ("b", "numeric", "a")]
    with pytest.raises(ModalityError) as caught:
        estimator(entries, max_epochs=1).fit({"a": TABLE[:12]}, Y[:12])
    message = str(caught.value)
    start = f"{estimator.__name__}: modality {name!r} needs another name, such as '"
    assert message.startswith(start)
    assert len(message) < 180
    other = message[len(start) :].split("'")[0]
    estimator([(other, Numeric(), "a"), ("b", "numeric", "a")], max_epochs=1).fit(
        {"a": TABLE[:12]}, Y[:12]
    )


class Further(FusionClassifier):
    """An estimator of a user, with a parameter of its own."""

    def __init__(self, modalities=None, *, strength=1.0, max_epochs=1, random_state=None):
        super().__init__(modalities, max_epochs=max_epochs, random_state=random_state)
        self.strength = strength


def test_a_parameter_of_a_users_own_estimator_is_reserved_there_alone():
    entries = [("strength", Numeric(), "a"), ("b", "numeric", "a")]
    X = {"a": TABLE[:12]}
    with pytest.raises(ModalityError, match="Further: modality 'strength' needs another name"):
        Further(entries).fit(X, Y[:12])
    with pytest.raises(ModalityError, match="Further: modality 'strength' needs another name"):
        Further({"strength": "a"}).fit(X, Y[:12])
    FusionClassifier(entries, max_epochs=1).fit(X, Y[:12])


@pytest.mark.parametrize(
    ("names", "other"),
    [(("a__b", "c"), "a_b"), (("", "c"), "data"), (("a", "a"), "a_2"), (("__", "c"), "data")],
)
def test_other_names_that_do_not_do(names, other):
    entries = [(name, "numeric", "a") for name in names]
    with pytest.raises(ModalityError, match=f"modality '{names[0]}' needs .* such as '{other}'"):
        FusionClassifier(entries).fit(X, Y)
