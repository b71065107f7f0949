"""Bad input: the error says who, where, what came and what to do; nothing half-fitted is left."""

import pickle
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.callback import ScoringMonitor
from skorch.callbacks import Callback

from sklearn_crossmodal import FusionClassifier, Image, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.modalities import MODALITIES
from sklearn_crossmodal.nn.decoders import DECODERS
from sklearn_crossmodal.nn.encoders import ENCODERS
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
WITH_TARGET = [name for name in ESTIMATORS if name != "MultiModalAutoencoder"]
N = 40


def with_column(X, **columns):
    return MultiModalFrame({**{name: X[name] for name in X}, **columns})


def with_cell(values, row, cell):
    values = np.array(values, dtype=object if not isinstance(cell, float) else None)
    values[row] = cell
    return values


# What is wrong in X: (X -> wrong X, parameters, what the message must say) ------------------------

pd_columns = {"age": np.arange(N, dtype=float), "wage": np.ones(N)}

WRONG_X = {
    "other number of rows in one modality": (
        lambda X: {"table": X["table"], "words": X["words"][:-1], "photo": X["photo"]},
        {},
        ["'table': 40", "'words': 39", "same number of rows"],
    ),
    "unknown column": (
        lambda X: X,
        {"modalities": [("pay", Numeric(), ["salary"])]},
        ["'pay'", "'salary'", "['table', 'words', 'photo']"],
    ),
    "unknown column of a dict of modalities": (
        lambda X: X,
        {"modalities": {"pay": "salary"}},
        ["'pay'", "'salary'", "['table', 'words', 'photo']"],
    ),
    "column by name in an array": (
        lambda X: X["table"],
        {"modalities": [("pay", Numeric(), ["salary"])]},
        ["'pay'", "'salary'", "positions"],
    ),
    "position beyond the columns": (
        lambda X: X["table"],
        {"modalities": [("pay", Numeric(), [0, 7])]},
        ["'pay'", "[7]", "3 columns"],
    ),
    "mask of another number of columns": (
        lambda X: X["table"],
        {"modalities": [("pay", Numeric(), [True, False])]},
        ["'pay'", "2 entries", "3 columns"],
    ),
    "no column": (
        lambda X: X["table"],
        {"modalities": [("pay", Numeric(), slice(0, 0))]},
        ["'pay'", "columns"],
    ),
    "flat images": (
        lambda X: with_column(X, photo=X["photo"].reshape(N, -1)),
        {},
        ["'photo'", "(n, height, width)", "(40, 192)"],
    ),
    "images with too many axes": (
        lambda X: with_column(X, photo=X["photo"][..., np.newaxis]),
        {},
        ["'photo'", "(n, height, width)", "(40, 8, 8, 3, 1)"],
    ),
    "flat images in a column of another name": (
        lambda X: with_column(X, pixels=X["photo"].reshape(N, -1)),
        {"modalities": [("photo", Image(), "pixels"), ("table", Numeric(), "table")]},
        ["'photo'", "'pixels'", "(n, height, width)", "(40, 192)"],
    ),
    "text that is no string": (
        lambda X: with_column(X, review=with_cell(X["words"], 3, 7)),
        {"modalities": [("words", Text(), "review"), ("table", Numeric(), "table")]},
        ["'words'", "'review'", "7 (int)", "string"],
    ),
    "number that is no number": (
        lambda X: with_column(X, age=with_cell(np.ones(N), 3, "old")),
        {"modalities": [("years", Numeric(), "age"), ("words", Text(), "words")]},
        ["'years'", "age", "old", "numbers"],
    ),
    "infinite number": (
        lambda X: with_column(X, age=with_cell(np.arange(N, dtype=float), 3, np.inf)),
        {"modalities": [("years", Numeric(), "age"), ("words", Text(), "words")]},
        ["'years'", "'age'", "infinity", "NaN or a finite number"],
    ),
    "infinite pixel": (
        lambda X: with_column(X, pixels=with_cell(X["photo"].astype(float), (5, 0, 0, 0), np.inf)),
        {"modalities": [("photo", Image(), "pixels"), ("table", Numeric(), "table")]},
        ["'photo'", "'pixels'", "infinity", "5"],
    ),
    "infinite pixel behind absent images": (
        lambda X: with_column(
            X,
            photo=with_cell(
                with_cell(X["photo"].astype(float), slice(0, 3), np.nan), (5, 0, 0, 0), np.inf
            ),
        ),
        {},
        ["'photo'", "infinity", "in the 37 samples that have it", "[5]"],
    ),
    "sample with no modality": (
        lambda X: with_column(
            X,
            table=with_cell(X["table"], 4, np.nan),
            words=with_cell(X["words"], 4, None),
        ),
        {"modalities": [("table", Numeric(), "table"), ("words", Text(), "words")]},
        ["'table'", "'words'", "1 samples", "[4]", "leave them out"],
    ),
    "modalities that are nowhere": (
        lambda X: MultiModalFrame(dict(X), present=dict.fromkeys(X, np.zeros(N, dtype=bool))),
        {},
        ["['table', 'words', 'photo']", "absent in all samples"],
    ),
    "file of vectors that is not there": (
        lambda X: with_column(X, review=X["words"]),
        {"modalities": [("words", Text(vectors="no/such/file"), "review")]},
        ["'words'", "'review'", "vectors='no/such/file'", "cannot be read"],
    ),
    "cells that no modality takes": (
        lambda X: with_column(X, when=with_cell(np.full(N, None), slice(None), object())),
        {"modalities": None},
        ["'when'", "object", "`modalities`"],
    ),
    "no columns": (lambda X: MultiModalFrame({}), {"modalities": None}, ["0 feature(s)"]),
    "no rows": (lambda X: X[:0], {}, ["0 sample(s)"]),
}

