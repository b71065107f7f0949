import torch

from sklearn_crossmodal.nn.fusion import LowRankFusion


def test_result_is_a_sum_over_the_rank_of_products_over_the_modalities():
    width, rank = 3, 2
    fusion = LowRankFusion(width=width, rank=rank).build([2, 4])
    with torch.no_grad():
        fusion.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
    latents = [torch.randn(5, 2), torch.randn(5, 4)]
    present = torch.tensor([[True, True], [True, False], [False, True], [True, True], [True, True]])
    fused = fusion(latents, present)
    for row in range(5):
        for d in range(width):
            total = 0.0
            for r in range(rank):
                product = 1.0  # the factor of an absent modality
                for m, factor in enumerate(fusion.factors):
                    if present[row, m]:
                        place = r * width + d
                        weight, bias = factor.weight[place], factor.bias[place]
                        product = product * (weight @ latents[m][row] + bias)
                total = total + product / rank
            torch.testing.assert_close(fused[row, d], total + fusion.bias[d])


def test_products_start_near_one_so_that_no_modality_is_shut_out():
    fusion = LowRankFusion(width=3).build([2, 4, 5])
    start = fusion([torch.zeros(1, width) for width in (2, 4, 5)])
    torch.testing.assert_close(start, torch.ones(1, 3))
