import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.encoders import MLPEncoder

VECTOR = BlockSpec("vector", (3,))


def test_output_is_the_layers_plus_a_linear_path_past_them():
    encoder = MLPEncoder(width=4, n_layers=2).build(VECTOR)
    first, second = (layer for layer in encoder.layers if isinstance(layer, nn.Linear))
    values = torch.randn(5, 3)
    expected = encoder.linear(values) + second(first(values).relu()).relu()
    torch.testing.assert_close(encoder(values), expected)


def test_without_layers_it_is_linear():
    encoder = MLPEncoder(width=4, n_layers=0).build(VECTOR).double()
    a, b = torch.randn(2, 5, 3).double()
    middle = encoder((a + b) / 2)
    torch.testing.assert_close(middle, (encoder(a) + encoder(b)) / 2)
    assert sum(weight.numel() for weight in encoder.parameters()) == 3 * 4 + 4


def test_grids_are_flattened():
    grid, flat = BlockSpec("grid", (2, 3, 4)), BlockSpec("vector", (24,))
    encoder = MLPEncoder(width=4).build(grid)
    twin = MLPEncoder(width=4).build(flat)
    twin.load_state_dict(encoder.state_dict())
    values = torch.randn(5, 2, 3, 4)
    torch.testing.assert_close(encoder(values), twin(values.reshape(5, 24)))


def test_dropout_acts_in_training_only():
    encoder = MLPEncoder(dropout=0.5).build(VECTOR)
    values = torch.randn(5, 3)
    assert not torch.equal(encoder(values), encoder(values))
    encoder.eval()
    assert torch.equal(encoder(values), encoder(values))
