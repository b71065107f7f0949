"""Losses of pairs: vectors of the same sample are similar in all modalities."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_crossmodal.nn.losses._functions import weighted_mean

__all__ = ["OBJECTIVES", "InfoNCE", "SharedHeadCrossEntropy", "SigLIP", "SupCon", "VICReg"]

#: Largest factor of a cosine, as in CLIP: above it training is unstable.
_LARGEST_SCALE = 100.0


class Objective(nn.Module):
    """(vectors, identities, mask, weight) -> scalar.

    `vectors` are (B, M, D), of any length. `identities` are (B, M + 1), int: in column m the number
    of the content of modality m, which duplicates share, -1 where it is absent; in the last the
    class, -1 where there is none.
    """

    #: Dropout of the latents, and `mixup`, that suit it. Recall at 10 of held-out training pairs of
    #: three pairs of views of handwritten digits, mean, half of it by the closed form (.724 alone):
    #: InfoNCE .702, with dropout .756, with both .763; VICReg .770, with dropout .733, mixed .753.
    #: With classes their mean average precision is .61, mixed .64; that of SupCon .81 both ways.
    dropout, mixup = 0.5, 1.0

    def __init__(self) -> None:
        super().__init__()


class PairLoss(Objective, ABC):
    """An objective that is the mean over pairs of modalities."""

    def forward(
        self,
        vectors: Tensor,
        identities: Tensor,
        mask: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> Tensor:
        """Return the mean over all pairs of modalities that some samples of the batch have."""
        found = [self.of_pair(*pair) for pair in _pairs(vectors, identities, weight)]
        return torch.stack(found).mean() if found else 0.0 * vectors.sum()

    @abstractmethod
    def of_pair(self, left: Tensor, right: Tensor, same: Tensor, weight: Tensor | None) -> Tensor:
        """Return the loss of two modalities (b, D), of which some rows hold the `same` (b, b)."""


class InfoNCE(PairLoss):
    """Cross-entropy of finding the own partner among those of the batch, in both directions [1]_.

    Partners of the same content are no negatives. The temperature is learned.

    References
    ----------
    .. [1] A. Radford et al. (2021). "Learning transferable visual models from natural language
       supervision". arXiv:2103.00020

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import InfoNCE
    >>> vectors = torch.eye(2).unsqueeze(1).expand(2, 2, 2)
    >>> identities = torch.tensor([[0, 0, -1], [1, 1, -1]])
    >>> loss = InfoNCE()(vectors, identities)
    >>> bool(loss < 1e-5)
    True
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def of_pair(self, left, right, same, weight):
        cosines = functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T
        logits = _scale(self) * cosines
        others = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
        logits = logits.masked_fill(others, -torch.inf)
        partner = torch.arange(len(logits), device=logits.device)
        losses = functional.cross_entropy(logits, partner, reduction="none")
        losses = losses + functional.cross_entropy(logits.T, partner, reduction="none")
        return weighted_mean(losses / 2, weight)


class SigLIP(PairLoss):
    """Binary cross-entropy of each pair of the batch: whether its parts belong together [1]_.

    Pairs of the same content are not counted among those that do not. Temperature and bias are
    learned.

    References
    ----------
    .. [1] X. Zhai, B. Mustafa, A. Kolesnikov, L. Beyer (2023). "Sigmoid loss for language image
       pre-training". arXiv:2303.15343

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import SigLIP
    >>> vectors = torch.eye(2).unsqueeze(1).expand(2, 2, 2)
    >>> identities = torch.tensor([[0, 0, -1], [1, 1, -1]])
    >>> SigLIP()(vectors, identities)
    tensor(0.6932, grad_fn=<MeanBackward0>)
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.bias = nn.Parameter(torch.tensor(-10.0))

    def of_pair(self, left, right, same, weight):
        cosines = functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T
        logits = _scale(self) * cosines + self.bias
        own = torch.eye(len(same), dtype=torch.bool, device=same.device)
        losses = -functional.logsigmoid(torch.where(own, logits, -logits))
        return weighted_mean(losses.masked_fill(same & ~own, 0.0).sum(dim=1), weight)


class SupCon(Objective):
    """Cross-entropy of finding a sample of the same class, in any modality [1]_.

    A sample without a class is its own. The temperature is learned.

    References
    ----------
    .. [1] P. Khosla et al. (2020). "Supervised contrastive learning". arXiv:2004.11362

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import SupCon
    >>> vectors = torch.eye(2).unsqueeze(1).expand(2, 2, 2)
    >>> bool(SupCon()(vectors, torch.tensor([[0, 0, 5], [1, 1, 7]])) < 1e-3)
    True
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.1)))

    def forward(self, vectors, identities, mask=None, weight=None):
        present = identities[:, :-1] >= 0
        rows = torch.arange(len(vectors), device=vectors.device)
        classes = torch.where(identities[:, -1] >= 0, identities[:, -1], -1 - rows)
        samples, _ = present.nonzero(as_tuple=True)
        stacked = functional.normalize(vectors[present], dim=1)
        itself = torch.eye(len(stacked), dtype=torch.bool, device=stacked.device)
        logits = (_scale(self) * stacked @ stacked.T).masked_fill(itself, -torch.inf)
        positive = (classes[samples, None] == classes[samples]) & ~itself
        count = positive.sum(dim=1)
        log_shares = logits.log_softmax(dim=1).masked_fill(~positive, 0.0)
        losses = -log_shares.sum(dim=1) / count.clamp(min=1)
        counted = (count > 0).to(losses.dtype)
        return weighted_mean(losses, counted if weight is None else counted * weight[samples])


