"""What scikit-learn users do with an estimator works, unmodified."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ScoringMonitor
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skorch.helper import SliceDict

from sklearn_crossmodal import (
    FusionClassifier,
    MultiModalFrame,
    Numeric,
    Text,
    infer_modalities,
)
from sklearn_crossmodal.nn.encoders import GRUEncoder
from sklearn_crossmodal.nn.fusion import AttentionFusion, GatedFusion
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
WITH_TARGET = [name for name in ESTIMATORS if name != "MultiModalAutoencoder"]
WITH_TRANSFORM = [
    name for name, estimator in all_estimators("network") if hasattr(estimator, "transform")
]
N = 40


@pytest.fixture(scope="module")
def y(targets):
    return targets["FusionClassifier"]


@pytest.fixture(scope="module")
def frame(X):
    """Return a data frame of numbers, categories and texts."""
    return pd.DataFrame(
        {
            "age": X["table"][:, 0],
            "wage": X["table"][:, 2],
            "city": np.array(["Oslo", "Rome"], dtype=object)[np.arange(N) % 2],
            "review": X["words"],
        }
    )


def small(*, text="words", **params):
    """Return a classifier of numbers and texts."""
    modalities = [("table", Numeric(), "table"), ("text", Text(), text)]
    return FusionClassifier(modalities, max_epochs=2, random_state=0, **params)


# Searches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_grid_search_over_fusions_encoders_and_their_parameters(n_jobs, X, y):
    fusion = GatedFusion()
    search = GridSearchCV(
        small(fusion=fusion),
        [
            {"fusion": ["concat", "late", AttentionFusion(width=8, n_heads=2)]},
            {"fusion__width": [4, 8]},
            {"text__encoder": ["gru", GRUEncoder(width=4)]},
            {"text__max_length": [2, 5], "text__lowercase": [True, False]},
        ],
        cv=2,
        n_jobs=n_jobs,
    )
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 3 + 2 + 2 + 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.predict(X).shape == (N,)
    assert fusion.width == 64


@pytest.mark.parametrize(
    ("params", "observe", "expected"),
    [
        ({"fusion__width": 6}, lambda clf: clf.network_.fusion.out_features, 6),
        ({"fusion": "sum"}, lambda clf: type(clf.network_.fusion).__name__, "_Sum"),
        ({"text__max_length": 2}, lambda clf: clf.modalities_[1][1].spec_.shape, (2,)),
        (
            {"text__encoder": "gru"},
            lambda clf: hasattr(encoder_of(clf, "text"), "recurrence"),
            True,
        ),
        ({"text__encoder__width": 5}, lambda clf: encoder_of(clf, "text").out_features, 5),
        ({"table__scaling": "standard"}, lambda clf: clf.modalities_[0][1].scaling, "standard"),
        ({"text": "drop"}, lambda clf: [name for name, _, _ in clf.modalities_], ["table"]),
        ({"text": Text(max_length=3)}, lambda clf: clf.modalities_[1][1].max_length, 3),
        (
            {"modalities": [("a", Numeric(), "table")]},
            lambda clf: [name for name, _, _ in clf.modalities_],
            ["a"],
        ),
    ],
)
def test_each_combination_of_a_search_reaches_the_network(params, observe, expected, X, y):
    clf = small(fusion=GatedFusion()).set_params(text__encoder=GRUEncoder())
    search = GridSearchCV(clf, {key: [value] for key, value in params.items()}, cv=2).fit(X, y)
    assert observe(search.best_estimator_) == expected


def encoder_of(clf, name):
    return clf.network_.encoders[name]


def test_modality_can_be_dropped_in_a_search(X, y):
    clf = small()
    search = GridSearchCV(
        clf, {"table": ["drop", Numeric()], "fusion": ["mean", "late"]}, cv=2, error_score="raise"
    )
    search.fit(X, y)
    scores = dict(
        zip(
            [str(params["table"]) for params in search.cv_results_["params"]],
            search.cv_results_["mean_test_score"],
            strict=True,
        )
    )
    assert len(scores) == 2
    assert [name for name, _, _ in clf.modalities] == ["table", "text"]
    assert isinstance(clf.modalities[0][1], Numeric)


def test_randomised_search_over_numbers(X, y):
    search = RandomizedSearchCV(
        small(),
        {"learning_rate": [1e-3, 1e-2], "text__min_count": [1, 2]},
        n_iter=3,
        cv=2,
        random_state=0,
        error_score="raise",
    )
    assert search.fit(X, y).predict(X).shape == (N,)


def test_set_params_of_several_levels_at_once(X, y):
    clf = small().set_params(
        modalities=[("words", Text(encoder=GRUEncoder()), "words")],
        words__encoder__width=3,
        words__max_length=4,
        fusion=GatedFusion(),
        fusion__width=5,
    )
    assert clf.get_params()["words__encoder__width"] == 3
    clf.fit(X, y)
    assert clf.network_.fusion.out_features == 5
    assert encoder_of(clf, "words").out_features == 3


def test_parameters_can_be_read_and_set_back():
    clf = small(fusion=GatedFusion(width=3))
    params = clf.get_params()
    assert params["fusion__width"] == 3
    assert params["text__max_length"] == 512
    assert clone(clf).set_params(**params).get_params().keys() == params.keys()
    assert set(clf.get_params(deep=False)) == set(FusionClassifier().get_params())


def test_infer_modalities_makes_parameters_of_a_frame_searchable(frame, y):
    table = frame[["age", "wage", "review"]]
    clf = FusionClassifier(infer_modalities(table), max_epochs=2, random_state=0)
    search = GridSearchCV(clf, {"review__max_length": [2, 3]}, cv=2, error_score="raise")
    assert search.fit(table, y).best_estimator_.modalities_[1][0] == "review"


# Copies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_clone_is_unfitted_and_fits_the_same(name, X, targets, make, numbers):
    fitted = make(name, fusion=GatedFusion(width=4)).fit(X, targets[name])
    copied = clone(fitted)
    assert copied.fusion is not fitted.fusion
    assert copied.modalities[0][1] is not fitted.modalities[0][1]
    with pytest.raises(NotFittedError):
        numbers(copied, X)
    np.testing.assert_array_equal(numbers(copied.fit(X, targets[name]), X), numbers(fitted, X))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fit_changes_no_parameter(name, X, targets, make, listed):
    modalities = listed()
    parts = [part for _, part, _ in modalities]
    estimator = make(name, modalities=modalities)
    before = {key: repr(value) for key, value in estimator.get_params().items()}
    estimator.fit(X, targets[name])
    assert {key: repr(value) for key, value in estimator.get_params().items()} == before
    assert estimator.modalities is modalities
    assert [part for _, part, _ in modalities] == parts
    for part, (_, fitted, _) in zip(parts, estimator.modalities_, strict=True):
        assert fitted is not part
        assert not hasattr(part, "spec_")


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("how", ["pickle", "joblib"])
def test_saved_estimator_answers_the_same_and_goes_on_with_a_fresh_optimizer(
    how, name, X, targets, make, numbers, tmp_path
):
    fitted = make(name, validation=0.15, warm_start=True).fit(X, targets[name])
    if how == "pickle":
        loaded = pickle.loads(pickle.dumps(fitted))
    else:
        joblib.dump(fitted, tmp_path / "estimator.joblib")
        loaded = joblib.load(tmp_path / "estimator.joblib")
    np.testing.assert_array_equal(numbers(loaded, X), numbers(fitted, X))
    assert loaded.history_ == fitted.history_
    fitted.net_.initialize_optimizer()  # a file carries no moments
    again = numbers(loaded.fit(X, targets[name]), X)
    np.testing.assert_array_equal(again, numbers(fitted.fit(X, targets[name]), X))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_pickle_does_not_carry_the_training_data(name, X, targets, make):
    fitted = make(name, modalities=[("table", Numeric(), "table")]).fit(X, targets[name])
    size = len(pickle.dumps(fitted))
    many = MultiModalFrame({"table": np.tile(X["table"], (25, 1))})
    y = targets[name]
    y = None if y is None else np.concatenate([y] * 25)
    longer = make(name, modalities=[("table", Numeric(), "table")], batch_size=1000)
    assert len(pickle.dumps(longer.fit(many, y))) < size + 1000 * 3 * 8 / 2


# Splitting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_cross_val_score_cuts_a_multimodal_frame(name, X, targets, make):
    scores = cross_val_score(make(name), X, targets[name], cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", WITH_TARGET)
def test_cross_val_predict_gives_an_answer_for_each_row(name, X, targets, make):
    assert cross_val_predict(make(name), X, targets[name], cv=2).shape == targets[name].shape


def test_plain_dict_cannot_be_cut_and_is_refused(X, y):
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[2, 40\]"):
        cross_val_score(small(), {"table": X["table"], "words": X["words"]}, y, cv=2)


def test_train_test_split_of_a_multimodal_frame_keeps_rows_together(X, y, make):
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    assert isinstance(X_test, MultiModalFrame)
    assert (len(X_train), len(X_test)) == (30, 10)
    rows = [int(np.flatnonzero((X["photo"] == p).all(axis=(1, 2, 3)))[0]) for p in X_test["photo"]]
    np.testing.assert_array_equal(X["words"][rows], X_test["words"])
    np.testing.assert_array_equal(y[rows], y_test)
    clf = make("FusionClassifier").fit(X_train, y_train)
    assert clf.predict(X_test).shape == (10,)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_train_test_split_of_a_data_frame(library, frame, y):
    table = frame[["age", "wage", "review"]]
    table = table if library == "pandas" else pl.from_pandas(table)
    X_train, X_test, y_train, _ = train_test_split(table, y, random_state=0)
    clf = FusionClassifier(max_epochs=2, random_state=0).fit(X_train, y_train)
    assert clf.feature_names_in_.tolist() == ["age", "wage", "review"]
    assert [name for name, _, _ in clf.modalities_] == ["numeric", "review"]
    assert clf.predict(X_test).shape == (10,)


# Forms of X --------------------------------------------------------------------------------------


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("form", [dict, lambda X: SliceDict(**X)], ids=["dict", "SliceDict"])
def test_dict_and_slice_dict_are_taken_in_fit_and_predict(name, form, X, targets, make, numbers):
    fitted = make(name).fit(X, targets[name])
    other = make(name).fit(form(X), targets[name])
    np.testing.assert_array_equal(numbers(other, form(X)), numbers(fitted, X))


def test_slice_dict_can_be_cut(X, y):
    data = SliceDict(table=X["table"], words=X["words"])
    scores = cross_val_score(small(), data, y, cv=2, error_score="raise")
    np.testing.assert_array_equal(scores, cross_val_score(small(), X, y, cv=2))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_polars_pandas_and_multimodal_frames_give_the_same(name, frame, targets, make, numbers):
    table = frame[["age", "wage", "review"]]
    modalities = [("table", Numeric(), ["age", "wage"]), ("text", Text(), "review")]
    forms = [table, pl.from_pandas(table), MultiModalFrame({c: table[c] for c in table})]
    answers = [
        numbers(make(name, modalities=modalities).fit(form, targets[name]), form) for form in forms
    ]
    np.testing.assert_array_equal(answers[1], answers[0])
    np.testing.assert_array_equal(answers[2], answers[0])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_columns_are_known_by_name_not_by_place(name, frame, targets, make, numbers):
    modalities = [("table", Numeric(), ["age", "wage"]), ("text", Text(), "review")]
    fitted = make(name, modalities=modalities).fit(frame, targets[name])
    shuffled = frame[["review", "wage", "city", "age"]].assign(more=0)
    np.testing.assert_array_equal(numbers(fitted, shuffled), numbers(fitted, frame))


@pytest.mark.parametrize(
    "columns",
    [
        ["age", "wage"],
        [0, 1],
        slice(0, 2),
        slice("age", "wage"),
        [True, True, False, False],
        lambda table: [name for name in table.columns if "ge" in name],
        lambda table: [dtype.kind == "f" for dtype in table.dtypes],
    ],
)
def test_columns_are_named_as_in_a_column_transformer(columns, frame, y):
    modalities = [("table", Numeric(), columns), ("text", Text(), "review")]
    clf = FusionClassifier(modalities, max_epochs=1, random_state=0).fit(frame, y)
    assert clf.modalities_[0][1].spec_.shape == (2,)


def test_array_of_objects_is_split_column_by_column(frame, y):
    table = frame[["age", "wage", "review"]]
    clf = FusionClassifier(max_epochs=2, random_state=0).fit(table.to_numpy(dtype=object), y)
    named = FusionClassifier(max_epochs=2, random_state=0).fit(table, y)
    np.testing.assert_array_equal(
        clf.predict_proba(table.to_numpy(dtype=object)), named.predict_proba(table)
    )


def test_dict_of_columns_is_the_short_form_of_modalities(frame, y):
    clf = FusionClassifier(
        {"person": ["age", "wage"], "text": "review"}, max_epochs=2, random_state=0
    ).fit(frame, y)
    assert [(name, type(part)) for name, part, _ in clf.modalities_] == [
        ("person", Numeric),
        ("text", Text),
    ]
    long = FusionClassifier(
        [("person", Numeric(), ["age", "wage"]), ("text", Text(), "review")],
        max_epochs=2,
        random_state=0,
    ).fit(frame, y)
    np.testing.assert_array_equal(clf.predict_proba(frame), long.predict_proba(frame))


# Pipelines ---------------------------------------------------------------------------------------


@pytest.fixture
def columns():
    return ColumnTransformer(
        [
            ("person", StandardScaler(), ["age", "wage"]),
            ("place", OneHotEncoder(sparse_output=False), ["city"]),
            ("text", "passthrough", ["review"]),
        ]
    )


def test_prefixes_of_a_column_transformer_name_the_modalities(columns, frame, y):
    columns.set_output(transform="pandas")
    pipeline = make_pipeline(columns, FusionClassifier(max_epochs=2, random_state=0))
    pipeline.fit(frame, y)
    assert [(name, type(part)) for name, part, _ in pipeline[-1].modalities_] == [
        ("person", Numeric),
        ("place", Numeric),
        ("text", Text),
    ]
    assert pipeline.predict(frame).shape == (N,)
    assert cross_val_score(pipeline, frame, y, cv=2, error_score="raise").shape == (2,)


def test_slices_of_a_column_transformer_are_modalities(frame, y):
    columns = ColumnTransformer(
        [
            ("person", StandardScaler(), ["age", "wage"]),
            ("text", TfidfVectorizer(), "review"),
        ],
        sparse_threshold=0,
    )
    modalities = [("person", Numeric(), slice(0, 2)), ("text", Numeric(), slice(2, None))]
    pipeline = make_pipeline(columns, FusionClassifier(modalities, max_epochs=2, random_state=0))
    pipeline.fit(frame, y)
    assert len(pipeline[-1].network_.encoders) == 2
    assert pipeline[-1].modalities_[1][1].spec_.shape == (len(columns.get_feature_names_out()) - 2,)
    assert pipeline.predict_proba(frame).shape == (N, 2)
    search = GridSearchCV(
        pipeline, {"fusionclassifier__person": ["drop", Numeric()]}, cv=2, error_score="raise"
    )
    assert search.fit(frame, y).predict(frame).shape == (N,)


def test_weights_go_through_a_pipeline(frame, y, columns):
    columns.set_output(transform="pandas")
    weight = np.linspace(0.1, 2, N)
    pipeline = make_pipeline(columns, FusionClassifier(max_epochs=2, random_state=0))
    weighted = pipeline.fit(frame, y, fusionclassifier__sample_weight=weight).predict_proba(frame)
    assert not np.allclose(weighted, pipeline.fit(frame, y).predict_proba(frame))


def test_latent_is_a_step_of_a_pipeline(X, y, make):
    pipeline = make_pipeline(make("FusionClassifier", max_epochs=10), LogisticRegression())
    assert pipeline.fit(X, y).score(X, y) > 0.8
    union = FeatureUnion(
        [("one", make("MultiModalAutoencoder", n_components=3)), ("two", make("FusionClassifier"))]
    )
    width = make("FusionClassifier").fit(X, y).transform(X).shape[1]
    assert union.fit_transform(X, y).shape == (N, 3 + width)


@pytest.mark.parametrize("name", WITH_TRANSFORM)
def test_fit_transform_is_fit_then_transform(name, X, targets, make):
    fitted = make(name).fit(X, targets[name])
    np.testing.assert_array_equal(make(name).fit_transform(X, targets[name]), fitted.transform(X))


@pytest.mark.parametrize("name", WITH_TRANSFORM)
@pytest.mark.parametrize(("library", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_set_output_names_the_latents(name, library, kind, X, targets, make):
    fitted = make(name).fit(X, targets[name])
    array = fitted.transform(X)
    output = fitted.set_output(transform=library).transform(X)
    assert isinstance(output, kind)
    assert list(output.columns) == fitted.get_feature_names_out().tolist()
    assert output.columns[1] == f"{name.lower()}1"
    np.testing.assert_array_equal(output.to_numpy(), array)


def test_set_output_keeps_the_index_of_a_pandas_frame(frame, y):
    table = frame[["age", "review"]].set_axis([f"row {row}" for row in range(N)])
    clf = FusionClassifier(max_epochs=1).fit(table, y).set_output(transform="pandas")
    pd.testing.assert_index_equal(clf.transform(table).index, table.index)


def test_names_of_features_are_refused_before_fit(make):
    with pytest.raises(NotFittedError):
        make("FusionClassifier").get_feature_names_out()


# Estimators around it ----------------------------------------------------------------------------


def test_calibration_takes_it(X, y, make):
    calibrated = CalibratedClassifierCV(make("FusionClassifier"), cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_frozen_estimator_is_not_fitted_again(X, y, make):
    clf = make("FusionClassifier").fit(X, y)
    before = clf.predict_proba(X)
    calibrated = CalibratedClassifierCV(FrozenEstimator(clf)).fit(X, y)
    assert calibrated.predict(X).shape == (N,)
    np.testing.assert_array_equal(clf.predict_proba(X), before)
    frozen = clone(FrozenEstimator(clf)).fit(X, y[::-1])
    np.testing.assert_array_equal(frozen.predict_proba(X), before)


def test_ensembles_take_it(X, y, make):
    clf = make("FusionClassifier")
    vote = VotingClassifier([("a", clf), ("b", make("FusionClassifier", fusion="late"))])
    assert vote.fit(X, y).predict(X).shape == (N,)
    stack = StackingClassifier([("a", clf)], LogisticRegression(), cv=2)
    assert stack.fit(X, y).predict(X).shape == (N,)


def test_bagging_takes_a_data_frame_of_numbers_and_texts(frame, y):
    table = frame[["age", "wage", "review"]]
    bagging = BaggingClassifier(FusionClassifier(max_epochs=2), 2, random_state=0)
    assert set(bagging.fit(table, y).predict(table)) <= {"no", "yes"}


def test_bagging_takes_a_multimodal_frame(X, y):
    bagging = BaggingClassifier(FusionClassifier(max_epochs=2), 2, random_state=0)
    assert set(bagging.fit(X, y).predict(X)) <= {"no", "yes"}


def test_one_against_the_rest_takes_it(X, make):
    kinds = np.arange(N) % 3
    clf = OneVsRestClassifier(make("FusionClassifier")).fit(X, kinds)
    assert clf.predict(X).shape == (N,)


def test_permutation_importance_tells_which_modality_counts(X, y):
    clf = FusionClassifier(max_epochs=40, random_state=0)
    clf.set_params(modalities=[("table", Numeric(), "table"), ("words", Text(), "words")])
    X = X[["table", "words"]]
    clf.fit(X, y)
    importance = permutation_importance(clf, X, y, n_repeats=5, random_state=0).importances_mean
    assert importance.shape == (2,)
    assert importance[0] > importance[1]  # y was made from the table


def test_target_can_be_transformed_around_a_regressor(X, targets, make):
    y = np.exp(targets["FusionRegressor"] / 5)
    reg = TransformedTargetRegressor(make("FusionRegressor"), func=np.log, inverse_func=np.exp)
    assert (reg.fit(X, y).predict(X) > 0).all()


def test_tags_tell_what_it_is(make):
    assert is_classifier(make("FusionClassifier"))
    assert is_regressor(make("FusionRegressor"))
    assert is_regressor(make("CrossModalRegressor"))
    assert not is_classifier(make("MultiModalAutoencoder"))
    tags = make("FusionRegressor").__sklearn_tags__()
    assert tags.input_tags.allow_nan
    assert tags.input_tags.string
    assert tags.target_tags.multi_output


@pytest.mark.parametrize("name", ESTIMATORS)
def test_display_shows_the_parameters_that_were_changed(name, make):
    text = repr(make(name, fusion=GatedFusion(width=3)))
    assert text.startswith(f"{name}(")
    assert "fusion=GatedFusion(width=3)" in text
    assert "weight_decay" not in text
    assert name in make(name)._repr_html_()


# Callbacks of scikit-learn -----------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_TARGET)
def test_scoring_monitor_of_scikit_learn_is_told_of_each_epoch(name, X, targets, make):
    scoring = "accuracy" if name in ("FusionClassifier", "CrossModalGenerator") else "r2"
    monitor = ScoringMonitor(scoring=scoring)
    fitted = make(name, max_epochs=4).set_callbacks(monitor).fit(X, targets[name])
    scores = [row[scoring] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == fitted.n_iter_ == 4
    expected = get_scorer(scoring)(fitted, X, targets[name])
    assert scores[-1] == pytest.approx(expected)


def test_scoring_monitor_is_told_of_each_epoch_of_each_fit_in_a_search(X, y):
    monitor = ScoringMonitor(scoring="accuracy")
    clf = small().set_callbacks(monitor)
    GridSearchCV(clf, {"fusion": ["concat", "late"]}, cv=2, refit=False).fit(X, y)
    found = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(found) == 2 * 2 * 2  # fusions, folds, epochs


def test_scoring_monitor_does_not_change_the_numbers(X, y, make):
    plain = make("FusionClassifier").fit(X, y).predict_proba(X)
    watched = make("FusionClassifier").set_callbacks(ScoringMonitor(scoring="accuracy")).fit(X, y)
    np.testing.assert_array_equal(watched.predict_proba(X), plain)
