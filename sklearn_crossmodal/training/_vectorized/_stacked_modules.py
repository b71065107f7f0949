"""The layers of many networks of one architecture as one, over stacked weights."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from sklearn_crossmodal.nn._layers import Dropout

__all__ = ["StackedNetwork", "dropout_shapes", "leaves_of", "rebuilt"]


def dropout_shapes(
    network: nn.Module, inputs: Mapping, paths: Collection[str]
) -> list[tuple[str, tuple[int, ...]]]:
    """Return path and input shape of each call of the dropout modules in a pass, in order.

    The network is put into training mode.
    """
    calls: list[tuple[str, tuple[int, ...]]] = []
    hooks = [
        network.get_submodule(path).register_forward_pre_hook(
            lambda _, given, path=path: calls.append((path, tuple(given[0].shape)))
        )
        for path in paths
    ]
    network.train()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        network(**inputs)
    for hook in hooks:
        hook.remove()
    return calls


class StackedNetwork:
    """The losses of many networks, each on its own batch.

    Parameters
    ----------
    network : nn.Module
        One of them, for its forward pass; it is copied.
    criterion : nn.Module
        (predictions, targets) -> loss; the same for all.
    dropped : collection of str
        Paths of the `Dropout` modules that drop anything in any of the networks.
    """

    def __init__(self, network: nn.Module, criterion: nn.Module, dropped: Collection[str]) -> None:
        self.network = copy.deepcopy(network)
        self.criterion = criterion
        self._masks: list[Tensor] = []
        for path, module in list(self.network.named_modules()):
            if type(module) is nn.Linear:
                self.network.set_submodule(path, _StackedLinear(module))
            elif isinstance(module, Dropout):
                masked = _MaskedDropout(self._masks) if path in dropped else nn.Identity()
                self.network.set_submodule(path, masked)

    def losses(
        self,
        weights: dict[str, Tensor],
        batch: tuple[dict, dict],
        leaves: Sequence[Tensor],
        masks: Sequence[Tensor] | None,
    ) -> Tensor:
        """Return the losses of all networks, (K,).

        Parameters
        ----------
        weights : dict of str to Tensor of shape (K, ...)
            Stacked parameters and buffers.
        batch : (inputs, targets)
            Nested; only its structure matters.
        leaves : sequence of Tensor of shape (K, B, ...)
            The tensors of the batch.
        masks : sequence of Tensor of shape (K, B, ...), or None
            Factors of dropout, in the order of its calls; None in validation.
        """
        self.network.train(masks is not None)

        def loss(weights, leaves, masks):
            inputs, targets = rebuilt(batch, iter(leaves))
            self._masks[:] = masks
            return self.criterion(functional_call(self.network, weights, (), inputs), targets)

        return torch.vmap(loss)(weights, list(leaves), list(masks or ()))


def leaves_of(parts) -> Iterator[Tensor]:
    """Yield the tensors of nested dicts and tuples."""
    if isinstance(parts, Tensor):
        yield parts
    elif parts is not None:
        for part in parts.values() if isinstance(parts, dict) else parts:
            yield from leaves_of(part)


def rebuilt(parts, leaves: Iterator[Tensor]):
    """Put other tensors in the place of those in nested dicts and tuples."""
    if isinstance(parts, dict):
        return {name: rebuilt(part, leaves) for name, part in parts.items()}
    if isinstance(parts, tuple):
        return tuple(rebuilt(part, leaves) for part in parts)
    return None if parts is None else next(leaves)


class _StackedLinear(nn.Module):
    """A linear layer, whose products under `torch.vmap` are those of each network alone."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = linear.weight
        self.bias = linear.bias

    def forward(self, values: Tensor) -> Tensor:
        return _Affine.apply(values, self.weight, self.bias)


class _Affine(torch.autograd.Function):
    """`functional.linear` with a rule for stacks: one call, and the rounding of each net alone.

    By torch's own rule a search over 48 networks takes a tenth to a quarter longer.
    """

    @staticmethod
    def forward(values, weight, bias):
        return functional.linear(values, weight, bias)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def vmap(info, in_dims, values, weight, bias):
        if in_dims[0] is None:
            values = values.expand(info.batch_size, *values.shape)
        values = values.movedim(in_dims[0] or 0, 0)
        flat = values.reshape(info.batch_size, -1, values.shape[-1])
        found = _StackedAffine.apply(flat, weight, bias)
        return found.view(*values.shape[:-1], weight.shape[1]), 0


class _StackedAffine(torch.autograd.Function):
    """The same for a stack, (K, B, D) -> (K, B, D'), with gradients that lie as the weights do."""

    @staticmethod
    def forward(ctx, values, weight, bias):
        ctx.save_for_backward(values, weight)
        if bias is None:
            return torch.bmm(values, weight.mT)
        return torch.baddbmm(bias.unsqueeze(1), values, weight.mT)

    @staticmethod
    def backward(ctx, gradient):
        values, weight = ctx.saved_tensors
        of_values, of_weight, of_bias = ctx.needs_input_grad
        return (
            torch.bmm(gradient, weight) if of_values else None,
            torch.bmm(gradient.mT, values) if of_weight else None,
            gradient.sum(dim=1) if of_bias else None,
        )


class _MaskedDropout(nn.Module):
    """Dropout by a mask that was drawn before."""

    def __init__(self, masks: list[Tensor]) -> None:
        super().__init__()
        self._masks = masks

    def forward(self, values: Tensor) -> Tensor:
        return values * self._masks.pop(0) if self.training else values
