"""Every container of samples goes through every tool of scikit-learn that takes samples."""

import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import resample, shuffle

from sklearn_crossmodal import (
    FusionClassifier,
    Image,
    ModalityArray,
    ModalityVectorizer,
    MultiModalFrame,
    Numeric,
    Text,
)
from sklearn_crossmodal.nn.encoders import CNNEncoder

N = 40
rng = np.random.default_rng(0)
NUMBERS = rng.normal(size=(N, 4))
WORDS = Text.example(N, rng)
PHOTOS = Image.example(N, rng)
Y = np.where(NUMBERS[:, 0] > np.median(NUMBERS[:, 0]), "yes", "no")
GROUPS = np.arange(N) % 5
WEIGHT = rng.uniform(0.5, 2, N)


def photo():
    return Image(encoder=CNNEncoder((4,), width=4))


@dataclass
class Container:
    """Samples in one form, and the modalities in them."""

    X: object
    modalities: Callable
    #: Whether the modalities are known by position, so that a tool may drop names.
    positional: bool = False


def pandas_flat():
    X = pd.DataFrame(NUMBERS, columns=list("abcd")).assign(words=WORDS)
    columns = make_column_selector(dtype_include=float)
    return Container(X, lambda: [("table", Numeric(), columns), ("words", Text(), "words")])


def pandas_objects():
    X = pd.DataFrame({"photo": list(PHOTOS), "words": WORDS})
    X.loc[3, "photo"] = None
    return Container(X, lambda: [("photo", photo(), "photo"), ("words", Text(), "words")])


def pandas_arrays():
    X = pd.DataFrame({"photo": ModalityArray(PHOTOS), "words": WORDS})
    return Container(X, lambda: [("photo", photo(), "photo"), ("words", Text(), "words")])


def polars():
    X = pl.DataFrame({"vector": pl.Series(NUMBERS, dtype=pl.Array(pl.Float64, 4)), "words": WORDS})
    return Container(X, lambda: [("vector", Numeric(), "vector"), ("words", Text(), "words")])


def multi_modal_frame():
    present = {"words": np.arange(N) != 5}
    X = MultiModalFrame({"table": NUMBERS, "photo": PHOTOS, "words": WORDS}, present=present)
    return Container(
        X,
        lambda: [
            ("table", Numeric(), "table"),
            ("photo", photo(), "photo"),
            ("words", Text(), "words"),
        ],
    )


def array_with_blocks():
    blocks = [("left", Numeric(), slice(0, 2)), ("right", Numeric(), [2, 3])]
    return Container(NUMBERS, lambda: blocks, positional=True)


def sparse_with_blocks():
    blocks = [("left", Numeric(), slice(0, 2)), ("right", Numeric(), [2, 3])]
    X = sparse.csr_array(np.where(np.abs(NUMBERS) < 0.3, 0, NUMBERS))
    return Container(X, lambda: blocks, positional=True)


CONTAINERS = {
    "pandas flat": pandas_flat,
    "pandas objects": pandas_objects,
    "pandas ModalityArray": pandas_arrays,
    "polars": polars,
    "MultiModalFrame": multi_modal_frame,
    "array with blocks": array_with_blocks,
    "sparse": sparse_with_blocks,
}


@pytest.fixture(params=CONTAINERS)
def container(request):
    return CONTAINERS[request.param]()


@pytest.fixture
def X(container):
    return container.X


@pytest.fixture
def clf(container):
    return classifier(container.modalities())


def classifier(modalities, **params):
    return FusionClassifier(modalities, max_epochs=2, random_state=0, **params)


def n_rows(X):
    return X.shape[0]


# The tools: (classifier, X) -> something to check ------------------------------------------------


def splitting(clf, X, container):
    X_train, X_test, y_train, y_test = train_test_split(X, Y, stratify=Y, random_state=0)
    assert (n_rows(X_train), n_rows(X_test)) == (30, 10)
    assert clf.fit(X_train, y_train).predict(X_test).shape == y_test.shape


def shuffling_and_resampling(clf, X, container):
    assert n_rows(shuffle(X, random_state=0)) == N
    assert clf.fit(resample(X, random_state=0), Y).predict(X).shape == (N,)


