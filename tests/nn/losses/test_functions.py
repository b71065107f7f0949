"""Per row the losses are torch's own reference functions."""

import pytest
import torch
from torch.nn import functional

from sklearn_crossmodal.nn.losses import (
    absolute_error,
    binary_cross_entropy,
    cross_entropy,
    huber,
    squared_error,
)


@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        (squared_error, functional.mse_loss),
        (absolute_error, functional.l1_loss),
        (huber, functional.huber_loss),
        (binary_cross_entropy, functional.binary_cross_entropy_with_logits),
    ],
)
@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3, 5)], ids=["vector", "grid"])
def test_loss_of_a_row_of_numbers_is_that_of_torch(loss, reference, shape):
    prediction, target = 3 * torch.randn(shape), torch.rand(shape)
    mask = torch.rand(shape) < 0.7
    plain, masked = loss(prediction, target), loss(prediction, target, mask)
    for row in range(4):
        torch.testing.assert_close(plain[row], reference(prediction[row], target[row]))
        shown = prediction[row][mask[row]], target[row][mask[row]]
        torch.testing.assert_close(masked[row], reference(*shown))


@pytest.mark.parametrize("delta", [0.3, 1.0, 2.5])
def test_huber_loss_is_quadratic_within_delta_and_linear_beyond(delta):
    errors = torch.tensor([[0.1], [0.5], [2.0], [-4.0]])
    small = errors.abs() <= delta
    expected = torch.where(small, errors**2 / 2, delta * (errors.abs() - delta / 2))
    rows = huber(errors, torch.zeros(4, 1), delta=delta)
    torch.testing.assert_close(rows, expected[:, 0])


def test_cross_entropy_of_class_labels_is_that_of_torch():
    scores, labels = torch.randn(4, 3), torch.tensor([[0], [2], [1], [2]])
    expected = functional.cross_entropy(scores, labels[:, 0], reduction="none")
    torch.testing.assert_close(cross_entropy(scores, labels), expected)


def test_cross_entropy_of_a_text_is_the_mean_over_its_tokens():
    scores, tokens = torch.randn(4, 5, 7), torch.randint(7, (4, 5))
    mask = torch.arange(5) < torch.tensor([[5], [2], [3], [1]])
    rows = cross_entropy(scores, tokens, mask)
    for row in range(4):
        expected = functional.cross_entropy(scores[row][mask[row]], tokens[row][mask[row]])
        torch.testing.assert_close(rows[row], expected)


def test_cross_entropy_of_a_bag_uses_one_set_of_scores_for_all_its_tokens():
    scores, tokens = torch.randn(4, 7), torch.randint(7, (4, 5))
    mask = torch.arange(5) < torch.tensor([[5], [2], [3], [1]])
    repeated = scores[:, None].expand(-1, 5, -1)
    torch.testing.assert_close(
        cross_entropy(scores, tokens, mask), cross_entropy(repeated, tokens, mask)
    )


def test_losses_of_large_scores_are_finite():
    scores = torch.tensor([[1e4, -1e4]])
    assert cross_entropy(scores, torch.tensor([[1]])).item() == pytest.approx(2e4)
    assert binary_cross_entropy(scores, torch.tensor([[0.0, 1.0]])).item() == pytest.approx(1e4)
