"""Whether a training learned anything: its loss beside that of the best constant predictor."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._fit_loop import Training
from sklearn_crossmodal.training._objectives._constant_baselines import constant_loss
from sklearn_crossmodal.training._objectives._criterion import as_often

__all__ = ["warn_if_nothing_learned"]

#: Fewest steps of the optimizer, and epochs, after which something is expected to have been
#: learned: who sets `max_epochs` so low that there are less does not expect it.
_ENOUGH_STEPS = 200
_ENOUGH_EPOCHS = 5
#: Share of the loss of the best constant that a training gains at least where it learned.
_GAIN = 0.005
#: Loss of a constant that leaves nothing to learn.
_NOTHING = 1e-5
#: Most training rows that are looked at, and most numbers of their targets.
_MOST_ROWS, _MOST_NUMBERS = 2048, 2**20


def warn_if_nothing_learned(owner: str, trainings: Sequence[Training]) -> None:
    """Warn if on training rows no target is predicted better than by the best constant.

    That is so, too, where features are pure noise: held-out rows then stop the training before it
    learns them by heart, and nothing was learned.

    Parameters
    ----------
    owner : str
        Name of the estimator.
    trainings : sequence of Training
        Trained. Of several the means of their losses count.
    """
    if any(training.net.interrupted_ for training in trainings):
        return
    if min(_count_steps(training) for training in trainings) < _ENOUGH_STEPS:
        return
    if max(len(training.net.history) for training in trainings) < _ENOUGH_EPOCHS:
        return  # a callback of the user ended it
    found = [_losses(training) for training in trainings]
    reached, constant = np.mean(found, axis=0)  # (n_targets,) each
    if (np.abs(constant) < _NOTHING).all():  # targets that do not vary are known
        return
    if not np.isfinite(constant).all() or (reached < constant - _GAIN * np.abs(constant)).any():
        return
    net = trainings[0].net
    names = [
        f"{_describe(loss)} of target {name!r} is {mine:.4g}, that of the best constant {best:.4g}"
        for (name, loss), mine, best in zip(
            net.criterion_.losses.items(), reached, constant, strict=True
        )
    ]
    n_epochs = max(len(training.net.history) for training in trainings)
    warnings.warn(
        f"{owner}: nothing was learned in {n_epochs} epochs: on training rows the "
        f"{', the '.join(names)}. Try another learning_rate (it is {net.lr:g}), more max_epochs, "
        "scaled inputs, or a frozen pretrained encoder; or the features do not tell the target.",
        ConvergenceWarning,
        stacklevel=2,
    )


def _count_steps(training: Training) -> int:
    """Return how many steps were allowed; patience may have ended them."""
    n_rows = len(training.dataset if training.split is None else training.split[0])
    return training.net.max_epochs * math.ceil(n_rows / training.net.batch_size)


def _losses(training: Training) -> tuple[list[float], list[float]]:
    """Return the loss of each target, and that of its best constant, on some training rows."""
    net = training.net
    rows = training.dataset if training.split is None else training.dataset.take(training.split[0])
    some = rows.some(_count_rows(rows))
    totals = {name: [0.0, 0.0] for name in net.criterion_.losses}
    examples = {}
    for inputs, targets in net.batches(some):
        with torch.no_grad():
            scores = net.infer(net._informed(inputs, targets))
            for name, loss in net.criterion_.losses.items():
                values, mask, weight = as_often(targets[name], scores[name])
                share = float(len(values)) if weight is None else weight.sum().item()
                cost = loss(scores[name], values, mask, weight).item()
                totals[name][0] += share * cost
                totals[name][1] += share
                examples[name] = scores[name][0].cpu()
    reached = [total / max(share, 1e-300) for total, share in totals.values()]
    constant = [
        constant_loss(loss, examples[name], some.target(name, some.rows))
        for name, loss in net.criterion_.losses.items()
    ]
    return reached, constant


def _count_rows(rows: BlockDataset) -> int:
    widest = max(math.prod(values.shape[1:]) for values, *_ in rows.targets.values())
    return min(_MOST_ROWS, max(_MOST_NUMBERS // max(widest, 1), 128))


def _describe(loss) -> str:
    """Return the name of a loss as a user knows it, such as cross_entropy."""
    per_sample = getattr(loss, "per_sample", loss)
    if isinstance(per_sample, partial):
        per_sample = per_sample.func
    return getattr(per_sample, "__name__", type(loss).__name__)
