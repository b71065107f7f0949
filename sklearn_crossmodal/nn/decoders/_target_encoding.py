"""Encodings of modalities as targets: images pooled, and texts in the tokens of `fit` alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sklearn_crossmodal.data import Block, BlockSpec, LazyRows
from sklearn_crossmodal.data.blocks._observed_tokens import ObservedTokens

__all__ = ["TargetEncoding", "target_encoding"]

#: Largest height and width of images as targets that a frozen encoder reads at its own size.
_LARGEST = 32
#: Images of more bytes together than these are pooled batch by batch.
_IN_MEMORY = 2**28
_ROWS = 256


class TargetEncoding:
    """A modality is a target as it is read.

    Parameters
    ----------
    modality : Modality
        Fitted.

    Attributes
    ----------
    kind : str
        Of the modality.
    spec_ : BlockSpec
        Of its blocks as targets.
    """

    def __init__(self, modality) -> None:
        self.modality = modality
        self.kind = modality.kind
        self.spec_ = modality.spec_

    def encode(self, block: Block) -> Block:
        """Return a block as a target."""
        return block

    def inverse_transform(self, values: np.ndarray):
        """Return raw data from values of the target."""
        return self.modality.inverse_transform(values)


class _PooledEncoding(TargetEncoding):
    """Images are average-pooled: frozen encoders read them larger than they need be drawn.

    A linear map to 224 by 224 pixels has a hundred times the weights of the rest of a network.
    """

    def __init__(self, modality) -> None:
        super().__init__(modality)
        n_channels, *size = modality.spec_.shape
        self.factors = tuple(_factor(side) for side in size)
        sides = (side // factor for side, factor in zip(size, self.factors, strict=True))
        self.spec_ = BlockSpec("grid", (n_channels, *sides))

    def encode(self, block: Block) -> Block:
        """Return a block of pooled images, in memory if there is room."""
        n_rows, shape = len(block), self.spec_.shape

        def read(rows):
            return self._pooled(np.asarray(block.values[rows]))

        values = LazyRows(read, n_rows, shape, in_memory=not isinstance(block.values, LazyRows))
        if 4 * n_rows * self.spec_.size <= _IN_MEMORY:
            parts = [values[start : start + _ROWS] for start in range(0, n_rows, _ROWS)]
            values = np.concatenate(parts) if parts else np.zeros((0, *shape), np.float32)
        return Block(values, block.present, self.spec_)

    def _pooled(self, images: np.ndarray) -> np.ndarray:
        n, c, h, w = images.shape
        down, across = self.factors
        cells = images.reshape(n, c, h // down, down, w // across, across)
        return cells.mean(axis=(3, 5), dtype=np.float32)


class _ObservedTokenEncoding(TargetEncoding):
    """Texts are decoded into the tokens of `fit`: few of a pretrained vocabulary occur."""

    def __init__(self, modality) -> None:
        super().__init__(modality)
        self.tokens = ObservedTokens(modality.spec_)
        self.spec_ = self.tokens.spec

    def encode(self, block: Block) -> Block:
        """Return a block with the numbers of the seen tokens, others unknown."""
        values = self.tokens.numbers[block.values]
        return replace(block, values=values, spec=self.spec_, embeddings=None)

    def inverse_transform(self, values: np.ndarray):
        """Return the texts."""
        return super().inverse_transform(self.tokens.seen[values])


def target_encoding(modality) -> TargetEncoding:
    """Return how a fitted modality is encoded as a target."""
    if modality.kind == "tokens" and modality.spec_.seen is not None:
        return _ObservedTokenEncoding(modality)
    if modality.kind == "grid" and _is_resized_for_encoder(modality):
        return _PooledEncoding(modality)
    return TargetEncoding(modality)


def _is_resized_for_encoder(modality) -> bool:
    """Return whether the encoder has set a size that the user has not."""
    size = getattr(getattr(modality, "scaler_", None), "size", None)
    return size is not None and getattr(modality, "size", size) is None


def _factor(side: int) -> int:
    """Return the smallest divisor that makes a side no larger than the largest one."""
    fitting = (k for k in range(1, side) if side % k == 0 and side // k <= _LARGEST)
    return next(fitting, side)
