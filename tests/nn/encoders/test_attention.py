import numpy as np
import pytest
import torch

from sklearn_crossmodal import FusionClassifier, Sequence
from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.encoders import AttentionEncoder

TOKENS = BlockSpec("tokens", (6,), n_categories=9)


def build(**params):
    return AttentionEncoder(**{"width": 8, **params}).build(TOKENS).double().eval()


def test_latent_is_the_mean_of_the_normalised_steps_behind_the_blocks():
    encoder = build(n_layers=2)
    tokens = torch.tensor([[3, 4, 5, 2]])
    steps = encoder.embedding(tokens) + encoder.positions[:4]
    for block in encoder.blocks:
        steps = block(steps)
    torch.testing.assert_close(encoder(tokens), encoder.norm(steps).mean(dim=1))
    assert len(encoder.blocks) == 2


def test_masked_row_equals_the_unpadded_row_alone():
    encoder = build()
    tokens = torch.tensor([[3, 4, 2, 8, 8, 8], [3, 4, 5, 6, 7, 2]])
    mask = torch.arange(6) < torch.tensor([[3], [6]])
    torch.testing.assert_close(encoder(tokens, mask)[:1], encoder(tokens[:1, :3]))


def test_order_of_the_steps_matters_by_their_positions_alone():
    encoder = build()
    tokens = torch.tensor([[3, 4, 5]])
    assert not torch.allclose(encoder(tokens), encoder(tokens.flip(1)))
    encoder.positions.zero_()
    torch.testing.assert_close(encoder(tokens), encoder(tokens.flip(1)))


def test_positions_are_no_weights_but_travel_with_them():
    encoder = build()
    assert "positions" not in dict(encoder.named_parameters())
    assert "positions" in encoder.state_dict()
    assert encoder.positions.dtype == torch.float64


@pytest.mark.parametrize(("width", "n_heads"), [(6, 4), (3, 2)])
def test_width_must_be_a_multiple_of_the_heads(width, n_heads):
    with pytest.raises(ValueError, match=f"width={width} is not a multiple of n_heads={n_heads}"):
        build(width=width, n_heads=n_heads)


def _trends(rng, n_samples=160, n_steps=16):
    y = rng.integers(0, 2, n_samples)
    series = np.sort(rng.normal(size=(n_samples, n_steps)), axis=1)
    series += 0.3 * rng.normal(size=series.shape)
    series[y == 1] = series[y == 1, ::-1]
    return series, y


def _places(rng, n_samples=160, n_steps=20):
    y = rng.integers(0, 2, n_samples)
    series = 0.5 * rng.normal(size=(n_samples, n_steps))
    for row, start in enumerate(rng.integers(0, n_steps // 2 - 3, n_samples) + n_steps // 2 * y):
        series[row, start : start + 4] += 2
    return series, y


@pytest.mark.parametrize("task", [_trends, _places])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_order_of_a_series_is_learned(task, seed):
    X, y = task(np.random.default_rng(seed))
    modality = Sequence(encoder="attention")
    model = FusionClassifier([("s", modality, "s")], max_epochs=25, n_folds=None, random_state=seed)
    model.fit({"s": X[:110]}, y[:110])
    assert model.score({"s": X[110:]}, y[110:]) > 0.93
