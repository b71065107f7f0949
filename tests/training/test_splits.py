"""Folds of few rows, of rare classes and of few groups."""

import numpy as np
import pytest

from sklearn_crossmodal.training import deal_folds


def dealt(y, n_folds=5, groups=None, stratify=True):
    return deal_folds(n_folds, np.asarray(y), groups, stratify=stratify, seed=0)


@pytest.mark.parametrize("n_rare", [1, 2, 4])
def test_a_rare_class_takes_no_folds_away(n_rare, recwarn):
    y = np.r_[np.zeros(50), np.ones(50), np.full(n_rare, 2)]
    folds = dealt(y)
    assert len(folds) == 5
    assert sum((y[validation] == 2).any() for _, validation in folds) == n_rare
    assert not recwarn.list


def test_folds_are_no_more_than_rows_or_groups():
    assert len(dealt([0, 1, 1], n_folds=8)) == 2
    assert len(dealt([0, 1, 2], n_folds=8)) == 3
    assert len(dealt([0.5, 1.5, 2.5], stratify=False)) == 3
    assert dealt([0.5], stratify=False) == []
    groups = np.repeat([0, 1, 2], 10)
    for stratify in (True, False):
        folds = dealt(np.arange(30) % 2, groups=groups, stratify=stratify)
        assert [len(validation) for _, validation in folds] == [10, 10, 10]
    assert dealt(np.arange(30) % 2, groups=np.zeros(30)) == []


def test_groups_are_whole_and_classes_spread():
    groups = np.repeat(np.arange(20), 5)
    y = groups % 2
    for training, validation in dealt(y, groups=groups):
        assert not set(groups[training]) & set(groups[validation])
        assert len(np.unique(y[validation])) == 2
