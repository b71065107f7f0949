"""What modalities tell of each other, found once an autoencoder is trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.estimators._scaled_gaussian import ScaledGaussian
from sklearn_crossmodal.nn.losses import is_location
from sklearn_crossmodal.training import (
    BlockDataset,
    latents_of,
    presence_of,
    scores_by_others,
)

__all__ = ["Relations"]

#: Samples that are looked at at most: enough for the covariance of a thousand features; and those
#: that paths are judged on.
_N_SAMPLES, _N_JUDGED = 4096, 1024
#: Folds, where no rows were held out.
_N_FOLDS = 5
#: Samples that are remembered from calls of `partial_fit`, whose encoders have moved on since.
_REMEMBERED = 1024
#: From how many samples on the spread of contradictions is known.
_ENOUGH = 20
#: Numbers that a modality, and all of them together, may have for a linear path to lead to them and
#: from them: each pattern of absence is a system of so many equations.
_N_NUMBERS, _N_TOGETHER = 1024, 2048
#: Scale of what encoders give beside the numbers themselves, whose linear part is known better.
#: Chosen in the training rows of UCI mfeat, of .3, .5 and 1.
_LATENT_SCALE = 0.5


class Relations:
    """Linear relations between modalities: of what their encoders give, and of their numbers.

    A representation of a few components cannot hold all that one table of numbers tells of another.
    A ridge regression from the numbers and, where rows were held out, the encoders' output can, in
    closed form for whichever modalities are there. Where one is absent, its numbers are a mean of
    what this path and the decoder say, weighed by how well each does on rows that were held out of
    training. Without such, the path counts as much as it explains of the variance in folds that it
    was fitted without.

    Parameters
    ----------
    net : Net
        Trained, of an autoencoder.
    dataset : BlockDataset
        What it was trained on.
    held_out : ndarray of int, or None
        Rows of it that were held out.
    """

    def __init__(self, net, dataset: BlockDataset, held_out: np.ndarray | None) -> None:
        self._numbers = _numbers_of(net, dataset)
        #: Else neither decoders nor what encoders give is known but of rows they were trained on.
        self._held_out = held_out is not None
        self._tally = {name: np.zeros(2) for name in self._numbers}
        self._spread = np.zeros((3, len(dataset.values)))  # count, sum and squares, a modality
        rows = dataset if held_out is None else dataset.take(_others(len(dataset), held_out))
        rows = rows.some(_N_SAMPLES)
        known = self._known(net, rows)
        self._of_latents, self._of_values = self._models(known)
        if held_out is None:
            self._judge_by_folds(known)
        else:
            judged = dataset.take(held_out).some(_N_JUDGED)
            self._judge(self._known(net, judged), self._decoded(net, judged))

    def update(self, net, dataset: BlockDataset) -> None:
        """Take rows into account that came after those before.

        Parameters
        ----------
        net : Net
            Trained on them.
        dataset : BlockDataset
            The rows.
        """
        dataset = dataset.some(_N_SAMPLES)
        known = self._known(net, dataset)
        kept = max(0.0, 1 - len(dataset) / _REMEMBERED)
        self._tally = {name: kept * sums for name, sums in self._tally.items()}
        self._spread *= kept
        places = np.arange(min(len(dataset), _N_JUDGED))
        decoded = self._decoded(net, dataset.take(places)) if self._held_out else None
        self._judge(known.take(places), decoded)
        self._of_latents.update(known.latents, known.present, known.weight, _REMEMBERED)
        if self._of_values is not None:
            features = self._features(known)
            self._of_values.update(features, known.present, known.weight, _REMEMBERED)

    def contradictions(self, net, dataset: BlockDataset) -> np.ndarray:
        """Return how far each modality of each sample lies from what the others say, (n, M).

        By mean and standard deviation of what rows that were not fitted on have, where these are
        enough.
        """
        found = self._of_latents.contradictions(latents_of(net, dataset), presence_of(dataset))
        counts, sums, squares = self._spread
        mean = sums / np.maximum(counts, 1)
        variance = squares / np.maximum(counts, 1) - mean**2
        enough = (counts >= _ENOUGH) & (variance > 0)
        return (found - np.where(enough, mean, 0)) / np.sqrt(np.where(enough, variance, 1))

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
        straight = {}
        if self._of_values is not None and not presence_of(dataset).all():
            straight = self._straight(self._of_values, self._known(net, dataset))
        start = 0
        for scores in batches:
            stop = start + len(next(iter(scores.values())))
            yield {**scores, **self._joined(scores, straight, slice(start, stop))}
            start = stop

    # What is known of rows ------------------------------------------------------------------

    def _known(self, net, dataset):
        rows = dataset.rows
        values = {name: dataset.values[name][rows].double().numpy() for name in self._numbers}
        return _Known(presence_of(dataset), _weight_of(dataset), latents_of(net, dataset), values)

    def _models(self, known):
        """Return the Gaussians of latents, and of numbers and latents; None without numbers."""
        whole = {name: np.ones(part.shape[1]) for name, part in known.latents.items()}
        of_latents = ScaledGaussian(known.latents, known.present, known.weight, whole)
        if not self._numbers:
            return of_latents, None
        features = self._features(known)
        factors = {name: np.full(part.shape[1], _LATENT_SCALE) for name, part in features.items()}
        for name in self._numbers:
            factors[name][: self._width(known, name)] = 1.0
        return of_latents, ScaledGaussian(features, known.present, known.weight, factors)

    def _features(self, known):
        """Return numbers and what encoders give, side by side."""
        found = {}
        for name, latent in known.latents.items():
            numbers = known.values.get(name, latent[:, :0])
            found[name] = np.hstack([numbers, latent]) if self._held_out else numbers
        return found

    def _width(self, known, name):
        return known.values[name].shape[1] if name in known.values else 0

    def _straight(self, model, known, *, left_out=False):
        """Return the numbers that the linear path gives, NaN where it gives none."""
        wanted = {name: self._width(known, name) for name in self._numbers}
        return model.expected(self._features(known), known.present, wanted, left_out=left_out)

    def _decoded(self, net, dataset):
        """Return the numbers that decoders give, each modality from the others."""
        said = [*scores_by_others(net, dataset)] if self._numbers else []
        return {
            name: np.concatenate([scores[name].double().cpu().numpy() for scores in said])
            for name in self._numbers
        }

    # How much the paths count ---------------------------------------------------------------

    def _judge_by_folds(self, known):
        """Judge the rows of each fold by models of the others."""
        n_rows = len(known.present)
        if n_rows < 2 * _N_FOLDS:
            return
        order = np.random.default_rng(0).permutation(n_rows)
        for fold in range(_N_FOLDS):
            rows = order[:_N_JUDGED][fold::_N_FOLDS]
            models = self._models(known.take(_others(n_rows, rows)))
            self._judge(known.take(rows), None, models)

    def _judge(self, known, decoded, models=None):
        """Add up what tells how much the linear path counts, and how contradictions spread."""
        of_latents, of_values = models or (self._of_latents, self._of_values)
        straight = {} if of_values is None else self._straight(of_values, known, left_out=True)
        for name, path in straight.items():
            there = ~np.isnan(path[:, 0]) & known.present[:, list(known.latents).index(name)]
            mean, scale = (part[: path.shape[1]] for part in of_values.scales[name])
            weight, truth = known.weight[there][:, np.newaxis], known.values[name]
            if self._held_out:  # the least squares of a mean of both
                step, missed = path - decoded[name], truth - decoded[name]
                product, square = step * missed, step**2
            else:  # R² of the path
                square = (truth - mean) ** 2
                product = square - (truth - path) ** 2
            parts = ((weight * (part / scale**2)[there]).sum() for part in (product, square))
            self._tally[name] += [*parts]
        found = of_latents.contradictions(known.latents, known.present)
        seen = ~np.isnan(found)
        found = np.where(seen, found, 0.0)
        self._spread += seen.sum(axis=0), found.sum(axis=0), (found**2).sum(axis=0)

    def _weight(self, name):
        """Return how much the linear path counts, by what was judged."""
        product, square = self._tally[name]
        return float(np.clip(product / max(square, np.finfo(float).tiny), 0, 1))

    def _joined(self, scores, straight, rows):
        found = {}
        for name, path in straight.items():
            part = torch.as_tensor(path[rows]).to(scores[name])
            mean = torch.lerp(scores[name], part, self._weight(name))
            found[name] = torch.where(part.isnan(), scores[name], mean)
        return found


class _Known(NamedTuple):
    """What is known of rows: who has what, weights, encoders' output and numbers."""

    present: np.ndarray
    weight: np.ndarray
    latents: dict[str, np.ndarray]
    values: dict[str, np.ndarray]

    def take(self, rows) -> _Known:
        latents, values = (
            {name: one[rows] for name, one in part.items()} for part in (self.latents, self.values)
        )
        return _Known(self.present[rows], self.weight[rows], latents, values)


def _weight_of(dataset) -> np.ndarray:
    """Return the weights of the samples: those in any modality that they have."""
    named = [name for name in dataset.values if name in dataset.targets]  # none in predictions
    weights = [dataset.target(name, dataset.rows)[2] for name in named]
    if not weights or any(weight is None for weight in weights):
        return np.ones(len(dataset))
    return torch.stack(weights).amax(dim=0).double().numpy()


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
