"""What decoders of texts share that give one token after another."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import END, PADDING, UNKNOWN, BlockSpec
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.decoders._beam_search import State, sayable

__all__ = ["TokenByToken", "TokenByTokenDecoder", "drop_tokens"]

#: Score of a token that is not said. Finite, also in half precision: no loss turns to NaN.
_NEVER = -1e4


class TokenByTokenDecoder(Component):
    """What makes such a decoder once the shapes are known."""

    kinds = frozenset({"tokens"})
    takes_targets = True
    _module: type[TokenByToken]

    def build(self, width: int, spec: BlockSpec) -> nn.Module:
        """Return the module for targets of kind ``"tokens"``.

        Parameters
        ----------
        width : int
            Width D of the latent.
        spec : BlockSpec
            Of the target.

        Returns
        -------
        nn.Module
            (B, D) -> (B, T, number of tokens); also given the true tokens (B, T), int.

        Raises
        ------
        ValueError
            If a parameter is not what it must be.
        """
        self._validate_params()
        return self._module(width, spec, self.get_params())


class TokenByToken(nn.Module, ABC):
    """A text from a latent, each token given the latent and the tokens before it.

    ::

        log p(y | z) = sum_t log p(y_t | y_1, ..., y_(t-1), z)

    Where the tokens are known, as in training, all are scored at once, each given the known ones
    before it. Else it goes by its own: the token that scores highest is the next.

    Parameters
    ----------
    spec : BlockSpec
        Of the texts.
    """

    #: Whether `forward` takes the known tokens of the target.
    takes_targets = True

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__()
        self.n_steps = spec.shape[0]
        #: Scores of a text: who scores many texts at once goes by it.
        self.n_scores = self.n_steps * spec.n_categories

    #: From what `taught` returns to scores, (N, D) -> (N, K).
    scores: nn.Module

    @abstractmethod
    def taught(self, latent: Tensor, tokens: Tensor) -> Tensor:
        """Return what is scored after none to all of the known tokens (B, T - 1), (B, T, D)."""

    @abstractmethod
    def start(self, latent: Tensor) -> State:
        """Return the state before the first token."""

    @abstractmethod
    def step(self, state: State, tokens: Tensor | None) -> tuple[Tensor, State]:
        """Return the scores (B, K) of the next token after the last ones (B,), and the state."""

    def forward(self, latent: Tensor, tokens: Tensor | None = None) -> Tensor:
        if tokens is None:
            return self._greedy(latent)
        known = tokens != PADDING
        longest = max(int(known.sum(dim=1).max()), 1)
        steps = self.taught(latent, tokens[:, : longest - 1])
        # Most of the work is in the vocabulary, and most of a batch of texts is padding.
        found = self.scores(steps[known[:, :longest]])
        scores = found.new_zeros(*tokens.shape, found.shape[-1])
        scores[known] = found
        return scores

    def _greedy(self, latent: Tensor) -> Tensor:
        state, last, found = self.start(latent), None, []
        ended = torch.zeros(len(latent), 1, dtype=torch.bool, device=latent.device)
        for _ in range(self.n_steps):
            scores, state = self.step(state, last)
            scores = sayable(scores, _NEVER)
            # What stands behind an end does not depend on how long the other texts are.
            found.append(torch.where(ended, _only_padding(scores), scores))
            last = scores.argmax(dim=-1)
            ended = ended | (last == END).unsqueeze(-1)
            if ended.all():
                break
        found += [_only_padding(found[0])] * (self.n_steps - len(found))
        return torch.stack(found, dim=1)


def _only_padding(scores: Tensor) -> Tensor:
    """Return scores of the same shape that speak for padding."""
    scores = torch.full_like(scores, _NEVER)
    scores[:, PADDING] = 0.0
    return scores


def drop_tokens(tokens: Tensor, share: float) -> Tensor:
    """Return tokens of which a share, drawn at random, is unknown.

    Parameters
    ----------
    tokens : Tensor of shape (B, T), int
        Known tokens.
    share : float
        Probability with which one is hidden.

    Returns
    -------
    Tensor of shape (B, T), int
    """
    return torch.where(torch.rand(tokens.shape, device=tokens.device) < share, UNKNOWN, tokens)
