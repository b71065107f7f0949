"""Estimators that differ in training alone read X and y once."""

import pytest

from sklearn_crossmodal import CrossModalRegressor, FusionClassifier, MultiModalAutoencoder, Numeric
from sklearn_crossmodal.estimators._fitting._fit_data import _reading_key
from sklearn_crossmodal.nn.fusion import GatedFusion
from sklearn_crossmodal.utils.discovery import all_estimators

NETWORKS = [(name, kind) for name, kind in all_estimators("network") if name[:4] != "Auto"]


@pytest.mark.parametrize(("name", "kind"), NETWORKS)
def test_a_class_declares_parameters_and_none_that_reading_needs(name, kind):
    everywhere = set().union(*(one().get_params(deep=False) for _, one in NETWORKS))
    assert kind._training_parameters <= everywhere
    read = set(kind().get_params(deep=False)) - kind._training_parameters
    assert read <= {
        *("modalities", "target", "loss", "init", "class_weight", "target_weight"),
        *("memory", "device"),
    }
    assert {"modalities", "memory", "device"} <= read


SAME = [
    (
        FusionClassifier,
        {"max_epochs": 3, "balance": "gradient_blending", "n_folds": None},
    ),
    (FusionClassifier, {"fusion": GatedFusion(width=3), "learning_rate": 0.1, "verbose": 1}),
    (MultiModalAutoencoder, {"variational": "poe", "beta": 2.0, "n_private_components": 2}),
    (CrossModalRegressor, {"linear_path": False, "input_noise": 0.3, "n_folds": 3}),
]
DIFFERENT = [
    (FusionClassifier, {"class_weight": "balanced"}),
    (FusionClassifier, {"loss": "ordinal"}),
    (FusionClassifier, {"modalities": [("a", Numeric(scaling="rank"), slice(None))]}),
    (FusionClassifier, {"device": "cpu"}),
    (MultiModalAutoencoder, {"target_weight": 0.5}),
    (CrossModalRegressor, {"target": "numeric"}),
]


@pytest.mark.parametrize(("kind", "params"), SAME)
def test_parameters_of_training_do_not_count(kind, params):
    assert _reading_key(kind(**params)) == _reading_key(kind())


@pytest.mark.parametrize(("kind", "params"), DIFFERENT)
def test_parameters_of_reading_do(kind, params):
    assert _reading_key(kind(**params)) != _reading_key(kind())


def test_each_class_reads_by_itself():
    assert _reading_key(FusionClassifier()) != _reading_key(CrossModalRegressor())
