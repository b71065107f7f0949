import copy

import pytest
import torch
from sklearn.base import clone
from torch import nn

from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import Factory, resolve
from sklearn_crossmodal.nn.fusion import GatedFusion
from sklearn_crossmodal.utils.discovery import all_components


@pytest.mark.parametrize("family", ["encoder", "fusion", "decoder", "loss"])
def test_a_name_stands_for_the_component_with_its_defaults(family):
    registry = {name: part for _, name, part in all_components(family)}
    for name, part in registry.items():
        found = resolve(name, registry, family)
        assert type(found) is part
        assert found.get_params() == part().get_params()
        assert resolve(name, registry, family) is not found  # never one object for all


@pytest.mark.parametrize("family", ["encoder", "fusion", "decoder", "loss"])
def test_an_unknown_name_gets_the_list_of_the_valid_ones(family):
    registry = {name: part for _, name, part in all_components(family)}
    with pytest.raises(ModalityError) as caught:
        resolve("concatt", registry, family)
    assert str(caught.value) == f"unknown {family} 'concatt'; valid: {sorted(registry)}."


def test_a_component_is_taken_as_it_is():
    fusion = GatedFusion(width=3)
    assert resolve(fusion, {}, "fusion") is fusion


@pytest.mark.parametrize("part", [None, 3, ["concat"]])
def test_what_is_no_part_at_all_gets_told_what_is(part):
    with pytest.raises(TypeError, match=r"a fusion is a name \(\['gated'\]\), a component, or an"):
        resolve(part, {"gated": GatedFusion}, "fusion")


def test_a_class_of_components_in_place_of_one_is_an_error_that_names_it():
    with pytest.raises(TypeError, match=r"fusion is the class GatedFusion: pass an instance"):
        resolve(GatedFusion, {}, "fusion").build([2, 3])


def test_a_factory_that_makes_no_module_is_an_error_that_says_what_it_made():
    with pytest.raises(TypeError, match="returned dict, not an nn.Module"):
        Factory(lambda spec: {}).build(3)


def test_a_class_makes_a_new_module_each_time():
    factory = Factory(nn.ReLU)
    assert factory.build(True) is not factory.build(True)
    assert factory.build(True).inplace  # called with the shapes


def test_an_instance_is_copied_with_its_weights():
    linear = nn.Linear(2, 3)
    built = Factory(linear).build("whatever the shapes")
    assert built is not linear
    assert torch.equal(built.weight, linear.weight)
    with torch.no_grad():
        built.weight.zero_()
    assert linear.weight.abs().sum() > 0


def test_an_instance_as_parameter_survives_clone():
    class Holder(GatedFusion):
        def __init__(self, width=None):
            self.width = width

    linear = nn.Linear(2, 3)
    for copied in (clone(Holder(linear)), copy.deepcopy(Holder(linear))):
        assert copied.width is not linear
        assert torch.equal(copied.width.weight, linear.weight)
