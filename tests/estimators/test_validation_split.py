"""Which rows are held out of training: shares, whole groups, or what a splitter says."""

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import (
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit

from sklearn_crossmodal import (
    AutoFusionClassifier,
    BatchedGridSearchCV,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
)
from sklearn_crossmodal.training import pick_split
from sklearn_crossmodal.utils._validation import draw_seed
from sklearn_crossmodal.utils.discovery import all_estimators

N = 240
ESTIMATORS = [name for name, _ in all_estimators("network")]


class RecordHeldOut(Callback):
    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        RecordHeldOut.training = dataset_train.rows.numpy()
        RecordHeldOut.rows = None if dataset_valid is None else dataset_valid.rows.numpy()


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(N, 3))


@pytest.fixture(scope="module")
def y(X):
    return np.where(X[:, 0] > 0.5, "rare", "common")


@pytest.fixture(scope="module")
def groups():
    return np.random.default_rng(1).integers(40, size=N)


def target_of(name, X):
    """Return two classes in the form that the estimator takes; an autoencoder takes none."""
    y = None if name == "MultiModalAutoencoder" else (X[:, 0] > 0).astype(int)
    return y.astype(str) if name == "CrossModalGenerator" else y


def recorded(name="FusionClassifier", **params):
    settings = {"max_epochs": 1, "validation": 0.15, "random_state": 0}
    classes = dict(all_estimators("network"))
    return classes[name](**{**settings, "callbacks": [RecordHeldOut()], **params})


@pytest.mark.parametrize("name", ESTIMATORS)
def test_no_group_is_on_both_sides(name, X, groups):
    y = target_of(name, X)
    recorded(name).fit(X, y, groups=groups)
    inside, outside = groups[RecordHeldOut.training], groups[RecordHeldOut.rows]
    assert not set(inside) & set(outside)
    assert len(inside) + len(outside) == N
    assert abs(len(outside) - 0.15 * N) <= np.bincount(groups).max()


def test_held_out_groups_have_the_classes_in_about_their_proportions(X, y, groups):
    for seed in range(5):
        recorded(random_state=seed).fit(X, y, groups=groups)
        assert np.mean(y[RecordHeldOut.rows] == "rare") == pytest.approx(
            np.mean(y == "rare"), abs=0.08
        )


def test_the_last_group_of_a_class_is_trained_on(X):
    groups = np.repeat(np.arange(24), 10)
    y = groups == 3  # one class is all in one group
    for seed in range(8):
        recorded(random_state=seed).fit(X, y, groups=groups)
        assert y[RecordHeldOut.training].any()
        assert len(RecordHeldOut.rows) > 0


def test_groups_larger_than_the_share_are_held_out_whole_and_one_group_never(X, y):
    recorded().fit(X, y, groups=np.arange(N) % 3)
    assert len(RecordHeldOut.rows) == N / 3
    recorded().fit(X, y, groups=np.zeros(N))
    assert RecordHeldOut.rows is None


def test_the_seed_decides_which_groups_and_names_of_groups_do_not_matter(X, y, groups):
    held_out = []
    for seed, named in ((0, groups), (0, [f"g{group:02}" for group in groups]), (1, groups)):
        recorded(random_state=seed).fit(X, y, groups=named)
        held_out.append(RecordHeldOut.rows.tolist())
    assert held_out[0] == held_out[1] != held_out[2]


def test_without_groups_the_split_is_as_ever(X, y):
    recorded().fit(X, y)
    assert len(RecordHeldOut.rows) == sum(round(0.15 * np.sum(y == one)) for one in set(y))


def test_groups_of_rows_of_weight_zero_are_left_out_with_them(X, y, groups):
    weight = (np.arange(N) % 3 > 0).astype(float)
    recorded().fit(X, y, weight, groups=groups)
    kept = groups[weight > 0]
    assert not set(kept[RecordHeldOut.training]) & set(kept[RecordHeldOut.rows])
    expected = RecordHeldOut.rows
    recorded().fit(X[weight > 0], y[weight > 0], groups=kept)
    np.testing.assert_array_equal(RecordHeldOut.rows, expected)


