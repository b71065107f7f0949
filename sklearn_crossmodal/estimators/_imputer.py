"""MultiModalImputer: X with what is absent filled in."""

from __future__ import annotations

from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.estimators._autoencoder import MultiModalAutoencoder
from sklearn_crossmodal.estimators._fitting._callback_context import begin_fit, end_fit
from sklearn_crossmodal.utils._cloning import clone_with_callbacks
from sklearn_crossmodal.utils._sklearn import HasMethods, _fit_context
from sklearn_crossmodal.utils._validation import restored_on_error

__all__ = ["MultiModalImputer"]


class MultiModalImputer(
    CallbackSupportMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator
):
    """Fill absent modalities, and missing numbers, by what an autoencoder makes of the rest.

    A step for pipelines, in the place of `SimpleImputer` or `IterativeImputer`, where whole groups
    of columns are absent, or where these are texts or images: X comes out in the form it came in.

    Parameters
    ----------
    estimator : MultiModalAutoencoder or None, default=None
        What imputes; it is cloned. None is ``MultiModalAutoencoder()``, with modalities that are
        inferred.
    random_state : int, RandomState instance or None, default=None
        That of the default estimator.

    Attributes
    ----------
    estimator_ : MultiModalAutoencoder
        The fitted one.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Their names, if they have any.

    Raises
    ------
    ModalityError
        In `transform`, if a modality is absent that cannot be decoded into the form it had in
        `fit`, such as a sound.

    See Also
    --------
    MultiModalAutoencoder : Its `impute` does the work, and the class has the references.
    sklearn.impute.IterativeImputer : For single numbers, which are missing here and there.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_crossmodal import MultiModalImputer
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=200)
    >>> X = pd.DataFrame({"size__cm": a, "weight__g": 5 * a})
    >>> X.loc[3, "weight__g"] = np.nan
    >>> filled = MultiModalImputer(random_state=0).fit_transform(X)
    >>> round(float(filled.loc[3, "weight__g"] / X.loc[3, "size__cm"]))
    5
    """

    #: Groups that a search is given are for its own folds, unless they are requested here.
    __metadata_request__fit = {"groups": False}

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "impute"]), None],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator=None, *, random_state=None):
        self.estimator = estimator
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, sample_weight=None, groups=None):
        """Train the autoencoder.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples. scikit-learn's searches and splits need ``MultiModalFrame(X)`` in place of
            a plain dict, whose rows they cannot count.
        y : array-like of shape (n_samples,), default=None
            Ignored, unless the estimator has a `target_weight`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples: where the estimator holds rows out, then whole groups. Another
            estimator passes them on after ``set_fit_request(groups=True)``.

        Returns
        -------
        MultiModalImputer
            Itself.
        """
        with restored_on_error(self):
            made = self.estimator
            if made is None:
                made = MultiModalAutoencoder(random_state=self.random_state)
            made, given = clone_with_callbacks(made), (X, y, sample_weight)
            (task,) = begin_fit(self, *given, n_parts=1).parts(["autoencoder"])
            with task.around(made):
                grouped = {} if groups is None else {"groups": groups}
                self.estimator_ = made.fit(X, y, sample_weight=sample_weight, **grouped)
            self.n_features_in_ = self.estimator_.n_features_in_
            if hasattr(self.estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.estimator_.feature_names_in_
            elif hasattr(self, "feature_names_in_"):
                del self.feature_names_in_
            end_fit(self, *given)
        return self

    def transform(self, X):
        """Return X with what is absent filled in; what is there stays as it is, to the bit.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, array-like} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        object of the type of X
            Of an array the columns are those of `fit` by position. Columns of a data frame keep
            their types.
        """
        check_is_fitted(self)
        return self.estimator_.impute(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        estimator = MultiModalAutoencoder() if self.estimator is None else self.estimator
        if hasattr(estimator, "__sklearn_tags__"):
            of_estimator = get_tags(estimator)
            tags.input_tags = of_estimator.input_tags
            tags.target_tags.required = of_estimator.target_tags.required
        return tags
