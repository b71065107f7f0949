"""Imports point one way, and the base of the estimators knows no part by name."""

import ast
from pathlib import Path

import pytest

import sklearn_crossmodal
from sklearn_crossmodal.utils.discovery import all_components

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
