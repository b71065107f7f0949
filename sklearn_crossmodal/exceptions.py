"""Warnings and errors of the package, each a subclass of the built-in that people already catch."""

__all__ = ["InterruptedFitWarning", "ModalityError"]


class ModalityError(ValueError):
    """A modality got data that it cannot take, or a part of the network that does not fit it.

    It is a `ValueError`; its message names the estimator and the modality.

    Examples
    --------
    >>> from sklearn_crossmodal.exceptions import ModalityError
    >>> issubclass(ModalityError, ValueError)
    True
    """


class InterruptedFitWarning(UserWarning):
    """Training was ended by a keyboard interrupt; the estimator is usable as far as it came.

    Examples
    --------
    >>> from sklearn_crossmodal.exceptions import InterruptedFitWarning
    >>> issubclass(InterruptedFitWarning, UserWarning)
    True
    """
