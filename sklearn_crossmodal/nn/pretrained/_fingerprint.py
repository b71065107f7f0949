"""Fingerprints of modules: hashes of weights, settings and code, equal in any process."""

from __future__ import annotations

import enum
import functools
import hashlib
import inspect
import os
import types
import weakref
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

__all__ = ["fingerprint", "is_describable"]

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), range, slice, enum.Enum)
_NAMES = (torch.dtype, torch.device, torch.layout, torch.memory_format, np.dtype, np.generic)
#: Settings of the origin of a module, which do not affect its output.
_IGNORED_SETTINGS = {"name_or_path", "_name_or_path"}
#: Attributes of `nn.Module`: weights and submodules, which are described separately.
_MODULE_ATTRIBUTES = set(vars(nn.Module()))
#: Modules of these libraries hold tokenizers, caches and model cards beside settings.
_LIBRARIES = {"transformers", "sentence_transformers"}
#: Maximum nesting of objects; deeper ones are not described.
_DEPTH = 30


def fingerprint(module: nn.Module) -> str:
    """Return a hash that differs if the outputs of two modules may differ.

    It covers all weights and buffers, the settings, and the code of each `forward`; functions that
    a user-defined `forward` calls are not covered.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_crossmodal.nn.pretrained._fingerprint import fingerprint
    >>> fingerprint(nn.Dropout(0.1)) == fingerprint(nn.Dropout(0.1).eval())
    True
    >>> fingerprint(nn.Dropout(0.1)) == fingerprint(nn.Dropout(0.2))
    False
    """
    return _digest(_Description()(module).encode())


def is_describable(module: nn.Module) -> bool:
    """Return whether the fingerprint covers all settings of a module."""
    describe = _Description()
    describe(module)
    return describe.complete


class _Description:
    """Descriptions of values as text, equal in any process for equivalent values."""

    def __init__(self) -> None:
        self.complete = True
        self.open: list[int] = []  # values being described, to detect cycles

    def __call__(self, value) -> str:
        if id(value) in self.open:
            return f"(again {len(self.open) - self.open.index(id(value))})"
        if len(self.open) > _DEPTH:
            return self._unknown(value)
        self.open.append(id(value))
        try:
            return f"{type(value).__qualname__}({self._content(value)})"
        finally:
            self.open.pop()

    def _content(self, value) -> str:
        for kinds, describe in self._rules():
            if isinstance(value, kinds):
                return describe(value)
        return self._object(value)

    def _rules(self) -> Iterator[tuple]:
        yield (*_PLAIN, *_NAMES), repr
        yield os.PathLike, os.fspath
        yield (tuple, list), self._all
        yield (set, frozenset), lambda values: ", ".join(sorted(map(self, values)))
        yield Mapping, lambda values: self._all(part for pair in values.items() for part in pair)
        yield (torch.Tensor, np.ndarray), self._array
        yield nn.Module, self._module
        yield types.CodeType, self._code
        yield types.FunctionType, self._function
        yield types.MethodType, lambda bound: self._all((bound.__func__, bound.__self__))
        yield types.BuiltinFunctionType, self._builtin
        yield functools.partial, lambda part: self._all((part.func, part.args, part.keywords))
        yield type, lambda named: f"{named.__module__}.{named.__qualname__}"
        yield (types.ModuleType, np.ufunc), lambda named: named.__name__
        yield weakref.ReferenceType, lambda reference: self(reference())
        yield RemovableHandle, lambda handle: ""  # the hook is described in its module

    def _all(self, values) -> str:
        return ", ".join(map(self, values))

    def _array(self, values) -> str:
        if isinstance(values, torch.Tensor):
            values = values.detach().cpu().contiguous()
            kind, shape = values.dtype, tuple(values.shape)
            return f"{kind} {shape} {_digest(values.reshape(-1).view(torch.uint8).numpy().data)}"
        if values.dtype.hasobject:
            return f"{values.shape} {self._all(values.reshape(-1).tolist())}"
        values = np.ascontiguousarray(values)
        return f"{values.dtype} {values.shape} {_digest(values.tobytes())}"

    def _module(self, module: nn.Module) -> str:
        texts = [self._settings(module), self(inspect.unwrap(type(module).forward))]
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            texts.append(self._all(hooks.values()))
        for held in (module._parameters, module._buffers, module._modules):
            texts += [f"{name}: {self(value)}" for name, value in held.items()]
        return ", ".join(texts)

    def _settings(self, module: nn.Module) -> str:
        settings = {key: one for key, one in vars(module).items() if key not in _MODULE_ATTRIBUTES}
        if type(module).__module__.partition(".")[0] in _LIBRARIES:
            settings = {
                key: one
                for key, one in settings.items()
                if not key.startswith("_") and not _is_plain_object(one)
            }
        return self._sorted(settings)

    def _sorted(self, settings: Mapping) -> str:
        names = sorted(set(settings) - _IGNORED_SETTINGS)
        return ", ".join(f"{name}={self(settings[name])}" for name in names)

    def _function(self, function: types.FunctionType) -> str:
        cells = [_inside(cell) for cell in function.__closure__ or ()]
        defaults = (function.__defaults__, function.__kwdefaults__)
        return self._all((function.__code__, *defaults, cells))

    def _code(self, code: types.CodeType) -> str:
        return self._all((code.co_code, code.co_names, code.co_consts))

    def _builtin(self, function: types.BuiltinFunctionType) -> str:
        return f"{function.__module__}.{function.__qualname__} {self(function.__self__)}"

    def _object(self, value) -> str:
        """Describe an object by its attributes, unless it has a custom `__reduce__`."""
        plain = type(value).__reduce_ex__ is object.__reduce_ex__
        if plain and type(value).__reduce__ is object.__reduce__ and hasattr(value, "__dict__"):
            return self._sorted(vars(value))
        return self._unknown(value)

    def _unknown(self, value) -> str:
        self.complete = False
        return f"unknown {type(value).__qualname__}"


def _digest(data) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _is_plain_object(value) -> bool:
    """Return whether a value is an object with attributes, and not a function or class."""
    named = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)
    return hasattr(value, "__dict__") and not isinstance(value, named)


def _inside(cell):
    try:
        return cell.cell_contents
    except ValueError:  # an empty cell
        return None
