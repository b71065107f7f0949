"""Beam search and sampling, on a model so small that all its texts can be listed."""

from itertools import product

import pytest
import torch

from sklearn_crossmodal.data import END, PADDING, UNKNOWN
from sklearn_crossmodal.nn.decoders._beam_search import (
    beam_search,
    mask_special_tokens,
    sample_tokens,
)

N_TOKENS, MOST = 6, 4
WORDS = range(END + 1, N_TOKENS)


class Chain:
    """Scores of the next token by the last two, and by the row: a state that must follow beams."""

    def __init__(self, n_rows=3, seed=0):
        generator = torch.Generator().manual_seed(seed)
        shape = n_rows, N_TOKENS, N_TOKENS, N_TOKENS
        self.table = 2 * torch.randn(*shape, generator=generator, dtype=torch.float64)

    def start(self):
        # Row number, the last token and the one before: none yet, for which padding stands.
        return torch.arange(len(self.table)), torch.zeros(len(self.table), dtype=torch.int64)

    def step(self, state, tokens):
        row, before = state
        last = torch.zeros_like(row) if tokens is None else tokens
        return self.table[row, before, last], (row, last)

    def log_p(self, row, text):
        """Return the log-probability of a text, its end included, among what may be said."""
        total, before, last = 0.0, 0, 0
        for token in text:
            total += (
                mask_special_tokens(self.table[row, before, last]).log_softmax(dim=-1)[token].item()
            )
            before, last = last, token
        return total


def texts():
    """Yield all texts: up to their end, or as long as can be."""
    for length in range(MOST):
        yield from ((*words, END) for words in product(WORDS, repeat=length))
    yield from product(WORDS, repeat=MOST)


def padded(text):
    return [*text, *[PADDING] * (MOST - len(text))]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length_penalty", [0.0, 0.7, 3.0])
def test_wide_beams_find_the_best_of_all_texts(seed, length_penalty):
    chain = Chain(seed=seed)
    found, scores = beam_search(
        chain.step, chain.start(), n_beams=200, max_length=MOST, length_penalty=length_penalty
    )
    for row in range(3):
        worth = {
            text: chain.log_p(row, text) / ((5 + len(text)) / 6) ** length_penalty
            for text in texts()
        }
        best = max(worth, key=worth.get)
        assert found[row].tolist() == padded(best)
        assert scores[row].item() == pytest.approx(worth[best])


def beam_by_hand(chain, row, n_beams, length_penalty):
    """Return the best text of a search over lists: one that ends makes the beam narrower."""
    beams, best = [(0.0, ())], (-torch.inf, None)
    for length in range(1, MOST + 1):
        longer = [
            (chain.log_p(row, (*text, token)), (*text, token))
            for _, text in beams
            for token in (END, *WORDS)
        ]
        longer = sorted(longer, reverse=True)[:n_beams]
        beams = [pair for pair in longer if pair[1][-1] != END]
        n_beams -= len(longer) - len(beams)
        done = longer if length == MOST else [pair for pair in longer if pair not in beams]
        for log_p, text in done:
            best = max(best, (log_p / ((5 + length) / 6) ** length_penalty, text))
        if n_beams == 0:
            break
    return padded(best[1])


@pytest.mark.parametrize("n_beams", [2, 3, 4, 6])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_beams_are_those_of_a_search_over_lists(n_beams, length_penalty):
    chain = Chain(n_rows=40)
    settings = {"n_beams": n_beams, "max_length": MOST, "length_penalty": length_penalty}
    found, _ = beam_search(chain.step, chain.start(), **settings)
    expected = [beam_by_hand(chain, row, n_beams, length_penalty) for row in range(40)]
    assert found.tolist() == expected


def greedy(chain, row):
    text, before, last = [], 0, 0
    while len(text) < MOST and END not in text:
        before, last = last, int(mask_special_tokens(chain.table[row, before, last]).argmax())
        text.append(last)
    return padded(text)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length_penalty", [0.0, 3.0])
def test_one_beam_takes_the_likeliest_token_each_time(seed, length_penalty):
    chain = Chain(n_rows=8, seed=seed)
    found, _ = beam_search(
        chain.step, chain.start(), n_beams=1, max_length=MOST, length_penalty=length_penalty
    )
    assert found.tolist() == [greedy(chain, row) for row in range(8)]


