"""Adapters of pretrained models of several libraries to the interface of an encoder."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import END
from sklearn_crossmodal.nn._component import n_arguments
from sklearn_crossmodal.nn._layers import masked_mean

__all__ = ["FIRST_TOKEN", "adapt"]

#: Ids of a model's tokenizer follow the special tokens.
FIRST_TOKEN = END + 1


def adapt(module: nn.Module) -> nn.Module:
    """Adapt a model of sentence-transformers, transformers or another library to an encoder.

    The module has `takes`, the accepted kinds of block, or None for any, and `takes_mask`, whether
    it uses the mask.
    """
    if hasattr(module, "get_max_seq_length") and hasattr(module, "tokenize"):
        return _SentenceModel(module)
    if hasattr(module, "main_input_name") and hasattr(module, "config"):
        return _TransformersModel(module)
    return _PlainModel(module)


class _SentenceModel(nn.Module):
    """(B, T), (B, T) -> (B, D), pooled by the modules of the model."""

    takes = frozenset({"tokens"})
    takes_mask = True

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        ids, attended, empty = _model_tokens(tokens, mask)
        features = {"input_ids": ids, "attention_mask": attended.long()}
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
        ids, attended, empty = _model_tokens(values, mask)
        states = self.model(input_ids=ids, attention_mask=attended.long()).last_hidden_state
        return torch.where(empty, 0.0, masked_mean(states, attended))


class _PlainModel(nn.Module):
    """(B, ...) -> (B, D), the output of the module, averaged over steps or pixels."""

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
    """Average a map (B, D, H, W) over its pixels, or steps (B, T, D) over the unmasked ones."""
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
    """Return the ids of the model, their attention mask, and which rows are empty (B, 1)."""
    attended = tokens >= FIRST_TOKEN
    if mask is not None:
        attended = attended & mask
    longest = max(int(attended.any(dim=0).sum()), 1)  # padding and end are last
    attended, tokens = attended[:, :longest], tokens[:, :longest]
    empty = ~attended.any(dim=1, keepdim=True)
    # An empty row would give NaN: it attends to its first step, and is set to zero afterwards.
    first = torch.arange(longest, device=tokens.device) == 0
    return torch.where(attended, tokens - FIRST_TOKEN, 0), attended | (empty & first), empty
