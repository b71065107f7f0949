"""At the end of an epoch: the best one is kept, training may stop, a line is printed."""

from __future__ import annotations

import math

import numpy as np
from skorch.callbacks import Callback

__all__ = ["EPOCH_CALLBACKS", "BestEpoch", "CosineDecay", "EpochLine", "EpochTasks"]


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
            weights = net.module_.state_dict()
            self.best_weights_ = {name: weight.clone() for name, weight in weights.items()}
        self.n_since_ += 1
        if loss < self.bar_ - self.tol:
            self.bar_, self.n_since_ = loss, 0
        if self.n_since_ >= self.patience:
            raise KeyboardInterrupt  # skorch's way for a callback to end training

    def on_train_end(self, net, X=None, y=None, **kwargs) -> None:
        if self.best_weights_ is not None:
            net.module_.load_state_dict(self.best_weights_)
            self.best_weights_ = None  # pickles need not carry them twice


class CosineDecay(Callback):
    """Lower the learning rate along half a cosine, from its full value to near zero.

    A call that trains for a single epoch, as `partial_fit` does, is at the full rate.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs) -> None:
        groups = net.optimizer_.param_groups
        # The rates of the first call: a later one starts from the full rate again.
        self.full_rates_ = getattr(self, "full_rates_", [group["lr"] for group in groups])
        self.n_before_ = len(net.history)

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs) -> None:
        # skorch has opened the row of this epoch already.
        progress = (len(net.history) - 1 - self.n_before_) / net.max_epochs
        factor = 0.5 * (1 + math.cos(math.pi * progress))
        for group, rate in zip(net.optimizer_.param_groups, self.full_rates_, strict=True):
            group["lr"] = rate * factor


class EpochTasks(Callback):
    """Tell scikit-learn's callbacks of each epoch; one of them may stop the training.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the fit.
    **task : dict
        What the hooks get: estimator, X, y, reconstruction_attributes.
    """

    def __init__(self, context, **task) -> None:
        self.context = context
        self.task = task

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs) -> None:
        self.epoch_ = self.context.subcontext(task_name="epoch")
        self.epoch_.call_on_fit_task_begin(**self.task)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs) -> None:
        if self.epoch_.call_on_fit_task_end(**self.task):
            raise KeyboardInterrupt  # skorch's way for a callback to end training


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


#: These look at epochs, never at batches.
EPOCH_CALLBACKS = (BestEpoch, CosineDecay, EpochLine, EpochTasks)
