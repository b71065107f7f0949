"""Messages that name what came and what to do: devices, modalities, nested names, labels."""

import re

import numpy as np
import pytest
import torch

from sklearn_crossmodal import (
    AutoFusionClassifier,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalAutoencoder,
)
from sklearn_crossmodal.exceptions import ModalityError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), np.arange(60) % 2
NETWORKS = [FusionClassifier, FusionRegressor, MultiModalAutoencoder, CrossModalRegressor]
DEVICES = ["gpu", "nonsense", "", "meta", "cuda:99", "CPU"]
if not torch.cuda.is_available():
    DEVICES.append("cuda")


def said(run, kind=ValueError):
    with pytest.raises(kind) as raised:
        run()
    return str(raised.value)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("made", NETWORKS, ids=lambda made: made.__name__)
def test_a_device_that_is_not_there(made, device):
    message = said(lambda: made(device=device, max_epochs=1).fit(X, Y))
    assert message.startswith(f"{made.__name__}: device={device!r} cannot be used here")
    assert "'cpu'" in message
    assert "device='auto'" in message
    assert not isinstance(message, RuntimeError)


@pytest.mark.parametrize("empty", [[], {}])
@pytest.mark.parametrize("made", [*NETWORKS, AutoFusionClassifier], ids=lambda made: made.__name__)
def test_no_modalities(made, empty):
    message = said(lambda: made(empty).fit(X, Y), ModalityError)
    assert f"modalities={empty!r} names none" in message
    assert "None" in message


def test_no_modalities_of_a_vectorizer():
    message = said(lambda: ModalityVectorizer([]).fit(X), ModalityError)
    assert message.startswith("ModalityVectorizer: modality=[] names none")


@pytest.mark.parametrize(
    ("estimator", "params", "wanted"),
    [
        (FusionClassifier(), {"fusion__n_heads": 2}, "pass fusion=AttentionFusion(n_heads=2)"),
        (
            FusionClassifier(),
            {"fusion__width": 8},
            "pass fusion=ConcatFusion() instead, or ConcatFusion(width=8)",
        ),
        (FusionRegressor(fusion="mean"), {"fusion__rank": np.int64(2)}, "LowRankFusion(rank=2)"),
        (FusionClassifier(), {"fusion__nope": 1}, "none of those with a name has"),
        (FusionClassifier(), {"optimizer__betas": (0.8, 0.9)}, "net_params={'optimizer__betas'"),
        (MultiModalAutoencoder(), {"variational__alpha": 0.5}, "MVTCAEPosterior(alpha=0.5)"),
        (CrossModalRegressor(), {"target__encoder": "mlp"}, "encoder='mlp'"),
        (
            FusionRegressor(loss="huber"),
            {"loss__quantiles": [0.5]},
            "QuantileLoss(quantiles=[0.5])",
        ),
    ],
    ids=str,
)
def test_a_parameter_of_a_component(estimator, params, wanted):
    message = said(lambda: estimator.set_params(**params))
    assert message.startswith(type(estimator).__name__)
    assert wanted in message


@pytest.mark.parametrize(
    "run",
    [
        lambda: FusionClassifier().partial_fit(X, Y).partial_fit(X, np.full(60, 9)),
        lambda: FusionClassifier().partial_fit(X, np.c_[Y, Y]).partial_fit(X, np.full((60, 2), 9)),
        lambda: FusionClassifier(class_weight={np.int64(7): 1.0}).fit(X, Y),
        lambda: FusionClassifier(class_weight={np.int64(1): np.float64(-1)}).fit(X, Y),
        lambda: FusionClassifier().partial_fit(X, Y).partial_fit(X, Y, classes=[np.int64(9)]),
    ],
)
def test_labels_are_shown_without_their_type(run):
    message = said(run)
    assert re.search(r"\b[917]\b", message)
    assert "np." not in message
