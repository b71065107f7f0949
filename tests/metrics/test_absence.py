"""The curve against the share of absent modalities, and its area, by closed forms."""

from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV, cross_validate

from sklearn_crossmodal import FusionClassifier, MultiModalFrame
from sklearn_crossmodal.data import as_table
from sklearn_crossmodal.datasets import make_multimodal_classification
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import absence_curve, area_under_absence_curve

SHARES = np.linspace(0, 1, 11)


class Watcher(BaseEstimator):
    """Scores the share of the modalities that are there, and keeps what it was shown."""

    def __init__(self):
        self.seen = []

    def score(self, X, y=None):
        if isinstance(X, np.ndarray):
            present = ~np.isnan(X)
        else:
            table = as_table(X)
            present = np.column_stack([table.presence(name) for name in table])
        self.seen.append(present)
        return present.mean()


def frame(n_rows, n_modalities):
    return MultiModalFrame({f"m{place}": np.ones((n_rows, 2)) for place in range(n_modalities)})


@pytest.mark.parametrize("n_modalities", [2, 3, 5])
def test_each_modality_goes_with_the_probability_asked_for_but_the_last(n_modalities):
    curve = absence_curve(Watcher(), frame(20_000, n_modalities), shares=SHARES, random_state=0)
    # Of M cells s M go on average, and one comes back where all would, with probability s^M.
    expected = SHARES - SHARES**n_modalities / n_modalities
    np.testing.assert_allclose(curve.absent, expected, atol=0.005)
    np.testing.assert_allclose(curve.mean, 1 - curve.absent)
    assert curve.scores.shape == (11, 5)


def test_each_sample_keeps_one_modality_and_at_share_one_no_more():
    watcher = Watcher()
    absence_curve(watcher, frame(200, 4), shares=SHARES, n_repeats=2, random_state=0)
    assert all(present.any(axis=1).all() for present in watcher.seen)
    assert watcher.seen[10].sum(axis=1).tolist() == [1] * 200
    assert 30 < watcher.seen[10][:, 0].sum() < 70  # not always the same one


def test_what_is_hidden_stays_hidden_at_larger_shares():
    watcher = Watcher()
    absence_curve(watcher, frame(200, 3), shares=SHARES, n_repeats=1, random_state=0)
    for less, more in zip(watcher.seen, watcher.seen[1:], strict=False):
        assert (less | ~more).all()


def test_what_is_absent_already_stays_so_and_counts():
    X = frame(300, 2)
    X = MultiModalFrame(dict(X.items()), present={"m0": np.arange(300) < 150})
    watcher = Watcher()
    curve = absence_curve(watcher, X, shares=(0, 1), n_repeats=1, random_state=0)
    assert curve.absent.tolist() == [0.25, 0.5]
    assert not watcher.seen[1][150:, 0].any()
    assert watcher.seen[1][150:, 1].all()


def test_nothing_is_scored_twice_where_nothing_is_hidden():
    watcher = Watcher()
    absence_curve(watcher, frame(50, 2), shares=(0, 0.5), n_repeats=3, random_state=0)
    assert len(watcher.seen) == 1 + 3


def test_the_area_is_that_of_the_closed_form():
    area = area_under_absence_curve(
        Watcher(), frame(20_000, 2), shares=np.linspace(0, 1, 41), n_repeats=1, random_state=0
    )
    # The integral of 1 - s + s^2 / 2.
    assert area == pytest.approx(2 / 3, abs=0.005)


def test_the_area_weighs_uneven_shares_and_is_divided_by_their_width():
    scores = iter([1.0, 0.8, 0.4])
    area = area_under_absence_curve(
        Watcher(),
        frame(10, 2),
        shares=(0.1, 0.2, 0.6),
        scoring=lambda estimator, X, y=None: next(scores),
        n_repeats=1,
    )
    assert area == pytest.approx((0.1 * 0.9 + 0.4 * 0.6) / 0.5)


TABLE = pd.DataFrame(np.ones((100, 3)), columns=["a1", "a2", "b"])
GROUPS = {"a": ["a1", "a2"], "b": "b"}


@pytest.mark.parametrize(
    ("X", "modalities"),
    [
        (TABLE, GROUPS),
        (pl.from_pandas(TABLE), GROUPS),
        (TABLE.to_numpy(), {"a": slice(0, 2), "b": [2]}),
        (TABLE, {"a": lambda X: [name for name in X if name != "b"], "b": [2]}),
        (MultiModalFrame({name: TABLE[name].to_numpy() for name in TABLE}), GROUPS),
        ({name: TABLE[name].to_numpy() for name in TABLE}, GROUPS),
    ],
)
def test_modalities_are_hidden_whole_in_any_container(X, modalities):
    watcher = Watcher()
    curve = absence_curve(
        watcher, X, shares=(0.5,), modalities=modalities, n_repeats=1, random_state=0
    )
    (present,) = watcher.seen
    assert (present[:, 0] == present[:, 1]).all()
    assert (present[:, 0] | present[:, 2]).all()
    assert curve.absent[0] == pytest.approx(1 - present[:, 1:].mean())
    assert 0.2 < curve.absent[0] < 0.5


