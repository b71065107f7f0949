import torch

from sklearn_crossmodal.data import END, PADDING, UNKNOWN, BlockSpec
from sklearn_crossmodal.nn.decoders import TokensDecoder, likely_tokens
from sklearn_crossmodal.nn.losses import CrossEntropy

SPEC = BlockSpec("tokens", (5,), n_categories=9)


def probabilities_of(**shares):
    """Return the probabilities of a bag: those named ``t4=.3``, and what is left for padding."""
    bag = torch.zeros(1, 9)
    for name, share in shares.items():
        bag[0, END if name == "end" else int(name[1:])] = share
    bag[0, PADDING] = 1 - bag.sum()
    return bag


def test_positions_are_scored_apart_and_a_bag_once():
    latent = torch.randn(3, 4)
    assert TokensDecoder().build(4, SPEC)(latent).shape == (3, 5, 9)
    assert TokensDecoder("bag").build(4, SPEC)(latent).shape == (3, 9)


def test_positions_have_hidden_units_of_their_own():
    decoder = TokensDecoder().build(4, SPEC)
    scores = decoder(torch.randn(3, 4))
    scores[:, 2].sum().backward()
    learned = decoder.steps.weight.grad.unflatten(0, (5, -1)).abs().sum(dim=(1, 2))
    assert (learned > 0).tolist() == [False, False, True, False, False]


def test_likely_tokens_of_positions_are_the_most_probable_of_each():
    probabilities = torch.zeros(2, 5, 9)
    expected = torch.tensor([[3, 8, 4, END, PADDING], [7, END, PADDING, PADDING, PADDING]])
    probabilities.scatter_(2, expected.unsqueeze(-1), 0.9)
    assert torch.equal(likely_tokens(probabilities, SPEC), expected)


def test_likely_tokens_of_a_bag_are_as_many_as_the_share_of_the_end_says():
    # Three words and an end: a quarter each.
    bag = probabilities_of(t7=0.26, t3=0.25, t5=0.24, end=0.25)
    assert likely_tokens(bag, SPEC).tolist() == [[7, 3, 5, END, PADDING]]
    bag = probabilities_of(t7=0.5, end=0.5)
    assert likely_tokens(bag, SPEC).tolist() == [[7, END, PADDING, PADDING, PADDING]]


def test_likely_tokens_of_a_bag_never_name_an_unknown_word():
    bag = probabilities_of(t1=0.6, t4=0.1, t6=0.05, end=0.25)
    assert UNKNOWN == 1
    tokens = likely_tokens(bag, SPEC)[0].tolist()
    assert tokens[:2] == [4, 6]
    assert UNKNOWN not in tokens


def test_a_bag_of_more_words_than_there_are_steps_fills_the_row():
    bag = probabilities_of(t3=0.2, t4=0.19, t5=0.18, t6=0.17, t7=0.16, t8=0.05, end=0.01)
    assert likely_tokens(bag, SPEC).tolist() == [[3, 4, 5, 6, 7]]


def test_a_bag_of_a_vocabulary_smaller_than_the_row_is_padded():
    spec = BlockSpec("tokens", (8,), n_categories=5)
    tokens = likely_tokens(torch.tensor([[0.0, 0.0, 1 / 3, 1 / 3, 1 / 3]]), spec)
    assert tokens.shape == (1, 8)
    assert sorted(tokens[0, :2].tolist()) == [3, 4]
    assert tokens[0, 2:].tolist() == [END] + [PADDING] * 5


def test_a_trained_bag_gives_back_its_words():
    words = torch.tensor([[3, 5, 8, END, PADDING], [6, END, PADDING, PADDING, PADDING]])
    latent = torch.eye(2)
    decoder, loss = TokensDecoder("bag", width=16).build(2, SPEC), CrossEntropy().build()
    optimizer = torch.optim.Adam(decoder.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        loss(decoder(latent), words, words != PADDING).backward()
        optimizer.step()
    found = likely_tokens(loss.link(decoder(latent)), SPEC)
    assert sorted(found[0, :3].tolist()) == [3, 5, 8]
    assert found[0, 3:].tolist() == [END, PADDING]
    assert found[1].tolist() == words[1].tolist()
