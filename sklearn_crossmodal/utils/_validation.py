"""Validation helpers of all layers: prefixes of errors and warnings, seeds, rollback."""

from __future__ import annotations

import re
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from sklearn.utils.validation import check_random_state

__all__ = [
    "draw_seed",
    "error_prefix",
    "forget_fitted",
    "plain",
    "restored_on_error",
    "warn",
    "warn_once",
]

#: The prefixes of all open `error_prefix` contexts, outermost first.
_PREFIXES: ContextVar[tuple[str, ...]] = ContextVar("prefixes", default=())
#: Keys of the warnings issued inside `warn_once`; None outside.
_WARNED: ContextVar[set | None] = ContextVar("warned", default=None)
_MODALITY = re.compile(r"modality '([^']*)'")


def draw_seed(random_state) -> int:
    """Draw a seed for torch from a `random_state` as scikit-learn accepts it.

    None takes entropy of the operating system, so that NumPy's global generator is unchanged.
    """
    if random_state is None:
        random_state = np.random.RandomState()
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def plain(value: object) -> object:
    """Convert NumPy scalars, also nested ones, to Python's, for messages.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal.utils._validation import plain
    >>> plain([np.int64(9), (np.float64(0.5), "a")])
    [9, (0.5, 'a')]
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(plain(one) for one in value)
    return value


@contextmanager
def restored_on_error(estimator):
    """Restore all attributes of `estimator` when the block raises, so that no fit is partial."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        # scikit-learn tears down its callbacks afterwards, and needs the attributes it has set.
        callbacks = {name: value for name, value in vars(estimator).items() if "callback" in name}
        vars(estimator).clear()
        vars(estimator).update({**callbacks, **before})
        raise


def forget_fitted(estimator) -> None:
    """Drop what an earlier fit has found, of which a new one may not find all."""
    for name in [name for name in vars(estimator) if name.endswith("_") and name[0] != "_"]:
        delattr(estimator, name)


class error_prefix:  # noqa: N801 - a context manager, as contextlib names them
    """Prefix messages of `ValueError`, `TypeError`, `ImportError` and `warn` inside the block.

    The type of an error is kept. A prefix is such as ``"FusionClassifier: modality 'photo'"``.
    """

    # A class, which is entered faster than a generator: several are for each predicted row.
    __slots__ = ("prefix", "token")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def __enter__(self) -> None:
        self.token = _PREFIXES.set((*_PREFIXES.get(), self.prefix))

    def __exit__(self, kind, error, traceback) -> None:
        _PREFIXES.reset(self.token)
        if not isinstance(error, ValueError | TypeError | ImportError):
            return
        if not (len(error.args) == 1 and isinstance(error.args[0], str)):
            # The arguments of such an error, as of UnicodeDecodeError, are no plain message.
            error.add_note(f"Raised for {self.prefix}.")
        elif not error.args[0].startswith(self.prefix):
            error.args = (f"{self.prefix}: {error.args[0]}",)
            if isinstance(error, ImportError):
                error.msg = error.args[0]  # which is what is shown


@contextmanager
def warn_once():
    """Issue each warning of `warn` once per modality in the block, however often it is read."""
    token = _WARNED.set(set()) if _WARNED.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _WARNED.reset(token)


def _is_repeated(location: tuple) -> bool:
    """Record a warning from a code location; return whether its modality had it before."""
    warned, names = _WARNED.get(), _MODALITY.findall(" ".join(_PREFIXES.get()))
    if warned is None or not names:
        return False
    key = *location, names[-1]
    repeated = key in warned
    warned.add(key)
    return repeated


def warn(message: str, category: type[Warning] = UserWarning, *, stacklevel: int = 2) -> None:
    """Warn with the prefixes of the open `error_prefix` contexts, as errors have them.

    `stacklevel` is as in `warnings.warn`, counted from the caller.
    """
    caller = sys._getframe(1)
    if _is_repeated((caller.f_code, caller.f_lineno)):
        return
    for prefix in reversed(_PREFIXES.get()):
        if not message.startswith(prefix):
            message = f"{prefix}: {message}"
    warnings.warn(message, category, stacklevel=stacklevel + 1)
