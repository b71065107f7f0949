"""What modalities tell of each other: closed forms, imputation past the latent, contradictions."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from sklearn_crossmodal import Image, MultiModalAutoencoder, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.linear._block_gaussian import CrossGaussian
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.training import BlockDataset
from sklearn_crossmodal.training._post_fit._gaussian_imputation import Relations

QUICK = {"max_epochs": 30, "batch_size": 50, "learning_rate": 0.01, "random_state": 0}


def test_rows_that_come_later_are_as_if_they_had_come_at_once(rng):
    z = rng.normal(size=(400, 3))
    X = MultiModalFrame({name: z @ rng.normal(size=(3, 4)) for name in "ab"})
    fitted = MultiModalAutoencoder(random_state=0, max_epochs=1, validation=None).fit(X)
    blocks = fitted._blocks(X)
    data = BlockDataset.from_blocks(blocks, torch.float64, blocks)
    net = fitted.net_
    at_once = Relations(net, data, None)
    in_turn = Relations(net, data.take(np.arange(30)), None)
    for start in range(30, 400, 37):
        in_turn = in_turn.with_rows(net, data.take(np.arange(start, min(start + 37, 400))))
    for what in ("latents", "numbers"):
        models = [one._of(what)[0] for one in (at_once, in_turn)]
        one, other = (model.gaussian.covariance_ for model in models)
        np.testing.assert_allclose(one, other, atol=1e-9)
    np.testing.assert_allclose(in_turn._weight("b"), at_once._weight("b"))


@pytest.mark.slow
def test_earlier_rows_are_forgotten_and_no_more_than_so_many_kept(rng):
    X = MultiModalFrame({name: rng.normal(size=(600, 2)) for name in "ab"})
    fitted = MultiModalAutoencoder(random_state=0)
    for _ in range(12):
        fitted.partial_fit(X)
    for _ in range(5):
        fitted.partial_fit(X[:1])
    parts = fitted._relations._parts()
    assert sum(map(len, parts)) < 6000
    assert len(parts) < 12
    assert sum(part.weight.sum() for part in parts) < 1030
    assert np.isfinite(fitted.inconsistency(X)).all()


@pytest.fixture(scope="module")
def wide():
    """Return a table of ten factors, and one that is nearly a rotation of it."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(500, 10))
    b = a @ np.linalg.qr(rng.normal(size=(10, 10)))[0] + 0.1 * rng.normal(size=(500, 10))
    return MultiModalFrame({"a": a, "b": b})


def explained(true, found):
    return 1 - ((true - found) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum()


@pytest.mark.slow
def test_numbers_are_imputed_past_a_narrow_latent(wide):
    fitted = MultiModalAutoencoder(n_components=2, **QUICK).fit(wide)
    holes = MultiModalFrame(
        dict(wide), present={"a": np.ones(500, bool), "b": np.arange(500) % 2 > 0}
    )
    gone = np.arange(500) % 2 == 0
    narrow = fitted.translate(wide, source="a", target="b")
    assert explained(wide["b"], fitted.reconstruct(holes)["b"]) < 0.5
    assert explained(wide["b"], narrow) > 0.95
    filled = np.asarray(fitted.impute(holes)["b"])
    np.testing.assert_allclose(filled[gone], narrow[gone])
    np.testing.assert_array_equal(filled[~gone], wide["b"][~gone])


@pytest.mark.slow
def test_the_linear_path_does_not_count_where_it_tells_nothing():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(600, 1))
    X = MultiModalFrame({"a": a, "b": np.hstack([a**2, np.abs(a)])})
    fitted = MultiModalAutoencoder(n_components=3, **{**QUICK, "max_epochs": 80}).fit(X)
    assert fitted._relations._weight("b") < 1
    assert explained(X["b"], fitted.translate(X, source="a", target="b")) > 0.7


def test_samples_that_contradict_themselves_are_found(wide):
    fitted = MultiModalAutoencoder(n_components=4, **QUICK).fit(wide[:350])
    true = wide[350:]
    swapped = MultiModalFrame({"a": true["a"], "b": np.roll(true["b"], 1, axis=0)})
    scores = [fitted.inconsistency(some) for some in (true, swapped)]
    assert roc_auc_score(np.repeat([0, 1], 150), np.concatenate(scores)) > 0.99
    larger = MultiModalFrame({"a": 3 * true["a"], "b": 3 * true["b"]})
    assert np.median(fitted.inconsistency(larger)) < np.median(scores[1])


