"""Sparse X, and sparse modalities, go through every estimator, dense only batch by batch."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import cross_val_score

from sklearn_crossmodal import FusionClassifier, MultiModalFrame, Numeric, Text, infer_modalities
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
N = 40


@pytest.fixture
def bits():
    return sparse.random_array((N, 6), density=0.4, format="csr", rng=0)


@pytest.fixture
def undone(monkeypatch):
    """Raise where a sparse matrix of all rows is made dense; rows are gathered by ten here."""
    monkeypatch.setattr("sklearn_crossmodal.training._data._dataset.GATHERED_ROWS", 10)
    toarray = sparse.csr_array.toarray

    def checked(self, *arguments, **keywords):
        assert self.shape[0] < N, "the whole of X is made dense"
        return toarray(self, *arguments, **keywords)

    monkeypatch.setattr(sparse.csr_array, "toarray", checked)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_sparse_and_dense_rows_get_the_same_answer(name, bits, targets, make, numbers):
    model = make(name, modalities=None).fit(bits, targets[name])
    answer = numbers(model, bits)
    for rows in (bits.toarray(), sparse.csr_matrix(bits), bits.tocoo(), bits.tocsc()):
        np.testing.assert_allclose(numbers(model, rows), answer, atol=1e-6)
    np.testing.assert_allclose(numbers(model, bits[3:9]), answer[3:9], atol=1e-6)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_fitted_on_dense_rows_takes_sparse_ones(name, bits, targets, make, numbers):
    model = make(name, modalities=None).fit(bits.toarray(), targets[name])
    np.testing.assert_allclose(numbers(model, bits), numbers(model, bits.toarray()), atol=1e-6)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitting_on_sparse_rows_is_fitting_on_them_scaled_and_dense(
    name, bits, targets, make, numbers
):
    # By construction: the same batches of the same numbers, from a matrix and from an array.
    settings = {"modalities": [("bits", Numeric(scaling=None), slice(None))], "dtype": "float64"}
    found = [make(name, **settings).fit(X, targets[name]) for X in (bits, bits.toarray())]
    first, second = (numbers(model, bits) for model in found)
    np.testing.assert_allclose(first, second, atol=1e-9)
    scaled = Numeric().fit(bits).transform(bits).values
    settings["modalities"] = [("bits", Numeric(), slice(None))]
    own = make(name, **settings).fit(bits, targets[name])
    settings["modalities"] = [("bits", Numeric(scaling=None), slice(None))]
    given = make(name, **settings).fit(scaled.toarray(), targets[name])
    if name != "MultiModalAutoencoder":  # which answers in the units of its input; here a latent
        np.testing.assert_allclose(numbers(own, bits), numbers(given, scaled.toarray()), atol=1e-9)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_sparse_modality_stands_beside_others_and_may_be_absent(
    name, bits, X, targets, make, numbers
):
    present = np.arange(N) % 4 > 0
    frame = MultiModalFrame({"bits": bits, "words": X["words"]}, present={"bits": present})
    modalities = [("bits", Numeric(), "bits"), ("words", Text(), "words")]
    model = make(name, modalities=modalities).fit(frame, targets[name])
    answer = numbers(model, frame)
    other = bits.copy()
    other.data = np.where(np.isin(other.tocoo().row, np.flatnonzero(~present)), 9.0, other.data)
    frame = MultiModalFrame({"bits": other, "words": X["words"]}, present={"bits": present})
    np.testing.assert_array_equal(numbers(model, frame), answer)
    assert np.isfinite(answer).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_sparse_X_is_never_dense_as_a_whole(name, bits, targets, make, numbers, undone):
    model = make(name, modalities=None).fit(bits, targets[name])
    for rows in (slice(0, 20), slice(20, N)):
        numbers(model, bits[rows])


def test_a_sparse_X_is_not_changed(bits):
    before = bits.copy()
    bits.data.flags.writeable = False
    FusionClassifier(max_epochs=1).fit(bits, np.arange(N) % 2).predict(bits)
    assert (bits != before).nnz == 0


def test_rows_of_a_sparse_X_are_cut_by_scikit_learn(bits):
    y = np.arange(N) % 2
    scores = cross_val_score(FusionClassifier(max_epochs=1), bits, y, cv=3)
    assert np.isfinite(scores).all()


def test_columns_of_a_sparse_X_are_chosen_as_those_of_an_array(bits):
    modalities = [("a", Numeric(), [0, 1, 4]), ("b", Numeric(), slice(2, 4)), ("c", Numeric(), 5)]
    model = FusionClassifier(modalities, max_epochs=1).fit(bits, np.arange(N) % 2)
    assert [one.scaler_.n_features_in_ for _, one, _ in model.modalities_] == [3, 2, 1]


def test_a_sparse_X_is_one_numeric_modality(bits):
    (name, modality, columns), *more = infer_modalities(bits)
    assert (name, type(modality), columns, more) == ("numeric", Numeric, slice(0, 6), [])
