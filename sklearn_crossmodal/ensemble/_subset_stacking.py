"""Combiners of members, one for each pattern of modalities."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from sklearn_crossmodal.ensemble._cross_fitting import FittedMember
from sklearn_crossmodal.ensemble._meta_learner_selection import choose_combiner
from sklearn_crossmodal.ensemble._modality_view import View
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.uncertainty._modality_subsets import PatternDict

__all__ = ["PatternCombiners"]


class PatternCombiners:
    """What makes one answer of what members say, for each pattern of modalities.

    Parameters
    ----------
    candidates : sequence of combiners
        Of which each pattern gets the best; the first is the mean.
    members : list of FittedMember
        Whose answers are combined.
    """

    def __init__(self, candidates, members: list[FittedMember]) -> None:
        self._candidates = candidates
        self._members = members
        self._found = PatternDict()

    def fit(
        self, view: View, target, losses, *, sample_weight, groups, stratify, seed, clock
    ) -> dict:
        """Choose a combiner for each pattern by what was said out of fold.

        Parameters
        ----------
        view : View
            The samples of which it was said.
        target : ndarray of shape (n, ...)
            What was to be said.
        losses : callable
            (predictions, target) -> ndarray of shape (n,).
        sample_weight : ndarray of shape (n,) or None
            Weights of the samples.
        groups : ndarray of shape (n,) or None
            Rows of a group are in one fold.
        stratify : bool
            Whether the target are classes.
        seed : int
            Of the folds.
        clock : Clock
            When time is up: patterns that are left get the mean.

        Returns
        -------
        dict of tuple of str to (ndarray, ndarray)
            For each pattern, the rows that all its members speak of, and what the combiner says of
            them when fitted on others.
        """
        crossed = {}
        for pattern in view.patterns_to_combine():
            rows, answers, speaking = self._said(view, pattern)
            if len(rows):
                in_time = self._candidates if clock.left > 0 else self._candidates[:1]
                combiner, found = choose_combiner(
                    in_time,
                    answers,
                    target[rows],
                    losses,
                    sample_weight=None if sample_weight is None else sample_weight[rows],
                    groups=None if groups is None else groups[rows],
                    stratify=stratify,
                    seed=seed,
                )
                self._found[pattern] = combiner, speaking
                crossed[pattern] = rows, found
        return crossed

    def weights(self, pattern: tuple) -> np.ndarray:
        """Return the weight of each member in what is said of a pattern."""
        weights = np.zeros(len(self._members))
        combiner, speaking = self._of(pattern)
        weights[speaking] = combiner.weights_
        return weights

    def combine(self, view: View, pattern: tuple, rows: np.ndarray, answer) -> np.ndarray:
        """Return what the members say together of some samples that have just a pattern."""
        combiner, speaking = self._of(pattern)
        members = [self._members[place] for place in speaking]
        said = [one.mean_answer(view, pattern, rows, answer) for one in members]
        return combiner.combine(np.stack(said, axis=1))

    def _said(self, view, pattern):
        """Return the rows of which all members that know the pattern speak, and what they say."""
        speaking = [p for p, one in enumerate(self._members) if pattern in one.answers]
        if not speaking:  # no fold without these rows knows its modalities
            return [], [], []
        rows = np.flatnonzero(view.rows_with(pattern))
        answers = np.stack([self._members[p].answers[pattern][rows] for p in speaking], axis=1)
        there = ~np.isnan(answers).reshape(len(rows), -1).any(axis=1)
        return rows[there], answers[there], speaking

    def _of(self, pattern):
        """Return the combiner of a pattern, and its members; the mean where none was fitted."""
        if pattern in self._found:
            return self._found[pattern]
        speaking = [place for place, one in enumerate(self._members) if one.speaks_of(pattern)]
        if not speaking:
            raise ModalityError(
                f"No fold was trained on samples that have any of the modalities {list(pattern)}: "
                "give a cv whose training rows have them."
            )
        blank = np.zeros((1, len(speaking), *self._members[0].shape))
        return clone(self._candidates[0]).fit(blank, None), speaking
