"""Losses of pairs: their closed forms, what counts as a negative, and who is counted at all."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from sklearn_crossmodal.nn.losses import (
    OBJECTIVES,
    InfoNCE,
    SharedHeadCrossEntropy,
    SigLIP,
    SupCon,
    VICReg,
)

B, M, D = 6, 2, 4


@pytest.fixture
def vectors():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(B, M, D)))


def identities(classes=None):
    """Return identities of samples that are all different."""
    own = torch.arange(B).repeat(M, 1).T
    last = torch.full((B, 1), -1) if classes is None else torch.as_tensor(classes)[:, None]
    return torch.cat([own, last], dim=1)


def unit(vectors):
    return functional.normalize(vectors, dim=-1)


def test_infonce_is_the_mean_cross_entropy_of_both_directions(vectors):
    logits = unit(vectors[:, 0]) @ unit(vectors[:, 1]).T / 0.07
    own = torch.arange(B)
    expected = (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2
    assert InfoNCE()(vectors, identities()).item() == pytest.approx(expected.item(), rel=1e-5)


def test_siglip_is_the_binary_cross_entropy_of_all_pairs(vectors):
    logits = 10 * unit(vectors[:, 0]) @ unit(vectors[:, 1]).T - 10
    truth = torch.eye(B, dtype=logits.dtype)
    expected = functional.binary_cross_entropy_with_logits(logits, truth, reduction="sum") / B
    assert SigLIP()(vectors, identities()).item() == pytest.approx(expected.item(), rel=1e-5)


def test_supcon_looks_for_the_class_in_all_modalities(vectors):
    classes = [0, 0, 1, 1, 1, 2]
    flat = unit(vectors.reshape(B * M, D))
    labels, total = np.repeat(classes, M), 0.0
    for i in range(B * M):
        others = [j for j in range(B * M) if j != i]
        logits = torch.stack([10 * flat[i] @ flat[j] for j in others])
        shares = logits.log_softmax(dim=0)
        positive = [k for k, j in enumerate(others) if labels[j] == labels[i]]
        total -= shares[positive].mean().item()
    found = SupCon()(vectors, identities(classes)).item()
    assert found == pytest.approx(total / (B * M), rel=1e-5)


def test_vicreg_is_distance_variance_and_covariance(vectors):
    a, b = vectors[:, 0], vectors[:, 1]
    expected = 25 * (a - b).square().mean().item()
    for part in (a, b):
        covariance = np.cov(part.numpy().T, bias=True)
        spread = np.sqrt(np.diag(covariance) + 1e-4)
        expected += 12.5 * np.maximum(1 - spread, 0).mean()
        expected += (np.square(covariance).sum() - np.square(np.diag(covariance)).sum()) / D / 2
    assert VICReg()(vectors, identities()).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["infonce", "siglip"])
def test_a_duplicate_is_no_negative(name, vectors):
    """The second sample has the text of the first: neither is the wrong partner of the other."""
    told = identities()
    told[1, 1] = told[0, 1]
    moved = vectors.clone().requires_grad_()
    loss = OBJECTIVES[name]()
    apart, together = loss(vectors, identities()), loss(vectors, told)
    assert together < apart
    # What the first row says of the second one's partner has no gradient any more.
    logit = (unit(moved[:1, 0]) * unit(moved[1:2, 1])).sum()
    assert torch.isfinite(logit)
    (gradient,) = torch.autograd.grad(loss(moved, told), moved)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_is_absent_or_of_weight_zero_does_not_count(name, vectors):
    classes = [0, 0, 1, 1, 0, 1]
    loss = OBJECTIVES[name]()
    whole = loss(vectors[:4], identities(classes)[:4]).item()
    told = identities(classes)
    told[4:, 1] = -1
    if name == "supcon":  # what is there still counts, of a class or not
        told[4:, 0] = -1
    assert loss(vectors, told).item() == pytest.approx(whole, rel=1e-6)
    weight = torch.tensor([2.0, 2.0, 2.0, 2.0], dtype=vectors.dtype)
    weighted = loss(vectors[:4], identities(classes)[:4], None, weight).item()
    assert weighted == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_batch_without_pairs_is_no_loss(name, vectors):
    told = identities()
    told[:, :-1] = -1
    moved = vectors.clone().requires_grad_()
    found = OBJECTIVES[name]()(moved, told)
    assert found.item() == 0
    (gradient,) = torch.autograd.grad(found, moved)
    assert torch.isfinite(gradient).all()


def test_the_temperature_is_bounded(vectors):
    loss = InfoNCE()
    with torch.no_grad():
        loss.log_scale.fill_(10.0)
    bounded = loss(vectors, identities()).item()
    with torch.no_grad():
        loss.log_scale.fill_(math.log(100.0))
    assert loss(vectors, identities()).item() == pytest.approx(bounded)


def test_the_shared_head_scores_what_is_there(vectors):
    loss = SharedHeadCrossEntropy(D, 3).double()
    told = identities([0, 1, 2, 0, -1, 1])
    told[0, 1] = -1
    scores = loss.head(10 * unit(vectors))
    rows = [(i, m) for i in range(B) for m in range(M) if i != 4 and (i, m) != (0, 1)]
    expected = torch.stack(
        [functional.cross_entropy(scores[i, m], told[i, -1]) for i, m in rows]
    ).mean()
    assert loss(vectors, told).item() == pytest.approx(expected.item(), rel=1e-5)