@pytest.mark.parametrize(
    "splitter",
    [
        GroupShuffleSplit(test_size=0.3, random_state=4),
        StratifiedGroupKFold(5),
        LeaveOneGroupOut(),
        KFold(4),
        ShuffleSplit(3, random_state=2),
        PredefinedSplit(np.where(np.arange(N) < 30, 0, -1)),
    ],
)
def test_the_first_split_of_a_splitter_is_taken(splitter, X, y, groups):
    clf = recorded(validation=splitter)
    assert clone(clf).get_params()["validation"] is not splitter
    by_groups = "Group" in type(splitter).__name__
    clf.fit(X, y, groups=groups if by_groups else None)
    training, validation = next(iter(splitter.split(X, y, groups if by_groups else None)))
    np.testing.assert_array_equal(RecordHeldOut.training, training)
    np.testing.assert_array_equal(RecordHeldOut.rows, validation)


class WalkForward:
    """A splitter of a user: folds of months, each after all that it trains on; masks or numbers."""

    def __init__(self, n_splits=6, masks=False):
        self.n_splits = n_splits
        self.masks = masks

    def __repr__(self):  # the id of a test, the same in every process
        return f"WalkForward({self.n_splits}, masks={self.masks})"

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.n_splits

    def split(self, X, y=None, groups=None):
        months = np.arange(len(X)) * (self.n_splits + 1) // len(X)
        for month in range(1, self.n_splits + 1):
            parts = months < month, months == month
            yield parts if self.masks else tuple(map(np.flatnonzero, parts))


IN_ORDER = [
    TimeSeriesSplit(5),
    TimeSeriesSplit(3, gap=4),
    TimeSeriesSplit(4, test_size=20),
    WalkForward(),
    WalkForward(3, masks=True),
]


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("splitter", IN_ORDER, ids=repr)
def test_of_splits_in_order_the_last_is_taken_in_which_all_earlier_rows_train(name, splitter, X):
    recorded(name, validation=splitter).fit(X, target_of(name, X))
    *_, (training, validation) = splitter.split(X)
    if training.dtype == bool:
        training, validation = np.flatnonzero(training), np.flatnonzero(validation)
    np.testing.assert_array_equal(RecordHeldOut.training, training)
    np.testing.assert_array_equal(RecordHeldOut.rows, validation)
    assert len(training) > N / 2


@given(
    n_rows=st.integers(8, 60),
    n_splits=st.integers(2, 6),
    kind=st.sampled_from([KFold, TimeSeriesSplit, ShuffleSplit]),
)
def test_the_split_that_is_taken_uses_nearly_all_rows(n_rows, n_splits, kind):
    settings = {} if kind is TimeSeriesSplit else {"random_state": 0}
    if kind is KFold:
        settings = {}
    training, validation = pick_split(kind(n_splits, **settings).split(np.zeros(n_rows)))
    assert sorted([*training, *validation]) == list(range(n_rows))
    if kind is TimeSeriesSplit:
        assert validation.min() == training.max() + 1


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    "splitter",
    [
        TimeSeriesSplit(3, max_train_size=40, test_size=20),
        ShuffleSplit(1, test_size=20, train_size=40, random_state=0),
    ],
    ids=repr,
)
def test_a_split_that_leaves_out_most_rows_warns(name, splitter, X):
    message = rf"{name}: validation={type(splitter).__name__}.* 40 .* 20 of 240 rows"
    with pytest.warns(UserWarning, match=message):
        recorded(name, validation=splitter).fit(X, target_of(name, X))


@pytest.mark.parametrize("cv", [TimeSeriesSplit(3), WalkForward(3)], ids=repr)
def test_of_folds_in_order_the_model_of_the_last_one_predicts(cv, X, y):
    network = FusionClassifier(max_epochs=2, n_folds=None)
    auto = AutoFusionClassifier(estimator=network, companions=None, cv=cv, random_state=0)
    (member,) = auto.fit(X, y)._base_models
    (model,) = member.models
    splits = list(cv.split(X))
    training, _ = splits[-1]
    alone = clone(network).set_params(random_state=draw_seed(0)).fit(X[training], y[training])
    assert len(training) > N / 2
    found = model.estimator.predict_proba(auto._view(X).only(model.modalities, np.arange(N)))
    np.testing.assert_allclose(found, alone.predict_proba(X))
    told = np.isfinite(auto.oof_predictions_).all(axis=1)
    assert told.tolist() == [row >= splits[0][1][0] for row in range(N)]


def test_a_cv_that_leaves_out_most_rows_warns(X, y):
    cv = TimeSeriesSplit(3, max_train_size=40, test_size=20)
    network = FusionClassifier(max_epochs=1, n_folds=None)
    with pytest.warns(UserWarning, match=r"AutoFusionClassifier: cv=Time.* 40 .* 20 of 240 rows"):
        AutoFusionClassifier(estimator=network, companions=None, cv=cv).fit(X, y)