# What is wrong in a parameter: (parameters, what the message must say) ---------------------------

WRONG_PARAMETER = {
    "modality named like a parameter": (
        {"modalities": [("fusion", Numeric(), "table")]},
        ["'fusion'", "another name", "max_epochs"],
    ),
    "modality named like a parameter of another estimator": (
        {"modalities": [("n_components", Numeric(), "table")]},
        ["'n_components'", "another name"],
    ),
    "modality with two underscores": (
        {"modalities": [("my__table", Numeric(), "table")]},
        ["'my__table'", "'__'"],
    ),
    "two modalities of one name": (
        {"modalities": [("a", Numeric(), "table"), ("a", Text(), "words")]},
        ["'a'", "unique"],
    ),
    "entry without columns": (
        {"modalities": [("table", Numeric())]},
        ["(name, modality, columns)", "Numeric()"],
    ),
    "unknown modality": (
        {"modalities": [("table", "numbers", "table")]},
        ["'table'", "'numbers'", *map(repr, MODALITIES)],
    ),
    "all modalities dropped": (
        {"modalities": [("table", "drop", "table")]},
        ["'table'", "dropped"],
    ),
    "unknown fusion": ({"fusion": "concatenate"}, ["'concatenate'", *map(repr, FUSIONS)]),
    "unknown encoder": (
        {"modalities": [("texts", Text(encoder="grru"), "words")]},
        ["'texts'", "'grru'", *map(repr, ENCODERS)],
    ),
    "encoder of another kind": (
        {"modalities": [("table", Numeric(encoder="lstm"), "table")]},
        ["'table'", "'vector'", "LSTMEncoder", "'mlp'"],
    ),
    "unknown optimizer": ({"optimizer": "adamm"}, ["'adamm'", "'adamw'"]),
    "unknown scaling": (
        {"modalities": [("table", Numeric(scaling="minmax"), "table")]},
        ["'table'", "'minmax'", "'robust'"],
    ),
    "no epochs": ({"max_epochs": 0}, ["'max_epochs'", "0"]),
    "negative learning rate": ({"learning_rate": -1.0}, ["'learning_rate'", "-1.0"]),
    "modality dropout of everything": ({"modality_dropout": 1.0}, ["'modality_dropout'", "1.0"]),
}

