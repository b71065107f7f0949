"""Small checks shared by all layers; nothing here knows what a modality is."""

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
    "plain",
    "restored_on_error",
    "warn",
    "warn_once",
]

#: The names of all `error_prefix` that are open, outermost first.
_PREFIXES: ContextVar[tuple[str, ...]] = ContextVar("speakers", default=())
#: What `warn` warned of inside `warn_once`; None outside.
_WARNED: ContextVar[set | None] = ContextVar("warned", default=None)
_MODALITY = re.compile(r"modality '([^']*)'")


def draw_seed(random_state) -> int:
    """Draw one seed for torch from anything that scikit-learn takes as `random_state`.

    None draws from the operating system: NumPy's global generator is left alone.
    """
    if random_state is None:
        random_state = np.random.RandomState()
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def plain(value: object) -> object:
    """Return a value as a message shows it: numbers of NumPy as those of Python, however deep.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    object

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
    """Put back all attributes of `estimator` when the block fails: nothing half-fitted is left."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        # scikit-learn tears its callbacks down after this, by the attributes it set meanwhile.
        callbacks = {name: value for name, value in vars(estimator).items() if "callback" in name}
        vars(estimator).clear()
        vars(estimator).update({**callbacks, **before})
        raise


class error_prefix:  # noqa: N801 - a context manager, as contextlib names them
    """Prefix the message of a value or type error with who says it, keeping the error's type.

    Parameters
    ----------
    speaker : str
        For example ``"FusionClassifier: modality 'photo'"``. What `warn` warns of is prefixed, too.
    """

    # No generator: one is entered several times for each row that is predicted alone.
    __slots__ = ("speaker", "token")

    def __init__(self, speaker: str) -> None:
        self.speaker = speaker

    def __enter__(self) -> None:
        self.token = _PREFIXES.set((*_PREFIXES.get(), self.speaker))

    def __exit__(self, kind, error, traceback) -> None:
        _PREFIXES.reset(self.token)
        if not isinstance(error, ValueError | TypeError):
            return
        if not (len(error.args) == 1 and isinstance(error.args[0], str)):
            # Not an error of a plain message, such as a UnicodeDecodeError: its parts stay whole.
            error.add_note(f"Raised for {self.speaker}.")
        elif not error.args[0].startswith(self.speaker):
            error.args = (f"{self.speaker}: {error.args[0]}",)


@contextmanager
def warn_once():
    """Let `warn` warn of a modality once a cause, however many networks read it in the block."""
    token = _WARNED.set(set()) if _WARNED.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _WARNED.reset(token)


def _is_known(cause: tuple) -> bool:
    """Tell whether there was a warning of a modality for this cause; remember that there is one."""
    warned, named = _WARNED.get(), _MODALITY.findall(" ".join(_PREFIXES.get()))
    if warned is None or not named:
        return False
    key = *cause, named[-1]
    known = key in warned
    warned.add(key)
    return known


def warn(message: str, category: type[Warning] = UserWarning, *, stacklevel: int = 2) -> None:
    """Warn, naming the estimator and modality as `error_prefix` names them in errors.

    Parameters
    ----------
    message : str
        What is wrong, and what to do.
    category : type of Warning, default=UserWarning
        Its class.
    stacklevel : int, default=2
        As in `warnings.warn`, counted from the caller.
    """
    caller = sys._getframe(1)
    if _is_known((caller.f_code, caller.f_lineno)):
        return
    for speaker in reversed(_PREFIXES.get()):
        if not message.startswith(speaker):
            message = f"{speaker}: {message}"
    warnings.warn(message, category, stacklevel=stacklevel + 1)
