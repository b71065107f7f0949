"""Linear predictions of modalities from each other, fitted on first use."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.linear._block_gaussian import ScaledGaussian
from sklearn_crossmodal.linear._observed_rows import ObservedRows
from sklearn_crossmodal.nn.losses import is_location
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._post_fit._subset_inference import (
    latents_of,
    presence_of,
    scores_by_others,
)

__all__ = ["Relations"]

#: Maximal number of samples for fitting, enough for the covariance of a thousand features, and for
#: validation.
_N_SAMPLES, _N_JUDGED = 4096, 1024
#: Number of folds if no rows were held out.
_N_FOLDS = 5
#: Number of samples that are remembered from calls of `partial_fit`, since encoders change; and
#: number of rows up to which those of successive calls are merged.
_REMEMBERED, _FEW = 1024, 256
#: Minimal number of samples for the spread of contradictions.
_ENOUGH = 20
#: Maximal number of numbers of a modality, and of all modalities, on the linear path: each pattern
#: of missing modalities needs a system of so many equations.
_N_NUMBERS, _N_TOGETHER = 1024, 2048
#: Scale of latents beside the numbers themselves: a smaller one means stronger shrinkage. Chosen in
#: the training rows of UCI mfeat, of .3, .5 and 1.
_LATENT_SCALE = 0.5


class Relations:
    """Linear relations between modalities: between latents, and between the numbers themselves.

    A latent of a few components cannot hold all that one table of numbers predicts of another. A
    ridge regression from the numbers and, where rows were held out, the latents can, in closed form
    for any subset of modalities. Where one is absent, its numbers are a weighted mean of this
    linear path and the decoder, with weights fitted on rows that were held out of training. Without
    such rows, the weight of the path is the share of variance that it explains in cross-validation.

    A fit only stores what is known of rows; the closed forms are found when they are first needed,
    those of latents and those of numbers separately. Two threads may find the same twice.

    Parameters
    ----------
    net : Net
        Trained, of an autoencoder.
    dataset : BlockDataset
        Its training data.
    held_out : ndarray of int, or None
        Rows of it that were held out.
    """

    def __init__(self, net, dataset: BlockDataset, held_out: np.ndarray | None) -> None:
        self._numbers = _numbers_of(net, dataset)
        #: If not, latents and decoded numbers are known of training rows only.
        self._held_out = held_out is not None
        rows = dataset
        if held_out is not None:
            rows = dataset.take(np.setdiff1d(np.arange(len(dataset)), held_out))
        self._learned = self._known(net, rows.some(_N_SAMPLES))
        #: Rows of later calls, the last at the end.
        self._later: list[ObservedRows] = []
        self._judged = None
        if held_out is not None:
            judged = dataset.take(held_out).some(_N_JUDGED)
            self._judged = self._known(net, judged, decoded=True)
        self._found: dict[str, tuple] = {}

    def with_rows(self, net, dataset: BlockDataset) -> Relations:
        """Return the relations of the rows of a later call too, on which `net` was trained.

        Beyond the number that is remembered, earlier rows count less. The time is linear in the
        width of latents.
        """
        after = copy.copy(self)
        after._found = {}
        later = self._known(net, dataset.some(_N_SAMPLES), decoded=self._held_out)
        before = max(sum(part.weight.sum() for part in self._parts()), np.finfo(float).tiny)
        kept = min(1.0, max(_REMEMBERED - later.weight.sum(), 0.0) / before)
        share = max(0.0, 1 - len(later) / _REMEMBERED)
        after._learned = self._learned.with_decay(kept, share)
        after._later = [part.with_decay(kept, share) for part in self._later]
        if self._judged is not None:
            after._judged = self._judged.with_decay(kept, share)
        if after._later and len(after._later[-1]) + len(later) <= _FEW:
            later = ObservedRows.joined([after._later.pop(), later])
        after._later.append(later)
        lengths = np.cumsum([len(part) for part in after._later[::-1]])
        after._later = after._later[-1 - int((lengths < _N_SAMPLES).sum()) :]
        return after

    def contradictions(self, net, dataset: BlockDataset) -> np.ndarray:
        """Return how far each modality of each sample lies from its prediction by others, (n, M).

        Standardised by rows that were not fitted on, if these are enough.
        """
        model, (counts, sums, squares) = self._of("latents")
        found = model.contradictions(latents_of(net, dataset), presence_of(dataset))
        mean = sums / np.maximum(counts, 1e-300)
        variance = squares / np.maximum(counts, 1e-300) - mean**2
        enough = (counts >= _ENOUGH) & (variance > 0)
        return (found - np.where(enough, mean, 0)) / np.sqrt(np.where(enough, variance, 1))

    def corrected(
        self, net, dataset: BlockDataset, batches: Iterable[Mapping[str, Tensor]]
    ) -> Iterator[dict[str, Tensor]]:
        """Yield batches of decoder scores in which absent numbers are the mean of both paths."""
        straight = {}
        if self._numbers and not presence_of(dataset).all():
            straight = self._straight(self._of("numbers")[0], self._known(net, dataset))
        start = 0
        for scores in batches:
            stop = start + len(next(iter(scores.values())))
            yield {**scores, **self._joined(scores, straight, slice(start, stop))}
            start = stop

    # Rows -----------------------------------------------------------------------------------

    def _known(self, net, dataset, *, decoded=False):
        rows = dataset.rows
        values = {name: dataset.values[name][rows].numpy() for name in self._numbers}
        return ObservedRows(
            presence_of(dataset),
            _weight_of(dataset),
            np.ones(len(dataset)),
            latents_of(net, dataset),
            values,
            self._decoded(net, dataset) if decoded else {},
        )

    def _parts(self):
        return [self._learned, *self._later]

    def _decoded(self, net, dataset):
        """Return the numbers of each modality as decoded from the others."""
        left_out = [*scores_by_others(net, dataset)] if self._numbers else []
        return {
            name: np.concatenate([scores[name].cpu().numpy() for scores in left_out])
            for name in self._numbers
        }

    # Closed forms ---------------------------------------------------------------------------

    def _of(self, what):
        """Return the Gaussian of "latents" or of "numbers", and the sums of its validation."""
        found = self._found.get(what)
        if found is None:
            known = ObservedRows.joined(self._parts())
            model = self._model(what, known)
            sums = self._judge_by_folds(what, known)
            if self._judged is not None:
                sums = sums + self._judge(what, model, self._judged)
            found = self._found[what] = model, sums
        return found

    def _model(self, what, known):
        if what == "latents":
            whole = {name: np.ones(part.shape[1]) for name, part in known.latents.items()}
            return ScaledGaussian(known.latents, known.present, known.weight, whole)
        features = self._features(known)
        factors = {name: np.full(part.shape[1], _LATENT_SCALE) for name, part in features.items()}
        for name in self._numbers:
            factors[name][: known.values[name].shape[1]] = 1.0
        return ScaledGaussian(features, known.present, known.weight, factors)

    def _features(self, known):
        """Return numbers and latents side by side."""
        found = {}
        for name, latent in known.latents.items():
            numbers = known.values.get(name, latent[:, :0])
            found[name] = np.hstack([numbers, latent]) if self._held_out else numbers
        return found

    def _straight(self, model, known, *, left_out=False):
        """Return the numbers predicted by the linear path, NaN where it predicts none."""
        wanted = {name: known.values[name].shape[1] for name in self._numbers}
        return model.conditional_mean(
            self._features(known), known.present, wanted, leave_one_out=left_out
        )

    # Validation -----------------------------------------------------------------------------

    def _judge_by_folds(self, what, known):
        """Validate the rows of each fold, all or those of later calls, by models of the others."""
        first = 0 if self._judged is None else len(self._learned)
        candidates = np.arange(first, len(known))
        shape = (3, len(known.latents)) if what == "latents" else (len(self._numbers), 2)
        sums = np.zeros(shape)
        if len(candidates) < 2 * _N_FOLDS:
            return sums
        order = np.random.default_rng(0).permutation(candidates)[:_N_JUDGED]
        for fold in range(_N_FOLDS):
            rows = order[fold::_N_FOLDS]
            model = self._model(what, known.take(np.setdiff1d(np.arange(len(known)), rows)))
            sums = sums + self._judge(what, model, known.take(rows))
        return sums

    def _judge(self, what, model, known):
        """Return sums for the spread of contradictions, or for the weight of the linear path."""
        if what == "latents":
            found = model.contradictions(known.latents, known.present)
            share = np.where(np.isnan(found), 0.0, known.share[:, np.newaxis])
            found = np.nan_to_num(found, nan=0.0)
            return np.stack([(share * found**power).sum(axis=0) for power in range(3)])
        straight = self._straight(model, known, left_out=True)
        tally = np.zeros((len(straight), 2))
        for place, (name, path) in enumerate(straight.items()):
            there = ~np.isnan(path[:, 0]) & known.present[:, list(known.latents).index(name)]
            mean, scale = (part[: path.shape[1]] for part in model.scales[name])
            weight, truth = known.weight[there][:, np.newaxis], known.values[name]
            if self._held_out:  # the weight of least squared error
                step, missed = path - known.decoded[name], truth - known.decoded[name]
                product, square = step * missed, step**2
            else:  # R² of the path
                square = (truth - mean) ** 2
                product = square - (truth - path) ** 2
            tally[place] = [(weight * (part / scale**2)[there]).sum() for part in (product, square)]
        return tally

    def _weight(self, name):
        """Return the weight of the linear path."""
        product, square = self._of("numbers")[1][self._numbers.index(name)]
        return float(np.clip(product / max(square, np.finfo(float).tiny), 0, 1))

    def _joined(self, scores, straight, rows):
        found = {}
        for name, path in straight.items():
            part = torch.as_tensor(path[rows]).to(scores[name])
            mean = torch.lerp(scores[name], part, self._weight(name))
            found[name] = torch.where(part.isnan(), scores[name], mean)
        return found


def _weight_of(dataset) -> np.ndarray:
    """Return the weights of the samples: those in any modality that they have."""
    named = [name for name in dataset.values if name in dataset.targets]  # none in predictions
    weights = [dataset.target(name, dataset.rows)[2] for name in named]
    if not weights or any(weight is None for weight in weights):
        return np.ones(len(dataset))
    return torch.stack(weights).amax(dim=0).double().numpy()


def _numbers_of(net, dataset):
    """Return the modalities whose scores are numbers, of a block of numbers in memory."""
    widths = {
        name: values.shape[1]
        for name, values in dataset.values.items()
        if name in dataset.targets  # not so of embeddings beside a modality
        and values is dataset.targets[name][0]  # not so behind a frozen encoder
        and isinstance(values, Tensor)
        and values.ndim == 2
        and values.is_floating_point()
        and values.shape[1] <= _N_NUMBERS
        and is_location(net.criterion_.losses[name])
    }
    while sum(widths.values()) > _N_TOGETHER:
        del widths[max(widths, key=widths.get)]
    return list(widths)
