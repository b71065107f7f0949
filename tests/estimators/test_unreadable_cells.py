"""A file that cannot be read is an absent modality, and messages name its row in the user's X."""

import io
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.io import wavfile
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    BatchedGridSearchCV,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalAutoencoder,
    MultiModalFrame,
    MultiModalImputer,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import Audio, Image, Numeric

Pillow = pytest.importorskip("PIL.Image")

N, BROKEN = 24, 17
QUICK = {"max_epochs": 2, "random_state": 0, "n_folds": None}


def _picture(rng):
    file = io.BytesIO()
    Pillow.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(file, "png")
    return file.getvalue()


def _sound(rng):
    file = io.BytesIO()
    wavfile.write(file, 8000, (rng.normal(size=800) * 8000).astype(np.int16))
    return file.getvalue()


MAKERS = {"picture": (_picture, ".png"), "sound": (_sound, ".wav")}
KINDS = ["picture bytes", "sound path"]
CONTAINERS = ["pandas", "MultiModalFrame", "dict"]


@pytest.fixture(params=KINDS)
def files(request, rng, tmp_path):
    """A column of files, and the same with a broken one."""
    kind, form = request.param.split()
    make, ending = MAKERS[kind]
    cells = [make(rng) for _ in range(N)]
    broken = cells[BROKEN][:30]
    if form == "path":
        for row, cell in enumerate([*cells, broken]):
            (tmp_path / f"{row}{ending}").write_bytes(cell)
        cells = [str(tmp_path / f"{row}{ending}") for row in range(N)]
        broken = str(tmp_path / f"{N}{ending}")
    return cells, [broken if row == BROKEN else cell for row, cell in enumerate(cells)]


def _contained(container, cells, rng):
    columns = {"age": rng.normal(size=N), "file": np.array(cells, dtype=object)}
    makers = {"pandas": pd.DataFrame, "MultiModalFrame": MultiModalFrame, "dict": dict}
    return makers[container](columns)


def _auto(kind):
    if kind == "classes":
        network, linear = FusionClassifier(**QUICK), LogisticRegression()
        return AutoFusionClassifier(estimator=network, companions={"lr": linear}, cv=3)
    network, linear = FusionRegressor(**QUICK), Ridge()
    return AutoFusionRegressor(estimator=network, companions={"lr": linear}, cv=KFold(3))


ESTIMATORS = {
    "FusionClassifier": lambda: FusionClassifier(**QUICK),
    "FusionRegressor": lambda: FusionRegressor(**QUICK),
    "AutoFusionClassifier": lambda: _auto("classes"),
    "AutoFusionRegressor": lambda: _auto("numbers"),
    "CrossModalRegressor": lambda: CrossModalRegressor(max_epochs=2, random_state=0),
    "MultiModalAutoencoder": lambda: MultiModalAutoencoder(max_epochs=2, random_state=0),
    "ModalityVectorizer": lambda: ModalityVectorizer(),
    "MultiModalImputer": lambda: MultiModalImputer(MultiModalAutoencoder(max_epochs=2)),
}
CASES = [(name, "pandas") for name in ESTIMATORS]
CASES += [("AutoFusionClassifier", container) for container in CONTAINERS[1:]]


def _y(name):
    y = np.arange(N) % 2
    return y if "Classifier" in name else y + np.linspace(0, 0.1, N)


def _use(model, X):
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


@pytest.mark.covering
@pytest.mark.parametrize(("name", "container"), CASES)
def test_a_broken_file_is_an_absent_modality_in_fit(name, container, files, rng):
    whole, broken = (_contained(container, cells, rng) for cells in files)
    with pytest.warns(UserWarning, match="cannot be read") as caught:
        model = ESTIMATORS[name]().fit(broken, _y(name))
    assert len(caught) == 1
    assert re.search(rf"\brow {BROKEN}\b", str(caught[0].message))
    assert str(caught[0].message).startswith(("MultiModal", name))
    assert "modality 'file'" in str(caught[0].message)
    if name != "MultiModalImputer":  # there is nothing to impute, which is no work for it
        assert len(_use(model, whole)) == N


@pytest.mark.covering
@pytest.mark.parametrize(
    ("name", "container"), [case for case in CASES if case[0] != "MultiModalImputer"]
)
def test_a_broken_file_is_an_absent_modality_in_predict(name, container, files, rng):
    whole, broken = (_contained(container, cells, np.random.default_rng(1)) for cells in files)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = ESTIMATORS[name]().fit(whole, _y(name))
    with pytest.warns(UserWarning, match=rf"\brow {BROKEN}\b") as caught:
        found = _use(model, broken)
    assert len(caught) == 1
    assert len(found) == N


