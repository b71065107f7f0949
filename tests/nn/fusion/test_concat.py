import torch

from sklearn_crossmodal.nn.fusion import ConcatFusion


def test_latents_stand_side_by_side_and_a_learned_vector_for_an_absent_one():
    fusion = ConcatFusion(width=0).build([2, 1])
    with torch.no_grad():
        fusion.absent[0].copy_(torch.tensor([7.0, 8.0]))
        fusion.absent[1].fill_(9.0)
    latents = [torch.tensor([[1.0, 2.0]] * 3), torch.tensor([[3.0]] * 3)]
    present = torch.tensor([[True, True], [False, True], [True, False]])
    assert fusion(latents, present).tolist() == [[1, 2, 3], [7, 8, 3], [1, 2, 9]]


def test_it_has_nothing_to_learn_where_nothing_is_absent():
    fusion = ConcatFusion(width=0).build([2, 1])
    assert not fusion([torch.ones(1, 2), torch.ones(1, 1)]).requires_grad


def test_the_layer_over_all_latents_stands_beside_them():
    fusion = ConcatFusion(width=3).build([2, 1]).eval()
    latents = [torch.ones(1, 2), torch.ones(1, 1)]
    fused = fusion(latents)
    assert fused.shape == (1, 6)
    layer = torch.relu(fusion.joint[0](torch.ones(1, 3)))
    torch.testing.assert_close(fused, torch.cat([torch.ones(1, 3), layer], dim=1))
