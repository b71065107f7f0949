"""BLEU is sacrebleu's, between 0 and 1, of texts in the forms that y and predictions have."""

import sys

import numpy as np
import pandas as pd
import pytest
import sacrebleu
from sklearn.base import BaseEstimator
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_validate

from sklearn_crossmodal import MultiModalFrame
from sklearn_crossmodal.metrics import bleu_score

TRUE = ["the cat sits on the mat today", "a dog runs through the park"]
GUESS = ["the cat sits on a mat today", "the dog runs through the park"]


def test_it_is_a_hundredth_of_that_of_sacrebleu():
    expected = sacrebleu.corpus_bleu(GUESS, [TRUE]).score
    assert bleu_score(TRUE, GUESS) == pytest.approx(expected / 100)
    assert 0 < expected < 100


def test_it_is_what_the_formula_says():
    # Of 13 words 11 are right, of 11 pairs 8; the lengths are the same.
    expected = np.sqrt(11 / 13 * 8 / 11)
    assert bleu_score(TRUE, GUESS, max_ngram_order=2) == pytest.approx(expected)


def test_short_texts_are_punished_for_what_they_leave_out():
    assert bleu_score(["a b c d"], ["a b"], max_ngram_order=1) == pytest.approx(np.exp(1 - 4 / 2))


def test_the_same_texts_score_one_and_others_zero():
    assert bleu_score(TRUE, TRUE) == 1
    assert bleu_score(TRUE, ["x y z w", "x y z w"]) == 0


def test_a_sample_may_have_several_references():
    several = [["nothing of it", TRUE[0]], [TRUE[1]]]
    assert bleu_score(several, TRUE) == 1
    assert bleu_score(np.array([["nothing of it", TRUE[0]], [TRUE[1], None]], object), TRUE) == 1
    assert bleu_score(pd.DataFrame({"first": ["x", "y"], "second": TRUE}), TRUE) == 1
    assert bleu_score([["nothing of it"], [TRUE[1]]], TRUE) < 1


def test_samples_without_a_reference_do_not_count():
    expected = bleu_score(TRUE, GUESS)
    assert bleu_score([*TRUE, None, []], [*GUESS, "so", "what"]) == expected


def test_case_and_splitting_are_options():
    assert bleu_score(["The Cat"], ["the cat"], max_ngram_order=1) == 0
    assert bleu_score(["The Cat"], ["the cat"], max_ngram_order=1, lowercase=True) == 1
    assert bleu_score(["a cat."], ["a cat"], max_ngram_order=1, tokenize="none") == pytest.approx(
        0.5
    )
    assert bleu_score(["a cat."], ["a cat"], max_ngram_order=1) == pytest.approx(np.exp(1 - 3 / 2))


@pytest.mark.parametrize(
    ("true", "guess", "message"),
    [
        (TRUE, GUESS[:1], "y_true has 2 samples, y_pred 1"),
        ([None, None], GUESS, "no sample of y_true has a reference"),
        (TRUE, [GUESS[0], None], "takes texts, got None"),
        ([TRUE[0], 3.5], GUESS, "takes texts, got 3.5"),
        (TRUE, [3, GUESS[1]], "takes texts, got 3"),
        (TRUE, [GUESS, GUESS], r"one text a sample, got the shape \(2, 2\)"),
        (TRUE[0], GUESS[0], "got a text alone: put it in a list"),
    ],
)
def test_what_is_no_text_is_refused(true, guess, message):
    with pytest.raises(ValueError, match=message):
        bleu_score(true, guess)


def test_a_way_to_split_texts_that_is_none_is_refused():
    with pytest.raises(ValueError, match="The 'tokenize' parameter of bleu_score must be"):
        bleu_score(TRUE, GUESS, tokenize="words")


def test_without_sacrebleu_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(
        ImportError, match=r'bleu_score needs sacrebleu: pip install ".*\[metrics\]"'
    ):
        bleu_score(TRUE, GUESS)


class Namer(BaseEstimator):
    """Writes the word of a number, `times` times."""

    def __init__(self, times=1):
        self.times = times

    def fit(self, X, y):
        self.words_ = dict(zip(X["number"].tolist(), y, strict=True))
        return self

    def predict(self, X):
        known = [self.words_[number] for number in X["number"].tolist()]
        return np.array([" ".join([word] * self.times) for word in known], dtype=object)


def test_it_is_a_scorer_of_estimators_that_predict_texts():
    number = np.arange(60) % 3
    X = MultiModalFrame({"number": number})
    y = np.array(["one cat", "two cats", "three cats"], dtype=object)[number]
    scoring = make_scorer(bleu_score, max_ngram_order=2)
    scores = cross_validate(Namer(), X, y, scoring={"bleu": scoring}, cv=3)["test_bleu"]
    assert scores.tolist() == [1, 1, 1]
    search = GridSearchCV(Namer(), {"times": [1, 2]}, scoring=scoring, cv=3).fit(X, y)
    assert search.best_params_ == {"times": 1}
    # Of 4 words 2 are right, of 3 pairs 1: what is longer than the reference costs no more.
    assert search.cv_results_["mean_test_score"][1] == pytest.approx(np.sqrt(2 / 4 * 1 / 3))
