import pytest
import torch

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.decoders import CNNDecoder


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 8), (7, 7), (32, 32), (10, 33)], ids=str)
@pytest.mark.parametrize("channels", [(8,), (8, 4), (8, 4, 4)], ids=str)
def test_images_come_out_at_exactly_the_size_of_the_target(size, channels):
    decoder = CNNDecoder(channels).build(4, BlockSpec("grid", (3, *size)))
    assert decoder(torch.zeros(2, 4)).shape == (2, 3, *size)


def test_sizes_double_from_the_first_grid_on_rounding_up_on_the_way_back():
    decoder = CNNDecoder((8, 4)).build(4, BlockSpec("grid", (3, 7, 12)))
    assert decoder.sizes == [(2, 3), (4, 6), (7, 12)]
    assert decoder.linear.out_features == 8 * 2 * 3


def test_a_sigmoid_keeps_pixels_between_zero_and_one():
    spec = BlockSpec("grid", (1, 6, 6))
    latent = 100 * torch.randn(8, 4)
    plain, squashed = CNNDecoder().build(4, spec), CNNDecoder(activation="sigmoid").build(4, spec)
    squashed.load_state_dict(plain.state_dict())
    torch.testing.assert_close(squashed(latent), plain(latent).sigmoid())
    assert plain(latent).abs().max() > 1


@pytest.mark.parametrize("params", [{"kernel_size": 4}, {"channels": ()}])
def test_kernels_are_odd_and_channels_not_none(params):
    with pytest.raises(ValueError, match="CNNDecoder: kernel_size=.* must be odd, and channels="):
        CNNDecoder(**params).build(4, BlockSpec("grid", (3, 8, 8)))
