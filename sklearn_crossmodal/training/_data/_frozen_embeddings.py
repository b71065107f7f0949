"""Embeddings by frozen encoders, computed once a row, before training."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from scipy import sparse
from sklearn.utils.validation import check_memory

from sklearn_crossmodal.data import END, Block, BlockSpec, LazyRows, is_lazy
from sklearn_crossmodal.nn._protocols import FrozenEncoder, flag
from sklearn_crossmodal.training._data._row_reader import prefetch, to_rows
from sklearn_crossmodal.training._data._text_lengths import cut_texts
from sklearn_crossmodal.training._device import choose_device
from sklearn_crossmodal.utils._cache import SHARED, RowCache, row_keys, rows_folder
from sklearn_crossmodal.utils._moments import vector_moments
from sklearn_crossmodal.utils._progress import progress
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["FrozenInputs", "embed_frozen"]

#: Rows whose keys are computed at a time.
_KEYS = 256
#: Relative rounding error of embeddings in float32.
_ROUNDING = 1e-6
#: Sum of the absolute values of a standardised embedding, if it is wider. A step of Adam moves all
#: weights alike, and so an output in proportion to this sum: an embedding of 1280 numbers would be
#: learned by heart before the words beside it are learned at all. Accuracy on emoji by a picture's
#: embedding and a bag of words, two draws of training rows: .81 without it, .85 for a sum of 100,
#: .89 for 10, .90 for 3; by the embedding alone .74, .73, .75 and .73.
_LARGEST_SUM = 10.0


class FrozenInputs:
    """Blocks as the network reads them: embedded where the encoder is frozen, on one scale.

    The `owner` is the name of the estimator, for messages; `modalities` are fitted triples of name,
    modality and columns.
    """

    def __init__(self, owner: str, modalities: list[tuple]) -> None:
        self.owner = owner
        self.modalities = modalities
        self.moments: dict[str, tuple[np.ndarray, float]] | None = None

    def __bool__(self) -> bool:
        """Whether any encoder is frozen."""
        return any(_frozen_in(modality.encoder) for _, modality, _ in self.modalities)

    def __call__(
        self,
        blocks: Mapping[str, Block],
        sample_weight: np.ndarray | None = None,
        *,
        memory: object = None,
        device: str = "cpu",
        verbose: int = 0,
    ) -> dict[str, Block]:
        """Return the blocks to train on or to predict from.

        The scale is that of the first call, in which rows have a `sample_weight`. Embeddings are
        cached in `memory`, a folder or joblib `Memory`.
        """
        with error_prefix(self.owner):
            embedded = embed_frozen(
                blocks,
                self.modalities,
                memory=check_memory(memory),
                device=choose_device(device),
                verbose=verbose,
            )
        if self.moments is None:
            self.moments = {
                name: _moments(_vectors_in(block), block.present, sample_weight)
                for name, block in embedded.items()
                if block is not blocks[name]
            }
        return {
            name: _scaled(block, *self.moments[name]) if name in self.moments else block
            for name, block in embedded.items()
        }


def embed_frozen(
    blocks: Mapping[str, Block],
    modalities: list[tuple],
    *,
    memory=None,
    device: str = "cpu",
    verbose: int = 0,
) -> dict[str, Block]:
    """Replace the blocks of frozen encoders by their embeddings, of kind ``"vector"``.

    Blocks of joined encoders get the embeddings beside their values.

    Embeddings are cached by the content of the rows: in a joblib `memory`, and in this process
    while `SHARED` is open. Padding counts too if the module takes no mask. Nothing is cached of a
    module that is not `describable`.
    """
    embedded = dict(blocks)
    frozen = [entry for entry in modalities if _frozen_in(entry[1].encoder)]
    blocks = {**blocks, **cut_texts("", {name: blocks[name] for name, *_ in frozen}, frozen)}
    for name, modality, _ in frozen:
        with error_prefix(f"modality {name!r}"):
            encoder, block = _frozen_in(modality.encoder), blocks[name]
            beside = encoder is not modality.encoder
            module = encoder.load(block.spec, device)
            embedder = _Embedder(module, device, memory)
            read = _shortened(block, encoder.max_length) if beside else block
            label = f"embedding {name}"
            vectors = _embed(read, embedder, encoder.batch_size, label, verbose)
            if beside:
                spec = replace(block.spec, embedded=vectors.shape[1])
                embedded[name] = replace(block, spec=spec, embeddings=vectors)
            else:
                embedded[name] = Block(
                    vectors, block.present, BlockSpec("vector", vectors.shape[1:])
                )
    return embedded


def _frozen_in(encoder):
    """Return the frozen encoder that an encoder is, or has beside others; None without any."""
    if isinstance(encoder, FrozenEncoder) and encoder.frozen:
        return encoder
    return flag(encoder, "frozen_part")


def _shortened(block: Block, limit: int | None) -> Block:
    """Cut texts to as many tokens as a model reads, as its tokenizer does: the last one is kept."""
    if block.kind != "tokens" or limit is None or block.values.shape[1] <= limit:
        return block
    values, mask = block.values[:, :limit].copy(), block.mask[:, :limit]
    lengths = block.mask.sum(axis=1)
    long = np.flatnonzero(lengths > limit)
    last = lengths[long] - 1
    last -= block.values[long, last] == END  # the end is ours, not the model's
    values[long, limit - 1] = block.values[long, last]
    return replace(block, values=values, mask=mask)


class _Embedder:
    """Embeddings of rows, from the caches or by the module."""

    def __init__(self, module: torch.nn.Module, device: str, memory) -> None:
        self.module = module
        self.device = device
        # No cache for a model without a unique fingerprint.
        describable = flag(module, "describable")
        folder = rows_folder(memory) if describable else None
        self.cache = None if folder is None else RowCache(folder / f"{module.fingerprint}.sqlite")
        self.caches = self.cache is not None or (describable and SHARED.is_open)

    def find(self, keys: list[bytes]) -> dict[bytes, np.ndarray]:
        """Return the vectors of the keys that are in a cache."""
        found = SHARED.find(self.module.fingerprint, keys)
        if self.cache is not None and len(found) < len(keys):
            stored = self.cache.find(key for key in keys if key not in found)
            SHARED.add(self.module.fingerprint, stored)
            found |= stored
        return found

    def __call__(self, values: np.ndarray, mask: np.ndarray | None, keys=None) -> np.ndarray:
        if not self.caches:
            return self._compute(values, mask)
        if keys is None:
            # The output of a module that takes no mask depends on the padding.
            blind = not flag(self.module, "takes_mask")
            keys = row_keys(values, None if blind else mask)
        vectors = self.find(keys)
        first: dict[bytes, int] = {}  # the first row of each key that is new, in order
        for row, key in enumerate(keys):
            if key not in vectors:
                first.setdefault(key, row)
        if first:
            rows = np.array(list(first.values()))
            made = self._compute(values[rows], None if mask is None else mask[rows])
            made = dict(zip(first, made, strict=True))
            SHARED.add(self.module.fingerprint, made)
            if self.cache is not None:
                self.cache.add(made)
            vectors = {**vectors, **made}
        return np.stack([vectors[key] for key in keys])

    @torch.inference_mode()
    def _compute(self, values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        rows = to_rows(values, torch.float32).to(self.device)
        mask = None if mask is None else torch.from_numpy(mask).to(self.device)
        try:
            vectors = self.module(rows, mask).float().cpu().numpy()
        except RuntimeError as error:
            error.add_note(f"The pretrained module was given values of shape {tuple(rows.shape)}.")
            raise
        if not np.isfinite(vectors).all():
            raise ValueError("its pretrained module gives numbers that are not finite.")
        return vectors


def _embed(
    block: Block, embedder: _Embedder, batch_size: int, label: str, verbose: int
) -> np.ndarray:
    """Return the vectors (n, d) of a block, zeros where the modality is absent."""
    rows = np.flatnonzero(block.present)
    keys = _keys(block, embedder, rows)
    known = {} if keys is None else embedder.find(list(keys.values()))
    if known:  # the others alone are read
        rows = np.array([row for row in rows if keys[row] not in known], dtype=int)
    vectors = None
    if known:
        vectors = np.zeros((len(block), len(next(iter(known.values())))), np.float32)
        for row, key in keys.items():
            if key in known:
                vectors[row] = known[key]
    start, batches = time.time(), _batches(block, rows, batch_size)
    parts = _read(block, batches)
    for rows, values, mask in progress(parts, total=len(batches), label=label, verbose=verbose):
        made = embedder(values, mask, None if keys is None else [keys[row] for row in rows])
        if vectors is None:
            vectors = np.zeros((len(block), made.shape[1]), np.float32)
        vectors[rows] = made
    SHARED.count(time.time() - start)
    if vectors is None:  # no sample has the modality: get the width from a row of zeros
        width = embedder(*_no_row(block)).shape[1]
        vectors = np.zeros((len(block), width), np.float32)
    return vectors


def _keys(block: Block, embedder: _Embedder, rows: np.ndarray) -> dict[int, bytes] | None:
    """Return the keys of some rows, None if there is no cache or they are to be read for it."""
    if not (embedder.caches and isinstance(block.values, LazyRows)):
        return None
    found: dict[int, bytes] = {}
    for start in range(0, len(rows), _KEYS):
        part = rows[start : start + _KEYS]
        keys = block.values.keys(part)
        if keys is None:
            return None
        found.update(zip(part.tolist(), keys, strict=True))
    return found


def _batches(block: Block, rows: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Return batches of row numbers, by length: a batch is as long as its longest text."""
    if _has_steps(block):
        rows = rows[np.argsort(-block.mask[rows].sum(axis=1), kind="stable")]
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]


