"""MoPoE of MultiVae and ours on the same two views; prints seconds and errors as JSON.

Run by beside.py in the peers' environment.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn

sys.path.append(str(Path(__file__).parents[1] / "speed"))
from handwritten import load
from peer_work import without_torchvision

from sklearn_crossmodal import MultiModalAutoencoder, MultiModalFrame, Numeric
from sklearn_crossmodal.nn.encoders import MLPEncoder

VIEWS, SEEDS = ["fac", "kar"], [0, 1, 2]
EPOCHS, BATCH, WIDTH, LATENT = 100, 64, 64, 16


def views(seed):
    """Return standardised training and test views."""
    X, X_test, _, _ = load(seed)
    scalers = {name: StandardScaler().fit(X[name]) for name in VIEWS}
    return [
        {name: scalers[name].transform(part[name]).astype(np.float32) for name in VIEWS}
        for part in (X, X_test)
    ]


def ours(train, test, seed):
    """Return seconds, reconstruction, and each view from the other."""
    modalities = [(name, Numeric(scaling=None, encoder=_Plain(WIDTH)), name) for name in VIEWS]
    made = MultiModalAutoencoder(
        modalities,
        n_components=LATENT,
        variational="mopoe",
        max_epochs=EPOCHS,
        batch_size=BATCH,
        learning_rate=1e-3,
        learning_rate_schedule="constant",
        optimizer="adam",
        weight_decay=0.0,
        validation=None,
        modality_dropout=0.0,
        n_warmup_epochs=0,
        dtype="float32",
        random_state=seed,
    )
    X, X_test = MultiModalFrame(train), MultiModalFrame(test)
    start = time.perf_counter()
    made.fit(X)
    seconds = time.perf_counter() - start
    blocks = made._blocks(X_test)
    across = {
        name: made._decode(made.net_.outputs(made._blocks(X_test, only=[other])), [name])[
            name
        ]  # without the linear path, which theirs has not
        for name, other in zip(VIEWS, VIEWS[::-1], strict=True)
    }
    return seconds, made._decode(made.net_.outputs(blocks)), across


class _Plain(MLPEncoder):
    """One layer with ReLU, without the linear map beside it."""

    def build(self, spec):
        layers = nn.Sequential(nn.Linear(spec.size, self.width), nn.ReLU())
        layers.out_features = self.width
        return _Masked(layers)


class _Masked(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers, self.out_features = layers, layers.out_features

    def forward(self, values, mask=None):
        return self.layers(values)


def theirs(train, test, seed):
    """Return the same of MultiVae."""
    from multivae.data.datasets.base import MultimodalBaseDataset
    from multivae.models import MoPoE, MoPoEConfig
    from multivae.models.base import BaseDecoder, BaseEncoder, ModelOutput
    from multivae.trainers import BaseTrainer, BaseTrainerConfig

    class Encoder(BaseEncoder):
        def __init__(self, size):
            super().__init__()
            self.latent_dim = LATENT
            self.hidden = nn.Sequential(nn.Linear(size, WIDTH), nn.ReLU())
            self.mean, self.log_variance = nn.Linear(WIDTH, LATENT), nn.Linear(WIDTH, LATENT)

        def forward(self, x):
            hidden = self.hidden(x)
            return ModelOutput(
                embedding=self.mean(hidden), log_covariance=self.log_variance(hidden)
            )

    class Decoder(BaseDecoder):
        def __init__(self, size):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(LATENT, WIDTH), nn.ReLU(), nn.Linear(WIDTH, size))

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    torch.manual_seed(seed)
    sizes = {name: view.shape[1] for name, view in train.items()}
    config = MoPoEConfig(
        n_modalities=2,
        latent_dim=LATENT,
        input_dims={name: (size,) for name, size in sizes.items()},
        decoders_dist=dict.fromkeys(sizes, "normal"),
        uses_likelihood_rescaling=True,
    )
    encoders = {name: Encoder(size) for name, size in sizes.items()}
    model = MoPoE(config, encoders, {name: Decoder(size) for name, size in sizes.items()})
    data = MultimodalBaseDataset({name: torch.from_numpy(view) for name, view in train.items()})
    with tempfile.TemporaryDirectory() as folder:
        settings = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            num_epochs=EPOCHS,
            learning_rate=1e-3,
            no_cuda=True,
            seed=seed,
        )
        start = time.perf_counter()
        BaseTrainer(model, train_dataset=data, training_config=settings).train()
        seconds = time.perf_counter() - start
    asked = MultimodalBaseDataset({name: torch.from_numpy(view) for name, view in test.items()})
    model.eval()
    with torch.no_grad():
        z = model.encode(asked, return_mean=True).z
        both = model.decode(ModelOutput(z=z, one_latent_space=True))
        across = {}
        for name, other in zip(VIEWS, VIEWS[::-1], strict=True):
            z = model.encode(asked, cond_mod=other, return_mean=True).z
            across[name] = model.decode(ModelOutput(z=z, one_latent_space=True))[name]
    return seconds, both, across


def error(found, test):
    """Return the mean square over the views."""
    return float(np.mean([np.mean((np.asarray(found[name]) - test[name]) ** 2) for name in VIEWS]))


def main():
    """Print what both need and reach."""
    without_torchvision()
    torch.set_num_threads(1)
    found = {}
    for seed in SEEDS:
        train, test = views(seed)
        for name, work in {"MultiVae MoPoE": theirs, "ours": ours}.items():
            seconds, both, across = work(train, test, seed)
            parts = found.setdefault(name, {"seconds": [], "both": [], "across": []})
            values = seconds / EPOCHS, error(both, test), error(across, test)
            for column, value in zip(parts, values, strict=True):
                parts[column].append(value)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
