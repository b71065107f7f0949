"""The table of `make bench` is the one that its script and its results make, and all of it runs."""

import argparse
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
FOLDER = BENCHMARKS / "fusion"


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    yield
    for name in [path.stem for path in FOLDER.glob("*.py")]:
        sys.modules.pop(name, None)


@pytest.fixture
def load():
    return importlib.import_module


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    monkeypatch.setenv("SKLEARN_CROSSMODAL_DATA", str(tmp_path / "nothing"))


def scores_table():
    """Return the head and the lines of the first table of RESULTS.md, as lists of cells."""
    text = (BENCHMARKS / "RESULTS.md").read_text(encoding="utf-8")
    lines = text.partition("## Scores")[2].partition("##")[0].splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]
    return cells[0], cells[2:]


def test_rows_and_seeds_of_the_table_are_those_of_the_script(load):
    rows = load("rows").ROWS.values()
    declared = [
        (label, metric, str(row.n_seeds))
        for row in rows
        for label, _, metric in load("report").lines_of(row)
    ]
    assert [(one[0], one[1].removesuffix(" ↓"), one[2]) for one in scores_table()[1]] == declared


def test_columns_of_the_table_are_those_of_the_script(load):
    titles = [one.title for one in load("columns").COLUMNS.values()]
    assert scores_table()[0] == ["data set", "score", "seeds", *titles, "published"]


def test_the_table_is_made_of_the_results(load):
    known = load("store").load(FOLDER / "results.jsonl")
    made = load("report").report(known, list(load("rows").ROWS))
    assert made == (BENCHMARKS / "RESULTS.md").read_text(encoding="utf-8")


def test_results_are_of_rows_columns_and_seeds_that_are_declared(load):
    rows, seeds_of = load("rows").ROWS, load("cells").seeds_of
    for name, column, seed in load("store").load(FOLDER / "results.jsonl"):
        assert seed in seeds_of(rows[name], column), (name, column, seed)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("row", ["wine", "diabetes"])
def test_all_columns_run_on_a_small_row(load, row):
    cells = load("cells")
    fitted = [name for name in load("columns").COLUMNS if cells.fits(load("rows").ROWS[row], name)]
    assert len(fitted) == {"wine": 10, "diabetes": 9}[row]
    for column in fitted:
        result = cells.measure(row, column, 0, quick=True)
        assert "error" not in result, result
        metric = load("rows").ROWS[row].metrics[0]
        assert np.isfinite(result["scores"][""][metric])
        json.dumps(result)


def test_an_error_is_a_result_and_is_shown(load, monkeypatch):
    columns, cells = load("columns"), load("cells")

    def fails(work):
        raise ValueError("no model today")

    monkeypatch.setitem(columns.COLUMNS, "linear", columns.Column("concatenated LR", fails))
    result = cells.measure("wine", "linear", 0)
    assert result["error"] == "ValueError: no model today"
    table = load("report").report({load("store").key_of(result): result}, ["wine"])
    assert "| error: ValueError |" in table


def test_a_run_goes_on_where_it_was_cut_off(load, tmp_path, no_data):
    run, store, path = load("run"), load("store"), tmp_path / "results.jsonl"
    asked = {"rows": ["wine", "mv_cub"], "columns": ["linear", "tfidf"], "seeds": None}
    options = argparse.Namespace(**asked, again=False)
    every = [("wine", "linear", seed) for seed in range(5)]  # no data for birds, no text in wine
    assert run.cells_to_run(options, {}) == every
    done = {"row": "wine", "column": "linear", "scores": {"": {"accuracy": 1.0}}}
    store.append(path, {**done, "seed": 1, "seconds": 1.0})
    store.append(path, {**done, "seed": 2, "scores": {}, "error": "MemoryError: "})
    known = store.load(path)
    assert run.cells_to_run(options, known) == [every[0], *every[2:]]
    options.again = True
    assert run.cells_to_run(options, known) == every


def test_what_was_measured_again_takes_the_place_of_the_old(load, tmp_path):
    store, path = load("store"), tmp_path / "results.jsonl"
    for seconds in (1.0, 2.0):
        store.append(path, {"row": "wine", "column": "linear", "seed": 0, "seconds": seconds})
    store.rewrite(path, store.load(path))
    assert [json.loads(line)["seconds"] for line in path.read_text().splitlines()] == [2.0]