def test_a_splitter_is_one_of_the_settings_of_a_search(X, y):
    grid = {"validation": [0.2, KFold(4), TimeSeriesSplit(3)]}
    clf = recorded(callbacks=None, max_epochs=3)
    search = BatchedGridSearchCV(clf, grid, cv=2, error_score="raise").fit(X, y)
    for params, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        assert cross_val_score(clone(clf).set_params(**params), X, y, cv=2).mean() == score


def test_what_is_no_share_and_no_splitter_is_refused(X, y):
    for wrong in (1.5, "KFold", 0, [0.5]):
        with pytest.raises(ValueError, match="'validation' parameter of FusionClassifier"):
            recorded(validation=wrong).fit(X, y)


def test_splitters_that_do_not_split_are_refused(X, y):
    with pytest.raises(ValueError, match=r"FusionClassifier: validation=Group.*groups"):
        recorded(validation=GroupShuffleSplit()).fit(X, y)
    short = PredefinedSplit(np.r_[np.zeros(100), np.full(N, -1)])
    with pytest.raises(ValueError, match=r"FusionClassifier: .*no partition of the 240 rows"):
        recorded(validation=short).fit(X, y)
    nothing = PredefinedSplit(np.full(N, -1))
    with pytest.raises(ValueError, match=r"FusionClassifier: .*leaves no rows"):
        recorded(validation=nothing).fit(X, y)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (np.arange(N - 1), f"X has {N} rows, but there are {N - 1} groups"),
        (np.r_[[np.nan], np.arange(N - 1)], "1 samples have no group, first rows .0."),
        (np.array([None, *["a"] * (N - 1)]), "1 samples have no group, first rows .0."),
        (np.zeros((N, 2)), "1d array"),
    ],
)
def test_groups_that_are_none_are_refused(X, y, groups, expected):
    with pytest.raises(ValueError, match=f"FusionClassifier: groups: .*{expected}"):
        recorded().fit(X, y, groups=groups)


@pytest.mark.slow
def test_groups_are_routed_to_fit_by_searches_and_pipelines(X, y, groups):
    with sklearn.config_context(enable_metadata_routing=True):
        clf = recorded(callbacks=None).set_fit_request(groups=True)
        grid = {"learning_rate": [1e-3, 1e-2]}
        cv = StratifiedGroupKFold(2)
        search = BatchedGridSearchCV(clf, grid, cv=cv, error_score="raise")
        search.fit(X, y, groups=groups)
        assert search.best_score_ > 0
        for params, score in zip(
            search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
        ):
            one = clone(clf).set_params(**params)
            expected = cross_val_score(one, X, y, cv=cv, params={"groups": groups})
            assert expected.mean() == score
        make_pipeline(recorded().set_fit_request(groups=True)).fit(X, y, groups=groups)
    assert not set(groups[RecordHeldOut.training]) & set(groups[RecordHeldOut.rows])
    # And, as ever, only to the folds where nothing is routed.
    BatchedGridSearchCV(FusionClassifier(max_epochs=2), grid, cv=cv).fit(X, y, groups=groups)


def test_the_class_of_a_splitter_is_no_splitter():
    clf = FusionClassifier(n_folds=None, validation=KFold)
    with pytest.raises(TypeError, match=r"validation is the class KFold: pass .* KFold\(\)"):
        clf.fit(np.zeros((20, 2)), [0, 1] * 10)


def test_a_train_split_of_skorch_is_refused(X, y):
    with pytest.raises(ValueError, match=r"FusionClassifier: .*train_split.* validation"):
        recorded(net_params={"train_split": ValidSplit(4)}).fit(X, y)


@pytest.mark.parametrize("validation", [0.15, KFold(3), None], ids=repr)
def test_rows_are_held_out_by_one_parameter_alone(validation, X, y):
    with pytest.raises(ValueError, match=r"FusionClassifier: n_folds=3 and validation=.* both"):
        FusionClassifier(n_folds=3, validation=validation).fit(X, y)


@pytest.mark.parametrize("make", [CrossModalRegressor, FusionRegressor, MultiModalAutoencoder])
@pytest.mark.parametrize("validation", [KFold(3), 0.3], ids=repr)
def test_rows_that_are_named_are_held_out_however_few_there_are(make, validation, rng):
    X = rng.normal(size=(30, 3))
    fitted = make(max_epochs=2, validation=validation).fit(X, X[:, 0])
    assert "valid_loss" in fitted.history_[0]
