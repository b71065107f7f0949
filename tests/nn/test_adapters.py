"""Modules of several makes, called alike; the models are tiny, untrained and made on the spot."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import END, PADDING
from sklearn_crossmodal.nn.pretrained._adapters import adapt


@pytest.fixture(scope="module")
def bert():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    return transformers.BertModel(
        transformers.BertConfig(vocab_size=30, intermediate_size=8, **sizes)
    ).eval()


@pytest.fixture(scope="module")
def vit():
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    return transformers.ViTModel(
        transformers.ViTConfig(image_size=8, patch_size=4, intermediate_size=8, **sizes)
    ).eval()


def as_tokens(rows, length):
    """Return ids as `Text` hands them on: behind ours, with an end and padding."""
    rows = [[*(id_ + 3 for id_ in row), END] for row in rows]
    filled = [row + [PADDING] * (length - len(row)) for row in rows]
    return torch.tensor(filled), torch.tensor(filled) != PADDING


@torch.no_grad()
def test_a_text_model_reads_its_own_ids(bert):
    rows = [[2, 7, 8, 3], [2, 29, 3]]
    vectors = adapt(bert)(*as_tokens(rows, 9))
    for row, vector in zip(rows, vectors, strict=True):
        expected = bert(torch.tensor([row])).last_hidden_state.mean(dim=1)[0]
        torch.testing.assert_close(vector, expected)


@torch.no_grad()
def test_padding_changes_nothing(bert):
    model = adapt(bert)
    short, long = (model(*as_tokens([[2, 7, 8, 3], [2, 9, 3]], length)) for length in (5, 20))
    torch.testing.assert_close(short, long)
    tokens, mask = as_tokens([[2, 7, 8, 3]], 9)
    torch.testing.assert_close(model(tokens, None), model(tokens, mask))


def test_a_row_without_tokens_is_zero_and_has_no_bad_gradient(bert):
    tokens, mask = as_tokens([[2, 7, 3], []], 6)
    mask[1] = False
    vectors = adapt(bert)(tokens, mask)
    assert not vectors[1].any()
    vectors.sum().backward()
    grads = [weight.grad for weight in bert.parameters() if weight.grad is not None]
    assert grads
    assert all(grad.isfinite().all() for grad in grads)
    bert.zero_grad()


@torch.no_grad()
def test_an_image_model_gives_the_mean_of_its_patches(vit):
    images = torch.randn(3, 3, 8, 8)
    model = adapt(vit)
    assert "grid" in model.takes
    torch.testing.assert_close(model(images), vit(images).last_hidden_state.mean(dim=1))


class Steps(nn.Module):
    """Steps as they are, of a module that looks at the mask or not."""

    def forward(self, values, mask=None):
        return values if mask is None else values + 1


class NeedsMask(nn.Module):
    def forward(self, values, mask):
        return torch.zeros(len(values), 2) if mask is None else torch.ones(len(values), 2)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 2, 3)])
def test_what_is_not_rows_or_width_is_averaged(shape):
    values = torch.randn(shape)
    expected = values.flatten(2).mean(dim=2) if len(shape) > 2 else values
    torch.testing.assert_close(adapt(nn.Identity())(values), expected)


def test_steps_are_averaged_over_those_that_are_there():
    values, mask = torch.randn(2, 3, 4), torch.tensor([[True, True, False], [True, False, False]])
    vectors = adapt(nn.Identity())(values, mask)
    torch.testing.assert_close(vectors[0], values[0, :2].mean(dim=0))
    torch.testing.assert_close(vectors[1], values[1, 0])


def test_one_number_a_row_is_a_vector_of_width_one():
    class Sum(nn.Module):
        def forward(self, values):
            return values.sum(dim=1)

    assert adapt(Sum())(torch.ones(4, 3)).tolist() == [[3.0]] * 4


def test_a_module_gets_the_mask_if_it_takes_one():
    values, mask = torch.zeros(2, 3, 4), torch.ones(2, 3, dtype=torch.bool)
    assert adapt(Steps())(values, mask).mean() == 1
    assert adapt(Steps())(values).mean() == 0
    assert adapt(NeedsMask())(values, mask).mean() == 1
    assert adapt(NeedsMask())(values).mean() == 0


def test_a_module_that_returns_no_tensor_is_refused_with_what_to_do():
    class Several(nn.Module):
        def forward(self, values):
            return {"features": values}

    with pytest.raises(TypeError, match="returns dict .* wrap it"):
        adapt(Several())(torch.zeros(2, 3))


def test_sentences_are_pooled_as_the_model_says(bert, tmp_path):
    package = pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    transformers = pytest.importorskip("transformers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "sat"]
    tokenizer = transformers.BertTokenizer(vocab={word: k for k, word in enumerate(words)})
    bert.save_pretrained(tmp_path / "bert")
    tokenizer.save_pretrained(tmp_path / "bert")
    model = package.SentenceTransformer(
        modules=[Transformer(str(tmp_path / "bert")), Pooling(8, "cls"), Normalize()], device="cpu"
    )
    texts = ["cat sat", "dog"]
    expected = model.encode(texts, show_progress_bar=False)
    rows = tokenizer(texts)["input_ids"]
    with torch.no_grad():
        vectors = adapt(model.eval())(*as_tokens(rows, 8))
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
