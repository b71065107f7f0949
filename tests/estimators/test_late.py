"""Late fusion does not grow sure of itself by training on: on few rows, tables or not."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from sklearn_crossmodal import FusionClassifier, MultiModalFrame, Numeric
from sklearn_crossmodal.nn.fusion import LateFusion


def drawn(n, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3))
    maps = np.random.default_rng(100 + seed).normal(size=(2, 3, 8))
    X = {name: z @ to + rng.normal(size=(n, 8)) for name, to in zip("ab", maps, strict=True)}
    return MultiModalFrame(X), (z[:, 0] + 0.7 * rng.normal(size=n) > 0).astype(int)


@pytest.mark.slow
@pytest.mark.covering
@pytest.mark.parametrize("fusion", ["late", LateFusion(width=32)], ids=["name", "component"])
@pytest.mark.parametrize("n", [45, 80])
def test_logits_of_few_rows_stay_small_and_ranks_do_not_tie(n, fusion):
    X, y = drawn(n + 1000, 0)
    clf = FusionClassifier(fusion=fusion, random_state=0).fit(X[:n], y[:n])
    scores = clf.predict_proba(X[n:])[:, 1]
    assert np.abs(clf.decision_function(X[n:])).max() < 20
    assert len(np.unique(scores)) > 990
    assert log_loss(y[n:], scores) < 0.8
    assert roc_auc_score(y[n:], scores) > 0.75


def test_other_fusions_and_very_few_rows_are_as_they_were():
    X, y = drawn(60, 0)
    assert FusionClassifier()._auto_policy.folds == ((100, 5000, 5),)
    assert FusionClassifier()._auto_policy.min_samples == 5000
    clf = FusionClassifier(fusion="late", max_epochs=3, random_state=0).fit(X[:30], y[:30])
    assert "valid_loss" not in clf.history_[0]


def test_what_is_no_table_holds_rows_out_too():
    X, y = drawn(60, 0)
    steps = MultiModalFrame({"a": X["a"], "s": np.asarray(X["b"])[:, :, np.newaxis]})
    clf = FusionClassifier(
        [("a", Numeric(), "a"), ("s", "sequence", "s")], fusion="late", max_epochs=3, random_state=0
    )
    assert "valid_loss" in clf.fit(steps, y).history_[0]
