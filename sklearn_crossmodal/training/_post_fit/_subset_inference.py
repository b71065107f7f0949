"""Latents of each modality, and scores of a trained net given subsets of the modalities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.nn._presence import presence_mask, where_present
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._net import Net

__all__ = ["latents_of", "presence_of", "scores_by_others", "scores_by_pattern"]


def presence_of(dataset: BlockDataset) -> np.ndarray:
    """Return which modalities each sample of a data set has, (n, M) bool."""
    if dataset.present is None:
        return np.ones((len(dataset), len(dataset.values)), dtype=bool)
    return dataset.present[dataset.rows].numpy()


@torch.inference_mode()
def latents_of(net: Net, dataset: BlockDataset) -> dict[str, np.ndarray]:
    """Return the latent (n, D_m) of each modality, zeros where a sample lacks it."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in dataset.values}
    for inputs, _ in net.batches(dataset, scores=False):
        for name, latent in zip(found, net.module_.latents(**inputs), strict=True):
            found[name].append(latent.cpu().numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}


@torch.inference_mode()
def scores_by_others(net: Net, dataset: BlockDataset) -> Iterator[dict[str, Tensor]]:
    """Yield batches of the scores of each modality, decoded from the other modalities.

    They are of no meaning where it is the only one. Targets are named like the modalities.
    """
    for inputs, _ in net.batches(dataset):
        present = presence_mask(inputs["present"], inputs["values"].values())
        found = {}
        for place, name in enumerate(inputs["values"]):
            others = present.clone()
            others[:, place] = False
            others = torch.where(others.any(dim=1, keepdim=True), others, present)
            found[name] = net.infer({**inputs, "present": others})[name]
        yield found


@torch.inference_mode()
def scores_by_pattern(
    net: Net, dataset: BlockDataset, patterns: Sequence[np.ndarray], targets: Sequence[str]
) -> list[tuple[np.ndarray, dict[str, Tensor]]]:
    """Return the scores of some targets given only the modalities of each pattern, (M,) bool.

    For each pattern these are the places of the rows that have all its modalities, and their
    scores; no scores if there are no such rows.
    """
    places: list[list] = [[] for _ in patterns]
    found: list[dict[str, list]] = [defaultdict(list) for _ in patterns]
    start = 0
    for inputs, _ in net.batches(dataset, scores=False):
        latents = net.module_.latents(**inputs)
        present = presence_mask(inputs["present"], inputs["values"].values())
        for pattern, their_places, their_scores in zip(patterns, places, found, strict=True):
            seen = torch.from_numpy(pattern).to(present.device)
            rows = present[:, seen].all(dim=1).nonzero()[:, 0]
            their_places.append(start + rows.cpu().numpy())
            if len(rows):
                for name, scores in _scores_of(net, inputs["values"], latents, seen, rows).items():
                    if name in targets:
                        their_scores[name].append(scores)
        start += len(present)
    return [
        (np.concatenate(rows), {name: torch.cat(parts) for name, parts in scores.items()})
        for rows, scores in zip(places, found, strict=True)
    ]


def _scores_of(net: Net, values: dict, latents, pattern: Tensor, rows: Tensor) -> dict[str, Tensor]:
    """Return the scores of some rows, of which only the modalities of the pattern are known."""
    network = net.module_
    values = {name: part[rows] for name, part in values.items()}
    present = pattern.expand(len(rows), -1)
    latents = where_present([latent[rows] for latent in latents], present)
    return network.scored(latents, values, present)
