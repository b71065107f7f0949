"""RecurrentDecoder: an autoregressive recurrent network for texts."""

from __future__ import annotations

from numbers import Integral, Real

import torch
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn._layers import StepEmbedding, in_autocast_dtype
from sklearn_crossmodal.nn.decoders._autoregressive import (
    TokenByToken,
    TokenByTokenDecoder,
    drop_tokens,
)
from sklearn_crossmodal.nn.decoders._beam_search import State
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["RecurrentDecoder"]

_CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}


class _RecurrentDecoder(TokenByToken):
    """(B, D) and (B, T) known tokens, if any -> (B, T, K)."""

    def __init__(self, latent_width: int, spec: BlockSpec, part: RecurrentDecoder) -> None:
        super().__init__(spec)
        width, read = part.width, part.embedding_width
        self.embedding = StepEmbedding(spec, read)
        self.begin = nn.Parameter(0.1 * torch.randn(read))
        self.recurrence = _CELLS[part.cell](read + latent_width, width, batch_first=True)
        self.n_states = 2 if part.cell == "lstm" else 1  # an LSTM also has cells
        self.first = nn.Linear(latent_width, self.n_states * width)
        self.dropout = nn.Dropout(part.dropout)
        self.token_dropout = part.token_dropout
        self.scores = nn.Linear(width, spec.n_categories)

    def start(self, latent: Tensor) -> State:
        return latent, *torch.tanh(self.first(latent)).chunk(self.n_states, dim=-1)

    def step(self, state: State, tokens: Tensor | None) -> tuple[Tensor, State]:
        none = torch.empty(len(state[0]), 0, dtype=torch.int64, device=state[0].device)
        steps = self._steps(none) if tokens is None else self.embedding(tokens.unsqueeze(1))
        outputs, state = self._run(state, steps)
        return self.scores(self.dropout(outputs[:, 0])), state

    def teacher_forced(self, latent: Tensor, tokens: Tensor) -> Tensor:
        if self.training and self.token_dropout:
            tokens = drop_tokens(tokens, self.token_dropout)
        outputs, _ = self._run(self.start(latent), self._steps(tokens))
        return self.dropout(outputs)

    def _steps(self, tokens: Tensor) -> Tensor:
        """Return embeddings (B, T + 1, D') of the start and of tokens (B, T)."""
        begin = self.begin.expand(len(tokens), 1, -1)
        return torch.cat([begin, self.embedding(tokens)], dim=1)

    def _run(self, state: State, steps: Tensor) -> tuple[Tensor, State]:
        latent, *hidden = state
        again = latent.unsqueeze(1).expand(-1, steps.shape[1], -1)
        read = in_autocast_dtype(self.dropout(torch.cat([steps, again], dim=-1)))
        hidden = [in_autocast_dtype(part.unsqueeze(0).contiguous()) for part in hidden]
        outputs, after = self.recurrence(read, tuple(hidden) if self.n_states > 1 else hidden[0])
        after = after if isinstance(after, tuple) else (after,)
        return outputs, (latent, *(part.squeeze(0) for part in after))


class RecurrentDecoder(TokenByTokenDecoder):
    """A recurrent network that predicts each token given the latent and the previous tokens.

    The latent sets the initial state, and is an input of each step. In training the previous tokens
    are the true ones (teacher forcing), in prediction those predicted so far.

    Parameters
    ----------
    cell : {"gru", "lstm"}, default="gru"
        Kind of the recurrent network.
    width : int, default=256
        Width of its state.
    embedding_width : int, default=64
        Width of token embeddings.
    dropout : float, default=0.2
        Share of the inputs of the network, and of its state before the scores, set to zero in
        training.
    token_dropout : float, default=0.0
        Share of the true tokens replaced by the unknown token in training, so that the decoder
        relies more on the latent.

    References
    ----------
    O. Vinyals, A. Toshev, S. Bengio, D. Erhan (2015). "Show and tell: A neural image caption
    generator". arXiv:1411.4555; token dropout: S. R. Bowman et al. (2016), "Generating sentences
    from a continuous space". arXiv:1511.06349

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.data import BlockSpec
    >>> from sklearn_crossmodal.nn.decoders import RecurrentDecoder
    >>> decoder = RecurrentDecoder("lstm").build(5, BlockSpec("tokens", (4,), n_categories=9))
    >>> (
    ...     decoder(torch.zeros(1, 5)).shape,
    ...     decoder(torch.zeros(1, 5), torch.tensor([[3, 2, 0, 0]])).shape,
    ... )
    (torch.Size([1, 4, 9]), torch.Size([1, 4, 9]))
    """

    _module = _RecurrentDecoder
    _parameter_constraints = {
        "cell": [StrOptions(set(_CELLS))],
        "width": [Interval(Integral, 1, None, closed="left")],
        "embedding_width": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "token_dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self, cell="gru", *, width=256, embedding_width=64, dropout=0.2, token_dropout=0.0
    ):
        self.cell = cell
        self.width = width
        self.embedding_width = embedding_width
        self.dropout = dropout
        self.token_dropout = token_dropout
