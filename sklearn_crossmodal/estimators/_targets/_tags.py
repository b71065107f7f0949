"""What scikit-learn's tags say of an estimator, as far as it depends on parameters."""

from __future__ import annotations

from sklearn_crossmodal.modalities import MODALITIES
from sklearn_crossmodal.nn import Component
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.losses import LOSSES

__all__ = ["needs_positive_target", "takes_sparse", "takes_strings"]


def takes_sparse(modalities) -> bool:
    """Tell whether X may be sparse: all modalities take it that are listed.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), or object
        The parameter; what is no list is inferred from X, and suits it.

    Returns
    -------
    bool
    """
    return all(one.takes_sparse for one in _listed(modalities))


def takes_strings(modalities) -> bool:
    """Tell whether X may hold strings: any modality takes them, or none is listed.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), or object
        The parameter.

    Returns
    -------
    bool
    """
    found = _listed(modalities)
    return not found or any(one.takes_strings for one in found)


def _listed(modalities) -> list:
    """Return the modalities that are listed, and are such; others are refused in `fit`."""
    if not isinstance(modalities, list):
        return []
    found = [entry[1] for entry in modalities if isinstance(entry, tuple) and len(entry) == 3]
    found = [MODALITIES.get(one) if isinstance(one, str) else one for one in found]
    return [one for one in found if hasattr(one, "takes_sparse")]


def needs_positive_target(loss) -> bool:
    """Tell whether a loss is defined for no negative number.

    Parameters
    ----------
    loss : str, Component, or object
        The parameter, which `fit` checks.

    Returns
    -------
    bool
        False of a loss of a user's own.
    """
    if isinstance(loss, str) and loss in LOSSES:
        loss = LOSSES[loss]()
    if not isinstance(loss, Component):
        return False
    try:
        span = flag(loss.build(), "span")
    except (TypeError, ValueError, AttributeError):  # it asks for a spec, or parameters are wrong
        return False
    return span is not None and span[0] >= 0