def scoring(clf, X, container):
    assert np.isfinite(cross_val_score(clf, X, Y, cv=2, error_score="raise")).all()


def predicting_out_of_fold(clf, X, container):
    probabilities = cross_val_predict(clf, X, Y, cv=2, method="predict_proba")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def validating_by_groups(clf, X, container):
    result = cross_validate(clf, X, Y, groups=GROUPS, cv=GroupKFold(2), error_score="raise")
    assert len(result["test_score"]) == 2


def grid_search(clf, X, container):
    grid = {"fusion": ["concat", "mean"]}
    search = GridSearchCV(clf, grid, cv=2, error_score="raise").fit(X, Y)
    assert search.predict(X).shape == (N,)


def grid_search_in_two_processes(clf, X, container):
    grid = {"fusion": ["concat", "mean"]}
    search = GridSearchCV(clf, grid, cv=2, n_jobs=2, error_score="raise").fit(X, Y)
    alone = GridSearchCV(clf, grid, cv=2, error_score="raise").fit(X, Y)
    for key in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(search.cv_results_[key], alone.cv_results_[key])


def halving_by_epochs(clf, X, container):
    search = HalvingGridSearchCV(
        clf, {"fusion": ["concat", "mean"]}, resource="max_epochs", max_resources=2, cv=2
    )
    assert search.fit(X, Y).best_estimator_.max_epochs == 2


def halving_by_samples(clf, X, container):
    search = HalvingGridSearchCV(
        clf, {"fusion": ["concat", "mean"]}, factor=2, min_resources=20, cv=2
    )
    assert search.fit(X, Y).n_resources_[-1] == N


def randomised_search(clf, X, container):
    search = RandomizedSearchCV(
        clf, {"learning_rate": [1e-3, 1e-2]}, n_iter=2, cv=2, error_score="raise"
    )
    assert search.fit(X, Y).predict_proba(X).shape == (N, 2)


def pipeline(clf, X, container):
    steps = make_pipeline(FunctionTransformer(), clf).fit(X, Y)
    np.testing.assert_array_equal(steps.predict_proba(X), clf.fit(X, Y).predict_proba(X))


def stacking(clf, X, container):
    stack = StackingClassifier([("a", clf), ("b", clf)], LogisticRegression(), cv=2).fit(X, Y)
    assert stack.predict(X).shape == (N,)


def voting(clf, X, container):
    assert VotingClassifier([("a", clf)], voting="soft").fit(X, Y).predict(X).shape == (N,)


def bagging(clf, X, container):
    if not container.positional:  # bagging makes an array of X: columns are then found by content
        clf.set_params(modalities=None)
    bags = BaggingClassifier(clf, n_estimators=2, random_state=0).fit(X, Y)
    assert bags.predict(X).shape == (N,)


