import copy
import pickle

import pytest
import torch
from torch import nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn import MultiModalNetwork, build_encoder, build_fusion
from sklearn_crossmodal.nn.fusion import ConcatFusion
from sklearn_crossmodal.nn.networks._multimodal import AveragedNetwork

AWKWARD = ["a.b", "a_b", "values", "keys", "pop", "training", "_modules", "type", "", "höhe (m)"]
#: What the training asks any module for.
ASKED_FOR = ["p", "stacks", "learning_rate_factor"]


class Recorder(nn.Module):
    """An encoder that gives its values back and keeps what it was called with."""

    def forward(self, values, mask=None):
        self.seen = values, mask
        return values


def network_of(*names, fusion="concat", bottleneck=None, width=2):
    return MultiModalNetwork(
        {name: Recorder() for name in names},
        build_fusion(fusion, [width] * len(names)),
        bottleneck or nn.Identity(),
        {"y": nn.Identity()},
    )


def test_scores_are_decoder_of_bottleneck_of_fusion_of_encoders():
    encoder = build_encoder("mlp", BlockSpec("vector", (3,)))
    fusion = build_fusion(ConcatFusion(width=0), [64, 2])
    bottleneck, head, other = nn.Linear(66, 5), nn.Linear(5, 3), nn.Linear(5, 1)
    encoders = {"table": encoder, "plain": Recorder()}
    network = MultiModalNetwork(encoders, fusion, bottleneck, {"y": head, "z": other})
    table, plain = torch.randn(4, 3), torch.randn(4, 2)
    latent = bottleneck(torch.cat([encoder(table), plain], dim=1))
    values = {"plain": plain, "table": table}  # the order of the encoders counts, not this one
    torch.testing.assert_close(network.encode(values), latent)
    scores = network(values)
    assert list(scores) == ["y", "z"]
    torch.testing.assert_close(scores["y"], head(latent))
    torch.testing.assert_close(scores["z"], other(latent))


def test_each_encoder_gets_its_own_mask_or_none():
    network = network_of("a", "b")
    values = {"a": torch.ones(1, 2), "b": torch.zeros(1, 2)}
    mask = torch.tensor([[True, False]])
    network(values, {"b": mask})
    assert network.encoders["a"].seen[1] is None
    assert network.encoders["b"].seen[1] is mask


@pytest.mark.parametrize("held", [0.0, 7.0, 1e30, float("inf"), float("nan")])
@pytest.mark.parametrize("fusion", ["concat", "sum", "gated", "attention", "low_rank", "max"])
def test_what_an_absent_modality_holds_does_not_reach_the_scores(fusion, held):
    network = network_of("a", "b", fusion=fusion).double().eval()
    present = torch.tensor([[True, False], [True, True]])
    values = {"a": torch.randn(2, 2).double(), "b": torch.randn(2, 2).double()}
    expected = network(values, present=present)["y"]
    values["b"][0] = held
    assert torch.equal(network(values, present=present)["y"], expected)
    assert expected.isfinite().all()


def test_fusion_is_told_which_modalities_are_present():
    network = network_of("a", "b", fusion="mean").eval()
    values = {"a": torch.randn(2, 2), "b": torch.randn(2, 2)}
    alone = network(values, present=torch.tensor([[True, False]] * 2))["y"]
    torch.testing.assert_close(alone, network.fusion.project[0](values["a"]))


def test_modalities_and_targets_may_have_any_name():
    network = MultiModalNetwork(
        {name: Recorder() for name in AWKWARD},
        build_fusion(ConcatFusion(width=0), [1] * len(AWKWARD)),
        nn.Identity(),
        {name: nn.Linear(len(AWKWARD), 1) for name in AWKWARD},
    )
    values = {name: torch.full((1, 1), float(place)) for place, name in enumerate(AWKWARD)}
    assert network.encode(values).tolist() == [[float(place) for place in range(len(AWKWARD))]]
    assert list(network(values)) == AWKWARD
    assert len(list(network.decoders.parameters())) == 2 * len(AWKWARD)


@pytest.mark.parametrize("name", ASKED_FOR)
def test_a_modality_does_not_answer_for_what_modules_are_asked(name):
    network = network_of(name, "other", fusion=ConcatFusion(width=0))
    assert not hasattr(network.encoders, name)
    assert network.encode({name: torch.ones(1, 2), "other": torch.ones(1, 2)}).shape == (1, 4)


def test_names_are_kept_by_copy_pickle_and_state_dict():
    values = {name: torch.randn(2, 1) for name in AWKWARD}
    linear = nn.Linear(len(AWKWARD), 3)
    network = network_of(*AWKWARD, fusion=ConcatFusion(width=0), bottleneck=linear, width=1)
    expected = network(values)["y"]
    other = network_of(
        *AWKWARD, fusion=ConcatFusion(width=0), bottleneck=nn.Linear(len(AWKWARD), 3), width=1
    )
    other.load_state_dict(network.state_dict())
    for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), other):
        assert torch.equal(twin(values)["y"], expected)


class Teachable(nn.Module):
    """A decoder that says which tokens it was given."""

    takes_targets = True

    def forward(self, latent, tokens=None):
        self.given = tokens
        return latent


def taught_network():
    network = network_of("a")
    decoders = {"text": Teachable(), "y": nn.Identity()}
    return MultiModalNetwork({"a": Recorder()}, network.fusion, nn.Identity(), decoders)


def test_known_tokens_go_to_the_decoder_that_takes_them():
    network, tokens = taught_network(), torch.ones(4, 3, dtype=torch.int64)
    assert network.teacher_forced == ("text",)
    scores = network({"a": torch.randn(4, 2)}, known={"text": tokens})
    assert network.decoders["text"].given is tokens
    assert torch.equal(scores["text"], scores["y"])
    network.decode(torch.randn(4, 2), {"text": tokens[:1]})
    assert network.decoders["text"].given.shape == (1, 3)
    network({"a": torch.randn(4, 2)})
    assert network.decoders["text"].given is None


def test_networks_that_give_texts_token_by_token_are_not_averaged():
    with pytest.raises(ValueError, match="'text' is decoded token by token.*cannot be averaged"):
        AveragedNetwork([taught_network(), taught_network()])