@pytest.fixture
def made_up(load):
    """Return results of wine for all columns: floors at .9, but one at .95; ours at .96 and .93."""
    columns, cells, wine = load("columns").COLUMNS, load("cells"), load("rows").ROWS["wine"]
    special = {"svc": (0.95, 0.3), "linear": (0.9, 0.1), "fusion": (0.96, 0.2), "auto": (0.93, 0.1)}
    found = {}
    for column in columns:
        accuracy, loss = special.get(column, (0.9, 0.4))
        for seed in cells.seeds_of(wine, column):
            scores = {"": {"accuracy": accuracy, "log-loss": loss}}
            found["wine", column, seed] = {"scores": scores, "seconds": 1.0}
    return found


def test_the_bar_is_the_best_classical_model_of_each_pair(load, made_up):
    found = load("summary").standing(made_up, ["wine"], "fusion")
    assert found.gap == pytest.approx(0.01)
    assert found.worst == ("wine", pytest.approx(0.01))
    assert found.share == 1
    # the least log-loss is that of another model than the best accuracy
    assert found.loss_gap == pytest.approx(0.1)
    assert found.loss_share == 0
    assert load("summary").standing(made_up, ["wine"], "auto").share == 0


def test_a_pair_without_all_floors_is_not_counted(load, made_up):
    summary = load("summary")
    del made_up["wine", "svc", 3]
    assert ("wine", 3) not in summary.pairs(made_up, ["wine"], "fusion")
    assert len(summary.pairs(made_up, ["wine"], "fusion")) == 4
    made_up["wine", "auto", 0] = {"scores": {}, "error": "ValueError: none", "seconds": 1.0}
    assert len(summary.pairs(made_up, ["wine"], "auto")) == 3


def test_ranks_leave_out_columns_with_nothing_to_fit(load, made_up):
    ranks = load("summary").mean_ranks(made_up, ["wine"])
    assert "tfidf" not in ranks
    assert (ranks["fusion"], ranks["svc"], ranks["auto"]) == (1, 2, 3)
    assert ranks["linear"] == ranks["stacking"] == 7  # seven tie from 4 to 10


def test_a_part_of_the_seeds_is_marked(load, made_up):
    for seed in (1, 2, 3, 4):
        del made_up["wine", "auto", seed]
    for one in made_up.values():
        one.update(row="wine", machine="a machine")
    line = load("report").report(made_up, ["wine"]).partition("| wine |")[2].splitlines()[0]
    assert ".950 ± .000" in line
    assert ".930 (1 of 5)" in line


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 6, 6), (0.6, 1, 6), (None, 1, 1)])
def test_rows_that_lack_modalities_keep_one(load, share, least, most):
    frame = load("row").MultiModalFrame
    X = frame({f"v{place}": np.ones((500, 2)) for place in range(6)})
    lacking = load("row").absent(X, share, 0)
    counts = sum(lacking.presence(name).astype(int) for name in X)
    assert (counts.min(), counts.max()) == (least, most)


def test_a_table_has_the_mean_where_a_modality_is_absent(load, rng):
    frame, table = load("row").MultiModalFrame, load("table").Table
    X = frame({"a": rng.normal(3.0, 1.0, (20, 2)), "text": ["one two", "three"] * 10})
    lacking = frame(dict(X.items()), present={"a": np.arange(20) > 0, "text": np.arange(20) < 1})
    features = table(["a", "text"]).fit(X).transform(lacking).toarray()
    assert not features[0, :2].any()
    assert features[0, 2:].any()
    assert features[1, :2].any()
    assert not features[1:, 2:].any()
    nothing = frame(dict(X.items()), present={"a": np.zeros(20, bool)})
    assert table(["a"], dense=True).fit(X).transform(nothing).shape == (20, 2)


def test_the_product_is_corrected_for_the_prior(load, rng):
    """Of modalities that say nothing, a product says what one of them says: the prior."""
    frame, late = load("row").MultiModalFrame, load("classical").Late
    X = frame({name: np.zeros((90, 1)) for name in "abc"})
    y = np.repeat([0, 1], [60, 30])
    for rule in ("mean", "product"):
        said = late("classification", list("abc"), rule).fit(X, y).predict_proba(X)
        np.testing.assert_allclose(said, [[2 / 3, 1 / 3]] * 90, atol=1e-3)
