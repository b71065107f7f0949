"""A module's fingerprint: the same for the same weights, settings and code, in any process."""

from __future__ import annotations

import hashlib
import inspect
from itertools import chain

import torch
from torch import nn

__all__ = ["fingerprint"]

_SIMPLE = (bool, int, float, complex, str, bytes, type(None))
#: What says how a module is used or where it came from, not what it computes.
_ASIDE = {"training", "name_or_path"}


def fingerprint(module: nn.Module) -> str:
    """Return a text that differs where two modules differ in what they compute.

    It is made of all weights and buffers, of the settings that are plain values, and of the code of
    each `forward`; what other functions do that a user's `forward` calls is not looked at.

    Parameters
    ----------
    module : nn.Module
        Any module.

    Returns
    -------
    str

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_crossmodal.nn._fingerprint import fingerprint
    >>> fingerprint(nn.Dropout(0.1)) == fingerprint(nn.Dropout(0.1).eval())
    True
    >>> fingerprint(nn.Dropout(0.1)) == fingerprint(nn.Dropout(0.2))
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, part in module.named_modules():
        digest.update(f"{name} {type(part).__qualname__} {_settings(part)} ".encode())
        digest.update(repr(_code(type(part).forward)).encode())
    for name, tensor in chain(module.named_parameters(), module.named_buffers()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _settings(module: nn.Module) -> list:
    return sorted(
        (name, repr(value))
        for name, value in vars(module).items()
        if name not in _ASIDE and not name.startswith("_") and _is_simple(value)
    )


def _is_simple(value) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_simple, value))
    return isinstance(value, _SIMPLE)


def _code(forward) -> tuple:
    code = getattr(inspect.unwrap(forward), "__code__", None)
    if code is None:
        return ()
    return code.co_code, code.co_names, [one for one in code.co_consts if _is_simple(one)]
