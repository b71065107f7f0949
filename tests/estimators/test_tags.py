"""scikit-learn's tags say what an estimator takes with the parameters that it has."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils import get_tags

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalImputer,
)
from sklearn_crossmodal.modalities import Categorical, Numeric, Sequence, Text
from sklearn_crossmodal.nn.losses import LOSSES, GammaLoss, PoissonLoss, QuantileLoss, losses_of

N = 30
QUICK = {"max_epochs": 1, "random_state": 0}
ALL = [
    AutoFusionClassifier,
    AutoFusionRegressor,
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
]


@pytest.fixture
def X(rng):
    return rng.normal(size=(N, 4))


def _takes(fit, *arguments):
    """Tell whether a fit goes through."""
    try:
        fit(*arguments)
    except (ValueError, TypeError):
        return False
    return True


@pytest.mark.parametrize("loss", ["cross_entropy", "ordinal"])
def test_labels_in_an_order_are_not_several(loss, X):
    clf = FusionClassifier(loss=loss, n_folds=None, **QUICK)
    several = (X[:, :3] > 0).astype(int)
    assert get_tags(clf).classifier_tags.multi_label == _takes(clf.fit, X, several)
    assert get_tags(clf).target_tags.multi_output == _takes(clf.fit, X, several + several[:, [1]])


OF_NUMBERS = sorted(losses_of("vector") - {"binary_cross_entropy"})
OF_NUMBERS += [PoissonLoss(), GammaLoss(), QuantileLoss((0.2, 0.8))]


@pytest.mark.parametrize("loss", OF_NUMBERS, ids=str)
def test_losses_that_take_no_negative_numbers_say_so(loss, X):
    reg = FusionRegressor(loss=loss, n_folds=None, **QUICK)
    assert get_tags(reg).target_tags.positive_only != _takes(reg.fit, X, X[:, 0])
    assert _takes(reg.fit, X, np.exp(X[:, 0]))
    assert get_tags(reg).target_tags.multi_output
    assert _takes(reg.fit, X, np.exp(X[:, :2]))


@pytest.mark.parametrize("loss", ["poisson", "gamma", "squared_error", None])
def test_a_target_and_networks_that_take_no_negative_numbers_say_so(loss):
    positive = loss in ("poisson", "gamma")
    models = [CrossModalRegressor(loss=loss)]
    if loss is not None:
        models += [
            CrossModalRegressor(target=Numeric(scaling="mean", loss=loss)),
            AutoFusionRegressor(estimator=FusionRegressor(loss=loss)),
        ]
    for model in models:
        assert get_tags(model).target_tags.positive_only == positive


MODALITIES = {
    "inferred": None,
    "numeric": [("a", Numeric(), [0, 1]), ("b", "numeric", [2, 3])],
    "one dropped": [("a", Numeric(), [0, 1]), ("b", Text(), 2), ("c", "drop", [3])],
    "categorical": [("a", Numeric(), [0, 1]), ("b", Categorical(), [2, 3])],
    "text": [("a", "text", 0), ("b", Numeric(), [1, 2, 3])],
}


@pytest.mark.parametrize("name", MODALITIES)
def test_what_is_listed_takes_a_sparse_matrix_or_not(name, X):
    clf = FusionClassifier(MODALITIES[name], n_folds=None, **QUICK)
    takes = _takes(clf.fit, sparse.csr_array(np.abs(X)), X[:, 0] > 0)
    assert get_tags(clf).input_tags.sparse == takes
    assert {get_tags(kind(MODALITIES[name])).input_tags.sparse for kind in ALL} == {takes}


@pytest.mark.parametrize("name", MODALITIES)
def test_what_is_listed_takes_strings_or_not(name):
    takes = name not in ("numeric",)
    assert {get_tags(kind(MODALITIES[name])).input_tags.string for kind in ALL} == {takes}
    series = FusionClassifier([("a", Sequence(), 0)])
    assert not get_tags(series).input_tags.string


def test_an_autoencoder_asks_for_y_where_it_has_a_weight(X):
    for weight in (0.0, 1.0):
        model = MultiModalAutoencoder(target_weight=weight, **QUICK)
        assert get_tags(model).target_tags.required != _takes(model.fit, X)
        assert get_tags(MultiModalImputer(model)).target_tags.required == (weight > 0)


def test_an_imputer_takes_what_its_estimator_takes():
    dense = MultiModalAutoencoder([("a", Text(), 0), ("b", Numeric(), [1])])
    assert not get_tags(MultiModalImputer(dense)).input_tags.sparse
    assert get_tags(MultiModalImputer()).input_tags.sparse
    assert get_tags(MultiModalImputer()).input_tags.allow_nan


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("modalities", [[("a", "no such", 0)], "text", [1], [("a", 3, 0)], 5])
def test_tags_of_wrong_parameters_raise_nothing(kind, modalities):
    get_tags(kind(modalities))
    get_tags(FusionRegressor(loss="no such"))
    get_tags(CrossModalRegressor(loss={"a": "poisson"}, target=[("a", "numeric", 0)]))
    get_tags(FusionRegressor(loss=QuantileLoss((2.0,))))
    get_tags(MultiModalAutoencoder(target_weight="much"))
    get_tags(MultiModalImputer(estimator="no such"))


@pytest.mark.parametrize("loss", LOSSES)
def test_tags_of_any_loss_raise_nothing(loss):
    get_tags(CrossModalRegressor(loss=loss))
