"""The skorch nets that train networks and predict."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from sklearn.base import ClassifierMixin, RegressorMixin
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.history import History
from skorch.utils import is_dataset
from torch import Tensor

from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.training._adam import FusedAdam
from sklearn_crossmodal.training._callbacks import EndOfTraining, EpochCallback
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._device import torch_dtype
from sklearn_crossmodal.training._inference import Inference
from sklearn_crossmodal.training._optimizers import slow_groups
from sklearn_crossmodal.utils._interrupts import is_nested_fit

__all__ = ["Net", "NetClassifier", "NetRegressor"]

#: Optimizers that evaluate the loss once a step.
_PLAIN = (FusedAdam, torch.optim.AdamW, torch.optim.Adam, torch.optim.SGD)


class Net(Inference, NeuralNet):
    """A skorch net over batches of a `BlockDataset`.

    Parameters
    ----------
    *args, **kwargs
        As `skorch.NeuralNet` takes them.
    precision : {"float64", "float32", "bfloat16"}
        What the network computes in.
    decode_scores : callable, default=None
        From the scores of the target ``"y"``, a tensor (B, ...), to what `predict_proba` returns.
    decodes_all : bool, default=False
        Whether `decode_scores` takes the scores of all targets, a dict, and returns a frame.
    read : callable, default=None
        From X and y (None without a target), as a user has them, to a `BlockDataset`.
    """

    def __init__(
        self,
        *args,
        precision: str = "float32",
        decode_scores: Callable | None = None,
        decodes_all: bool = False,
        read: Callable | None = None,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.precision = precision
        self.read = read
        self.decode_scores = decode_scores
        self.decodes_all = decodes_all

    #: Whether the user ended the last training before its time.
    interrupted_ = False
    #: Whether training ends after this epoch, see `EndOfTraining`.
    is_over_ = False
    #: Callbacks that are to be initialised when a training begins.
    fresh_: tuple[Callback, ...] = ()

    def __getstate__(self):
        """Pickle weights, not the moments of the optimizer, of twice their size, nor batches."""
        slim = object.__new__(type(self))
        slim.__dict__.update(self.__dict__)
        slim.__dict__.pop("optimizer_", None)
        if slim.__dict__.get("module_") is self.module:
            slim.__dict__["module"] = None  # once is enough, see `__setstate__`
        if hasattr(self, "history_"):
            slim.__dict__["history_"] = History({**row, "batches": []} for row in self.history_)
        return NeuralNet.__getstate__(slim)

    def __setstate__(self, state):
        super().__setstate__(state)
        if self.module is None:
            self.module = self.module_

    def initialize_callbacks(self):
        """Name and set up the callbacks; each is initialised when a training begins.

        An object of the user may watch several nets, which are all made before the first of them is
        trained: it is to start anew with each, as where nets are made and trained in turn.
        """
        self.callbacks_ = []
        for name, callback in self._uniquely_named_callbacks():
            callback = getattr(self, f"callbacks__{name}", callback)
            params = self.get_params_for(f"callbacks__{name}")
            if callback is None and params:
                raise ValueError(f"callbacks__{name}__... is set, but there is no such callback.")
            if isinstance(callback, type):
                callback = callback(**params)
            elif params:
                callback.set_params(**params)
            if callback is not None:
                self.callbacks_.append((name, callback))
        self.callbacks_.sort(key=lambda entry: isinstance(entry[1], EndOfTraining))
        self.fresh_ = tuple(callback for _, callback in self.callbacks_)
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs) -> None:
        """Initialise the callbacks, and the optimizer where it did not come with a pickle."""
        self.interrupted_ = self.is_over_ = False
        for callback in self.fresh_:
            callback.initialize()
        self.fresh_ = ()
        if not hasattr(self, "optimizer_"):
            self._initialize_optimizer()

    def get_dataset(self, X, y=None):
        """Return X, and y if there is one, as a data set; one that is given stays as it is."""
        if self.read is None or is_dataset(X):
            return super().get_dataset(X, y)
        return self.read(X, y)

    @property
    def _default_callbacks(self):
        return []  # skorch's own read the history of batches; `run_single_epoch` records epochs

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params) -> None:
        """Train or validate for an epoch.

        Where no callback but our own is there, batches are not recorded, and nothing is read back
        from the device before the end: 50 microseconds less a batch.
        """
        if iterator is None:
            return
        start = time.perf_counter()
        step = partial(step_fn, **fit_params)
        run = self._run_watched(prefix, step) if self._is_watched() else self._run_lean()
        try:
            losses = [run(training, *batch) for batch in iterator]
        except KeyboardInterrupt:
            self.note_interrupt()
            raise
        self.history.record(f"{prefix}_loss", _mean(losses))
        self.history.record("dur", self.history[-1].get("dur", 0.0) + time.perf_counter() - start)
        if len(self.history) > 1:
            self.history[-2]["batches"] = []  # memory must not grow with the number of epochs

    def note_interrupt(self) -> None:
        """Note that the user ended the training; warn where nothing else ends with it."""
        if self.interrupted_:
            return
        self.interrupted_ = True
        if not is_nested_fit():  # the outer fit ends, too
            warnings.warn(
                f"Training was interrupted in epoch {len(self.history)}; the estimator is usable "
                "as far as it came.",
                InterruptedFitWarning,
                stacklevel=3,
            )

    def _is_watched(self) -> bool:
        """Return whether steps are skorch's: for a user's callback, or a searching optimizer."""
        ours = all(isinstance(callback, EpochCallback) for _, callback in self.callbacks_)
        return not ours or type(self.optimizer_) not in _PLAIN

    def _run_watched(self, prefix: str, step_fn: Callable) -> Callable:
        """Return a function that runs a batch as skorch does, with its callbacks and history."""

        def run(training, inputs, targets, labels):
            # Callbacks see the target as the user gave it, so that scores are in its terms.
            shown = inputs, labels
            self.notify("on_batch_begin", batch=shown, training=training)
            batch = self._to_device(inputs), self._to_device(targets)
            step = step_fn((self._informed(*batch), batch[1]))
            self.history.record_batch(f"{prefix}_loss", step["loss"].item())
            self.history.record_batch(f"{prefix}_batch_size", _n_rows(inputs))
            self.notify("on_batch_end", batch=shown, training=training, **step)
            return self._kept(step["loss"]), self._kept(_batch_weight(inputs, targets))

        return run

    def _run_lean(self) -> Callable:
        """Return a function that runs a batch without notifying callbacks: the same arithmetic."""

        def run(training, inputs, targets, labels):
            self._set_training(training)
            batch = self._to_device(inputs), self._to_device(targets)
            with torch.set_grad_enabled(training):
                loss = self.get_loss(self.infer(self._informed(*batch)), batch[1])
            if training:
                self.optimizer_.zero_grad()
                loss.backward()
                self.optimizer_.step()
            return self._kept(loss), self._kept(_batch_weight(*batch))

        return run

    def loss_of(self, dataset: BlockDataset) -> float:
        """Return the loss over a data set, as of a validation."""
        run = self._run_lean()
        return _mean([run(False, *batch) for batch in self.get_iterator(dataset)])

    def _kept(self, number: Tensor | float) -> Tensor | float:
        """Return a number as it is kept until the end of the epoch.

        A GPU is not waited for. Without one it is a float: small tensors, which lie between the
        large ones of the batches, keep their memory from being used again.
        """
        if isinstance(number, float):
            return number
        return number.item() if number.device.type == "cpu" else number.detach()

    def infer(self, x, **fit_params):
        """Return the scores of a batch, computed in the precision of the net."""
        if self.precision != "bfloat16":
            return self.module_(**x)
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16):
            scores = self.module_(**x)
        dtype = torch_dtype(self.precision)
        return {
            name: values if values is None or values.dtype == torch.bool else values.to(dtype)
            for name, values in scores.items()
        }

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the loss of a batch, a scalar."""
        return self.criterion_(y_pred, y_true)

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Return the groups of weights and the settings of the optimizer.

        Weight decay spares biases and norms, and what is pretrained learns more slowly.
        """
        (groups,), kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        groups = slow_groups(groups, self.module_, kwargs["lr"])
        if not kwargs.get("weight_decay"):  # some optimizers take no groups
            return (groups,), kwargs
        spared = []
        for group in groups:
            weights = list(group["params"])
            group["params"] = [weight for weight in weights if weight.ndim > 1]
            vectors = [weight for weight in weights if weight.ndim <= 1]
            spared.append({**group, "params": vectors, "weight_decay": 0.0})
        return ([group for group in [*groups, *spared] if group["params"]],), kwargs

    def _set_training(self, training: bool = True) -> None:
        # Walking all modules for each batch would cost more than a step.
        if self.module_.training != training:
            super()._set_training(training)

    def _to_device(self, parts):
        if self.device == "cpu":  # where they are
            return parts
        if isinstance(parts, Tensor):
            return parts.to(self.device, non_blocking=True)
        if isinstance(parts, dict):
            return {name: self._to_device(part) for name, part in parts.items()}
        return tuple(map(self._to_device, parts)) if isinstance(parts, tuple) else parts


class NetClassifier(ClassifierMixin, Net):
    """The net of a classifier, which predicts class labels.

    Parameters
    ----------
    *args, **kwargs
        As `Net` takes them.
    classes : ndarray of shape (n_classes,), or a list of them, default=None
        The labels.
    decide : callable, default=None
        From probabilities to labels; None takes the most probable of `classes`.
    """

    def __init__(
        self,
        *args,
        classes: np.ndarray | list[np.ndarray] | None = None,
        decide: Callable[[np.ndarray], np.ndarray] | None = None,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.classes = classes
        self.decide = decide

    @property
    def classes_(self) -> np.ndarray | list[np.ndarray]:
        """The labels."""
        return self.classes

    def predict(self, X):
        """Return the most probable label, or labels, of each sample."""
        probabilities = self.predict_proba(X)
        if self.decide is not None:
            return self.decide(probabilities)
        return self.classes_[probabilities.argmax(axis=1)]


class NetRegressor(RegressorMixin, Net):
    """The net of a regressor, which predicts in the units of the target."""


def _n_rows(inputs) -> int:
    return len(next(iter(inputs["values"].values())))


def _batch_weight(inputs, targets) -> Tensor | float:
    """Return the sum of sample weights, so that an epoch's loss does not depend on its batches."""
    whole = float(_n_rows(inputs))
    weights = [whole if weight is None else weight.sum() for _, _, weight in targets.values()]
    return sum(weights) / len(weights)


def _mean(losses: list[tuple[Tensor | float, Tensor | float]]) -> float:
    """Return the weighted mean of the losses of batches."""
    values, weights = (
        torch.stack([torch.as_tensor(number, dtype=torch.float64) for number in numbers]).cpu()
        for numbers in zip(*losses, strict=True)
    )
    return float((values * weights).sum() / weights.sum().clamp(min=1e-300))
