"""The linear model beside a network: ridge regression in closed form, and its share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.linear._gcv_ridge import impute_and_regress, weighted_means
from sklearn_crossmodal.nn.networks._ridge_path import LinearPath
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._net import Net

__all__ = ["fit_linear_paths"]

#: Maximal number of rows that a linear model is fitted on: more hardly change it.
MOST_ROWS = 20_000
#: Candidate shares of the network.
TRIED = [tenths / 10 for tenths in range(11)]
#: The largest share is taken whose loss is at most this times the minimum. One network is judged,
#: on few rows, while several may be averaged, which err less.
TOLERANCE = 1.02


def fit_linear_paths(nets: Sequence[Net], splits: Sequence[tuple], dataset: BlockDataset) -> None:
    """Fit the linear models of trained nets, each on its training rows, and one share for all.

    The share is chosen on the held-out rows; `splits` are (training rows, held-out rows) of each.
    """
    for place in range(len(nets[0].module_.linear_paths)):
        paths = [net.module_.linear_paths[place] for net in nets]
        loss = nets[0].criterion_.losses[paths[0].target]
        found = []
        for net, path, (training, held_out) in zip(nets, paths, splits, strict=True):
            path.blend(1.0)
            _fit_path(net, path, dataset.take(training).some(MOST_ROWS))
            found.append(_predict(net, path, dataset.take(held_out)))
        fused, linear, *target = (_concatenated(parts) for parts in zip(*found, strict=True))
        losses = [loss(torch.lerp(linear, fused, share), *target).item() for share in TRIED]
        least = TOLERANCE * np.nanmin([*losses, np.inf])
        good = [share for share, cost in zip(TRIED, losses, strict=True) if cost <= least]
        share = max(good, default=1.0)
        for path in paths:
            path.blend(share)


def _fit_path(net: Net, path: LinearPath, dataset: BlockDataset) -> None:
    """Set the linear model to the ridge regression on the rows with an observed target."""
    X, there, Y, observed, weight = _training_rows(net, path, dataset)
    counted = (weight > 0) & observed.any(axis=1)
    X, there, Y, observed, weight = (part[counted] for part in (X, there, Y, observed, weight))
    if len(X) < 2:
        return
    weight = weight / weight.mean()
    means = weighted_means(X, there, weight)
    centered = np.where(there, X - means, 0.0)
    coefficients, bias = impute_and_regress(centered, Y, observed, weight)
    path.set(*(torch.from_numpy(part) for part in (coefficients.T.copy(), bias, means)))


def _training_rows(net: Net, path: LinearPath, dataset: BlockDataset) -> tuple[np.ndarray, ...]:
    """Return sources (n, d), which are present, targets (n, q), which are observed, and weights."""
    parts = []
    for inputs, targets in net.batches(dataset):
        values, mask, weight = targets[path.target]
        X = torch.cat([inputs["values"][name] for name in path.sources], dim=1)
        there = torch.ones_like(X, dtype=torch.bool)
        if inputs["present"] is not None:
            widths = [inputs["values"][name].shape[1] for name in path.sources]
            columns = [
                inputs["present"][:, place, None].expand(-1, width)
                for place, width in zip(path.places, widths, strict=True)
            ]
            there = torch.cat(columns, dim=1)
        weight = torch.ones(len(values)) if weight is None else weight
        values = values.flatten(1)
        observed = torch.ones_like(values).bool() if mask is None else mask.flatten(1).bool()
        parts.append((X, there, values, observed, weight))
    found = (torch.cat(part).cpu().numpy() for part in zip(*parts, strict=True))
    return tuple(part if part.dtype == bool else part.astype(np.float64) for part in found)


@torch.inference_mode()
def _predict(net: Net, path: LinearPath, dataset: BlockDataset) -> tuple[Tensor | None, ...]:
    """Return the scores of the network and of the linear model, and the target of the rows."""
    parts = []
    for inputs, targets in net.batches(dataset):
        linear = path.linear(path.centered(inputs["values"], inputs["present"]))
        fused = net.infer(inputs)[path.target]
        parts.append((fused, linear.to(fused), *targets[path.target]))
    return tuple(map(_concatenated, zip(*parts, strict=True)))


def _concatenated(parts: Sequence[Tensor | None]) -> Tensor | None:
    return None if parts[0] is None else torch.cat(list(parts))
