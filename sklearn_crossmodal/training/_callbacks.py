"""At the end of an epoch: the best one is kept, training may stop, a line is printed."""

from __future__ import annotations

import copy

import numpy as np
from skorch.callbacks import Callback

__all__ = ["BestEpoch", "EpochLine"]


class BestEpoch(Callback):
    """Stop when the validation loss no longer falls, and restore the weights of its best epoch.

    Parameters
    ----------
    patience : int
        Epochs without an improvement after which training stops.
    tol : float
        By how much the loss must fall to count as an improvement that renews the patience.
    """

    def __init__(self, patience: int, tol: float) -> None:
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net, X=None, y=None, **kwargs) -> None:
        self.best_loss_ = self.bar_ = np.inf
        self.best_weights_ = None
        self.n_since_ = 0

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs) -> None:
        loss = net.history[-1].get("valid_loss")
        if loss is None:  # no rows were held out
            return
        is_best = loss < self.best_loss_
        net.history.record("valid_loss_best", bool(is_best))
        if is_best:
            self.best_loss_ = loss
            self.best_weights_ = copy.deepcopy(net.module_.state_dict())
        self.n_since_ += 1
        if loss < self.bar_ - self.tol:
            self.bar_, self.n_since_ = loss, 0
        if self.n_since_ >= self.patience:
            raise KeyboardInterrupt  # skorch's way for a callback to end training

    def on_train_end(self, net, X=None, y=None, **kwargs) -> None:
        if self.best_weights_ is not None:
            net.module_.load_state_dict(self.best_weights_)
            self.best_weights_ = None  # pickles need not carry them twice


class EpochLine(Callback):
    """Print one line an epoch."""

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs) -> None:
        row = net.history[-1]
        scores = {
            key: value for key, value in row.items() if isinstance(value, float) and key != "dur"
        }
        text = "  ".join(f"{name} {value:.4f}" for name, value in scores.items())
        star = "  best so far" if row.get("valid_loss_best") else ""
        print(f"epoch {row['epoch']:>3}  {text}  {row['dur']:.2f} s{star}", flush=True)
