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


def test_codes_have_a_score_for_each_category_of_each_column():
    decoder = MLPDecoder().build(4, BlockSpec("codes", (2,), n_categories=(3, 5)))
    assert decoder(torch.zeros(2, 4)).shape == (2, 8)


def test_dropout_acts_in_training_only():
    decoder = MLPDecoder(dropout=0.5).build(4, BlockSpec("vector", (3,)))
    latent = torch.randn(5, 4)
    assert not torch.equal(decoder(latent), decoder(latent))
    decoder.eval()
    assert torch.equal(decoder(latent), decoder(latent))
