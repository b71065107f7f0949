"""Gradient blending: losses of modalities weighted by how well what they learn generalises."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sklearn_crossmodal.training._callbacks import EpochCallback
from sklearn_crossmodal.training._post_fit._late_fusion_weights import losses_of_heads

__all__ = ["GradientBlending"]

#: Epochs after which the losses are weighted anew.
SUPER_EPOCH = 5
_TINY = 1e-12


class GradientBlending(EpochCallback):
    """Weigh the losses of the fusion and of the heads by how well what they learn carries over.

    Every `SUPER_EPOCH` epochs the loss of each task k on training and on held-out rows is compared
    with what it was. By how much the held-out loss fell is its generalisation G_k, by how much the
    gap between both grew is its overfitting O_k, and the task is weighed by ::

        w_k = (G_k / O_k ^ 2) / sum_j(G_j / O_j ^ 2)

    A task that does not generalise, ``G_k <= 0``, gets no weight; if none does, weights stay. They
    take the place of `auxiliary_weight`, which counts only where no rows are held out.

    References
    ----------
    W. Wang, D. Tran, M. Feiszli (2020). "What makes training multi-modal classification networks
    hard?". arXiv:1905.12681, its online variant, with the tasks of one network.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs) -> None:
        n_tasks = 1 + len(net.module_.encoders)
        self.before_ = None
        # Without held-out rows, as in `partial_fit`, nothing tells what carries over.
        blind = net.train_split is None
        net.criterion_.task_weights = None if blind else [1 / n_tasks] * n_tasks

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs) -> None:
        n_done = len(net.history)
        if dataset_valid is None or (n_done > 1 and n_done % SUPER_EPOCH):
            return
        sample = dataset_train.some(len(dataset_valid))
        now = [losses_of_heads(net, rows) for rows in (sample, dataset_valid)]
        if self.before_ is not None:
            weights = blended_weights(self.before_, now)
            net.criterion_.task_weights = weights or net.criterion_.task_weights
        self.before_ = now


def blended_weights(before: Sequence[Tensor], now: Sequence[Tensor]) -> list[float] | None:
    """Return the weights of tasks by their losses before and after some epochs.

    Parameters
    ----------
    before, now : (training, validation), Tensors of shape (n_tasks,)
        The losses.

    Returns
    -------
    list of float or None
        None if no task generalises.
    """
    generalisation = (before[1] - now[1]).clamp(min=0)
    overfitting = (now[1] - now[0]) - (before[1] - before[0])
    # Where nothing was overfitted, as much as is lost in the noise of the losses.
    least = 0.1 * before[1].abs().clamp(min=_TINY)
    weights = generalisation / torch.maximum(overfitting, least).square()
    return (weights / weights.sum()).tolist() if weights.sum() > 0 else None
