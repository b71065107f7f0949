"""Late fusion: the weights of the fused scores and of the heads, and prior logits of the heads."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sklearn_crossmodal.nn._presence import presence_mask, where_present
from sklearn_crossmodal.nn.networks._unimodal_heads import HEADS, PRESENT, ModalityHeads
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._net import Net
from sklearn_crossmodal.training._objectives._best_constant import best_constant
from sklearn_crossmodal.training._objectives._criterion import reweighted

__all__ = ["fit_blend", "fit_prior", "losses_of_heads"]

#: Minimal number of held-out rows to fit a share.
ENOUGH = 200
#: Candidate shares of the fused scores.
TRIED = [place / 10 for place in range(11)]
#: Maximal number of rows for fitting.
MOST_ROWS = 10_000


def fit_prior(nets: Sequence[Net], dataset: BlockDataset) -> None:
    """Set the prior logits of the heads: the intercept-only model, with a ridge penalty.

    The penalty is worth one row, so that a class without rows is not impossible. A network that
    goes on training keeps the mean over all rows so far.
    """
    heads, name = nets[0].module_.heads, nets[0].module_.heads.target
    rows = dataset.some(MOST_ROWS).rows
    target, loss = dataset.target(name, rows), nets[0].criterion_.losses[name]
    constant = best_constant(loss, heads.prior.shape, target, n_steps=100, penalty=1 / len(rows))
    for net in nets:
        net.module_.heads.update_prior(constant, len(dataset))


def fit_blend(nets: Sequence[Net], held_out: Sequence[BlockDataset], seed: int) -> None:
    """Set the share of the fused scores for each number of present modalities, alike for all nets.

    Modalities of the held-out rows are masked at random, so that each number occurs; of the shares
    from 0 to 1 the one with the lowest loss is taken. With too few such rows, the share stays.
    """
    heads, name = nets[0].module_.heads, nets[0].module_.heads.target
    if sum(map(len, held_out)) < ENOUGH:
        return
    some = [dataset.some(MOST_ROWS // len(nets)) for dataset in held_out]
    loss = nets[0].criterion_.losses[name]
    head_scores, present, target, fused = _collected(nets, some, seed)
    if not heads.adds:
        heads.precisions.copy_(_precisions(heads, loss, head_scores, present[-1], target))
    for count, (scores, there) in enumerate(zip(fused, present, strict=True), start=1):
        exact = there.sum(dim=1) == count
        if exact.sum() >= ENOUGH:
            aims = reweighted(target, exact.to(scores.dtype))
            combined = heads.combine(head_scores, there)
            losses = [loss(share * scores + (1 - share) * combined, *aims) for share in TRIED]
            heads.shares[count] = TRIED[int(torch.stack(losses).argmin())]
    for net in nets:
        net.module_.heads.copy_weights(heads)


@torch.inference_mode()
def losses_of_heads(net: Net, dataset: BlockDataset) -> Tensor:
    """Return the losses of the fusion and of each head in prediction, (1 + M,), float64."""
    network, criterion, found, counts = net.module_, net.criterion_, [], []
    for inputs, targets in net.batches(dataset):
        latents, present = network.latents(**inputs), inputs["present"]
        head_scores = {HEADS: network.heads.head_scores(latents), PRESENT: present}
        scores = {**network.decode(network.fuse(latents, present)), **head_scores}
        losses = criterion.fused(scores, targets).view(1), criterion.by_head(scores, targets)
        found.append(torch.cat(losses).double().cpu())
        n_rows = torch.full((1,), len(latents[0]), dtype=torch.float64)
        there = n_rows.expand(len(latents)) if present is None else present.sum(dim=0).cpu()
        counts.append(torch.cat([n_rows, there]))
    counted = torch.stack(counts)
    return (torch.stack(found) * counted).sum(dim=0) / counted.sum(dim=0).clamp(min=1)


@torch.inference_mode()
def _collected(nets: Sequence[Net], held_out: Sequence[BlockDataset], seed: int):
    """Return scores of the heads, and presence and fused scores for each number of modalities."""
    generator = torch.Generator().manual_seed(seed)
    parts = [
        _scored(net, inputs, generator, targets)
        for net, dataset in zip(nets, held_out, strict=True)
        for inputs, targets in net.batches(dataset)
    ]
    head_scores, present, target, fused = zip(*parts, strict=True)
    return (
        torch.cat(head_scores),
        [torch.cat(some) for some in zip(*present, strict=True)],
        tuple(None if some[0] is None else torch.cat(some) for some in zip(*target, strict=True)),
        [torch.cat(some) for some in zip(*fused, strict=True)],
    )


def _scored(net: Net, inputs: dict, generator: torch.Generator, targets: dict):
    network, heads = net.module_, net.module_.heads
    latents, present = network.latents(**inputs), inputs["present"]
    present = presence_mask(present, inputs["values"].values())
    order = torch.rand(present.shape, generator=generator).to(present.device)
    # Absent modalities are last in a random order, of which the first are kept.
    places = (order + (~present).to(order.dtype)).argsort(dim=1).argsort(dim=1)
    left = [present & (places < count) for count in range(1, len(latents) + 1)]
    fused = []
    for some in left:
        scores = network.decode(network.fuse(where_present(latents, some), some))
        fused.append(scores[heads.target])
    return heads.head_scores(latents), left, targets[heads.target], fused


def _precisions(heads: ModalityHeads, loss, head_scores: Tensor, present: Tensor, target) -> Tensor:
    """Return the variance around the prior divided by that around each head, at least 1."""
    there = present.to(head_scores.dtype)
    nothing = heads.prior.expand(len(head_scores), *heads.prior.shape)
    found = []
    for m, scores in enumerate(head_scores.unbind(dim=1)):
        aims = reweighted(target, there[:, m])
        before, after = (_variance(loss, one, aims) for one in (nothing, scores))
        found.append((before / after.clamp(min=1e-6)).expand_as(heads.prior))
    return torch.stack(found).nan_to_num(1.0).clamp(min=1.0)


def _variance(loss, scores: Tensor, target: tuple) -> Tensor:
    """Return the mean squared error of each number, or what stands for it in the loss."""
    values, _, weight = target
    if not values.is_floating_point():
        return loss(scores, *target)  # the log-loss of classes
    if scores.shape != values.shape:
        return loss(scores, *target).square()  # of quantiles, proportional to the spread
    errors = (loss.link(scores) - values).square()
    return (errors * weight.view(-1, *(1,) * (errors.ndim - 1))).sum(dim=0) / weight.sum()
