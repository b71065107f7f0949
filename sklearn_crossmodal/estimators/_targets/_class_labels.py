"""What the target of a classifier is: a column of labels, several of them, or an indicator."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.estimators._targets._label_validation import (
    check_n_columns,
    columns_of,
    combinations,
    label_weights,
    product_of_weights,
    typed,
)
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.utils._validation import plain

__all__ = ["ClassLabels", "LabelColumns", "LabelIndicator", "find_labels", "is_ordered"]


def is_ordered(loss: str) -> bool:
    """Tell whether a registered loss is for classes that have an order."""
    return flag(LOSSES[loss], "is_ordered")


def _class_scores(loss: str, scores):
    """Return one score a class, of which the softmax is the probability."""
    convert = flag(LOSSES[loss], "class_scores")
    return scores.double() if convert is None else convert(scores.double())


def find_labels(y, loss, classes=None, orders=(None,)):
    """Return what kind of target y is.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        As `check_label_columns` returns it.
    loss : str
        Name of a registered loss of classes.
    classes : array-like or list of array-like, default=None
        All classes; a list of arrays for several columns. None means those of y.
    orders : sequence of (list or None), default=(None,)
        Of each column the categories in their order, None where they have none that is known.

    Returns
    -------
    ClassLabels, LabelColumns or LabelIndicator
    """
    if y.ndim == 1:
        return ClassLabels(y if classes is None else classes, loss, orders[0])
    nested = classes is not None and len(classes) > 0 and np.ndim(classes[0]) == 1
    if nested or not (y.dtype.kind in "biuf" and np.isin(y, (0, 1)).all()):
        if not nested and classes is not None:
            raise ValueError(
                f"y has {y.shape[1]} columns of classes, so that classes must be a list of one "
                f"array a column; got {plain(classes)!r}."
            )
        return LabelColumns(y.T if classes is None else classes, loss, orders)
    if is_ordered(loss):
        raise ValueError(
            f"loss={loss!r} is for classes in an order, but y is an indicator of 0 and 1 in "
            f"{y.shape[1]} columns: take loss='cross_entropy'."
        )
    labels = LabelIndicator(y.shape[1])
    if classes is not None:
        labels.compare(classes)
    return labels


def rank_classes(classes, order):
    """Return the place of each class in an order.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.
    order : list or None
        All categories in their order; those that are no class are passed over. None is the order
        of `classes`.

    Returns
    -------
    ndarray of shape (n_classes,), int

    Raises
    ------
    ValueError
        If the order lacks a class.
    """
    if order is None:
        return np.arange(len(classes))
    places = {category: place for place, category in enumerate(order)}
    if missing := [one for one in classes.tolist() if one not in places]:
        raise ValueError(f"classes {missing} are none of the ordered categories {order}.")
    return np.argsort(np.argsort([places[one] for one in classes.tolist()]))


class ClassLabels:
    """One label a sample: a softmax, or a chain of questions, over the classes.

    The classes are sorted, as scikit-learn's scorers take for granted. Where they have another
    order, the chain of questions goes along that, and its probabilities are put back.

    Parameters
    ----------
    classes : array-like
        All classes, in any order and number.
    loss : str
        Name of a registered loss of classes.
    order : list, default=None
        All categories in their order, of which the classes are some; None is the sorted one.
    """

    def __init__(self, classes, loss, order=None):
        self.classes = np.unique(classes)
        self.loss = loss
        self.ranks = rank_classes(self.classes, order if is_ordered(loss) else None)
        if is_ordered(loss) and len(self.classes) < 2:
            raise ValueError(
                f"loss={loss!r} needs two classes or more, but y has one class, "
                f"{self.classes.tolist()}."
            )

    @property
    def spec(self):
        """What the head is built from."""
        return BlockSpec("codes", (1,), n_categories=(len(self.classes),))

    def compare(self, classes):
        """Raise if these are not the classes of the first call."""
        if not np.array_equal(np.unique(classes), self.classes):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} differ from those of the first call, "
                f"{self.classes.tolist()}."
            )

    def check(self, y):
        """Raise if y has other classes or columns than in the first call."""
        if y.ndim != 1:
            raise ValueError(f"y has {y.shape[1]} columns, that of the first call had one.")
        unseen = set(np.unique(y)) - set(self.classes)
        if unseen:
            raise ValueError(
                f"y has classes {plain(sorted(unseen))}, which are not among those of the first "
                f"call, {self.classes.tolist()}: name all in `classes`."
            )

    @property
    def in_order(self):
        """The classes in the order that they are learned in."""
        return self.classes[np.argsort(self.ranks)]

    def check_order(self, orders):
        """Raise if y has its classes in another order than in the first call."""
        if orders[0] is not None and (rank_classes(self.classes, orders[0]) != self.ranks).any():
            raise ValueError(
                f"the categories of y have the order {orders[0]}, those of the first call "
                f"{self.in_order.tolist()}."
            )

    def values(self, y):
        """Return the values of the target block, (n, 1): places in the order of the classes."""
        return self.ranks[np.searchsorted(self.classes, y)][:, np.newaxis]

    def strata(self, y):
        """Return the stratum of each sample, for a split."""
        return np.searchsorted(self.classes, y)

    def weights(self, class_weight, y, sample_weight):
        """Return the weight of each sample by its class."""
        if isinstance(class_weight, list):
            raise ValueError(
                f"class_weight={class_weight!r} is for a y of several columns: pass a dict."
            )
        return label_weights(class_weight, self.classes, y, sample_weight)

    def scores(self, scores):
        """Return one score a class, (B, K); of classes in an order the log-probability."""
        found = _class_scores(self.loss, scores)
        return found if not is_ordered(self.loss) else found[..., self.ranks]

    def probabilities(self, scores):
        """Return the probability of each class, (B, K)."""
        return self.scores(scores).softmax(dim=-1).cpu().numpy()

    def log_probabilities(self, scores):
        """Return the logarithm of the probability of each class, (B, K)."""
        return self.scores(scores).log_softmax(dim=-1).cpu().numpy()

    def decisions(self, scores):
        """Return the score of each class, of two the difference."""
        found = self.scores(scores).cpu().numpy()
        return found[:, 1] - found[:, 0] if len(self.classes) == 2 else found

    def decide(self, probabilities):
        """Return the most probable label of each sample."""
        return self.classes[probabilities.argmax(axis=1)]

    def arranged(self, decoded):
        """Return decoded (n, ...) in the form scikit-learn gives them."""
        return decoded


class LabelColumns:
    """Several labels a sample, each of classes of its own: a softmax for each.

    Parameters
    ----------
    classes : sequence of array-like
        All classes of each column.
    loss : str
        Name of a registered loss of classes.
    orders : sequence of (list or None), default=(None,)
        As of `find_labels`.
    """

    def __init__(self, classes, loss, orders=(None,)):
        self.classes = [np.unique(typed(np.asarray(column))) for column in classes]
        self.loss = loss
        known = len(orders) == len(self.classes) and is_ordered(loss)
        orders = orders if known else [None] * len(self.classes)
        self.ranks = [rank_classes(*pair) for pair in zip(self.classes, orders, strict=True)]
        self.counts = [len(one) for one in self.classes]
        if is_ordered(loss) and max(self.counts) < 2:
            raise ValueError(f"loss={loss!r} needs two classes or more in a column of y.")

    probabilities = ClassLabels.probabilities
    log_probabilities = ClassLabels.log_probabilities

    @property
    def spec(self):
        """What the head is built from."""
        return BlockSpec("codes", (len(self.counts),), n_categories=tuple(self.counts))

    def compare(self, classes):
        """Raise if these are not the classes of the first call."""
        same = len(classes) == len(self.classes) and all(
            np.array_equal(np.unique(typed(np.asarray(one))), own)
            for one, own in zip(classes, self.classes, strict=True)
        )
        if not same:
            found = [one.tolist() for one in self.classes]
            raise ValueError(
                f"classes={plain(classes)!r} differ from those of the first call, {found}."
            )

    def check(self, y):
        """Raise if y has other classes or columns than in the first call."""
        check_n_columns(y, len(self.classes))
        for place, (classes, column) in enumerate(zip(self.classes, columns_of(y), strict=True)):
            unseen = set(np.unique(column)) - set(classes)
            if unseen:
                raise ValueError(
                    f"column {place} of y has classes {plain(sorted(unseen))}, which are not among "
                    f"those of the first call, {classes.tolist()}: name all in `classes`, a list "
                    "of one array a column."
                )

    @property
    def in_order(self):
        """The classes of each column in the order that they are learned in."""
        pairs = zip(self.classes, self.ranks, strict=True)
        return [classes[np.argsort(ranks)] for classes, ranks in pairs]

    def check_order(self, orders):
        """Raise if a column of y has its classes in another order than in the first call."""
        for classes, ranks, order in zip(self.classes, self.ranks, orders, strict=True):
            if order is not None and (rank_classes(classes, order) != ranks).any():
                raise ValueError(
                    f"the categories of a column of y have the order {order}, those of the first "
                    f"call {classes[np.argsort(ranks)].tolist()}."
                )

    def values(self, y):
        """Return the place of each label in the order of the classes of its column, (n, C)."""
        parts = zip(self.classes, self.ranks, columns_of(y), strict=True)
        return np.column_stack([ranks[np.searchsorted(some, one)] for some, ranks, one in parts])

    def scores(self, scores):
        """Return one score a class, (B, C, K); of classes in an order the log-probability."""
        found = _class_scores(self.loss, scores)
        if not is_ordered(self.loss):
            return found
        places = np.tile(np.arange(found.shape[-1]), (len(self.ranks), 1))
        for row, ranks in zip(places, self.ranks, strict=True):
            row[: len(ranks)] = ranks
        return found.take_along_dim(torch.from_numpy(places).to(found.device)[None], dim=-1)

    def strata(self, y):
        """Return the stratum of each sample: its combination of labels, the rare ones together."""
        return combinations(self.values(y))

    def weights(self, class_weight, y, sample_weight):
        """Return the product of the weights of the labels of each sample."""
        return product_of_weights(class_weight, self.classes, y, sample_weight)

    def decisions(self, scores):
        """Return the score of each class, (B, C, K)."""
        return self.scores(scores).cpu().numpy()

    def decide(self, probabilities):
        """Return the most probable label of each sample and column, (n, C)."""
        places = probabilities.argmax(axis=-1)
        found = [one[place] for one, place in zip(self.classes, places.T, strict=True)]
        if len({column.dtype.kind in "US" for column in found}) > 1:
            found = [column.astype(object) for column in found]
        return np.column_stack(found)

    def arranged(self, decoded):
        """Return decoded (n, C, K) as a list of one array (n, K_c) a column."""
        return [decoded[:, place, :count] for place, count in enumerate(self.counts)]


class LabelIndicator:
    """Any number of labels a sample, as columns of 0 and 1: a sigmoid for each.

    Parameters
    ----------
    n_labels : int
        Number of columns.
    """

    loss = "binary_cross_entropy"

    def __init__(self, n_labels):
        self.classes = np.arange(n_labels)

    @property
    def spec(self):
        """What the head is built from."""
        return BlockSpec("vector", (len(self.classes),))

    def compare(self, classes):
        """Raise if these are not the places of the labels."""
        if not np.array_equal(np.unique(classes), self.classes):
            raise ValueError(
                f"y is an indicator of {len(self.classes)} labels, so that classes must be their "
                f"places, {self.classes.tolist()}, or None; got {plain(classes)!r}. If its "
                "columns hold classes, pass a list of one array a column."
            )

    def check(self, y):
        """Raise if y is another indicator than in the first call."""
        check_n_columns(y, len(self.classes))
        if y.dtype.kind not in "biuf" or not np.isin(y, (0, 1)).all():
            raise ValueError(
                "y has other values than 0 and 1, that of the first call was an indicator of "
                f"{len(self.classes)} labels: name all in `classes`, a list of one array a column."
            )

    def values(self, y):
        """Return the values of the target block, (n, L)."""
        return y.astype(np.float64)

    def strata(self, y):
        """Return the stratum of each sample: its combination of labels, the rare ones together."""
        return combinations(y)

    def weights(self, class_weight, y, sample_weight):
        """Return the product of the weights of the labels of each sample."""
        classes = [np.arange(2)] * len(self.classes)
        return product_of_weights(class_weight, classes, y, sample_weight)

    def probabilities(self, scores):
        """Return the probability of each label, (B, L)."""
        return scores.double().sigmoid().cpu().numpy()

    def log_probabilities(self, scores):
        """Return the logarithm of the probability of each label, (B, L)."""
        return functional.logsigmoid(scores.double()).cpu().numpy()

    def decisions(self, scores):
        """Return the logit of each label, (B, L)."""
        return scores.double().cpu().numpy()

    def decide(self, probabilities):
        """Return which labels are more probable than not, (n, L) of 0 and 1."""
        return (probabilities > 0.5).astype(int)

    def arranged(self, decoded):
        """Return decoded (n, L) as they are."""
        return decoded
