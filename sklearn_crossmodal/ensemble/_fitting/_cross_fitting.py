"""Cross-fitting: each base model is fitted on all folds but one, and predicts that one."""

from __future__ import annotations

import time

import numpy as np

from sklearn_crossmodal.ensemble._fitting._base_models import NetworkModel, comes_first
from sklearn_crossmodal.ensemble._fitting._fold_models import FittedBaseModel
from sklearn_crossmodal.ensemble._fitting._network_fitting import fit_networks
from sklearn_crossmodal.training import are_in_order
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict
from sklearn_crossmodal.utils._cache import SHARED
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["CrossFit"]

#: Shares of the time that is left which one base model may take in the first round. The linear
#: models of single modalities come first and are the cheapest.
_SHARE_OF_COMPANION, _SHARE = 0.5, 0.8
#: How much longer than the first fold another one may take.
_MARGIN = 1.1
#: Seconds of a round that took no measurable time.
_TICK = 1e-3


class CrossFit:
    """Fits base models on folds, in their order, until the time is up.

    With a time limit, all are fitted on one fold before any is fitted on the others, as many of
    which follow as there is time for with every base model.

    Parameters
    ----------
    samples : Samples
        To fit them on.
    folds : list of (ndarray, ndarray)
        Rows to train on, and rows to predict.
    companions : CompanionFitting
        What fits companions.
    clock : Clock
        The time limit.
    n_jobs : int or None
        Fits at a time.
    embedding : dict of str to float
        Seconds that frozen encoders take, by modality.

    Attributes
    ----------
    fitted : list of FittedBaseModel
        In their order.
    left_out : list of str
        Names of those for which there was no time.
    """

    def __init__(self, samples, folds, companions, clock, *, n_jobs, embedding) -> None:
        self._samples = samples
        self._folds = folds
        self._companions = companions
        self._clock = clock
        self._n_jobs = n_jobs
        self._embedding = dict(embedding)
        self._in_order = all(are_in_order(*fold) for fold in folds)
        self._fits: dict[str, dict] = {}
        self.fitted: list[FittedBaseModel] = []
        self.left_out: list[str] = []

    def run(self, base_models: list, task, bar) -> None:
        """Fit base models.

        Parameters
        ----------
        base_models : list of NetworkModel or CompanionModel
            In the order in which they are fitted.
        task : Task
            Of which each is a part, for callbacks.
        bar : tqdm
            A progress bar over the folds of all.
        """
        places = list(range(len(self._folds)))
        if self._clock.runs:
            self._rounds_in_time(base_models, places, task, bar)
        else:
            self._round(base_models, places, task, bar)
        bar.update(len(base_models) * len(places) - bar.n)
        for model in base_models:
            if model.name in self._fits:
                self.fitted.append(self._joined(model, self._fits[model.name]))
            else:
                self.left_out.append(model.name)

    def _rounds_in_time(self, base_models: list, places: list[int], task, bar) -> None:
        """Fit base models on one fold, then on as many others as there is time for."""
        if self._in_order:
            places = places[::-1]  # the last fold trains on most rows
        start, embedding = time.time(), SHARED.seconds
        is_over = self._round(base_models, places[:1], task, bar)
        once = self._wasted + SHARED.seconds - embedding
        each = _MARGIN * (time.time() - start - once)
        n_more = int(max(self._clock.left, 0) / max(each, _TICK))
        known = [one for one in base_models if one.name in self._fits]
        if n_more and len(places) > 1 and not is_over:
            self._round(known, places[1 : 1 + n_more], task, bar)

    def _round(self, base_models: list, places: list[int], task, bar) -> bool:
        """Fit base models on some of the folds; return whether a callback asks for no more."""
        self._wasted = 0.0
        n_tries = 2 if self._clock.runs else 1  # a network that has no time may be cut short
        for model in base_models:
            start = time.time()
            part = task.part(model.name, n_tries * len(places))
            bar.set_postfix_str(model.name)
            fits = self._fit(model, places, part)
            if fits:
                self._fits.setdefault(model.name, {}).update(zip(places, fits, strict=False))
                for name in model.modalities:
                    self._embedding.pop(name, None)  # kept from now on
                bar.update(len(fits))
            else:
                self._wasted += time.time() - start
            if part.end() and self._fits:
                return True
        return False

    def _fit(self, model, places: list[int], part) -> list[tuple]:
        """Return the fits of a base model on some folds; none if there is no time."""
        tasks, is_network = part.parts(["fold"] * len(places)), isinstance(model, NetworkModel)
        needed = sum(self._embedding.get(name, 0.0) for name in model.modalities)
        seconds = self._seconds_for(model, needed)
        if self._fits and seconds is not None and needed > seconds:
            return []
        if not is_network:
            return self._companions.fit(model, places, tasks, seconds=seconds)
        fits = []
        if seconds is None or seconds > 0:
            fits = self._networks(model, places, tasks, seconds)
        if not fits and not self._fits:  # better one that is cut short than nothing
            tasks = part.parts(["fold"] * len(places))
            fits = self._networks(model, places, tasks, self._clock.left, cut=True)
        return fits

    def _seconds_for(self, model, embedding: float) -> float | None:
        """Return the time that a base model may take; the first companion takes what it needs."""
        is_network = isinstance(model, NetworkModel)
        if not self._clock.runs or not (self._fits or is_network):
            return None
        share = _SHARE if is_network or comes_first(model) else _SHARE_OF_COMPANION
        return embedding + share * (self._clock.left - embedding)

    def _networks(self, model, places, tasks, seconds, *, cut=False) -> list[tuple]:
        folds = [self._folds[place] for place in places]
        settings = {"seconds": seconds, "n_jobs": self._n_jobs, "tasks": tasks, "cut": cut}
        fits = fit_networks(model, self._samples, folds, **settings)
        with error_prefix(f"{self._samples.owner}: {model.description}"):
            return [
                (fitted, self._predictions(fitted, validation), spent)
                for (fitted, spent), (_, validation) in zip(fits, folds, strict=False)
            ]

    def _predictions(self, fitted, validation) -> dict[tuple, tuple]:
        """Return rows and their predictions, for each subset that a network supports."""
        view, predictions = self._samples.view, {}
        for subset in self._samples.subsets:
            rows = validation[view.has_all(subset)[validation]]
            if fitted.known(subset) and len(rows):
                found = fitted.predict(view, subset, rows, self._samples.predict_with)
                predictions[subset] = rows, found
        return predictions

    def _joined(self, model, fits: dict[int, tuple]) -> FittedBaseModel:
        """Join the predictions of all folds, into one array for each subset of modalities."""
        joined, n_rows = PatternDict(), len(self._samples.y)
        fits = [fits[place] for place in sorted(fits)]
        for _, predictions, _ in fits:
            for subset, (rows, found) in predictions.items():
                if subset not in joined:
                    joined[subset] = np.full((n_rows, *found.shape[1:]), np.nan)
                joined[subset][rows] = found
        # Of folds in order of time the earlier ones train on the oldest rows alone.
        models = [fitted for fitted, *_ in (fits[-1:] if self._in_order else fits)]
        seconds = sum(spent for *_, spent in fits)
        return FittedBaseModel(model, models, joined, seconds, len(fits))