def _read(block: Block, batches: list[np.ndarray]) -> Iterator[tuple]:
    def read(rows):
        values = block.values[rows]
        values = values.toarray() if sparse.issparse(values) else values
        return rows, values, block.mask[rows] if _has_steps(block) else None

    return iter((prefetch if is_lazy(block.values) else map)(read, batches))


def _has_steps(block: Block) -> bool:
    return block.mask is not None and block.kind in {"tokens", "sequence"}


def _no_row(block: Block) -> tuple[np.ndarray, np.ndarray | None]:
    dtype = np.float64 if block.spec.n_categories is None else np.int64
    mask = np.zeros((1, block.spec.shape[0]), dtype=bool) if _has_steps(block) else None
    return np.zeros((1, *block.spec.shape), dtype), mask


def _vectors_in(block: Block) -> np.ndarray:
    return block.values if block.embeddings is None else block.embeddings


def _moments(
    vectors: np.ndarray, present: np.ndarray, sample_weight: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """Return the mean of each number, and one standard deviation, 1 if all rows are alike."""
    there = present if sample_weight is None else present & (sample_weight > 0)
    if not there.any():
        return np.zeros(vectors.shape[1:]), 1.0
    weight = None if sample_weight is None else sample_weight[there]
    mean, spread = vector_moments(vectors[there], weight, tolerance=_ROUNDING)
    return mean, spread or 1.0


def _scaled(block: Block, mean: np.ndarray, spread: float) -> Block:
    spread = spread * max(1.0, mean.size / _LARGEST_SUM)
    vectors = ((_vectors_in(block) - mean) / spread).astype(np.float32)
    vectors[~block.present] = 0
    if block.embeddings is None:
        return replace(block, values=vectors)
    return replace(block, embeddings=vectors)
