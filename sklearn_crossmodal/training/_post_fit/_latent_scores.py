"""Scores of samples by an autoencoder: likelihoods, and contradictions between modalities."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.nn.variational import VariationalNetwork
from sklearn_crossmodal.training._objectives._elbo import evidence_bounds

__all__ = ["contradiction_scores", "reconstruction_scores"]

#: Number of draws of the latent for an evidence bound.
_N_DRAWS = 16


def contradiction_scores(relations, net, dataset) -> np.ndarray:
    """Return the largest contradiction of each sample, (n,); zero for a single modality."""
    if relations is None:
        return np.zeros(len(dataset))
    found = relations.contradictions(net, dataset)
    most = np.where(np.isnan(found), -np.inf, found).max(axis=1)
    return np.where(np.isnan(found).all(axis=1), 0.0, most)


def reconstruction_scores(net, inputs, targets, present: np.ndarray) -> np.ndarray:
    """Return minus the loss of each sample, (n,), or a lower bound of its log-likelihood in nats.

    The loss is the mean, over the present modalities, of the loss per entry divided by that of a
    constant predictor.
    """
    if isinstance(net.module_, VariationalNetwork):
        return evidence_bounds(net, inputs, targets, _noise(net.module_.n_latents))
    losses = net.sample_losses(inputs, targets)
    losses /= [net.criterion_.baselines[name] for name in targets]
    return -(losses * present).sum(axis=1) / present.sum(axis=1)


def _noise(n_components: int) -> np.ndarray:
    """Return standard normal draws (L, D) for expectations: the same in each call.

    Each comes with its negative, and all have variance one, so that means of squares are close too.
    """
    half = np.random.default_rng(0).normal(size=(_N_DRAWS // 2, n_components))
    half /= np.sqrt((half**2).mean(axis=0))
    return np.concatenate([half, -half])
