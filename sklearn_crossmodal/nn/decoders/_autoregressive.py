"""Base classes of autoregressive decoders of texts."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import END, PADDING, UNKNOWN, BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.decoders._beam_search import State, mask_special_tokens

__all__ = ["TokenByToken", "TokenByTokenDecoder", "drop_tokens"]

#: Score of an excluded token. Finite, also in half precision, so that no loss is NaN.
_EXCLUDED_SCORE = -1e4


class TokenByTokenDecoder(Component):
    """Component of an autoregressive decoder."""

    kinds = frozenset({"tokens"})
    takes_targets = True
    _module: type[TokenByToken]

    def build(self, width: int, spec: BlockSpec) -> nn.Module:
        """Return the module: (B, D) and, if known, true tokens (B, T) -> (B, T, K)."""
        self._validate_params()
        return self._module(width, spec, self)


class TokenByToken(nn.Module, ABC):
    """Decode a text from a latent, each token given the latent and the previous tokens.

    ::

        log p(y | z) = sum_t log p(y_t | y_1, ..., y_(t-1), z)

    If the true tokens are known, as in training, all are scored at once (teacher forcing). Else
    decoding is greedy: the token with the highest score is the next.

    Parameters
    ----------
    spec : BlockSpec
        Of the texts.
    """

    #: Whether `forward` takes the true tokens of the target.
    takes_targets = True

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__()
        self.n_steps = spec.shape[0]
        #: Number of scores of a text, by which the batch size of inference is limited.
        self.n_scores = self.n_steps * spec.n_categories

    #: From the output of `teacher_forced` to scores, (N, D) -> (N, K).
    scores: nn.Module

    @abstractmethod
    def teacher_forced(self, latent: Tensor, tokens: Tensor) -> Tensor:
        """Return the hidden states (B, T, D) after each prefix of the true tokens (B, T - 1)."""

    @abstractmethod
    def start(self, latent: Tensor) -> State:
        """Return the state before the first token."""

    @abstractmethod
    def step(self, state: State, tokens: Tensor | None) -> tuple[Tensor, State]:
        """Return the scores (B, K) of the next token, given the last ones (B,), and the state."""

    def forward(self, latent: Tensor, tokens: Tensor | None = None) -> Tensor:
        if tokens is None:
            return self._greedy(latent)
        known = tokens != PADDING
        longest = max(int(known.sum(dim=1).max()), 1)
        steps = self.teacher_forced(latent, tokens[:, : longest - 1])
        # Skip padding, since scoring the vocabulary dominates the time.
        found = self.scores(steps[known[:, :longest]])
        scores = found.new_zeros(*tokens.shape, found.shape[-1])
        scores[known] = found
        return scores

    def _greedy(self, latent: Tensor) -> Tensor:
        state, last, found = self.start(latent), None, []
        ended = torch.zeros(len(latent), 1, dtype=torch.bool, device=latent.device)
        for _ in range(self.n_steps):
            scores, state = self.step(state, last)
            scores = mask_special_tokens(scores, _EXCLUDED_SCORE)
            # Scores after the end do not depend on the lengths of other texts.
            found.append(torch.where(ended, _padding_scores(scores), scores))
            last = scores.argmax(dim=-1)
            ended = ended | (last == END).unsqueeze(-1)
            if ended.all():
                break
        found += [_padding_scores(found[0])] * (self.n_steps - len(found))
        return torch.stack(found, dim=1)


def _padding_scores(scores: Tensor) -> Tensor:
    """Return scores of the same shape with which padding is predicted."""
    scores = torch.full_like(scores, _EXCLUDED_SCORE)
    scores[:, PADDING] = 0.0
    return scores


def drop_tokens(tokens: Tensor, share: float) -> Tensor:
    """Replace tokens by the unknown token, each with probability `share`."""
    return torch.where(torch.rand(tokens.shape, device=tokens.device) < share, UNKNOWN, tokens)
