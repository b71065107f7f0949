"""What a trained network makes of each modality by itself, and of one from the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.training._data._batch_iterator import BatchIterator
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._inference import predict_batch_size

__all__ = ["latents_of", "presence_of", "scores_by_others"]


def presence_of(dataset: BlockDataset) -> np.ndarray:
    """Return which modalities each sample of a data set has, (n, M) bool."""
    if dataset.present is None:
        return np.ones((len(dataset), len(dataset.values)), dtype=bool)
    return dataset.present[dataset.rows].numpy()


@torch.inference_mode()
def latents_of(net, dataset: BlockDataset) -> dict[str, np.ndarray]:
    """Return what the encoder of each modality gives.

    Parameters
    ----------
    net : Net
        Trained.
    dataset : BlockDataset
        The samples.

    Returns
    -------
    dict of str to ndarray of shape (n, D_m)
        Of the precision of the network; zeros where a sample lacks the modality.
    """
    net._set_training(False)
    found: dict[str, list[np.ndarray]] = {name: [] for name in dataset.values}
    for inputs, _, _ in BatchIterator(dataset, predict_batch_size(dataset)):
        latents = net.module_.latents(**net._to_device(inputs))
        for name, latent in zip(found, latents, strict=True):
            found[name].append(latent.cpu().numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}


@torch.inference_mode()
def scores_by_others(net, dataset: BlockDataset) -> Iterator[dict[str, Tensor]]:
    """Decode each modality from the others, batch by batch.

    Parameters
    ----------
    net : Net
        Trained; its targets are named like the modalities.
    dataset : BlockDataset
        The samples.

    Yields
    ------
    dict of str to Tensor of shape (B, ...)
        Of each modality the scores by its decoder; of no meaning where it is the only one.
    """
    net._set_training(False)
    batch_size = min(predict_batch_size(dataset), net._rows_of_scores())
    for inputs, _, _ in BatchIterator(dataset, batch_size):
        inputs = net._to_device(inputs)
        values, present = inputs["values"], inputs["present"]
        if present is None:
            first = next(iter(values.values()))
            present = torch.ones(len(first), len(values), dtype=torch.bool, device=first.device)
        found = {}
        for place, name in enumerate(values):
            others = present.clone()
            others[:, place] = False
            others = torch.where(others.any(dim=1, keepdim=True), others, present)
            found[name] = net.infer({**inputs, "present": others})[name]
        yield found
