from pathlib import Path

import numpy as np
import pytest
import torch
from joblib import Memory
from scipy import sparse
from torch import nn

from sklearn_crossmodal import Pretrained
from sklearn_crossmodal.data import Block, BlockSpec, LazyRows
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.training import FrozenInputs, embed_frozen


class Witness(nn.Module):
    """Twice the sum of what is there, and the number of rows it was given in each call."""

    calls = []

    def __init__(self, width=2, factor=2.0):
        super().__init__()
        self.width = width
        self.factor = factor

    def forward(self, values, mask=None):
        self.calls.append(len(values))
        values = values.float()
        if mask is not None:
            values = values * mask
        return self.factor * values.flatten(1).sum(dim=1, keepdim=True).repeat(1, self.width)


@pytest.fixture(autouse=True)
def calls():
    Witness.calls.clear()
    return Witness.calls


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path, verbose=0)


class OneModality:
    def __init__(self, encoder):
        self.encoder = encoder


def listed(**encoders):
    return [(name, OneModality(encoder), name) for name, encoder in encoders.items()]


def embed(block, encoder=None, **settings):
    encoder = Pretrained(Witness, batch_size=8) if encoder is None else encoder
    return embed_frozen({"a": block}, listed(a=encoder), **settings)["a"]


def vectors(values, present=None):
    present = np.ones(len(values), dtype=bool) if present is None else present
    return Block(values, present, BlockSpec("vector", values.shape[1:]))


def tokens(lengths, width):
    lengths = np.asarray(lengths)
    mask = np.arange(width) < lengths[:, np.newaxis]
    values = np.where(mask, 3 + np.arange(len(lengths))[:, np.newaxis], 0)
    spec = BlockSpec("tokens", (width,), n_categories=100)
    return Block(values, np.ones(len(lengths), dtype=bool), spec, mask)


@pytest.fixture
def numbers(rng):
    return rng.normal(size=(20, 3))


def test_rows_are_what_the_module_makes_of_them(numbers, calls):
    found = embed(vectors(numbers))
    assert found.kind == "vector"
    assert found.spec == BlockSpec("vector", (2,))
    assert found.values.dtype == np.float32
    np.testing.assert_allclose(found.values, 2 * numbers.sum(axis=1, keepdims=True) * [1, 1], 1e-5)
    assert calls == [8, 8, 4]


def test_absent_rows_are_zero_and_are_not_computed(numbers, calls):
    present = np.arange(20) % 4 > 0
    found = embed(vectors(numbers, present))
    np.testing.assert_array_equal(found.present, present)
    assert not found.values[~present].any()
    assert found.values[present].all()
    assert sum(calls) == present.sum()


def test_where_no_row_has_the_modality_the_width_is_known(numbers):
    for block in (
        vectors(numbers, np.zeros(20, dtype=bool)),
        Block.absent(BlockSpec("tokens", (4,), n_categories=9), 20, masked=True),
    ):
        found = embed(block)
        assert found.values.shape == (20, 2)
        assert not found.values.any()


@pytest.mark.parametrize("form", ["sparse", "lazy"])
def test_what_is_read_batch_by_batch_gives_the_same(numbers, form):
    lazy = LazyRows(lambda rows: numbers[rows], 20, (3,), np.float64)
    values = sparse.csr_array(numbers) if form == "sparse" else lazy
    block = Block(values, np.arange(20) != 3, BlockSpec("vector", (3,)))
    expected = embed(vectors(numbers, block.present))
    np.testing.assert_array_equal(embed(block).values, expected.values)


def test_other_blocks_are_left_alone(numbers):
    blocks = {name: vectors(numbers) for name in ("name", "component", "trained", "module")}
    found = embed_frozen(
        blocks,
        listed(
            name="mlp",
            component=MLPEncoder(),
            trained=Pretrained(Witness, frozen=False),
            module=Witness,
        ),
    )
    assert all(found[name] is block for name, block in blocks.items())


def test_rows_of_one_length_go_together(calls):
    lengths = []

    class Lengths(Witness):
        def forward(self, values, mask=None):
            lengths.append(mask.sum(dim=1).tolist())
            return super().forward(values, mask)

    block = tokens([1, 5, 2, 5, 1, 2], 5)
    found = embed(block, Pretrained(Lengths, batch_size=2))
    assert lengths == [[5, 5], [2, 2], [1, 1]]
    np.testing.assert_array_equal(found.values[:, 0], 2 * (block.values * block.mask).sum(axis=1))


# The cache ---------------------------------------------------------------------------------------


def test_a_row_goes_through_the_model_once(numbers, memory, calls):
    first = embed(vectors(numbers[:12]), memory=memory)
    assert sum(calls) == 12
    calls.clear()
    again = embed(vectors(numbers[::-1]), memory=memory)
    assert sum(calls) == 8
    np.testing.assert_array_equal(again.values[::-1][:12], first.values)
    np.testing.assert_array_equal(again.values, embed(vectors(numbers[::-1])).values)


def test_equal_rows_of_a_batch_go_through_the_model_once(memory, calls):
    found = embed(vectors(np.array([[1.0], [2.0], [1.0], [1.0]])), memory=memory)
    assert calls == [2]
    assert found.values[:, 0].tolist() == [2, 4, 2, 2]


def test_padding_of_another_fold_is_no_other_row(memory, calls):
    embed(tokens([2, 3, 1], 3), memory=memory)
    assert sum(calls) == 3
    embed(tokens([2, 3, 1, 7], 9), memory=memory)
    assert sum(calls) == 4