# Only some estimators have these.
WRONG_OWN_PARAMETER = {
    "unknown loss": ("FusionRegressor", {"loss": "hinge"}, ["'hinge'", "'huber'"]),
    "loss of another kind": (
        "FusionRegressor",
        {"loss": LOSSES["cross_entropy"]()},
        ["'vector'", "CrossEntropy", "'squared_error'"],
    ),
    "unknown target": ("CrossModalRegressor", {"target": "smell"}, ["'smell'", *MODALITIES]),
    "unknown decoder": (
        "CrossModalRegressor",
        {"target": Numeric(decoder="mpl")},
        ["'mpl'", *map(repr, DECODERS)],
    ),
    "decoder of another kind": (
        "MultiModalAutoencoder",
        {"modalities": [("texts", Text(decoder="cnn"), "words")]},
        ["'texts'", "'tokens'", "CNNDecoder", "['attention', 'recurrent', 'tokens']"],
    ),
    "negative class_weight": (
        "FusionClassifier",
        {"class_weight": {"no": -1.0}},
        ["class_weight", "-1.0"],
    ),
    "unknown class in class_weight": (
        "FusionClassifier",
        {"class_weight": {"maybe": 2.0}},
        ["class_weight", "no", "yes"],
    ),
}


@pytest.fixture(scope="module")
def fitted_copy(X, targets, make):
    """Return a function that copies an estimator which is fitted once."""

    @cache
    def fit(name, columns):
        estimator = make(name) if columns is None else make(name, modalities=None)
        return pickle.dumps(estimator.fit(X if columns is None else X[columns], targets[name]))

    return lambda name, columns=None: pickle.loads(fit(name, columns))


def says(error, name, parts):
    message = str(error.value)
    missing = [part for part in [name, *parts] if part not in message]
    assert not missing, f"{missing} not in: {message}"


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("case", WRONG_X)
def test_wrong_X_is_named_in_fit(name, case, X, targets, make):
    spoil, params, parts = WRONG_X[case]
    estimator = make(name, **params)
    with pytest.raises((ValueError, TypeError)) as error:
        estimator.fit(spoil(X), targets[name])
    says(error, name, parts)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("case", WRONG_PARAMETER)
def test_wrong_parameter_is_named_in_fit(name, case, X, targets, make):
    params, parts = WRONG_PARAMETER[case]
    with pytest.raises((ValueError, TypeError)) as error:
        make(name, **params).fit(X, targets[name])
    says(error, name, parts)


@pytest.mark.parametrize("case", WRONG_OWN_PARAMETER)
def test_wrong_parameter_of_one_estimator_is_named_in_fit(case, X, targets, make):
    name, params, parts = WRONG_OWN_PARAMETER[case]
    with pytest.raises((ValueError, TypeError)) as error:
        make(name, **params).fit(X, targets[name])
    says(error, name, parts)


@pytest.mark.parametrize("name", WITH_TARGET)
def test_target_of_another_length_is_named(name, X, targets, make):
    with pytest.raises(ValueError, match="X has 40 rows, y has 39") as error:
        make(name).fit(X, targets[name][:-1])
    says(error, name, [])


@pytest.mark.parametrize("name", WITH_TARGET)
def test_target_that_is_none_is_named(name, X, make):
    with pytest.raises(ValueError, match="requires y to be passed") as error:
        make(name).fit(X, None)
    says(error, name, [])


