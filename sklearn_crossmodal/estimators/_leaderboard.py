"""What a fit out of fold tells about models and their combination."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch

__all__ = ["fusion_gain", "leaderboard"]


def leaderboard(members, merits, weights) -> dict[str, np.ndarray]:
    """Return a table of all members and their combination, the best first."""
    rows = [
        (one.member.name, " + ".join(one.member.modalities), weight, one.seconds)
        for one, weight in zip(members, weights, strict=True)
    ]
    every = dict.fromkeys(name for one in members for name in one.member.modalities)
    rows.append(("fused", " + ".join(every), np.nan, sum(one.seconds for one in members)))
    score = np.array([np.nanmean(merit) for merit in merits])
    error = [np.nanstd(merit) / np.sqrt(np.isfinite(merit).sum()) for merit in merits]
    order = np.argsort(-score, kind="stable")
    names, modalities, shares, seconds = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "model": names[order],
        "modalities": modalities[order],
        "score": score[order],
        "standard_error": np.array(error)[order],
        "weight": shares[order],
        "seconds": seconds[order],
    }


def fusion_gain(merits: dict, fused: np.ndarray, names: tuple) -> Bunch | None:
    """Return by how much the combination beats the best single modality; None if there is one."""
    alone = {name: merits[name] for name in names if name in merits}
    if not alone:
        return None
    best = max(alone, key=lambda name: np.nanmean(alone[name]))
    apart = fused - alone[best]
    apart = apart[np.isfinite(apart)]
    half = 1.96 * apart.std() / np.sqrt(max(len(apart), 1))
    gain = apart.mean()
    return Bunch(gain=gain, interval=(gain - half, gain + half), against=best)
