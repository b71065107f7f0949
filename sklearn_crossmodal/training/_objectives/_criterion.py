"""The objective: the losses of targets, and of the unimodal heads."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sklearn_crossmodal.nn.networks._unimodal_heads import HEADS, PRESENT

__all__ = ["Criterion", "as_often", "reweighted"]


class Criterion(nn.Module):
    """Average of the losses of all targets, and a share of those of the unimodal heads.

    Parameters
    ----------
    losses : dict of str to nn.Module
        For each target: (prediction, target, mask, weight) -> scalar.
    auxiliary_weight : float, default=0.0
        Weight of the mean loss of the heads. They are losses of the first target, each over the
        samples that have its modality.
    target_weights : mapping of str to float, default=None
        Weights of the losses of targets that are added, and do not count in the average.
    """

    def __init__(
        self,
        losses: Mapping[str, nn.Module],
        auxiliary_weight: float = 0.0,
        target_weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.losses = dict(losses)
        #: Losses with weights of their own, such as a temperature, where the optimizer finds them.
        self.trained = nn.ModuleList([one for one in losses.values() if _has_weights(one)])
        self.auxiliary_weight = auxiliary_weight
        self.target_weights = dict(target_weights or {})
        #: Divisors of the losses of targets, one by default.
        self.baselines: dict[str, float] = {}
        #: Weights of the fused loss and of each head's, in place of 1 and `auxiliary_weight`, and
        #: whether a callback sets them.
        self.task_weights: list[float] | None = None
        self.reweighs = False

    def forward(self, predictions: Mapping[str, Tensor], targets: Mapping[str, tuple]) -> Tensor:
        loss = self.fused(predictions, targets)
        if HEADS not in predictions or not self.auxiliary_weight:
            return loss
        alone = self.by_head(predictions, targets)
        if self.task_weights is None:
            return loss + self.auxiliary_weight * alone.mean()
        return (torch.cat([loss.view(1), alone]) * alone.new_tensor(self.task_weights)).sum()

    def fused(self, predictions: Mapping[str, Tensor], targets: Mapping[str, tuple]) -> Tensor:
        """Return the average of the losses of all targets, and what is added to it."""
        losses = [
            loss(predictions[name], *targets[name]) / self.baselines.get(name, 1.0)
            for name, loss in self.losses.items()
            if name not in self.target_weights
        ]
        loss = losses[0] if len(losses) == 1 else torch.stack(losses).mean()
        return loss + self.supervised(predictions, targets) if self.target_weights else loss

    def supervised(self, predictions: Mapping[str, Tensor], targets: Mapping[str, tuple]):
        """Return the weighted sum of the losses that are added to the average."""
        return sum(
            weight
            / self.baselines.get(name, 1.0)
            * self.losses[name](predictions[name], *as_often(targets[name], predictions[name]))
            for name, weight in self.target_weights.items()
        )

    def by_head(self, predictions: Mapping[str, Tensor], targets: Mapping[str, tuple]) -> Tensor:
        """Return the loss of each head, (M,), over the samples that have its modality."""
        (name, loss), *_ = self.losses.items()
        losses = []
        for m, scores in enumerate(predictions[HEADS].unbind(dim=1)):
            target = targets[name]
            if predictions[PRESENT] is not None:
                target = reweighted(target, predictions[PRESENT][:, m].to(scores.dtype))
            losses.append(loss(scores, *target))
        return torch.stack(losses)


def _has_weights(loss) -> bool:
    return isinstance(loss, nn.Module) and next(loss.parameters(), None) is not None


def reweighted(target: tuple, factor: Tensor) -> tuple:
    """Return a target whose sample weights are multiplied by a factor, (B,)."""
    values, mask, weight = target
    return values, mask, factor if weight is None else weight * factor


def as_often(target: tuple, scores: Tensor) -> tuple:
    """Return a target as many times as its rows were scored, from several draws."""
    n_draws = len(scores) // len(target[0])
    if n_draws == 1:
        return target
    return tuple(
        None if part is None else part.expand(n_draws, *part.shape).flatten(0, 1) for part in target
    )
