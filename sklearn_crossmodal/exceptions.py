"""Warnings and errors of the package; each is a subclass of a built-in one."""

__all__ = ["InterruptedFitWarning", "ModalityError"]


class ModalityError(ValueError):
    """A modality received data that it does not accept, or an incompatible network component.

    It is a `ValueError`; its message names the estimator and the modality.

    Examples
    --------
    >>> from sklearn_crossmodal.exceptions import ModalityError
    >>> issubclass(ModalityError, ValueError)
    True
    """


class InterruptedFitWarning(UserWarning):
    """Training was stopped by a keyboard interrupt; the estimator is usable as trained so far.

    Examples
    --------
    >>> from sklearn_crossmodal.exceptions import InterruptedFitWarning
    >>> issubclass(InterruptedFitWarning, UserWarning)
    True
    """
