from math import pi

import numpy as np
import pytest
import torch

from sklearn_crossmodal import Numeric
from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_encoder
from sklearn_crossmodal.nn.encoders import PeriodicEncoder, PiecewiseLinearEncoder

QUANTILES = np.column_stack([[0.0, 1.0, 3.0, 4.0, 9.0], [0.0, 0.0, 0.0, 0.0, 1.0]])
SPEC = BlockSpec("vector", (2,), quantiles=QUANTILES)


# Piecewise linear -------------------------------------------------------------------------------


def test_the_encoding_says_how_far_a_number_is_through_each_bin():
    bins = PiecewiseLinearEncoder(n_bins=4).build(SPEC).bins
    values = torch.tensor([[0.5, 0.25], [3.0, 0.0], [6.5, 1.0]])
    expected = [
        [0.5, 0, 0, 0, 0.25],  # quantiles that agree make one bin of the second column
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0.5, 1],
    ]
    assert bins(values).tolist() == expected


def test_outside_of_the_quantiles_nothing_is_extrapolated():
    encoder = PiecewiseLinearEncoder().build(SPEC)
    ends = encoder(torch.tensor([[0.0, 0.0], [9.0, 1.0]]))
    assert torch.equal(encoder(torch.tensor([[-7.0, -1e30], [1e30, 2.0]])), ends)


@pytest.mark.parametrize(("n_bins", "n_edges"), [(1, [0, 9]), (2, [0, 3, 9]), (4, [0, 1, 3, 4, 9])])
def test_fewer_bins_take_fewer_of_the_quantiles(n_bins, n_edges):
    bins = PiecewiseLinearEncoder(n_bins=n_bins).build(SPEC).bins
    first = bins.columns == 0
    assert [*bins.start[first].tolist(), 9] == n_edges


def test_more_bins_than_quantiles_take_all():
    assert PiecewiseLinearEncoder(n_bins=500).build(SPEC).bins.out_features == 5


def test_a_column_of_one_value_encodes_as_zero():
    spec = BlockSpec("vector", (1,), quantiles=np.full((5, 1), 0.3))
    assert PiecewiseLinearEncoder().build(spec).bins(torch.tensor([[0.3]])).abs().max() < 1e-6


def test_bins_of_a_column_hold_as_many_rows_each(rng):
    numbers = rng.lognormal(size=(6400, 1))
    block = Numeric().fit(numbers).transform(numbers)
    bins = PiecewiseLinearEncoder(n_bins=8).build(block.spec).bins
    n_full = (bins(torch.from_numpy(block.values)) == 1).sum(dim=1)
    counts = torch.bincount(n_full.clamp(max=7))  # the greatest number is at the end of its bin
    np.testing.assert_allclose(counts, 800, atol=10)


def test_without_quantiles_the_error_says_what_to_take():
    with pytest.raises(ModalityError, match="PiecewiseLinearEncoder .* not known here.*'periodic'"):
        build_encoder("piecewise_linear", BlockSpec("vector", (2,)))


def test_it_learns_a_bent_function_that_a_linear_map_of_numbers_cannot():
    torch.manual_seed(0)
    values = torch.linspace(-2, 2, 200)[:, None]
    spec = BlockSpec("vector", (1,), quantiles=np.linspace(-2, 2, 65)[:, None])
    encoded = PiecewiseLinearEncoder(n_bins=16).build(spec).bins(values)
    target = (3 * values).sin()
    design = torch.cat([encoded, torch.ones(200, 1)], dim=1)
    fitted = design @ torch.linalg.lstsq(design, target).solution
    assert ((fitted - target) ** 2).mean() < 0.002


# Periodic ---------------------------------------------------------------------------------------


def test_each_number_becomes_waves_then_a_layer_of_its_column():
    encoder = PeriodicEncoder(width=4, n_frequencies=3, embedding_width=2).build(SPEC)
    values = torch.tensor([[0.5, 0.25], [2.0, 1.0]])
    hidden = []
    for place in range(2):
        angles = 2 * pi * values[:, place, None] * encoder.frequencies[place]
        waves = torch.cat([angles.sin(), angles.cos()], dim=1)
        hidden.append((waves @ encoder.weight[place] + encoder.bias[place]).relu())
    expected = encoder.linear(values) + encoder.layers(torch.cat([values, *hidden], dim=1))
    torch.testing.assert_close(encoder(values), expected)


def test_frequencies_are_learned_and_start_at_their_scale():
    torch.manual_seed(0)
    spec = BlockSpec("vector", (50,))
    encoder = PeriodicEncoder(n_frequencies=40, frequency_scale=3.0).build(spec)
    assert encoder.frequencies.shape == (50, 40)
    assert 2.8 < encoder.frequencies.std() < 3.2
    encoder(torch.randn(4, 50)).sum().backward()
    assert encoder.frequencies.grad.abs().sum() > 0


def test_where_the_range_is_known_numbers_are_held_within():
    far, ends = torch.tensor([[-7.0, 1e6]]), torch.tensor([[0.0, 1.0]])
    held = PeriodicEncoder().build(SPEC)
    assert torch.equal(held(far), held(ends))
    free = PeriodicEncoder().build(BlockSpec("vector", (2,)))
    assert not torch.allclose(free(far), free(ends))


@pytest.mark.parametrize("part", [PeriodicEncoder, PiecewiseLinearEncoder])
def test_layers_and_dropout_are_those_of_the_mlp(part):
    flat = part(n_layers=0).build(SPEC)
    assert not any(isinstance(one, torch.nn.ReLU) for one in flat.modules())
    assert flat(torch.ones(1, 2)).shape == (1, 64)
    assert part(width=7).build(SPEC).out_features == 7
    encoder = part(dropout=0.5).build(SPEC)
    values = torch.ones(1, 2)
    assert not torch.equal(encoder(values), encoder(values))
