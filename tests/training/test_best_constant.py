"""The best constant prediction, and that nothing on the common path imports torch's compiler."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.training._objectives._best_constant import best_constant

RNG = np.random.default_rng(0)
#: Fits and predictions by defaults, each on several modalities.
COMMON = {
    "classifier": "e = FusionClassifier(random_state=0, **few).fit(X, y); e.predict_proba(X)",
    "folds": "FusionClassifier(n_folds=3, **few).fit(X, y).predict(X)",
    "one network": "FusionClassifier(n_folds=None, **few).fit(X, y).partial_fit(X, y)",
    "without folds": "FusionClassifier(validation=None, **few).fit(X, y).predict(X)",
    "regressor": "FusionRegressor(**few).fit(X, z).predict(X)",
    "quantiles": "FusionRegressor(loss='quantile', **few).fit(X, z).predict(X)",
    "autoencoder": "e = MultiModalAutoencoder(**few).fit(X); e.inconsistency(X); e.impute(gaps)",
    "variational": "MultiModalAutoencoder(variational='mopoe', **few).fit(X).reconstruct(X)",
    "mapping": "CrossModalRegressor(**few).fit(X, Y).predict(X)",
    "imputer": "MultiModalImputer(MultiModalAutoencoder(**few)).fit(X).transform(gaps)",
    "auto": "AutoFusionClassifier(time_limit=5).fit(X, y).predict(X)",
    "generator": "CrossModalGenerator(**few).fit(X, texts).predict(X)",
    "pickle": "pickle.loads(pickle.dumps(FusionClassifier().partial_fit(X, y))).partial_fit(X, y)",
}


@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson", "gamma", "quantile"])
def test_the_best_constant_is_the_best(loss):
    values = torch.from_numpy(np.exp(RNG.normal(size=(200, 1))))
    weight = torch.from_numpy(RNG.random(200))
    module = LOSSES[loss]().build()
    shape = (1, 3) if loss == "quantile" else (1,)
    found = best_constant(module, shape, (values, None, weight), n_steps=100)

    def cost(scores):
        return module(scores.expand(200, *scores.shape), values, None, weight).item()

    best = cost(found)
    for step in (0.3, 0.05, -0.05, -0.3):
        assert cost(found + step) > best


def test_float32_targets_and_classes():
    counts = torch.tensor([[0]] * 70 + [[1]] * 20 + [[2]] * 10)
    loss = LOSSES["cross_entropy"]().build()
    found = best_constant(loss, (3,), (counts, None, torch.ones(100)), n_steps=100)
    torch.testing.assert_close(
        found.softmax(-1), torch.tensor([0.7, 0.2, 0.1]).double(), atol=1e-5, rtol=0
    )


def test_weights_of_zero_leave_it_at_zero():
    loss = LOSSES["squared_error"]().build()
    found = best_constant(loss, (2,), (torch.ones(5, 2), None, torch.zeros(5)), n_steps=5)
    assert torch.equal(found, torch.zeros(2).double())


@pytest.mark.slow
def test_no_fit_imports_the_compiler():
    code = """
        import pickle, sys, numpy as np
        from sklearn_crossmodal import *
        rng = np.random.default_rng(0)
        n = 120
        texts = np.array([" ".join(rng.choice(list("abcde"), 3)) for _ in range(n)], dtype=object)
        parts = {"a": rng.normal(size=(n, 3)), "b": rng.normal(size=(n, 2)), "k": texts}
        X = MultiModalFrame(parts)
        gaps = MultiModalFrame(parts, present={"a": np.arange(n) > 5})
        y, z, Y = np.arange(n) % 2, rng.normal(size=n), rng.normal(size=(n, 3))
        few = {"max_epochs": 2}
        def check(name):
            assert "torch._dynamo" not in sys.modules, name
        """
    steps = [f"{line}\ncheck({name!r})" for name, line in COMMON.items()]
    script = "\n".join([textwrap.dedent(code), *steps])
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)


class _Weighted(torch.nn.Module):
    """A loss of one's own that keeps numbers of float32, as all modules do by default."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mixing", torch.eye(2))

    def forward(self, scores, values, mask=None, weight=None):
        return (scores @ self.mixing - values).square().mean()


def test_a_loss_with_buffers_is_minimised_and_stays_as_it_is():
    loss = _Weighted()
    values = torch.tensor([[1.0, 2.0], [3.0, 6.0]])

    found = best_constant(loss, (2,), (values, None, None), n_steps=20)

    assert found.tolist() == pytest.approx([2.0, 4.0], abs=1e-4)
    assert loss.mixing.dtype == torch.float32
