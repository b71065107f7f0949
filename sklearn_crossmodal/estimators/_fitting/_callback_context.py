"""The tasks of a fit, as a tree, of which scikit-learn's callbacks are notified."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from functools import cache

from sklearn_crossmodal.training import EpochTasks, as_if_over

__all__ = ["Task", "begin_fit", "end_fit", "epoch_tasks"]


def _given(X, y, sample_weight) -> dict:
    """Return what callbacks get of a fit: all as the user gave it, rows of weight zero included."""
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return {"X": X, "y": y, "metadata": metadata}


def epoch_tasks(estimator, given, n_trainings):
    """Return what tells scikit-learn's callbacks of each epoch.

    Parameters
    ----------
    estimator : BaseMultimodal
        What is fitted.
    given : (X, y, sample_weight)
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

    def fitted_attributes():
        found = {name: value for name, value in vars(estimator).items() if name not in params}
        return found | {"net_": as_if_over(estimator.net_)}

    @cache  # one fit is one task, however many networks it trains
    def fit_task(n_epochs):
        return begin_fit(estimator, *given, n_parts=n_epochs * n_trainings).context

    def begin(n_epochs):
        task = {"estimator": estimator, **_given(*given)}
        context = fit_task(n_epochs)
        return EpochTasks(context, **task, reconstruction_attributes=fitted_attributes)

    return begin


def begin_fit(estimator, X, y, sample_weight, n_parts):
    """Tell scikit-learn's callbacks that a fit begins.

    Parameters
    ----------
    estimator : estimator with callbacks
        What is fitted.
    X, y, sample_weight : object
        What it is fitted on, as the user gave it.
    n_parts : int
        How many tasks it has at most.

    Returns
    -------
    Task
    """
    context = estimator._init_callback_context(max_subtasks=n_parts)
    task = Task(estimator, context)
    task.begin(**_given(X, y, sample_weight))
    return task


def end_fit(estimator, X, y, sample_weight) -> None:
    """Tell scikit-learn's callbacks that a fit is over, and show them the model that is kept.

    Parameters
    ----------
    estimator : estimator with callbacks
        As it is after the fit; nothing is done if no fit was begun.
    X, y, sample_weight : object
        What it was fitted on, as the user gave it.
    """
    context = getattr(estimator, "_callback_fit_ctx", None)
    if context is not None:
        Task(estimator, context).end(**_given(X, y, sample_weight), reconstruction_attributes={})


class Task:
    """A task of a fit that is made of the fits of other estimators.

    Parameters
    ----------
    estimator : estimator with callbacks
        Whose fit it is.
    context : sklearn.callback.CallbackContext
        Of the task.
    """

    def __init__(self, estimator, context) -> None:
        self.estimator = estimator
        self.context = context

    def begin(self, **given) -> None:
        """Tell callbacks that the task begins."""
        self.context.call_on_fit_task_begin(estimator=self.estimator, **given)

    def end(self, **given) -> bool:
        """Tell callbacks that the task is over; return whether one asks for no more of its kind."""
        return self.context.call_on_fit_task_end(estimator=self.estimator, **given)

    def parts(self, names) -> list[Task]:
        """Return the tasks that it consists of, in order, of which each is one fit."""
        return [Task(self.estimator, self.context.subcontext(task_name=name)) for name in names]

    def part(self, name, n_parts) -> Task:
        """Return a task of several fits that it consists of, which begins."""
        part = Task(self.estimator, self.context.subcontext(task_name=name, max_subtasks=n_parts))
        part.begin()
        return part

    @contextmanager
    def around(self, estimator):
        """Let callbacks see the fit of another estimator, which is this task."""
        # scikit-learn warns of one that takes none, which companions are by default.
        takes = hasattr(estimator, "set_callbacks")
        with self.context.propagate_callback_context(estimator) if takes else nullcontext():
            self.begin()
            yield
        self.end()
