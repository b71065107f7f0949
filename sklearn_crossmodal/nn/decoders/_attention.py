"""AttentionDecoder: an autoregressive transformer for texts."""

from __future__ import annotations

from numbers import Integral, Real

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._layers import StepEmbedding, attention_blocks, positions
from sklearn_crossmodal.nn.decoders._autoregressive import (
    TokenByToken,
    TokenByTokenDecoder,
    drop_tokens,
)
from sklearn_crossmodal.nn.decoders._beam_search import State
from sklearn_crossmodal.utils._sklearn import Interval

__all__ = ["AttentionDecoder"]


class _AttentionDecoder(TokenByToken):
    """(B, D) and (B, T) known tokens, if any -> (B, T, K)."""

    def __init__(self, latent_width: int, spec: BlockSpec, part: AttentionDecoder) -> None:
        super().__init__(spec)
        self.width, self.n_heads = part.width, part.n_heads
        blocks = attention_blocks(part)
        self.first = nn.Linear(latent_width, self.width)
        self.embedding = StepEmbedding(spec, self.width)
        self.blocks = blocks
        self.norm = nn.LayerNorm(self.width)
        self.dropout = nn.Dropout(part.dropout)
        self.token_dropout = part.token_dropout
        self.scores = nn.Linear(self.width, spec.n_categories)

    def start(self, latent: Tensor) -> State:
        # The latent as the first step, then empty caches of keys and values of each block.
        shape = len(latent), 2, self.n_heads, 0, self.width // self.n_heads
        return self.first(latent), *(latent.new_empty(shape) for _ in self.blocks)

    def step(self, state: State, tokens: Tensor | None) -> tuple[Tensor, State]:
        first, *pasts = state
        n_before, now = pasts[0].shape[3], []
        read = first if tokens is None else self.embedding(tokens)
        step = self._placed(read.unsqueeze(1), n_before)
        for block, past in zip(self.blocks, pasts, strict=True):
            step, past = block.follow(step, past)
            now.append(past)
        return self.scores(self.norm(step[:, 0])), (first, *now)

    def teacher_forced(self, latent: Tensor, tokens: Tensor) -> Tensor:
        if self.training and self.token_dropout:
            tokens = drop_tokens(tokens, self.token_dropout)
        steps = torch.cat([self.first(latent).unsqueeze(1), self.embedding(tokens)], dim=1)
        steps = self._placed(steps, 0)
        for block in self.blocks:
            steps = block(steps, causal=True)
        return self.norm(steps)

    def _placed(self, steps: Tensor, n_before: int) -> Tensor:
        """Add position encodings to steps (B, T, D)."""
        places = positions(n_before + steps.shape[1], self.width)[n_before:]
        return self.dropout(steps + 0.1 * places.to(steps))


class AttentionDecoder(TokenByTokenDecoder):
    """A small transformer that predicts each token given the latent and the previous tokens.

    The latent is the first step, to which all others attend. In training the previous tokens are
    the true ones (teacher forcing), in prediction those predicted so far.

    Parameters
    ----------
    width : int, default=128
        Width of the steps; a multiple of `n_heads`.
    n_heads : int, default=4
        Number of attention heads.
    n_layers : int, default=2
        Number of blocks.
    dropout : float, default=0.2
        Share of the inputs of the blocks, and of their hidden units, set to zero in training.
    token_dropout : float, default=0.0
        Share of the true tokens replaced by the unknown token in training, so that the decoder
        relies more on the latent.

    References
    ----------
    A. Vaswani et al. (2017). "Attention is all you need". arXiv:1706.03762; the latent as a prefix:
    R. Mokady, A. Hertz, A. H. Bermano (2021), "ClipCap". arXiv:2111.09734; token dropout: S. R.
    Bowman et al. (2016), "Generating sentences from a continuous space". arXiv:1511.06349

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.decoders import AttentionDecoder
    >>> spec = BlockSpec("tokens", (4,), n_categories=9)
    >>> AttentionDecoder(width=8).build(5, spec)(torch.zeros(1, 5)).shape
    torch.Size([1, 4, 9])
    >>> AttentionDecoder(width=6).build(5, spec)
    Traceback (most recent call last):
    ...
    ValueError: AttentionDecoder: width=6 is not a multiple of n_heads=4.
    """

    _module = _AttentionDecoder
    _parameter_constraints = {
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "token_dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, width=128, *, n_heads=4, n_layers=2, dropout=0.2, token_dropout=0.0):
        self.width = width
        self.n_heads = n_heads
        self.n_layers = n_layers
        self.dropout = dropout
        self.token_dropout = token_dropout
