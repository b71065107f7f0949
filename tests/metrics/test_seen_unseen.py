"""Accuracy on classes that were seen and on new ones: each class counts alike."""

import numpy as np
import pytest

from sklearn_crossmodal.metrics import seen_unseen_harmonic_mean


def test_it_is_the_harmonic_mean_of_mean_recalls():
    y_true = np.array([0] * 10 + [1] * 2 + [2] * 4 + [3] * 1)
    y_pred = np.array([0] * 5 + [9] * 5 + [1] * 2 + [2] * 1 + [0] * 3 + [3])
    seen, new = (0.5 + 1) / 2, (0.25 + 1) / 2
    expected = 2 * seen * new / (seen + new)
    assert seen_unseen_harmonic_mean(y_true, y_pred, seen=[0, 1]) == pytest.approx(expected)
    assert seen_unseen_harmonic_mean(y_true, y_pred, seen={2, 3}) == pytest.approx(expected)


def test_one_side_that_is_always_wrong_makes_it_zero():
    assert seen_unseen_harmonic_mean(["a", "b"], ["a", "a"], seen=["a"]) == 0
    assert seen_unseen_harmonic_mean(["a", "b"], ["b", "a"], seen=["a"]) == 0


@pytest.mark.parametrize(("seen", "said"), [(["a", "b"], "all"), (["c"], "none")])
def test_both_sides_are_needed(seen, said):
    with pytest.raises(ValueError, match=f"holds {said} of the classes of y_true"):
        seen_unseen_harmonic_mean(["a", "b"], ["a", "b"], seen=seen)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        seen_unseen_harmonic_mean(["a", "b"], ["a"], seen=["a"])
