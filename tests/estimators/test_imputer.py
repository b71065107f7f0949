"""MultiModalImputer in pipelines and searches, in each form of X."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal import MultiModalAutoencoder, MultiModalFrame, MultiModalImputer

N = 200


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(N, 2))
    columns = factor @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(N, 5))
    names = ["size__a", "size__b", "weight__a", "weight__b", "weight__c"]
    X = pd.DataFrame(columns, columns=names)
    X.loc[::4, names[2:]] = np.nan
    return X


def make(**params):
    return MultiModalImputer(MultiModalAutoencoder(n_components=3, **params), random_state=0)


def test_a_frame_comes_back_filled(frame):
    imputer = MultiModalImputer(random_state=0).fit(frame)
    filled = imputer.transform(frame)
    assert list(imputer.get_feature_names_out()) == list(frame)
    assert not filled.isna().any(axis=None)
    pd.testing.assert_frame_equal(filled[frame.notna()], frame)
    pd.testing.assert_frame_equal(filled, imputer.estimator_.impute(frame))


@pytest.mark.parametrize("form", [pl.from_pandas, lambda X: X.to_numpy()])
def test_other_forms_come_back_as_they_came(form, frame):
    X = form(frame)
    filled = make(max_epochs=5).fit_transform(X)
    assert type(filled) is type(X)
    assert filled.shape == X.shape


def test_a_frame_of_modalities(frame):
    X = MultiModalFrame(
        {"a": frame.to_numpy()[:, :2], "b": np.nan_to_num(frame.to_numpy()[:, 2:])},
        present={"b": frame["weight__a"].notna().to_numpy()},
    )
    filled = make(max_epochs=5).fit_transform(X)
    assert filled.presence("b").all()


def test_it_is_a_step_before_any_model(frame):
    y = frame["size__a"] + frame["size__b"]
    steps = make_pipeline(make(max_epochs=30, random_state=0), Ridge())
    assert cross_val_score(steps, frame, y, cv=3, error_score="raise").mean() > 0.9
    grid = {"multimodalimputer__estimator__n_components": [1, 2]}
    search = GridSearchCV(steps, grid, cv=2, error_score="raise").fit(frame, y)
    assert search.best_params_["multimodalimputer__estimator__n_components"] in (1, 2)


def test_the_given_estimator_is_not_fitted(frame):
    imputer = make(max_epochs=2).fit(frame)
    assert not hasattr(imputer.estimator, "net_")
    assert imputer.estimator_.n_components == 3


def test_a_failed_fit_leaves_it_as_it_was(frame):
    imputer = make(max_epochs=2).fit(frame)
    before = imputer.transform(frame)
    with pytest.raises(ValueError, match="MultiModalAutoencoder"):
        imputer.fit(frame.iloc[:0])
    pd.testing.assert_frame_equal(imputer.transform(frame), before)
