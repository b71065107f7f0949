"""Classes in an order, by a chain of questions: is it beyond the first, then the second."""

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

    Score k is the logit of ``P(y > k | y > k - 1)``, so that ``P(y = k)`` is the product of the
    answers yes to all questions before k, and no to that one.

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
    """Return the mean cross-entropy of each sample under the chain of conditional questions.

    That is the sum of the binary cross-entropies of all questions that the sample is asked: those
    up to its class.

    Parameters
    ----------
    prediction : Tensor of shape (B, K - 1) or (B, C, K - 1)
        Logits of going beyond each class, given that those before are passed.
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


def _one_less(spec: BlockSpec) -> BlockSpec:
    counts = tuple(count - 1 for count in spec.n_categories)
    return replace(spec, n_categories=counts, labelled=None)


class OrdinalLoss(Component):
    """Cross-entropy of classes in an order, by conditional binary tasks (CORN).

    Of K classes the decoder gives K - 1 logits: the k-th is that of going beyond class k, given
    that those before it are passed. Each is learned from the samples that come so far, and the
    probabilities of the classes are their chain product: their sum is one, whatever the logits.

    Notes
    -----
    The mean over samples, where [1]_ divides by the number of all questions that were asked: a
    factor that does not depend on the logits. So the loss is the cross-entropy of the classes. The
    order is that of the codes; code 0 of `Categorical`, a missing cell, stands before all levels.

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

    def build(self) -> nn.Module:
        """Return the module: (prediction, target, mask, weight) -> scalar."""
        return Loss(
            ordinal_cross_entropy,
            chain_probabilities,
            scored=_one_less,
            nll=ordinal_cross_entropy,
        )
