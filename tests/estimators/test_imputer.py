"""MultiModalImputer in pipelines and searches, in each form of X."""

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_it_is_a_step_before_any_model(frame):
    y = frame["size__a"] + frame["size__b"]
    steps = make_pipeline(make(max_epochs=15, random_state=0), Ridge())
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


# Each form of X, in each order, and the types of columns ------------------------------------------

FORMS = {
    "pandas": lambda X: X,
    "polars": pl.from_pandas,
    "pyarrow": lambda X: pa.Table.from_pandas(X, preserve_index=False),
    "array": lambda X: X.to_numpy(),
    "modalities": MultiModalFrame.from_frame,
}


def _cells(X):
    return np.column_stack([X[name] for name in X]) if isinstance(X, MultiModalFrame) else X


@pytest.mark.covering
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("fitted", FORMS)
@pytest.mark.parametrize("asked", FORMS)
def test_a_form_is_filled_whatever_form_was_fitted(frame, fitted, asked):
    imputer = make(max_epochs=2, random_state=0).fit(FORMS[fitted](frame))
    X = FORMS[asked](frame)
    for filled in (imputer.transform(X), imputer.estimator_.impute(X)):
        assert type(filled) is type(X)
        cells = np.asarray(_cells(filled), dtype=float)
        there = frame.notna().to_numpy()
        np.testing.assert_array_equal(cells[there], frame.to_numpy()[there])
        assert not np.isnan(cells).any()


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("form", ["pandas", "polars", "pyarrow"])
def test_an_array_is_filled_by_position(frame, form):
    modalities = [("weight", "numeric", ["weight__c", "weight__a", "weight__b"])]
    modalities += [("size", "numeric", ["size__a", "size__b"])]
    imputer = make(modalities=modalities, max_epochs=2, random_state=0).fit(FORMS[form](frame))
    expected = imputer.transform(frame).to_numpy()
    np.testing.assert_allclose(imputer.transform(frame.to_numpy()), expected, atol=1e-9)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("form", ["pandas", "polars", "pyarrow"])
def test_an_array_of_another_width_is_refused(frame, form):
    imputer = make(max_epochs=2).fit(FORMS[form](frame))
    with pytest.raises(ValueError, match="X has 4 features, but .* is expecting 5 features"):
        imputer.transform(frame.to_numpy()[:, :4])


def _typed() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    labels = rng.choice(["lo", "hi"], 60)
    columns = {
        "Int64": pd.array(rng.integers(0, 9, 60), dtype="Int64"),
        "Float32": pd.array(rng.normal(size=60), dtype="Float32"),
        "boolean": pd.array(labels == "lo", dtype="boolean"),
        "float32": rng.normal(size=60).astype("float32"),
        "category": pd.Categorical(labels),
        "ordered": pd.Categorical(labels, categories=["lo", "mid", "hi"], ordered=True),
        "string": pd.array(labels, dtype="string"),
        "object": pd.Series(labels, dtype=object),
        "date": pd.date_range("2024", periods=60),
        "zone": pd.date_range("2024", periods=60, tz="Europe/Oslo"),
        "span": pd.to_timedelta(np.arange(60), unit="D"),
        "arrow": pd.array(rng.normal(size=60), dtype="double[pyarrow]"),
        "whole": pd.array(rng.integers(0, 9, 60), dtype="int32[pyarrow]"),
    }
    frame = pd.DataFrame(columns).assign(full=rng.integers(0, 9, 60))
    for place, name in enumerate(columns):
        frame.loc[frame.index[place::13], name] = None
    return frame


def _types(X) -> dict:
    if hasattr(X, "column_names"):
        return dict(zip(X.column_names, X.schema.types, strict=True))
    return dict(zip(X.columns, X.dtypes, strict=True))


@pytest.mark.parametrize("asked", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("fitted", ["pandas", "polars", "pyarrow"])
def test_columns_keep_their_types(fitted, asked):
    typed = _typed()
    imputer = make(max_epochs=2, random_state=0).fit(FORMS[fitted](typed))
    X = FORMS[asked](typed)
    filled = imputer.transform(X)
    assert _types(filled) == _types(X)
    assert not nw.from_native(filled).to_pandas().isna().any(axis=None)
    known = typed.notna()
    if asked == "pandas":
        pd.testing.assert_frame_equal(filled.where(known), typed.where(known))


def test_groups_and_weights_reach_the_estimator(frame):
    groups, weight = np.arange(N) // 20, np.ones(N)
    params = {"max_epochs": 2, "random_state": 0}
    grouped = {"validation": GroupKFold(5)}
    imputer = make(**params, **grouped).fit(frame, groups=groups, sample_weight=weight)
    own = MultiModalAutoencoder(n_components=3, **params, **grouped)
    own.fit(frame, groups=groups, sample_weight=weight)
    pd.testing.assert_frame_equal(imputer.transform(frame), own.impute(frame))
    with pytest.raises(ValueError, match="groups"):
        make(**params, **grouped).fit(frame)


def test_groups_and_weights_are_routed(frame):
    weight, groups = np.ones(N), np.arange(N) // 20
    with sklearn.config_context(enable_metadata_routing=True):
        make(max_epochs=2).fit(frame, sample_weight=weight, groups=groups)
        imputer = make(max_epochs=2).set_fit_request(sample_weight=True, groups=True)
        ridge = Ridge().set_fit_request(sample_weight=False).set_score_request(sample_weight=True)
        steps = make_pipeline(imputer, ridge)
        y = frame["size__a"]
        steps.fit(frame, y, sample_weight=weight, groups=groups)
        params = {"sample_weight": weight, "groups": groups}
        found = cross_val_score(steps, frame, y, params=params, cv=2, error_score="raise")
    assert np.isfinite(found).all()
