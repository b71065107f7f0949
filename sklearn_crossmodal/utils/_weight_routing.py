"""Whether the models of an automatic fusion are passed sample weights, with metadata routing."""

from __future__ import annotations

from contextlib import suppress

from sklearn import get_config
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter

__all__ = ["request_weights", "takes_weights"]


def takes_weights(estimator, sample_weight) -> bool:
    """Tell whether weights are to be passed to the `fit` of an estimator.

    Parameters
    ----------
    estimator : BaseEstimator
        Not fitted.
    sample_weight : ndarray of shape (n,)
        The weights.

    Returns
    -------
    bool
        Without metadata routing: whether its `fit` has that argument. With it: not where
        ``set_fit_request(sample_weight=False)`` or an alias says otherwise; to an estimator that
        itself hands them on, such as `CalibratedClassifierCV`, if what is inside requests them.

    Raises
    ------
    UnsetMetadataPassedError
        With metadata routing, if what is inside says neither that it wants weights nor that it
        does not, as in all meta-estimators of scikit-learn.
    """
    has_argument = has_fit_parameter(estimator, "sample_weight")
    if not get_config()["enable_metadata_routing"]:
        return has_argument
    routing = get_routing_for_object(estimator)
    if isinstance(routing, MetadataRouter):
        try:
            process_routing(estimator, "fit", sample_weight=sample_weight)
        except TypeError:  # nothing inside requests them
            return False
        return True
    return has_argument and routing.fit.requests.get("sample_weight") in (True, None)


def request_weights(estimator):
    """Return an estimator that requests weights of those that hand them on, where that is asked.

    Parameters
    ----------
    estimator : BaseEstimator
        Changed in place.

    Returns
    -------
    BaseEstimator
        Itself.
    """
    with suppress(RuntimeError):  # without metadata routing there are no requests
        estimator.set_fit_request(sample_weight=True)
    return estimator
