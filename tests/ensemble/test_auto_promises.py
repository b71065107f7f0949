"""Promises of automatic fusions: noise costs little, and synergy across modalities is found."""

import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression

from sklearn_crossmodal import AutoFusionClassifier, FusionClassifier
from sklearn_crossmodal.datasets import make_multimodal_classification
from sklearn_crossmodal.linear._kernel_ridge import KernelClassifier

SIGNAL = ["m0", "m1"]


@pytest.fixture(scope="module")
def xor():
    """Return training and test samples of XOR across two modalities."""
    X, y = make_multimodal_classification(
        1700, n_features=4, redundant=0, unique=0, synergy=1, random_state=0
    )
    return X[:700], y[:700], X[700:], y[700:]


@pytest.mark.slow
def test_a_fusion_finds_what_only_modalities_together_tell(xor):
    X, y, X_new, y_new = xor
    assert (
        FusionClassifier(n_folds=None, max_epochs=60, random_state=0).fit(X, y).score(X_new, y_new)
        >= 0.85
    )
    late = FusionClassifier(fusion="late", max_epochs=20, random_state=0).fit(X, y)
    assert late.score(X_new, y_new) < 0.6


@pytest.mark.slow
def test_an_automatic_fusion_finds_what_only_modalities_together_tell(xor):
    X, y, X_new, y_new = xor
    network = FusionClassifier(n_folds=None, max_epochs=40)
    auto = AutoFusionClassifier(estimator=network, companions=["linear"], cv=3, random_state=0)
    assert auto.fit(X, y).score(X_new, y_new) >= 0.85
    scores = dict(zip(auto.leaderboard_["model"], auto.leaderboard_["score"], strict=True))
    assert max(score for name, score in scores.items() if "linear" in name) < 0.6
    table = auto.fusion_gain_.table
    assert table["modality"].tolist() == list(SIGNAL)
    assert max(table["alone"]) < 0.6
    assert min(table["lower"]) > 0.2  # both help


@pytest.mark.slow
def test_five_modalities_of_noise_cost_less_than_a_standard_error():
    X, y = make_multimodal_classification(2600, n_features=5, n_noise_modalities=5, random_state=0)
    companions = {
        "linear": (LogisticRegression(), None),
        "kernel": (KernelClassifier(), None),
        "extra_trees": ExtraTreesClassifier(50, random_state=0),
    }
    network = FusionClassifier(n_folds=None, max_epochs=15)
    auto = AutoFusionClassifier(estimator=network, companions=companions, cv=3, random_state=0)
    without = auto.fit(X[SIGNAL][:600], y[:600]).score(X[SIGNAL][600:], y[600:])
    place = auto.leaderboard_["model"].tolist().index("fused")
    error = auto.leaderboard_["standard_error"][place]
    assert auto.fit(X[:600], y[:600]).score(X[600:], y[600:]) > without - error
