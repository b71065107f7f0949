"""Columns of numbers and categories through the estimators: learned from, given back, predicted."""

import numpy as np
import pandas as pd
import pytest

from sklearn_crossmodal import (
    Categorical,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    Numeric,
)

N = 300
#: Enough for what these tables hold.
QUICK = {"max_epochs": 30, "batch_size": 32, "learning_rate": 0.01, "random_state": 0}
#: One network instead of one a fold.
SINGLE = {**QUICK, "n_folds": None}


@pytest.fixture(scope="module")
def table():
    """Return a frame whose colour and size follow from its numbers."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 2))
    return pd.DataFrame(
        {
            "a": x[:, 0],
            "b": x[:, 1],
            "colour": np.where(x[:, 0] > 0, "red", "blue"),
            "size": pd.Categorical(np.array(["S", "M", "L"])[np.digitize(x[:, 1], [-0.5, 0.5])]),
        }
    )


def test_a_frame_of_numbers_and_categories_finds_both_and_learns_from_both(table):
    y = (table["colour"] == "red") ^ (table["size"] == "M")
    model = FusionClassifier(**SINGLE).fit(table, y)
    assert [(name, columns) for name, _, columns in model.modalities_] == [
        ("numeric", ["a", "b"]),
        ("categorical", ["colour", "size"]),
    ]
    assert model.score(table, y) > 0.95
    alone = FusionClassifier({"categorical": ["colour", "size"]}, **SINGLE).fit(table, y)
    assert alone.score(table, y) > 0.95


@pytest.mark.slow
def test_an_autoencoder_translates_and_gives_back_categories(table):
    model = MultiModalAutoencoder(n_components=4, **QUICK).fit(table)
    found = model.translate(table, source="numeric", target="categorical")
    assert found.shape == (N, 2)
    assert np.mean(found == table[["colour", "size"]].to_numpy()) > 0.9
    assert np.mean(model.reconstruct(table)["colour"] == table["colour"].to_numpy()) > 0.95


@pytest.mark.slow
def test_an_autoencoder_fills_in_single_categories_and_leaves_the_rest(table):
    holes = table.copy()
    rows = np.arange(N) % 5 == 0
    holes.loc[rows, "colour"] = None
    model = MultiModalAutoencoder(n_components=4, **QUICK).fit(holes)
    filled = model.impute(holes)
    assert np.mean(filled["colour"][rows] == table["colour"][rows]) > 0.9
    pd.testing.assert_frame_equal(filled[~rows], holes[~rows], check_dtype=False)
    assert filled["colour"].notna().all()  # that a cell is missing is never the answer


def test_a_category_is_predicted_from_other_modalities(table):
    numbers = table[["a", "b"]]
    model = CrossModalRegressor(target="categorical", **SINGLE)
    sizes = np.asarray(table["size"], dtype=object)
    model.fit(numbers, sizes)
    predicted = model.predict(numbers)
    assert predicted.shape == (N,)
    assert set(predicted) == {"S", "M", "L"}
    assert model.score(numbers, sizes) == np.mean(predicted == sizes) > 0.9
    weight = (predicted == sizes).astype(float)
    assert model.score(numbers, sizes, sample_weight=weight) == 1


def test_several_columns_of_categories_are_predicted_together(table):
    numbers, labels = table[["a", "b"]], table[["colour", "size"]].to_numpy(dtype=object)
    model = CrossModalRegressor(target=Categorical(), **SINGLE).fit(numbers, labels)
    assert model.predict(numbers).shape == (N, 2)
    assert model.score(numbers, labels) > 0.9


def test_unseen_and_missing_categories_are_taken_at_predict(table):
    model = FusionClassifier(random_state=0, max_epochs=3).fit(table, table["a"] > 0)
    odd = table.astype({"size": object})
    odd.loc[0, "size"] = "XXL"
    odd.loc[1, ["colour", "size"]] = None
    assert np.isfinite(model.predict_proba(odd)).all()


def test_an_ordered_category_that_was_never_seen_is_taken_for_its_neighbours():
    rng = np.random.default_rng(0)
    grade = rng.choice([1, 2, 3, 5, 6, 7], size=400)
    X = pd.DataFrame({"grade": pd.Categorical(grade, categories=range(1, 8), ordered=True)})
    y = grade.astype(float)
    unseen = pd.DataFrame({"grade": pd.Categorical([4], categories=range(1, 8), ordered=True)})
    model = FusionRegressor(**SINGLE).fit(X, y)
    assert 3 < model.predict(unseen).item() < 5


@pytest.mark.parametrize("encoder", ["piecewise_linear", "periodic"])
def test_numeric_embeddings_learn_what_is_far_from_linear_and_stay_in_range(encoder):
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, size=(600, 1))
    y = np.sin(4 * x[:, 0])
    modalities = [("x", Numeric(encoder=encoder), slice(None))]
    model = FusionRegressor(modalities, **SINGLE).fit(x, y)
    assert model.score(x, y) > 0.95
    far = model.predict([[1e3], [1e6]])
    np.testing.assert_allclose(far, model.predict([[x.max()]] * 2), atol=1e-3)


def test_counts_are_scaled_by_their_logarithm_and_predicted_as_counts(table):
    counts = np.exp(table[["a"]].to_numpy() * 2 + 3).round()
    target = Numeric(scaling="standard", log1p=True)
    model = CrossModalRegressor(target=target, **SINGLE).fit(table[["a", "b"]], counts)
    predicted = model.predict(table[["a", "b"]])
    assert (predicted >= 0).all()
    assert np.corrcoef(np.log1p(predicted[:, 0]), np.log1p(counts[:, 0]))[0, 1] > 0.97


def test_a_column_that_does_not_vary_is_given_back_as_it_was(table):
    X = table[["a", "b"]].assign(still=7.0)
    model = MultiModalAutoencoder(n_components=2, random_state=0, max_epochs=3).fit(X)
    back = model.reconstruct(X)
    assert list(back) == ["a", "b", "still"]
    assert (back["still"] == 7).all()
