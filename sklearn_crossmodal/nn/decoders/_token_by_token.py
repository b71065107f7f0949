"""What decoders of texts share that give one token after another."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_crossmodal.data import END, PADDING, UNKNOWN, BlockSpec
from sklearn_crossmodal.nn._beam_search import State, sayable

__all__ = ["TokenByToken", "drop_tokens"]

#: Score of a token that is not said. Finite, also in half precision: no loss turns to NaN.
_NEVER = -1e4


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

    @abstractmethod
    def taught(self, latent: Tensor, tokens: Tensor) -> Tensor:
        """Return the scores (B, T, K) of the tokens that follow the known ones (B, T - 1)."""

    @abstractmethod
    def start(self, latent: Tensor) -> State:
        """Return the state before the first token."""

    @abstractmethod
    def step(self, state: State, tokens: Tensor | None) -> tuple[Tensor, State]:
        """Return the scores (B, K) of the next token after the last ones (B,), and the state."""

    def forward(self, latent: Tensor, tokens: Tensor | None = None) -> Tensor:
        if tokens is None:
            return self._greedy(latent)
        # Nothing is computed behind the longest text of a batch.
        longest = max(int((tokens != PADDING).sum(dim=1).max()), 1)
        scores = self.taught(latent, tokens[:, : longest - 1])
        return functional.pad(scores, (0, 0, 0, tokens.shape[1] - longest))

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