@pytest.mark.slow
@pytest.mark.parametrize("name", ["AutoFusionClassifier", "AutoFusionRegressor"])
def test_a_broken_file_counts_as_none_at_all(name, files, rng):
    cells, broken = files
    absent = [None if row == BROKEN else cell for row, cell in enumerate(cells)]
    ages = rng.normal(size=N)
    frames = [pd.DataFrame({"age": ages, "file": some}) for some in (cells, absent, broken)]
    model = ESTIMATORS[name]().set_params(random_state=0).fit(frames[0], _y(name))
    expected = model.predict(frames[1])
    with pytest.warns(UserWarning, match="cannot be read"):
        np.testing.assert_array_equal(model.predict(frames[2]), expected)


@pytest.mark.parametrize("name", ["FusionClassifier", "AutoFusionClassifier"])
def test_a_row_with_nothing_else_is_named_by_its_number(name, files, rng):
    frame = _contained("pandas", files[1], rng)
    frame.loc[BROKEN, "age"] = np.nan
    with (
        pytest.warns(UserWarning, match=rf"\brow {BROKEN}\b"),
        pytest.raises(ModalityError, match=rf"1 samples have none.*first rows \[{BROKEN}\]"),
    ):
        ESTIMATORS[name]().fit(frame, _y(name))


@pytest.mark.parametrize("name", ["FusionClassifier", "AutoFusionClassifier"])
def test_an_error_where_it_is_asked_for_names_the_row(name, files, rng):
    frame = _contained("pandas", files[1], rng)
    holds = Image if isinstance(frame["file"][0], bytes) else Audio
    model = ESTIMATORS[name]().set_params(
        modalities=[("table", Numeric(), ["age"]), ("file", holds(on_error="raise"), "file")]
    )
    with pytest.raises(ModalityError, match=rf"modality 'file': .*\brow {BROKEN}\b"):
        model.fit(frame, _y(name))


# Row numbers, wherever only some rows are looked at ---------------------------------------------


@pytest.fixture
def pictures(rng):
    """Arrays of which one holds NaN, which is an error that names its row."""
    pictures = rng.random((N, 8, 8, 3))
    pictures[BROKEN, 0, 0, 0] = np.nan
    return pictures


def _first_rows(error):
    return re.search(r"first \[(.*?)\]", str(error.value))[1]


def test_rows_of_folds_are_named_as_in_X(pictures, rng):
    X = MultiModalFrame({"age": rng.normal(size=N), "photo": pictures})
    for name in ("AutoFusionClassifier", "AutoFusionRegressor"):
        with pytest.raises(ValueError, match="NaN or infinity") as error:
            ESTIMATORS[name]().fit(X, _y(name))
        assert _first_rows(error) == str(BROKEN)


def test_rows_of_folds_are_named_as_in_X_in_predict(pictures, rng):
    ages = rng.normal(size=N)
    whole = MultiModalFrame({"age": ages, "photo": np.nan_to_num(pictures)})
    broken = MultiModalFrame({"age": np.where(np.arange(N) < 10, np.nan, ages), "photo": pictures})
    model = _auto("classes").fit(whole, _y("Classifier"))
    with pytest.raises(ValueError, match="NaN or infinity") as error:
        model.predict(broken)
    assert _first_rows(error) == str(BROKEN)


def test_rows_are_named_as_in_X_where_others_lack_the_modality(pictures, rng):
    present = {"photo": np.arange(N) >= 5}
    X = MultiModalFrame({"age": rng.normal(size=N), "photo": pictures}, present=present)
    for model in (FusionClassifier(**QUICK), MultiModalAutoencoder(max_epochs=2)):
        with pytest.raises(ValueError, match="NaN or infinity") as error:
            model.fit(X, _y("Classifier"))
        assert _first_rows(error) == str(BROKEN)


def test_rows_are_named_as_in_X_where_others_have_no_weight(pictures, rng):
    X = MultiModalFrame({"age": rng.normal(size=N), "photo": pictures})
    weight = (np.arange(N) >= 5).astype(float)
    for model in (FusionClassifier(**QUICK), _auto("classes")):
        with pytest.raises(ValueError, match="NaN or infinity") as error:
            model.fit(X, _y("Classifier"), sample_weight=weight)
        assert _first_rows(error) == str(BROKEN)


def test_rows_are_named_as_in_X_in_a_search(pictures, rng):
    X = MultiModalFrame({"age": rng.normal(size=N), "photo": pictures})
    search = BatchedGridSearchCV(
        FusionClassifier(**QUICK), {"learning_rate": [1e-3]}, cv=KFold(3), error_score="raise"
    )
    with pytest.raises(ValueError, match="NaN or infinity") as error:
        search.fit(X, _y("Classifier"))
    assert _first_rows(error) == str(BROKEN)
