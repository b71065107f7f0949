import torch

from sklearn_crossmodal.nn.fusion import GatedFusion


def draw():
    fusion = GatedFusion(width=4).build([2, 3, 1])
    latents = [torch.randn(3, width) for width in (2, 3, 1)]
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, False]])
    return fusion, latents, present


def test_gates_sum_to_one_and_are_zero_where_a_modality_is_absent():
    fusion, latents, present = draw()
    gates = fusion.gates(latents, present)
    torch.testing.assert_close(gates.sum(dim=1), torch.ones(3))
    assert torch.equal(gates > 0, present)
    assert gates[2].tolist() == [0, 1, 0]  # one modality alone has all the weight


def test_result_is_the_mean_of_the_projected_latents_by_their_gates():
    fusion, latents, present = draw()
    gates = fusion.gates(latents, present)
    expected = sum(
        gates[:, m : m + 1] * fusion.project[m](latent) for m, latent in enumerate(latents)
    )
    torch.testing.assert_close(fusion(latents, present), expected)


def test_gates_are_a_softmax_of_scores_of_all_latents():
    fusion, latents, _ = draw()
    scores = torch.cat(latents, dim=1) @ fusion.score.weight.T + fusion.score.bias
    expected = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    torch.testing.assert_close(fusion.gates(latents), expected)


def test_a_gate_follows_what_another_modality_says():
    fusion, latents, _ = draw()
    before = fusion.gates(latents)
    latents[0] = latents[0] + 1
    assert ((fusion.gates(latents) - before).abs() > 1e-4).all()
