"""Build encoders, fusions, decoders and losses from names, components or user-defined modules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._component import Factory, check_kind, n_arguments, resolve
from sklearn_crossmodal.nn._presence import presence_mask
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.decoders import DECODERS
from sklearn_crossmodal.nn.encoders import ENCODERS, Pretrained
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.nn.pretrained import PRETRAINED
from sklearn_crossmodal.utils.discovery import named_encoder

__all__ = ["build_decoder", "build_encoder", "build_fusion", "build_loss"]

#: Pretrained encoders, for the list of valid names; `named_encoder` makes them.
_NAMED = {name: partial(Pretrained, name) for name in PRETRAINED}


def build_encoder(part, spec: BlockSpec) -> nn.Module:
    """Build an encoder: (values, mask) -> (B, D), with `out_features`.

    Parameters
    ----------
    part : str, list, Component, or nn.Module class, factory or instance
        A class or factory is called with `spec`; a list stands for a `JoinedEncoder`.
    spec : BlockSpec
        Of the blocks to encode.

    Returns
    -------
    nn.Module

    Raises
    ------
    ModalityError
        If the name is unknown, or the encoder does not accept blocks of this kind.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn import build_encoder
    >>> build_encoder(lambda spec: nn.Linear(spec.size, 7), BlockSpec("vector", (3,))).out_features
    7
    """
    component = resolve(named_encoder(part), {**ENCODERS, **_NAMED}, "encoder")
    check_kind(component, spec.kind, ENCODERS, "encoder")
    module = component.build(spec)
    if not isinstance(component, Factory):
        return module
    dtype = None if spec.n_categories is None else torch.int64
    return _Adapted(module, torch.zeros(2, *spec.shape, dtype=dtype))


def build_fusion(part, widths: Sequence[int]) -> nn.Module:
    """Build a fusion: (latents, present) -> (B, D), with `out_features`.

    Parameters
    ----------
    part : str, Component, or nn.Module class, factory or instance
        A class or factory is called with `widths`. A user-defined module receives `present` as a
        tensor, if its `forward` takes it; None, if all are present, only if its class has
        ``present_may_be_none = True``, as registered fusions do.
    widths : sequence of int
        Width of each latent.

    Returns
    -------
    nn.Module

    Examples
    --------
    >>> from sklearn_crossmodal.nn import build_fusion
    >>> build_fusion("sum", [3, 4]).out_features
    64
    """
    component = resolve(part, FUSIONS, "fusion")
    module = component.build(widths)
    if type(component) in FUSIONS.values():
        return module
    return _UserFusion(module, [torch.zeros(2, width) for width in widths])


def build_decoder(part, width: int, spec: BlockSpec, loss: nn.Module | None = None) -> nn.Module:
    """Build a decoder: (B, D) -> scores of the target.

    Parameters
    ----------
    part : str, Component, or nn.Module class, factory or instance
        A class or factory is called with `width` and `spec`.
    width : int
        Width of the latent.
    spec : BlockSpec
        Of the target.
    loss : nn.Module, default=None
        A built loss, which may need another shape of scores than one for each number or category.

    Returns
    -------
    nn.Module

    Raises
    ------
    ModalityError
        If the name is unknown, or the decoder does not return blocks of this kind.

    Examples
    --------
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn import build_decoder
    >>> build_decoder("mlp", 4, BlockSpec("tokens", (5,), n_categories=100))
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: it yields 'tokens' blocks, which MLPDecoder ...
    """
    component = resolve(part, DECODERS, "decoder")
    check_kind(component, spec.kind, DECODERS, "decoder")
    scored = flag(loss, "scored")
    return component.build(width, spec if scored is None else scored(spec))


def build_loss(part, spec: BlockSpec) -> nn.Module:
    """Build a loss: (prediction, target, mask, weight) -> scalar.

    Parameters
    ----------
    part : str or Component
        The loss.
    spec : BlockSpec
        Of the target.

    Returns
    -------
    nn.Module
        With `per_sample` and `link`.

    Raises
    ------
    ModalityError
        If the name is unknown, or the loss is not defined for targets of this kind.

    Examples
    --------
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn import build_loss
    >>> build_loss("hinge", BlockSpec("vector", (2,)))
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: unknown loss 'hinge'; valid: ['absolute_error', ...
    """
    component = resolve(part, LOSSES, "loss")
    check_kind(component, spec.kind, LOSSES, "loss")
    return component.build()


class _Adapted(nn.Module):
    """A user-defined module, called with as many arguments as it takes; finds its output width."""

    stacks = True  # whether it can be stacked depends on the wrapped module

    def __init__(self, module: nn.Module, example) -> None:
        super().__init__()
        self.module = module
        self._n_arguments = min(2, n_arguments(module.forward))
        self.out_features = flag(module, "out_features")
        if self.out_features is None:
            module.eval()  # a dry run must not update running statistics
            with torch.no_grad():
                self.out_features = self(example, None).shape[-1]
            module.train()

    def forward(self, *arguments):
        return self.module(*arguments[: self._n_arguments])


class _UserFusion(_Adapted):
    """A user-defined fusion, which receives `present` also if all are present."""

    def forward(self, latents: Sequence[Tensor], present: Tensor | None = None) -> Tensor:
        if not flag(self.module, "present_may_be_none"):
            present = presence_mask(present, latents)
        return super().forward(latents, present)