def test_a_column_of_two_modalities_stays_while_one_of_them_does():
    watcher = Watcher()
    modalities = {"words": "a1", "letters": "a1", "b": "b"}
    absence_curve(watcher, TABLE[["a1", "b"]], shares=SHARES, modalities=modalities)
    assert all(present.any(axis=1).all() for present in watcher.seen)
    assert not watcher.seen[10].all(axis=1).any()


def test_a_modality_that_x_lacks_is_absent():
    curve = absence_curve(
        Watcher(), TABLE, shares=(0,), modalities={**GROUPS, "c": ["c1", "c2"]}, n_repeats=1
    )
    assert curve.absent[0] == pytest.approx(1 / 3)


def test_the_same_seed_hides_the_same_and_the_global_one_is_left_alone():
    before = np.random.get_state()[1].tolist()
    X = frame(100, 3)
    first, again = (absence_curve(Watcher(), X, random_state=3).absent for _ in range(2))
    other = absence_curve(Watcher(), X, random_state=None).absent
    assert first.tolist() == again.tolist() != other.tolist()
    assert np.random.get_state()[1].tolist() == before


@pytest.mark.parametrize("shares", [(), (0.5, 0.2), (0, 0), (-0.1, 0.5), (0.5, 1.1), [[0, 1]]])
def test_shares_that_do_not_rise_from_zero_to_one_are_refused(shares):
    with pytest.raises(ValueError, match="shares must increase"):
        absence_curve(Watcher(), frame(10, 2), shares=shares)


def test_what_cannot_be_hidden_is_refused():
    with pytest.raises(ValueError, match=r"only the modality \['m0'\]"):
        absence_curve(Watcher(), frame(10, 1))
    with pytest.raises(ModalityError, match=r"Watcher has no modalities_.*modalities=\{name"):
        absence_curve(Watcher(), TABLE)
    matrix, columns = sparse.eye(9, format="csr"), {"a": [0], "b": slice(1, 9)}
    with pytest.raises(TypeError, match="Watcher: a sparse matrix has no absent cells"):
        absence_curve(Watcher(), matrix, shares=[0.5], modalities=columns)
    with pytest.raises(ValueError, match="two shares at least"):
        area_under_absence_curve(Watcher(), frame(10, 2), shares=[0.5])


def problem():
    return make_multimodal_classification(
        240, n_modalities=3, n_features=3, class_sep=3, random_state=0
    )


@pytest.mark.slow
@pytest.mark.parametrize("as_frame", [False, True])
def test_the_area_is_a_scorer_in_cross_validate(as_frame):
    X, y = make_multimodal_classification(
        240, n_modalities=3, n_features=3, class_sep=3, as_frame=as_frame, random_state=0
    )
    clf = FusionClassifier(n_folds=None, max_epochs=10, random_state=0)
    area = partial(area_under_absence_curve, random_state=0)
    scoring = {"accuracy": "accuracy", "area": area, "auc": partial(area, scoring="roc_auc")}
    scores = cross_validate(clf, X, y, scoring=scoring, cv=3)
    assert (scores["test_accuracy"] > scores["test_area"]).all()
    assert (scores["test_area"] > 0.6).all()
    assert (scores["test_auc"] > scores["test_area"]).all()


class Blind(ClassifierMixin, BaseEstimator):
    """Looks at one modality only, and guesses where it is absent."""

    def __init__(self, modality="m0"):
        self.modality = modality

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        seen = X.presence(self.modality)
        shown = np.nan_to_num(np.asarray(X[self.modality])[:, 0]).astype(int)
        return np.where(seen, shown, 0)


def test_a_grid_search_chooses_by_the_area():
    y = np.arange(200) % 2
    X = MultiModalFrame({"m0": y[:, np.newaxis], "m1": 1 - y[:, np.newaxis]})
    search = GridSearchCV(
        Blind(),
        {"modality": ["m1", "m0"]},
        scoring=partial(area_under_absence_curve, shares=(0, 1), random_state=0),
        cv=2,
    ).fit(X, y)
    assert search.best_params_ == {"modality": "m0"}
    # All right at first; at the end half of the samples lack it, and half of those are guessed.
    assert search.best_score_ == pytest.approx((1 + 0.75) / 2, abs=0.05)


def test_estimators_of_others_are_scored_on_tables():
    X, y = problem()
    table = np.hstack([X[name] for name in X])
    columns = {name: slice(3 * place, 3 * place + 3) for place, name in enumerate(X)}
    trees = HistGradientBoostingClassifier(max_iter=20).fit(table[:120], y[:120])
    curve = absence_curve(
        trees, table[120:], y[120:], shares=(0, 1), modalities=columns, random_state=0
    )
    assert curve.mean[0] == trees.score(table[120:], y[120:])
    assert curve.mean[1] < curve.mean[0]
