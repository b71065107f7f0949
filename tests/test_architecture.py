"""Imports point one way, and the base of the estimators knows no part by name."""

import ast
import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import sklearn_crossmodal
from sklearn_crossmodal.utils.discovery import all_components, all_estimators

ROOT = Path(sklearn_crossmodal.__file__).parent
# What each layer may import; `exceptions` stands below all.
BELOW = {
    "exceptions": set(),
    "utils": set(),
    "data": {"utils"},
    "preprocessing": {"utils", "data"},
    "modalities": {"utils", "data", "preprocessing"},
    "nn": {"utils", "data"},
    "linear": {"utils"},
    "uncertainty": {"utils"},
    "training": {"utils", "data", "nn", "linear"},
    "estimators": {
        "utils",
        "data",
        "preprocessing",
        "modalities",
        "nn",
        "training",
        "linear",
        "uncertainty",
    },
    "ensemble": {
        *("utils", "data", "preprocessing", "modalities", "nn", "training", "linear"),
        *("uncertainty", "estimators"),
    },
    "alignment": {"utils", "data", "nn", "linear", "training", "estimators", "metrics"},
    "model_selection": {"utils", "training", "estimators"},
    "datasets": {"utils", "data"},
    "metrics": {"utils", "data"},
}
FILES = [*sorted(ROOT.glob("*/**/*.py")), ROOT / "exceptions.py"]


def layer(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_layer_imports_only_what_stands_below(path):
    allowed = BELOW[layer(path)] | {layer(path), "exceptions"}
    ours = [name.split(".")[1] for name in imported(path) if name.startswith("sklearn_crossmodal.")]
    assert set(ours) <= allowed


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_torch_and_skorch_stay_on_their_bank(path):
    roots = {name.split(".")[0] for name in imported(path)}
    if layer(path) not in {"nn", "training", "estimators", "linear"}:
        assert "torch" not in roots
    if layer(path) != "training":
        assert "skorch" not in roots


def test_every_layer_has_its_place():
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(BELOW)


def test_the_base_of_estimators_knows_no_part_by_name():
    text = (ROOT / "estimators" / "_base.py").read_text()
    words = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    words |= {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    for _, name, part in all_components():
        assert name not in words
        assert part.__name__ not in words


def test_importing_the_package_does_not_import_torch():
    import subprocess
    import sys

    code = "import sys, sklearn_crossmodal; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# The size of rooms, and of what is in them -------------------------------------------------

FOLDERS = sorted({path.parent for path in ROOT.glob("**/*.py")} - {ROOT})
MODULES = {
    ".".join(["sklearn_crossmodal", *path.relative_to(ROOT).with_suffix("").parts]): path
    for path in ROOT.glob("**/*.py")
}


@cache
def imports_at_the_top(path):
    """The modules of the package that a module imports when it is imported itself."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module.startswith("sklearn_crossmodal"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in MODULES else f"{node.module}.__init__" for name in names}
            found.add(node.module)
    return {MODULES[name] for name in found if name in MODULES}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_has_thirteen_entries_at_most(folder):
    files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    folders = [path for path in folder.iterdir() if (path / "__init__.py").exists()]
    assert len(files) + len(folders) <= 13


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_inside_a_folder_are_five_floors_deep_at_most(folder):
    @cache
    def floors(path):
        below = [one for one in imports_at_the_top(path) - {path} if one.parent == folder]
        return 1 + max((floors(one) for one in below if one.name != "__init__.py"), default=0)

    files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert max(map(floors, files), default=0) <= 5


def test_no_modules_import_each_other_in_a_circle():
    done, open_now = set(), []

    def visit(path):
        assert path not in open_now, [one.stem for one in [*open_now, path]]
        if path not in done:
            open_now.append(path)
            for below in sorted(imports_at_the_top(path) - {path}):
                if below.name != "__init__.py":
                    visit(below)
            done.add(open_now.pop())

    for path in MODULES.values():
        if path.name != "__init__.py":
            visit(path)


#: The one longer file: twelve public methods, whose documentation is most of it.
LONG = {"estimators/_autoencoder.py": 540}


def test_files_are_short():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES.values()
    }
    assert np.median([*lengths.values()]) <= 150
    assert {name: n for name, n in lengths.items() if n > LONG.get(name, 450)} == {}
    assert max(map(lines_of_code, MODULES.values())) <= 260


def lines_of_code(path):
    """Lines without docstrings, comments and blank ones."""
    text = path.read_text()
    tree = ast.parse(text)
    nodes = [
        node.body[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and ast.get_docstring(node) is not None
    ]
    inside = {line for node in nodes for line in range(node.lineno, node.end_lineno + 1)}
    lines = enumerate(text.splitlines(), 1)
    return sum(
        number not in inside and bool(line.strip()) and not line.strip().startswith("#")
        for number, line in lines
    )


def classes_of_ours(estimator):
    return [one for one in estimator.__mro__ if one.__module__.startswith("sklearn_crossmodal")]


def methods_of(kind):
    return {
        name: value
        for name, value in vars(kind).items()
        if inspect.isfunction(value)
        or isinstance(value, property | staticmethod | classmethod)
        or hasattr(value, "fn")  # of `available_if`
    }


estimators = pytest.mark.parametrize(
    "estimator", [kind for _, kind in all_estimators()], ids=lambda kind: kind.__name__
)


@estimators
def test_an_estimator_has_three_classes_of_ours_and_thirty_five_methods_at_most(estimator):
    kinds = classes_of_ours(estimator)
    assert len(kinds) <= 3
    assert len({name for kind in kinds for name in methods_of(kind)}) <= 35


@estimators
def test_no_method_is_defined_in_more_than_two_classes(estimator):
    kinds = classes_of_ours(estimator)
    names = [name for kind in kinds for name in methods_of(kind) if name != "__init__"]
    assert max(map(names.count, names)) <= 2


@estimators
def test_an_override_keeps_the_signature(estimator):
    kinds = classes_of_ours(estimator)
    for place, kind in enumerate(kinds):
        for name, method in methods_of(kind).items():
            if name == "__init__" or not inspect.isfunction(method):
                continue
            for base in kinds[place + 1 :]:
                overridden = methods_of(base).get(name)
                if inspect.isfunction(overridden):
                    ours = list(inspect.signature(method).parameters)
                    assert ours == list(inspect.signature(overridden).parameters), name


def test_no_method_of_a_base_is_called_past_the_order_of_the_classes():
    names = {kind.__name__ for _, one in all_estimators() for kind in classes_of_ours(one)}
    for path in (ROOT / "estimators").glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if called and isinstance(node.func.value, ast.Name) and node.func.value.id in names:
                first = node.args[0] if node.args else None
                assert not (isinstance(first, ast.Name) and first.id == "self"), path