def test_score_is_that_of_the_text_and_rises_with_beams_on_the_whole():
    chain, means = Chain(n_rows=40), []
    for n_beams in (1, 3, 200):
        found, scores = beam_search(chain.step, chain.start(), n_beams=n_beams, max_length=MOST)
        for row in range(40):
            text = [token for token in found[row].tolist() if token != PADDING]
            assert scores[row].item() == pytest.approx(chain.log_p(row, text))
        means.append(scores.mean().item())
    assert means[0] < means[1] < means[2]


@pytest.mark.parametrize("n_beams", [1, 4, 200])
def test_rows_are_sought_apart(n_beams):
    chain = Chain(n_rows=5)
    together, scores = beam_search(chain.step, chain.start(), n_beams=n_beams, max_length=MOST)
    for row in range(5):
        alone = tuple(part[row : row + 1] for part in chain.start())
        found, score = beam_search(chain.step, alone, n_beams=n_beams, max_length=MOST)
        assert torch.equal(found[0], together[row])
        torch.testing.assert_close(score[0], scores[row])


def test_what_stands_for_no_word_is_never_said():
    def step(state, tokens):
        scores = torch.zeros(len(state[0]), N_TOKENS)
        scores[:, [PADDING, UNKNOWN]] = 50.0
        scores[:, END] = -50.0
        return scores, state

    state = (torch.zeros(3),)
    found, _ = beam_search(step, state, n_beams=30, max_length=MOST)
    drawn = sample_tokens(
        step, state, temperature=5.0, max_length=MOST, generator=torch.Generator().manual_seed(0)
    )
    for tokens in (found, drawn):
        assert tokens.shape == (3, MOST)
        assert tokens.min() > END


def test_search_stops_when_all_texts_have_ended():
    calls = []

    def step(state, tokens):
        calls.append(tokens)
        scores = torch.zeros(len(state[0]), N_TOKENS)
        scores[:, END] = 50.0
        return scores, state

    found, _ = beam_search(step, (torch.zeros(2),), n_beams=1, max_length=100)
    assert found[:, 0].tolist() == [END, END]
    assert not found[:, 1:].any()
    assert len(calls) == 1


# Sampling ----------------------------------------------------------------------------------------


def drawn(chain, temperature, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return sample_tokens(
        chain.step, chain.start(), temperature=temperature, max_length=MOST, generator=generator
    )


def test_texts_are_drawn_as_often_as_they_are_probable():
    chain = Chain(n_rows=1)
    n_draws, chain.table = 20_000, chain.table.expand(20_000, -1, -1, -1)
    found = drawn(chain, 1.0)
    for text in sorted(texts(), key=lambda text: -chain.log_p(0, text))[:5]:
        p = torch.tensor(chain.log_p(0, text)).exp().item()
        share = (found == torch.tensor(padded(text))).all(dim=1).double().mean().item()
        assert abs(share - p) < 4 * (p * (1 - p) / n_draws) ** 0.5


def test_temperature_is_the_inverse_of_a_power_of_probabilities():
    chain = Chain(n_rows=1)
    chain.table = chain.table.expand(20_000, -1, -1, -1)
    first = drawn(chain, 2.0)[:, 0]
    shares = torch.bincount(first, minlength=N_TOKENS) / len(first)
    expected = mask_special_tokens(chain.table[0, 0, 0] / 2).softmax(dim=-1).float()
    torch.testing.assert_close(shares, expected, atol=0.015, rtol=0)


def test_no_heat_takes_the_likeliest_token_each_time():
    chain = Chain(n_rows=8)
    assert drawn(chain, 1e-9).tolist() == [greedy(chain, row) for row in range(8)]


def test_generator_decides_the_draws_and_nothing_else_does():
    chain, before = Chain(n_rows=20), torch.random.get_rng_state()
    assert torch.equal(drawn(chain, 1.0), drawn(chain, 1.0))
    assert not torch.equal(drawn(chain, 1.0), drawn(chain, 1.0, seed=1))
    assert torch.equal(torch.random.get_rng_state(), before)