@pytest.mark.parametrize("name", ["FusionRegressor", "CrossModalRegressor"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_target_that_is_not_finite_is_named(name, wrong, X, targets, make):
    y = targets[name].copy()
    y[3] = wrong
    with pytest.raises(ValueError, match="y contains NaN or infinity") as error:
        make(name).fit(X, y)
    says(error, name, [])


@pytest.mark.parametrize("name", ["FusionRegressor", "CrossModalRegressor"])
def test_sparse_target_says_how_to_make_it_dense(name, X, make):
    y = sparse.csr_array(np.eye(N, 2))
    with pytest.raises(TypeError, match=r"Sparse data was passed for y: pass its \.toarray\(\)"):
        make(name).fit(X, y)
    fitted = make(name).fit(X, y.toarray())
    with pytest.raises(TypeError) as error:
        fitted.partial_fit(X, y)
    says(error, name, [".toarray()"])


@pytest.mark.parametrize("name", ["FusionRegressor", "CrossModalRegressor"])
def test_targets_near_the_largest_number_are_fitted_or_refused(name, X, targets, make):
    y = targets[name] / np.abs(targets[name]).max()
    expected = make(name).fit(X, y).predict(X)
    found = make(name).fit(X, y * 2.0**1000).predict(X)
    np.testing.assert_allclose(found / 2.0**1000, expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"target: column '0' holds numbers beyond 9e\+307"):
        make(name).fit(X, y * 1.7e308)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_target_that_is_absent_is_named(missing, X, make):
    y = X["words"].copy()
    y[3] = missing
    with pytest.raises(
        ValueError, match=r"y is absent in \d+ samples, first rows \[.*\]: leave them out"
    ) as error:
        make("CrossModalRegressor").fit(X, y)
    says(error, "CrossModalRegressor", [])


def test_class_labels_that_are_numbers_with_a_fraction_are_refused(X, make):
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        make("FusionClassifier").fit(X, X["table"][:, 0])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("weight", "part"),
    [
        (np.zeros(N), "zero"),
        (-np.ones(N), "Negative"),
        (np.ones(N - 1), r"sample_weight.shape == \(39,\), expected \(40,\)"),
        (np.full(N, np.nan), "NaN"),
    ],
)
def test_wrong_weights_are_named(name, weight, part, X, targets, fitted_copy):
    fitted = fitted_copy(name)
    for call in (fitted.fit, fitted.partial_fit):
        with pytest.raises(ValueError, match=part):
            call(X, targets[name], sample_weight=weight)


# Absent columns in predict ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_frame_with_none_of_the_fitted_columns_is_refused(name, X, fitted_copy, numbers):
    fitted = fitted_copy(name)
    other = MultiModalFrame({"sound": X["table"]})
    with pytest.raises(ValueError, match="none of the columns") as error:
        numbers(fitted, other)
    says(error, name, ["table", "words", "photo", "sound"])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_frame_with_half_the_columns_of_a_modality_is_refused(name, X, targets, make, numbers):
    modalities = [("years", Numeric(), ["age", "wage"]), ("words", Text(), "words")]
    frame = with_column(X, **pd_columns)
    fitted = make(name, modalities=modalities).fit(frame, targets[name])
    with pytest.raises(ValueError, match="lacks its columns") as error:
        numbers(fitted, frame[["age", "words"]])
    says(error, name, ["'years'", "['wage']", "give all, or none"])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_array_with_other_columns_is_refused_in_predict(name, X, fitted_copy, numbers):
    fitted = fitted_copy(name, "table")
    with pytest.raises(ValueError, match="X has 2 features, but .* is expecting 3") as error:
        numbers(fitted, X["table"][:, :2])
    says(error, name, [])


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("case", ["flat images", "text that is no string", "infinite number"])
def test_wrong_X_is_named_in_predict(name, case, X, targets, make, numbers):
    spoil, params, parts = WRONG_X[case]
    good = with_column(X, review=X["words"], age=np.arange(N, dtype=float))
    fitted = make(name, **params).fit(good, targets[name])
    with pytest.raises(ValueError) as error:  # noqa: PT011
        numbers(fitted, spoil(X))
    says(error, name, [part for part in parts if not re.match(r"\(40", part)])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_images_of_another_size_are_named_in_predict(name, X, fitted_copy, numbers):
    fitted = fitted_copy(name)
    with pytest.raises(ValueError, match="'photo'") as error:
        numbers(fitted, with_column(X, photo=X["photo"][:, :4]))
    says(error, name, ["(3, 4, 8)", "(3, 8, 8)"])


# Nested parameters -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("nested", "instead"),
    [
        ("fusion__n_heads", "fusion=AttentionFusion()"),
        ("texts__max_length", "texts=Text()"),
        ("words__encoder__width", "words__encoder=BagEncoder()"),
        ("words__decoder__width", "words__decoder=TokensDecoder()"),
    ],
)
def test_parameter_nested_in_a_name_says_what_to_pass(name, nested, instead, make):
    modalities = [("words", Text(), "words"), ("texts", "text", "words")]
    estimator = make(name, modalities=modalities, fusion="attention")
    with pytest.raises(ValueError, match=re.escape(f"pass {instead}")) as error:
        estimator.set_params(**{nested: 2})
    says(error, name, [nested.rpartition("__")[2]])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("modalities", [None, {"words": "words"}])
