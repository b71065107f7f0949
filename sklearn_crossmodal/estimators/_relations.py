"""What modalities tell of each other, found once an autoencoder is trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.estimators._cross_gaussian import CrossGaussian
from sklearn_crossmodal.nn.losses import is_location
from sklearn_crossmodal.training import (
    BlockDataset,
    latents_of,
    presence_of,
    scores_by_others,
)

__all__ = ["Relations"]

#: Samples that are looked at at most: enough for the covariance of a thousand features.
_N_SAMPLES = 4096
#: Numbers that a modality, and all of them together, may have for a linear path to lead to them and
#: from them: each pattern of absence is a system of so many equations.
_N_NUMBERS, _N_TOGETHER = 1024, 2048
#: Scale of what encoders give beside the numbers themselves, whose linear part is known better.
#: Chosen in the training rows of UCI mfeat, of .3, .5 and 1.
_LATENT_SCALE = 0.5


class Relations:
    """Linear relations between modalities: of what their encoders give, and of their numbers.

    A representation of a few components cannot hold all that one table of numbers tells of another.
    A ridge regression from the numbers and the encoders' output can, in closed form for whichever
    modalities are there. Where one is absent, its numbers are a mean of what this path and the
    decoder say, weighed by how well each does on rows that were held out of training.

    Parameters
    ----------
    net : Net
        Trained, of an autoencoder.
    dataset : BlockDataset
        What it was trained on.
    held_out : ndarray of int, or None
        Rows of it that were held out; None takes all to weigh the two paths.
    """

    def __init__(self, net, dataset: BlockDataset, held_out: np.ndarray | None) -> None:
        self._numbers = _numbers_of(net, dataset)
        rows = dataset if held_out is None else dataset.take(_others(len(dataset), held_out))
        self._fit(net, rows.some(_N_SAMPLES))
        rows = dataset if held_out is None else dataset.take(held_out)
        self._weigh(net, rows.some(_N_SAMPLES // 4))

    def contradictions(self, net, dataset: BlockDataset) -> np.ndarray:
        """Return how far each modality of each sample lies from what the others say, (n, M)."""
        latents = _scaled(latents_of(net, dataset), self._latent_scales, presence_of(dataset))
        return self._of_latents.contradictions(latents, presence_of(dataset))

    def corrected(
        self, net, dataset: BlockDataset, batches: Iterable[Mapping[str, Tensor]]
    ) -> Iterator[dict[str, Tensor]]:
        """Yield batches of scores, in which absent numbers come by both paths.

        Parameters
        ----------
        net : Net
            Trained.
        dataset : BlockDataset
            The samples.
        batches : iterable of dict of str to Tensor
            What the decoders say of them.

        Yields
        ------
        dict of str to Tensor
        """
        absent = ~presence_of(dataset)
        straight = self._straight(net, dataset, absent)
        start = 0
        for scores in batches:
            stop = start + len(next(iter(scores.values())))
            yield {**scores, **self._joined(scores, straight, slice(start, stop))}
            start = stop

    def _fit(self, net, dataset):
        present, latents = presence_of(dataset), latents_of(net, dataset)
        self._latent_scales = _scales(latents, present)
        self._of_latents = CrossGaussian().fit(
            _scaled(latents, self._latent_scales, present), present
        )
        values = _values(dataset, self._numbers)
        self._value_scales = _scales(values, present, list(latents))
        self._of_values = None
        if values:
            features = self._features(latents, values, present)
            self._of_values = CrossGaussian().fit(features, present)

    def _features(self, latents, values, present):
        """Return numbers and what encoders give, side by side."""
        latents = _scaled(latents, self._latent_scales, present)
        values = _scaled(values, self._value_scales, present, list(latents))
        return {
            name: np.hstack([*([values[name]] if name in values else []), _LATENT_SCALE * latent])
            for name, latent in latents.items()
        }

    def _straight(self, net, dataset, wanted):
        """Return the numbers that the linear path gives, NaN where it gives none."""
        if self._of_values is None or not wanted.any():
            return {}
        present, latents = presence_of(dataset), latents_of(net, dataset)
        features = self._features(latents, _values(dataset, self._numbers), present)
        found = {}
        for m, name in enumerate(latents):
            if name in self._numbers and wanted[:, m].any():
                rows = np.flatnonzero(wanted[:, m])
                some = {other: part[rows] for other, part in features.items()}
                mean, scale = self._value_scales[name]
                found[name] = np.full((len(present), len(mean)), np.nan)
                expected = self._of_values.expected(some, present[rows], name, len(mean))
                found[name][rows] = expected * scale + mean
        return found

    def _weigh(self, net, dataset):
        """Choose how much the linear path counts for each modality: least squares."""
        self._weights = dict.fromkeys(self._numbers, 0.0)
        present = presence_of(dataset)
        straight = self._straight(net, dataset, present)
        said = [*scores_by_others(net, dataset)] if straight else []
        truth = _values(dataset, self._numbers)
        for name, path in straight.items():
            decoded = np.concatenate([scores[name].double().cpu().numpy() for scores in said])
            known = ~np.isnan(path[:, 0])
            scale = self._value_scales[name][1]
            step = ((path - decoded) / scale)[known]
            missed = ((truth[name] - decoded) / scale)[known]
            most = max((step**2).sum(), np.finfo(float).tiny)
            self._weights[name] = float(np.clip((step * missed).sum() / most, 0, 1))

    def _joined(self, scores, straight, rows):
        found = {}
        for name, path in straight.items():
            part = torch.as_tensor(path[rows]).to(scores[name])
            mean = torch.lerp(scores[name], part, self._weights[name])
            found[name] = torch.where(part.isnan(), scores[name], mean)
        return found


def _others(n, rows):
    kept = np.ones(n, dtype=bool)
    kept[rows] = False
    return np.flatnonzero(kept)


def _numbers_of(net, dataset):
    """Return the modalities whose scores are numbers, of a block of numbers in memory."""
    widths = {
        name: values.shape[1]
        for name, values in dataset.values.items()
        if values is dataset.targets[name][0]  # not so behind a frozen encoder
        and isinstance(values, Tensor)
        and values.ndim == 2
        and values.is_floating_point()
        and values.shape[1] <= _N_NUMBERS
        and is_location(net.criterion_.losses[name])
    }
    while sum(widths.values()) > _N_TOGETHER:
        del widths[max(widths, key=widths.get)]
    return list(widths)


def _values(dataset, names):
    rows = dataset.rows
    return {name: dataset.values[name][rows].double().numpy() for name in names}


def _scales(features, present, names=None):
    """Return mean and standard deviation of each feature, over the samples that have it."""
    names = names or list(features)
    found = {}
    for name, values in features.items():
        there = values[present[:, names.index(name)]]
        there = there if len(there) else np.zeros((1, values.shape[1]))
        scale = there.std(axis=0)
        found[name] = there.mean(axis=0), np.where(scale > 1e-9, scale, 1.0)
    return found


def _scaled(features, scales, present, names=None):
    """Return features of mean zero and deviation one, zeros where a sample lacks them."""
    names = names or list(features)
    return {
        name: np.where(present[:, [names.index(name)]], (values - scales[name][0]), 0.0)
        / scales[name][1]
        for name, values in features.items()
    }
