"""Whether aligning or predicting keeps what tells y, in worlds where it is known."""

import numpy as np
import pytest

from sklearn_crossmodal import MultiModalFrame, align_or_predict
from sklearn_crossmodal.exceptions import ModalityError

N = 1200


def world(signal_correlation, nuisance_correlation, nuisance_scale=1.0, seed=0):
    """Return two modalities of a signal and a nuisance, each correlated between them, and y."""
    rng = np.random.default_rng(seed)

    def pair(correlation):
        left = rng.normal(size=(N, 2))
        noise = rng.normal(size=(N, 2))
        return left, correlation * left + np.sqrt(1 - correlation**2) * noise

    signals, nuisances = pair(signal_correlation), pair(nuisance_correlation)
    X = {
        name: np.hstack([signal, nuisance_scale * nuisance])
        for name, signal, nuisance in zip("ab", signals, nuisances, strict=True)
    }
    return X, signals[0] + signals[1]


def test_a_shared_signal_is_kept_by_both():
    X, y = world(0.9, 0.1)
    found = align_or_predict(X, y, random_state=0)
    assert found.regime == "both"
    assert found.kappa == pytest.approx(0.9, abs=0.05)
    assert found.nu == pytest.approx(0.1, abs=0.08)
    assert found.separation_align > 3
    assert set(found.separation_predict) == {("a", "b"), ("b", "a")}
    assert "both keep" in found.message


def test_a_shared_nuisance_hides_a_weak_signal():
    X, y = world(0.3, 0.9)
    found = align_or_predict(X, y, random_state=0)
    assert found.regime == "neither"
    assert found.nu == pytest.approx(0.9, abs=0.05)
    assert found.separation_align < 0.6
    assert "FusionClassifier" in found.message


def test_it_does_not_depend_on_the_units_of_columns():
    X, y = world(0.8, 0.2)
    scaled = {"a": X["a"] * [1, 100, 0.01, 1], "b": 7 - X["b"]}
    first, second = (align_or_predict(one, y, random_state=0) for one in (X, scaled))
    assert first.regime == second.regime
    assert first.kappa == pytest.approx(second.kappa, abs=0.02)


def test_classes_and_noise():
    X, y = world(0.9, 0.1)
    labels = np.array(["low", "high"])[(y[:, 0] > 0).astype(int)]
    assert align_or_predict(X, labels, random_state=0).kappa > 0.8
    noise = np.random.default_rng(1).normal(size=N)
    nothing = align_or_predict(X, noise, random_state=0)
    assert nothing.kappa == 0
    assert nothing.regime == "neither"


def test_it_is_the_same_each_time():
    X, y = world(0.5, 0.4)
    assert align_or_predict(X, y, random_state=3) == align_or_predict(X, y, random_state=3)


def test_what_is_wrong_is_told():
    X, y = world(0.5, 0.4)
    with pytest.raises(ModalityError, match="two modalities are compared"):
        align_or_predict({**X, "c": X["a"]}, y)
    few = MultiModalFrame(X, present={"a": np.arange(N) < 39})
    with pytest.raises(ValueError, match="39 samples have both"):
        align_or_predict(few, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        align_or_predict(X, y[:-1])
