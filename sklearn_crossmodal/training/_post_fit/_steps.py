"""Steps of a fit before and after the trainings of its nets."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn_crossmodal.training._fit_loop import Training
from sklearn_crossmodal.training._objectives._constant_baselines import baselines
from sklearn_crossmodal.training._post_fit._gaussian_imputation import Relations
from sklearn_crossmodal.training._post_fit._late_fusion_weights import fit_blend, fit_prior

__all__ = ["ConstantBaselines", "GaussianImputation", "LateFusionWeights", "PostFit", "PriorLogits"]


class PostFit:
    """A step of a fit; a subclass overrides what it needs."""

    def before(self, trainings: Sequence[Training]) -> None:
        """Prepare nets that are yet to be trained."""

    def after(self, trainings: Sequence[Training]) -> None:
        """Fit what needs trained nets, and rows that they held out."""


class PriorLogits(PostFit):
    """The heads of single modalities start from the logits that fit best without any input."""

    def before(self, trainings):
        """Set the biases of the heads, if there are any."""
        if trainings[0].net.module_.heads is not None:
            fit_prior([training.net for training in trainings], trainings[0].dataset)


class LateFusionWeights(PostFit):
    """The weights with which heads of single modalities are averaged with the fused prediction."""

    def after(self, trainings):
        """Fit them on rows that were held out, if there are heads and such rows."""
        nets = [training.net for training in trainings]
        if nets[0].module_.heads is not None and trainings[0].split is not None:
            held_out = [training.dataset.take(training.split[1]) for training in trainings]
            fit_blend(nets, held_out, trainings[0].seed)


class ConstantBaselines(PostFit):
    """The losses of targets are divided by those of the best constant predictor."""

    def before(self, trainings):
        """Set the baselines of the criterion."""
        for training in trainings:
            training.net.criterion_.baselines = baselines(training.net, training.dataset)


class GaussianImputation(PostFit):
    """Linear predictions of modalities from each other by a Gaussian model, fitted on first use.

    With the relations `before` of an earlier call, rows are added to these.
    """

    def __init__(self, n_modalities: int, before: Relations | None = None) -> None:
        self.n_modalities = n_modalities
        self.relations = before
        self._adds_rows = before is not None

    def after(self, trainings):
        """Store the net and its rows."""
        (training,) = trainings
        if self._adds_rows:
            self.relations = self.relations.with_rows(training.net, training.dataset)
        elif self.n_modalities > 1:
            held_out = None if training.split is None else training.split[1]
            self.relations = Relations(training.net, training.dataset, held_out)
