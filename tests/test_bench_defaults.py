"""The script that compares the defaults with other settings, on one set."""

import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    import bench_defaults

    yield bench_defaults
    sys.modules.pop("bench_defaults", None)


def test_settings_differ_from_the_defaults(bench):
    kinds = bench.FusionClassifier(), bench.FusionRegressor()
    for name, changed in bench.SETTINGS.items():
        for estimator in kinds:
            before = estimator.get_params(deep=False)
            assert all(before[key] != value for key, value in changed.items()) or not changed, name


def test_a_setting_is_measured(bench, monkeypatch):
    few = 100, *bench.SETS["some absent"][1:]
    monkeypatch.setitem(bench.SETS, "some absent", few)
    monkeypatch.setitem(bench.SETTINGS, "short", {"max_epochs": 2})
    assert np.isfinite(bench.measure("some absent", "short", 0)).all()


def test_the_table_shows_differences(bench):
    plain = np.array([[0.8, 0.5, 0.6, 2.0], [0.6, np.nan, 0.5, 1.0]])
    other = plain + np.array([[0.1, -0.2, 0.0, 2.0], [0.3, 0.0, 0.0, 3.0]])
    mean, error = bench.differences({"the defaults": plain, "other": other})["other"]
    np.testing.assert_allclose(mean, [0.2, -0.2, 0.0, 3.0])
    assert error[0] == pytest.approx(0.1 / np.sqrt(2))
    text = bench.report({"the defaults": plain, "other": other}, 1)
    assert "| other | +0.2000 ± 0.0707 | -0.2000" in text


def test_the_written_table_has_the_settings_of_the_script(bench):
    table = bench.RESULTS.read_text().partition(bench.REMOVED)[0].rstrip()
    rows = [line.split("|")[1].strip() for line in table.splitlines()[7:]]
    assert rows == [name for name in bench.SETTINGS if name != "the defaults"]
