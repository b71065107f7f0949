"""Each source is scored for each target by what suits it, and by closed forms."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_validate

from sklearn_crossmodal import (
    Categorical,
    Image,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Sequence,
    Text,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import bleu_score, translation_matrix, translation_score

N = 200
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(N, 3))
X = MultiModalFrame({"a": NUMBERS, "b": NUMBERS + 0.0, "c": RNG.normal(size=(N, 3))})


def copied(sources, target):
    return next(iter(sources.values()))


def test_what_is_copied_is_told_fully_and_the_mean_not_at_all(translator):
    matrix = translation_matrix(translator(copied), X)
    assert matrix.sources == matrix.targets == ["a", "b", "c"]
    assert matrix.scores[0].tolist()[:2] == [1, 1]
    assert (matrix.scores[2, :2] < 0).all()  # noise is worse than the mean
    mean = translator(lambda sources, target: np.tile(np.mean(X[target], axis=0), (N, 1)))
    np.testing.assert_allclose(translation_matrix(mean, X).scores, 0, atol=1e-12)


def test_half_of_the_deviation_leaves_a_quarter_of_the_variance(translator):
    half = translator(lambda sources, target: (X[target] + np.mean(X[target], axis=0)) / 2)
    np.testing.assert_allclose(translation_matrix(half, X).scores, 0.75)


def test_several_sources_are_given_together_as_a_tuple(translator):
    both = translator(lambda sources, target: sum(sources.values()) / len(sources))
    matrix = translation_matrix(both, X, source=["a", ("a", "b")], target="b")
    assert matrix.sources == ["a", ("a", "b")]
    np.testing.assert_allclose(matrix.scores, [[1], [1]])
    assert translation_score(both, X, source=("a", "b"), target="c") < 0
    assert translation_score(both, X, source=["a", "b"], target=["a", "b"]) == 1


def test_the_score_is_the_mean_of_what_is_not_told_from_itself(translator):
    matrix = translation_matrix(translator(copied), X)
    across = matrix.scores[~np.eye(3, dtype=bool)]
    assert translation_score(translator(copied), X) == pytest.approx(across.mean())
    assert translation_score(translator(copied), X, source="a", target=["a", "b"]) == 1


def test_missing_numbers_do_not_count(translator):
    holes = NUMBERS.copy()
    holes[::3, 1] = np.nan
    frame = MultiModalFrame({"a": np.where(np.isnan(holes), 9.0, NUMBERS), "b": holes})
    assert translation_score(translator(copied), frame, source="a", target="b") == 1


def test_samples_that_lack_source_or_target_do_not_count(translator):
    there = np.arange(N) < 100
    frame = MultiModalFrame(
        {"a": np.where(there[:, np.newaxis], NUMBERS, 7), "b": NUMBERS, "c": NUMBERS},
        present={"a": there, "c": ~there},
    )
    matrix = translation_matrix(translator(copied), frame)
    assert matrix.scores[0, 1] == matrix.scores[1, 0] == 1
    assert np.isnan(matrix.scores[0, 2])
    assert translation_score(translator(copied), frame) == 1
    with pytest.raises(ModalityError, match="no pair of a source of"):
        translation_score(translator(copied), frame, source="a", target="c")


def test_booleans_are_scored_by_their_ranks(translator):
    flags = np.column_stack([NUMBERS[:, 0] > 0, NUMBERS[:, 1] > 1, np.ones(N, dtype=bool)])
    frame = MultiModalFrame({"a": NUMBERS, "flags": flags})
    noisy = NUMBERS + np.random.default_rng(1).normal(size=NUMBERS.shape)
    guess = translator(lambda sources, target: noisy)
    expected = [roc_auc_score(flags[:, k], noisy[:, k]) for k in (0, 1)]  # the third is constant
    score = partial(translation_score, guess, frame, source="a", target="flags")
    assert score() == pytest.approx(np.mean(expected))
    assert score(metric="r2") < 0.6


def test_categories_and_texts_are_scored_by_the_share_that_is_right(translator):
    labels = np.array([["x", "p"], ["y", None], ["x", "q"], ["z", "q"]], dtype=object)
    frame = MultiModalFrame({"a": NUMBERS[:4], "labels": labels})
    guess = translator(lambda sources, target: np.array([["x", "q"]] * 4, dtype=object))
    score = translation_score(guess, frame, source="a", target="labels")
    assert score == pytest.approx((2 + 2) / 7)


def test_a_metric_may_be_given_for_all_targets_or_for_each(translator):
    def largest_error(true, predicted):
        return -np.abs(true - predicted).max()

    by_name = translation_matrix(translator(copied), X, metric={"b": largest_error})
    plain = translation_matrix(translator(copied), X)
    assert by_name.scores[:, 0].tolist() == plain.scores[:, 0].tolist()
    expected = -np.abs(X["c"] - X["b"]).max()
    assert by_name.scores[2, 1] == pytest.approx(expected)
    for_all = translation_matrix(translator(copied), X, metric=largest_error)
    assert for_all.scores[2, 1] == by_name.scores[2, 1]


def test_texts_may_be_scored_by_bleu(translator):
    words = np.array(["a cat on a mat", "a dog in the park"], dtype=object)
    frame = MultiModalFrame({"a": NUMBERS[:2], "text": words})
    guess = translator(lambda sources, target: words[[0, 0]])
    score = translation_score(guess, frame, source="a", target="text", metric=bleu_score)
    assert score == bleu_score(words, words[[0, 0]])


def test_what_is_unknown_is_refused(translator):
    with pytest.raises(ModalityError, match=r"Translator: \['d'\] are not among"):
        translation_matrix(translator(copied), X, target="d")
    with pytest.raises(ModalityError, match=r"Translator: \['d'\] are not among"):
        translation_matrix(translator(copied), X, source=["a", ("b", "d")])
    with pytest.raises(ValueError, match=r"target 'a': metric 'mse' is neither.*'accuracy', 'r2'"):
        translation_matrix(translator(copied), X, metric="mse")
    wrong = translator(lambda sources, target: np.zeros((N, 2)))
    with pytest.raises(ValueError, match=r"Translator: target 'a': it has the shape \(200, 3\)"):
        translation_matrix(wrong, X)


# On the autoencoder -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    """Return an autoencoder of modalities of all kinds, and its samples."""
    rng = np.random.default_rng(0)
    k = rng.integers(0, 3, 90)
    colours = np.array([[0, 0, 0], [90, 160, 250], [255, 255, 255]], dtype=np.uint8)
    photos = np.broadcast_to(colours[k][:, np.newaxis, np.newaxis], (90, 16, 16, 3))
    steps = [np.full((rng.integers(2, 5), 2), float(code)) + 1 for code in k]
    frame = MultiModalFrame(
        {
            "code": np.array(["x", "y", "z"], dtype=object)[k],
            "photo": photos,
            "text": np.array(["A red cat.", "a blue dog", "the green cow"], dtype=object)[k],
            "series": steps,
            "vector": np.eye(3)[k] + 0.01 * rng.normal(size=(90, 3)),
        }
    )
    modalities = [
        ("code", Categorical(), "code"),
        ("photo", Image(size=(8, 8)), "photo"),
        ("text", Text(), "text"),
        ("series", Sequence(), "series"),
        ("vector", Numeric(), "vector"),
    ]
    return MultiModalAutoencoder(modalities, max_epochs=60, random_state=0).fit(frame), frame


@pytest.mark.slow
def test_targets_of_every_kind_are_scored(fitted):
    autoencoder, frame = fitted
    matrix = translation_matrix(autoencoder, frame, source="vector")
    scores = dict(zip(matrix.targets, matrix.scores[0].tolist(), strict=True))
    assert all(0.5 < score <= 1 for score in scores.values()), scores


@pytest.mark.slow
def test_images_are_compared_in_the_size_that_is_read(fitted):
    autoencoder, frame = fitted
    small = frame["photo"][:, :8, :8].reshape(len(frame), -1)
    predicted = autoencoder.translate(frame, source="vector", target="photo")
    expected = r2_score(small, predicted.reshape(len(frame), -1))
    score = translation_score(autoencoder, frame, source="vector", target="photo")
    assert score == pytest.approx(expected)


def test_series_are_compared_as_far_as_they_go(fitted):
    autoencoder, frame = fitted
    predicted = autoencoder.translate(frame, source="vector", target="series")
    pairs = [(true, guess[: len(true)]) for true, guess in zip(frame["series"], predicted)]
    expected = r2_score(*(np.concatenate(part) for part in zip(*pairs)))
    score = translation_score(autoencoder, frame, source="vector", target="series")
    assert score == pytest.approx(expected)


def test_texts_are_compared_as_they_are_split(fitted):
    autoencoder, frame = fitted
    predicted = autoencoder.translate(frame, source="vector", target="text")
    score = translation_score(autoencoder, frame, source="vector", target="text")
    assert {"a blue dog", "the green cow"} <= set(predicted)
    assert "A red cat." not in predicted  # it is read, and given back, in lower case
    assert score == 1


def samples(as_frame):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(240, 2))
    parts = {"a": z @ rng.normal(size=(2, 4)), "b": z, "noise": rng.normal(size=(240, 2))}
    if not as_frame:
        return MultiModalFrame(parts)
    return pd.DataFrame(
        {f"{name}__{k}": part[:, k] for name, part in parts.items() for k in range(part.shape[1])}
    )


@pytest.mark.slow
@pytest.mark.parametrize("as_frame", [False, True], ids=["MultiModalFrame", "pandas"])
def test_it_is_a_scorer_in_cross_validate(as_frame):
    scoring = {
        "good": partial(translation_score, source="a", target="b"),
        "none": partial(translation_score, source="noise", target="b"),
        "all": translation_score,
    }
    autoencoder = MultiModalAutoencoder(
        n_components=4, max_epochs=30, batch_size=32, learning_rate=0.01, random_state=0
    )
    scores = cross_validate(autoencoder, samples(as_frame), scoring=scoring, cv=3)
    assert (scores["test_good"] > 0.8).all()
    assert (scores["test_none"] < 0.1).all()
    assert (scores["test_none"] < scores["test_all"]).all()
    assert (scores["test_all"] < scores["test_good"]).all()


@pytest.mark.slow
def test_a_grid_search_chooses_by_it():
    search = GridSearchCV(
        MultiModalAutoencoder(max_epochs=60, random_state=0),
        {"n_components": [1, 2]},
        scoring=partial(translation_score, source="a", target="b"),
        cv=2,
    ).fit(samples(False))
    assert search.best_params_ == {"n_components": 2}
    assert search.best_score_ > 0.8


def test_a_source_and_a_target_are_needed(translator):
    for empty in ({"source": []}, {"target": []}):
        with pytest.raises(ModalityError, match="Translator: .* name one of each at least"):
            translation_score(translator(copied), X, **empty)


def test_truth_is_read_in_the_order_of_columns_that_the_fit_had():
    values = np.random.default_rng(0).normal(size=(120, 1)) @ np.array([[1.0, 10.0, -5.0]])
    frame = pd.DataFrame(values, columns=list("abc"))
    X = MultiModalFrame({"s": values[:, :1], "m": frame})
    autoencoder = MultiModalAutoencoder(max_epochs=20, random_state=0).fit(X)
    expected = translation_score(autoencoder, X, source="s", target="m")
    turned = MultiModalFrame({"s": values[:, :1], "m": frame[list("cab")]})
    assert translation_score(autoencoder, turned, source="s", target="m") == expected
