"""Objectives: networks beside the closed form, and classes."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import mean_average_precision, recall_at_k
from sklearn_crossmodal.nn.losses import OBJECTIVES

N = 240
FEW = {"max_epochs": 15, "kernel": "linear", "shrinkage": 0.1, "random_state": 0}


def make(seed=0, n_factors=4):
    """Return tables of a class, of factors of the sample, and of noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, N)
    factors = rng.normal(size=(N, n_factors)) + 3 * np.eye(n_factors)[y]
    widths = (2 * n_factors, n_factors + 2)
    maps = [np.random.default_rng(k).normal(size=(n_factors, w)) for k, w in enumerate(widths)]
    tables = [factors @ one + 0.5 * rng.normal(size=(N, one.shape[1])) for one in maps]
    return MultiModalFrame(dict(zip("ab", tables, strict=True))), y


X, Y = make()
NEW, Y_NEW = make(1)


def vectors(aligner, share=None):
    if share is not None:
        aligner = pickle.loads(pickle.dumps(aligner)).set_params(closed_form_weight=share)
    return [aligner.embed(NEW, modality=name) for name in "ab"]


@pytest.mark.parametrize("objective", ["infonce", "siglip", "vicreg"])
def test_networks_find_the_same_sample(objective):
    aligner = CrossModalAligner(objective=objective, **FEW).fit(X)
    assert recall_at_k(*vectors(aligner, 0), 10) > 0.5  # chance is .04
    assert aligner.n_iter_ == 15 == len(aligner.history_)
    assert aligner.history_[-1]["train_loss"] < aligner.history_[0]["train_loss"]


@pytest.mark.parametrize("objective", ["supcon", "semantic"])
def test_samples_of_a_class_find_each_other(objective):
    aligner = CrossModalAligner(objective=objective, **{**FEW, "max_epochs": 60}).fit(X, Y)
    unsupervised = CrossModalAligner(**FEW).fit(X)
    for share in (None, 0) if objective == "supcon" else (None,):
        found = mean_average_precision(*vectors(aligner, share), Y_NEW, Y_NEW)
        assert found > 0.8
        assert found > mean_average_precision(*vectors(unsupervised), Y_NEW, Y_NEW)
    assert aligner.classes_.tolist() == [0, 1, 2, 3]


def test_classes_help_networks_of_pairs():
    frame, y = make(n_factors=24)
    new, y_new = make(1, n_factors=24)
    aligner = CrossModalAligner(objective="infonce", **{**FEW, "max_epochs": 60})
    aligner.set_params(closed_form_weight=0)
    without, told = (
        mean_average_precision(*(one.embed(new, modality=n) for n in "ab"), y_new, y_new)
        for one in (clone(aligner).fit(frame), clone(aligner).fit(frame, y))
    )
    assert told > without + 0.02


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_cosines_are_the_weighted_mean_of_closed_form_and_networks(share):
    aligner = CrossModalAligner(objective="vicreg", **FEW).fit(X)
    closed, trained, both = (
        left @ right.T for left, right in (vectors(aligner, one) for one in (1, 0, share))
    )
    np.testing.assert_allclose(both, share * closed + (1 - share) * trained, atol=1e-12)
    expected = vectors(CrossModalAligner(**FEW).fit(X))
    np.testing.assert_allclose(closed, expected[0] @ expected[1].T, atol=1e-12)


def test_semantic_similarity_is_in_proportion_to_the_density_ratio():
    aligner = CrossModalAligner(objective="semantic", **FEW).fit(X, Y)
    left, right = vectors(aligner)
    np.testing.assert_allclose((left**2).sum(axis=1), 1)
    prior, longest = np.bincount(Y) / N, np.sqrt(1 / (np.bincount(Y) / N).min() - 1)
    posterior = [part[:, :4] * longest * np.sqrt(prior) + prior for part in (left, right)]
    np.testing.assert_allclose([part.sum(axis=1) for part in posterior], 1)
    ratio = (posterior[0] / prior) @ posterior[1].T
    np.testing.assert_allclose(left @ right.T, (ratio - 1) / longest**2, atol=1e-10)


@pytest.mark.parametrize("objective", ["infonce", "supcon", "semantic"])
def test_it_is_the_same_each_time_and_after_a_pickle(objective):
    aligner = CrossModalAligner(objective=objective, **FEW).fit(X, Y)
    again = clone(aligner).fit(X, Y)
    np.testing.assert_array_equal(again.transform(NEW), aligner.transform(NEW))
    packed = pickle.loads(pickle.dumps(aligner))
    np.testing.assert_array_equal(packed.transform(NEW), aligner.transform(NEW))
    assert aligner.get_feature_names_out().shape == (aligner.transform(NEW).shape[1],)


def test_chunks_change_nothing_but_memory():
    whole, cached = (
        CrossModalAligner(objective="vicreg", batch_size=120, chunk_size=size, **FEW).fit(X)
        for size in (None, 50)
    )
    np.testing.assert_allclose(cached.transform(NEW), whole.transform(NEW), atol=1e-6)


def test_samples_that_lack_a_modality_or_weigh_nothing():
    present = {"a": np.arange(N) % 5 != 0, "b": np.arange(N) % 5 != 1}
    some = MultiModalFrame(dict(X), present=present)
    aligner = CrossModalAligner(objective="infonce", **FEW).fit(some, Y)
    assert np.isfinite(aligner.transform(some)).all()
    np.testing.assert_array_equal(
        np.isnan(aligner.embed(some, modality="a")).any(axis=1), ~present["a"]
    )
    weight = np.r_[np.ones(200), np.zeros(40)]
    weighted = CrossModalAligner(objective="infonce", **FEW).fit(X, Y, sample_weight=weight)
    without = CrossModalAligner(objective="infonce", **FEW).fit(X[:200], Y[:200])
    np.testing.assert_allclose(weighted.transform(NEW), without.transform(NEW), atol=1e-6)


def test_texts_and_pictures_through_networks(rng):
    which = rng.integers(0, 8, 160)
    pictures = rng.integers(0, 60, (160, 8, 8, 3), dtype=np.uint8)
    pictures[np.arange(160), which] += 150
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven"]
    texts = np.array([f"a line at {words[k]}" for k in which], dtype=object)
    frame = MultiModalFrame({"picture": pictures, "text": texts})
    aligner = CrossModalAligner(objective="infonce", closed_form_weight=0, random_state=0)
    aligner.fit(frame[:80])
    found = aligner.similarity(frame[80:][["text"]], frame[80:][["picture"]]).argmax(axis=1)
    assert np.mean(which[80:][found] == which[80:]) > 0.7


def test_what_is_wrong_is_told():
    for objective in ("semantic", "supcon"):
        with pytest.raises(ValueError, match=f"objective='{objective}' brings .* pass y"):
            CrossModalAligner(objective=objective).fit(X)
    with pytest.raises(ModalityError, match="trains on pairs of modalities"):
        CrossModalAligner(objective="infonce").fit(X[["a"]])
    with pytest.raises(ValueError, match="'objective' parameter"):
        CrossModalAligner(objective="triplet").fit(X)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_verbosity_and_callbacks_change_nothing(objective, capsys):
    from skorch.callbacks import Callback

    plain = CrossModalAligner(objective=objective, **FEW).fit(X, Y)
    watched = CrossModalAligner(objective=objective, verbose=1, callbacks=[Callback()], **FEW)
    watched.fit(X, Y)
    assert "train_loss" in capsys.readouterr().out
    np.testing.assert_allclose(watched.transform(NEW), plain.transform(NEW), atol=1e-6)
