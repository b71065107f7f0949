"""Which of scikit-learn's tools make a table of X: found by trying all, and listed in the guide.

A tool makes a table of X if it works with an estimator of this package on an array of numbers, and
not on a `MultiModalFrame` of a picture, a text and a table.
"""

import re
import warnings
from functools import partial
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.experimental import (  # noqa: F401
    enable_halving_search_cv,
    enable_iterative_imputer,
)
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import (
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils import all_estimators

from sklearn_crossmodal import (
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalFrame,
)

GUIDE = Path(__file__).parents[1] / "docs" / "user_guide" / "estimators.rst"
N = 24
#: Enough training to beat chance on any processor: AdaBoost refuses an estimator that does not.
QUICK = {"max_epochs": 5, "learning_rate": 0.03, "n_folds": None, "random_state": 0}
rng = np.random.default_rng(0)
LABELS = np.arange(N) % 2
NUMBERS = LABELS + rng.normal(size=N) / 10
TABLE = rng.normal(size=(N, 3)) + LABELS[:, np.newaxis]
MODALITIES = MultiModalFrame(
    {
        "photo": rng.integers(0, 256, size=(N, 4, 4, 3), dtype=np.uint8),
        "text": np.array(["a good film", "a bad film"])[LABELS],
        "table": TABLE,
    }
)


def _equal_importances(estimator):
    return np.arange(estimator.n_features_in_) + 1.0


#: What a tool needs beside the estimator.
SETTINGS = {
    "cv": 2,
    "n_estimators": 2,
    "min_samples": 12,
    "max_trials": 1,
    "n_iter": 1,
    "max_iter": 1,
    "param_grid": {"learning_rate": [1e-3]},
    "param_distributions": {"learning_rate": [1e-3]},
    "importance_getter": _equal_importances,
    "n_features_to_select": 1,
}
#: Those that are no meta-estimators although they have a parameter of such a name.
NO_TOOLS = {"Pipeline", "FeatureUnion", "ColumnTransformer", "FrozenEstimator"}


def _estimator_for(name):
    numbers = any(part in name for part in ("Regress", "RANSAC", "IterativeImputer"))
    return (FusionRegressor(**QUICK), NUMBERS) if numbers else (FusionClassifier(**QUICK), LABELS)


def _fitted(kind, X, **more):
    model, y = _estimator_for(kind.__name__)
    parameters = signature(kind).parameters
    settings = {key: value for key, value in SETTINGS.items() if key in parameters}
    if "n_iter" in parameters and "param_distributions" not in parameters:
        del settings["n_iter"]
    key = next(key for key in ("estimators", "estimator", "regressor") if key in parameters)
    settings[key] = [("one", model)] if key == "estimators" else model
    if kind.__name__.startswith("MultiOutput") or kind.__name__.endswith("Chain"):
        y = np.column_stack([y, y[::-1]])
    found = kind(**settings, **more).fit(X, y)
    for method in ("predict", "transform"):
        if hasattr(found, method):
            return getattr(found, method)(X)
    return found


def _function(function, X, **more):
    model, y = _estimator_for("")
    return function(model, X, y, **more)


def _inspected(function, X, **more):
    model, y = _estimator_for("")
    arguments = (y,) if function is permutation_importance else ()
    return function(model.fit(X, y), X, *arguments, **more)


def _is_tool(name, kind):
    keys = {"estimator", "estimators", "regressor"} & set(signature(kind).parameters)
    return bool(keys) and name not in NO_TOOLS


TOOLS = {name: partial(_fitted, kind) for name, kind in all_estimators() if _is_tool(name, kind)}
KINDS = dict(all_estimators())
TOOLS |= {
    f"{name}(passthrough=True)": partial(_fitted, KINDS[name], passthrough=True)
    for name in ("StackingClassifier", "StackingRegressor")
}
TOOLS |= {
    function.__name__: partial(_function, function, cv=2)
    for function in (cross_val_predict, cross_val_score, cross_validate)
}
TOOLS |= {
    "learning_curve": partial(_function, learning_curve, cv=2, train_sizes=[0.9]),
    "permutation_test_score": partial(_function, permutation_test_score, cv=2, n_permutations=1),
    "validation_curve": partial(
        _function, validation_curve, cv=2, param_name="learning_rate", param_range=[1e-3]
    ),
    "permutation_importance": partial(_inspected, permutation_importance, n_repeats=1),
    "partial_dependence": partial(_inspected, partial_dependence, features=[0], grid_resolution=2),
}


def _works(tool, X) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tool(X)
        except (ValueError, TypeError, AttributeError):
            return False
    return True


@pytest.fixture(scope="module")
def listed():
    """The tools that the guide says make a table of X."""
    title = "Limits of scikit-learn's tools on multimodal samples"
    section = GUIDE.read_text().split(title)[1]
    bullets = re.findall(r"^- ((?:``[^`]+``[ ,and]*)+)", section, flags=re.M)
    return {name for bullet in bullets for name in re.findall(r"``([^`]+)``", bullet)}


@pytest.mark.parametrize("name", TOOLS)
def test_the_guide_lists_the_tools_that_make_a_table(name, listed):
    assert _works(TOOLS[name], TABLE)
    assert _works(TOOLS[name], MODALITIES) == (name not in listed)


def test_the_guide_lists_no_other_tool(listed):
    assert listed <= set(TOOLS)


def test_what_the_guide_says_instead_works():
    model, y = _estimator_for("")
    permutation_importance(model.fit(MODALITIES, y), MODALITIES, y, n_repeats=1)
    BaggingClassifier(model, n_estimators=2).fit(MODALITIES, y).predict(MODALITIES)
    model.fit(MODALITIES, np.column_stack([y, y[::-1]]))
    table = make_pipeline(ModalityVectorizer(), AdaBoostClassifier(n_estimators=2))
    assert len(table.fit(MODALITIES, y).predict(MODALITIES)) == N
