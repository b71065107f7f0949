import torch
from torch import nn

from sklearn_crossmodal.nn.fusion import LateFusion


def draw():
    fusion = LateFusion(width=4).build([2, 3])
    return fusion, [torch.randn(3, 2), torch.randn(3, 3)]


def test_result_is_the_mean_of_what_each_modality_says_alone():
    fusion, latents = draw()
    said = []
    for expert, latent in zip(fusion.experts, latents, strict=True):
        (first, *_), second = expert
        said.append(second(first(latent).relu()))
    torch.testing.assert_close(fusion(latents), (said[0] + said[1]) / 2)
    alone = fusion(latents, torch.tensor([[False, True]] * 3))
    torch.testing.assert_close(alone, said[1])


def test_under_a_linear_head_it_averages_the_scores_of_the_modalities():
    fusion, latents = draw()
    head = nn.Linear(4, 2)
    scores = [head(fusion(latents, torch.tensor([[m == 0, m == 1]] * 3))) for m in range(2)]
    torch.testing.assert_close(head(fusion(latents)), (scores[0] + scores[1]) / 2)


def test_what_a_modality_adds_does_not_depend_on_the_others():
    # This is why late fusion is blind to synergy, as XOR across modalities.
    fusion, (first, second) = draw()
    other_first, other_second = torch.randn(3, 2), torch.randn(3, 3)
    change = fusion([first, second]) - fusion([other_first, second])
    same = fusion([first, other_second]) - fusion([other_first, other_second])
    torch.testing.assert_close(change, same)