def test_parameter_nested_in_inferred_modalities_says_what_to_pass(name, modalities, make):
    with pytest.raises(ValueError, match="modalities=infer_modalities") as error:
        make(name, modalities=modalities).set_params(words__max_length=3)
    says(error, name, ["words__max_length"])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("wrong", ["max_epoch", "words__max_lenght", "wrods__max_length"])
def test_misspelt_parameter_answers_with_the_valid_names(name, wrong, make):
    with pytest.raises(ValueError, match=r"Valid parameters are: .*'max_"):
        make(name).set_params(**{wrong: 2})


PLAIN_COLUMNS = {
    "texts": (["a cat", "a dog"] * (N // 2), "text"),
    "array of texts": (np.array(["a cat", "a dog"] * (N // 2)), "text"),
    "series of texts": (pd.Series([None, "a cat"] * (N // 2)), "text"),
    "polars series of texts": (pl.Series(["a cat", "a dog"] * (N // 2)), "text"),
    "images": ([np.zeros((8, 8, 3))] * N, "image"),
    "array of images": (np.zeros((N, 8, 8)), "image"),
    "images of two sizes": ([np.zeros((8, 8)), np.zeros((6, 8))] * (N // 2), "image"),
    "files": ([Path("one.png")] * N, "image"),
    "bytes": ([b"\x89PNG"] * N, "image"),
    "series": ([[1.0, 2.0], [3.0]] * (N // 2), "series"),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("case", PLAIN_COLUMNS)
def test_plain_column_says_how_to_name_its_modality(name, case, targets, fitted_copy, numbers):
    column, kind = PLAIN_COLUMNS[case]
    fitted = fitted_copy(name, "table")
    for call in (lambda: fitted.fit(column, targets[name]), lambda: numbers(fitted, column)):
        with pytest.raises(
            ValueError, match=re.escape(f"MultiModalFrame({{{kind!r}: X}})")
        ) as error:
            call()
        says(error, name, ["Name the modality"])


def test_plain_list_of_rows_of_numbers_is_a_table(X, targets, make):
    rows = make("FusionClassifier", modalities=None).fit([*X["table"]], targets["FusionClassifier"])
    table = make("FusionClassifier", modalities=None).fit(X["table"], targets["FusionClassifier"])
    np.testing.assert_array_equal(
        rows.predict_proba([*X["table"]]), table.predict_proba(X["table"])
    )


# What scikit-learn or torch would stumble over ----------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_nan_in_sparse_columns_names_the_modality_and_the_column(name, X, targets, make):
    bits = sparse.csr_array(np.eye(N, 3))
    bits.data[1] = np.nan
    frame = MultiModalFrame({"bits": bits, "words": X["words"]})
    modalities = [("bits", Numeric(), "bits"), ("words", Text(), "words")]
    with pytest.raises(ValueError, match="is not imputed in a sparse X") as error:
        make(name, modalities=modalities).fit(frame, targets[name])
    says(error, name, ["'bits'", "'bits[1]'"])


def test_scikit_learn_callback_among_those_of_skorch_names_set_callbacks(X, targets, make):
    monitor = ScoringMonitor(scoring="accuracy")
    for callbacks in ([monitor], [("monitor", monitor)]):
        with pytest.raises(TypeError, match="ScoringMonitor.*set_callbacks"):
            make("FusionClassifier", callbacks=callbacks).fit(X, targets["FusionClassifier"])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_device_that_does_not_exist_is_named(name, X, targets, make):
    with pytest.raises((ValueError, RuntimeError), match="toaster"):
        make(name, device="toaster").fit(X, targets[name])


# What is no error --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_batch_larger_than_the_data_is_clipped(name, X, targets, make):
    fitted = make(name, batch_size=1000, callbacks=[Callback()]).fit(X, targets[name])
    assert [batch["train_batch_size"] for batch in fitted.net_.history[-1]["batches"]] == [N]


def test_classes_too_rare_to_split_stay_in_the_training_rows(X, make):
    y = np.repeat(["a", "b", "c"], [30, 9, 1])
    watched = {"callbacks": [Callback()]}  # without any, batches are not recorded
    clf = make("FusionClassifier", validation=0.3, **watched)
    fitted = clf.fit(X, y)
    held_out = fitted.net_.history[-1, "batches", :, "valid_batch_size"]
    assert sum(size for size in np.ravel(held_out) if isinstance(size, int | np.integer)) == 12
    pairs = make("FusionClassifier", validation=0.2)
    assert "valid_loss" not in pairs.fit(X, np.repeat(np.arange(20), 2)).history_[0]


def test_one_class_only_is_learned():
    X = np.random.default_rng(0).normal(size=(20, 2))
    fitted = FusionClassifier(max_epochs=1).fit(X, np.full(20, "only"))
    assert set(fitted.predict(X)) == {"only"}


# After a failure the estimator is as it was -------------------------------------------------------


class FailInSecondEpoch(Callback):
    def on_train_begin(self, net, **kwargs):
        self.n_epochs = 0

    def on_epoch_begin(self, net, **kwargs):
        self.n_epochs += 1

    def on_batch_end(self, net, **kwargs):
        if self.n_epochs == 2:
            raise RuntimeError("the disk is full")


#: What makes the call fail: (parameters, X -> X, y -> y, keyword arguments).
FAILURES = {
    "wrong parameter": ({"max_epochs": 0}, None, None, {}),
    "unknown encoder": ("words__encoder", None, None, {}),
    "wrong X": ({}, lambda X: with_column(X, words=with_cell(X["words"], 3, 7)), None, {}),
    "other columns": ({}, lambda X: MultiModalFrame({"sound": X["table"]}), None, {}),
    "y too short": ({}, None, lambda y: y[:-1], {}),
    "weights too short": ({}, None, None, {"sample_weight": np.ones(3)}),
    "in the second epoch": ({"callbacks": [FailInSecondEpoch()]}, None, None, {}),
}


def state(estimator):
    return {name: id(value) for name, value in vars(estimator).items()}


def break_estimator(estimator, failure, X, y):
    """Set the parameters and return the X, y and keywords that make a fit fail."""
    params, spoil_X, spoil_y, keywords = FAILURES[failure]
    if params == "words__encoder":
        params = {"words": Text(encoder="grru")}
    estimator.set_params(**params)
    X = X if spoil_X is None else spoil_X(X)
    y = y if spoil_y is None or y is None else spoil_y(y)
    return X, y, keywords


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        (name, failure)
        for name in ESTIMATORS
        for failure in FAILURES
        if name in WITH_TARGET or failure != "y too short"
    ],
)
def test_failed_first_fit_leaves_nothing(name, failure, X, targets, make):
    estimator = make(name)
    wrong_X, wrong_y, keywords = break_estimator(estimator, failure, X, targets[name])
    before = state(estimator)
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        estimator.fit(wrong_X, wrong_y, **keywords)
    assert state(estimator) == before
    with pytest.raises((ValueError, TypeError)):
        estimator.set_params(max_epochs=0).partial_fit(wrong_X, wrong_y, **keywords)
    assert not hasattr(estimator, "n_features_in_")


@pytest.mark.parametrize(
    ("name", "failure", "how"),
    [
        (name, failure, how)
        for name in ESTIMATORS
        for failure in FAILURES
        for how in ("fit", "warm_start", "partial_fit")
        if name in WITH_TARGET or failure != "y too short"
        # Later calls keep the modalities, and `partial_fit` has one epoch.
        if how == "fit" or failure != "unknown encoder"
        if how != "partial_fit" or failure != "in the second epoch"
    ],
)
def test_failed_fit_leaves_a_fitted_estimator_as_it_was(
    name, failure, how, X, targets, fitted_copy, numbers
):
    estimator = fitted_copy(name).set_params(warm_start=how == "warm_start")
    answers, history = numbers(estimator, X), list(estimator.history_)
    wrong_X, wrong_y, keywords = break_estimator(estimator, failure, X, targets[name])
    before = state(estimator)
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        getattr(estimator, "partial_fit" if how == "partial_fit" else "fit")(
            wrong_X, wrong_y, **keywords
        )
    assert state(estimator) == before
    assert estimator.history_ == history
    np.testing.assert_array_equal(numbers(estimator, X), answers)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_warm_start_that_fails_in_training_leaves_a_fitted_estimator_as_it_was(
    name, X, targets, make, numbers
):
    class FailWhenTold(Callback):
        told = False

        def on_batch_end(self, net, **kwargs):
            if FailWhenTold.told:
                raise RuntimeError("the disk is full")

    estimator = make(name, warm_start=True, callbacks=[FailWhenTold()]).fit(X, targets[name])
    answers, before = numbers(estimator, X), state(estimator)
    FailWhenTold.told = True
    for call in (estimator.fit, estimator.partial_fit):
        with pytest.raises(RuntimeError, match="disk"):
            call(X, targets[name])
        assert state(estimator) == before
        np.testing.assert_array_equal(numbers(estimator, X), answers)


@pytest.mark.parametrize("wrong", [3, ("name", 3)])
def test_what_is_no_callback_is_refused(wrong, X, targets, make):
    with pytest.raises(TypeError, match="FusionClassifier: callbacks takes .* got 3"):
        make("FusionClassifier", callbacks=[wrong]).fit(X, targets["FusionClassifier"])


def test_net_params_that_belong_to_parameters_are_refused(X, targets, make):
    clf = make("FusionClassifier", net_params={"max_epochs": 7})
    with pytest.raises(ValueError, match=r"FusionClassifier: net_params names \['max_epochs'\]"):
        clf.fit(X, targets["FusionClassifier"])


def test_binary_cross_entropy_of_scaled_pixels_says_how_to_leave_them_unscaled(X, make):
    modalities = [("photo", Image(loss="binary_cross_entropy"), "photo")]
    with pytest.raises(ValueError, match=r"target 'photo'.*from 0 to 1.*scaling='unit'"):
        make("MultiModalAutoencoder", modalities=modalities).fit(X)


def test_class_weights_of_zero_leave_no_sample(X, targets, make):
    clf = make("FusionClassifier", class_weight={"yes": 0.0, "no": 0.0})
    with pytest.raises(ValueError, match="FusionClassifier: all weights are zero"):
        clf.fit(X, targets["FusionClassifier"])


@pytest.mark.parametrize("name", ["CrossModalGenerator", "CrossModalRegressor"])
def test_a_parameter_of_none_says_what_to_pass(name, make):
    with pytest.raises(ValueError, match=f"{name}: target is None, .*'min_count': pass"):
        make(name).set_params(target__min_count=2)
