"""One peer and ours on the same data, batches and epochs; prints seconds as JSON.

Run by peers.py in the peers' environment: ``peer_work.py NAME QUICK``. Where a peer takes modules,
it trains the very network of ours; else one of the same widths.
"""

from __future__ import annotations

import copy
import json
import logging
import sys
import tempfile
import time
import types
import warnings

import numpy as np
import torch
from common import interleaved
from fit_mlp import Plain, classifier, data
from torch import nn

from sklearn_crossmodal import FusionClassifier, MultiModalAutoencoder, Numeric
from sklearn_crossmodal.nn.decoders import MLPDecoder
from sklearn_crossmodal.nn.fusion import ConcatFusion

BATCH, WIDTH = 128, 128
#: An epoch takes the difference of fits with so many, divided by the difference of these.
FEW, MANY = 1, 5
COLUMNS = {"a": slice(0, 100), "b": slice(100, 150)}


def without_torchvision():
    """Let packages import torchvision, of which only the operators do not fit torch's CPU build."""
    name = "torchvision._meta_registrations"
    sys.modules[name] = types.ModuleType(name)


def fusion_work(X, y):
    """Return the two-branch classifier, its fit, and its network."""
    settings = {"batch_size": BATCH, "dtype": "float32"}
    network = classifier(max_epochs=1, **settings).fit(X[:500], y[:500]).network_

    def ours(epochs):
        classifier(max_epochs=epochs, **settings).fit(X, y)

    return ours, lambda: copy.deepcopy(network).train()


def encoder_of_view(spec):
    """Return what encodes a view in the autoencoders: 128 units to 16 numbers."""
    return nn.Sequential(nn.Linear(spec.size, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 16))


def tower(spec):
    """Return two layers of 128 and 64 units."""
    return nn.Sequential(nn.Linear(spec.size, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())


def autoencoder(n_epochs):
    """Return an autoencoder: 128 units to 16 numbers a view, and back."""
    return MultiModalAutoencoder(
        [
            (
                name,
                Numeric(
                    scaling=None,
                    encoder=encoder_of_view,
                    decoder=MLPDecoder(hidden_widths=(WIDTH,)),
                ),
                columns,
            )
            for name, columns in COLUMNS.items()
        ],
        n_components=32,
        fusion=ConcatFusion(width=0),
        max_epochs=n_epochs,
        batch_size=BATCH,
        validation=None,
        modality_dropout=0.0,
        learning_rate_schedule="constant",
        dtype="float32",
        random_state=0,
    )


def scikit_learn(X, y):
    """`MLPClassifier` of 128 and 64 units on all columns side by side; ours likewise."""
    from sklearn.neural_network import MLPClassifier

    def peer(epochs):
        MLPClassifier((128, 64), batch_size=BATCH, max_iter=epochs, tol=0, alpha=0).fit(X, y)

    return one_branch(X, y), peer, "150–128–64–10 on all columns"


def one_branch(X, y):
    """Return the fit of ours with one network of 128 and 64 units."""
    clf = FusionClassifier(
        [("all", Numeric(scaling=None, encoder=tower), slice(0, 150))],
        batch_size=BATCH,
        validation=None,
        learning_rate_schedule="constant",
        dtype="float32",
        random_state=0,
    )
    return lambda epochs: clf.set_params(max_epochs=epochs).fit(X, y)


def skorch(X, y):
    """The network of ours in a `NeuralNetClassifier` as it comes."""
    from skorch import NeuralNetClassifier

    ours, network = fusion_work(X, y)
    views = {name: X[:, columns].copy() for name, columns in COLUMNS.items()}

    def peer(epochs):
        NeuralNetClassifier(
            Plain(network()),
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            max_epochs=epochs,
            batch_size=BATCH,
            train_split=None,
            verbose=0,
        ).fit(views, y)

    return ours, peer, "the network of ours"


class _Latent(nn.Module):
    """The encoders and fusion of ours as one module over all columns."""

    def __init__(self, network):
        super().__init__()
        self.output_dim = network.fusion.out_features
        self.network = network

    def forward(self, X):
        return self.network.encode({name: X[:, columns] for name, columns in COLUMNS.items()})


def widedeep(X, y):
    """The network of ours as the deep part of a `WideDeep`, its linear head the peer's."""
    without_torchvision()
    from pytorch_widedeep import Trainer
    from pytorch_widedeep.models import WideDeep

    ours, network = fusion_work(X, y)

    def peer(epochs):
        model = WideDeep(deeptabular=_Latent(network()), pred_dim=10)
        trainer = Trainer(model, objective="multiclass", verbose=0, num_workers=0)
        trainer.fit(X_tab=X, target=y, n_epochs=epochs, batch_size=BATCH)

    return ours, peer, "the network of ours"


def tabular(X, y):
    """A `TabularModel` of 128 and 64 units on all columns side by side; ours likewise."""
    without_torchvision()
    import pandas as pd
    from pytorch_tabular import TabularModel
    from pytorch_tabular.config import DataConfig, OptimizerConfig, TrainerConfig
    from pytorch_tabular.models import CategoryEmbeddingModelConfig

    names = [f"x{k}" for k in range(X.shape[1])]
    frame = pd.DataFrame(X, columns=names).assign(y=y)

    def peer(epochs):
        model = TabularModel(
            data_config=DataConfig(
                target=["y"], continuous_cols=names, normalize_continuous_features=False
            ),
            model_config=CategoryEmbeddingModelConfig(
                task="classification", layers="128-64", batch_norm_continuous_input=False
            ),
            optimizer_config=OptimizerConfig(),
            trainer_config=TrainerConfig(
                batch_size=BATCH,
                max_epochs=epochs,
                accelerator="cpu",
                checkpoints=None,
                early_stopping=None,
                load_best=False,
                progress_bar="none",
                trainer_kwargs={"enable_model_summary": False},
            ),
            verbose=False,
            suppress_lightning_logger=True,
        )
        model.fit(train=frame, validation=frame[:BATCH])

    return one_branch(X, y), peer, "150–128–64–10 on all columns"


def cca_zoo(X, y):
    """A `SplitAE` with the encoders and decoders of ours."""
    without_torchvision()
    import lightning
    from cca_zoo.deep import MultiviewDataset, SplitAE
    from torch.utils.data import DataLoader

    network = autoencoder(1).fit(X[:500]).network_
    views = [X[:, columns].copy() for columns in COLUMNS.values()]

    def peer(epochs):
        twin = copy.deepcopy(network).train()
        model = SplitAE(16, list(twin.encoders.values()), list(twin.decoders.values()))
        loader = DataLoader(MultiviewDataset(views), batch_size=BATCH, shuffle=True)
        lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ).fit(model, loader)

    return lambda epochs: autoencoder(epochs).fit(X), peer, "autoencoder, the network of ours"


