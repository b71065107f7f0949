"""Alignment by networks: an encoder and a projection per modality, trained on pairs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize

from sklearn_crossmodal.data import Block, BlockSpec, LazyRows
from sklearn_crossmodal.estimators._fitting._networks import build_encoders
from sklearn_crossmodal.nn.losses import OBJECTIVES, SharedHeadCrossEntropy
from sklearn_crossmodal.nn.networks._projection import ProjectionNetwork
from sklearn_crossmodal.training import (
    BlockDataset,
    FrozenInputs,
    Net,
    Training,
    TrainingConfig,
    choose_device,
    choose_dtype,
    cut_texts,
    make_net,
    seeded,
    torch_dtype,
    train,
)
from sklearn_crossmodal.utils._cache import open_memory, row_keys
from sklearn_crossmodal.utils._slices import slices_of
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["ContrastiveEmbedding"]

#: Targets of the network: which samples are the same, and of which class they are.
_PAIRS, _CLASSES = "pairs", "classes"
#: Batches of an epoch with ``batch_size="auto"``, and samples of a batch: more than elsewhere,
#: since the others of a batch are the negatives.
_N_BATCHES, _LEAST, _MOST = 8, 64, 512
#: Rows whose content is looked at at a time.
_KEYS = 256


class ContrastiveEmbedding:
    """Unit vectors of each modality by networks that a loss of pairs has trained.

    Parameters
    ----------
    aligner : CrossModalAligner
        With fitted modalities; its parameters say how networks are trained.
    """

    def __init__(self, aligner) -> None:
        self.frozen = FrozenInputs(type(aligner).__name__, aligner.modalities_)
        self._owner = type(aligner).__name__
        self._modalities = aligner.modalities_
        self._specs: dict[str, tuple] = {}

    def fit(
        self,
        aligner,
        blocks: Mapping[str, Block],
        classes: np.ndarray | None,
        weight: np.ndarray | None,
        seed: int,
    ) -> ContrastiveEmbedding:
        """Train the networks.

        Parameters
        ----------
        aligner : CrossModalAligner
            As above.
        blocks : mapping of str to Block
            Of the modalities.
        classes : ndarray of shape (n,), int, or None
            Codes of the classes.
        weight : ndarray of shape (n,), or None
            Weights of the samples.
        seed : int
            Of weights, batches and dropout.
        """
        self._specs = {name: (one.spec, one.mask is not None) for name, one in blocks.items()}
        inputs = self._inputs(aligner, blocks, weight)
        with error_prefix(self._owner):
            device = choose_device(aligner.device)
        with seeded(seed, device):
            network, losses = _network(aligner, inputs, classes)
        precision = choose_dtype(
            aligner.dtype, device=device, n_samples=_count(blocks), network=network
        )
        dtype = torch_dtype(precision)
        with error_prefix(self._owner):
            self.net = make_net(
                Net,
                network.to(dtype),
                {name: loss.to(dtype) for name, loss in losses.items()},
                _config(aligner, _count(blocks)),
                n_samples=_count(blocks),
                device=device,
                precision=precision,
            )
            target = _identities(blocks, classes)
            targets = dict.fromkeys(losses, target)
            dataset = BlockDataset.from_blocks(inputs, dtype, targets, weight)
            train(Training(self.net, dataset, aligner.max_epochs, None, seed))
        return self

    def embed(self, aligner, blocks: Mapping[str, Block]) -> dict[str, np.ndarray]:
        """Return the unit vectors (n, k) of blocks, which may be those of some modalities."""
        complete = {
            name: blocks.get(name, Block.absent(spec, _count(blocks), masked=masked))
            for name, (spec, masked) in self._specs.items()
        }
        outputs = self.net.outputs(self._inputs(aligner, complete), step="encode")
        vectors = np.concatenate([part.double().cpu().numpy() for part in outputs])
        return {
            name: normalize(vectors[:, place])
            for place, name in enumerate(complete)
            if name in blocks
        }

    def _inputs(self, aligner, blocks, weight=None):
        """Return what the network reads of blocks: vectors where an encoder is frozen."""
        blocks = cut_texts(self._owner, blocks, self._modalities)
        if not self.frozen:
            return blocks
        memory = open_memory(aligner.memory)
        return self.frozen(
            blocks, weight, memory=memory, device=aligner.device, verbose=aligner.verbose
        )


def _network(aligner, inputs, classes) -> tuple[ProjectionNetwork, dict]:
    """Return the network, and the losses of its targets."""
    encoders = build_encoders(aligner, inputs)
    pairs = OBJECTIVES[aligner.objective]()
    losses = {_PAIRS: pairs}
    if classes is not None and aligner.objective != "supcon":
        losses[_CLASSES] = SharedHeadCrossEntropy(aligner.n_components, int(classes.max()) + 1)
    network = ProjectionNetwork(
        encoders,
        aligner.n_components,
        list(losses),
        dropout=pairs.dropout,
        mixup=pairs.mixup if aligner.mixup == "auto" else aligner.mixup,
        chunk_size=aligner.chunk_size,
    )
    return network, losses


def _config(aligner, n_samples: int) -> TrainingConfig:
    size = aligner.batch_size
    if size == "auto":
        size = int(np.clip(n_samples // _N_BATCHES, _LEAST, _MOST))
    return TrainingConfig(
        batch_size=size,
        learning_rate=aligner.learning_rate,
        weight_decay=aligner.weight_decay,
        modality_dropout=0.0,
        verbose=aligner.verbose,
        callbacks=aligner.callbacks,
        net_params=aligner.net_params,
    )


def _identities(blocks: Mapping[str, Block], classes: np.ndarray | None) -> Block:
    """Return the number of the content of each modality, which duplicates share, and the class."""
    columns = [np.where(block.present, _contents(block), -1) for block in blocks.values()]
    columns.append(np.full(_count(blocks), -1) if classes is None else classes)
    values = np.column_stack(columns).astype(np.int64)
    everyone = np.ones(len(values), dtype=bool)
    return Block(values, everyone, BlockSpec("codes", values.shape[1:]))


def _contents(block: Block) -> np.ndarray:
    """Return a number of the content of each row that has the modality."""
    rows = np.flatnonzero(block.present)
    keys: list[bytes] = []
    for places in slices_of(len(rows), _KEYS):
        keys += _content_keys(block, rows[places])
    found = np.zeros(len(block), dtype=np.int64)
    found[rows] = np.unique(keys, return_inverse=True)[1]
    return found


def _content_keys(block: Block, rows: np.ndarray) -> list[bytes]:
    known = block.values.keys(rows) if isinstance(block.values, LazyRows) else None
    if known is not None:
        return known
    values = block.values[rows]
    values = values.toarray() if sparse.issparse(values) else values
    steps = block.mask[rows] if block.kind in {"tokens", "sequence"} else None
    return row_keys(values, steps)


def _count(blocks: Mapping[str, Block]) -> int:
    return len(next(iter(blocks.values())))
