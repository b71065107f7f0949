import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sklearn_crossmodal import FusionClassifier, FusionRegressor, MultiModalFrame
from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn import build_loss
from sklearn_crossmodal.nn.networks._unimodal_heads import HEADS, PRESENT
from sklearn_crossmodal.training._objectives._criterion import Criterion
from sklearn_crossmodal.training._post_fit import _late_fusion_weights
from sklearn_crossmodal.training._post_fit._late_fusion_weights import fit_blend

QUICK = {
    "validation": 0.15,
    "max_epochs": 20,
    "batch_size": 128,
    "learning_rate": 0.01,
    "random_state": 0,
}


@pytest.fixture
def X(rng):
    return MultiModalFrame({name: rng.normal(size=(600, 3)) for name in ("a", "b", "c")})


@pytest.fixture
def y(X):
    return (np.asarray(X["a"])[:, 0] + np.asarray(X["b"])[:, 0] > 0.5).astype(int)


def test_the_heads_start_from_the_logits_of_the_class_frequencies(X, y):
    clf = FusionClassifier(n_folds=None, max_epochs=1, random_state=0).fit(
        X, y, sample_weight=1.0 + y
    )
    shares = np.bincount(y, weights=1.0 + y) / (1.0 + y).sum()
    prior = clf.network_.heads.prior.softmax(dim=0).numpy()
    np.testing.assert_allclose(prior, shares, atol=1e-4)


def test_the_heads_of_a_regressor_start_from_the_mean(X, y):
    reg = FusionRegressor(n_folds=None, max_epochs=1, random_state=0).fit(X, 7.0 + y)
    np.testing.assert_allclose(reg.network_.heads.prior.numpy(), [0.0], atol=1e-6)


def fitted_shares(training, spoil):
    heads = training.net.module_.heads
    with torch.no_grad():
        spoil(training.net.module_)
    fit_blend([training.net], [training.dataset.take(training.split[1])], seed=0)
    return heads.shares.tolist()


def test_shares_are_those_with_the_lowest_loss_on_held_out_rows(X, y):
    clf = FusionClassifier(validation=0.4, max_epochs=1, random_state=0).fit(X, y)
    (training,) = clf._prepare(X, y, None)

    def mute_heads(network):
        for head in network.heads.heads:
            head.linear.weight.mul_(0).add_(50 * torch.randn_like(head.linear.weight))

    def mute_fusion(network):
        weight = network.decoders["y"].linear.weight
        weight.copy_(50 * torch.randn_like(weight))

    assert fitted_shares(training, mute_heads)[1:] == [1.0, 1.0, 1.0]
    (training,) = clf._prepare(X, y, None)
    assert fitted_shares(training, mute_fusion)[1:] == [0.0, 0.0, 0.0]
    assert training.net.module_.heads.blends_all


def test_few_held_out_rows_leave_the_shares_as_they_are(X, y):
    clf = FusionClassifier(validation=0.15, max_epochs=2, random_state=0).fit(X[:200], y[:200])
    np.testing.assert_allclose(clf.network_.heads.shares.numpy(), [0.5, 0.5, 0.75, 1.0])


@pytest.mark.slow
def test_a_useless_modality_weighs_nothing_among_numbers(rng):
    a, noise = rng.normal(size=(2, 1500, 3))
    X, y = MultiModalFrame({"a": a, "noise": noise}), a[:, 0]
    reg = FusionRegressor(**QUICK).fit(X, y)
    precisions = reg.network_.heads.precisions[:, 0].tolist()
    assert precisions[0] > 20
    assert precisions[1] == pytest.approx(1.0, abs=0.05)


def test_losses_of_heads_are_over_the_samples_that_have_the_modality():
    loss = build_loss("squared_error", BlockSpec("vector", (1,)))
    criterion = Criterion({"y": loss}, auxiliary_weight=0.5)
    said = torch.tensor([[[1.0], [5.0]], [[3.0], [7.0]]])
    present = torch.tensor([[True, True], [False, True]])
    predictions = {"y": torch.zeros(2, 1), HEADS: said, PRESENT: present}
    targets = {"y": (torch.zeros(2, 1), None, None)}
    torch.testing.assert_close(criterion.by_head(predictions, targets), torch.tensor([1.0, 37.0]))
    torch.testing.assert_close(criterion(predictions, targets), torch.tensor(0.5 * 19))


