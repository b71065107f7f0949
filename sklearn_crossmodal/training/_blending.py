"""How much the fused scores count beside those of the heads, and what the heads start from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from sklearn_crossmodal.nn._heads import HEADS, PRESENT, ModalityHeads
from sklearn_crossmodal.training._answering import predict_batch_size
from sklearn_crossmodal.training._batching import BatchIterator
from sklearn_crossmodal.training._dataset import BlockDataset
from sklearn_crossmodal.training._net import Net

__all__ = ["fit_blend", "fit_prior", "losses_of_heads"]

#: Held-out rows from which on shares are fitted; fewer would leave them to chance.
ENOUGH = 200
#: Shares of the fused scores that are tried.
TRIED = [place / 10 for place in range(11)]
#: Rows of the target that the scores without any modality are fitted on at most.
PRIOR_ROWS = 10_000


def fit_prior(net: Net, dataset: BlockDataset) -> None:
    """Set what the heads start from: the scores that fit best where nothing is seen.

    Parameters
    ----------
    net : Net
        Whose network has heads.
    dataset : BlockDataset
        The training data.
    """
    heads = net.module_.heads
    rows = dataset.rows[:: -(-len(dataset) // PRIOR_ROWS)]
    _, targets, _ = dataset.batch(rows)
    target, loss = targets[heads.target], net.criterion_.losses[heads.target]
    constant = torch.zeros_like(heads.prior, device="cpu", requires_grad=True)
    optimizer = torch.optim.LBFGS([constant], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        error = loss(constant.expand(len(rows), *constant.shape), *target)
        error.backward()
        return error

    optimizer.step(closure)
    heads.prior.copy_(constant.detach())


def fit_blend(nets: Sequence[Net], held_out: Sequence[BlockDataset], seed: int) -> None:
    """Set the share of the fused scores for each number of modalities that are there.

    Modalities of the rows are hidden at random, so many that each number is left; of the shares
    from 0 to 1 the one with the lowest loss is taken. Too few rows change nothing.

    Parameters
    ----------
    nets : sequence of Net
        Trained; their networks have heads. All get the same shares.
    held_out : sequence of BlockDataset
        For each, rows that it was not trained on.
    seed : int
        Of what is hidden.
    """
    heads = nets[0].module_.heads
    if sum(map(len, held_out)) < ENOUGH:
        return
    loss = nets[0].criterion_.losses[heads.target]
    said, present, target, fused = _collected(nets, held_out, seed)
    if not heads.adds:
        heads.precisions.copy_(_precisions(heads, loss, said, present[-1], target))
    for count, (scores, there) in enumerate(zip(fused, present, strict=True), start=1):
        together = heads.together(said, there)
        losses = [loss(share * scores + (1 - share) * together, *target) for share in TRIED]
        heads.shares[count] = TRIED[int(torch.stack(losses).argmin())]
    for net in nets:
        net.module_.heads.take_over(heads)


@torch.inference_mode()
def losses_of_heads(net: Net, dataset: BlockDataset) -> Tensor:
    """Return the loss of the fusion and that of each head, as the network answers.

    Parameters
    ----------
    net : Net
        Its network has heads.
    dataset : BlockDataset
        With targets.

    Returns
    -------
    Tensor of shape (1 + M,), float64
    """
    network, criterion, found, sizes = net.module_, net.criterion_, [], []
    for inputs, targets in _batches(net, dataset):
        latents, present = network.latents(**inputs), network.spread(inputs["present"])
        said = {HEADS: network.heads.said(latents), PRESENT: present}
        scores = {**network.decode(network.fuse(latents, present)), **said}
        losses = criterion.fused(scores, targets).view(1), criterion.by_head(scores, targets)
        found.append(torch.cat(losses).double().cpu())
        sizes.append(len(latents[0]))
    return (torch.stack(found) * torch.tensor(sizes).unsqueeze(1)).sum(dim=0) / sum(sizes)


@torch.inference_mode()
def _collected(nets: Sequence[Net], held_out: Sequence[BlockDataset], seed: int):
    """Return what heads say, and for each number of modalities which are left and fused scores."""
    generator = torch.Generator().manual_seed(seed)
    parts = [
        _scored(net, inputs, generator, targets)
        for net, dataset in zip(nets, held_out, strict=True)
        for inputs, targets in _batches(net, dataset)
    ]
    said, present, target, fused = zip(*parts, strict=True)
    return (
        torch.cat(said),
        [torch.cat(some) for some in zip(*present, strict=True)],
        tuple(None if some[0] is None else torch.cat(some) for some in zip(*target, strict=True)),
        [torch.cat(some) for some in zip(*fused, strict=True)],
    )


def _batches(net: Net, dataset: BlockDataset) -> Iterator[tuple[dict, dict]]:
    net._set_training(False)
    for inputs, targets, _ in BatchIterator(dataset, predict_batch_size(dataset)):
        yield net._to_device(inputs), net._to_device(targets)


def _scored(net: Net, inputs: dict, generator: torch.Generator, targets: dict):
    network, heads = net.module_, net.module_.heads
    latents, present = network.latents(**inputs), inputs["present"]
    if present is None:
        n_rows = len(next(iter(inputs["values"].values())))
        present = torch.ones(n_rows, len(latents), dtype=torch.bool)
    order = torch.rand(present.shape, generator=generator).to(present.device)
    # Absent ones come last; then those are left that come first.
    places = (order + (~present).to(order.dtype)).argsort(dim=1).argsort(dim=1)
    left = [present & (places < count) for count in range(1, len(latents) + 1)]
    fused = []
    for some in map(network.spread, left):
        scores = network.decode(network.fuse(network.hidden(latents, some), some))
        fused.append(network.gathered(scores[heads.target]))
    return network.gathered(heads.said(latents)), left, targets[heads.target], fused


def _precisions(heads: ModalityHeads, loss, said: Tensor, present: Tensor, target) -> Tensor:
    """Return how many times each head's loss goes into that of knowing nothing, 1 at least."""
    values, mask, weight = target
    nothing = heads.prior.expand(len(said), *heads.prior.shape)
    found = []
    for m, scores in enumerate(said.unbind(dim=1)):
        there = present[:, m].to(scores.dtype)
        counted = there if weight is None else weight * there
        errors = [loss(one, values, mask, counted) for one in (nothing, scores)]
        found.append(errors[0] / errors[1].clamp(min=1e-6))
    return torch.stack(found).nan_to_num(1.0).clamp(min=1.0)