def test_a_module_that_sees_padding_has_a_vector_for_each(memory):
    class Mean(nn.Module):
        def forward(self, values):
            return values.float().mean(dim=1, keepdim=True)

    for width in (3, 50):
        found = embed(tokens([2, 3, 1], width), Pretrained(Mean), memory=memory)
        expected = embed(tokens([2, 3, 1], width), Pretrained(Mean))
        np.testing.assert_array_equal(found.values, expected.values)


def test_of_a_model_that_cannot_be_described_nothing_is_kept(numbers, memory, calls):
    module = Witness()
    module.generator = torch.Generator()
    for _ in range(2):
        embed(vectors(numbers), Pretrained(lambda: module), memory=memory)
    assert sum(calls) == 40
    assert list(Path(memory.location).rglob("*.sqlite")) == []


def test_another_model_has_rows_of_its_own(numbers, memory, calls):
    block = vectors(numbers)
    first = embed(block, memory=memory)
    other = embed(block, Pretrained(Witness(factor=3.0)), memory=memory)
    assert sum(calls) == 40
    np.testing.assert_allclose(other.values, 1.5 * first.values, rtol=1e-6)
    embed(block, Pretrained(Witness(factor=3.0)), memory=memory)
    assert sum(calls) == 40


def test_without_memory_nothing_is_kept(numbers, calls, tmp_path):
    for memory in (None, Memory(None)):
        embed(vectors(numbers), memory=memory)
    assert sum(calls) == 40
    assert list(tmp_path.iterdir()) == []


# Errors and progress -----------------------------------------------------------------------------


def test_numbers_that_are_not_finite_are_refused(numbers):
    with pytest.raises(ValueError, match="modality 'a': its pretrained module gives numbers that"):
        embed(vectors(numbers), Pretrained(Witness(factor=np.inf)))


def test_an_error_of_the_model_says_what_it_was_given(numbers):
    with pytest.raises(RuntimeError) as caught:
        embed(vectors(numbers), Pretrained(nn.Linear(7, 2)))
    assert "values of shape (20, 3)" in "".join(caught.value.__notes__)


def test_long_work_is_shown(numbers, capsys):
    embed(vectors(numbers), Pretrained(Witness, batch_size=2), verbose=1)
    assert "embedding a" in capsys.readouterr().err
    embed(vectors(numbers), Pretrained(Witness, batch_size=2))
    assert capsys.readouterr().err == ""


# What the network reads --------------------------------------------------------------------------


class Skewed(nn.Module):
    def forward(self, values):
        return 100 + values * torch.tensor([1.0, 1.0, 10.0])


def test_vectors_are_brought_to_one_scale_by_weight_and_stay_on_it(numbers):
    inputs = FrozenInputs("Owner", listed(a=Pretrained(Skewed)))
    present, weight = np.arange(20) % 5 > 0, np.arange(20.0)
    found = inputs({"a": vectors(numbers, present)}, weight)["a"].values
    assert not found[~present].any()
    mean = np.average(found[present], axis=0, weights=weight[present])
    np.testing.assert_allclose(mean, 0, atol=1e-4)
    spread = np.average((found[present] ** 2).mean(axis=1), weights=weight[present])
    assert spread == pytest.approx(1, rel=1e-3)
    ratio = found[present].std(axis=0) / numbers[present].std(axis=0)
    np.testing.assert_allclose(ratio / ratio[0], [1, 1, 10], rtol=1e-3)  # directions keep sizes
    shifted = inputs({"a": vectors(numbers + 5, present)})["a"].values
    assert (shifted[present] > found[present]).all()


def test_repeating_a_row_is_weighting_it(numbers):
    repeats = np.arange(20) % 3
    weighted, repeated = (FrozenInputs("Owner", listed(a=Pretrained(Skewed))) for _ in range(2))
    weighted({"a": vectors(numbers)}, repeats.astype(float))
    repeated({"a": vectors(np.repeat(numbers, repeats, axis=0))})
    for one, other in zip(weighted.moments["a"], repeated.moments["a"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_vectors_that_are_all_alike_become_zeros():
    inputs = FrozenInputs("Owner", listed(a=Pretrained(Witness)))
    found = inputs({"a": vectors(np.ones((4, 2)))})["a"]
    assert not found.values.any()


def test_what_differs_by_rounding_alone_is_not_blown_up(rng):
    inputs = FrozenInputs("Owner", listed(a=Pretrained(Skewed)))
    alike = np.full((50, 3), 0.1)
    found = inputs({"a": vectors(alike)}, rng.uniform(size=50))["a"].values
    assert np.abs(found).max() < 1e-3
    shifted = inputs({"a": vectors(alike + 1)})["a"].values
    np.testing.assert_allclose(shifted, np.broadcast_to([1, 1, 10], (50, 3)), rtol=1e-3)


def test_rows_of_weight_zero_alone_have_no_scale(numbers):
    inputs = FrozenInputs("Owner", listed(a=Pretrained(Skewed)))
    present, weight = np.arange(20) < 5, 1.0 * (np.arange(20) >= 5)
    assert np.isfinite(inputs({"a": vectors(numbers, present)}, weight)["a"].values).all()


@pytest.mark.slow
def test_the_owner_is_named_in_errors(numbers):
    inputs = FrozenInputs("Owner", listed(a=Pretrained("no/such/model")))
    with pytest.raises(ValueError, match="^Owner: modality 'a': no folder"):
        inputs({"a": vectors(numbers)})
