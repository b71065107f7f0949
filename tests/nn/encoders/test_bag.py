import numpy as np
import pytest
import torch

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.encoders import BagEncoder


@pytest.fixture
def encoder():
    spec = BlockSpec("tokens", (5,), n_categories=6)
    return BagEncoder(width=3).build(spec).double().eval()


def test_worked_example(encoder):
    # Tokens 3, 4, 3, 2: four of them, of which three are distinct.
    tokens = torch.tensor([[3, 4, 3, 2, 0]])
    mask = torch.tensor([[True, True, True, True, False]])
    mean = (2 * encoder.embedding[3] + encoder.embedding[4] + encoder.embedding[2]) / 4
    lexical = (encoder.lexical[3] + encoder.lexical[4] + encoder.lexical[2]) / 3**0.5
    torch.testing.assert_close(encoder(tokens, mask)[0], mean + lexical / 4)


def with_pairs(*pairs):
    spec = BlockSpec("tokens", (5,), n_categories=6, pairs=np.array(pairs, dtype=np.int32))
    return BagEncoder(width=3).build(spec).double().eval()


def test_known_pairs_join_the_lexical_path():
    encoder = with_pairs([3, 4], [4, 3], [5, 5])  # their numbers follow the six tokens
    tokens = torch.tensor([[3, 4, 3, 4, 5]])
    mean = encoder.embedding[[3, 4, 3, 4, 5]].mean(dim=0)
    distinct = encoder.lexical[[3, 4, 5, 6, 7]].sum(dim=0) / 5**0.5
    torch.testing.assert_close(encoder(tokens)[0], mean + distinct / 4)


def test_a_pair_needs_both_of_its_tokens_there():
    encoder = with_pairs([3, 4])
    tokens, mask = torch.tensor([[5, 3, 4]]), torch.tensor([[True, True, False]])
    encoder(tokens, mask).sum().backward()
    assert not encoder.lexical.grad[6].any()


def test_order_matters_to_pairs_alone():
    tokens = torch.tensor([[3, 4, 5]])
    known, none = with_pairs([3, 4]), with_pairs([5, 5])
    torch.testing.assert_close(none(tokens), none(tokens.flip(1)))
    assert not torch.allclose(known(tokens), known(tokens.flip(1)))


def test_pairs_of_one_token_texts_are_none():
    encoder = with_pairs([3, 4])
    assert torch.isfinite(encoder(torch.tensor([[3]]))).all()


def test_order_of_the_tokens_does_not_matter(encoder):
    tokens = torch.tensor([[3, 4, 5, 4, 2]])
    torch.testing.assert_close(encoder(tokens), encoder(tokens.flip(1)))


def test_lexical_path_counts_a_repeated_token_once(encoder):
    with torch.no_grad():
        encoder.embedding.zero_()
    once = encoder(torch.tensor([[3, 4]]))
    torch.testing.assert_close(encoder(torch.tensor([[3, 4, 3, 3, 4]])), once)


def test_mean_path_counts_each_token(encoder):
    with torch.no_grad():
        encoder.lexical.zero_()
    once, often = encoder(torch.tensor([[3, 4]])), encoder(torch.tensor([[3, 4, 3, 3, 4]]))
    assert not torch.allclose(once, often)


def test_padding_that_is_there_is_a_token_like_others(encoder):
    # Behind the mask it is not: what decides is the mask, not the id.
    tokens = torch.tensor([[3, 0]])
    there = encoder(tokens, torch.tensor([[True, True]]))
    behind = encoder(tokens, torch.tensor([[True, False]]))
    torch.testing.assert_close(behind[0], encoder.embedding[3] + encoder.lexical[3] / 4)
    assert not torch.allclose(there, behind)


def test_text_of_no_tokens_is_zero(encoder):
    latent = encoder(torch.tensor([[3, 4]]), torch.tensor([[False, False]]))
    assert not latent.any()


def test_tokens_that_are_not_in_the_texts_learn_nothing(encoder):
    encoder(torch.tensor([[3, 4, 5]]), torch.tensor([[True, True, False]])).sum().backward()
    for weights in (encoder.embedding, encoder.lexical):
        assert weights.grad.abs().sum(dim=1).gt(0).tolist() == [False] * 3 + [True] * 2 + [False]


VECTORS = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [1.0, 1.0], [2.0, 2.0]]


def with_vectors(*, train):
    vectors = np.array(VECTORS)
    vectors.flags.writeable = False
    spec = BlockSpec("tokens", (5,), n_categories=6, vectors=vectors, train_vectors=train)
    return BagEncoder(width=3).build(spec).double().eval()


def test_given_vectors_are_averaged_and_mapped_to_the_width():
    encoder = with_vectors(train=True)
    with torch.no_grad():
        encoder.lexical.zero_()
    mean = torch.tensor([2.0, 1.0], dtype=torch.float64)  # of tokens 3, 3, 4, 4
    latent = encoder(torch.tensor([[3, 4, 3, 4, 0]]), torch.tensor([[True] * 4 + [False]]))
    torch.testing.assert_close(latent[0], encoder.project(mean))


@pytest.mark.parametrize("train", [True, False])
def test_given_vectors_learn_only_if_they_are_to_be_trained_on(train):
    encoder = with_vectors(train=train)
    encoder(torch.tensor([[3, 4]])).sum().backward()
    assert (encoder.embedding.grad is not None) == train
    assert encoder.lexical.grad.any()
    assert encoder.project.weight.grad.any()


def test_padding_behind_the_longest_text_changes_nothing(encoder):
    tokens, mask = torch.tensor([[3, 4, 2, 0, 0]]), torch.tensor([[True] * 3 + [False] * 2])
    torch.testing.assert_close(encoder(tokens, mask), encoder(tokens[:, :3], mask[:, :3]))


def test_without_given_vectors_all_is_trained():
    spec = BlockSpec("tokens", (5,), n_categories=6, train_vectors=False)
    assert all(weight.requires_grad for weight in BagEncoder().build(spec).parameters())
