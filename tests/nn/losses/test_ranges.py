"""Predictions through a logarithm stay within reach of what `fit` saw."""

import numpy as np
import pytest
import torch

from sklearn_crossmodal import (
    AutoFusionRegressor,
    CrossModalRegressor,
    FusionRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
)
from sklearn_crossmodal.data import Block, BlockSpec, LazyRows
from sklearn_crossmodal.modalities import Image, Numeric, Sequence
from sklearn_crossmodal.nn import build_loss, check_target
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.preprocessing import NumericScaler

LOGARITHMIC = ("poisson", "gamma", "negative_binomial")
UNBOUNDED = [("n", Numeric(scaling="standard"), slice(None))]
QUICK = {"max_epochs": 5, "random_state": 0}


def counts(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, rng.poisson(np.exp(0.5 * X[:, 0] + 1)) + 1.0


@pytest.mark.parametrize(
    ("loss", "kind"),
    [(name, kind) for name in LOGARITHMIC for kind in sorted(LOSSES[name].kinds)],
)
def test_link_is_bounded_by_the_target(loss, kind):
    shape = {"vector": (2,), "sequence": (3, 2), "grid": (1, 4, 4)}[kind]
    spec = BlockSpec(kind, shape)
    built = build_loss(loss, spec)
    values = np.random.default_rng(0).uniform(4, 12, (5, *shape))
    check_target(built, Block(values, np.ones(5, bool), spec))
    scores = torch.full((2, *shape, *([2] if loss == "negative_binomial" else [])), 100.0)
    ends = built.link(torch.stack([scores, -scores]).double()).numpy()
    assert ends[0].max() <= 24
    assert ends[1].min() >= 2


@pytest.mark.parametrize("make", ["dense", "lazy", "masked", "absent"])
def test_bound_is_of_the_values_that_were_observed(make):
    values, present, mask = np.array([[1.0, 2.0], [3.0, 90.0]]), np.ones(2, bool), None
    most = [6.0, 180.0]
    if make == "masked":
        mask, most = np.array([[True, True], [True, False]]), [6.0, 4.0]
    if make == "absent":
        present, most = np.array([True, False]), [2.0, 4.0]
    rows = LazyRows(values.__getitem__, 2, (2,), np.float64) if make == "lazy" else values
    loss = build_loss("poisson", spec := BlockSpec("vector", (2,)))
    check_target(loss, Block(rows, present, spec, mask))
    assert loss.link(torch.full((1, 2), 40.0)).tolist() == [most]


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_regressor_predicts_within_twice_of_what_it_saw(loss):
    X, y = counts()
    reg = FusionRegressor(UNBOUNDED, loss=loss, **QUICK).fit(X, y)
    for far in (100.0, -100.0):
        found = reg.predict(np.full((1, 3), far))
        assert y.min() / 2 - 1e-4 <= found.item() <= 2 * y.max() + 1e-4
    assert np.isfinite(reg.score(X * 100, y))


@pytest.mark.parametrize("loss", LOGARITHMIC)
def test_cross_modal_regressor_is_bounded_in_each_target(loss):
    X, y = counts()
    Y = MultiModalFrame({"a": y, "b": 1000 * y})
    reg = CrossModalRegressor(
        UNBOUNDED, target={"a": "a", "b": "b"}, loss=loss, n_folds=None, **QUICK
    )
    found = reg.fit(X, Y).predict(np.full((1, 3), 100.0))
    assert found["a"].item() <= 2 * y.max() + 1e-3
    assert found["b"].item() <= 2000 * y.max() + 1


def test_partial_fit_widens_the_bound():
    X, y = counts()
    reg = FusionRegressor(UNBOUNDED, loss="poisson", random_state=0)
    reg.partial_fit(X, y).partial_fit(X, 10 * y)
    assert reg.predict(np.full((1, 3), 1e6)).item() <= 20 * y.max() + 1e-3
    assert reg.net_.criterion_.losses["y"].link.most.item() > 2 * y.max() / y.mean()


@pytest.mark.parametrize("variational", [None, "poe"])
@pytest.mark.parametrize("loss", ["poisson", "negative_binomial"])
def test_reconstructed_counts_are_bounded(loss, variational):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(120, 2))
    c = rng.poisson(np.exp(z @ rng.normal(size=(2, 8)) + 2)).astype(float)
    entries = [("c", Numeric(scaling=None, loss=loss), "c"), ("z", "numeric", "z")]
    model = MultiModalAutoencoder(entries, variational=variational, **QUICK)
    model.fit(MultiModalFrame({"c": c, "z": z}))
    far = MultiModalFrame({"c": 100 * c, "z": 100 * z})
    for found in (
        model.reconstruct(far)["c"],
        model.translate(far, source="c", target="c"),
        model.inverse_transform(100 * model.transform(far))["c"],
    ):
        assert (np.asarray(found) <= 2 * c.max(axis=0) + 1e-3).all()


def test_pictures_and_series_of_counts_are_bounded():
    X, y = counts()
    rng = np.random.default_rng(1)
    pictures = rng.poisson(5, (120, 4, 4)).astype(float)
    series = rng.poisson(5, (120, 6)).astype(float)
    for target in (Image(scaling="unit", loss="poisson"), Sequence(scaling=None, loss="poisson")):
        y = pictures if isinstance(target, Image) else series
        reg = CrossModalRegressor(UNBOUNDED, target=target, **QUICK).fit(X, y)
        found = np.concatenate([np.ravel(one) for one in reg.predict(np.full((1, 3), 1e4))])
        assert np.nanmax(found.astype(float)) <= 2 * y.max() + 1e-3


@pytest.mark.parametrize("scaling", ["standard", "mean", None])
def test_undone_logarithms_of_a_scaler_are_bounded(scaling):
    x = np.random.default_rng(0).poisson(5, (50, 2)) * 1.0
    scaler = NumericScaler(scaling=scaling, log1p=True).fit(x)
    assert np.allclose(scaler.inverse_transform(scaler.transform(x)), x)
    far = scaler.inverse_transform(np.full((1, 2), 1e4))
    assert far[0] + 1 == pytest.approx(2 * (x.max(axis=0) + 1))


def test_auto_fusion_stays_in_range():
    X, y = counts()
    model = FusionRegressor(loss="poisson", max_epochs=3)
    auto = AutoFusionRegressor(
        UNBOUNDED, estimator=model, companions=None, cv=2, random_state=0
    ).fit(X, y)
    assert auto.predict(np.full((1, 3), 100.0)).item() <= y.max()