@pytest.mark.slow
def test_one_modality_contradicts_nothing(wide):
    alone = MultiModalAutoencoder(n_components=2, **QUICK).fit(wide["a"])
    np.testing.assert_array_equal(alone.inconsistency(wide["a"]), np.zeros(500))
    fitted = MultiModalAutoencoder(n_components=2, **QUICK).fit(wide)
    one = MultiModalFrame(dict(wide), present={"a": np.ones(500, bool), "b": np.arange(500) > 0})
    assert fitted.inconsistency(one)[0] == 0
    assert fitted.inconsistency(one)[1:].all()


def test_texts_and_pictures_can_contradict_each_other():
    rng = np.random.default_rng(0)
    color = rng.integers(0, 3, size=240)
    photo = np.zeros((240, 8, 8, 3), dtype=np.uint8)
    photo[np.arange(240), 2:6, 2:6, color] = rng.integers(150, 250, size=(240, 1, 1))
    words = np.array(["red rose", "green grass", "blue sky"], dtype=object)[color]
    X = MultiModalFrame({"photo": photo, "words": words})
    modalities = [
        ("photo", Image(encoder="mlp", decoder="mlp"), "photo"),
        ("words", Text(), "words"),
    ]
    fitted = MultiModalAutoencoder(modalities, n_components=4, **QUICK).fit(X[:160])
    other = np.array(["red rose", "green grass", "blue sky"], dtype=object)[(color + 1) % 3]
    swapped = MultiModalFrame({"photo": photo, "words": other})
    assert fitted.inconsistency(X[160:]).max() < fitted.inconsistency(swapped[160:]).min()


@pytest.mark.slow
def test_the_path_is_found_where_no_sample_is_complete(wide):
    there = np.arange(500) % 2 == 0
    holes = MultiModalFrame(dict(wide), present={"a": there, "b": ~there})
    with pytest.warns(UserWarning, match="no sample has both modalities of these pairs: a and b"):
        fitted = MultiModalAutoencoder(n_components=2, **QUICK).fit(holes)
    assert np.isfinite(np.asarray(fitted.impute(holes)["a"])).all()
    assert (fitted.inconsistency(holes) == 0).all()


def test_rows_of_hardly_any_weight_hardly_tell(rng):
    z = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 4))
    turned = np.where(np.arange(80)[:, None] < 40, z, -z)
    X = MultiModalFrame({"a": z, "b": turned})
    weight = np.where(np.arange(80) < 40, 1.0, 1e-3)
    settings = {"random_state": 0, "max_epochs": 60, "validation": None}
    fitted = MultiModalAutoencoder(**settings).fit(X, sample_weight=weight)
    assert explained(z[:40], fitted.translate(X, source="a", target="b")[:40]) > 0.97


def test_the_path_does_not_count_where_it_has_learned_noise(rng):
    X = MultiModalFrame({name: rng.normal(size=(460, 100)) for name in "ab"})
    fitted = MultiModalAutoencoder(max_epochs=20, random_state=0).fit(X[:60])
    assert fitted._relations._weight("b") == 0.0
    told = fitted.translate(X[60:], source="a", target="b")
    decoded = fitted.inverse_transform(fitted.transform(X[["a"]][60:]))["b"]
    np.testing.assert_allclose(told, decoded)


def test_the_path_counts_in_few_rows_where_it_tells_what_others_have(rng):
    z = rng.normal(size=(350, 3))
    X = {name: z @ rng.normal(size=(3, 6)) + 0.3 * rng.normal(size=(350, 6)) for name in "ab"}
    X = MultiModalFrame(X)
    fitted = MultiModalAutoencoder(max_epochs=50, learning_rate=0.005, random_state=0).fit(
        X[:50]
    )  # of which none is held out
    assert fitted._relations._weight("b") > 0.8
    assert explained(X["b"][50:], fitted.translate(X[50:], source="a", target="b")) > 0.9
    assert np.abs(fitted.inconsistency(X[50:])).mean() < 2


