import pytest
import torch

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.encoders import EmbeddingEncoder

SPEC = BlockSpec("codes", (2,), n_categories=(4, 7))
ORDERED = BlockSpec("codes", (1,), n_categories=(8,), ordered=(True,))


def test_vectors_of_the_columns_stand_side_by_side_before_the_layers():
    encoder = EmbeddingEncoder(width=5).build(SPEC)
    first, second = encoder.embeddings
    codes = torch.tensor([[3, 6], [0, 2]])
    joined = torch.cat([first.weight[codes[:, 0]], second.weight[codes[:, 1]]], dim=1)
    torch.testing.assert_close(encoder(codes), encoder.layers(joined))


@pytest.mark.parametrize(("n_categories", "width"), [(2, 2), (4, 3), (100, 21), (10_000, 50)])
def test_the_width_of_the_vectors_grows_with_the_categories_up_to_fifty(n_categories, width):
    spec = BlockSpec("codes", (1,), n_categories=(n_categories,))
    assert EmbeddingEncoder().build(spec).embeddings[0].weight.shape == (n_categories, width)
    fixed = EmbeddingEncoder(embedding_width=3).build(spec)
    assert fixed.embeddings[0].weight.shape == (n_categories, 3)


def test_missing_and_rare_categories_say_nothing_at_the_start():
    encoder = EmbeddingEncoder().build(SPEC)
    for embedding in encoder.embeddings:
        assert not embedding.vectors()[:2].any()
        assert embedding.vectors()[2:].any(dim=1).all()


def test_the_vector_of_an_ordered_level_is_a_step_from_the_one_before():
    embedding = EmbeddingEncoder(embedding_width=3).build(ORDERED).embeddings[0]
    vectors = embedding.vectors()
    torch.testing.assert_close(vectors[2], embedding.weight[2])
    torch.testing.assert_close(vectors[3:] - vectors[2:-1], embedding.weight[3:])


def test_a_level_that_is_never_seen_learns_from_its_neighbours_if_ordered():
    plain = BlockSpec("codes", (1,), n_categories=(8,))
    seen = torch.tensor([[4], [6]])
    for spec, learns in [(plain, False), (ORDERED, True)]:
        embedding = EmbeddingEncoder().build(spec).embeddings[0]
        before = embedding.vectors()[5].detach().clone()
        optimizer = torch.optim.SGD(embedding.parameters(), lr=0.1)
        embedding(seen[:, 0]).sum().backward()
        optimizer.step()
        assert (not torch.equal(embedding.vectors()[5], before)) == learns


def test_order_leaves_missing_and_rare_categories_alone():
    embedding = EmbeddingEncoder().build(ORDERED).embeddings[0]
    embedding(torch.tensor([7])).sum().backward()
    assert not embedding.weight.grad[:2].any()
    assert embedding.weight.grad[2:].all()


def test_layers_and_dropout_are_those_of_the_mlp():
    assert len(EmbeddingEncoder(n_layers=0).build(SPEC).layers.layers) == 0
    encoder = EmbeddingEncoder(dropout=0.5).build(SPEC)
    codes = torch.tensor([[3, 6]])
    assert not torch.equal(encoder(codes), encoder(codes))
    encoder.eval()
    assert torch.equal(encoder(codes), encoder(codes))
