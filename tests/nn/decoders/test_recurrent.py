"""RecurrentDecoder under autocast; the rest of it is tested with all token by token decoders."""

import pytest
import torch

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.decoders import RecurrentDecoder


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_it_computes_under_autocast_on_any_processor(cell):
    decoder = RecurrentDecoder(cell, width=64).build(5, BlockSpec("tokens", (4,), n_categories=9))
    with torch.autocast("cpu", torch.bfloat16):
        scores = decoder(torch.zeros(32, 5), torch.full((32, 4), 3))
    scores.float().sum().backward()
    assert scores.isfinite().all()
