"""Sample weights of the base models of an AutoFusion, with and without metadata routing."""

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
    """Return whether the `fit` of an estimator receives sample weights.

    Without metadata routing: whether its `fit` has that argument. With it: as requested by
    ``set_fit_request``; for a router such as `CalibratedClassifierCV`, whether its inner estimator
    requests them, which raises an error if that has no request set.
    """
    has_argument = has_fit_parameter(estimator, "sample_weight")
    if not get_config()["enable_metadata_routing"]:
        return has_argument
    routing = get_routing_for_object(estimator)
    if isinstance(routing, MetadataRouter):
        try:
            process_routing(estimator, "fit", sample_weight=sample_weight)
        except TypeError:  # no inner estimator requests them
            return False
        return True
    return has_argument and routing.fit.requests.get("sample_weight") in (True, None)


def request_weights(estimator):
    """Set the `fit` request for sample weights in place, where metadata routing is enabled."""
    with suppress(RuntimeError):  # raised where metadata routing is disabled
        estimator.set_fit_request(sample_weight=True)
    return estimator
