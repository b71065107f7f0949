"""The autoencoder whose latent is a distribution, and private parts of the latent."""

import copy

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from sklearn_crossmodal import Categorical, MultiModalAutoencoder, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn.decoders import MLPDecoder
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.nn.variational import POSTERIORS
from sklearn_crossmodal.training import BlockDataset, torch_dtype

N = 240
QUICK = {"max_epochs": 30, "learning_rate": 0.02, "batch_size": 40, "random_state": 0}
every = pytest.mark.parametrize("name", sorted(POSTERIORS))


@pytest.fixture(scope="module")
def X():
    """Return two modalities that share two factors, one of which has a third of its own."""
    rng = np.random.default_rng(0)
    shared, own = rng.normal(size=(N, 2)), rng.normal(size=(N, 1))
    a = shared @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(N, 4))
    b = np.hstack([shared, own]) @ rng.normal(size=(3, 5)) + 0.1 * rng.normal(size=(N, 5))
    return MultiModalFrame({"a": a, "b": b})


@pytest.fixture(scope="module")
def fitted(X):
    return {
        name: MultiModalAutoencoder(n_components=3, variational=name, **QUICK).fit(X)
        for name in POSTERIORS
    }


def explained(true, found):
    return 1 - ((true - found) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum()


@pytest.mark.slow
@every
def test_one_modality_is_told_from_the_other(name, X, fitted):
    assert explained(X["a"], fitted[name].translate(X, source="b", target="a")) > 0.5
    assert fitted[name].transform(X).shape == (N, 3)


@pytest.mark.slow
@every
def test_inverse_transform_of_transform_is_the_reconstruction(name, X, fitted):
    given = fitted[name].inverse_transform(fitted[name].transform(X))
    for part, other in zip(given.values(), fitted[name].reconstruct(X).values(), strict=True):
        np.testing.assert_allclose(part, other)


@every
def test_samples_have_the_moments_of_the_data(name, X, fitted):
    drawn = fitted[name].sample(4000, random_state=0)
    assert list(drawn) == ["a", "b"]
    assert drawn["a"].shape == (4000, 4)
    np.testing.assert_allclose(drawn["a"].mean(axis=0), X["a"].mean(axis=0), atol=0.6)
    assert 0.2 < drawn["a"].std() / X["a"].std() < 1.5
    again = fitted[name].sample(4000, random_state=0)
    np.testing.assert_array_equal(drawn["b"], again["b"])


def test_only_a_distribution_can_be_sampled(X, fitted):
    assert not hasattr(MultiModalAutoencoder(), "sample")
    assert hasattr(MultiModalAutoencoder(variational="moe"), "sample")
    later = copy.deepcopy(fitted["moe"]).set_params(variational=None)
    assert later.sample(2, random_state=0)["a"].shape == (2, 4)
    plain = MultiModalAutoencoder(max_epochs=1).fit(X).set_params(variational="moe")
    assert not hasattr(plain, "sample")
    with pytest.raises(ValueError, match="n_samples must be a whole number, at least 1, got 0"):
        fitted["moe"].sample(0)


@every
def test_an_outlier_has_a_lower_bound(name, X, fitted):
    odd = MultiModalFrame({"a": X["a"] * 8, "b": -X["b"] * 8})
    assert (fitted[name].score_samples(odd) < fitted[name].score_samples(X)).mean() > 0.95
    assert fitted[name].score(X) == pytest.approx(fitted[name].score_samples(X).mean())


def test_scores_do_not_depend_on_the_other_samples(X, fitted):
    scores = fitted["mopoe"].score_samples(X)
    np.testing.assert_allclose(fitted["mopoe"].score_samples(X[5:9]), scores[5:9])
    np.testing.assert_allclose(fitted["mopoe"].score_samples(X), scores)


def linear():
    return Numeric(
        scaling=None, encoder=MLPEncoder(n_layers=0), decoder=MLPDecoder(hidden_widths=())
    )


def test_the_bound_of_the_exact_posterior_is_the_likelihood():
    """In a linear Gaussian model the posterior is known, and with it the bound is tight."""
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(2, 4))
    x = rng.normal(size=(300, 2)) @ loadings + rng.normal(size=(300, 4))
    made = MultiModalAutoencoder(
        [("x", linear(), slice(None))],
        n_components=2,
        variational="mopoe",
        beta=0.0,
        **{**QUICK, "max_epochs": 1},
    ).fit(x)
    precision = np.eye(2) + loadings @ loadings.T
    rotation = np.linalg.eigh(precision)[1]  # so that the posterior's entries are independent
    loadings = rotation.T @ loadings
    variance = 1 / np.diag(np.eye(2) + loadings @ loadings.T)
    to_mean = variance[:, None] * loadings
    network = made.network_
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
        encoder, expert, decoder = (
            network.encoders["x"].linear,
            network.fusion.scores[0],
            network.decoders["x"].linear,
        )
        encoder.weight[:4] = torch.eye(4)
        expert.weight[:2, :4] = torch.tensor(to_mean)
        expert.bias[2:] = torch.tensor(np.log(variance))
        decoder.weight[:] = torch.tensor(loadings.T)
    np.testing.assert_allclose(made.transform(x), x @ to_mean.T, atol=1e-6)
    exact = stats.multivariate_normal(np.zeros(4), loadings.T @ loadings + np.eye(4)).logpdf(x)
    bound = made.score_samples(x)
    assert abs(np.mean(bound - exact)) < 0.15  # sixteen draws
    assert np.corrcoef(bound, exact)[0, 1] > 0.99
    with torch.no_grad():
        expert.bias[2:] += 1.5  # another posterior
    assert made.score_samples(x).mean() < exact.mean() - 0.3


