"""Which trainings can be vectorised: a key of their structure, known before any begins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from numbers import Number

from torch import nn

from sklearn_crossmodal.nn._layers import Dropout
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.training._adam import FusedAdam
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._fit_loop import Training
from sklearn_crossmodal.training._vectorized._tape import flat

__all__ = ["architecture", "stack_key"]

#: Modules of torch whose output for a sample depends on this sample and their attributes only.
_STACKS = (
    nn.Embedding,
    nn.Identity,
    nn.LayerNorm,
    nn.Linear,
    nn.ModuleDict,
    nn.ModuleList,
    nn.ParameterList,
    nn.ReLU,
    nn.Sequential,
)
_OF_ALL_MODULES = frozenset(vars(nn.Module()))


def architecture(network: nn.Module) -> tuple | None:
    """Describe all of a module but the values of its weights and the shares of its dropout.

    Equal for modules that compute the same on the same weights; None if it is not known how to
    compute several of the kind at once.
    """
    described: list[tuple] = []
    for path, module in network.named_modules():
        if type(module) not in _STACKS and not flag(module, "stacks"):
            return None
        own = {name: value for name, value in vars(module).items() if name not in _OF_ALL_MODULES}
        if isinstance(module, Dropout):
            del own["p"]
        described.append((path, type(module), _setting(own)))
    weights = [*network.named_parameters(), *network.named_buffers()]
    shapes = [(name, tuple(w.shape), w.dtype, w.requires_grad) for name, w in weights]
    return None if _UNKNOWN in flat(described) else (tuple(described), tuple(shapes))


_UNKNOWN = object()


def _setting(value):
    """Return a setting as something that can be compared, `_UNKNOWN` inside if it cannot."""
    if value is None or (callable(value) and hasattr(value, "__qualname__")):
        return value
    if isinstance(value, Number | str):
        return value
    if isinstance(value, Mapping):
        return tuple((key, _setting(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_setting, value))
    if isinstance(value, partial):
        return _setting((value.func, value.args, value.keywords))
    return _UNKNOWN


def stack_key(training: Training) -> tuple | str:
    """Describe what trainings must share to be done at once; a str says why one is done alone."""
    net, dataset = training.net, training.dataset
    network = architecture(net.module_)
    losses = [(name, architecture(loss)) for name, loss in net.criterion_.losses.items()]
    if network is None or None in dict(losses).values():
        return "the network has parts that are not known to work on stacked weights"
    if dataset.is_lazy:
        return "rows are read batch by batch"
    if net._is_watched():
        return "callbacks look at batches, or the optimizer searches along a line"
    if type(net.optimizer_) is not FusedAdam:
        return "the optimizer is not 'adamw' or 'adam', or net_params has settings for it"
    if net.criterion_.reweighs:
        return "its modalities are balanced as it trains"
    if net.precision == "bfloat16":
        return "it computes in bfloat16"
    if not _has_even_steps(net):
        return "its optimizer moved some weights more often than others"
    how = type(net), net.device, net.precision, net.batch_size
    losses.append(("auxiliary_weight", net.criterion_.auxiliary_weight))
    losses.append(("baselines", tuple(net.criterion_.baselines.items())))
    losses.append(("target_weights", tuple(net.criterion_.target_weights.items())))
    return network, tuple(losses), how, _form(dataset), net.iterator_train__modality_dropout > 0


def _has_even_steps(net) -> bool:
    """Return whether the optimizer moved all weights as often, or none."""
    state = net.optimizer_.state
    trained = [weight for weight in net.module_.parameters() if weight.requires_grad]
    steps = {float(one["step"]) for one in state.values()}
    return not state or (len(steps) == 1 and all(weight in state for weight in trained))


def _form(dataset: BlockDataset) -> tuple:
    """Describe the batches of a data set, but not how many there are."""
    return (
        tuple((name, tuple(values.shape[1:])) for name, values in dataset.values.items()),
        tuple(dataset.masks),
        dataset.present is None,
        tuple(
            (name, tuple(values.shape[1:]), mask is None, weight is None)
            for name, (values, mask, weight) in dataset.targets.items()
        ),
    )
