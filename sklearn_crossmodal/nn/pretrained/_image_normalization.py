"""Find the image normalisation of pretrained models of several libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from pathlib import Path

import numpy as np
from torch import nn

from sklearn_crossmodal.nn.pretrained._files import read_json

__all__ = ["find_normalization"]


def find_normalization(
    user: Mapping[str, object],
    weights: object = None,
    *,
    folder: Path | None = None,
    module: Callable[[], nn.Module] | None = None,
) -> dict | None:
    """Return mean, std and size of the images that a model was trained on, None if unknown.

    Values of the user come first; then those of weights of torchvision, of the processor in a
    folder of transformers, or of the configuration of a timm model, which `module` returns. Mean
    and std are each a float for all channels or a tuple of one a channel, or both None; the size is
    (height, width) or None.
    """
    found = dict.fromkeys(("mean", "std", "size"))
    if any(value is None for value in user.values()):
        found |= _of_weights(weights) or _of_folder(folder) or _of_module(module)
    found |= {name: value for name, value in user.items() if value is not None}
    if all(value is None for value in found.values()):
        return None
    if found["mean"] is not None or found["std"] is not None:
        found |= {"mean": _floats(found["mean"], 0.0), "std": _floats(found["std"], 1.0)}
    return {**found, "size": _pair(found["size"])}


def _of_weights(weights) -> dict:
    if not hasattr(weights, "transforms"):
        return {}
    transforms = weights.transforms()
    return {
        "mean": getattr(transforms, "mean", None),
        "std": getattr(transforms, "std", None),
        "size": getattr(transforms, "crop_size", None),
    }


def _of_folder(folder: Path | None) -> dict:
    settings = {} if folder is None else read_json(folder / "preprocessor_config.json")
    if not settings:
        return {}
    size = settings.get("crop_size" if settings.get("do_center_crop") else "size")
    if isinstance(size, Mapping):
        size = [size.get(name, size.get("shortest_edge")) for name in ("height", "width")]
    normal = settings.get("do_normalize", True)
    return {
        "mean": settings.get("image_mean") if normal else 0.0,
        "std": settings.get("image_std") if normal else 1.0,
        "size": size,
    }


def _of_module(module: Callable[[], nn.Module] | None) -> dict:
    if module is None:
        return {}
    model = module()
    model = getattr(model, "model", model)
    settings = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None) or {}
    if not isinstance(settings, Mapping):
        settings = vars(settings)
    input_size = settings.get("input_size")
    return {
        "mean": settings.get("mean"),
        "std": settings.get("std"),
        "size": None if input_size is None else input_size[-2:],
    }


def _floats(values, default: float) -> float | tuple[float, ...]:
    if values is None:
        return default
    return float(values) if np.ndim(values) == 0 else tuple(map(float, values))


def _pair(size) -> tuple[int, int] | None:
    if size is None:
        return None
    sizes = (size,) if isinstance(size, Real) else tuple(size)
    return int(sizes[0]), int(sizes[-1])
