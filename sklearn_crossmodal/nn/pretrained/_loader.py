"""Load pretrained models once per process, in evaluation mode and with a fingerprint."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from torch import nn

from sklearn_crossmodal.nn._component import Factory
from sklearn_crossmodal.nn._rng import fixed_seed
from sklearn_crossmodal.nn.pretrained._adapters import adapt
from sklearn_crossmodal.nn.pretrained._files import folder_stamp, load_folder, load_weights
from sklearn_crossmodal.nn.pretrained._fingerprint import fingerprint, is_describable

__all__ = ["model_in_folder", "model_of", "named_model", "on_device"]


def model_in_folder(folder: Path) -> nn.Module:
    """Return the model in a folder, cached per process until its files change.

    It must not be modified. It has a `fingerprint` and is `describable` or not.
    """
    folder = folder.resolve()
    return _from_folder(folder, folder_stamp(folder))


def model_of(source: nn.Module | Callable[[], nn.Module], weights) -> nn.Module:
    """Return a model from a module, which is copied, or from a callable, with a fixed seed."""
    with fixed_seed():
        module = Factory(source).build()
        if weights is not None:
            load_weights(module, weights)
        return _prepared(module)


@lru_cache(maxsize=2)
def named_model(make: Callable[[], nn.Module]) -> nn.Module:
    """Return the model of a function in the registry, cached per process."""
    return model_of(make, None)


@lru_cache(maxsize=2)
def on_device(model: nn.Module, device: str) -> nn.Module:
    """Return a cached copy of a model on a device."""
    return copy.deepcopy(model).to(device)


def _prepared(module: nn.Module) -> nn.Module:
    """Return the adapted module in evaluation mode, with its fingerprint."""
    model = adapt(module).eval().requires_grad_(False)
    model.fingerprint, model.describable = fingerprint(model), is_describable(model)
    return model


@lru_cache(maxsize=2)
def _from_folder(folder: Path, stamp: tuple) -> nn.Module:
    with fixed_seed():
        return _prepared(load_folder(folder))