def test_the_loss_of_a_batch_is_minus_the_rescaled_bound(X):
    made = MultiModalAutoencoder(
        n_components=2, variational="mvtcae", beta=3.0, n_warmup_epochs=0, **{**QUICK}
    )
    made = made.set_params(max_epochs=1, modality_dropout=0.0, validation=None).fit(X)
    net, inputs = made.net_, made._blocks(X)
    targets = made._target.blocks(None, inputs)
    data = BlockDataset.from_blocks(inputs, torch_dtype(net.precision), targets)
    parts, targets, _ = data.batch(slice(None))
    net._set_training(False)
    with torch.no_grad():
        scores = net.infer(parts)
        likelihoods = sum(
            0.55 * (0.5 * (scores[name] - targets[name][0]) ** 2).mean()
            + 0.55 * 0.5 * np.log(2 * np.pi)
            for name in ("a", "b")
        )
        expected = likelihoods / 2 + 3.0 * scores[" divergence"].mean() / (2 * 5)
        assert net.get_loss(scores, targets).item() == pytest.approx(expected.item())


@pytest.mark.slow
@every
def test_incomplete_samples_teach_and_are_told(name, X):
    rng = np.random.default_rng(0)
    there = rng.random((N, 2)) < 0.6
    there[~there.any(axis=1), 0] = True
    holes = MultiModalFrame(dict(X), present={"a": there[:, 0], "b": there[:, 1]})
    made = MultiModalAutoencoder(n_components=3, variational=name, **QUICK).fit(holes)
    assert np.isfinite(made.score_samples(holes)).all()
    filled = made.impute(holes)
    gone = ~there[:, 0]
    assert explained(X["a"][gone], np.asarray(filled["a"])[gone]) > 0.4
    np.testing.assert_array_equal(np.asarray(filled["a"])[~gone], X["a"][~gone])


@pytest.mark.slow
def test_counts_texts_and_categories_have_likelihoods():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 2, size=120)
    X = MultiModalFrame(
        {
            "visits": rng.poisson(np.where(level, 20.0, 2.0)[:, None] * np.ones(3)).astype(float),
            "genes": rng.negative_binomial(3, np.where(level, 0.1, 0.6)[:, None] * np.ones(2))
            + 0.0,
            "words": np.where(level, "very much", "little"),
            "kind": np.where(level, "high", "low"),
        }
    )
    modalities = [
        ("visits", Numeric(scaling=None, loss="poisson"), "visits"),
        ("genes", Numeric(scaling=None, loss="negative_binomial"), "genes"),
        ("words", Text(), "words"),
        ("kind", Categorical(), "kind"),
    ]
    settings = {**QUICK, "max_epochs": 200, "learning_rate": 0.01}
    made = MultiModalAutoencoder(modalities, n_components=2, variational="mopoe", **settings).fit(X)
    assert np.isfinite(made.score_samples(X)).all()
    found = made.translate(X, source="words", target="visits")
    assert found[level == 1].mean() > 3 * found[level == 0].mean()
    genes = made.translate(X, source="visits", target="genes")
    assert genes.shape == (120, 2)
    assert genes[level == 1].mean() > 3 * genes[level == 0].mean()
    assert (made.translate(X, source="visits", target="kind") == X["kind"]).mean() > 0.9


