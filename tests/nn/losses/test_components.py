import pytest
import torch

from sklearn_crossmodal.nn.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    HuberLoss,
    SquaredError,
)


@pytest.mark.parametrize("part", [SquaredError, AbsoluteError, HuberLoss])
def test_predictions_of_numbers_are_the_scores_themselves(part):
    scores = torch.randn(3, 2)
    assert part().build().link(scores) is scores


def test_predictions_of_categories_are_probabilities():
    for scores in (torch.randn(3, 4), torch.randn(3, 5, 4)):
        probabilities = CrossEntropy().build().link(scores)
        torch.testing.assert_close(probabilities.sum(dim=-1), torch.ones(scores.shape[:-1]))
        assert torch.equal(probabilities.argmax(dim=-1), scores.argmax(dim=-1))


def test_predictions_of_binary_cross_entropy_are_sigmoids():
    scores = torch.randn(3, 4)
    torch.testing.assert_close(BinaryCrossEntropy().build().link(scores), scores.sigmoid())


def test_delta_of_the_huber_loss_is_used():
    prediction, target = torch.tensor([[4.0]]), torch.zeros(1, 1)
    values = [HuberLoss(delta=delta).build()(prediction, target).item() for delta in (1, 2, 10)]
    assert values == [3.5, 6.0, 8.0]


def test_binary_cross_entropy_is_least_at_the_target_even_within_zero_and_one():
    target = torch.tensor([[0.3]])
    scores = torch.linspace(-3, 3, 601)[:, None]
    rows = BinaryCrossEntropy().build().per_sample(scores, target.expand(601, 1))
    best = scores[rows.argmin()].sigmoid()
    torch.testing.assert_close(best, target[0], atol=0.01, rtol=0)
