"""Vectors in one space; chunks of a batch give the gradients of the whole."""

import pytest
import torch

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.nn.losses import InfoNCE
from sklearn_crossmodal.nn.networks._projection import ProjectionNetwork

WIDTHS = {"a": 5, "b": 7}


def network(**settings):
    torch.manual_seed(0)
    encoders = {n: MLPEncoder().build(BlockSpec("vector", (w,))) for n, w in WIDTHS.items()}
    return ProjectionNetwork(encoders, 3, ["pairs"], **settings).double()


def batch(n=20):
    generator = torch.Generator().manual_seed(1)
    values = {name: torch.randn(n, w, generator=generator).double() for name, w in WIDTHS.items()}
    present = torch.ones(n, 2, dtype=torch.bool)
    present[3, 0] = present[5, 1] = False
    rows = torch.arange(n)
    identities = torch.stack([rows, rows, torch.full((n,), -1)], dim=1)
    identities[:, :2] = torch.where(present, identities[:, :2], -1)
    return values, present, identities


@pytest.mark.parametrize("chunk_size", [1, 6, 10, 20, 100])
def test_gradients_by_chunks_are_those_of_the_whole_batch(chunk_size):
    values, present, identities = batch()
    found = []
    for settings in ({}, {"chunk_size": chunk_size}):
        model = network(**settings)
        torch.manual_seed(7)  # dropout of the encoders draws per chunk: it is off
        model.eval()
        loss = InfoNCE()
        scores = model(values, {}, present)["pairs"]
        loss(scores, identities).backward()
        found.append([weight.grad for weight in model.parameters() if weight.grad is not None])
    assert len(found[0]) == len(found[1]) > 4
    for whole, cached in zip(*found, strict=True):
        torch.testing.assert_close(cached, whole, rtol=1e-5, atol=1e-10)


def test_dropout_of_a_chunk_is_the_same_when_it_is_computed_again():
    """In training the gradient belongs to the very forward pass whose loss was taken."""
    values, present, identities = batch()
    model, loss = network(chunk_size=6, dropout=0.5, mixup=1.0), InfoNCE()
    model.train()
    torch.manual_seed(3)
    loss(model(values, {}, present)["pairs"], identities).backward()
    weight = model.encoders["a"].get_parameter(
        next(name for name, _ in model.encoders["a"].named_parameters())
    )
    gradient, step = weight.grad.clone(), 1e-6
    direction = torch.zeros_like(weight)
    direction.view(-1)[0] = 1.0
    values_at = []
    for sign in (1, -1):
        with torch.no_grad():
            weight += sign * step * direction
        torch.manual_seed(3)
        values_at.append(loss(model(values, {}, present)["pairs"], identities).item())
        with torch.no_grad():
            weight -= sign * step * direction
    slope = (values_at[0] - values_at[1]) / (2 * step)
    assert slope == pytest.approx(gradient.view(-1)[0].item(), rel=1e-3, abs=1e-6)


def test_mixtures_keep_what_a_sample_lacks():
    values, present, _ = batch()
    model = network(mixup=1.0)
    model.train()
    vectors = model(values, {}, present)["pairs"]
    lengths = vectors.norm(dim=-1)
    assert (lengths[~present] == 0).all()
    assert (lengths[present] > 0).all()
    model.eval()
    torch.testing.assert_close(
        model(values, {}, present)["pairs"], network()(values, {}, present)["pairs"]
    )
