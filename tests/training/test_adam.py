"""Our Adam against torch's, number by number."""

import copy

import pytest
import torch
from torch import nn

from sklearn_crossmodal.training._adam import FusedAdam


def trained(make, n_steps=20, skip=False, dtype=torch.float32):
    """Return a model after some steps; with `skip`, a weight has no gradient in half of them."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).to(dtype)
    x, y = torch.randn(8, 3, dtype=dtype), torch.randn(8, 2, dtype=dtype)
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    vectors = [weight for weight in model.parameters() if weight.ndim == 1]
    optimizer = make([{"params": matrices}, {"params": vectors, "weight_decay": 0.0, "lr": 0.03}])
    for step in range(n_steps):
        optimizer.zero_grad()
        ((model(x) - y) ** 2).mean().backward()
        if skip and step % 2:
            vectors[0].grad = None
        optimizer.step()
    return model, optimizer


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("kind", "decoupled"), [("AdamW", True), ("Adam", False)])
def test_steps_are_those_of_torch(kind, decoupled, dtype, skip):
    settings = {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.99), "eps": 1e-6}
    ours, _ = trained(
        lambda g: FusedAdam(g, decoupled=decoupled, **settings), skip=skip, dtype=dtype
    )
    their_class = getattr(torch.optim, kind)
    theirs, _ = trained(lambda g: their_class(g, **settings), skip=skip, dtype=dtype)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_a_closure_is_called_with_gradients_on_and_its_loss_returned():
    weight = torch.ones(1, requires_grad=True)
    optimizer = FusedAdam([weight], lr=0.1, weight_decay=0.0)

    def closure():
        loss = 3 * weight.sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 3
    assert weight.item() == pytest.approx(0.9)


def test_gradients_are_forgotten_or_set_to_zero():
    weight = torch.ones(1, requires_grad=True)
    optimizer = FusedAdam([weight], lr=0.1)
    weight.sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert weight.grad.item() == 0
    optimizer.zero_grad()
    assert weight.grad is None


def test_the_state_of_an_optimizer_of_torch_goes_on_in_ours():
    def theirs(groups):
        return torch.optim.AdamW(groups, lr=0.01)

    model, optimizer = trained(theirs)
    twin = copy.deepcopy(model)
    ranks = [[weight for weight in twin.parameters() if weight.ndim == rank] for rank in (2, 1)]
    ours = FusedAdam([{"params": weights} for weights in ranks], lr=1.0)
    ours.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for one, step in ((model, optimizer), (twin, ours)):
        for weight in one.parameters():
            weight.grad = torch.ones_like(weight)
        step.step()
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-7, rtol=0)


def test_a_copy_goes_on_alone():
    model, optimizer = trained(lambda groups: FusedAdam(groups, lr=0.01))
    twin, copied = copy.deepcopy((model, optimizer))
    before = copy.deepcopy(model.state_dict())
    for weight in twin.parameters():
        weight.grad = torch.ones_like(weight)
    copied.step()
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name])
        assert not torch.equal(weight, twin.state_dict()[name])


def test_a_new_rate_or_state_counts_from_the_next_step_on():
    weight = torch.ones(1, requires_grad=True)
    optimizer = FusedAdam([weight], lr=0.1, weight_decay=0.0)
    weight.grad = torch.ones(1)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()
    assert weight.item() == pytest.approx(0.9)
    optimizer.param_groups[0]["lr"] = 0.1
    for rest in (0.8, 0.7):  # a first step each
        optimizer.state.clear()
        optimizer.step()
        assert weight.item() == pytest.approx(rest)
        assert optimizer.state[weight]["step"].item() == 1
