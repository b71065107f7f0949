"""The evidence lower bound, the objective and the score of a variational network."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import Block
from sklearn_crossmodal.nn.variational import COUNTED, DIVERGENCE, kl_divergence
from sklearn_crossmodal.training._callbacks import EpochCallback
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._device import torch_dtype
from sklearn_crossmodal.training._objectives._criterion import Criterion, as_often

__all__ = ["EvidenceBound", "WarmUp", "evidence_bounds"]


class EvidenceBound(Criterion):
    """Minus the evidence lower bound, with the likelihood of each modality over its size.

    ``1 / M sum_m nll_m / D_m + beta KL / (M max_m D_m)`` of a sample, with D_m numbers in modality
    m: the bound with likelihoods rescaled to the largest modality's, but for a factor. What a
    sample lacks does not count.

    Parameters
    ----------
    losses : mapping of str to nn.Module
        For each modality, with `nll`; and for further targets.
    beta : float
        Weight of the divergence.
    target_weights : mapping of str to float, default=None
        Of the further targets.

    References
    ----------
    I. Higgins et al. (2017). "beta-VAE". ICLR; rescaled likelihoods: A. Javaloy, M. Meghdadi,
    I. Valera (2022). "Mitigating modality collapse in multimodal VAEs via impartial optimization".
    arXiv:2206.04496
    """

    def __init__(
        self,
        losses: Mapping[str, nn.Module],
        beta: float,
        target_weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(losses, target_weights=target_weights)
        self.beta = beta
        #: Share of `beta` in training; see `WarmUp`.
        self.warmth = 1.0

    def fused(self, predictions: Mapping[str, Tensor], targets: Mapping[str, tuple]) -> Tensor:
        own = [name for name in self.losses if name not in self.target_weights]
        parts = [as_often(targets[name], predictions[name]) for name in own]
        losses = torch.stack(
            [
                self.losses[name].nll(predictions[name], values, mask)
                for name, (values, mask, _) in zip(own, parts, strict=True)
            ],
            dim=1,
        )
        weights = [losses.new_ones(len(losses)) if part[2] is None else part[2] for part in parts]
        weight = torch.stack(weights, dim=1)
        counted = predictions[COUNTED]
        likelihoods = (losses * (weight if counted is None else weight * counted)).mean(dim=1)
        beta = self.beta * (self.warmth if self.training else 1.0)
        # A sample has its weight in each modality that it has, and it has one at least.
        weight = weight.amax(dim=1)
        size = max(math.prod(values.shape[1:]) for values, _, _ in parts)
        cost = weight * beta * predictions[DIVERGENCE] / (len(own) * size)
        count = weight.sum()
        total = (likelihoods + cost).sum() / torch.where(count > 0, count, 1.0)
        return total + self.supervised(predictions, targets)


class WarmUp(EpochCallback):
    """Let the weight of the divergence rise to its full value over the first epochs."""

    def __init__(self, n_epochs: int) -> None:
        self.n_epochs = n_epochs

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs) -> None:
        net.criterion_.warmth = min(1.0, len(net.history) / (self.n_epochs + 1))


def evidence_bounds(
    net, blocks: Mapping[str, Block], targets: Mapping[str, Block], noise: np.ndarray
) -> np.ndarray:
    """Return the evidence lower bound of each sample, in nats.

    ``E_q[sum_m log p(x_m | z)] - KL(q(z | x) || p(z))`` over the modalities that it has, as they
    are: neither rescaled nor weighted. Expectations are means over the standard normal draws
    `noise`, (L, D'); these are the same for all samples, so that none depends on the others.
    """
    dtype = torch_dtype(net.precision)
    dataset = BlockDataset.from_blocks(blocks, dtype, targets)
    draws = torch.from_numpy(noise).to(net.device, dtype)
    found = []
    for inputs, aims in net.batches(dataset):
        with torch.inference_mode():
            belief = net.module_.belief(**inputs)
            each = [_likelihoods(net, belief.at(one.expand_as(belief.mean)), aims) for one in draws]
            bound = torch.stack(each).mean(dim=0) - kl_divergence(belief)
        found.append(bound.double().cpu().numpy())
    return np.concatenate(found)


def _likelihoods(net, latent: Tensor, targets: Mapping[str, tuple]) -> Tensor:
    """Return the log-likelihood of what each sample has, given its latent, (B,)."""
    known = {name: targets[name][0] for name in net.module_.teacher_forced}
    scores, total = net.module_.decode(latent, known), torch.zeros_like(latent[:, 0])
    for name, (values, mask, weight) in targets.items():
        loss = net.criterion_.losses[name].nll(scores[name], values, mask)
        likelihood = -loss * _n_entries(values, mask)
        total = total + (likelihood if weight is None else likelihood * weight)
    return total


def _n_entries(values: Tensor, mask: Tensor | None) -> Tensor | int:
    """Return how many numbers, or tokens, of each sample are observed."""
    if mask is None:
        return math.prod(values.shape[1:])
    wider = math.prod(values.shape[mask.ndim :])
    return mask.flatten(1).sum(dim=1) * wider
