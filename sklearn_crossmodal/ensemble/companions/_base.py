"""Companion: what automatic fusions fit beside their networks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sklearn.base import BaseEstimator

__all__ = ["Companion", "CompanionSpec"]


@dataclass(frozen=True)
class CompanionSpec:
    """What is known of a fit before a companion is built for it.

    Parameters
    ----------
    n_rows : int
        Rows of `fit` whose weight is not zero.
    n_outputs : int
        Numbers that are predicted for each row; 1 for classes.
    random_state : int
        Seed of the companion.

    Examples
    --------
    >>> from sklearn_crossmodal.ensemble.companions import CompanionSpec
    >>> CompanionSpec(n_rows=100, n_outputs=1, random_state=0)
    CompanionSpec(n_rows=100, n_outputs=1, random_state=0)
    """

    n_rows: int
    n_outputs: int
    random_state: int


class Companion:
    """A model of another kind that automatic fusions fit beside their networks.

    A subclass has `classifier`, `regressor` or both; ``companions="auto"`` leaves it out of a task
    for which it returns None. Its estimators take `sample_weight` and a dense table of float64;
    where `n_components` is None, they take a CSR array too.

    Attributes
    ----------
    n_components : int or None
        To how many components each text, series, image and pretrained vector is reduced; None
        gives TF-IDF and all numbers.
    is_grouped : bool
        Whether it is fitted on each modality alone, and on all but one, too: for quick ones.
    is_default : bool
        Whether ``companions="auto"`` includes it.
    min_rows, max_rows : int
        Fewest and most rows for which ``companions="auto"`` includes it.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_crossmodal.ensemble.companions import Companion, CompanionSpec
    >>> class NaiveBayesCompanion(Companion):
    ...     def classifier(self, spec):
    ...         return GaussianNB()
    >>> spec = CompanionSpec(n_rows=100, n_outputs=1, random_state=0)
    >>> NaiveBayesCompanion().classifier(spec), NaiveBayesCompanion().regressor(spec)
    (GaussianNB(), None)
    """

    n_components: int | None = 30
    is_grouped: bool = False
    is_default: bool = True
    min_rows: float = 0
    max_rows: float = math.inf

    def classifier(self, spec: CompanionSpec) -> BaseEstimator | None:
        """Return an unfitted classifier with `predict_proba`, or None.

        Parameters
        ----------
        spec : CompanionSpec
            What is known of the fit.

        Returns
        -------
        BaseEstimator or None
        """
        return None

    def regressor(self, spec: CompanionSpec) -> BaseEstimator | None:
        """Return an unfitted regressor, for several outputs if `spec` has several, or None.

        Parameters
        ----------
        spec : CompanionSpec
            What is known of the fit.

        Returns
        -------
        BaseEstimator or None
        """
        return None
