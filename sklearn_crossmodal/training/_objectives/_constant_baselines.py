"""Losses of the best constant predictors of targets, by which the losses are balanced."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._objectives._best_constant import best_constant

__all__ = ["baselines", "constant_loss"]

#: Maximal number of rows and of iterations for fitting.
_MOST_ROWS, _N_STEPS = 512, 20
#: Number of categories above which their frequencies are counted instead.
_MANY = 100


def baselines(net, dataset: BlockDataset) -> dict[str, float]:
    """Return the loss of the best constant predictor of each target, rounded to a power of two.

    Rounded, since only its order matters, and folds of the same data shall have the same. It is one
    for a target that hardly varies, that no row has, or that is the only one.
    """
    rows, losses, found = dataset.some(_MOST_ROWS).rows, net.criterion_.losses, {}
    if len(losses) == 1:
        return dict.fromkeys(losses, 1.0)
    for name, scores in _example(net).items():
        cost = constant_loss(losses[name], scores[0], dataset.target(name, rows))
        found[name] = 2.0 ** round(math.log2(cost)) if 1e-6 < cost < math.inf else 1.0
    return found


def constant_loss(loss, scores: Tensor, target: tuple[Tensor, Tensor | None, Tensor | None]):
    """Return the loss of the best constant predictor of a target.

    Parameters
    ----------
    loss : nn.Module
        Of the target.
    scores : Tensor
        Scores of one sample, for their shape and type.
    target : (values, mask, weight)
        As the loss takes it.

    Returns
    -------
    float
    """
    values, mask, weight = target
    if scores.shape[-1] > _MANY and not values.is_floating_point():
        return _entropy(values, mask, weight)
    return _fitted(loss, scores, values, mask, weight)


@torch.no_grad()
def _example(net) -> dict[str, Tensor]:
    """Return scores of one sample, without touching running statistics."""
    weight = next(net.module_.parameters())
    net._set_training(False)
    decoded = net.module_.decode(weight.new_zeros(1, net.module_.n_latents))
    return {name: scores.cpu() for name, scores in decoded.items()}


def _entropy(values: Tensor, mask: Tensor | None, weight: Tensor | None) -> float:
    """Return the entropy of the tokens, or categories, wherever they stand."""
    kept = torch.ones_like(values, dtype=torch.bool) if mask is None else mask
    if weight is not None:
        kept = kept & (weight > 0).unsqueeze(1)
    counts = torch.bincount(values[kept])
    shares = counts[counts > 0] / max(int(counts.sum()), 1)
    return -(shares * shares.log()).sum().item()


def _fitted(loss, scores: Tensor, values: Tensor, mask, weight) -> float:
    """Return the loss of the best constant scores."""
    constant = best_constant(loss, scores.shape, (values, mask, weight), n_steps=_N_STEPS)
    with torch.no_grad():
        shape = (len(values), *scores.shape)
        return loss(constant.to(scores).expand(shape), values, mask, weight).item()
