"""ConvEncoder sees as far as its layers reach."""

import pytest
import torch

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn.encoders import ConvEncoder

SPEC = BlockSpec("sequence", (40, 2))


def reach(**params):
    """Return how many steps a change of one step in the middle is felt in."""
    encoder = ConvEncoder(width=8, **params).build(SPEC).double().eval()
    steps = torch.randn(1, 40, 2, dtype=torch.float64)
    other = steps.clone()
    other[:, 20] += 1
    outputs = []
    for one in (steps, other):
        hidden = encoder.embedding(one)
        for layer in encoder.layers:
            hidden = layer(hidden, None)
        outputs.append(hidden)
    return int((outputs[0] != outputs[1]).any(dim=2).sum())


@pytest.mark.parametrize(
    ("params", "most"),
    [({"n_layers": 1}, 3), ({"n_layers": 3}, 15), ({"n_layers": 2, "kernel_size": 5}, 13)],
)
def test_each_layer_looks_twice_as_far(params, most):
    torch.manual_seed(0)
    assert 0.6 * most <= reach(**params) <= most


def test_order_matters():
    torch.manual_seed(0)
    encoder = ConvEncoder().build(SPEC).eval()
    steps = torch.randn(2, 40, 2)
    assert not torch.allclose(encoder(steps), encoder(steps.flip(1)), atol=1e-4)


def test_dropout_is_for_training_alone():
    torch.manual_seed(0)
    encoder = ConvEncoder(dropout=0.5).build(SPEC)
    steps = torch.randn(2, 40, 2)
    assert not torch.equal(encoder(steps), encoder(steps))
    assert torch.equal(encoder.eval()(steps), encoder(steps))
    still = ConvEncoder(dropout=0.0).build(SPEC)
    assert torch.equal(still(steps), still(steps))


def test_an_even_kernel_is_refused():
    with pytest.raises(ModalityError, match="kernel_size=4 must be odd"):
        ConvEncoder(kernel_size=4).build(SPEC)
