"""The linear model beside a network: ridge regression in closed form, and its share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.nn.networks._ridge_path import LinearPath
from sklearn_crossmodal.training._data._batch_iterator import BatchIterator
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._inference import predict_batch_size
from sklearn_crossmodal.training._net import Net

__all__ = ["fit_linear_paths", "ridge"]

#: Rows that a linear model is fitted on at most: with so many it hardly changes any more.
MOST_ROWS = 20_000
#: Shares of the network that are tried.
TRIED = [tenths / 10 for tenths in range(11)]
#: The largest share is taken whose loss is this much above the least. One network is judged, on few
#: rows, while several may be averaged, which err less.
IN_DOUBT = 1.02
#: Turns of filling in numbers of the target that are missing: an error falls, with each, to the
#: share of them that is missing.
N_TURNS = 10
#: Penalties that are tried, in parts of the number of rows.
PENALTIES = np.logspace(-4, 2, 31)


def fit_linear_paths(nets: Sequence[Net], splits: Sequence[tuple], dataset: BlockDataset) -> None:
    """Fit the linear models of networks, each on its training rows, and a share for all of them.

    Parameters
    ----------
    nets : sequence of Net
        Trained.
    splits : sequence of (training rows, held-out rows)
        Of each.
    dataset : BlockDataset
        All rows.
    """
    for place in range(len(nets[0].module_.linear_paths)):
        paths = [net.module_.linear_paths[place] for net in nets]
        loss = nets[0].criterion_.losses[paths[0].target]
        found = []
        for net, path, (training, held_out) in zip(nets, paths, splits, strict=True):
            path.blend(1.0)
            _fit_path(net, path, dataset.take(training).some(MOST_ROWS))
            found.append(_predict(net, path, dataset.take(held_out)))
        fused, linear, *target = (_joined(parts) for parts in zip(*found, strict=True))
        losses = [loss(torch.lerp(linear, fused, share), *target).item() for share in TRIED]
        least = IN_DOUBT * np.nanmin([*losses, np.inf])
        good = [share for share, cost in zip(TRIED, losses, strict=True) if cost <= least]
        share = max(good, default=1.0)
        for path in paths:
            path.blend(share)


def ridge(X: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the coefficients of ridge regression, its penalty by generalised cross-validation.

    `RidgeCV` finds the same; with many rows and targets it takes 15 to 40 times as long, as it goes
    through all residuals for each penalty, and here it would be called once a fold.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Of weighted mean zero.
    Y : ndarray of shape (n, q)
        Of weighted mean zero.
    weight : ndarray of shape (n,)
        Weights of the rows, of mean one.

    Returns
    -------
    ndarray of shape (d, q)

    References
    ----------
    G. H. Golub, M. Heath, G. Wahba (1979). "Generalized cross-validation as a method for choosing a
    good ridge parameter". doi:10.1080/00401706.1979.10489751

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.training._post_fit._ridge_path import ridge
    >>> X = np.array([[-1.0], [1.0], [-2.0], [2.0]])
    >>> ridge(X, 3 * X, np.ones(4)).round(2)
    array([[3.]])
    """
    root = np.sqrt(weight)[:, np.newaxis]
    X, Y, n_rows = root * X, root * Y, len(X)
    if X.shape[1] > n_rows:
        squares, left = np.linalg.eigh(X @ X.T)
        projected, back = left.T @ Y, X.T @ left
    else:
        squares, right = np.linalg.eigh(X.T @ X)
        spread = np.sqrt(np.maximum(squares, 1e-300))
        projected, back = right.T @ (X.T @ Y) / spread[:, np.newaxis], right * spread
    kept = squares > 1e-12 * max(squares.max(), 1e-300)  # others are rounding
    squares, projected, back = squares[kept], projected[kept], back[:, kept]
    penalties = n_rows * PENALTIES
    shrunk = squares / (squares + penalties[:, np.newaxis])  # (P, r)
    beyond = (Y**2).sum() - (projected**2).sum()  # what no coefficients explain
    errors = beyond + ((1 - shrunk) ** 2 @ projected**2).sum(axis=1)
    freedom = n_rows - 1 - shrunk.sum(axis=1)  # one is spent on the mean
    criterion = np.where(freedom > 0.1, errors / np.maximum(freedom, 0.1) ** 2, np.inf)
    penalty = penalties[np.argmin(criterion)]
    return back @ (projected / (squares + penalty)[:, np.newaxis])


def _fit_path(net: Net, path: LinearPath, dataset: BlockDataset) -> None:
    """Set the linear model to the ridge regression on the rows that have some of their target."""
    X, there, Y, seen, weight = _rows_of(net, path, dataset)
    counted = (weight > 0) & seen.any(axis=1)
    X, there, Y, seen, weight = (part[counted] for part in (X, there, Y, seen, weight))
    if len(X) < 2:
        return
    weight = weight / weight.mean()
    means = _means(X, there, weight)
    centered = np.where(there, X - means, 0.0)
    coefficients, bias = _solved(centered, Y, seen, weight)
    path.set(*(torch.from_numpy(part) for part in (coefficients.T.copy(), bias, means)))


def _solved(X, Y, seen, weight) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and bias; numbers that are not seen are what these say, found in turn."""
    found, biases = np.zeros((X.shape[1], Y.shape[1])), np.zeros(Y.shape[1])
    columns = seen.any(axis=0)
    Y, seen = Y[:, columns], seen[:, columns]
    Y = np.where(seen, Y, _means(Y, seen, weight))
    for _ in range(1 if seen.all() else N_TURNS):
        bias = weight @ Y / weight.sum()
        coefficients = ridge(X, Y - bias, weight)
        Y = np.where(seen, Y, X @ coefficients + bias)
    found[:, columns], biases[columns] = coefficients, bias
    return found, biases


def _means(values, seen, weight) -> np.ndarray:
    counts = weight[:, np.newaxis] * seen
    return (counts * values).sum(axis=0) / np.maximum(counts.sum(axis=0), 1e-300)


def _rows_of(net: Net, path: LinearPath, dataset: BlockDataset) -> tuple[np.ndarray, ...]:
    """Return numbers of the sources, which are there, the same of the target, and weights."""
    parts = []
    for inputs, targets, _ in BatchIterator(dataset, predict_batch_size(dataset)):
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
        seen = torch.ones_like(values, dtype=torch.bool) if mask is None else mask.flatten(1).bool()
        parts.append((X, there, values, seen, weight))
    found = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    return tuple(part if part.dtype == bool else part.astype(np.float64) for part in found)


@torch.inference_mode()
def _predict(net: Net, path: LinearPath, dataset: BlockDataset) -> tuple[Tensor | None, ...]:
    """Return what the network says of rows, what the linear model says, and the target."""
    net._set_training(False)
    parts = []
    for inputs, targets, _ in BatchIterator(dataset, predict_batch_size(dataset)):
        inputs, targets = net._to_device(inputs), net._to_device(targets)
        linear = path.linear(path.centered(inputs["values"], inputs["present"]))
        fused = net.infer(inputs)[path.target]
        parts.append((fused, linear.to(fused), *targets[path.target]))
    return tuple(map(_joined, zip(*parts, strict=True)))


def _joined(parts: Sequence[Tensor | None]) -> Tensor | None:
    return None if parts[0] is None else torch.cat(list(parts))
