"""Intervals of numbers that hold what they promise, by rows that were held out."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch

from sklearn_crossmodal.estimators._targets._modality import decode_all, decode_values
from sklearn_crossmodal.estimators._targets._scoring import truth_of
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.training import presence_of, scores_by_pattern
from sklearn_crossmodal.uncertainty._conformal import Calibration, check_confidence
from sklearn_crossmodal.uncertainty._modality_subsets import patterns_to_calibrate

__all__ = ["Intervals"]


class Intervals:
    """Mixin: how far predictions of those `_targets` are off that are numbers, and intervals."""

    #: {target: Calibration}, or what to say where there is none.
    _calibrations: dict | str = "it is not fitted"

    def _plan(self, data, max_epochs, resume=False, hold_out=True, splits=None):
        self._went_on = resume
        return super()._plan(data, max_epochs, resume, hold_out, splits)

    def _complete(self, trainings):
        super()._complete(trainings)
        if trainings[0].split is None:
            self._calibrations = (
                "no rows were held out in the last training: set early_stopping=True or n_folds"
            )
        elif self._went_on:
            self._calibrations = (
                "the last training went on from another, which may have seen the rows that it held "
                "out: set warm_start=False"
            )
        elif not any(modality.kind == "vector" for modality in self._targets.values()):
            self._calibrations = "no target is numbers"
        else:
            self._calibrate(trainings)

    def _calibrate(self, trainings):
        """Learn, pattern by pattern, how far what is said of rows that were held out is off."""
        dataset = trainings[0].dataset
        names, present = list(dataset.values), presence_of(dataset)
        patterns = patterns_to_calibrate(names, present)
        seen = [np.isin(names, pattern) for pattern in patterns]
        raw = self._raw_targets(dataset.labels)
        raw = {name: raw[name] for name, one in self._targets.items() if one.kind == "vector"}
        scores, exact, weights = (defaultdict(lambda: defaultdict(list)) for _ in range(3))
        for training in trainings:
            held_out = training.split[1]
            told = scores_by_pattern(training.net, dataset.take(held_out), seen, list(raw))
            for pattern, flags, (places, said) in zip(patterns, seen, told, strict=True):
                rows = held_out[places]
                for name in said:
                    there, weight, off = self._distances(name, dataset, rows, said[name], raw[name])
                    scores[name][pattern].append(off)
                    weights[name][pattern].append(weight)
                    exact[name][pattern].append((present[rows[there]] == flags).all(axis=1))
        self._calibrations = {
            name: Calibration(*(_joined(part[name]) for part in (scores, exact, weights)))
            for name in scores
        }

    def _distances(self, name, dataset, rows, scores, raw):
        """Return which rows have a target, their weights, and how far beyond its ends they lie."""
        modality, loss = self._targets[name], self.net_.criterion_.losses[name]
        values, _, weight = dataset.target(name, torch.from_numpy(rows))
        weight = np.ones(len(rows)) if weight is None else weight.double().numpy()
        there = weight > 0
        truth = truth_of(modality, raw, values.numpy()[there], rows[there]).astype(float)
        low, high = _ends(modality, loss, scores[torch.from_numpy(there).to(scores.device)])
        return there, weight[there], np.maximum(low - truth, truth - high)

    def _intervals(self, X, confidence):
        """Return the intervals of each target of numbers: {name: (n, 2) or (n, 2, d)}."""
        owner = type(self).__name__
        check_confidence(owner, confidence)
        blocks = self._blocks(X)
        if isinstance(self._calibrations, str):
            raise ValueError(f"{owner}: no intervals can be calibrated: {self._calibrations}.")
        names = np.array(list(blocks))
        present = np.column_stack([block.present for block in blocks.values()])
        patterns, which = np.unique(present, axis=0, return_inverse=True)
        ends = {name: [] for name in self._calibrations}
        for scores in self.net_.outputs(blocks):
            for name, parts in ends.items():
                loss = self.net_.criterion_.losses[name]
                parts.append(_ends(self._targets[name], loss, scores[name]))
        found = {}
        for name, parts in ends.items():
            low, high = (np.concatenate(side) for side in zip(*parts, strict=True))
            calibration = self._calibrations[name]
            bounds = [calibration.bound(tuple(names[one].tolist()), confidence) for one in patterns]
            bounds = np.array(bounds)[which.ravel()]
            bounds = np.maximum(bounds, (low - high) / 2)  # ends meet, but do not cross
            found[name] = np.stack([low - bounds, high + bounds], axis=1)
        return found


def _ends(modality, loss, scores):
    """Return the lowest and the highest of the predictions of each number, which may be one."""
    if flag(loss, "point") is None or scores.shape[-1] == 1:
        predicted = decode_values(modality, loss, scores)
        return predicted, predicted
    every = decode_all(modality, loss, scores)
    return every[..., 0], every[..., -1]


def _joined(by_pattern):
    return {pattern: np.concatenate(parts) for pattern, parts in by_pattern.items()}
