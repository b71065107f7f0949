"""Encoders and fusions of a user's own, in every estimator: what they are given, and are not."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_crossmodal import (
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
)
from sklearn_crossmodal.nn import Component
from sklearn_crossmodal.nn.fusion import MeanFusion

N = 120
RNG = np.random.default_rng(0)
PARTS = {"a": RNG.normal(size=(N, 3)), "b": RNG.normal(size=(N, 4))}
WHOLE = MultiModalFrame(PARTS)
ABSENT = MultiModalFrame(PARTS, present={"b": RNG.random(N) < 0.6})
RARE = MultiModalFrame(PARTS, present={"b": np.arange(N) % 40 == 0})  # not in every batch
CASES = {
    "classifier": (FusionClassifier, {"validation": None}, np.arange(N) % 2),
    "folds": (FusionClassifier, {"n_folds": 3}, np.arange(N) % 2),
    "regressor": (FusionRegressor, {}, PARTS["a"][:, 0]),
    "autoencoder": (MultiModalAutoencoder, {}, None),
    "private": (MultiModalAutoencoder, {"n_private_components": 2}, None),
    "mapping": (CrossModalRegressor, {"n_folds": None}, PARTS["a"][:, :2]),
    "generator": (CrossModalGenerator, {}, np.array(["a b", "b c"] * (N // 2), dtype=object)),
}
VARIATIONAL = {
    name: (MultiModalAutoencoder, {"variational": name}, None)
    for name in ("poe", "moe", "mopoe", "mvtcae")
}


class Norm(nn.Module):
    """Not finite where an absent modality is filled with zeros."""

    def __init__(self, spec):
        super().__init__()
        self.linear = nn.Linear(spec.shape[0], 8)

    def forward(self, x):
        return self.linear(x / x.norm(dim=1, keepdim=True))


class MaskedNorm(Norm):
    out_features = 8

    def forward(self, values, mask):
        return super().forward(values)


class NormEncoder(Component):
    """The same as a component of a user's own."""

    kinds = frozenset({"vector"})

    def build(self, spec):
        return MaskedNorm(spec)


class Watching(nn.Module):
    """A fusion that cannot do without `present`."""

    def __init__(self, widths):
        super().__init__()
        self.project = nn.ModuleList([nn.Linear(width, 8) for width in widths])
        self.out_features = 8

    def forward(self, latents, present):
        assert present.dtype == torch.bool
        assert present.shape == (len(latents[0]), len(latents))
        values = torch.stack([f(z) for f, z in zip(self.project, latents, strict=True)], dim=1)
        return (values * present.unsqueeze(-1)).sum(dim=1) / present.sum(dim=1, keepdim=True)


class WatchingFusion(Component):
    """The same as a component of a user's own."""

    def __init__(self, width=8):
        self.width = width

    def build(self, widths):
        return Watching(widths)


class Relaxed(Watching):
    """Says that it takes None."""

    present_may_be_none = True
    seen: list = []

    def forward(self, latents, present):
        self.seen.append(present)
        return self.project[0](latents[0])


def fitted(case, X, **settings):
    made, more, y = (CASES | VARIATIONAL)[case]
    settings = {"max_epochs": 2, "random_state": 0, **more, **settings}
    if y is not None:
        return made(**settings).fit(X, y)
    return made(**settings).fit(X)


def answer(estimator, X):
    for name in ("predict_proba", "predict", "transform"):
        if hasattr(estimator, name):
            return np.asarray(getattr(estimator, name)(X))
    raise AssertionError


@pytest.mark.covering
@pytest.mark.parametrize("encoder", [Norm, NormEncoder()], ids=["class", "component"])
@pytest.mark.parametrize("X", [ABSENT, RARE], ids=["absent", "rare"])
@pytest.mark.parametrize("case", CASES | VARIATIONAL)
def test_an_encoder_that_is_not_finite_at_the_filler(case, X, encoder):
    modalities = [("a", Numeric(), "a"), ("b", Numeric(encoder=encoder), "b")]
    estimator = fitted(case, X, modalities=modalities)
    losses = [row["train_loss"] for row in estimator.history_]
    assert np.isfinite(losses).all()
    found = answer(estimator, X)
    if found.dtype.kind == "f":
        assert np.isfinite(found).all()
        alone = np.concatenate([answer(estimator, X[row : row + 1]) for row in range(5)])
        np.testing.assert_allclose(alone, found[:5], atol=1e-6)


@pytest.mark.covering
@pytest.mark.parametrize("fusion", [Watching, Watching([64, 64]), WatchingFusion()], ids=type)
@pytest.mark.parametrize("X", [WHOLE, ABSENT], ids=["whole", "absent"])
@pytest.mark.parametrize("case", CASES)
def test_a_fusion_always_gets_presence(case, X, fusion):
    modalities = [("a", Numeric(encoder=Plain), "a"), ("b", Numeric(encoder=Plain), "b")]
    estimator = fitted(case, X, modalities=modalities, fusion=fusion, modality_dropout=0.0)
    answer(estimator, X)
    answer(estimator, WHOLE[:1])


def Plain(spec):
    return nn.Linear(spec.shape[0], 64)


def test_a_fusion_gets_none_only_if_its_class_says_so():
    Relaxed.seen.clear()
    clf = fitted("classifier", WHOLE, fusion=Relaxed, modality_dropout=0.0)
    clf.predict(WHOLE)
    assert Relaxed.seen
    assert all(present is None for present in Relaxed.seen)


def test_a_fusion_of_the_registry_by_a_subclass_is_a_users_own():
    class Mine(MeanFusion):
        def build(self, widths):
            return Watching(widths)

    answer(fitted("classifier", WHOLE, fusion=Mine(), modality_dropout=0.0), WHOLE)
