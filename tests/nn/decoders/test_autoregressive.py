"""What RecurrentDecoder and AttentionDecoder have in common."""

import pytest
import torch

from sklearn_crossmodal.data import END, PADDING, UNKNOWN, BlockSpec
from sklearn_crossmodal.nn.decoders import AttentionDecoder, RecurrentDecoder
from sklearn_crossmodal.nn.decoders._beam_search import beam_search
from sklearn_crossmodal.nn.losses import CrossEntropy

SPEC = BlockSpec("tokens", (5,), n_categories=9)
TEXTS = torch.tensor([[3, 5, 8, END, PADDING], [6, END, 0, 0, 0], [4, 4, 4, 7, 3]])
SMALL = [
    RecurrentDecoder(width=16, dropout=0.0),
    RecurrentDecoder("lstm", width=16, dropout=0.0),
    AttentionDecoder(width=16, dropout=0.0),
]
each = pytest.mark.parametrize("component", SMALL, ids=["gru", "lstm", "attention"])


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def built(component, spec=SPEC):
    return component.build(4, spec).double().eval()


def latents(n=3):
    return torch.randn(n, 4, dtype=torch.float64)


@each
def test_step_by_step_it_scores_as_all_at_once(component):
    decoder, latent = built(component), latents()
    at_once, state, last = decoder(latent, TEXTS), decoder.start(latent), None
    for place in range(5):
        scores, state = decoder.step(state, last)
        there = (TEXTS != PADDING)[:, place]
        torch.testing.assert_close(scores[there], at_once[there, place])
        last = TEXTS[:, place]


@each
def test_a_token_is_scored_by_those_before_it_alone(component):
    decoder, latent = built(component), latents()
    scores = decoder(latent, TEXTS)
    for place in range(1, 4):
        other = TEXTS.clone()
        other[2, place] = 8
        changed = (decoder(latent, other) - scores).abs().amax(dim=2) > 1e-9
        assert changed.tolist() == [[False] * 5, [False] * 5, [p > place for p in range(5)]]


@each
def test_what_stands_behind_a_text_is_not_computed(component):
    decoder, latent = built(component), latents(2)
    scores = decoder(latent, TEXTS[:2])
    assert scores.shape == (2, 5, 9)
    assert torch.equal(scores.any(dim=-1), TEXTS[:2] != PADDING)
    assert not decoder(latent, torch.full((2, 5), PADDING)).any()
    torch.testing.assert_close(scores[1:, :2], decoder(latent[1:], TEXTS[1:2])[:, :2])


@each
def test_without_known_tokens_it_goes_by_its_own(component):
    decoder, latent = built(component), latents()
    scores = decoder(latent)
    likely = scores.argmax(dim=-1)
    found, _ = beam_search(decoder.step, decoder.start(latent), n_beams=1, max_length=5)
    assert torch.equal(likely, found)
    known = decoder(latent, likely)
    said = torch.ones(9, dtype=torch.bool)
    said[[PADDING, UNKNOWN]] = False
    there = likely != PADDING
    torch.testing.assert_close(scores[there][:, said], known[there][:, said])


@each
def test_it_never_gives_padding_before_the_end_nor_an_unknown_token(component):
    decoder = built(component)
    with torch.no_grad():
        decoder.scores.bias[[PADDING, UNKNOWN]] = 100.0
        decoder.scores.bias[END] = -100.0
    assert decoder(latents(20)).argmax(dim=-1).min() > END
    with torch.no_grad():
        decoder.scores.bias[END] = 100.0
    assert decoder(latents(20)).argmax(dim=-1).tolist() == [[END, 0, 0, 0, 0]] * 20


@pytest.mark.slow
@each
def test_texts_learned_by_heart_are_given_back(component):
    decoder, loss = component.build(3, SPEC), CrossEntropy().build()
    latent = torch.eye(3)
    optimizer = torch.optim.Adam(decoder.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        loss(decoder(latent, TEXTS), TEXTS, TEXTS != PADDING).backward()
        optimizer.step()
    decoder.eval()
    assert torch.equal(decoder(latent).argmax(dim=-1), TEXTS)
    for n_beams in (1, 3):
        found, scores = beam_search(
            decoder.step, decoder.start(latent), n_beams=n_beams, max_length=5
        )
        assert torch.equal(found, TEXTS)
        assert scores.exp().min() > 0.9


@each
def test_beams_follow_their_own_text(component):
    decoder, latent = built(component), latents()
    found, scores = beam_search(decoder.step, decoder.start(latent), n_beams=700, max_length=3)
    likely = decoder(latent, found)
    likely[..., [PADDING, UNKNOWN]] = -torch.inf
    likely = likely.log_softmax(dim=-1).gather(2, found.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(scores, likely.masked_fill(found == PADDING, 0.0).sum(dim=1))


@each
def test_a_text_may_become_longer_than_those_it_was_built_for(component):
    decoder = built(component)
    with torch.no_grad():
        decoder.scores.bias[END] = -100.0
    found, _ = beam_search(decoder.step, decoder.start(latents()), n_beams=2, max_length=12)
    assert found.shape == (3, 12)
    assert found.min() > END


@pytest.mark.parametrize("part", [RecurrentDecoder, AttentionDecoder])
def test_hidden_tokens_are_those_of_training_alone(part):
    decoder, latent = part(token_dropout=0.99, dropout=0.0).build(4, SPEC).double(), latents()
    hidden = torch.full_like(TEXTS, UNKNOWN)
    decoder.eval()
    known, unknown = decoder(latent, TEXTS), decoder(latent, hidden)
    assert (known - unknown)[2].abs().max() > 1e-6
    decoder.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)  # of twelve tokens none is left
        torch.testing.assert_close(decoder(latent, TEXTS)[2], unknown[2])


@pytest.mark.parametrize("part", [RecurrentDecoder, AttentionDecoder])
def test_dropout_is_of_training_alone(part):
    decoder, latent = part(dropout=0.5).build(4, SPEC).double(), latents()
    assert not torch.equal(decoder(latent, TEXTS), decoder(latent, TEXTS))
    decoder.eval()
    assert torch.equal(decoder(latent, TEXTS), decoder(latent, TEXTS))


@pytest.mark.parametrize("part", [RecurrentDecoder, AttentionDecoder])
def test_given_vectors_of_words_are_what_it_starts_from(part):
    vectors = torch.randn(9, 7).numpy()
    spec = BlockSpec("tokens", (5,), n_categories=9, vectors=vectors, train_vectors=False)
    decoder = built(part(), spec)
    given = [*decoder.buffers(), *decoder.parameters()]
    assert any(weight.shape == (9, 7) and not weight.requires_grad for weight in given)
    assert decoder(latents(), TEXTS).shape == (3, 5, 9)
