"""Import optional dependencies when they are used, with an installation hint."""

from importlib import import_module

__all__ = ["import_optional"]


def import_optional(module: str, *, extra: str, purpose: str):
    """Import an optional dependency; the error names the extra that installs it.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra of this package that installs it.
    purpose : str
        What needs it: the subject of "... needs pandas" in the error.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    ImportError
        If the module is not installed; the message names the command that installs it.

    Examples
    --------
    >>> from sklearn_crossmodal.utils import import_optional
    >>> import_optional("not_there", extra="plots", purpose="Drawing")
    Traceback (most recent call last):
    ...
    ImportError: Drawing needs not_there: pip install "sklearn_crossmodal[plots]"
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f'{purpose} needs {module}: pip install "sklearn_crossmodal[{extra}]"'
        ) from error