def multivae(X, y):
    """An `MVAE` with encoders and decoders of 128 units; it draws and adds a divergence besides."""
    without_torchvision()
    from multivae.data.datasets.base import MultimodalBaseDataset
    from multivae.models import MVAE, MVAEConfig
    from multivae.models.base import BaseDecoder, BaseEncoder, ModelOutput
    from multivae.trainers import BaseTrainer, BaseTrainerConfig

    sizes = {name: columns.stop - columns.start for name, columns in COLUMNS.items()}

    class Encoder(BaseEncoder):
        def __init__(self, size):
            super().__init__()
            self.latent_dim = 32
            self.hidden = nn.Sequential(nn.Linear(size, WIDTH), nn.ReLU())
            self.mean, self.log_variance = nn.Linear(WIDTH, 32), nn.Linear(WIDTH, 32)

        def forward(self, x):
            hidden = self.hidden(x)
            return ModelOutput(
                embedding=self.mean(hidden), log_covariance=self.log_variance(hidden)
            )

    class Decoder(BaseDecoder):
        def __init__(self, size):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(32, WIDTH), nn.ReLU(), nn.Linear(WIDTH, size))

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    views = {name: torch.from_numpy(X[:, columns].copy()) for name, columns in COLUMNS.items()}

    def peer(epochs):
        config = MVAEConfig(
            n_modalities=2,
            latent_dim=32,
            input_dims={name: (size,) for name, size in sizes.items()},
            use_subsampling=False,
        )
        encoders = {name: Encoder(size) for name, size in sizes.items()}
        model = MVAE(config, encoders, {name: Decoder(size) for name, size in sizes.items()})
        with tempfile.TemporaryDirectory() as folder:
            settings = BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=BATCH,
                num_epochs=epochs,
                learning_rate=1e-3,
                no_cuda=True,
            )
            BaseTrainer(
                model, train_dataset=MultimodalBaseDataset(views), training_config=settings
            ).train()

    note = "autoencoders of the same widths; theirs is variational"
    return lambda epochs: autoencoder(epochs).fit(X), peer, note


PEERS = {
    "scikit-learn MLPClassifier": scikit_learn,
    "skorch": skorch,
    "pytorch-widedeep": widedeep,
    "pytorch-tabular": tabular,
    "cca-zoo SplitAE": cca_zoo,
    "MultiVae MVAE": multivae,
}


def epoch(fit):
    """Return a function that measures the seconds of an epoch, without what a fit does besides."""

    def seconds():
        moments = []
        for epochs in (FEW, MANY):
            start = time.perf_counter()
            fit(epochs)
            moments.append(time.perf_counter() - start)
        return (moments[1] - moments[0]) / (MANY - FEW)

    return seconds


def measured(name, quick):
    """Return what `peers.rows` makes a row of."""
    X, y = data(600 if quick else 20_000)
    ours, peer, note = PEERS[name](X, y)
    seconds = interleaved({"ours": epoch(ours), name: epoch(peer)}, rounds=1 if quick else 5)
    return {
        "work": f"an epoch, {len(X)} rows, batch {BATCH}",
        "note": f"{note}; ours {np.median(seconds['ours']):.2f} s",
        "seconds": {key: times.tolist() for key, times in seconds.items()},
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    print(json.dumps(measured(sys.argv[1], bool(int(sys.argv[2])))))