def test_a_loss_of_no_distribution_is_refused(X):
    modalities = [("a", Numeric(loss="huber"), "a"), ("b", Numeric(), "b")]
    made = MultiModalAutoencoder(modalities, variational="moe")
    with pytest.raises(
        ModalityError, match=r"modality 'a': loss 'huber' is that of no.*\['absolute_error'"
    ):
        made.fit(X)


def test_a_nested_parameter_needs_the_component():
    with pytest.raises(ValueError, match=r"pass variational=MVTCAEPosterior\(\) instead"):
        MultiModalAutoencoder(variational="mvtcae").set_params(variational__alpha=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("variational", [None, "mopoe"])
def test_private_components_hold_what_is_shared_with_none(variational, X):
    settings = {**QUICK, "max_epochs": 80, "modality_dropout": 0.5}
    made = MultiModalAutoencoder(
        n_components=2, n_private_components=1, variational=variational, beta=0.1, **settings
    ).fit(X)
    latent = made.transform(X)
    assert latent.shape == (N, 2 + 2)
    assert made.get_feature_names_out().shape == (4,)
    given = made.inverse_transform(latent)
    for part, other in zip(given.values(), made.reconstruct(X).values(), strict=True):
        np.testing.assert_allclose(part, other)
    alone = MultiModalFrame(dict(X), present={"b": np.arange(N) > 0, "a": np.ones(N, bool)})
    assert made.transform(alone)[0, 3] == 0
    moved = latent.copy()
    moved[:, 3] += 1  # the private part of b
    np.testing.assert_allclose(made.inverse_transform(moved)["a"], given["a"])
    assert not np.allclose(made.inverse_transform(moved)["b"], given["b"])


def test_a_variational_autoencoder_can_be_searched_and_cloned(X):
    made = MultiModalAutoencoder(n_components=2, variational="moe", **{**QUICK, "max_epochs": 3})
    assert clone(made).variational == "moe"
    assert np.isfinite(cross_val_score(made, X, cv=2, error_score="raise")).all()


def test_training_goes_on_from_a_distribution(X):
    made = MultiModalAutoencoder(n_components=2, variational="moe", random_state=0)
    for _ in range(3):
        made.partial_fit(X)
    assert made.n_iter_ == 3


@pytest.mark.slow
def test_texts_that_are_decoded_token_by_token_have_a_bound():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 2, size=120)
    words = np.where(level, "very very much", "rather little").astype(object)
    X = MultiModalFrame({"words": words, "level": level + 0.1 * rng.normal(size=120)})
    modalities = [
        ("words", Text(encoder="gru", decoder="recurrent"), "words"),
        ("level", Numeric(), "level"),
    ]
    settings = {**QUICK, "max_epochs": 60, "modality_dropout": 0.0}
    made = MultiModalAutoencoder(
        modalities, n_components=2, n_private_components=1, variational="mopoe", **settings
    ).fit(X)
    assert (made.translate(X, source="level", target="words") == words).mean() > 0.9
    assert np.isfinite(made.score_samples(X)).all()
    odd = MultiModalFrame({"words": words[::-1], "level": np.asarray(X["level"])})
    differs = words[::-1] != words
    assert (made.score_samples(odd) < made.score_samples(X))[differs].mean() > 0.9


def test_parameters_set_after_fit_do_not_change_what_is_fitted(X):
    made = MultiModalAutoencoder(n_components=3, variational="moe", **{**QUICK, "max_epochs": 2})
    made.fit(X)
    scores, names = made.score_samples(X), made.get_feature_names_out()
    made.set_params(n_components=5, variational=None, n_private_components=2)
    np.testing.assert_array_equal(made.score_samples(X), scores)
    np.testing.assert_array_equal(made.get_feature_names_out(), names)
    assert made.inverse_transform(made.transform(X))["a"].shape == (N, 4)
