"""What a fit out of fold tells about models and their combination."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch

__all__ = ["fusion_gain", "leaderboard"]


def leaderboard(members, merits, shares, weight) -> dict[str, np.ndarray]:
    """Return a table of all members and their combination, the best first."""
    rows = [
        (one.member.name, " + ".join(one.member.modalities), share, one.seconds)
        for one, share in zip(members, shares, strict=True)
    ]
    every = dict.fromkeys(name for one in members for name in one.member.modalities)
    rows.append(("fused", " + ".join(every), np.nan, sum(one.seconds for one in members)))
    score, error = np.array([_mean_and_error(merit, weight) for merit in merits]).T
    order = np.argsort(-score, kind="stable")
    names, modalities, shares, seconds = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "model": names[order],
        "modalities": modalities[order],
        "score": score[order],
        "standard_error": error[order],
        "weight": shares[order],
        "seconds": seconds[order],
    }


def fusion_gain(merits: dict, fused: np.ndarray, names: tuple, weight) -> Bunch | None:
    """Return by how much the combination beats the best single modality; None if there is one."""
    alone = {name: merits[name] for name in names if name in merits}
    if not alone:
        return None
    best = max(alone, key=lambda name: _mean_and_error(alone[name], weight)[0])
    gain, error = _mean_and_error(fused - alone[best], weight)
    half = 1.96 * error
    return Bunch(gain=gain, interval=(gain - half, gain + half), against=best)


def _mean_and_error(merit, weight) -> tuple:
    """Return the weighted mean of what is known of samples that count, and its standard error."""
    known = np.isfinite(merit) & (weight > 0)
    if not known.any():
        return np.nan, np.nan
    merit, shares = merit[known], weight[known] / weight[known].sum()
    mean = shares @ merit
    return mean, np.sqrt(shares**2 @ (merit - mean) ** 2)
