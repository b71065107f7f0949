import pytest
import torch

from sklearn_crossmodal.nn.fusion import AttentionFusion


def build(**params):
    fusion = AttentionFusion(**{"width": 8, "n_heads": 2, **params}).build([2, 3, 1])
    return fusion.double().eval(), [torch.randn(4, width).double() for width in (2, 3, 1)]


def test_result_is_the_mean_of_the_tokens_behind_the_blocks():
    fusion, latents = build(n_layers=2)
    tokens = torch.stack([f(z) for f, z in zip(fusion.project, latents)], dim=1)
    for block in fusion.blocks:
        tokens = block(tokens)
    torch.testing.assert_close(fusion(latents), fusion.norm(tokens).mean(dim=1))
    assert len(fusion.blocks) == 2


def test_an_absent_modality_is_as_if_it_had_never_been():
    fusion, latents = build()
    present = torch.tensor([[True, False, True]] * 4)
    tokens = torch.stack([fusion.project[m](latents[m]) for m in (0, 2)], dim=1)
    expected = fusion.norm(fusion.blocks[0](tokens)).mean(dim=1)
    torch.testing.assert_close(fusion(latents, present), expected)


def test_modalities_of_one_width_are_told_apart():
    fusion = AttentionFusion(width=8).build([2, 2]).eval()
    first, second = torch.randn(2, 4, 2)
    assert not torch.allclose(fusion([first, second]), fusion([second, first]))


def test_dropout_acts_in_training_only():
    fusion, latents = build(dropout=0.5)
    assert torch.equal(fusion(latents), fusion(latents))
    fusion.train()
    assert not torch.equal(fusion(latents), fusion(latents))


def test_width_must_be_a_multiple_of_the_heads():
    with pytest.raises(ValueError, match="AttentionFusion: width=8 is not a multiple of n_heads=3"):
        build(n_heads=3)
