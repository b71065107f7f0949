import numpy as np
import torch
from torch.nn import functional

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn.losses import OrdinalLoss, chain_log_probabilities, ordinal_cross_entropy


def test_probabilities_are_the_chain_product_and_sum_to_one():
    scores = torch.randn(6, 3, dtype=torch.float64) * 3
    yes = scores.sigmoid()
    expected = [1 - yes[:, 0], yes[:, 0] * (1 - yes[:, 1])]
    expected += [yes[:, 0] * yes[:, 1] * (1 - yes[:, 2]), yes.prod(dim=1)]
    found = OrdinalLoss().build().link(scores)
    torch.testing.assert_close(found, torch.stack(expected, dim=1))
    torch.testing.assert_close(found.sum(dim=1), torch.ones(6, dtype=torch.float64))


def test_loss_is_that_of_the_binary_tasks_that_a_sample_is_asked():
    scores, target = torch.randn(5, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 3])
    expected = []
    for row, label in enumerate(target.tolist()):
        asked = range(min(label + 1, 3))  # the conditional subsets of the paper
        answers = torch.tensor([float(label > k) for k in asked], dtype=torch.float64)
        logits = scores[row, : len(answers)]
        expected.append(functional.binary_cross_entropy_with_logits(logits, answers) * len(answers))
    found = ordinal_cross_entropy(scores, target[:, None])
    torch.testing.assert_close(found, torch.stack(expected))


def test_large_scores_give_finite_losses():
    scores = torch.tensor([[-500.0, 500.0], [500.0, -500.0]], requires_grad=True)
    ordinal_cross_entropy(scores, torch.tensor([[2], [0]])).sum().backward()
    assert scores.grad.isfinite().all()
    assert chain_log_probabilities(scores).isfinite().all()


def test_columns_of_several_codes_have_chains_of_their_own():
    spec = BlockSpec("codes", (2,), n_categories=(3, 5))
    loss = build_loss("ordinal", spec)
    decoder = build_decoder("codes", 4, spec, loss)
    assert decoder.linear.out_features == 2 + 4
    probabilities = loss.link(decoder(torch.randn(7, 4)))
    assert probabilities.shape == (7, 2, 5)
    np.testing.assert_allclose(probabilities.sum(dim=-1).detach(), 1, rtol=1e-5)
    assert not probabilities[:, 0, 3:].any()
