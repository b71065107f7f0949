"""Cross-fitting: each base model is fitted on all folds but one, and predicts that one."""

from __future__ import annotations

import numpy as np

from sklearn_crossmodal.ensemble._fitting._base_models import NetworkModel
from sklearn_crossmodal.ensemble._fitting._fold_models import FittedBaseModel
from sklearn_crossmodal.ensemble._fitting._network_fitting import fit_networks
from sklearn_crossmodal.training import are_in_order
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["CrossFit"]

#: Shares of the time that is left which a network may take: for all folds, and for one alone.
_SHARES = 0.6, 0.8


class CrossFit:
    """Fits base models on folds, in their order, until the time is up.

    Parameters
    ----------
    samples : Samples
        To fit them on.
    folds : list of (ndarray, ndarray)
        Rows to train on, and rows to predict.
    companions : CompanionFitting
        What fits companions.
    clock : Clock
        The time limit. A base model whose folds do not all fit into the time is left out; a
        network may be fitted on one fold alone then.
    n_jobs : int or None
        Fits at a time.
    """

    def __init__(self, samples, folds, companions, clock, *, n_jobs) -> None:
        self._samples = samples
        self._folds = folds
        self._companions = companions
        self._clock = clock
        self._n_jobs = n_jobs
        self._in_order = all(are_in_order(*fold) for fold in folds)
        self.fitted: list[FittedBaseModel] = []
        self.left_out: list[str] = []

    def run(self, base_models: list, task, bar) -> None:
        """Fit base models; those that do not fit into the time are `left_out`.

        Parameters
        ----------
        base_models : list of NetworkModel or CompanionModel
            In the order in which they are fitted.
        task : Task
            Of which each is a part, for callbacks.
        bar : tqdm
            A progress bar over the folds of all.
        """
        for place, model in enumerate(base_models):
            n_tries = 1 if not self._clock.runs else 3  # a network has two tries
            part = task.part(model.name, n_tries * len(self._folds))
            bar.set_postfix_str(model.name)
            fits = self._fit(model, part)
            if fits:
                self.fitted.append(self._joined(model, fits))
            else:
                self.left_out.append(model.name)
            bar.update(len(self._folds))
            if part.end() and self.fitted:
                self.left_out += [one.name for one in base_models[place + 1 :]]
                break

    def _fit(self, model, part) -> list[tuple]:
        tasks = part.parts(["fold"] * len(self._folds))
        if not isinstance(model, NetworkModel):
            return self._companions.fit(model, tasks, is_first=not self.fitted)
        if not self._clock.runs:
            return self._networks(model, self._folds, tasks, None)
        fits = []
        one = self._folds[-1:] if self._in_order else self._folds[:1]
        for folds, share in zip((self._folds, one), _SHARES, strict=True):
            seconds = share * self._clock.left
            if seconds > 0 and not fits:
                fits = self._networks(model, folds, part.parts(["fold"] * len(folds)), seconds)
        if not fits and not self.fitted:  # better one that is cut short than nothing
            fits = self._networks(model, one, tasks[:1], self._clock.left, cut=True)
        return fits

    def _networks(self, model, folds, tasks, seconds, *, cut=False) -> list[tuple]:
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

    def _joined(self, model, fits) -> FittedBaseModel:
        """Join the predictions of all folds, into one array for each subset of modalities."""
        joined, n_rows = PatternDict(), len(self._samples.y)
        for _, predictions, _ in fits:
            for subset, (rows, found) in predictions.items():
                if subset not in joined:
                    joined[subset] = np.full((n_rows, *found.shape[1:]), np.nan)
                joined[subset][rows] = found
        # Of folds in order of time the earlier ones train on the oldest rows alone.
        models = [fitted for fitted, *_ in (fits[-1:] if self._in_order else fits)]
        return FittedBaseModel(model, models, joined, sum(spent for *_, spent in fits))
