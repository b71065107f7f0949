import numpy as np
import pytest
import torch

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn.decoders import CodesDecoder, MLPDecoder, likely_codes

SPEC = BlockSpec("codes", (3,), n_categories=(3, 5, 2))


def test_each_column_has_the_scores_of_a_linear_map_of_its_own():
    decoder = CodesDecoder(()).build(4, SPEC)
    latent = torch.randn(6, 4)
    scores, linear = decoder(latent), decoder.linear(latent)
    assert scores.shape == (6, 3, 5)
    torch.testing.assert_close(scores[:, 0, :3], linear[:, :3])
    torch.testing.assert_close(scores[:, 1], linear[:, 3:8])
    torch.testing.assert_close(scores[:, 2, :2], linear[:, 8:])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_a_category_that_a_column_has_not_gets_no_probability(dtype):
    decoder = CodesDecoder(()).build(4, SPEC)
    probabilities = decoder(torch.randn(6, 4)).to(dtype).softmax(dim=-1)
    assert not probabilities[:, 0, 3:].any()
    assert not probabilities[:, 2, 2:].any()
    assert probabilities.isfinite().all()


def test_cross_entropy_of_columns_is_the_mean_of_theirs_where_the_mask_shows():
    scores = CodesDecoder().build(4, SPEC)(torch.randn(2, 4))
    target = torch.tensor([[2, 4, 1], [0, 3, 0]])
    mask = torch.tensor([[True, True, True], [True, False, True]])
    loss = build_loss("cross_entropy", SPEC).per_sample(scores, target, mask)
    own = [scores[:, c, :k].log_softmax(-1) for c, k in enumerate(SPEC.n_categories)]
    first = -(own[0][0, 2] + own[1][0, 4] + own[2][0, 1]) / 3
    torch.testing.assert_close(loss, torch.stack([first, -(own[0][1, 0] + own[2][1, 0]) / 2]))


def test_the_likely_code_is_the_most_probable_but_for_a_missing_cell():
    probabilities = torch.tensor([[[0.6, 0.1, 0.3], [0.1, 0.7, 0.2]]])
    assert likely_codes(probabilities, BlockSpec("codes", (2,), (3, 3))).tolist() == [[2, 1]]
    assert likely_codes(probabilities[:, 0], BlockSpec("codes", (1,), (3,))).tolist() == [[2]]
    assert probabilities[0, 0, 0] == 0.6  # not changed in place


def test_a_code_without_a_level_is_no_answer():
    labelled = np.array([[False, True, True, False], [False, False, True, True]])
    spec = BlockSpec("codes", (2,), (3, 4), labelled=labelled)
    probabilities = torch.tensor([[[0.2, 0.6, 0.2, 0.0], [0.1, 0.6, 0.1, 0.2]]])
    assert likely_codes(probabilities, spec).tolist() == [[1, 3]]


def test_hidden_layers_and_dropout_act():
    decoder = CodesDecoder((9, 7), dropout=0.5).build(4, SPEC)
    assert decoder.linear.in_features == 7
    latent = torch.randn(3, 4)
    assert not torch.equal(decoder(latent), decoder(latent))


def test_the_mlp_decoder_refuses_several_columns_and_names_what_takes_them():
    with pytest.raises(ModalityError, match="of one column, got 3: take decoder='codes'"):
        build_decoder(MLPDecoder(), 4, SPEC)
