import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from sklearn_crossmodal.data import END, Block, BlockSpec, LazyRows
from sklearn_crossmodal.modalities import Text
from sklearn_crossmodal.preprocessing import block_features, features_reducer

TEXTS = ["a cat and a dog", "the dog", "", "cat cat cat"]


def block(values, kind, mask=None, n_categories=None):
    values = np.asarray(values)
    spec = BlockSpec(kind, values.shape[1:], n_categories=n_categories)
    return Block(values, np.ones(len(values), dtype=bool), spec, mask)


def text_features():
    text = Text().fit(TEXTS)
    return text.tokenizer_.words_, block_features(text.transform(TEXTS))


def test_tokens_are_counted_as_count_vectorizer_counts():
    words, counts = text_features()
    oracle = CountVectorizer(token_pattern=r"\w+").fit(TEXTS)
    columns = [words.index(word) for word in oracle.get_feature_names_out()]
    np.testing.assert_array_equal(counts.toarray()[:, columns], oracle.transform(TEXTS).toarray())
    assert not counts.toarray()[:, [0, END]].any()


def test_tokens_are_weighted_as_tfidf_vectorizer_weights_them():
    words, counts = text_features()
    oracle = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True).fit(TEXTS)
    columns = [words.index(word) for word in oracle.get_feature_names_out()]
    reducer = features_reducer("tokens", counts.shape[1], None, None)
    found = reducer.fit_transform(counts).toarray()
    np.testing.assert_allclose(found[:, columns], oracle.transform(TEXTS).toarray())


def test_tokens_never_seen_in_fit_are_not_counted():
    text = Text().fit(TEXTS)
    seen, new = block_features(text.transform(["the dog", "the dog zzz yyy"])).toarray()
    np.testing.assert_array_equal(seen, new)


def test_lazy_vectors_are_read():
    rows = LazyRows(lambda rows: np.ones((len(rows), 2)), 3, (2,))
    lazy = Block(rows, np.ones(3, dtype=bool), BlockSpec("vector", (2,)))
    np.testing.assert_array_equal(block_features(lazy), np.ones((3, 2)))


def test_decompositions_draw_from_the_seed():
    table = np.random.default_rng(0).normal(size=(600, 768))  # enough for PCA to draw at random
    state = np.random.get_state()[1].copy()
    first, second = (features_reducer("grid", 768, 5, 0).fit_transform(table) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_codes_become_indicators_of_each_column():
    features = block_features(block([[0, 1], [2, 0]], "codes", n_categories=(3, 2)))
    np.testing.assert_array_equal(features.toarray(), [[1, 0, 0, 0, 1], [0, 0, 1, 1, 0]])


def test_sequences_become_statistics_of_the_steps_that_are_there():
    steps = np.array([[[1.0], [3.0], [99.0]], [[7.0], [7.0], [7.0]]])
    mask = np.array([[True, True, False], [False, False, False]])
    features = block_features(block(steps, "sequence", mask))
    np.testing.assert_allclose(features, [[2, 1, 1, 3, 1, 3], [0] * 6])


@pytest.mark.parametrize("size", [(8, 5), (16, 16), (64, 48), (33, 17)])
def test_grids_become_means_over_at_most_16_by_16_cells(size):
    grids = np.random.default_rng(0).normal(size=(3, 2, *size))
    features = block_features(block(grids, "grid"))
    height, width = (min(n, 16) for n in size)
    assert features.shape == (3, 2 * height * width)
    cells = features.reshape(3, 2, height, width)
    if size == (64, 48):
        oracle = grids.reshape(3, 2, 16, 4, 16, 3).mean(axis=(3, 5))
        np.testing.assert_allclose(cells, oracle)
    if max(size) <= 16:
        np.testing.assert_allclose(cells, grids)


def test_lazy_grids_are_read_in_pieces():
    asked = []

    def read(rows):
        asked.append(len(rows))
        return np.ones((len(rows), 1, 2, 2), np.float32)

    rows = LazyRows(read, 2500, (1, 2, 2))
    lazy = Block(rows, np.ones(2500, dtype=bool), BlockSpec("grid", (1, 2, 2)))
    assert block_features(lazy).shape == (2500, 4)
    assert max(asked) <= 1024


@pytest.mark.parametrize("values", [np.eye(3), sparse.csr_array(np.eye(3))])
def test_vectors_are_their_own_features(values):
    spec = BlockSpec("vector", (3,))
    assert block_features(Block(values, np.ones(3, dtype=bool), spec)) is values


def test_reducer_keeps_numbers_and_reduces_the_rest_only_where_there_are_more():
    table = np.random.default_rng(0).normal(size=(20, 9))
    assert features_reducer("vector", 9, 2, None).fit_transform(table).shape == (20, 9)
    assert features_reducer("grid", 9, 10, None).fit_transform(table).shape == (20, 9)
    found = features_reducer("sequence", 9, 2, None).fit_transform(table)
    np.testing.assert_allclose(np.abs(found), np.abs(PCA(2).fit_transform(table)))
