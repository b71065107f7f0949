"""Layers shared by several components."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_crossmodal.data import BlockSpec

__all__ = [
    "MLP",
    "AttentionBlock",
    "Dropout",
    "StepEmbedding",
    "attention_blocks",
    "dropout_mask",
    "in_autocast_dtype",
    "masked_mean",
    "positions",
    "trim",
]


class Dropout(nn.Module):
    """Dropout with vectorisable draws; any shape -> the same.

    Parameters
    ----------
    p : float
        Probability of an entry to be dropped.
    """

    stacks = True

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Tensor) -> Tensor:
        if not (self.training and self.p):
            return values
        draws = torch.rand(values.shape, device=values.device, dtype=torch.float32)
        return values * dropout_mask(draws, self.p, values.dtype)

    def extra_repr(self) -> str:
        return f"p={self.p}"


def dropout_mask(draws: Tensor, p: float, dtype: torch.dtype) -> Tensor:
    """Return the dropout factors: zero for dropped entries, else the inverse keep probability.

    The draws are uniform from 0 to 1.
    """
    return (draws >= p).to(dtype).mul_(1 / (1 - p))


class MLP(nn.Sequential):
    """Linear, ReLU and dropout for each width; (B, D) -> (B, D').

    Parameters
    ----------
    in_features : int
        Width D of the input.
    widths : sequence of int
        Width of each layer. Without layers it is the identity.
    dropout : float, default=0.0
        Share of hidden units set to zero in training.
    """

    stacks = True

    def __init__(self, in_features: int, widths: Sequence[int], dropout: float = 0.0) -> None:
        layers: list[nn.Module] = []
        sizes = [in_features, *widths]
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU(), Dropout(dropout)]
        super().__init__(*layers)
        self.out_features = sizes[-1]


class StepEmbedding(nn.Module):
    """Embed tokens, or project numbers, to steps of one width; (B, T) or (B, T, D) -> (B, T, D').

    Parameters
    ----------
    spec : BlockSpec
        Of kind ``"tokens"`` or ``"sequence"``. Its `vectors`, if any, initialise the embedding, or
        are frozen if `train_vectors` is False.
    width : int
        Width D' of the steps.
    """

    def __init__(self, spec: BlockSpec, width: int) -> None:
        super().__init__()
        self.embed: nn.Module
        if spec.n_categories is None:
            self.embed = nn.Linear(spec.shape[1], width)
        elif spec.vectors is not None:
            vectors = torch.tensor(spec.vectors, dtype=torch.get_default_dtype())
            pretrained = nn.Embedding.from_pretrained(vectors, freeze=not spec.train_vectors)
            self.embed = nn.Sequential(pretrained, nn.Linear(vectors.shape[1], width))
        else:
            self.embed = nn.Embedding(spec.n_categories, width)
            nn.init.normal_(self.embed.weight, std=0.1)

    def forward(self, values: Tensor) -> Tensor:
        return self.embed(values)


class AttentionBlock(nn.Module):
    """Self-attention and a feed-forward layer, both residual; (B, T, D) -> (B, T, D).

    With ``causal=True`` a step attends to itself and to those before it.

    Parameters
    ----------
    width : int
        Width D of the steps, a multiple of `n_heads`.
    n_heads : int
        Number of attention heads.
    dropout : float
        Share of hidden units set to zero in training.
    """

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.step = nn.Sequential(
            nn.LayerNorm(width), MLP(width, [2 * width], dropout), nn.Linear(2 * width, width)
        )

    def forward(self, steps: Tensor, mask: Tensor | None = None, *, causal: bool = False) -> Tensor:
        query, key, value = self._parts(steps)
        if mask is not None:
            # A row without steps would give NaN. It is not used, but its gradient would be.
            mask = (mask | ~mask.any(dim=1, keepdim=True))[:, None, None, :]
        return self._attend(steps, query, key, value, attn_mask=mask, is_causal=causal)

    def follow(self, step: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Decode one more step (B, 1, D) as a causal `forward` would, with cached keys and values.

        The cache of the previous steps is of shape (B, 2, n_heads, T, D / n_heads); T is 0 at
        first.
        """
        query, key, value = self._parts(step)
        past = torch.cat([past, torch.stack([key, value], dim=1)], dim=3)
        return self._attend(step, query, *past.unbind(dim=1)), past

    def _parts(self, steps: Tensor) -> tuple[Tensor, ...]:
        """Return query, key and value, (B, heads, T, D / heads) each."""
        parts = self.project(self.norm(steps)).unflatten(-1, (3, self.n_heads, -1))
        return parts.permute(2, 0, 3, 1, 4).unbind()

    def _attend(self, steps: Tensor, query, key, value, **limits) -> Tensor:
        seen = functional.scaled_dot_product_attention(query, key, value, **limits)
        steps = steps + self.join(seen.transpose(1, 2).flatten(2))
        return steps + self.step(steps)


def attention_blocks(part) -> nn.ModuleList:
    """Return the attention blocks of a component; raise if `n_heads` does not divide `width`."""
    if part.width % part.n_heads:
        raise ValueError(
            f"{type(part).__name__}: width={part.width} is not a multiple of "
            f"n_heads={part.n_heads}."
        )
    blocks = [AttentionBlock(part.width, part.n_heads, part.dropout) for _ in range(part.n_layers)]
    return nn.ModuleList(blocks)


def in_autocast_dtype(values: Tensor) -> Tensor:
    """Return values in the type that autocast computes in, for a recurrent layer on the CPU.

    oneDNN has no LSTM that takes float32 under autocast on processors without bfloat16; one of
    bfloat16 runs on all.
    """
    if values.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return values
    return values.to(torch.get_autocast_dtype("cpu"))


def trim(values: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Remove the padding after the longest row from (B, T, ...) and from the mask (B, T)."""
    if mask is None:
        return values, None
    longest = max(int(mask.sum(dim=1).max()), 1)
    return values[:, :longest], mask[:, :longest]


def masked_mean(steps: Tensor, mask: Tensor | None) -> Tensor:
    """Average (B, T, D) over the unmasked steps; zeros for a row without steps."""
    if mask is None:
        return steps.mean(dim=1)
    weights = mask.unsqueeze(-1).to(steps.dtype)
    return (steps * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def positions(n_steps: int, width: int) -> Tensor:
    """Return sinusoidal position encodings (T, D), section 3.5 of arXiv:1706.03762."""
    step = torch.arange(n_steps).unsqueeze(1)
    rate = torch.exp(torch.arange(0, width, 2) * (-torch.log(torch.tensor(10_000.0)) / width))
    codes = torch.zeros(n_steps, width)
    codes[:, 0::2] = torch.sin(step * rate)
    codes[:, 1::2] = torch.cos(step * rate)[:, : width // 2]
    return codes
