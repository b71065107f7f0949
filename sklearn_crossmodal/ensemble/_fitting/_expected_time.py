"""How long a fit will take, by small fits before it."""

from __future__ import annotations

import math
import warnings
from contextlib import suppress
from functools import partial

import numpy as np

from sklearn_crossmodal.ensemble._fitting._base_models import (
    CompanionModel,
    NetworkModel,
    has_frozen_encoder,
)
from sklearn_crossmodal.ensemble._fitting._time_budget import expected_seconds, portion
from sklearn_crossmodal.estimators._vectorizer import ModalityVectorizer
from sklearn_crossmodal.training import choose_batch_size, choose_max_epochs
from sklearn_crossmodal.utils._cache import SHARED

__all__ = ["embedding_seconds", "expected_seconds_of"]

#: The small fit of a network is on every eighth row.
_SHARE = 8
#: What a further network costs that is trained beside others.
_COST_BESIDE = 0.3
#: Samples that a frozen encoder embeds to see how fast it is, after as many that load it.
_EMBEDDED = 8


def expected_seconds_of(base_models: list, samples, folds: list, companions) -> float:
    """Return how many seconds it will take to fit base models on all folds, to a factor of two.

    Parameters
    ----------
    base_models : list of NetworkModel or CompanionModel
        What is to be fitted.
    samples : Samples
        To fit them on.
    folds : list of (ndarray, ndarray)
        Rows to train on, and rows to predict.
    companions : CompanionFitting
        What fits companions.
    """
    seconds, n_modalities = 0.0, len(samples.view.names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the fit itself are shown
        for model in base_models:
            if isinstance(model, NetworkModel):
                seconds += _of_network(model, samples, folds)
        whole = [one for one in base_models if isinstance(one, CompanionModel) and not one.n_sides]
        for model in whole:
            each = expected_seconds(partial(companions.seconds_on, model), math.inf)
            groups = [one for one in base_models if getattr(one, "kind", None) == model.kind]
            parts = sum(len(one.modalities) for one in groups) / n_modalities
            seconds += each * parts * (len(folds) + 1)
    return seconds


def _of_network(model, samples, folds) -> float:
    """Return the seconds of all epochs, by those of a second epoch on few rows."""
    training = folds[0][0]
    known, rows = model.known_part(samples.view, portion(training, samples.y, _SHARE))
    network = known.unfitted().set_params(max_epochs=2, verbose=0, callbacks=None)
    network.set_callbacks()  # nor are those of scikit-learn for a trial
    network.fit(samples.view.only(known.modalities, rows), samples.y[rows])
    seconds = network.history_[1]["dur"] if len(network.history_) > 1 else 0.0
    size = model.estimator.get_params(deep=False)
    few, many = (choose_batch_size(size["batch_size"], n) for n in (len(rows), len(training)))
    n_batches = -(-len(training) // many)
    n_epochs = choose_max_epochs(
        size["max_epochs"], n_samples=len(training), batch_size=many, held_out=False
    )
    each = seconds / max(-(-len(rows) // few), 1)
    return each * n_batches * n_epochs * (1 + _COST_BESIDE * (len(folds) - 1))


def embedding_seconds(samples, entries: list[tuple], *, memory) -> dict[str, float]:
    """Return how many seconds frozen encoders take to embed all samples, by a few of them.

    Parameters
    ----------
    samples : Samples
        What is embedded, while `SHARED` is open.
    entries : list of (str, Modality, columns)
        The modalities.
    memory : str, path, joblib.Memory or None
        Cache for the vectors.

    Returns
    -------
    dict of str to float
        Of the modalities with a frozen encoder; nothing for embeddings that are cached.
    """
    found, view = {}, samples.view
    for entry in entries:
        if has_frozen_encoder(entry[1]):
            there = np.flatnonzero(view.present[:, view.names.index(entry[0])])
            few = there[:: max(len(there) // (2 * _EMBEDDED), 1)]
            found[entry[0]] = 0.0
            for rows in (few[::2], few[1::2]):
                before = SHARED.seconds
                with suppress(ValueError), warnings.catch_warnings():  # as of unreadable files,
                    warnings.simplefilter("ignore")  # which the fit itself will show
                    vectorizer = ModalityVectorizer([entry], n_components=None, memory=memory)
                    vectorizer.fit(view.only([entry[0]], rows))
                seconds = (SHARED.seconds - before) / max(len(rows), 1)
                found[entry[0]] = seconds * len(there)
    return found
