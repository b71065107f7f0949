"""Split conformal intervals of numbers, calibrated on held-out rows."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch

from sklearn_crossmodal.estimators._targets._modality import decode_all, decode_values
from sklearn_crossmodal.estimators._targets._scoring import truth_of
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.training import presence_of, scores_by_pattern
from sklearn_crossmodal.training._post_fit._steps import PostFit
from sklearn_crossmodal.uncertainty._conformal import Calibration
from sklearn_crossmodal.uncertainty._modality_subsets import patterns_to_calibrate

__all__ = ["ConformalIntervals"]


class ConformalIntervals(PostFit):
    """Split conformal prediction of the numbers of y, on rows that were held out.

    Parameters
    ----------
    target : CrossTarget
        Fitted.
    resumes : bool
        Whether training is resumed from another fit, which may have seen the rows.

    Attributes
    ----------
    calibrations : dict of str to Calibration, or str
        For each target of numbers; or why there is none.
    """

    def __init__(self, target, *, resumes: bool) -> None:
        self.target = target
        self.resumes = resumes
        self.calibrations: dict | str = "it is not fitted"

    def after(self, trainings):
        """Calibrate the intervals, where rows were held out."""
        numbers = any(one.kind == "vector" for one in self.target.modalities.values())
        if trainings[0].split is None:
            self.calibrations = (
                "no rows were held out in the last training: set validation=0.15 or n_folds"
            )
        elif self.resumes:
            self.calibrations = (
                "the last training went on from another, which may have seen the rows that it held "
                "out: set warm_start=False"
            )
        elif not numbers:
            self.calibrations = "no target is numbers"
        else:
            self.calibrations = self._calibrate(trainings)

    def _calibrate(self, trainings) -> dict:
        """Find, for each subset of modalities, how far held-out predictions are off."""
        dataset = trainings[0].dataset
        names, present = list(dataset.values), presence_of(dataset)
        patterns = patterns_to_calibrate(names, present)
        seen = [np.isin(names, pattern) for pattern in patterns]
        modalities, raw = self.target.modalities, self.target.raw(dataset.labels)
        raw = {name: raw[name] for name, one in modalities.items() if one.kind == "vector"}
        scores, exact, weights = (defaultdict(lambda: defaultdict(list)) for _ in range(3))
        for training in trainings:
            net, held_out = training.net, training.split[1]
            predicted = scores_by_pattern(net, dataset.take(held_out), seen, list(raw))
            for pattern, flags, (places, found) in zip(patterns, seen, predicted, strict=True):
                rows = held_out[places]
                for name in found:
                    there, weight, off = self._distances(
                        name, net, dataset, rows, found[name], raw[name]
                    )
                    scores[name][pattern].append(off)
                    weights[name][pattern].append(weight)
                    exact[name][pattern].append((present[rows[there]] == flags).all(axis=1))
        return {
            name: Calibration(*(_joined(part[name]) for part in (scores, exact, weights)))
            for name in scores
        }

    def _distances(self, name, net, dataset, rows, scores, raw):
        """Return which rows have a target, their weights, and how far beyond its ends they lie."""
        modality, loss = self.target.modalities[name], net.criterion_.losses[name]
        values, _, weight = dataset.target(name, torch.from_numpy(rows))
        weight = np.ones(len(rows)) if weight is None else weight.double().numpy()
        there = weight > 0
        truth = truth_of(modality, raw, values.numpy()[there], rows[there]).astype(float)
        low, high = _ends(modality, loss, scores[torch.from_numpy(there).to(scores.device)])
        return there, weight[there], np.maximum(low - truth, truth - high)

    def predict(self, owner: str, net, blocks, confidence: float) -> dict:
        """Return the intervals of each target of numbers.

        Parameters
        ----------
        owner : str
            Name of the estimator, for messages.
        net : Net
            Trained.
        blocks : mapping of str to Block
            The samples.
        confidence : float
            Share of samples whose interval is to hold their number.

        Returns
        -------
        dict of str to ndarray of shape (n, 2) or (n, 2, d)
        """
        if isinstance(self.calibrations, str):
            raise ValueError(f"{owner}: no intervals can be calibrated: {self.calibrations}.")
        names = np.array(list(blocks))
        present = np.column_stack([block.present for block in blocks.values()])
        patterns, which = np.unique(present, axis=0, return_inverse=True)
        modalities, losses = self.target.modalities, net.criterion_.losses
        ends = {name: [] for name in self.calibrations}
        for scores in net.outputs(blocks):
            for name, parts in ends.items():
                parts.append(_ends(modalities[name], losses[name], scores[name]))
        found = {}
        for name, parts in ends.items():
            low, high = (np.concatenate(side) for side in zip(*parts, strict=True))
            calibration = self.calibrations[name]
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
