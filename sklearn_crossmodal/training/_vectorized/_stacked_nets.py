"""Several networks of one architecture as one, with stacked weights and batches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor
from torch.func import stack_module_state

from sklearn_crossmodal.nn._layers import Dropout, dropout_mask
from sklearn_crossmodal.training._net import Net, _n_rows
from sklearn_crossmodal.training._vectorized._stacked_adam import StackedAdam
from sklearn_crossmodal.training._vectorized._stacked_modules import (
    StackedNetwork,
    dropout_shapes,
    leaves_of,
)
from sklearn_crossmodal.training._vectorized._tape import Tape, record

__all__ = ["Stack"]


class Stack:
    """The stacked weights of several nets; until `give_back` those of the nets are views of these.

    The nets are of one architecture, with a `FusedAdam` each.
    """

    def __init__(self, nets: Sequence[Net]) -> None:
        self.nets = list(nets)
        self._shares = _dropout_shares(self.nets)
        self._network = StackedNetwork(nets[0].module_, nets[0].criterion_, self._shares)
        self._parameters = [dict(net.module_.named_parameters()) for net in nets]
        for net in nets:  # stacked modules must be in the same mode
            net._set_training(True)
        weights, buffers = stack_module_state([net.module_ for net in nets])
        self._trained = {name: w.detach() for name, w in weights.items() if w.requires_grad}
        self._fixed = buffers | {name: w for name, w in weights.items() if not w.requires_grad}
        for name, stacked in self._trained.items():
            for own, row in zip(self._parameters, stacked, strict=True):
                own[name].data = row
        self._optimizer = StackedAdam(
            [net.optimizer_ for net in nets], self._parameters, self._trained
        )
        self._tapes: dict[tuple, Tape] = {}
        self._dropped: dict[int, list] = {}

    def give_back(self) -> None:
        """Let each net have its weights and moments for itself again."""
        for weights in self._parameters:
            for name in self._trained:
                weights[name].data = weights[name].data.clone()
        self._optimizer.give_back()

    def new_epoch(self) -> None:
        """Read the settings of the optimizers again, which callbacks change between epochs."""
        self._optimizer.new_epoch()

    def masks(self, inputs: dict, lanes: Sequence[tuple[slice, torch.Generator]]) -> list[Tensor]:
        """Draw the factors of dropout, (K, B, ...), those of each net as for it alone.

        Parameters
        ----------
        inputs : dict
            Arguments of the network for a batch, of a shape that all have.
        lanes : sequence of (slice, torch.Generator)
            Nets side by side that draw the same, and the generator.
        """
        n_rows = _n_rows(inputs)
        if n_rows not in self._dropped:
            self._dropped[n_rows] = dropout_shapes(self.nets[0].module_, inputs, self._shares)
        drawn: list[list[Tensor]] = [[] for _ in self._dropped[n_rows]]
        for nets, generator in lanes:  # lane by lane: within one, in the order of the calls
            for masks, (path, shape) in zip(drawn, self._dropped[n_rows], strict=True):
                masks.append(self._mask(path, shape, nets, generator))
        return [torch.cat(masks) for masks in drawn]

    def _mask(self, path, shape, nets, generator):
        """Return the masks of nets that draw the same, (K, *shape)."""
        shares = self._shares[path][nets]
        device, dtype = self.nets[0].device, next(iter(self._trained.values())).dtype
        if not any(shares):
            return torch.ones(len(shares), *shape, device=device, dtype=dtype)
        draws = torch.rand(shape, device=device, dtype=torch.float32, generator=generator)
        each = {share: dropout_mask(draws, share, dtype) for share in set(shares)}
        if len(each) == 1:
            return each[shares[0]].expand(len(shares), *shape)
        return torch.stack([each[share] for share in shares])

    def run(
        self,
        nets: slice,
        batch: tuple[dict, dict],
        masks: Sequence[Tensor] | None = None,
        still: Sequence[bool] = (),
    ) -> Tensor:
        """Return the losses (K,) of a batch of some nets; in training also move the weights.

        Parameters
        ----------
        nets : slice
            Whose batch it is.
        batch : (inputs, targets)
            Nested, of tensors (K, B, ...).
        masks : list of Tensor of shape (K, B, ...), default=None
            Factors of dropout; None for validation.
        still : sequence of bool
            Which of all nets are trained no more.
        """
        losses, *gradients = self._compute(nets, batch, list(leaves_of(batch)), masks)
        if masks is not None:
            self._optimizer.move(nets, gradients, still)
        return losses

    def _compute(self, nets, batch, leaves, masks):
        """Return the losses, and in training the gradient of each trained weight."""
        trained = [weight[nets] for weight in self._trained.values()]
        given = [*(weight[nets] for weight in self._fixed.values()), *leaves, *(masks or ())]
        key = nets.start, nets.stop, masks is not None, *(leaf.shape for leaf in leaves)
        if key in self._tapes:
            return self._tapes[key]([*trained, *given])
        trained = [weight.detach().requires_grad_(masks is not None) for weight in trained]
        run = partial(self._losses_and_gradients, batch, len(leaves), masks is not None)
        first, self._tapes[key] = record(run, [*trained, *given])
        return first

    def _losses_and_gradients(self, batch, n_leaves, training, tensors):
        names = [*self._trained, *self._fixed]
        weights = dict(zip(names, tensors, strict=False))
        leaves = tensors[len(names) : len(names) + n_leaves]
        masks = tensors[len(names) + n_leaves :] if training else None
        losses = self._network.losses(weights, batch, leaves, masks)
        if not training:
            return [losses]
        trained = tensors[: len(self._trained)]
        gradients = torch.autograd.grad(losses.sum(), trained, allow_unused=True)
        # The fused step assumes the memory layout of the weights.
        gradients = [None if one is None else one.contiguous() for one in gradients]
        return [losses.detach(), *gradients]


def _dropout_shares(nets: Sequence[Net]) -> dict[str, list[float]]:
    """Return the share that each net drops, for the paths where any drops something."""
    shares = {
        path: [net.module_.get_submodule(path).p for net in nets]
        for path, module in nets[0].module_.named_modules()
        if isinstance(module, Dropout)
    }
    return {path: some for path, some in shares.items() if any(some)}
