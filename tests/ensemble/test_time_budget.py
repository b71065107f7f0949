"""The time limit: what is stopped, and what is given up."""

import threading
import time
from contextlib import suppress
from itertools import repeat, takewhile
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from sklearn_crossmodal import (
    AutoFusionClassifier,
    FusionClassifier,
    Image,
    MultiModalFrame,
    Numeric,
    Pretrained,
    Text,
)
from sklearn_crossmodal.ensemble._fitting import _time_budget
from sklearn_crossmodal.ensemble._fitting._base_models import cheapest_first, make_base_models
from sklearn_crossmodal.ensemble._fitting._time_budget import EpochBudget, TimeUp, stopped_after

EPOCH = SimpleNamespace(task_name="epoch")


def test_a_loop_is_stopped():
    start = time.time()
    with pytest.raises(TimeUp), stopped_after(0.05):
        sum(1 for _ in takewhile(lambda _: time.time() - start < 5, repeat(None)))
    assert time.time() - start < 2


def test_what_ends_in_time_is_not_stopped():
    with stopped_after(0.05):
        done = True
    time.sleep(0.1)  # the timer is gone
    assert done


def test_without_a_limit_nothing_is_stopped():
    with stopped_after(None):
        pass


def estimator(max_epochs, split=None):
    return SimpleNamespace(net_=SimpleNamespace(max_epochs=max_epochs, train_split=split))


def run(budget, one, n_epochs, seconds=0.01):
    for epoch in range(n_epochs):
        time.sleep(seconds)
        if budget.on_fit_task_end(one, EPOCH):
            return epoch + 1
    return None


def test_a_training_that_has_no_time_for_all_epochs_ends_after_two():
    assert run(EpochBudget(1.0), estimator(10_000), 50) == 2


def test_a_training_that_has_time_goes_on():
    assert run(EpochBudget(60.0), estimator(10), 10) is None


def test_with_held_out_rows_a_third_of_the_epochs_is_expected():
    assert run(EpochBudget(1.0), estimator(90, split=object()), 20) is None
    assert run(EpochBudget(0.5), estimator(900, split=object()), 20) == 2


def test_one_that_is_to_be_kept_ends_when_the_time_is_over():
    n_epochs = run(EpochBudget(0.2, whole=False), estimator(10_000), 1000)
    assert 2 < n_epochs < 100


def test_the_fit_itself_is_no_epoch():
    budget = EpochBudget(0.0)
    assert not budget.on_fit_task_end(estimator(10), SimpleNamespace(task_name="fit"))


def test_where_no_time_is_left_nothing_is_begun():
    with pytest.raises(TimeUp), stopped_after(0):
        pytest.fail("was begun")


def test_nothing_comes_once_a_block_is_over(monkeypatch):
    monkeypatch.setattr(_time_budget, "_AGAIN", 1e-4)  # interrupted again and again
    for _ in range(300):
        with suppress(TimeUp), stopped_after(5e-4):
            end = time.time() + 5e-4
            while time.time() < end:
                continue
        sum(range(300))  # an exception that came here would not be suppressed
    assert threading.active_count() < 20


def test_the_cheapest_modalities_come_first(rng):
    entries = [
        ("photo", Image(), "photo"),
        ("words", Text(), "words"),
        ("table", Numeric(), "table"),
        ("frozen", Text(encoder="minilm"), "frozen"),
    ]
    sides = [(name,) for name, *_ in entries]
    companions = {
        "linear": (LogisticRegression(), None, True),
        "tree": (DecisionTreeClassifier(), 30, False),
    }
    models = make_base_models(
        FusionClassifier(), companions, entries, sides, class_order=None, random_state=0
    )
    names = [one.name for one in cheapest_first(models, entries, {"frozen": 3.0})]
    first = ["linear (table)", "linear (words)", "linear (photo)", "linear (frozen)", "linear"]
    assert names[:6] == [*first, "joint"]
    assert sorted(names) == sorted(one.name for one in models)


class Fast(nn.Module):
    """Embed a row by its first numbers."""

    def forward(self, values):
        return values.flatten(1).float()[:, :8]


class Slow(Fast):
    """Embed a row in 5 ms."""

    def forward(self, values):
        time.sleep(0.005 * len(values))
        return super().forward(values)


def test_embedding_once_is_no_cost_of_further_folds(rng):
    X = {"p": rng.integers(0, 255, (300, 4, 4, 1), dtype=np.uint8), "t": rng.normal(size=(300, 2))}
    y = (X["t"][:, 0] > 0).astype(int)
    model = AutoFusionClassifier(
        [("p", Image(encoder=Pretrained(Slow)), "p"), ("t", Numeric(encoder="mlp"), "t")],
        estimator=FusionClassifier(max_epochs=2),
        companions=["linear"],
        time_limit=5.5,
        random_state=0,
    )
    model.fit(MultiModalFrame(X), y)  # embeds for 1.5 s, and fits a fold in .6 s
    assert min(one.n_fits for one in model._base_models) >= 3


def test_what_is_embedded_in_time_comes_first_and_the_rest_is_left_out(rng):
    X = {
        "slow": rng.integers(0, 255, (300, 4, 4, 1), dtype=np.uint8),
        "fast": rng.integers(0, 255, (300, 4, 4, 1), dtype=np.uint8),
    }
    X["fast"][:, 0, 0, 0] = y = 200 * (rng.random(300) < 0.5)
    kinds = {"slow": Slow, "fast": Fast}
    model = AutoFusionClassifier(
        [(name, Image(encoder=Pretrained(kind)), name) for name, kind in kinds.items()],
        companions=["linear"],
        time_limit=1.2,
        random_state=0,
    )
    start = time.time()
    with pytest.warns(UserWarning, match="no time"):
        model.fit(MultiModalFrame(X), y)
    assert time.time() - start < 2
    assert model.leaderboard_["model"][0] == "linear (fast)"
    assert model.score(MultiModalFrame(X), y) == 1
