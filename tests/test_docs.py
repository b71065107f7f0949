"""Every public name is in the API reference, documented in numpydoc, with an example."""

import ast
import importlib
import importlib.util
import inspect
import re
from pathlib import Path

import pytest
from numpydoc.validate import validate

import sklearn_crossmodal
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
    own = {"fusion", "loss", "n_folds", "target", "validation"}
    for name, said in words.items():
        if name not in own:
            assert len(set(said.values())) == 1, name


# Pages and files for maintainers ----------------------------------------------------------------


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fragments(tmp_path):
    (tmp_path / "README.rst").write_text("How to\n======\n")
    (tmp_path / "0002.fix.rst").write_text("- A second fix,\n  on two lines. (#2)\n")
    (tmp_path / "0001.fix.rst").write_text("- A first fix.\n")
    (tmp_path / "0003.feature.rst").write_text("- A feature.\n\n")
    return tmp_path


def test_fragments_are_put_together_by_section_and_number(fragments):
    assert load("changelog").release_notes("1.0", fragments) == (
        "1.0\n---\n\nNew features\n~~~~~~~~~~~~\n\n- A feature.\n\n"
        "Fixes\n~~~~~\n\n- A first fix.\n\n- A second fix,\n  on two lines. (#2)\n"
    )


def test_a_paragraph_of_a_fragment_becomes_a_bullet_point(fragments):
    (fragments / "0003.feature.rst").write_text("A paragraph,\non two lines.\n\n- A point.\n")
    notes = load("changelog").release_notes("1.0", fragments)
    assert "\n- A paragraph,\n  on two lines.\n\n- A point.\n" in notes


def test_the_changelog_ends_with_the_releases_newest_first(fragments):
    (fragments / "0.9.0.rst").write_text("0.9.0\n-----\n\nNine.\n")
    (fragments / "0.10.0.rst").write_text("0.10.0\n------\n\nTen.\n")
    page = load("changelog").changelog("1.0", fragments)
    assert page.startswith("Changelog\n=========\n\n1.0\n---\n")
    assert page.index("A first fix") < page.index("Ten.") < page.index("Nine.")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("4.fix.rst", "4.fix.rst is not named"),
        ("0004.bugs.rst", "0004.bugs.rst is not named"),
        ("0003.fix.rst", "0003.fix.rst has the number of 0003.feature.rst"),
    ],
)
def test_a_fragment_that_has_no_place_is_refused(fragments, name, message):
    (fragments / name).write_text("- A fix.\n")
    with pytest.raises(ValueError, match=message):
        load("changelog").release_notes("1.0", fragments)


def test_every_fragment_is_in_the_changelog():
    notes = load("changelog").release_notes("1.0")
    paths = list((ROOT / "docs" / "whats_new").glob("[0-9][0-9][0-9][0-9].*.rst"))
    assert paths
    for path in paths:
        lines = [line.strip() for line in path.read_text().splitlines()]
        assert [line for line in lines if line not in notes] == [], path.name


def test_the_citation_names_this_version_and_licence():
    lines = (ROOT / "CITATION.cff").read_text().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if re.match(r"[a-z-]+: ", line))
    assert fields["version"] == sklearn_crossmodal.__version__
    assert fields["license"] == "BSD-3-Clause"


def test_the_hooks_run_the_versions_of_the_constraints():
    pinned = (ROOT / "constraints.txt").read_text().splitlines()
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    versions = re.findall(r"additional_dependencies: \[(.+)\]", hooks)
    assert len(versions) == hooks.count("- id:") > 0
    assert set(versions) <= set(pinned)


def test_the_matrix_has_the_versions_of_python_that_the_package_names():
    setup = (ROOT / "setup.cfg").read_text()
    named = re.findall(r"Python :: (3\.\d+)", setup)
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    assert re.search(r"python: \[(.+)\]", workflow)[1] == ", ".join(f'"{one}"' for one in named)


def test_type_checkers_find_each_name_of_the_package_where_it_is_imported_from():
    tree = ast.parse(Path(sklearn_crossmodal.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    found = {alias.asname: line.module for line in block.body for alias in line.names}
    homes = sklearn_crossmodal._MODULES.items()
    assert found == {name: f"sklearn_crossmodal.{home}" for name, home in homes}


def test_types_are_checked_where_public_names_are_defined():
    checked = load("public_modules").public_modules()
    for _, estimator in all_estimators():
        assert Path(inspect.getfile(estimator)) in checked
    assert Path(sklearn_crossmodal.__file__) in checked


def test_the_reference_has_one_page_for_each_object():
    index = load("api_pages").api_index(
        {"sklearn_crossmodal": ["Pretrained"], "sklearn_crossmodal.nn.encoders": ["Pretrained"]}
    )
    assert index.count("\n    Pretrained\n") == 1
    assert "Also here: :obj:`~sklearn_crossmodal.Pretrained`." in index
    full = load("api_pages").api_index(API_REFERENCE)
    assert [name for name in NAMES if f"\n    {name.rpartition('.')[2]}\n" not in full] == []


def test_the_gallery_runs_examples_that_exist_and_shows_what_is_stored():
    examples = {path.stem: path.read_text() for path in (ROOT / "examples").rglob("plot_*.py")}
    conf = (ROOT / "docs" / "conf.py").read_text()
    run = ast.literal_eval(re.search(r"^RUN = (\[.+?\])$", conf, re.MULTILINE | re.DOTALL)[1])
    assert run
    assert set(run) <= set(examples)
    for name, text in examples.items():
        shown = re.findall(r"_static/examples/[\w.]+", text)
        assert not (shown and name in run), name
        assert [path for path in shown if not (ROOT / "docs" / path).is_file()] == [], name
