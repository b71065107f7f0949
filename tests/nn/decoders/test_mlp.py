import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.decoders import MLPDecoder


def test_without_hidden_layers_it_is_one_linear_map():
    decoder = MLPDecoder(()).build(4, BlockSpec("vector", (3,)))
    latent = torch.randn(5, 4)
    (linear,) = (module for module in decoder.modules() if isinstance(module, nn.Linear))
    torch.testing.assert_close(decoder(latent), linear(latent))


def test_hidden_layers_have_the_widths_asked_for():
    decoder = MLPDecoder((7, 6)).build(4, BlockSpec("vector", (3,)))
    shapes = [tuple(weight.shape) for weight in decoder.parameters() if weight.ndim == 2]
    assert shapes == [(7, 4), (6, 7), (3, 6)]


def test_a_column_of_codes_has_a_score_for_each_category():
    decoder = MLPDecoder().build(3, BlockSpec("codes", (1,), n_categories=(7,)))
    assert decoder(torch.randn(5, 3)).shape == (5, 7)


def test_dropout_acts_in_training_only():
    decoder = MLPDecoder(dropout=0.5).build(4, BlockSpec("vector", (3,)))
    latent = torch.randn(5, 4)
    assert not torch.equal(decoder(latent), decoder(latent))
    decoder.eval()
    assert torch.equal(decoder(latent), decoder(latent))
