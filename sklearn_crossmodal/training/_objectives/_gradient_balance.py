"""Remedies for modalities that are left behind because others are learned sooner."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sklearn_crossmodal.training._callbacks import EpochCallback
from sklearn_crossmodal.training._post_fit._late_fusion_weights import losses_of_heads

__all__ = ["BALANCES", "GradientBlending", "Modulation", "Pareto"]

#: How strongly an encoder that is ahead is held back, the α of OGM-GE.
MODULATION = 0.3
#: Epochs after which gradient blending weighs the tasks anew.
SUPER_EPOCH = 5
_TINY = 1e-12


class Modulation:
    """Steps in which encoders that are ahead move less, and with noise.

    How far modality u is shows in what its head gives the truth, ``s_u = sum_i exp(-loss_u(i))``,
    which for classes is the sum of the probabilities of the true ones. With r_u, s_u over the mean
    of the others', the step of its encoder is multiplied by ::

        k_u = 1 - tanh(alpha r_u)  where r_u > 1,  else 1

    and Gaussian noise of the spread of each gradient is added to it. That the step is scaled, not
    the gradient, is the same for plain gradient descent, and has an effect with Adam too.

    References
    ----------
    X. Peng, Y. Wei, A. Deng, D. Wang, D. Hu (2022). "Balanced multimodal learning via on-the-fly
    gradient modulation". arXiv:2203.15332
    """

    def __call__(self, net, inputs, targets) -> tuple[Tensor, dict]:
        """Do one step of the optimizer; return the loss and what the network said.

        Parameters
        ----------
        net : Net
            Whose network has heads.
        inputs, targets : dict
            A batch.

        Returns
        -------
        loss : Tensor
            A scalar.
        predictions : dict of str to Tensor
        """
        predictions = net.infer(inputs)
        loss = net.criterion_(predictions, targets)
        net.optimizer_.zero_grad()
        loss.backward()
        with torch.no_grad():
            shares = step_shares(net.criterion_.truth_by_head(predictions, targets)).tolist()
            encoders = [_trained(encoder) for encoder in net.module_.encoders.values()]
            _add_noise([weight for weights in encoders for weight in weights])
            ahead = [(k, weights) for k, weights in zip(shares, encoders, strict=True) if k < 1]
            before = [[weight.clone() for weight in weights] for _, weights in ahead]
        net.move(inputs, targets)
        with torch.no_grad():
            for (share, weights), old in zip(ahead, before, strict=True):
                for weight, was in zip(weights, old, strict=True):
                    weight.copy_(torch.lerp(was, weight, share))
        return loss, predictions


def _add_noise(weights: Sequence[nn.Parameter]) -> None:
    """Add noise of its own spread to the gradient of each matrix and kernel."""
    for weight in weights:
        if weight.grad is not None and weight.ndim > 1:
            weight.grad += torch.randn_like(weight.grad) * weight.grad.std(correction=0)


def step_shares(truth: Tensor) -> Tensor:
    """Return what the step of each encoder is multiplied by.

    Parameters
    ----------
    truth : Tensor of shape (M,)
        What each head gives the truth, in total.

    Returns
    -------
    Tensor of shape (M,)
    """
    there = truth > 0  # a batch may lack a modality, which is neither ahead nor behind
    others = (truth.sum() - truth) / (there.sum() - 1).clamp(min=1)
    ratios = truth / others.clamp(min=_TINY)
    ahead = there & (ratios > 1) & (there.sum() > 1)
    return torch.where(ahead, 1 - torch.tanh(MODULATION * ratios), 1.0)


class Pareto:
    """Steps in which no encoder is moved against its own head, nor against the fusion.

    For the encoder of modality u let g be the gradient of the fused loss and h that of the other
    part, `auxiliary_weight` times the mean loss of heads, of which its own alone depends on it.
    Where they agree, ``g . h >= 0``, it follows their sum; else ::

        2 a g + 2 (1 - a) h,    a = h . (h - g) / |h - g|^2, at least 0 and at most 1,

    the shortest vector between them, which leads down for both, lengthened to the length of their
    sum where it is shorter. All other weights follow the sum of the losses.

    References
    ----------
    Y. Wei, D. Hu (2024). "MMPareto: Boosting multimodal learning with innocent unimodal
    assistance". arXiv:2405.17730
    """

    def __call__(self, net, inputs, targets) -> tuple[Tensor, dict]:
        """Do one step of the optimizer; return the loss and what the network said.

        Parameters
        ----------
        net : Net
            Whose network has heads.
        inputs, targets : dict
            A batch.

        Returns
        -------
        loss : Tensor
            A scalar.
        predictions : dict of str to Tensor
        """
        predictions, criterion = net.infer(inputs), net.criterion_
        fused = criterion.fused(predictions, targets)
        alone = criterion.auxiliary_weight * criterion.by_head(predictions, targets).mean()
        weights = _trained(net.module_)
        of_fused = torch.autograd.grad(fused, weights, retain_graph=True, allow_unused=True)
        of_heads = torch.autograd.grad(alone, weights, allow_unused=True)
        both = {weight: pair for weight, *pair in zip(weights, of_fused, of_heads, strict=True)}
        for weight, (first, second) in both.items():
            weight.grad = _sum(first, second)
        for encoder in net.module_.encoders.values():
            shared = [w for w in _trained(encoder) if None not in both[w]]
            if not shared:
                continue
            found = without_conflict(*map(list, zip(*(both[w] for w in shared), strict=True)))
            for weight, gradient in zip(shared, found, strict=True):
                weight.grad = gradient
        net.move(inputs, targets)
        return fused + alone, predictions


def without_conflict(fused: Sequence[Tensor], alone: Sequence[Tensor]) -> list[Tensor]:
    """Return gradients that lead down for two losses.

    Parameters
    ----------
    fused, alone : sequence of Tensor
        Gradients of the two losses, weight by weight.

    Returns
    -------
    list of Tensor
        Of the shapes of these.
    """
    g, h = (torch.cat([part.flatten() for part in parts]) for parts in (fused, alone))
    if g @ h >= 0:
        return [a + b for a, b in zip(fused, alone, strict=True)]
    share = float(((h @ (h - g)) / (h - g).square().sum().clamp(min=_TINY)).clamp(0, 1))
    length = (g + h).norm() / (2 * share * g + 2 * (1 - share) * h).norm().clamp(min=_TINY)
    longer = 2 * float(length.clamp(min=1))
    return [longer * (share * a + (1 - share) * b) for a, b in zip(fused, alone, strict=True)]


class GradientBlending(EpochCallback):
    """Weigh the losses of the fusion and of the heads by how well what they learn carries over.

    Every `SUPER_EPOCH` epochs the loss of each task k on training and on held-out rows is compared
    with what it was. By how much the held-out loss fell is its generalisation G_k, by how much the
    gap between both grew is its overfitting O_k, and the task is weighed by ::

        w_k = (G_k / O_k ^ 2) / sum_j(G_j / O_j ^ 2)

    A task that does not generalise, ``G_k <= 0``, gets no weight; if none does, weights stay. They
    take the place of `auxiliary_weight`, which counts only where no rows are held out.

    References
    ----------
    W. Wang, D. Tran, M. Feiszli (2020). "What makes training multi-modal classification networks
    hard?". arXiv:1905.12681, its online variant, with the tasks of one network.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs) -> None:
        n_tasks = 1 + len(net.module_.encoders)
        self.before_ = None
        # Without held-out rows, as in `partial_fit`, nothing tells what carries over.
        blind = net.train_split is None
        net.criterion_.task_weights = None if blind else [1 / n_tasks] * n_tasks

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs) -> None:
        n_done = len(net.history)
        if dataset_valid is None or (n_done > 1 and n_done % SUPER_EPOCH):
            return
        sample = dataset_train.some(len(dataset_valid))
        now = [losses_of_heads(net, rows) for rows in (sample, dataset_valid)]
        if self.before_ is not None:
            weights = blended_weights(self.before_, now)
            net.criterion_.task_weights = weights or net.criterion_.task_weights
        self.before_ = now


def blended_weights(before: Sequence[Tensor], now: Sequence[Tensor]) -> list[float] | None:
    """Return the weights of tasks by their losses before and after some epochs.

    Parameters
    ----------
    before, now : (training, validation), Tensors of shape (n_tasks,)
        The losses.

    Returns
    -------
    list of float or None
        None if no task generalises.
    """
    generalisation = (before[1] - now[1]).clamp(min=0)
    overfitting = (now[1] - now[0]) - (before[1] - before[0])
    # Where nothing was overfitted, as much as is lost in the noise of the losses.
    least = 0.1 * before[1].abs().clamp(min=_TINY)
    weights = generalisation / torch.maximum(overfitting, least).square()
    return (weights / weights.sum()).tolist() if weights.sum() > 0 else None


def _trained(module: nn.Module) -> list[nn.Parameter]:
    return [weight for weight in module.parameters() if weight.requires_grad]


def _sum(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


#: What `balance` names: what does a step, or a callback; each needs heads.
BALANCES = {
    "gradient_blending": GradientBlending,
    "modulation": Modulation,
    "pareto": Pareto,
}
