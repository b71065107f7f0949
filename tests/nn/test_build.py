"""A user's own module in the place of a part."""

import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_decoder, build_encoder, build_fusion, build_loss
from sklearn_crossmodal.nn.encoders import MLPEncoder

VECTOR = BlockSpec("vector", (3,))
TOKENS = BlockSpec("tokens", (5,), n_categories=7)


class MaskedMean(nn.Module):
    """An encoder of tokens that says nothing of its width."""

    def __init__(self, spec):
        super().__init__()
        self.embed = nn.Embedding(spec.n_categories, 4)

    def forward(self, tokens, mask=None):
        steps = self.embed(tokens)
        if mask is None:
            return steps.mean(dim=1)
        return (steps * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)


class FirstOnly(nn.Module):
    """A fusion that looks at no presence, and says its width."""

    def __init__(self, widths):
        super().__init__()
        self.out_features = widths[0]

    def forward(self, latents):
        return latents[0]


class Weighted(nn.Module):
    """A fusion that looks at presence, and says nothing of its width."""

    def __init__(self, widths):
        super().__init__()
        self.project = nn.ModuleList([nn.Linear(width, 6) for width in widths])

    def forward(self, latents, present=None):
        values = torch.stack([f(z) for f, z in zip(self.project, latents, strict=True)], dim=1)
        return (values if present is None else values * present.unsqueeze(-1)).sum(dim=1)


# Encoders ----------------------------------------------------------------------------------------


def test_an_encoder_class_is_called_with_the_spec():
    encoder = build_encoder(MaskedMean, TOKENS)
    assert encoder.module.embed.num_embeddings == 7


def test_an_encoder_whose_forward_takes_a_mask_gets_it():
    encoder = build_encoder(MaskedMean, TOKENS)
    tokens = torch.tensor([[3, 4, 2, 0, 0]])
    mask = torch.tensor([[True, True, True, False, False]])
    torch.testing.assert_close(encoder(tokens, mask), encoder(tokens[:, :3], None))
    assert not torch.allclose(encoder(tokens, mask), encoder(tokens, None))


def test_an_encoder_whose_forward_takes_no_mask_is_not_given_one():
    encoder = build_encoder(lambda spec: nn.Linear(spec.size, 4), VECTOR)
    values, mask = torch.randn(2, 3), torch.ones(2, 3, dtype=torch.bool)
    assert torch.equal(encoder(values, mask), encoder.module(values))


def test_a_forward_of_star_args_gets_the_values():
    class Starred(nn.Module):
        def forward(self, *args):
            (values,) = args
            return values[:, :2]

    assert build_encoder(lambda spec: Starred(), VECTOR).out_features == 2


@pytest.mark.parametrize("width", [1, 8])
def test_the_width_is_out_features_where_the_module_says_it(width):
    assert build_encoder(lambda spec: nn.Linear(3, width), VECTOR).out_features == width


def test_the_width_is_found_by_a_dry_run_where_the_module_does_not_say_it():
    assert build_encoder(MaskedMean, TOKENS).out_features == 4
    image = BlockSpec("grid", (3, 8, 8))
    network = [nn.Conv2d(3, 2, 3), nn.Flatten(), nn.LazyLinear(9), nn.ReLU()]
    assert build_encoder(lambda spec: nn.Sequential(*network), image).out_features == 9


def test_a_dry_run_leaves_statistics_random_numbers_and_mode_as_they_were():
    def make(spec):
        layers = [nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2), nn.Sequential()]
        return nn.Sequential(*layers)

    torch.manual_seed(5)
    encoder = build_encoder(make, VECTOR)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    make(VECTOR)
    assert torch.equal(torch.rand(3), drawn)
    assert encoder.module[0].num_batches_tracked == 0
    assert all(module.training for module in encoder.modules())


def test_an_instance_in_place_of_an_encoder_is_not_trained_in_place():
    mine = nn.Linear(3, 2)
    before = mine.weight.detach().clone()
    encoder = build_encoder(mine, VECTOR)
    optimizer = torch.optim.SGD(encoder.parameters(), lr=1.0)
    encoder(torch.ones(2, 3), None).sum().backward()
    optimizer.step()
    assert not torch.equal(encoder.module.weight, before)  # it started from the user's weights,
    assert torch.equal(encoder.module.weight, before - 2)
    assert torch.equal(mine.weight, before)  # which are still theirs


def test_a_registered_encoder_is_not_wrapped():
    assert not hasattr(build_encoder(MLPEncoder(width=2), VECTOR), "module")


# Fusions -----------------------------------------------------------------------------------------


def test_a_fusion_class_is_called_with_the_widths():
    assert build_fusion(FirstOnly, [3, 5]).out_features == 3
    assert build_fusion(Weighted, [3, 5]).out_features == 6


def test_a_fusion_gets_presence_only_if_its_forward_takes_it():
    latents = [torch.randn(2, 3), torch.randn(2, 5)]
    present = torch.tensor([[True, False], [True, True]])
    assert torch.equal(build_fusion(FirstOnly, [3, 5])(latents, present), latents[0])
    fusion = build_fusion(Weighted, [3, 5])
    alone = fusion.module.project[0](latents[0][:1])
    torch.testing.assert_close(fusion(latents, present)[:1], alone)


def test_an_instance_in_place_of_a_fusion_is_copied():
    mine = Weighted([3, 5])
    fusion = build_fusion(mine, [3, 5])
    assert fusion.module is not mine
    assert torch.equal(fusion.module.project[0].weight, mine.project[0].weight)


# Decoders ----------------------------------------------------------------------------------------


def test_a_decoder_class_is_called_with_width_and_spec():
    class Linear(nn.Linear):
        def __init__(self, width, spec):
            super().__init__(width, spec.size)

    decoder = build_decoder(Linear, 6, VECTOR)
    assert (decoder.in_features, decoder.out_features) == (6, 3)


def test_an_instance_in_place_of_a_decoder_is_copied():
    mine = nn.Linear(6, 3)
    decoder = build_decoder(mine, 6, VECTOR)
    assert decoder is not mine
    assert torch.equal(decoder.weight, mine.weight)


def test_a_users_module_takes_blocks_of_any_kind():
    for spec in (VECTOR, TOKENS, BlockSpec("grid", (1, 2, 2)), BlockSpec("sequence", (2, 2))):
        assert build_encoder(lambda spec: nn.Flatten(), spec).out_features == spec.size


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (build_encoder, ("rnn", TOKENS), r"unknown encoder 'rnn'; valid: \[.*'bag'.*'lstm'"),
        (build_fusion, ("gate", [3, 5]), r"unknown fusion 'gate'; valid: \[.*'gated'"),
        (build_decoder, ("lstm", 4, TOKENS), r"unknown decoder 'lstm'; valid: \[.*'tokens'"),
        (build_loss, ("mse", VECTOR), r"unknown loss 'mse'; valid: \[.*'squared_error'"),
    ],
)
def test_an_unknown_name_is_an_error_that_lists_the_valid_ones(build, arguments, message):
    with pytest.raises(ModalityError, match=message):
        build(*arguments)


def test_a_misfit_names_the_kind_the_part_and_the_parts_that_fit():
    message = (
        "it yields 'tokens' blocks, which MLPEncoder does not accept. "
        "An encoder that does: ['attention', 'bag', 'conv', 'gru', 'lstm']."
    )
    with pytest.raises(ModalityError) as caught:
        build_encoder("mlp", TOKENS)
    assert str(caught.value) == message
