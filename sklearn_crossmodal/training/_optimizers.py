"""Optimizers by name, and the settings skorch builds them with."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch import nn

from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.training._adam import FusedAdam

__all__ = ["OPTIMIZERS", "optimizer_settings", "slow_groups"]

#: Registered optimizers, and their settings.
OPTIMIZERS: dict[str, tuple[Callable, dict]] = {
    "adamw": (torch.optim.AdamW, {"fused": True}),
    "adam": (torch.optim.Adam, {"fused": True}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
}
#: Their replacements where no callback needs an optimizer of torch.
_LEAN: dict[str, tuple[Callable, dict]] = {
    "adamw": (FusedAdam, {"decoupled": True}),
    "adam": (FusedAdam, {"decoupled": False}),
}


def optimizer_settings(
    optimizer: str | Callable, learning_rate: float, weight_decay: float, *, lean: bool = False
) -> dict[str, object]:
    """Return the arguments of a skorch net that concern its optimizer: a name or a class.

    Weight decay is passed where the optimizer takes it. With `lean`, if no callback needs an
    optimizer of torch, a name may stand for `FusedAdam`, which gives the same numbers.
    """
    make, settings = optimizer, {}
    if isinstance(optimizer, str):
        named = OPTIMIZERS | _LEAN if lean else OPTIMIZERS
        make, settings = named[optimizer]
    if "weight_decay" in inspect.signature(make).parameters:
        settings = {**settings, "weight_decay": weight_decay}
    prefixed = {f"optimizer__{name}": value for name, value in settings.items()}
    return {"optimizer": make, "lr": learning_rate, **prefixed}


def slow_groups(groups: list[dict], network: nn.Module, learning_rate: float) -> list[dict]:
    """Give the weights of modules with a `learning_rate_factor` groups of their own."""
    factors = {
        weight: factor
        for module in network.modules()
        if (factor := flag(module, "learning_rate_factor")) is not None
        for weight in module.parameters()
    }
    found = []
    for group in groups:
        weights = list(group["params"])
        for factor in sorted({factors.get(weight, 1.0) for weight in weights}, reverse=True):
            members = [weight for weight in weights if factors.get(weight, 1.0) == factor]
            rate = {} if factor == 1.0 else {"lr": factor * group.get("lr", learning_rate)}
            found.append({**group, "params": members, **rate})
    return found
