import pytest
import torch
from torch import nn

from sklearn_crossmodal.nn import build_fusion
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.nn.fusion._subset_fusion import PartialFusion

WIDTHS = [3, 4, 5]


@pytest.fixture(params=FUSIONS)
def known(request):
    """Return a fusion of three modalities that drops nothing, and a map behind it."""
    fusion = build_fusion(request.param, WIDTHS).eval()
    return fusion, nn.Linear(fusion.out_features, 2)


@pytest.fixture
def latents():
    return [torch.randn(6, width) for width in WIDTHS]


def test_all_modalities_in_another_order_are_joined_as_before(known, latents):
    fusion, bottleneck = known
    partial = PartialFusion(fusion, bottleneck, WIDTHS, [2, 0, 1], None, 2).eval()
    expected = bottleneck(fusion(latents, None))
    torch.testing.assert_close(partial([latents[place] for place in (2, 0, 1)]), expected)
    assert partial.out_features == 2


def test_modalities_that_are_no_sources_are_absent(known, latents):
    fusion, bottleneck = known
    partial = PartialFusion(fusion, bottleneck, WIDTHS, [2, 0], None, 2).eval()
    present = torch.tensor([[True, False, True]]).expand(6, -1)
    filled = [latents[0], torch.zeros(6, 4), latents[2]]
    expected = bottleneck(fusion(filled, present))
    torch.testing.assert_close(partial([latents[2], latents[0]]), expected)
    some = torch.tensor([[True, False]] * 6)
    present = torch.tensor([[False, False, True]] * 6)
    torch.testing.assert_close(
        partial([latents[2], latents[0]], some), bottleneck(fusion(filled, present))
    )


def test_further_modalities_are_joined_to_what_is_shared(known, latents):
    fusion, bottleneck = known
    outer = build_fusion("sum", [2, 7]).eval()
    partial = PartialFusion(fusion, bottleneck, WIDTHS, [None, 0, 1, 2], outer, 2).eval()
    further = torch.randn(6, 7)
    shared = bottleneck(fusion(latents, None))
    torch.testing.assert_close(partial([further, *latents]), outer([shared, further], None))
    assert partial.out_features == outer.out_features


def test_a_row_that_has_none_of_them_is_told_by_the_further_ones(known, latents):
    fusion, bottleneck = known
    outer = build_fusion("sum", [2, 7]).eval()
    partial = PartialFusion(fusion, bottleneck, WIDTHS, [None, 0, 1, 2], outer, 2).eval()
    further = torch.randn(6, 7, requires_grad=True)
    hidden = [torch.zeros_like(latent) for latent in latents]
    found = partial([further, *hidden], torch.tensor([[True, False, False, False]] * 6))
    alone = outer([torch.zeros(6, 2), further], torch.tensor([[False, True]] * 6))
    torch.testing.assert_close(found, alone)
    found.sum().backward()
    weights = [*partial.parameters(), further]
    assert all(one.grad is None or one.grad.isfinite().all() for one in weights)
