"""A target of classes: one column of labels, several, or an indicator."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.data import Block, category_orders
from sklearn_crossmodal.estimators._fitting._warm_start import check_same_loss, describe_loss
from sklearn_crossmodal.estimators._targets._base import Target
from sklearn_crossmodal.estimators._targets._class_labels import find_labels, is_ordered
from sklearn_crossmodal.estimators._targets._label_validation import check_label_columns
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["ClassTarget"]


class ClassTarget(Target):
    """y is encoded, weighed and decoded by what `find_labels` finds it to be.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    loss : str
        Name of a registered loss of classes.
    class_weight : dict, list of dict, "balanced" or None
        As scikit-learn has it.
    classes : array-like or list of array-like, default=None
        All classes, where the first call may lack some.
    order : list, default=None
        The categories of y in their order, where y itself does not say it.
    """

    _learned = (*Target._learned, "labels", "first_loss")

    def __init__(self, owner, *, loss, class_weight, classes=None, order=None) -> None:
        super().__init__(owner)
        self.loss_name = loss
        self.first_loss = describe_loss(owner, loss)
        self.class_weight = class_weight
        self.classes = classes
        self.order = order
        self.labels = None
        self._orders = [None]

    def resume(self, before):
        """Go on from the labels of another target, with the same loss."""
        super().resume(before)
        check_same_loss(self.owner, self.first_loss, self.loss_name)

    def validate(self, X, y):
        """Return labels as an array with the rows of X."""
        y = self.in_order(y)
        self._orders = self._find_orders(y)
        return check_label_columns(self.owner, X, y)

    def _find_orders(self, y) -> list:
        """Return the order of the categories of each column of y; None where there is none."""
        if not is_ordered(self.loss_name):
            return [None]
        found = category_orders(y)
        if self.order is not None and found == [None]:
            return [self.order]
        return found if any(found) or self.classes is None else category_orders(self.classes)

    def weights(self, y, sample_weight):
        """Return the sample weights times those of the classes, which are found first."""
        with error_prefix(self.owner):
            self._find_labels(y if sample_weight is None else y[sample_weight > 0])
            if self.class_weight is None:
                return sample_weight
            factors = self.labels.weights(self.class_weight, y, sample_weight)
        return factors if sample_weight is None else factors * sample_weight

    def _find_labels(self, y) -> None:
        """Find the labels of the samples that count, or compare them with those of the first."""
        if self.is_first:
            self.labels = find_labels(y, self.loss_name, self.classes, self._orders)
        elif self.classes is not None:
            self.labels.compare(self.classes)
        self.labels.check(y)
        if not self.is_first and any(self._orders):
            self.labels.check_order(self._orders)

    def blocks(self, y, inputs: Mapping[str, Block]):
        """Return the codes of the labels, or the indicator."""
        return {"y": Block(self.labels.values(y), np.ones(len(y), dtype=bool), self.labels.spec)}

    def strata(self, y):
        """Return the class of each row, or its combination of labels."""
        return self.labels.strata(y)

    @property
    def spec(self):
        """What the head is built from."""
        return self.labels.spec

    @property
    def loss(self):
        """The loss that the head is trained with."""
        return self.labels.loss

    def net_settings(self, losses):
        """Return classes, and what makes probabilities and labels of scores."""
        labels = self.labels
        return {
            "decode_scores": labels.probabilities,
            "classes": labels.classes,
            "decide": labels.decide,
        }

    def fitted_attributes(self):
        """Return the classes, and the order of ordered ones."""
        order = {"class_order_": self.labels.in_order} if is_ordered(self.loss_name) else {}
        return {"classes_": self.labels.classes, **order}

    def decode(self, scores, what: str) -> np.ndarray:
        """Return probabilities or decisions of batches of scores.

        Parameters
        ----------
        scores : iterable of Tensor of shape (B, ...)
            Scores of the head.
        what : {"probabilities", "log_probabilities", "decisions"}
            What is made of them.

        Returns
        -------
        ndarray of shape (n, ...)
        """
        return np.concatenate([getattr(self.labels, what)(part) for part in scores])
