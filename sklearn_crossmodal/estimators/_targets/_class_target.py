"""A target that is labels: what y is found to be says what is learned and answered."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.data import Block, category_orders
from sklearn_crossmodal.estimators._fitting._warm_start import keep_loss
from sklearn_crossmodal.estimators._targets._class_labels import find_labels
from sklearn_crossmodal.estimators._targets._label_validation import check_label_columns
from sklearn_crossmodal.estimators._targets._row_labels import in_fitted_order
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["LabelTarget"]


class LabelTarget:
    """Mixin: y is read, weighed and answered by what `find_labels` finds it to be."""

    def _answered(self, X, what):
        scores = self._scores(X)  # first: it says so if the estimator is not fitted
        return np.concatenate([getattr(self._labels, what)(part) for part in scores])

    def _arranged(self, X, what):
        found = self._answered(X, what)
        return self._labels.arranged(found)

    def _check_y(self, X, y, *, reset):
        keep_loss(self, reset=reset)
        y = in_fitted_order(self, y, reset=reset)
        self._orders = self._orders_of(y)
        return check_label_columns(self, X, y)

    def _orders_of(self, y):
        """Return the order of the categories of each column of y; None where there is none."""
        if self.loss != "ordinal":
            return [None]
        given = getattr(self, "_class_order", None)  # by an estimator that this one is part of
        found = category_orders(y)
        if given is not None and found == [None]:
            return [given]
        classes = getattr(self, "_first_classes", None)
        return found if any(found) or classes is None else category_orders(classes)

    def _class_weights(self, y, sample_weight, *, reset):
        with error_prefix(type(self).__name__):
            self._find_labels(y if sample_weight is None else y[sample_weight > 0], reset)
            if self.class_weight is None:
                return sample_weight
            factors = self._labels.weights(self.class_weight, y, sample_weight)
        return factors if sample_weight is None else factors * sample_weight

    def _find_labels(self, y, reset):
        """Find the labels of the samples that count, or compare them with those of the first."""
        first = getattr(self, "_first_classes", None)
        if reset:
            self._labels = find_labels(y, self.loss, first, self._orders)
            self.classes_ = self._labels.classes
            if self.loss == "ordinal":
                self.class_order_ = self._labels.in_order
        elif first is not None:
            self._labels.compare(first)
        self._labels.check(y)
        if not reset and any(self._orders):
            self._labels.check_order(self._orders)

    def _fit_target(self, y, sample_weight):
        """Nothing to learn beyond the classes, which `_check_y` found."""

    def _target_blocks(self, y, blocks):
        values = self._labels.values(y)
        return {"y": Block(values, np.ones(len(y), dtype=bool), self._labels.spec)}

    def _target_spec(self):
        return self._labels.spec

    def _target_loss(self):
        return self._labels.loss

    def _strata(self, y):
        return self._labels.strata(y)

    def _answers(self, losses):
        labels = self._labels
        return {"answer": labels.probabilities, "classes": self.classes_, "decide": labels.decide}
