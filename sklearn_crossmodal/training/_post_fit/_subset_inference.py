"""What a net says of rows that it was not trained on, also when it sees less of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.training._data._batch_iterator import BatchIterator
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._inference import predict_batch_size
from sklearn_crossmodal.training._net import Net

__all__ = ["scores_by_pattern"]


@torch.inference_mode()
def scores_by_pattern(
    net: Net, dataset: BlockDataset, patterns: Sequence[np.ndarray], targets: Sequence[str]
) -> list[tuple[np.ndarray, dict[str, Tensor]]]:
    """Return the scores of rows when only some modalities are seen.

    Parameters
    ----------
    net : Net
        Trained.
    dataset : BlockDataset
        The rows.
    patterns : sequence of ndarray of shape (M,), bool
        Which modalities are seen.
    targets : sequence of str
        Names of those to be scored.

    Returns
    -------
    list of (ndarray, dict of str to Tensor)
        For each pattern the places of the rows that have all its modalities, and their scores of
        the targets; no scores where there are no rows.
    """
    net._set_training(False)
    places: list[list] = [[] for _ in patterns]
    found: list[dict[str, list]] = [defaultdict(list) for _ in patterns]
    start = 0
    for inputs, _, _ in BatchIterator(dataset, predict_batch_size(dataset)):
        n_rows = len(next(iter(inputs["values"].values())))
        latents = net.module_.latents(**net._to_device(inputs))
        for pattern, their_places, their_scores in zip(patterns, places, found, strict=True):
            rows = _rows_with(pattern, inputs["present"], n_rows)
            their_places.append(start + rows.numpy())
            if len(rows):
                for name, scores in _scores(net, inputs, latents, pattern, rows, targets).items():
                    their_scores[name].append(scores)
        start += n_rows
    return [
        (np.concatenate(rows), {name: torch.cat(parts) for name, parts in scores.items()})
        for rows, scores in zip(places, found, strict=True)
    ]


def _rows_with(pattern: np.ndarray, present: Tensor | None, n_rows: int) -> Tensor:
    """Return the numbers of the rows that have all modalities of a pattern."""
    if present is None:
        return torch.arange(n_rows)
    return present[:, torch.from_numpy(pattern)].all(dim=1).nonzero()[:, 0]


def _scores(net: Net, inputs: dict, latents, pattern, rows, targets) -> dict[str, Tensor]:
    network, rows = net.module_, net._to_device(rows)
    values = {name: net._to_device(part)[rows] for name, part in inputs["values"].items()}
    latents = [latent[rows] for latent in latents]
    present = torch.from_numpy(pattern).to(rows.device).expand(len(rows), -1)
    scores = network.scored(network.hidden(latents, present), values, present)
    return {name: scores[name] for name in targets}