def calibration(clf, X, container):
    calibrated = CalibratedClassifierCV(clf, cv=2).fit(X, Y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def calibration_of_a_fitted_classifier(clf, X, container):
    frozen = FrozenEstimator(clf.fit(X, Y))
    calibrated = CalibratedClassifierCV(frozen, method="temperature").fit(X, Y)
    np.testing.assert_array_equal(calibrated.predict(X), clf.predict(X))


def importance_by_permutation(clf, X, container):
    if sparse.issparse(X):  # refused by the tool; in a MultiModalFrame, modalities are permuted
        clf.set_params(modalities=[("a", Numeric(), "a"), ("b", Numeric(), "b")])
        X = MultiModalFrame({"a": X[:, :2], "b": X[:, 2:]})
    clf.fit(X, Y)
    with warnings.catch_warnings():
        if isinstance(X, pl.DataFrame):  # the tool makes an array of it, which has no names
            warnings.simplefilter("ignore", UserWarning)
        result = permutation_importance(clf, X, Y, n_repeats=2, random_state=0)
    assert result.importances.shape == (X.shape[1], 2)


def curve_of_learning(clf, X, container):
    sizes, *_ = learning_curve(clf, X, Y, cv=2, train_sizes=[0.6, 1.0], error_score="raise")
    assert sizes.tolist() == [12, 20]


def threshold(clf, X, container):
    tuned = TunedThresholdClassifierCV(clf, cv=2).fit(X, Y)
    assert set(tuned.predict(X)) <= {"yes", "no"}


def one_against_the_rest(clf, X, container):
    labels = np.array(["a", "b", "c"])[np.arange(N) % 3]
    assert OneVsRestClassifier(clf).fit(X, labels).predict(X).shape == (N,)


def pickling(clf, X, container):
    clf.fit(X, Y)
    twin = pickle.loads(pickle.dumps(clf))
    again = pickle.loads(pickle.dumps(X))
    np.testing.assert_array_equal(twin.predict_proba(again), clf.predict_proba(X))


def routing(clf, X, container):
    with config_context(enable_metadata_routing=True):
        clf.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        result = cross_validate(
            clf,
            X,
            Y,
            cv=GroupKFold(2),
            params={"sample_weight": WEIGHT, "groups": GROUPS},
            error_score="raise",
        )
    assert np.isfinite(result["test_score"]).all()


TOOLS = [
    splitting,
    shuffling_and_resampling,
    scoring,
    predicting_out_of_fold,
    validating_by_groups,
    grid_search,
    pytest.param(grid_search_in_two_processes, marks=pytest.mark.slow),
    halving_by_epochs,
    halving_by_samples,
    randomised_search,
    pipeline,
    stacking,
    voting,
    bagging,
    calibration,
    calibration_of_a_fitted_classifier,
    importance_by_permutation,
    curve_of_learning,
    threshold,
    one_against_the_rest,
    pickling,
    routing,
]


@pytest.mark.covering
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_tool_takes_container(tool, clf, X, container):
    tool(clf, X, container)


# What scikit-learn makes a table of itself -------------------------------------------------------


def test_stacking_with_passthrough_says_that_a_frame_is_no_table():
    container = multi_modal_frame()
    clf = classifier(container.modalities())
    stack = StackingClassifier([("a", clf)], LogisticRegression(), cv=2, passthrough=True)
    with pytest.raises(TypeError, match="passthrough=False, or .*ModalityVectorizer"):
        stack.fit(container.X, Y)


def test_stacking_with_passthrough_of_a_vectorised_frame():
    stack = StackingClassifier([("a", LogisticRegression())], passthrough=True, cv=2)
    steps = make_pipeline(ModalityVectorizer(n_components=3, random_state=0), stack)
    assert steps.fit(multi_modal_frame().X, Y).predict(multi_modal_frame().X).shape == (N,)


def test_column_transformer_takes_a_frame_by_position_and_as_pandas_by_name():
    X = multi_modal_frame().X
    images = ModalityVectorizer("image", n_components=2)
    found = ColumnTransformer([("photo", images, [1])]).fit_transform(X)
    named = ColumnTransformer([("photo", images, ["photo"])]).fit_transform(X.to_pandas())
    assert found.shape == (N, 2)
    np.testing.assert_allclose(found, named)


def test_permutation_importance_refuses_a_sparse_matrix_and_says_so():
    container = sparse_with_blocks()
    clf = classifier(container.modalities()).fit(container.X, Y)
    with pytest.raises(ValueError, match="must be an array-like"):
        permutation_importance(clf, container.X, Y)


def test_bagging_of_named_columns_says_that_names_are_gone():
    container = pandas_flat()
    modalities = [("table", Numeric(), ["a", "b"]), ("words", Text(), "words")]
    with pytest.raises(ValueError, match="column 'a' is not in X.*use positions"):
        BaggingClassifier(classifier(modalities), n_estimators=2).fit(container.X, Y)


@pytest.mark.parametrize("join", [np.hstack, partial(np.concatenate, axis=1), np.column_stack])
def test_numpy_puts_no_frame_beside_other_columns(join):
    with pytest.raises(TypeError, match="it is not a numeric table"):
        join([multi_modal_frame().X, multi_modal_frame().X])


def test_numpy_puts_frames_below_each_other():
    X = multi_modal_frame().X
    found = np.concatenate([X, X[:2]])
    assert len(found) == N + 2
    assert list(found["words"][N:]) == list(X["words"][:2])
    with pytest.raises(TypeError, match="it is not a numeric table"):
        np.concatenate([X, np.ones((2, 3))])


def test_other_functions_of_numpy_see_cells():
    X = multi_modal_frame().X
    assert np.shape(X) == (N, 3)
    assert np.take(X, [0, 1], axis=0).shape == (2, 3)
