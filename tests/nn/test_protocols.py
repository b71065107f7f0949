"""Flags of parts stand in protocols, and are read in one way."""

import ast
import inspect
from pathlib import Path

import pytest
from torch import nn

import sklearn_crossmodal
from sklearn_crossmodal.nn import _protocols as protocols
from sklearn_crossmodal.nn._protocols import flag, flags_of
from sklearn_crossmodal.nn.decoders import DECODERS
from sklearn_crossmodal.nn.encoders import ENCODERS
from sklearn_crossmodal.utils.discovery import all_components

ROOT = Path(sklearn_crossmodal.__file__).parent
PROTOCOLS = {name: getattr(protocols, name) for name in protocols.__all__ if name[0].isupper()}
FLAGS = {k: v for one in PROTOCOLS.values() for k, v in flags_of(one).items()}


def calls(path, names):
    """Return the calls of functions of these names whose second argument is a string."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            second = node.args[1] if len(node.args) > 1 else None
            if node.func.id in names and isinstance(second, ast.Constant):
                yield node, second.value


@pytest.mark.parametrize("layer", ["nn", "training", "estimators", "ensemble", "model_selection"])
def test_flags_are_read_by_flag_alone(layer):
    for path in sorted((ROOT / layer).rglob("*.py")):
        found = [name for _, name in calls(path, {"getattr", "hasattr"}) if name in FLAGS]
        # What a model of another library brings is no flag of ours.
        allowed = {"tokenizer"} if path.name == "_encoder.py" else set()
        assert set(found) <= allowed, f"{path.name}: read {found} with `flag`"


def test_what_modalities_ask_encoder_attributes_stands_in_a_protocol():
    asked = {
        name
        for path in (ROOT / "modalities").rglob("*.py")
        for _, name in calls(path, {"encoder_attribute"})
    }
    assert asked == set(flags_of(protocols.InputSettings))


def test_each_flag_is_read_somewhere():
    read = {
        name
        for path in ROOT.rglob("*.py")
        for _, name in calls(path, {"flag", "encoder_attribute"})
    }
    assert read | {"frozen"} == set(FLAGS)  # that one with the method it goes with


def test_a_flag_has_one_default_wherever_it_stands():
    for name, one in PROTOCOLS.items():
        for key, default in flags_of(one).items():
            assert default == FLAGS[key], (name, key)


def test_a_module_of_a_user_has_the_defaults():
    assert {name: flag(nn.Linear(2, 2), name) for name in FLAGS} == {**FLAGS, "out_features": 2}
    assert {name: flag(None, name) for name in FLAGS} == FLAGS


def test_a_name_without_protocol_is_no_flag():
    with pytest.raises(KeyError, match="stack"):
        flag(nn.Linear(2, 2), "stack")


PARTS = [part for part in all_components() if part[0].capitalize() in PROTOCOLS]


@pytest.mark.parametrize(("family", "name", "part"), PARTS)
def test_build_takes_what_the_protocol_of_its_family_names(family, name, part):
    protocol = PROTOCOLS[family.capitalize()]
    expected, found = (inspect.signature(one.build).parameters for one in (protocol, part))
    assert list(found) == list(expected)


def test_the_page_on_how_to_add_names_each_protocol():
    page = (ROOT.parent / "docs" / "how_to_add.rst").read_text()
    missing = [name for name in PROTOCOLS if f"``{name}``" not in page]
    assert not missing


def test_decoders_that_go_token_by_token_are_told_from_others():
    assert {name for name, part in DECODERS.items() if flag(part, "takes_targets")} == {
        *("recurrent", "attention"),
    }
    assert {name for name, part in ENCODERS.items() if flag(part, "any_length")} == {"bag"}
