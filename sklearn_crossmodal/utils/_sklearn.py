"""Private names of scikit-learn that this package uses, imported in one place.

Checked against scikit-learn 1.9. When one of them moves, only this file changes.
"""

from sklearn.base import _clone_parametrized, _fit_context
from sklearn.utils._indexing import _safe_indexing
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
    _check_method_params,
    _check_n_features,
    _check_sample_weight,
    _num_samples,
)

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "_check_feature_names",
    "_check_feature_names_in",
    "_check_method_params",
    "_check_n_features",
    "_check_sample_weight",
    "_clone_parametrized",
    "_fit_context",
    "_get_output_config",
    "_num_samples",
    "_safe_indexing",
    "_safe_split",
    "is_pandas_na",
    "is_scalar_nan",
    "validate_parameter_constraints",
    "validate_params",
]
