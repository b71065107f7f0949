"""A joint Gaussian of features in units of their own, which goes on with later samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.estimators._cross_gaussian import CrossGaussian
from sklearn_crossmodal.estimators._cross_moments import CrossMoments

__all__ = ["ScaledGaussian"]


class ScaledGaussian:
    """A `CrossGaussian` of features that are standardised, each times a factor.

    Parameters
    ----------
    features : mapping of str to ndarray of shape (n, D_m)
        Of each modality; whatever stands where a sample lacks it is not looked at.
    present : ndarray of shape (n, M), bool
        Which modalities each sample has.
    weight : ndarray of shape (n,)
        Of the samples.
    factors : mapping of str to ndarray of shape (D_m,)
        Of the features: one with a small factor is shrunk more.
    """

    def __init__(self, features, present, weight, factors: Mapping[str, np.ndarray]) -> None:
        self.factors = dict(factors)
        self.scales = {
            name: _mean_and_scale(values[present[:, m]], weight[present[:, m]])
            for m, (name, values) in enumerate(features.items())
        }
        self.gaussian = CrossGaussian().fit(self._scaled(features, present), present, weight)

    def update(self, features, present, weight, most: float) -> None:
        """Take later samples into account, as if all had come at once.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As at first.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        weight : ndarray of shape (n,)
            Of the samples.
        most : float
            Sum of weights that is remembered.
        """
        scaled, gaussian = self._scaled(features, present), self.gaussian
        later = CrossMoments.of(scaled, present, weight)
        size = len(gaussian.covariance_)
        within = gaussian.covariance_ - gaussian.shrinkage * np.eye(size)
        before = CrossMoments.of_covariance(gaussian.places_, gaussian.counts_, within)
        both = before.joined(later, most)
        mean, scale = both.mean_and_scale()
        factors = np.concatenate([*self.factors.values()])
        gaussian.fit_moments(both.moved(mean, scale / factors))
        for name, place in gaussian.places_.items():
            center, unit = self.scales[name]
            factor = self.factors[name]
            center = center + mean[place] * unit / factor
            self.scales[name] = center, unit * scale[place] / factor

    def expected(self, features, present, wanted: Mapping[str, int], *, left_out=False):
        """Return what the modalities of each sample let one expect, in the units of the features.

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As at first.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.
        wanted : mapping of str to int
            Of which modalities, and how many of their first features.
        left_out : bool, default=False
            Whether those that a sample has are told too, each from the others.

        Returns
        -------
        dict of str to ndarray of shape (n, n_columns)
            NaN where there is nothing to tell from, or nothing to tell.
        """
        scaled = self._scaled(features, present)
        found = self.gaussian.expected(scaled, present, wanted, left_out=left_out)
        for name, values in found.items():
            n_columns = values.shape[1]
            mean, scale = (part[:n_columns] for part in self.scales[name])
            found[name] = values / self.factors[name][:n_columns] * scale + mean
        return found

    def contradictions(self, features, present) -> np.ndarray:
        """Return how far each modality lies from what the others let one expect, (n, M).

        Parameters
        ----------
        features : mapping of str to ndarray of shape (n, D_m)
            As at first.
        present : ndarray of shape (n, M), bool
            Which modalities each sample has.

        Returns
        -------
        ndarray of shape (n, M)
            See `CrossGaussian.contradictions`.
        """
        return self.gaussian.contradictions(self._scaled(features, present), present)

    def _scaled(self, features, present):
        found = {}
        for m, (name, values) in enumerate(features.items()):
            mean, scale = self.scales[name]
            found[name] = np.where(present[:, [m]], values - mean, 0.0) / scale * self.factors[name]
        return found


def _mean_and_scale(values, weight):
    """Return mean and standard deviation of each feature; one of those that do not vary."""
    if not weight.sum():
        return np.zeros(values.shape[1]), np.ones(values.shape[1])
    mean = np.average(values, axis=0, weights=weight)
    scale = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight))
    return mean, np.where(scale > 1e-9, scale, 1.0)
