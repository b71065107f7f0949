"""Run many trainings: vectorised where they can be, the others one after another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from skorch.history import History

from sklearn_crossmodal.nn.networks._multimodal import AveragedNetwork
from sklearn_crossmodal.training._fit_loop import Training, train
from sklearn_crossmodal.training._net import Net
from sklearn_crossmodal.training._vectorized._fit_loop import lane_key, train_vectorized
from sklearn_crossmodal.training._vectorized._stacking_key import stack_key
from sklearn_crossmodal.utils._interrupts import is_nested_fit

__all__ = ["joined", "raise_interrupt", "train_all", "train_each"]

#: Maximal number of weights of networks that are trained at once.
STACKED_NUMBERS = 2**23


def train_all(trainings: Sequence[Training]) -> None:
    """Train nets; raise what the first that fails raises, after which none is begun."""
    if len(trainings) == 1:
        return train(trainings[0])
    for error in train_each(trainings, stop_on_error=True):
        if error is not None:
            raise error


def raise_interrupt(trainings: Sequence[Training]) -> None:
    """Raise `KeyboardInterrupt` if a training was interrupted inside a larger fit.

    A search, an ensemble or a loop of scikit-learn would go on with the next fit. Where the fit
    stands by itself the model is kept as far as it came, and the user goes on.
    """
    if any(training.net.interrupted_ for training in trainings) and is_nested_fit():
        raise KeyboardInterrupt


def joined(nets: Sequence[Net]) -> Net:
    """Return a net that predicts the mean scores of trained ones; the only one is itself.

    Its history has the epochs of all, one net after another, which ``"fold"`` counts.
    """
    first = nets[0]
    if len(nets) > 1:
        rows = [{**row, "fold": fold} for fold, net in enumerate(nets) for row in net.history]
        network = AveragedNetwork([net.module_ for net in nets])
        first.module = first.module_ = network
        first.history_ = History(rows)
    return first


def train_each(
    trainings: Sequence[Training], verbose: int = 0, *, stop_on_error: bool = False
) -> list[Exception | None]:
    """Train nets, those of one architecture at once, with the numbers of `train`.

    They may differ in rows, seed, learning rate, weight decay, dropout, number of epochs and
    patience. Whether they can be trained at once shows in their structure, see `stack_key`.

    Parameters
    ----------
    trainings : sequence of Training
        What is to be done.
    verbose : int, default=0
        Above 0 it is printed what is trained one after another, and why.
    stop_on_error : bool, default=False
        Whether none is begun after one that failed; none is after one that was interrupted.

    Returns
    -------
    list of Exception or None
        What each training raised, for example because it diverged.
    """
    groups: dict[tuple | str, list[int]] = defaultdict(list)
    for place, training in enumerate(trainings):
        groups[stack_key(training)].append(place)
    errors: dict[int, Exception | None] = {}
    for key, places in groups.items():
        if isinstance(key, str) and verbose:
            print(f"{len(places)} networks are trained one after another: {key}.", flush=True)
        for some in _parts(places, trainings, alone=isinstance(key, str)):
            if stop_on_error and any(error is not None for error in errors.values()):
                break
            if any(trainings[place].net.interrupted_ for place in errors):
                break
            found = _train([trainings[place] for place in some])
            errors |= dict(zip(some, found, strict=True))
    return [errors.get(place) for place in range(len(trainings))]


def _parts(places: list[int], trainings: Sequence[Training], *, alone: bool) -> Iterator[list[int]]:
    """Yield the places of trainings that are done at a time, those of one lane side by side."""
    weights = trainings[places[0]].net.module_.parameters()
    n_numbers = sum(weight.numel() for weight in weights if weight.requires_grad)
    n_stacked = 1 if alone else max(1, STACKED_NUMBERS // max(n_numbers, 1))
    lanes: dict[tuple, list[int]] = defaultdict(list)
    for place in places:
        lanes[lane_key(trainings[place])].append(place)
    # In a lane by learning rate: the weights of adjacent nets of one rate move in one call.
    ordered = [
        p for lane in lanes.values() for p in sorted(lane, key=lambda p: trainings[p].net.lr)
    ]
    for start in range(0, len(ordered), n_stacked):
        yield ordered[start : start + n_stacked]


def _train(trainings: list[Training]) -> list[Exception | None]:
    if len(trainings) > 1:
        return train_vectorized(trainings)
    try:
        train(trainings[0])
    except Exception as error:
        return [error]
    return [None]
