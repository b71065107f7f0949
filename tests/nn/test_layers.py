import numpy as np
import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._layers import (
    MLP,
    AttentionBlock,
    Dropout,
    StepEmbedding,
    masked_mean,
    positions,
    trim,
)


def test_masked_mean_averages_what_is_there_and_is_zero_where_nothing_is():
    steps = torch.tensor([[[1.0], [3.0], [99.0]], [[5.0], [99.0], [99.0]], [[9.0], [9.0], [9.0]]])
    mask = torch.tensor([[True, True, False], [True, False, False], [False, False, False]])
    assert masked_mean(steps, mask).tolist() == [[2.0], [5.0], [0.0]]
    assert masked_mean(steps[:1], None).item() == pytest.approx(103 / 3)


def test_trim_cuts_behind_the_longest_row_but_leaves_one_step():
    values = torch.arange(8).reshape(2, 4)
    mask = torch.tensor([[True, False, False, False], [True, True, False, False]])
    cut, cut_mask = trim(values, mask)
    assert cut.tolist() == [[0, 1], [4, 5]]
    assert cut_mask.tolist() == [[True, False], [True, True]]
    assert trim(values, torch.zeros_like(mask))[0].shape == (2, 1)
    assert trim(values, None)[0] is values


@pytest.mark.parametrize("width", [6, 7])
def test_positions_are_sines_and_cosines(width):
    codes = positions(5, width)
    assert codes.shape == (5, width)
    for step in range(5):
        for i in range(width):
            angle = torch.tensor(step / 10_000 ** ((i - i % 2) / width))
            wave = torch.sin if i % 2 == 0 else torch.cos
            assert codes[step, i].item() == pytest.approx(wave(angle).item(), abs=1e-6)


def test_mlp_of_no_layers_is_the_identity():
    values = torch.randn(2, 3)
    assert MLP(3, [])(values) is values
    assert MLP(3, []).out_features == 3


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_mlp_has_the_same_layers_whatever_the_dropout(dropout):
    layers = list(MLP(3, [4, 5], dropout))
    assert [type(layer) for layer in layers] == [nn.Linear, nn.ReLU, Dropout] * 2
    assert [layer.p for layer in layers[2::3]] == [dropout] * 2


def test_dropout_keeps_the_mean_and_does_nothing_where_it_should_not():
    values = torch.ones(100_000)
    dropped = Dropout(0.3)(values)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert Dropout(0.0)(values) is values
    assert Dropout(0.3).eval()(values) is values


def attention_by_hand(block, steps):
    """Self-attention of one row (T, D), head by head, with no mask."""
    query, key, value = block.project(block.norm(steps)).chunk(3, dim=-1)
    heads = []
    for q, k, v in zip(*(part.chunk(block.n_heads, -1) for part in (query, key, value))):
        weights = (q @ k.T / q.shape[-1] ** 0.5).softmax(dim=-1)
        heads.append(weights @ v)
    steps = steps + block.join(torch.cat(heads, dim=-1))
    return steps + block.step(steps)


def test_attention_block_is_scaled_dot_product_attention_in_heads():
    block = AttentionBlock(6, 2, 0.0).double()
    steps = torch.randn(3, 4, 6).double()
    expected = torch.stack([attention_by_hand(block, row) for row in steps])
    torch.testing.assert_close(block(steps), expected)


def test_attention_block_sees_only_the_steps_of_the_mask():
    block = AttentionBlock(6, 2, 0.0).double()
    steps = torch.randn(1, 5, 6).double()
    mask = torch.tensor([[True, True, True, False, False]])
    torch.testing.assert_close(block(steps, mask)[:, :3], block(steps[:, :3]))


def test_attention_block_gives_finite_gradients_for_a_row_of_no_steps():
    block = AttentionBlock(4, 2, 0.0)
    steps = torch.randn(2, 3, 4, requires_grad=True)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    masked_mean(block(steps, mask), mask).sum().backward()
    assert steps.grad.isfinite().all()
    assert not steps.grad[1].any()


def test_step_embedding_starts_from_given_vectors():
    vectors = torch.randn(9, 5)
    spec = BlockSpec("tokens", (4,), n_categories=9, vectors=vectors.numpy())
    embedding = StepEmbedding(spec, 3)
    given, project = embedding.embed
    tokens = torch.tensor([[1, 8, 0, 0]])
    assert embedding(tokens).shape == (1, 4, 3)
    torch.testing.assert_close(embedding(tokens), project(vectors[tokens]))
    assert given.weight.requires_grad  # a start, not the end
    with torch.no_grad():
        given.weight.zero_()
    assert vectors.abs().sum() > 0  # the user's own are left alone


@pytest.mark.parametrize("train", [True, False])
def test_step_embedding_trains_given_vectors_only_if_asked_for(train):
    vectors = np.ones((9, 5))
    vectors.flags.writeable = False
    spec = BlockSpec("tokens", (4,), n_categories=9, vectors=vectors, train_vectors=train)
    given, project = StepEmbedding(spec, 3).embed
    assert given.weight.requires_grad == train
    assert project.weight.requires_grad


def test_causal_attention_sees_no_later_step_and_can_go_step_by_step():
    block, steps = AttentionBlock(8, 2, 0.0).double(), torch.randn(3, 5, 8, dtype=torch.float64)
    whole, past = block(steps, causal=True), torch.empty(3, 2, 2, 0, 4, dtype=torch.float64)
    for place in range(5):
        torch.testing.assert_close(block(steps[:, : place + 1], causal=True), whole[:, : place + 1])
        step, past = block.follow(steps[:, place : place + 1], past)
        torch.testing.assert_close(step[:, 0], whole[:, place])
    assert past.shape == (3, 2, 2, 5, 4)
    assert not torch.allclose(block(steps)[:, :4], whole[:, :4])