@pytest.mark.slow
def test_one_modality_of_many_is_told_better_with_heads(rng):
    y = rng.integers(0, 3, 600)
    views = {f"v{m}": np.eye(3)[y] * 2 + rng.normal(size=(600, 3)) for m in range(6)}
    X = MultiModalFrame(views)
    scores = {}
    for weight in (0.0, 0.3):
        clf = FusionClassifier(auxiliary_weight=weight, **{**QUICK, "batch_size": 64})
        clf.fit(X[:300], y[:300])
        scores[weight] = np.mean([clf.score(X[[name]][300:], y[300:]) for name in views])
    assert scores[0.3] > scores[0.0] + 0.01


def test_a_single_modality_and_no_weight_have_no_heads(X, y):
    alone = FusionClassifier(n_folds=None, max_epochs=1).fit(X[["a"]], y)
    without = FusionClassifier(n_folds=None, max_epochs=1, auxiliary_weight=0).fit(X, y)
    assert alone.network_.heads is None
    assert without.network_.heads is None


def test_the_prior_of_a_network_that_goes_on_learning_is_that_of_all_rows(X, y):
    clf = FusionClassifier(random_state=0)
    ordered = np.argsort(y, kind="stable")
    parts = np.array_split(ordered, 4)  # the first is of one class
    for rows in parts:
        clf.partial_fit(X[rows], y[rows], classes=[0, 1])
    prior = clf.network_.heads.prior.softmax(dim=0).numpy()
    assert np.isfinite(prior).all()
    assert prior.min() > 0.02


def test_a_class_without_rows_is_not_impossible(X, y):
    clf = FusionClassifier(random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    assert clf.network_.heads.prior.softmax(dim=0)[2] > 1e-5


def test_only_rows_with_so_many_modalities_tell_of_their_share(rng):
    # Most rows have one modality; those with both are told by their sum, which no head knows.
    a, b = rng.normal(size=(2, 3000, 1))
    y = (a[:, 0] * b[:, 0] > 0).astype(int)
    present = np.arange(3000) % 10 == 0
    X = MultiModalFrame({"a": a, "b": b}, present={"b": present})
    clf = FusionClassifier(validation=0.15, max_epochs=1, random_state=0)
    (training,) = clf._prepare(X, y, None)
    heads = training.net.module_.heads
    held_out = training.dataset.take(training.split[1])
    n_both = int(present[training.split[1]].sum())
    assert n_both < 200  # too few to move the share from where it starts
    fit_blend([training.net], [held_out], 0)
    assert heads.shares[2] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
def test_precisions_are_ratios_of_variances_whatever_the_loss(rng, loss):
    a, b = rng.normal(size=(2, 1500, 1))
    X, y = MultiModalFrame({"a": a, "b": b}), 3 * a[:, 0] + b[:, 0]
    reg = FusionRegressor(loss=loss, **QUICK).fit(X, y)
    precisions = reg.network_.heads.precisions[:, 0].tolist()
    assert precisions[0] == pytest.approx(10, rel=0.3)  # 10 of variance, 1 of it left
    assert precisions[1] == pytest.approx(10 / 9, rel=0.1)


@pytest.mark.slow
def test_each_number_has_precisions_of_its_own(rng):
    a, b = rng.normal(size=(2, 1500, 1))
    X, y = MultiModalFrame({"a": a, "b": b}), np.hstack([a, b])
    reg = FusionRegressor(**QUICK).fit(X, y)
    precisions = reg.network_.heads.precisions.numpy()
    assert (np.diag(precisions) > 20).all()
    assert (np.diag(precisions[::-1]) < 1.2).all()


def test_all_that_is_collected_is_on_the_device_of_the_network(X, y):
    # There need be no GPU: tensors without values have a device too, and refuse to meet others.
    clf = FusionClassifier(n_folds=None, max_epochs=1, random_state=0).fit(X, y)
    network = copy.deepcopy(clf.network_).to("meta").eval()
    values = {name: torch.empty(9, 3, dtype=torch.float32, device="meta") for name in "abc"}
    inputs = {"values": values, "masks": {}, "present": None}
    net = SimpleNamespace(module_=network)
    with torch.no_grad():
        said, left, _, fused = _late_fusion_weights._scored(
            net, inputs, torch.Generator(), {"y": None}
        )
    assert {one.device.type for one in (said, *left, *fused)} == {"meta"}
