"""The scripts that measure speed work, on sizes too small to measure anything."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

SLOW = ["fit_mlp", "fit_images", "fit_defaults", "predict"]
FOLDER = Path(__file__).parents[1] / "benchmarks" / "speed"


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    yield
    for name in [path.stem for path in FOLDER.glob("*.py")]:
        sys.modules.pop(name, None)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "name",
    ["growth", *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)],
)
def test_a_claim_about_speed_can_be_measured(name):
    rows = importlib.import_module(name).rows(quick=True)
    assert rows
    for row in rows:
        assert np.isfinite(row.ratios).all()
        assert str(row).count("|") == 8


def test_every_claim_is_a_script():
    assert {f"{name}.py" for name in importlib.import_module("run").CLAIMS} <= {
        path.name for path in FOLDER.iterdir()
    }
