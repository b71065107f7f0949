"""What each modality adds to the rest, by out-of-fold predictions of the combination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.utils import Bunch

from sklearn_crossmodal.ensemble._leaderboard import mean_and_error

__all__ = ["fusion_gain"]

#: Half the width of a 95 % confidence interval, in standard errors.
_Z = 1.96


def fusion_gain(
    scores: Mapping[tuple, np.ndarray],
    sides: Sequence[tuple],
    weight: np.ndarray,
    metric: str,
    groups: np.ndarray | None = None,
) -> Bunch | None:
    """Return what each modality adds; None if there is one, or no sample has all.

    Parameters
    ----------
    scores : mapping of tuple of str to ndarray of shape (n,)
        For each subset of modalities the score of each sample, cut down to it, by the combination
        of what was fitted; NaN for samples that lack one of them.
    sides : sequence of tuple of str
        The modalities; those of one tuple count as one.
    weight : ndarray of shape (n,)
        Weights of the samples.
    metric : str
        Name of the score.
    groups : ndarray of shape (n,), default=None
        Samples of one group are no independent ones.

    Returns
    -------
    Bunch or None
        As `fusion_gain_` has it.
    """
    names = [name for side in sides for name in side]
    fused = _find(scores, names)
    if len(sides) < 2 or fused is None or not np.isfinite(fused).any():
        return None
    label = [" + ".join(side) for side in sides]
    alone = [_find(scores, side) for side in sides]
    rest = [_find(scores, [name for name in names if name not in side]) for side in sides]
    table = {
        "modality": np.array(label, dtype=object),
        "alone": np.array([_on_rows_of(fused, one, weight)[0] for one in alone]),
        "without": np.array([_on_rows_of(fused, one, weight)[0] for one in rest]),
    }
    gains = np.array([_difference(fused, one, weight, groups) for one in rest])
    table |= {"gain": gains[:, 0], "lower": gains[:, 1], "upper": gains[:, 2]}
    if not np.isfinite(table["alone"]).all():  # which is best is not known then
        return None
    best = int(np.nanargmax(table["alone"]))
    gain, *interval = _difference(fused, alone[best], weight, groups)
    found = Bunch(table=table, gain=gain, interval=tuple(interval), against=label[best])
    found.summary = _summary(found, mean_and_error(fused, weight)[0], metric)
    return found


def _find(scores: Mapping, names) -> np.ndarray | None:
    return next((one for subset, one in scores.items() if set(subset) == set(names)), None)


def _on_rows_of(fused, score, weight) -> tuple:
    """Return mean and standard error over the samples that have all modalities."""
    if score is None:
        return np.nan, np.nan
    return mean_and_error(np.where(np.isfinite(fused), score, np.nan), weight)


def _difference(fused, score, weight, groups) -> tuple:
    """Return the mean difference of paired scores, and its 95 % confidence interval."""
    if score is None:
        return np.nan, np.nan, np.nan
    gain, error = mean_and_error(fused - score, weight, groups)
    return gain, gain - _Z * error, gain + _Z * error


def _summary(found: Bunch, score: float, metric: str) -> str:
    """Say in a sentence what fusing gained, and in another what each modality adds."""
    table = found.table
    parts = [
        f"{name} {_points(gain)} ({_interval(lower, upper)})"
        for name, gain, lower, upper in zip(
            *(table[key] for key in ("modality", "gain", "lower", "upper")), strict=True
        )
        if np.isfinite(gain)
    ]
    way = "gained" if found.gain >= 0 else "lost"
    return (
        f"Fusing {way} {abs(100 * found.gain):.1f} points of {metric} over {found.against} alone, "
        f"the best single modality (95 % interval {_interval(*found.interval)}): {score:.3f} in "
        f"cross-validation. What each modality adds to the rest: {', '.join(parts)}."
    )


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _interval(lower: float, upper: float) -> str:
    return f"{100 * lower:.1f} to {100 * upper:.1f}"