@pytest.mark.slow
def test_a_small_batch_takes_nothing_from_what_was_learned(rng):
    z, maps = rng.normal(size=(500, 4)), rng.normal(size=(2, 4, 10))
    X = MultiModalFrame({"a": z @ maps[0], "b": z @ maps[1]})
    fitted = MultiModalAutoencoder(learning_rate=0.01, random_state=0)
    for _ in range(4):
        for start in range(0, 300, 20):
            fitted.partial_fit(X[start : start + 20])
    before = explained(X["b"][300:], fitted.translate(X[300:], source="a", target="b"))
    fitted.partial_fit(X[:2]).partial_fit(X[:1])
    after = explained(X["b"][300:], fitted.translate(X[300:], source="a", target="b"))
    assert min(before, after) > 0.95
    assert fitted.inconsistency(X[300:]).std() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_contradictions_are_found_though_modalities_were_absent_in_fit(share, rng):
    z = rng.normal(size=(600, 4))
    X = {f"m{m}": z @ rng.normal(size=(4, 20)) + 0.3 * rng.normal(size=(600, 20)) for m in range(6)}
    there = rng.random((300, 6)) >= share
    there[~there.any(axis=1), 0] = True
    present = {name: there[:, m] for m, name in enumerate(X)}
    shown = MultiModalFrame({name: part[:300] for name, part in X.items()}, present=present)
    fitted = MultiModalAutoencoder(random_state=0, batch_size=64, max_epochs=30).fit(shown)
    true = MultiModalFrame({name: part[300:] for name, part in X.items()})
    swapped = MultiModalFrame({**true, "m2": np.roll(true["m2"], 37, axis=0)})
    scores = [fitted.inconsistency(some) for some in (true, swapped)]
    assert roc_auc_score(np.repeat([0, 1], 300), np.concatenate(scores)) > 0.97
    assert np.abs(scores[0]).mean() < 5


def test_very_wide_tables_have_no_path():
    rng = np.random.default_rng(0)
    X = MultiModalFrame({"a": rng.normal(size=(60, 1100)), "b": rng.normal(size=(60, 3))})
    modalities = [("a", Numeric(), "a"), ("b", Numeric(), "b")]
    fitted = MultiModalAutoencoder(modalities, n_components=2, max_epochs=2, random_state=0).fit(X)
    assert fitted._relations._numbers == ["b"]
    assert fitted.translate(X, source="b", target="a").shape == (60, 1100)


def test_tables_that_are_too_wide_together_leave_out_the_widest():
    rng = np.random.default_rng(0)
    X = MultiModalFrame(
        {name: rng.normal(size=(40, n)) for name, n in zip("abc", [900, 901, 300], strict=True)}
    )
    modalities = [(name, Numeric(), name) for name in X]
    fitted = MultiModalAutoencoder(modalities, n_components=2, max_epochs=1, random_state=0).fit(X)
    assert fitted._relations._numbers == ["a", "c"]


# How long it takes -------------------------------------------------------------------------------


def test_a_fit_finds_no_closed_form_until_it_is_needed(wide, monkeypatch):
    made = []
    monkeypatch.setattr(CrossGaussian, "fit", lambda *_: made.append(1))
    fitted = MultiModalAutoencoder(n_components=2, max_epochs=2, random_state=0).fit(wide)
    fitted.partial_fit(wide).transform(wide)
    fitted.impute(wide)  # in which nothing is absent
    assert not made


@pytest.mark.parametrize("validation", [0.15, None])
def test_copies_and_pickles_find_the_same(wide, validation):
    settings = {"n_components": 2, "max_epochs": 2, "random_state": 0}
    fitted = MultiModalAutoencoder(validation=validation, **settings).fit(wide)
    copies = [copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))]
    with ThreadPoolExecutor(4) as threads:
        scores = [*threads.map(fitted.inconsistency, [wide] * 4)]
    copies += [copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))]
    for score in [*scores[1:], *(one.inconsistency(wide) for one in copies)]:
        np.testing.assert_array_equal(score, scores[0])
    told = [one.translate(wide, source="a", target="b") for one in (fitted, *copies)]
    for one in told[1:]:
        np.testing.assert_array_equal(one, told[0])


def test_wide_latents_take_no_time_that_grows_with_their_cube(rng):
    X = MultiModalFrame({"a": rng.normal(size=(60, 20)), "b": rng.normal(size=(60, 4))})
    encoder = MLPEncoder(width=3000)
    modalities = [("a", Numeric(encoder=encoder), "a"), ("b", Numeric(), "b")]
    fitted = MultiModalAutoencoder(modalities, max_epochs=1, random_state=0).fit(X)
    fitted.inconsistency(X)
    assert len(fitted._relations._of("latents")[0].gaussian.covariance_) <= 60 + 64
    fitted.partial_fit(X)
    assert not fitted._relations._found
