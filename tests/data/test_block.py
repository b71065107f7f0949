"""A block holds the values of the samples that have a modality, and zeros elsewhere."""

import numpy as np
import pytest

from sklearn_crossmodal.data import KINDS, Block, BlockSpec


@pytest.fixture
def block():
    ids = np.array([[3, 2, 0], [4, 5, 2]])
    spec = BlockSpec("tokens", (3,), n_categories=6)
    return Block(ids, np.ones(2, dtype=bool), spec, mask=ids > 0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_a_spec(kind):
    assert BlockSpec(kind, (2, 3)).size == 6


def test_an_unknown_kind_is_refused_and_the_known_are_listed():
    with pytest.raises(ValueError, match="'pixels' is not one of .*'vector'.*'grid'"):
        BlockSpec("pixels", (3,))


def test_scatter_puts_rows_where_the_modality_is_present(block):
    spread = block.scatter(np.array([False, True, False, True]))
    assert spread.present.tolist() == [False, True, False, True]
    assert spread.values.tolist() == [[0, 0, 0], [3, 2, 0], [0, 0, 0], [4, 5, 2]]
    assert spread.values.dtype == block.values.dtype
    np.testing.assert_array_equal(spread.mask, spread.values > 0)
    assert spread.spec is block.spec


def test_scatter_over_samples_that_all_have_it_copies_nothing(block):
    assert block.scatter(np.ones(2, dtype=bool)) is block


def test_scatter_without_a_mask_makes_none():
    block = Block(np.ones((1, 2)), np.ones(1, dtype=bool), BlockSpec("vector", (2,)))
    assert block.scatter(np.array([False, True])).mask is None


def test_scatter_needs_as_many_places_as_rows(block):
    with pytest.raises(ValueError, match="shape"):
        block.scatter(np.array([True, False, False]))


@pytest.mark.parametrize("rows", [np.array([1]), np.array([False, True]), slice(1, 2)], ids=str)
def test_take_cuts_values_presence_and_mask_alike(block, rows):
    cut = block.scatter(np.array([True, True])).take(rows)
    assert len(cut) == 1
    assert cut.values.tolist() == [[4, 5, 2]]
    assert cut.mask.tolist() == [[True, True, True]]


def test_a_slice_of_a_block_is_a_view(block):
    assert np.shares_memory(block.take(slice(0, 1)).values, block.values)


def test_take_undoes_scatter(block):
    present = np.array([False, True, True])
    again = block.scatter(present).take(present)
    np.testing.assert_array_equal(again.values, block.values)
    assert again.present.all()


@pytest.mark.parametrize(
    ("spec", "dtype"),
    [(BlockSpec("vector", (4,)), np.float64), (BlockSpec("tokens", (4,), 9), np.int64)],
)
@pytest.mark.parametrize("masked", [True, False])
def test_an_absent_block_is_zero_and_present_nowhere(spec, dtype, masked):
    block = Block.absent(spec, 3, masked=masked)
    assert (len(block), block.values.shape, block.values.dtype) == (3, (3, 4), dtype)
    assert not block.values.any()
    assert not block.present.any()
    assert (block.mask is None) == (not masked)
    if masked:
        assert (block.mask.shape, block.mask.any()) == ((3, 4), False)


def test_specs_are_equal_where_all_they_say_is_arrays_too():
    def spec(*quantiles, **more):
        return BlockSpec("vector", (1,), quantiles=np.array(quantiles)[:, np.newaxis], **more)

    assert spec(0.0, 1.0) == spec(0.0, 1.0)
    assert hash(spec(0.0, 1.0)) == hash(spec(0.0, 1.0))
    assert spec(0.0, 1.0) != spec(0.0, 2.0)
    assert spec(0.0, 1.0) != BlockSpec("vector", (1,))
    assert BlockSpec("codes", (1,), (3,), ordered=(True,)) != BlockSpec("codes", (1,), (3,))
    assert BlockSpec("vector", (1,)) != "vector"
