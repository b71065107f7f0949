"""The configuration of a training has the parameters of the estimators, no more and no others."""

from dataclasses import FrozenInstanceError, fields

import pytest

from sklearn_crossmodal import (
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
)
from sklearn_crossmodal.training import TrainingConfig

ESTIMATORS = [
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    CrossModalRegressor,
    CrossModalGenerator,
]
FIELDS = {field.name: field.default for field in fields(TrainingConfig)}


def test_each_field_is_a_parameter_of_some_estimator():
    params = set().union(*(kind().get_params(deep=False) for kind in ESTIMATORS))
    assert set(FIELDS) <= params


def test_parameters_of_all_estimators_have_their_default():
    every = [kind().get_params(deep=False) for kind in ESTIMATORS]
    shared = set.intersection(*map(set, every)) & set(FIELDS)
    assert len(shared) > 8
    for name in shared - {"modality_dropout"}:  # that of the autoencoder is higher
        assert {params[name] for params in every} == {FIELDS[name]}, name


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_it_is_filled_from_an_estimator(kind):
    estimator = kind(batch_size=7, callbacks=[])
    config, params = TrainingConfig.of(estimator), estimator.get_params(deep=False)
    for name, default in FIELDS.items():
        assert getattr(config, name) == params.get(name, default)
    assert config.batch_size == 7


def test_what_an_estimator_lacks_is_off():
    config = TrainingConfig.of(CrossModalGenerator())
    assert config.variational is config.balance is None
    assert config.auxiliary_weight == config.input_noise == config.target_weight == 0


def test_it_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        TrainingConfig().batch_size = 3
