import pytest
import torch

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.encoders import GRUEncoder, LSTMEncoder

TOKENS = BlockSpec("tokens", (6,), n_categories=9)
SEQUENCE = BlockSpec("sequence", (6, 2))
LENGTHS = [4, 6, 1]
BOTH = pytest.mark.parametrize("part", [LSTMEncoder, GRUEncoder])


def draw(spec):
    values = torch.randint(9, (3, 6)) if spec is TOKENS else torch.randn(3, 6, 2).double()
    return values, torch.arange(6) < torch.tensor(LENGTHS)[:, None]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("spec", [TOKENS, SEQUENCE], ids=["tokens", "sequence"])
@BOTH
def test_latent_is_the_state_after_the_last_step_of_the_unpadded_row(part, spec, bidirectional):
    encoder = part(width=5, embedding_width=4, bidirectional=bidirectional).build(spec).double()
    values, mask = draw(spec)
    latents = encoder(values, mask)
    for row, length in enumerate(LENGTHS):
        steps = encoder.embedding(values[row : row + 1, :length])
        _, state = encoder.recurrence(steps)
        hidden = state[0] if part is LSTMEncoder else state
        torch.testing.assert_close(latents[row], torch.cat(list(hidden[:, 0])))


@BOTH
def test_recurrence_equals_a_loop_over_torch_cells(part):
    encoder = part(width=5, embedding_width=4).build(SEQUENCE).double()
    cell_class = torch.nn.LSTMCell if part is LSTMEncoder else torch.nn.GRUCell
    cell = cell_class(4, 5).double()
    weights = {name.removesuffix("_l0"): w for name, w in encoder.recurrence.named_parameters()}
    cell.load_state_dict(weights)
    values, _ = draw(SEQUENCE)
    state = None
    for step in encoder.embedding(values).unbind(dim=1):
        state = cell(step, state)
    hidden = state[0] if part is LSTMEncoder else state
    torch.testing.assert_close(encoder(values), hidden)


@BOTH
def test_order_of_the_steps_matters(part):
    encoder = part(width=5).build(TOKENS)
    tokens = torch.tensor([[3, 4, 5, 6, 7, 8]])
    assert not torch.allclose(encoder(tokens), encoder(tokens.flip(1)))


@BOTH
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_row_without_steps_stays_in_the_state_all_start_from(part, bidirectional):
    encoder = part(width=5, bidirectional=bidirectional).build(TOKENS)
    values, mask = draw(TOKENS)
    mask[1] = False
    latents = encoder(values, mask)
    assert not latents[1].any()
    assert latents[0].any()


@BOTH
def test_dropout_hits_embeddings_in_training_only(part):
    encoder = part(width=5, dropout=0.5).build(TOKENS)
    values, mask = draw(TOKENS)
    assert not torch.equal(encoder(values, mask), encoder(values, mask))
    encoder.eval()
    assert torch.equal(encoder(values, mask), encoder(values, mask))


def test_both_directions_double_the_width():
    assert GRUEncoder(width=5, bidirectional=True).build(TOKENS).out_features == 10
    assert LSTMEncoder(width=5).build(TOKENS).out_features == 5


@pytest.mark.parametrize("kind", [GRUEncoder, LSTMEncoder])
def test_it_computes_under_autocast_on_any_processor(kind):
    encoder = kind(width=64, embedding_width=64).build(BlockSpec("tokens", (5,), n_categories=9))
    tokens = torch.randint(3, 9, (32, 5))
    with torch.autocast("cpu", torch.bfloat16):
        found = encoder(tokens, torch.ones_like(tokens, dtype=torch.bool))
    found.float().sum().backward()
    assert found.isfinite().all()