class VICReg(PairLoss):
    """Squared distance of partners, with variances kept up and covariances down [1]_.

    Needs no negatives.

    References
    ----------
    .. [1] A. Bardes, J. Ponce, Y. LeCun (2022). "VICReg: Variance-invariance-covariance
       regularization for self-supervised learning". arXiv:2105.04906

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import VICReg
    >>> vectors = torch.tensor([[-1.0], [1.0]]).unsqueeze(1).expand(2, 2, 1)
    >>> float(VICReg()(vectors, torch.tensor([[0, 0, -1], [1, 1, -1]])))
    0.0
    """

    dropout, mixup = 0.0, 0.0
    #: Weights of distance and variance relative to that of the covariance, and what keeps the
    #: gradient of a standard deviation finite.
    _WEIGHT, _EPSILON = 25.0, 1e-4

    def of_pair(self, left, right, same, weight):
        distance = weighted_mean((left - right).square().mean(dim=1), weight)
        return self._WEIGHT * distance + self._spread(left, weight) + self._spread(right, weight)

    def _spread(self, vectors, weight):
        weight = vectors.new_ones(len(vectors)) if weight is None else weight
        share = (weight / weight.sum().clamp(min=1e-12)).unsqueeze(1)
        centered = vectors - (share * vectors).sum(dim=0)
        covariance = (share * centered).T @ centered
        lacking = functional.relu(1 - (covariance.diagonal() + self._EPSILON).sqrt()).mean()
        squares = covariance.square().sum() - covariance.diagonal().square().sum()
        return self._WEIGHT / 2 * lacking + squares / vectors.shape[1] / 2


class SharedHeadCrossEntropy(nn.Module):
    """Cross-entropy of the class by one linear head on the unit vectors of all modalities.

    Parameters
    ----------
    n_components : int
        Width of the vectors.
    n_classes : int
        Number of classes.

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.losses import SharedHeadCrossEntropy
    >>> loss = SharedHeadCrossEntropy(n_components=2, n_classes=3)
    >>> identities = torch.tensor([[0, 0, 2], [1, -1, 0]])
    >>> loss(torch.ones(2, 2, 2), identities).shape
    torch.Size([])
    """

    def __init__(self, n_components: int, n_classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(n_components, n_classes)
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))

    def forward(self, vectors, identities, mask=None, weight=None):
        counted = (identities[:, :-1] >= 0) & (identities[:, -1:] >= 0)
        samples, _ = counted.nonzero(as_tuple=True)
        scores = self.head(_scale(self) * functional.normalize(vectors[counted], dim=1))
        losses = functional.cross_entropy(scores, identities[samples, -1], reduction="none")
        if not len(losses):
            return 0.0 * vectors.sum()
        return weighted_mean(losses, None if weight is None else weight[samples])


#: Losses of `CrossModalAligner(objective=...)`.
OBJECTIVES = {"infonce": InfoNCE, "siglip": SigLIP, "supcon": SupCon, "vicreg": VICReg}


def _scale(loss: nn.Module) -> Tensor:
    """Return the factor of the cosines, the inverse of the temperature."""
    return loss.log_scale.clamp(max=math.log(_LARGEST_SCALE)).exp()


def _pairs(vectors: Tensor, identities: Tensor, weight: Tensor | None) -> Iterator[tuple]:
    """Yield vectors, equality and weights of two modalities, of the samples that have both."""
    for m, n in combinations(range(vectors.shape[1]), 2):
        left, right = identities[:, m], identities[:, n]
        rows = ((left >= 0) & (right >= 0)).nonzero().squeeze(1)
        if len(rows) > 1:
            left, right = left[rows], right[rows]
            same = (left[:, None] == left) | (right[:, None] == right)
            part = None if weight is None else weight[rows]
            yield vectors[rows, m], vectors[rows, n], same, part
