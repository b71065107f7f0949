"""What scikit-learn's callbacks are told of a fit."""

from __future__ import annotations

from functools import cache

from sklearn_crossmodal.training import EpochTasks

__all__ = ["epoch_tasks"]


def epoch_tasks(estimator, X, y, n_trainings):
    """Return what tells scikit-learn's callbacks of each epoch.

    Parameters
    ----------
    estimator : BaseCrossmodal
        What is fitted.
    X, y : object
        What it is fitted on.
    n_trainings : int
        How many networks are trained, one after another.

    Returns
    -------
    callable or None
        From the number of epochs to a callback of the net; None if there are no callbacks.
    """
    if not hasattr(estimator, "_skl_callbacks"):
        return None
    params = estimator.get_params(deep=False)
    task = {"estimator": estimator, "X": X, "y": y}

    def fitted_attributes():
        return {name: value for name, value in vars(estimator).items() if name not in params}

    @cache  # one fit is one task, however many networks it trains
    def fit_task(n_epochs):
        context = estimator._init_callback_context(max_subtasks=n_epochs * n_trainings)
        context.call_on_fit_task_begin(**task)
        return context

    def begin(n_epochs):
        context = fit_task(n_epochs)
        return EpochTasks(context, **task, reconstruction_attributes=fitted_attributes)

    return begin
