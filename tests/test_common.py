"""scikit-learn's checks on every estimator."""

import zlib

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

from sklearn_crossmodal import (
    BatchedRandomizedSearchCV,
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
)
from sklearn_crossmodal.modalities import Numeric, Text
from sklearn_crossmodal.nn.decoders import RecurrentDecoder
from sklearn_crossmodal.nn.fusion import ConcatFusion
from sklearn_crossmodal.utils.discovery import all_estimators, reserved_names


class SpelledGenerator(CrossModalGenerator):
    """The generator for checks whose y are numbers: it is taught these in writing.

    What it says is shown as a number, the same for the same text.
    """

    def fit(self, X, y, sample_weight=None, groups=None):
        return super().fit(X, in_writing(y), sample_weight, groups)

    def partial_fit(self, X, y, sample_weight=None):
        return super().partial_fit(X, in_writing(y), sample_weight)

    def predict(self, X):
        return np.array([zlib.crc32(text.encode()) for text in super().predict(X)])

    def score(self, X, y, sample_weight=None):
        return super().score(X, in_writing(y), sample_weight)


def in_writing(y):
    return y if y is None else np.asarray(y).astype(str)


class Characters:
    """A tokenizer whose ids do not depend on how often they occur."""

    n_tokens = 128

    def encode(self, texts):
        return [[ord(character) for character in text] for text in texts]

    def decode(self, rows):
        return ["".join(map(chr, row)) for row in rows]


SPELLED = {"CrossModalGenerator": SpelledGenerator}
SEARCHED = (
    FusionClassifier(max_epochs=2, n_folds=None, validation=None, random_state=0),
    {"learning_rate": [1e-2, 3e-2]},
)
OF_OTHERS = {
    "AutoFusionClassifier": {
        "estimator": FusionClassifier(max_epochs=1, validation=None),
        "companions": {"linear": LogisticRegression()},
        "cv": 2,
    },
    "AutoFusionRegressor": {
        "estimator": FusionRegressor(max_epochs=1, validation=None),
        "companions": {"linear": Ridge()},
        "cv": 2,
    },
    "MultiModalImputer": {"estimator": MultiModalAutoencoder(max_epochs=2)},
}
NETWORKS = dict(all_estimators("network"))


def quick(name, estimator):
    """Return the estimator with all defaults but the number of epochs and of networks."""
    if issubclass(estimator, BaseSearchCV):
        return estimator(*SEARCHED, cv=2, error_score="raise")
    params = {"max_epochs": 2} if name in NETWORKS else OF_OTHERS.get(name, {})
    if "n_folds" in estimator().get_params():  # the slow checks are those of all defaults
        params = {**params, "n_folds": None}
    return SPELLED.get(name, estimator)(**params)


# The searches share all but how candidates are drawn: one of them is checked among the slow ones.
RANDOMIZED = BatchedRandomizedSearchCV(
    clone(SEARCHED[0]).set_params(max_epochs=20),
    SEARCHED[1],
    n_iter=2,
    cv=2,
    error_score="raise",
)
ESTIMATORS = [
    quick(name, estimator)
    for name, estimator in all_estimators()
    if estimator is not BatchedRandomizedSearchCV
]
# A generator with its default number of epochs takes half a minute a check.
AS_THEY_COME = [
    SPELLED.get(name, estimator)(**({"max_epochs": 20} if name in SPELLED else {}))
    for name, estimator in all_estimators("network")
] + [RANDOMIZED]
STOCHASTIC = (
    "Training is stochastic: mini-batches are drawn from the rows, so that a row of weight two is "
    "not two rows. scikit-learn excuses its own SGD and MLP estimators for the same."
)
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": STOCHASTIC,
    "check_sample_weight_equivalence_on_sparse_data": STOCHASTIC,
}
OF_FOLDS = (
    "Training is stochastic, and folds are drawn from the rows: one row of weight two is in one "
    "fold, two rows may be in two."
)
NO_FIT_TRANSFORM = "A search has `transform` and no `fit_transform`, as scikit-learn's own."
# These ask how well training went; the others would see the same after one step.
OF_ACCURACY = (
    "check_class_weight_classifiers",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_regressors_train",
)
OF_TRANSFORMERS = (
    "check_transformer_data_not_an_array",
    "check_transformer_general",
    "check_transformer_preserve_dtypes",
)


def expected_failures(estimator):
    if isinstance(estimator, BaseSearchCV):
        return dict.fromkeys(OF_TRANSFORMERS, NO_FIT_TRANSFORM)
    if type(estimator).__name__.startswith("AutoFusion"):  # the check on sparse data passes
        return {"check_sample_weight_equivalence_on_dense_data": OF_FOLDS}
    return EXPECTED_FAILURES if "sample_weight" in fit_arguments(estimator) else {}


def fit_arguments(estimator):
    return type(estimator).fit.__code__.co_varnames


# scikit-learn's splitters cast a target of NaN to see whether it is integer.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning:sklearn")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_check(estimator, check):
    if check.func.__name__ in OF_ACCURACY:
        train_longer(estimator)
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning:sklearn")
@parametrize_with_checks(AS_THEY_COME, expected_failed_checks=expected_failures)
def test_scikit_learn_check_of_the_defaults(estimator, check):
    check(estimator)


def train_longer(estimator):
    """Give the network inside the training that a check of accuracy needs."""
    longer = {"max_epochs": 8, "learning_rate": 0.01}
    for name in estimator.get_params():
        if (last := name.split("__")[-1]) in longer:
            estimator.set_params(**{name: longer[last]})


def deterministic(estimator):
    """Return the estimator set so that training has nothing random but the first weights."""
    if isinstance(estimator, CrossModalGenerator):
        target = Text(tokenizer=Characters())
        estimator.set_params(target=target, decoder=RecurrentDecoder(dropout=0.0))
    if isinstance(estimator, CrossModalRegressor):
        estimator.set_params(target=Numeric(scaling="standard"), input_noise=0.0)
    return estimator.set_params(
        modalities=[("numeric", Numeric(scaling="standard"), slice(None))],
        fusion=ConcatFusion(dropout=0.0),
        validation=None,
        batch_size=10_000,
        modality_dropout=0.0,
        max_epochs=30,
        dtype="float64",
    )


@pytest.mark.parametrize(("name", "estimator"), all_estimators("network"))
def test_no_modality_may_be_named_like_a_parameter(name, estimator):
    assert set(estimator().get_params(deep=False)) <= reserved_names()


@pytest.mark.parametrize(
    "check",
    [check_sample_weight_equivalence_on_dense_data, check_sample_weight_equivalence_on_sparse_data],
)
@pytest.mark.parametrize(("name", "estimator"), all_estimators("network"))
def test_weights_are_rows_where_training_is_deterministic(name, estimator, check):
    check(name, deterministic(SPELLED.get(name, estimator)()))
