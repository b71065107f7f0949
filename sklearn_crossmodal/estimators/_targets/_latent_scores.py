"""How usual a sample is to an autoencoder, and whether it is of one piece."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.estimators._fitting._input_validation import check_weight
from sklearn_crossmodal.nn.variational import VariationalNetwork
from sklearn_crossmodal.training import evidence_bounds

__all__ = ["LatentScores"]

#: Draws of the latent that an evidence bound is the mean over.
_N_DRAWS = 16


class LatentScores:
    """Mixin: scores of samples by their reconstruction, their bound, and their contradictions."""

    def inconsistency(self, X):
        """Return how far the modalities of each sample contradict each other.

        Each modality that is present is compared with what the others let one expect of it, of all
        that its encoder gives; the farthest counts. For a sample of one piece it is near zero, and
        its standard deviation one; a picture with another's text has a large one. What is unusual
        in itself, but the same in all modalities, is none: see `score_samples`.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Zero where there is but one modality.
        """
        blocks = self._blocks(X)
        if self._relations is None:
            return np.zeros(len(next(iter(blocks.values()))))
        found = self._relations.contradictions(self.net_, self._carried(blocks))
        most = np.where(np.isnan(found), -np.inf, found).max(axis=1)
        return np.where(np.isnan(found).all(axis=1), 0.0, most)

    def score_samples(self, X):
        """Return how well each sample is reconstructed; an outlier has a low score.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Minus the mean, over the modalities that are present, of the loss per entry, over that
            of a constant guess. If `variational`, a lower bound of the log-likelihood of what is
            present, in nats.
        """
        blocks = self._raw_blocks(X)
        inputs, targets = self._inputs(blocks), self._target_blocks(None, blocks)
        if isinstance(self.network_, VariationalNetwork):
            return evidence_bounds(self.net_, inputs, targets, _noise(self._n_features_out))
        losses = self.net_.sample_losses(inputs, targets)
        losses /= [self.net_.criterion_.baselines[name] for name in targets]
        present = np.column_stack([block.present for block in blocks.values()])
        return -(losses * present).sum(axis=1) / present.sum(axis=1)

    def score(self, X, y=None, sample_weight=None):
        """Return the mean of `score_samples` over the samples; higher is better.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : None
            Ignored; scikit-learn's tools pass it.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
        """
        losses = self.score_samples(X)
        return float(np.average(losses, weights=check_weight(self, sample_weight, losses)))


def _noise(n_components):
    """Return draws over which expectations are means: the same in each call.

    Each comes with its negative, and all have variance one: so means of squares are near too.
    """
    half = np.random.default_rng(0).normal(size=(_N_DRAWS // 2, n_components))
    half /= np.sqrt((half**2).mean(axis=0))
    return np.concatenate([half, -half])
