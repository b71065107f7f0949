import pytest
import torch

from sklearn_crossmodal.training._vectorized._tape import record


def test_a_tape_gives_what_the_function_gives_for_other_numbers():
    def run(tensors):
        values, weight, bias = tensors
        hidden = torch.cat([torch.nn.functional.linear(values, weight, bias).relu(), values], dim=1)
        loss = hidden.softmax(dim=-1).pow(2).sum()
        return [loss.detach(), *torch.autograd.grad(loss, [weight, bias])]

    def draw():
        shapes = (5, 3), (4, 3), (4,)
        values, *weights = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
        return [values, *(weight.requires_grad_() for weight in weights)]

    first = draw()
    _, tape = record(run, first)
    for given in (first, draw(), draw()):
        for found, expected in zip(tape(given), run(given), strict=True):
            torch.testing.assert_close(found, expected, atol=0, rtol=0)
    assert not any(found.requires_grad for found in tape(first))


def test_a_tape_runs_without_the_function_and_keeps_what_is_none():
    calls = []

    def run(tensors):
        calls.append(1)
        return [tensors[0] + 1, None]

    first, tape = record(run, [torch.zeros(2)])
    assert torch.equal(first[0], torch.ones(2))
    found, nothing = tape([torch.ones(2)])
    assert torch.equal(found, torch.full((2,), 2.0))
    assert nothing is None
    assert len(calls) == 1


def test_a_tape_leaves_out_what_nothing_comes_of():
    _, tape = record(lambda tensors: [tensors[0].sin(), tensors[0].cos()][:1], [torch.zeros(2)])
    assert len(tape._steps) == 1


def test_changes_in_place_are_done_again():
    def run(tensors):
        copied = tensors[0].clone()
        copied.mul_(3)
        return [copied]

    _, tape = record(run, [torch.ones(2)])
    given = torch.full((2,), 2.0)
    assert torch.equal(tape([given])[0], torch.full((2,), 6.0))
    assert torch.equal(given, torch.full((2,), 2.0))


def test_a_tensor_that_came_on_an_unseen_way_is_refused():
    given = torch.ones(2)
    hidden = given.data  # an alias made before the tape looks
    with pytest.raises(RuntimeError, match="cannot be taped"):
        record(lambda tensors: [tensors[0] + hidden], [given])


def test_inputs_are_told_apart():
    given = torch.ones(2)
    with pytest.raises(ValueError, match="among the inputs twice"):
        record(lambda tensors: [tensors[0] + tensors[1]], [given, given])
