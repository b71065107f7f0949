"""All estimators and all parts can be found, for tests and docs."""

import inspect

import pytest

import sklearn_crossmodal
from sklearn_crossmodal.ensemble.companions import COMPANIONS
from sklearn_crossmodal.modalities import MODALITIES
from sklearn_crossmodal.nn.decoders import DECODERS
from sklearn_crossmodal.nn.encoders import ENCODERS
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.nn.variational import POSTERIORS
from sklearn_crossmodal.utils.discovery import all_components, all_estimators, reserved_names

REGISTRIES = {
    "modality": MODALITIES,
    "encoder": ENCODERS,
    "fusion": FUSIONS,
    "decoder": DECODERS,
    "loss": LOSSES,
    "posterior": POSTERIORS,
    "companion": COMPANIONS,
}


def test_every_public_class_that_fits_and_is_no_modality_is_found():
    public = {name: getattr(sklearn_crossmodal, name) for name in sklearn_crossmodal.__all__}
    estimators = {
        name
        for name, one in public.items()
        if inspect.isclass(one) and hasattr(one, "fit") and one not in MODALITIES.values()
    }
    assert {name for name, _ in all_estimators()} == estimators


def test_estimators_are_sorted_and_named_like_their_classes():
    names = [name for name, _ in all_estimators()]
    assert names == sorted(names)
    assert [one.__name__ for _, one in all_estimators()] == names


@pytest.mark.parametrize("family", REGISTRIES)
def test_the_parts_of_a_family_are_those_of_its_registry(family):
    assert all_components(family) == [(family, *entry) for entry in REGISTRIES[family].items()]


def test_without_a_family_all_parts_are_found():
    assert all_components() == [part for family in REGISTRIES for part in all_components(family)]


def test_an_unknown_family_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="family='fuse' is not one of .*'modality'.*'fusion'"):
        all_components("fuse")


def test_networks_are_the_estimators_that_train_one():
    found = {name for name, _ in all_estimators("network")}
    assert {"FusionClassifier", "MultiModalAutoencoder"} <= found <= set(dict(all_estimators()))
    with pytest.raises(ValueError, match="type_filter='linear'"):
        all_estimators("linear")


def test_reserved_names_are_the_parameters_of_estimators_with_modalities():
    params = {name: set(one().get_params(deep=False)) for name, one in all_estimators("network")}
    assert set().union(*params.values()) <= reserved_names()
    assert {"companions", "time_limit"} <= reserved_names()  # those of AutoFusion
    assert "param_grid" not in reserved_names()  # a search takes no modalities
