"""Features that companions share: blocks, scales, absence and subsets of modalities."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from sklearn_crossmodal import (
    AutoFusionClassifier,
    AutoFusionRegressor,
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalFrame,
)
from sklearn_crossmodal.ensemble._fitting._features import DenseReducer, FeatureTable, group_scales


@pytest.fixture
def table(rng):
    blocks = {"wide": rng.normal(size=(40, 30)), "narrow": rng.normal(size=(40, 2)) * 3}
    present = {"wide": np.arange(40) > 4, "narrow": np.ones(40, bool)}
    blocks["wide"][~present["wide"]] = 0
    return FeatureTable(blocks, present, ("wide",))


def test_blocks_get_equal_variance_and_their_sum_stays(table):
    scales = group_scales(table, ("wide", "narrow"))
    there = table.present["wide"]
    variances = [
        (scales["wide"] * table.blocks["wide"][there]).var(axis=0).sum(),
        (scales["narrow"] * table.blocks["narrow"]).var(axis=0).sum(),
    ]
    assert variances[0] == pytest.approx(variances[1])
    before = table.blocks["wide"][there].var(axis=0).sum() + table.blocks["narrow"].var(0).sum()
    assert sum(variances) == pytest.approx(before)
    assert group_scales(table, ("wide",)) == {"wide": 1.0}


def test_sparse_and_dense_blocks_have_the_same_scales(table):
    blocks = {name: sparse.csr_array(block) for name, block in table.blocks.items()}
    other = FeatureTable(blocks, table.present, table.flagged)
    dense, found = (group_scales(one, ("wide", "narrow")) for one in (table, other))
    assert found == pytest.approx(dense)
    np.testing.assert_allclose(other.side_by_side(found).toarray(), table.side_by_side(dense))


def test_a_constant_block_is_not_scaled(table):
    blocks = table.blocks | {"same": np.ones((40, 3))}
    other = FeatureTable(blocks, table.present | {"same": np.ones(40, bool)}, ())
    assert group_scales(other, ("wide", "same"))["same"] == 1.0


def test_a_hidden_modality_looks_as_an_absent_one(table):
    scales = {"wide": 2.0, "narrow": 1.0}
    found = table.side_by_side(scales, ("narrow",))
    assert found.shape == (40, 33)  # with a column that says which rows lack "wide"
    assert not found[:, :30].any()
    assert (found[:, 32] == 1).all()
    np.testing.assert_array_equal(table.side_by_side(scales)[:, 32], ~table.present["wide"])
    absent = ~table.present["wide"]
    np.testing.assert_array_equal(found[absent], table.side_by_side(scales)[absent])


def test_a_modality_alone_has_no_column_of_absence(table):
    assert table.side_by_side({"wide": 1.0}).shape == (40, 30)


def test_wide_tables_become_components_for_trees(rng):
    reducer = DenseReducer(max_columns=8, random_state=0)
    assert reducer.fit_transform(rng.normal(size=(30, 20))).shape == (30, 2)
    assert reducer.fit_transform(sparse.csr_array(np.eye(8))).shape == (8, 8)


def test_features_are_made_once_a_fold_and_once_for_all_rows(rng, monkeypatch):
    made = []
    original = ModalityVectorizer.fit_transform

    def counted(self, X, y=None):
        made.append(self.n_components)
        return original(self, X, y)

    monkeypatch.setattr(ModalityVectorizer, "fit_transform", counted)
    X = MultiModalFrame({"a": rng.normal(size=(60, 3)), "b": rng.normal(size=(60, 2))})
    network = FusionRegressor(n_folds=None, max_epochs=1)
    names = ["linear", "kernel", "extra_trees"]
    AutoFusionRegressor(estimator=network, companions=names, cv=3).fit(X, X["a"][:, 0])
    n_widths, n_modalities = 2, 2  # those of companions without weight are not made for all rows
    assert 3 * n_widths * n_modalities < len(made) <= (3 + 1) * n_widths * n_modalities


@pytest.mark.slow
def test_many_useless_pixels_do_not_drown_a_table(rng):
    pixels = rng.normal(size=(500, 16, 16))
    table = rng.normal(size=(500, 4))
    y = table @ [1.0, -2.0, 1.0, 0.5] + 0.5 * rng.normal(size=500)
    X = MultiModalFrame({"photo": pixels, "table": table})
    network = FusionRegressor(n_folds=None, max_epochs=5)
    auto = AutoFusionRegressor(estimator=network, companions=["linear"], random_state=0)
    auto.fit(X[:300], y[:300])
    alone = r2_score(y[300:], Ridge().fit(table[:300], y[:300]).predict(table[300:]))
    assert auto.score(X[300:], y[300:]) > alone - 0.02
    assert auto.fusion_gain_.against == "table"


def test_no_rows_of_training_are_kept(rng):
    X = rng.normal(size=(4000, 50))
    y = (X[:, 0] > 0).astype(int)
    network = FusionClassifier(n_folds=None, max_epochs=1)
    auto = AutoFusionClassifier(estimator=network, companions=["linear"], cv=2, random_state=0)
    assert len(pickle.dumps(auto.fit(X, y))) < X.nbytes / 2
