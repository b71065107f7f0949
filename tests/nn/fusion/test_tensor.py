import pytest
import torch

from sklearn_crossmodal.nn.fusion import LowRankFusion, TensorFusion


def test_result_is_a_linear_map_of_the_outer_product_with_a_one_appended():
    fusion = TensorFusion(width=5, modality_width=2).build([3, 4, 1])
    latents = [torch.randn(6, width) for width in (3, 4, 1)]
    present = torch.ones(6, 3, dtype=torch.bool)
    present[1, 0] = present[2, 1] = present[2, 2] = False
    fused = fusion(latents, present)
    for row in range(6):
        a, b, c = (
            torch.cat([fusion.project[m](latents[m][row]) * present[row, m], torch.ones(1)])
            for m in range(3)
        )
        outer = torch.einsum("i,j,k->ijk", a, b, c).flatten()
        expected = fusion.join.weight @ outer + fusion.join.bias
        torch.testing.assert_close(fused[row], expected)


def test_of_a_single_present_modality_only_its_own_entries_are_left():
    fusion = TensorFusion(width=5, modality_width=2).build([3, 4])
    with torch.no_grad():
        fusion.join.weight.fill_(1.0)
        fusion.join.bias.zero_()
    latent = torch.randn(1, 3)
    fused = fusion([latent, torch.randn(1, 4)], torch.tensor([[True, False]]))
    torch.testing.assert_close(fused[0, 0], fusion.project[0](latent).sum() + 1)


def test_too_many_products_are_refused_before_they_fill_the_memory():
    with pytest.raises(ValueError, match=r"of 6 modalities .* 531441 products.*LowRankFusion"):
        TensorFusion().build([2] * 6)
    assert TensorFusion(modality_width=2).build([2] * 6).join.in_features == 3**6
    assert LowRankFusion().build([2] * 6).out_features == 64  # what the message says works
