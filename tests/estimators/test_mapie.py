"""MAPIE's conformal predictors around the fusions."""

import numpy as np
import pandas as pd
import pytest
from mapie.classification import CrossConformalClassifier, SplitConformalClassifier
from mapie.regression import CrossConformalRegressor, SplitConformalRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalFrame,
)

# Of a split, the first part trains, the second calibrates; a cross-validation takes both.
TRAINING, CALIBRATION, TEST = np.split(np.arange(3000), [300, 1200])
#: Three standard deviations of the coverage over draws of 900 rows to calibrate on, 1800 to test.
TOLERANCE = 0.037

#: One network, of few steps: what is tested is the coverage.
SINGLE = {"n_folds": None, "batch_size": 64, "learning_rate": 0.01}

CLASSIFIERS = {
    "fusion": lambda modalities: FusionClassifier(
        modalities, **SINGLE, max_epochs=10, random_state=0
    ),
    "auto": lambda modalities: AutoFusionClassifier(
        modalities,
        estimator=FusionClassifier(**SINGLE, max_epochs=4),
        companions={"linear": LogisticRegression()},
        cv=2,
        random_state=0,
    ),
}
REGRESSORS = {
    "fusion": lambda modalities: FusionRegressor(
        modalities, **SINGLE, max_epochs=10, random_state=0
    ),
    "auto": lambda modalities: AutoFusionRegressor(
        modalities,
        estimator=FusionRegressor(**SINGLE, max_epochs=4),
        companions={"linear": Ridge()},
        cv=2,
        random_state=0,
    ),
}
FORMS = {
    "array": (lambda X: X, {"left": [0, 1], "right": [2, 3]}),
    "pandas": (
        lambda X: pd.DataFrame(X, columns=["left__a", "left__b", "right__a", "right__b"]),
        None,
    ),
    "frame": (lambda X: MultiModalFrame({"left": X[:, :2], "right": X[:, 2:]}), None),
}
# MAPIE asks for the answer to a row of zeros without names.
unnamed_probe = pytest.mark.filterwarnings("ignore:X does not have valid feature names")


@pytest.fixture
def table():
    return np.random.default_rng(0).normal(size=(3000, 4))


@pytest.fixture
def classes(table):
    scores = table[:, [0]] * [-1, 0, 1] + table[:, [2]] * [1, 0, -1]
    noise = np.random.default_rng(1).gumbel(size=scores.shape)
    return (scores + noise).argmax(axis=1)


@pytest.fixture
def numbers(table):
    return table.sum(axis=1) + np.random.default_rng(1).normal(size=len(table))


def part(X, rows):
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def check_sets(model, X, classes):
    _, sets = model.predict_set(part(X, TEST))
    held = sets[np.arange(len(TEST)), classes[TEST], 0].mean()
    assert abs(held - 0.9) < TOLERANCE
    assert sets.sum(axis=1).mean() < 2.9  # and they do not hold all


def check_intervals(model, X, numbers):
    _, intervals = model.predict_interval(part(X, TEST))
    low, high = intervals[:, :, 0].T
    assert abs(((low <= numbers[TEST]) & (numbers[TEST] <= high)).mean() - 0.9) < TOLERANCE


@pytest.mark.covering
@unnamed_probe
@pytest.mark.parametrize("form", ["array", "pandas"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_split_conformal_classifier(name, form, table, classes):
    make, modalities = FORMS[form]
    X = make(table)
    fitted = CLASSIFIERS[name](modalities).fit(part(X, TRAINING), classes[TRAINING])
    model = SplitConformalClassifier(fitted, confidence_level=0.9, prefit=True)
    model.conformalize(part(X, CALIBRATION), classes[CALIBRATION])
    check_sets(model, X, classes)


@pytest.mark.covering
@unnamed_probe
@pytest.mark.parametrize("form", ["array", "pandas"])
@pytest.mark.parametrize("name", REGRESSORS)
def test_split_conformal_regressor(name, form, table, numbers):
    make, modalities = FORMS[form]
    X = make(table)
    model = SplitConformalRegressor(
        REGRESSORS[name](modalities), confidence_level=0.9, prefit=False
    )
    model.fit(part(X, TRAINING), numbers[TRAINING])
    model.conformalize(part(X, CALIBRATION), numbers[CALIBRATION])
    check_intervals(model, X, numbers)


@pytest.mark.slow
@pytest.mark.covering
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_cross_conformal_classifier(name, form, table, classes):
    make, modalities = FORMS[form]
    X, rows = make(table), np.arange(900)
    model = CrossConformalClassifier(
        CLASSIFIERS[name](modalities), confidence_level=0.9, cv=2, random_state=0
    )
    check_sets(model.fit_conformalize(part(X, rows), classes[rows]), X, classes)


@pytest.mark.slow
@pytest.mark.covering
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", REGRESSORS)
def test_cross_conformal_regressor(name, form, table, numbers):
    make, modalities = FORMS[form]
    X, rows = make(table), np.arange(900)
    model = CrossConformalRegressor(
        REGRESSORS[name](modalities), confidence_level=0.9, cv=2, random_state=0
    )
    check_intervals(model.fit_conformalize(part(X, rows), numbers[rows]), X, numbers)
