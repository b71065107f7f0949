"""Ordinal classification by a chain of conditional binary tasks (CORN)."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn
from torch.nn import functional

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.losses._components import Loss
from sklearn_crossmodal.nn.losses._functions import cross_entropy

__all__ = ["OrdinalLoss", "chain_log_probabilities", "ordinal_cross_entropy"]


def chain_log_probabilities(scores: Tensor) -> Tensor:
    """Return the logarithms of the probabilities of K classes from K - 1 scores.

    Score k is the logit of ``P(y > k | y > k - 1)``, so that ``P(y = k)`` is the product of these
    probabilities for all classes before k, times ``1 - P(y > k | y > k - 1)``.

    Parameters
    ----------
    scores : Tensor of shape (B, ..., K - 1)
        Logits.

    Returns
    -------
    Tensor of shape (B, ..., K)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import chain_log_probabilities
    >>> chain_log_probabilities(torch.zeros(1, 2)).exp()
    tensor([[0.5000, 0.2500, 0.2500]])
    """
    beyond = functional.logsigmoid(scores).cumsum(dim=-1)
    return functional.pad(beyond, (1, 0)) + functional.pad(functional.logsigmoid(-scores), (0, 1))


def ordinal_cross_entropy(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean cross-entropy of each sample under the chain of conditional binary tasks.

    It is the sum of the binary cross-entropies of the tasks up to the class of the sample.

    Parameters
    ----------
    prediction : Tensor of shape (B, K - 1) or (B, C, K - 1)
        Logits of ``P(y > k | y > k - 1)``.
    target : Tensor of shape (B, C), int
        Classes; C = 1 for a class label.
    mask : Tensor of shape (B, C), bool, default=None
        Which entries count; None means all.

    Returns
    -------
    Tensor of shape (B,)

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import ordinal_cross_entropy
    >>> ordinal_cross_entropy(torch.zeros(2, 2), torch.tensor([[0], [2]]))
    tensor([0.6931, 1.3863])
    """
    return cross_entropy(chain_log_probabilities(prediction), target, mask)


def chain_probabilities(scores: Tensor) -> Tensor:
    """Return the probabilities of K classes from K - 1 scores."""
    return chain_log_probabilities(scores).exp()


def _drop_one_category(spec: BlockSpec) -> BlockSpec:
    counts = tuple(count - 1 for count in spec.n_categories)
    return replace(spec, n_categories=counts, labelled=None)


class OrdinalLoss(Component):
    """Cross-entropy of ordinal classes, by conditional binary tasks (CORN).

    For K classes the decoder returns K - 1 logits; the k-th is that of ``P(y > k | y > k - 1)``,
    learned from the samples with ``y > k - 1``. The probabilities of the classes are chain products
    of these, and sum to one for any logits.

    Notes
    -----
    The loss is the mean over samples; [1]_ divides by the number of binary tasks, a factor that
    does not depend on the logits. So it is the cross-entropy of the classes. Their order is that of
    the codes; code 0 of `Categorical`, a missing cell, is before all levels.

    References
    ----------
    .. [1] X. Shi, W. Cao, S. Raschka (2021). "Deep neural networks for rank-consistent ordinal
       regression based on conditional probabilities". arXiv:2111.08851

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import OrdinalLoss
    >>> loss = OrdinalLoss().build()
    >>> loss(torch.zeros(1, 2), torch.tensor([[1]]))
    tensor(1.3863)
    >>> loss.link(torch.zeros(1, 2))
    tensor([[0.5000, 0.2500, 0.2500]])
    """

    kinds = frozenset({"codes"})
    class_scores = staticmethod(chain_log_probabilities)
    is_ordered = True

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(
            ordinal_cross_entropy,
            chain_probabilities,
            scored=_drop_one_category,
            nll=ordinal_cross_entropy,
        )
