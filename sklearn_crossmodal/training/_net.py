"""Our parameters -> a private skorch net, which trains the network."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from sklearn.base import ClassifierMixin, RegressorMixin
from skorch import NeuralNet
from torch import Tensor, nn

from sklearn_crossmodal.data import Block
from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.training._batching import BatchIterator, BlockDataset
from sklearn_crossmodal.training._device import torch_dtype
from sklearn_crossmodal.training._optimizers import slow_groups

__all__ = ["Criterion", "Net", "NetClassifier", "NetRegressor"]

#: Samples in a batch of prediction: keeps the processor busy, and a batch of images is small.
PREDICT_BATCH_SIZE = 1024
#: Numbers of one modality in such a batch at most: large images come in smaller batches.
PREDICT_BATCH_NUMBERS = 2**24


class Criterion(nn.Module):
    """Average of the losses of all targets.

    Parameters
    ----------
    losses : dict of str to nn.Module
        For each target: (prediction, target, mask, weight) -> scalar.
    """

    def __init__(self, losses: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.losses = dict(losses)

    def forward(self, predictions: Mapping[str, Tensor], targets: Mapping[str, tuple]) -> Tensor:
        losses = [loss(predictions[name], *targets[name]) for name, loss in self.losses.items()]
        return losses[0] if len(losses) == 1 else torch.stack(losses).mean()


class Net(NeuralNet):
    """A skorch net over batches of a `BlockDataset`.

    Parameters
    ----------
    *args, **kwargs
        As `skorch.NeuralNet` takes them.
    precision : {"float64", "float32", "bfloat16"}
        What the network computes in.
    answer : callable, default=None
        From the scores of the target ``"y"``, a tensor (B, ...), to what `predict_proba` returns.
    """

    def __init__(
        self,
        *args,
        precision: str = "float32",
        answer: Callable[[Tensor], np.ndarray] | None = None,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.precision = precision
        self.answer = answer

    @property
    def _default_callbacks(self):
        return []  # skorch's own read the history of batches; `run_single_epoch` records epochs

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params) -> None:
        """Train or validate for an epoch; batches come from tensors, the mode is set once.

        Parameters
        ----------
        iterator : BatchIterator or None
            None skips the epoch.
        training : bool
            Whether gradients are taken.
        prefix : {"train", "valid"}
            Of the names in the history.
        step_fn : callable
            What skorch does with a batch.
        **fit_params : dict
            Handed on to `step_fn`.
        """
        if iterator is None:
            return
        start, total, weights = time.perf_counter(), 0.0, 0.0
        try:
            for inputs, targets, labels in iterator:
                batch = self._to_device(inputs), self._to_device(targets)
                # Callbacks see the target as the user gave it, so that scores are in its terms.
                shown = inputs, labels
                self.notify("on_batch_begin", batch=shown, training=training)
                step = step_fn(batch, **fit_params)
                loss, weight = step["loss"].item(), _batch_weight(inputs, targets)
                self.history.record_batch(f"{prefix}_loss", loss)
                self.history.record_batch(f"{prefix}_batch_size", _n_rows(inputs))
                self.notify("on_batch_end", batch=shown, training=training, **step)
                total, weights = total + loss * weight, weights + weight
        except KeyboardInterrupt:
            warnings.warn(
                f"Training was interrupted in epoch {len(self.history)}; the estimator is usable "
                "as far as it came.",
                InterruptedFitWarning,
                stacklevel=2,
            )
            raise
        self.history.record(f"{prefix}_loss", total / max(weights, 1e-300))
        self.history.record("dur", self.history[-1].get("dur", 0.0) + time.perf_counter() - start)
        if len(self.history) > 1:
            self.history[-2]["batches"] = []  # memory must not grow with the number of epochs

    def infer(self, x, **fit_params):
        """Run the network on the inputs of a batch, cast where the precision asks for it.

        Parameters
        ----------
        x : dict
            Inputs of the network.
        **fit_params : dict
            None are used: sample weights travel with the targets.

        Returns
        -------
        dict of str to Tensor
        """
        if self.precision != "bfloat16":
            return self.module_(**x)
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16):
            scores = self.module_(**x)
        return {name: values.to(torch_dtype(self.precision)) for name, values in scores.items()}

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the loss of a batch.

        Parameters
        ----------
        y_pred : dict of str to Tensor
            Scores of each target.
        y_true : dict of str to (values, mask, weight)
            The targets.
        X, training : object
            There for skorch; not needed here.

        Returns
        -------
        Tensor
            A scalar.
        """
        return self.criterion_(y_pred, y_true)

    def get_params_for_optimizer(self, prefix, named_parameters):
        """Return what the optimizer is built with.

        Weight decay spares biases and norms, and what is pretrained learns more slowly.

        Parameters
        ----------
        prefix : str
            ``"optimizer"``.
        named_parameters : iterable of (str, Tensor)
            The weights of the network.

        Returns
        -------
        args : tuple
            The groups of weights.
        kwargs : dict
            The optimizer's settings.
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

    def evaluation_step(self, batch, training=False):
        """Return the scores of a batch.

        Parameters
        ----------
        batch : tuple
            As a `BatchIterator` yields it.
        training : bool, default=False
            Whether dropout is on.

        Returns
        -------
        dict of str to Tensor
        """
        with torch.set_grad_enabled(training):
            self._set_training(training)
            return self.infer(self._to_device(batch[0]))

    def predict_proba(self, X):
        """Return the answers for a data set.

        Parameters
        ----------
        X : BlockDataset
            The samples.

        Returns
        -------
        ndarray with n rows
        """
        return np.concatenate(
            [self.answer(scores["y"].detach()) for scores in self.forward_iter(X)]
        )

    @torch.inference_mode()
    def decoded(self, latent: np.ndarray) -> Iterator[dict[str, Tensor]]:
        """Decode latents in large batches, without gradients.

        Parameters
        ----------
        latent : ndarray of shape (n, D')
            Shared latents.

        Yields
        ------
        dict of str to Tensor
            Scores of each target.
        """
        self._set_training(False)
        values = torch.from_numpy(np.ascontiguousarray(latent)).to(torch_dtype(self.precision))
        for batch in values.split(PREDICT_BATCH_SIZE):
            yield self.module_.decode(self._to_device(batch))

    def sample_losses(
        self, blocks: Mapping[str, Block], targets: Mapping[str, Block]
    ) -> np.ndarray:
        """Return the loss of each sample and target.

        Parameters
        ----------
        blocks, targets : mapping of str to Block
            The modalities, and what is to be decoded from them.

        Returns
        -------
        ndarray of shape (n, n_targets), float64
        """
        dataset = BlockDataset.from_blocks(blocks, torch_dtype(self.precision), targets)
        losses = []
        self._set_training(False)
        for inputs, aims, _ in BatchIterator(dataset, _predict_batch_size(dataset)):
            with torch.inference_mode():
                scores, aims = self.infer(self._to_device(inputs)), self._to_device(aims)
                parts = [
                    loss.per_sample(scores[name], *aims[name][:2])
                    for name, loss in self.criterion_.losses.items()
                ]
            losses.append(torch.stack(parts, dim=1).double().cpu().numpy())
        return np.concatenate(losses)

    def outputs(self, blocks: Mapping[str, Block], step: str = "forward") -> Iterator:
        """Run the network over blocks in large batches, without gradients.

        Parameters
        ----------
        blocks : mapping of str to Block
            The modalities.
        step : {"forward", "encode"}
            Which pass of the network.

        Yields
        ------
        Tensor, or dict of str to Tensor
            What the pass returns for a batch.
        """
        dataset = BlockDataset.from_blocks(blocks, torch_dtype(self.precision))
        run = self.infer if step == "forward" else lambda inputs: self.module_.encode(**inputs)
        self._set_training(False)
        for inputs, _, _ in BatchIterator(dataset, _predict_batch_size(dataset)):
            with torch.inference_mode():
                yield run(self._to_device(inputs))

    def _set_training(self, training: bool = True) -> None:
        if (
            self.module_.training != training
        ):  # walking all modules each batch costs more than a step
            super()._set_training(training)

    def _to_device(self, parts):
        if isinstance(parts, Tensor):
            return parts.to(self.device, non_blocking=True)
        if isinstance(parts, dict):
            return {name: self._to_device(part) for name, part in parts.items()}
        return tuple(map(self._to_device, parts)) if isinstance(parts, tuple) else parts


class NetClassifier(ClassifierMixin, Net):
    """The net of a classifier, which answers in class labels.

    Parameters
    ----------
    *args, **kwargs
        As `Net` takes them.
    classes : ndarray of shape (n_classes,), default=None
        The labels.
    """

    def __init__(self, *args, classes: np.ndarray | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.classes = classes

    @property
    def classes_(self) -> np.ndarray:
        """The labels."""
        return self.classes

    def predict(self, X):
        """Return the most probable label of each sample.

        Parameters
        ----------
        X : BlockDataset
            The samples.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class NetRegressor(RegressorMixin, Net):
    """The net of a regressor, which answers in the units of the target."""


def _predict_batch_size(dataset: BlockDataset) -> int:
    widest = max(math.prod(rows.shape[1:]) for rows in dataset.values.values())
    return max(1, min(PREDICT_BATCH_SIZE, PREDICT_BATCH_NUMBERS // max(widest, 1)))


def _n_rows(inputs) -> int:
    return len(next(iter(inputs["values"].values())))


def _batch_weight(inputs, targets) -> float:
    """Return the sum of sample weights, so that an epoch's loss does not depend on its batches."""
    weights = [weight.sum().item() for _, _, weight in targets.values() if weight is not None]
    return sum(weights) / len(weights) if weights else float(_n_rows(inputs))
