"""Make the net from the parameters of an estimator, and train it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from skorch.callbacks import Callback, LRScheduler
from torch import nn

from sklearn_crossmodal.nn.networks._unimodal_heads import LABELS
from sklearn_crossmodal.nn.variational import VariationalNetwork
from sklearn_crossmodal.training._callbacks import BestEpochs, CosineDecay, EndOfTraining, EpochLine
from sklearn_crossmodal.training._config import TrainingConfig
from sklearn_crossmodal.training._data._batch_iterator import BatchIterator
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._device import seeded, suited_threads
from sklearn_crossmodal.training._net import Net
from sklearn_crossmodal.training._objectives._criterion import Criterion
from sklearn_crossmodal.training._objectives._elbo import EvidenceBound, WarmUp
from sklearn_crossmodal.training._objectives._gradient_blending import GradientBlending
from sklearn_crossmodal.training._optimizers import optimizer_settings
from sklearn_crossmodal.utils._interrupts import convert_interrupts

__all__ = [
    "Training",
    "choose_batch_size",
    "choose_max_epochs",
    "make_net",
    "started",
    "train",
]

#: Noise that ``input_noise="auto"`` adds to vectors, and their minimal width. In few numbers it
#: hides what a target depends on: R² of Friedman's first problem .93 without and .87 with it.
AUTO_NOISE, WIDE = 0.2, 32
#: Arguments of the net that belong to parameters of the estimator, or to its inner workings.
_OWNED = {
    "decode_scores",
    "decodes_all",
    "batch_size",
    "callbacks",
    "classes",
    "criterion",
    "decide",
    "device",
    "iterator_train__seed",
    "lr",
    "max_epochs",
    "module",
    "optimizer",
    "precision",
    "read",
    "train_split",
}


def choose_batch_size(batch_size: str | int, n_samples: int) -> int:
    """Return the batch size; ``"auto"`` makes 24 batches an epoch, of 16 to 256 samples."""
    if batch_size == "auto":
        batch_size = int(np.clip(n_samples // 24, 16, 256))
    return min(batch_size, n_samples)


def choose_max_epochs(
    max_epochs: str | int, *, n_samples: int, batch_size: int, held_out: bool
) -> int:
    """Return the number of epochs.

    ``"auto"`` is 200 where held-out rows decide when to stop; else as many as 800 steps of the
    optimizer need, from 40 to 200.
    """
    if max_epochs != "auto":
        return max_epochs
    n_batches = -(-n_samples // batch_size)
    return 200 if held_out else int(np.clip(-(-800 // n_batches), 40, 200))


def make_net(
    net_class: type[Net],
    network: nn.Module,
    losses: Mapping[str, nn.Module],
    config: TrainingConfig,
    *,
    n_samples: int,
    device: str,
    precision: str,
    before: Net | None = None,
    **net_settings,
) -> Net:
    """Return an initialised skorch net.

    Parameters
    ----------
    net_class : type
        `Net`, or the one for classifiers or regressors.
    network : nn.Module
        What is trained.
    losses : mapping of str to nn.Module
        For each target.
    config : TrainingConfig
        The parameters of the estimator that training reads.
    n_samples : int
        Rows of the training data, for the batch size.
    device, precision : str
        As `choose_device` and `choose_dtype` return them.
    before : Net, default=None
        A net whose history and optimizer state are continued, with the parameters given now.
    **net_settings
        What `net_class` needs to predict in the terms of the user.
    """
    further = config.net_params or {}
    blends = config.balance == "gradient_blending" and network.heads is not None
    # A callback may read or set what torch's optimizers have and ours has not.
    lean = not config.callbacks and not any(
        key.startswith(("optimizer", "callbacks")) for key in further
    )
    noise, least_width = config.input_noise, 1
    if noise == "auto":
        noise, least_width = AUTO_NOISE, WIDE
    settings = {
        "module": network,
        "criterion": _criterion(losses, network, config),
        "batch_size": choose_batch_size(config.batch_size, n_samples),
        "iterator_train": BatchIterator,
        "iterator_train__shuffle": True,
        "iterator_train__modality_dropout": config.modality_dropout,
        "iterator_train__noise": noise,
        "iterator_train__noise_from": least_width,
        "iterator_valid": BatchIterator,
        "train_split": None,
        "callbacks": [*_callbacks(config), *([GradientBlending()] if blends else [])],
        # Scoring callbacks see free-running predictions, not those of teacher forcing.
        **({"use_caching": False} if network.teacher_forced else {}),
        "device": device,
        "verbose": 0,
        "precision": precision,
        **optimizer_settings(
            config.optimizer, config.learning_rate, config.weight_decay, lean=lean
        ),
        **net_settings,
    }
    owned = sorted(_OWNED & set(further))
    if owned:
        raise ValueError(
            f"net_params names {owned}, which the estimator sets: use its own parameters, such as "
            "max_epochs, callbacks, learning_rate (skorch's lr), optimizer or validation "
            "(skorch's train_split)."
        )
    net = net_class(**{**settings, **further}).initialize()
    net.criterion_.reweighs = blends
    if before is not None:
        _carry_over(before, net)
    return net


@dataclass(frozen=True, eq=False)
class Training:
    """All that a training needs, so that it can run now, or beside others.

    Parameters
    ----------
    net : Net
        Initialised; its history is continued.
    dataset : BlockDataset
        All rows.
    max_epochs : int or "auto"
        Maximal number of epochs; see `choose_max_epochs`.
    split : (training rows, validation rows), or None
        None trains on all rows, without validation.
    seed : int
        Of the order of the samples and of dropout; that of a later training differs by what was
        trained before.
    epoch_tasks : callable, default=None
        From the number of epochs to a callback for this training alone.
    """

    net: Net
    dataset: BlockDataset
    max_epochs: str | int
    split: tuple[np.ndarray, np.ndarray] | None
    seed: int
    epoch_tasks: Callable[[int], Callback] | None = None


def train(training: Training) -> None:
    """Train a net for some more epochs."""
    with (
        convert_interrupts() as pressed,
        started(training) as net,
        seeded(net.iterator_train__seed + 1, net.device),  # not that of the initial weights
        suited_threads(batch_work(net.module_, training.dataset, net.batch_size)),
    ):
        net.partial_fit(training.dataset)
        if pressed:  # perhaps between two batches, where callbacks of skorch end a training too
            net.note_interrupt()


def batch_work(network: nn.Module, dataset: BlockDataset, batch_size: int) -> float:
    """Return the number of products of a batch; infinity if rows use a weight several times."""
    plain = all(len(values.shape) == 2 for values in dataset.values.values())
    if not plain or dataset.lengths is not None:
        return float("inf")
    return batch_size * sum(weight.numel() for weight in network.parameters())


@contextmanager
def started(training: Training) -> Iterator[Net]:
    """Set a net up for its training and yield it; raise at the end if the training diverged."""
    net, split = training.net, training.split
    net.max_epochs = choose_max_epochs(
        training.max_epochs,
        n_samples=len(training.dataset),
        batch_size=net.batch_size,
        held_out=split is not None,
    )
    net.iterator_train__seed = training.seed + len(net.history)
    if split is not None:
        net.train_split = _HeldOut(*split)
    callbacks = net.callbacks_
    if training.epoch_tasks is not None:  # so late that it sees what the others record
        tasks = ("EpochTasks", training.epoch_tasks(net.max_epochs))
        net.callbacks_ = [*callbacks[:-1], tasks, callbacks[-1]]
    yield net
    net.callbacks_, net.train_split = callbacks, None
    if not np.isfinite(net.history[-1].get("train_loss", 0.0)):
        raise ValueError(
            f"Training diverged: the loss of epoch {len(net.history)} is "
            f"{net.history[-1]['train_loss']}. Lower learning_rate, or scale the data."
        )


def _carry_over(before: Net, net: Net) -> None:
    """Take over history, callbacks as they are, and moments of an optimizer of the same class."""
    net.history_ = copy.deepcopy(before.history_)
    known = {id(callback) for _, callback in before.callbacks_}
    net.fresh_ = tuple(callback for callback in net.fresh_ if id(callback) not in known)
    moments = getattr(before, "optimizer_", None)  # a net that was pickled has none
    if type(moments) is not type(net.optimizer_) or before.device != net.device:
        return
    # By name, since the grouping of weights depends on whether there is weight decay.
    weights = dict(net.module_.named_parameters())
    for name, weight in before.module_.named_parameters():
        if weight in moments.state:
            net.optimizer_.state[weights[name]] = copy.deepcopy(moments.state[weight])


@dataclass(frozen=True)
class _HeldOut:
    """A `train_split` of skorch with fixed row numbers."""

    training: np.ndarray
    validation: np.ndarray

    def __call__(self, dataset: BlockDataset, y=None) -> tuple[BlockDataset, BlockDataset]:
        return dataset.take(self.training), dataset.take(self.validation)


def _criterion(
    losses: Mapping[str, nn.Module], network: nn.Module, config: TrainingConfig
) -> Criterion:
    """Return the criterion: the average loss, or the evidence bound of a variational network."""
    added = {LABELS: config.target_weight} if LABELS in losses else None
    if isinstance(network, VariationalNetwork):
        return EvidenceBound(losses, config.beta, added)
    return Criterion(losses, config.auxiliary_weight, added)


def _callbacks(config: TrainingConfig) -> list:
    own: list = [BestEpochs(config.n_iter_no_change, config.tol)]
    theirs = config.callbacks or []
    given = [entry[1] if isinstance(entry, tuple) else entry for entry in theirs]
    for callback in given:
        if hasattr(callback, "on_fit_task_begin"):
            raise TypeError(
                f"callbacks takes callbacks of skorch; {type(callback).__name__} is one of "
                "scikit-learn: give it to `set_callbacks`."
            )
        if not hasattr(callback, "on_train_begin"):
            raise TypeError(
                f"callbacks takes callbacks of skorch, or (name, callback); got {callback!r}."
            )
    # The user's own schedule would be overwritten at each epoch.
    scheduled = any(isinstance(callback, LRScheduler) for callback in given)
    if config.learning_rate_schedule == "cosine" and not scheduled:
        own.append(CosineDecay())
    lines = [EpochLine()] if config.verbose else []
    if config.variational is not None:
        own.append(WarmUp(config.n_warmup_epochs))
    return [*own, *theirs, *lines, EndOfTraining()]
