"""Pretrained modules of several makes, each called as an encoder is: (values, mask) -> (B, D)."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import END
from sklearn_crossmodal.nn._component import n_arguments
from sklearn_crossmodal.nn._layers import masked_mean

__all__ = ["FIRST_TOKEN", "adapt"]

#: Ids of a model's own tokenizer come behind those that stand for no word.
FIRST_TOKEN = END + 1


def adapt(module: nn.Module) -> nn.Module:
    """Return a module that takes values and mask, and gives a vector a row.

    Parameters
    ----------
    module : nn.Module
        A `SentenceTransformer`, a model of transformers, or any other module.

    Returns
    -------
    nn.Module
        With `takes`, the kinds of block it takes, or None for any, and `takes_mask`, whether it
        is told which steps are there.
    """
    if hasattr(module, "get_max_seq_length") and hasattr(module, "tokenize"):
        return _SentenceModel(module)
    if hasattr(module, "main_input_name") and hasattr(module, "config"):
        return _TransformersModel(module)
    return _PlainModel(module)


class _SentenceModel(nn.Module):
    """(B, T), (B, T) -> (B, D), pooled as the model's own modules say."""

    takes = frozenset({"tokens"})
    takes_mask = True

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        ids, there, empty = _model_tokens(tokens, mask)
        features = {"input_ids": ids, "attention_mask": there.long()}
        return torch.where(empty, 0.0, self.model(features)["sentence_embedding"])


class _TransformersModel(nn.Module):
    """(B, T) or (B, C, H, W) -> (B, D), the mean of the last hidden state."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        reads_tokens = self.takes_mask = model.main_input_name == "input_ids"
        self.takes = frozenset({"tokens"} if reads_tokens else {"grid", "sequence", "vector"})

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        if "tokens" not in self.takes:
            states = self.model(**{self.model.main_input_name: values}).last_hidden_state
            return _pooled(states, None)
        ids, there, empty = _model_tokens(values, mask)
        states = self.model(input_ids=ids, attention_mask=there.long()).last_hidden_state
        return torch.where(empty, 0.0, masked_mean(states, there))


class _PlainModel(nn.Module):
    """(B, ...) -> (B, D), the module's output, averaged over what is not rows or width."""

    takes = None

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        parameters = list(inspect.signature(model.forward).parameters.values())
        self.takes_mask = n_arguments(model.forward) > 1
        self._needs_mask = self.takes_mask and parameters[1].default is inspect.Parameter.empty

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        takes_mask = self._needs_mask or (self.takes_mask and mask is not None)
        output = self.model(values, mask) if takes_mask else self.model(values)
        return _pooled(output, mask)


def _pooled(output: Tensor, mask: Tensor | None) -> Tensor:
    """Average a map (B, D, H, W) over its pixels, or steps (B, T, D) over those that are there."""
    if not isinstance(output, Tensor):
        raise TypeError(
            f"the pretrained module returns {type(output).__name__} where a tensor is expected: "
            "wrap it in a module that returns its features."
        )
    if output.ndim == 3:
        same_steps = mask is not None and mask.shape == output.shape[:2]
        return masked_mean(output, mask if same_steps else None)
    if output.ndim == 1:
        return output.unsqueeze(1)
    return output.flatten(2).mean(dim=2) if output.ndim > 3 else output


def _model_tokens(tokens: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return the model's own ids, which of them are there, and which rows have none (B, 1)."""
    there = tokens >= FIRST_TOKEN
    if mask is not None:
        there = there & mask
    longest = max(int(there.any(dim=0).sum()), 1)  # tokens of the model stand in front
    there, tokens = there[:, :longest], tokens[:, :longest]
    empty = ~there.any(dim=1, keepdim=True)
    # A row of no token would give NaN: it looks at its first step, and is put to zero after.
    first = torch.arange(longest, device=tokens.device) == 0
    return torch.where(there, tokens - FIRST_TOKEN, 0), there | (empty & first), empty
