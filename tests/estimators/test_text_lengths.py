"""Texts that are longer than the longest in `fit` are read whole, or the cut is warned of."""

import warnings

import numpy as np
import pytest

from sklearn_crossmodal import (
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalAutoencoder,
    Sequence,
    Text,
)
from sklearn_crossmodal.preprocessing import WordTokenizer

N = 60
Y = np.arange(N) % 2
SHORT = np.array(["good", "bad"] * (N // 2), dtype=object)
LONG = np.array(["well the film we saw was good", "now the film we saw was bad"], dtype=object)
CUT = "longer than the longest in fit"


class Characters:
    """A tokenizer of the user's own."""

    n_tokens = 128

    def encode(self, texts):
        return [list(text.encode("ascii", "replace")) for text in texts]

    def decode(self, rows):
        return [bytes(row).decode("ascii") for row in rows]


def in_ids(texts):
    words = {"good": 0, "bad": 1}
    rows = np.empty(len(texts), dtype=object)
    rows[:] = [[words.get(word, 7) for word in text.split()] for text in texts]
    return rows


@pytest.mark.parametrize(
    ("tokenizer", "join"),
    [("word", "space"), ("word", "markers"), (str.split, "space"), ("ids", "space")],
    ids=str,
)
def test_the_default_encoder_reads_the_whole_text(tokenizer, join):
    make = in_ids if tokenizer == "ids" else np.asarray
    text = Text(tokenizer=tokenizer, join=join)
    model = FusionClassifier([("t", text, "t")], max_epochs=30, random_state=0)
    model.fit({"t": make(SHORT)}, Y)
    assert model.predict({"t": make(LONG)}).tolist() == [0, 1]
    assert model.predict({"t": make(LONG[1:])}).tolist() == [1]
    alone = model.predict_proba({"t": make(SHORT[:1])})
    together = model.predict_proba({"t": make([SHORT[0], *LONG])})[:1]
    np.testing.assert_allclose(alone, together, rtol=1e-5)


@pytest.mark.parametrize("tokenizer", ["bpe", Characters()], ids=["bpe", "given"])
def test_the_default_encoder_reads_all_pieces(tokenizer):
    if tokenizer == "bpe":
        pytest.importorskip("tokenizers")
    text = Text(tokenizer=tokenizer, max_words=300).fit(SHORT)
    block = text.transform(["bad" + " good" * 9])
    assert block.mask.sum() > 9
    assert text.inverse_transform(block.values)[0] == "bad" + " good" * 9


def test_all_of_the_text_counts_up_to_max_length():
    text = Text(max_length=4).fit(SHORT)
    with pytest.warns(UserWarning, match="2 of 2 texts have no word"):  # the known ones come later
        assert text.transform(LONG).values.shape == (2, 4)
    assert Text().fit(SHORT).transform(LONG).values.shape == (2, 8)
    assert Text().fit(LONG).transform(SHORT).values.shape == (N, 8)


def test_features_are_of_the_whole_text():
    for vectorizer in (ModalityVectorizer("text"), ModalityVectorizer([("t", Text(), "t")])):
        vectorizer.fit({"t": SHORT})
        features = vectorizer.transform({"t": LONG})
        np.testing.assert_allclose(features, vectorizer.transform({"t": SHORT[:2]}))


@pytest.mark.parametrize("encoder", ["gru", "lstm", "attention", "conv"])
def test_encoders_of_the_order_warn_once_where_texts_are_cut(encoder):
    text = Text(encoder=encoder)
    model = FusionClassifier([("t", text, "t")], max_epochs=1, random_state=0)
    model.fit({"t": SHORT}, Y)
    with pytest.warns(UserWarning, match=CUT) as found:
        model.predict({"t": LONG})
    assert len(found) == 1
    message = str(found[0].message)
    assert message.startswith("FusionClassifier: modality 't': 2 of 2 texts (100%)")
    assert "2 tokens" in message
    assert "the longest has 7" in message
    assert "max_length=" in message
    model.predict({"t": SHORT})
    model.predict({"t": np.array(["good film"], dtype=object)})  # as many words as there is room


def test_a_few_long_texts_are_no_news():
    model = FusionClassifier([("t", Text(encoder="gru"), "t")], max_epochs=1, random_state=0)
    model.fit({"t": SHORT}, Y)
    model.predict({"t": np.array([*SHORT, LONG[0]], dtype=object)})


@pytest.mark.parametrize(
    "estimator",
    [
        FusionRegressor([("t", Text(encoder="gru"), "t")], max_epochs=1),
        MultiModalAutoencoder([("t", Text(encoder="gru"), "t")], max_epochs=1),
        CrossModalRegressor([("t", Text(encoder="gru"), "t")], max_epochs=1),
    ],
    ids=lambda one: type(one).__name__,
)
def test_all_estimators_warn_once(estimator):
    estimator.fit({"t": SHORT}, Y.astype(float))
    for method in {"predict", "transform", "reconstruct"} & set(dir(estimator)):
        with pytest.warns(UserWarning, match=CUT) as found:
            getattr(estimator, method)({"t": LONG})
        assert len(found) == 1, method
    with pytest.warns(UserWarning, match=CUT) as found:
        estimator.score({"t": LONG}, [0.0, 1.0])
    assert len(found) == 1


def test_targets_that_are_cut_are_warned_of():
    x = {"x": Y.astype(float)}
    generator = CrossModalGenerator([("x", "numeric", "x")], max_epochs=1).fit(x, SHORT)
    regressor = CrossModalRegressor([("x", "numeric", "x")], target=Text(), max_epochs=1)
    for model in (generator, regressor.fit(x, SHORT)):
        with pytest.warns(UserWarning, match=rf"target: 2 of 2 texts .* {CUT}"):
            model.score({"x": [0.0, 1.0]}, LONG)
    both = MultiModalAutoencoder([("t", Text(), "t"), ("x", "numeric", "x")], max_epochs=1)
    both.fit({"t": SHORT, **x})
    with pytest.warns(UserWarning, match=rf"target 't': 2 of 2 .*{CUT}") as found:
        both.score({"t": LONG, "x": [0.0, 1.0]})
    assert len(found) == 1


@pytest.mark.slow
def test_partial_fit_reads_longer_texts():
    model = FusionClassifier([("t", Text(), "t")], random_state=0)
    for _ in range(30):
        model.partial_fit({"t": SHORT}, Y, classes=[0, 1])
        model.partial_fit({"t": np.resize(LONG, N)}, Y)
    assert model.score({"t": LONG}, [0, 1]) == 1


def test_a_tokenizer_alone_warns():
    tokenizer = WordTokenizer().fit(SHORT)
    with pytest.warns(UserWarning, match=f"2 of 2 texts .* {CUT}"):
        assert tokenizer.transform(LONG).shape == (2, 2)
    WordTokenizer(max_length=2).fit(LONG).transform(LONG)


def test_series_that_are_cut_are_warned_of():
    series = [np.arange(3.0), np.arange(2.0)]
    with pytest.warns(UserWarning, match=r"series .* longer than the longest in fit.* 3 steps"):
        Sequence().fit(series).transform([np.arange(9.0)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Sequence(max_length=3).fit(series).transform([np.arange(9.0)])
