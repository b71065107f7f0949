"""Texts that are longer than those an encoder was built for."""

from __future__ import annotations

from collections.abc import Mapping

from sklearn_crossmodal.data import Block
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.encoders import ENCODERS
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["cut_texts", "reads_any_length"]


def cut_texts(
    owner: str, blocks: Mapping[str, Block], modalities: list[tuple]
) -> Mapping[str, Block]:
    """Truncate texts to the longest in `fit`, except for encoders that read any length.

    The `owner` is the name of the estimator, for messages; empty where others name it.
    """
    if not any(block.is_long for block in blocks.values()):
        return blocks
    encoders = {name: modality.encoder for name, modality, _ in modalities}
    found = {}
    for name, block in blocks.items():
        with error_prefix(f"{owner}: modality {name!r}" if owner else f"modality {name!r}"):
            found[name] = block if reads_any_length(encoders[name]) else block.cut()
    return found


def reads_any_length(encoder) -> bool:
    """Return whether an encoder reads texts that are longer than the longest in `fit`."""
    if isinstance(encoder, str):
        encoder = ENCODERS.get(encoder)
    return bool(flag(encoder, "any_length"))
