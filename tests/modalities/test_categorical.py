"""Categorical turns columns of categories into codes, and codes back into categories."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_crossmodal import Categorical, CrossModalRegressor
from sklearn_crossmodal.data import Columns


def test_the_spec_says_how_many_codes_each_column_has_and_which_are_in_order():
    X = pd.DataFrame(
        {
            "hue": ["b", "a", "b"],
            "size": pd.Categorical(["S", "M", "S"], ["S", "M", "L"], ordered=True),
        }
    )
    categorical = Categorical().fit(X)
    assert categorical.spec_.shape == (2,)
    assert categorical.spec_.n_categories == (4, 5)
    assert categorical.spec_.ordered == (False, True)
    assert categorical.transform(X).values.tolist() == [[3, 2], [2, 3], [3, 2]]
    assert Categorical().fit(X[["hue"]]).spec_.ordered is None


def test_the_mask_tells_which_cells_are_missing():
    cells = np.array([["a", None], ["b", "x"]], dtype=object)
    categorical = Categorical().fit(cells)
    assert categorical.transform(cells).mask.tolist() == [[True, False], [True, True]]
    assert categorical.transform(cells[1:]).mask is None


def test_unseen_and_missing_levels_have_codes_that_the_spec_counts():
    categorical = Categorical().fit(np.array(["a", "b"], dtype=object))
    assert categorical.transform(np.array(["z", None], dtype=object)).values.tolist() == [[1], [0]]


@pytest.mark.parametrize("cells", [["a", "b"], [1, 2], [0.5, 1.5], [True, False]], ids=str)
@pytest.mark.parametrize("shape", [(2,), (2, 1)], ids=str)
def test_the_inverse_has_the_rank_and_the_type_that_fit_saw(cells, shape):
    values = np.array(cells).reshape(shape)
    categorical = Categorical().fit(values)
    back = categorical.inverse_transform(categorical.transform(values).values)
    assert back.dtype == values.dtype
    np.testing.assert_array_equal(back, values)
    if len(shape) == 1:
        assert categorical.inverse_transform([[0]]).tolist() == [None]


def test_parameters_reach_the_coder():
    cells = np.array(["a", "a", "b", "b", "b", "c"], dtype=object)

    def levels(**params):
        return Categorical(**params).fit(cells).coder_.levels_[0]

    assert levels() == ["a", "b", "c"]
    assert levels(min_count=2) == ["a", "b"]
    assert levels(max_categories=1) == ["b"]
    assert len(levels(hash_above=2)) == 2
    assert levels(categories={0: ["c", "b"]}) == ["c", "b"]
    assert Categorical(ordered=["0"]).fit(cells).spec_.ordered == (True,)


def test_a_cell_that_is_no_category_names_the_column():
    cells = np.empty(2, dtype=object)
    cells[:] = ["a", ["b"]]
    with pytest.raises(ValueError, match=r"column 'hue' holds \['b'\] \(list\)"):
        Categorical().fit(Columns(cells, ("hue",)))


@pytest.mark.parametrize("values", [["S", "M"], [b"S", b"M"]], ids=str)
def test_levels_longer_than_those_of_fit_come_back_whole(values):
    levels = [*values, values[0] * 3]
    size = Categorical(categories={0: levels}).fit(np.array(values))
    assert size.inverse_transform([[2], [3], [4]]).tolist() == levels


@pytest.mark.slow
def test_a_network_predicts_no_code_without_a_level(rng):
    X = rng.normal(size=(50, 3))
    y = np.array(["a", "b"], dtype=object)[rng.integers(0, 2, 50)]
    for params in ({}, {"categories": {0: ["a", "b"]}}, {"hash_above": 1}):
        for seed in range(3):
            settings = {"max_epochs": 1, "learning_rate": 1e-6, "random_state": seed}
            reg = CrossModalRegressor(target=Categorical(**params), **settings).fit(X, y)
            assert set(reg.predict(X)) <= {"a", "b"}


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        (pd.Series([1.5, 2.5], dtype="category"), True),
        (pd.Categorical(["a", "b"]), True),
        (pd.DataFrame({"a": pd.Categorical(["x"]), "b": [1]}), True),
        (np.array([True, False]), True),
        (np.array([True, None], dtype=object), True),
        (np.array(["a", "b", "a"]), True),
        (np.array(["a", None, "a"], dtype=object), True),
        (np.array([["a", True], ["a", False]], dtype=object), True),
        (np.array(["a", "b"]), False),
        (np.array([None, None]), False),
        (np.array(["a", 1, "a"], dtype=object), False),
        (np.array([1, 2, 1]), False),
        (np.array(["one two three"] * 3), False),
        (np.zeros((2, 3, 3), dtype=bool), False),
        (sparse.csr_array(np.ones((2, 2), dtype=bool)), False),
        (np.array([], dtype=object), False),
    ],
    ids=lambda case: str(case).replace("\n", " "),
)
def test_it_accepts_types_of_categories_truth_values_and_labels(values, accepted):
    assert Categorical.accepts(values) == accepted


def test_a_cell_that_is_none_of_the_given_categories_is_as_one_never_seen():
    size = Categorical(categories={0: ["S", "L"]}).fit(np.array(["S", "XL", "L"]))
    assert size.transform(np.array(["XL", "never"])).values.ravel().tolist() == [1, 1]
    assert size.coder_.levels_ == [["S", "L"]]
