"""Every public name is in the API reference, documented in numpydoc, with an example."""

import importlib
import importlib.util
import inspect
from pathlib import Path

import pytest
from numpydoc.validate import validate

from sklearn_crossmodal.utils.discovery import all_components, all_estimators

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("api_reference", ROOT / "docs" / "api_reference.py")
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)
API_REFERENCE = reference.API_REFERENCE
NAMES = [f"{module}.{name}" for module, names in API_REFERENCE.items() for name in names]

# numpydoc's checks that are not held: they ask for what only some names have (see also, notes,
# extended summary, returns of None), or for what scikit-learn's own docstrings do otherwise.
IGNORED = {"ES01", "EX01", "GL01", "GL08", "RT03", "SA01", "SA04", "SS03", "SS06", "YD01", "PR02"}
# Machinery that a folder shares with its neighbours, but that is not for users.
INTERNAL = {
    "sklearn_crossmodal.data",
    "sklearn_crossmodal.modalities",
    "sklearn_crossmodal.nn.decoders",
}


def public(module):
    names = importlib.import_module(module).__all__
    found = {name: getattr(importlib.import_module(module), name) for name in names}
    return {name for name, one in found.items() if inspect.isclass(one) or inspect.isfunction(one)}


@pytest.mark.parametrize("module", API_REFERENCE)
def test_the_reference_names_what_a_module_exports(module):
    if module in INTERNAL:
        assert set(API_REFERENCE[module]) <= public(module)
    else:
        assert set(API_REFERENCE[module]) == public(module)


def test_the_reference_names_every_estimator_and_component():
    listed = {name.rpartition(".")[2] for name in NAMES}
    assert {name for name, _ in all_estimators()} <= listed
    assert {part.__name__ for _, _, part in all_components()} <= listed


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_a_numpydoc_docstring(name):
    problems = [(code, text) for code, text in validate(name)["errors"] if code not in IGNORED]
    assert problems == []


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_an_example(name):
    module, _, attribute = name.rpartition(".")
    found = getattr(importlib.import_module(module), attribute)
    if not inspect.isabstract(found):
        assert ">>>" in inspect.getdoc(found)


@pytest.mark.parametrize("estimator", [one for _, one in all_estimators()])
def test_public_methods_of_estimators_have_numpydoc_docstrings(estimator):
    for name, method in inspect.getmembers(estimator, inspect.isfunction):
        home = inspect.getmodule(method).__name__
        if name.startswith("_") or not home.startswith("sklearn_crossmodal"):
            continue
        path = f"{estimator.__module__}.{estimator.__name__}.{name}"
        problems = [pair for pair in validate(path)["errors"] if pair[0] not in IGNORED]
        assert problems == [], path


def test_parameters_that_estimators_share_are_worded_the_same():
    from numpydoc.docscrape import ClassDoc

    words = {}
    for _, estimator in all_estimators("network"):
        for parameter in ClassDoc(estimator)["Parameters"]:
            words.setdefault(parameter.name, {})[estimator.__name__] = " ".join(parameter.desc)
    # What "auto" means, and a default, may differ; what the parameter is may not.
    own = {"early_stopping", "fusion", "loss", "n_folds", "target"}
    for name, said in words.items():
        if name not in own:
            assert len(set(said.values())) == 1, name
