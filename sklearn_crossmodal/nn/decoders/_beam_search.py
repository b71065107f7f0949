"""Generate texts from an autoregressive model: beam search and sampling."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from sklearn_crossmodal.data import END, PADDING, UNKNOWN

__all__ = ["State", "Step", "beam_search", "mask_special_tokens", "sample_tokens"]

#: State of a model: tensors with a row for each partial text.
State = tuple[Tensor, ...]
#: From a state and the last token of each text, (R,), None at the start, to the scores of the next
#: token, (R, K), and the next state.
Step = Callable[[State, Tensor | None], tuple[Tensor, State]]


def mask_special_tokens(scores: Tensor, fill: float = -torch.inf) -> Tensor:
    """Set the scores (..., K) of padding and of the unknown token to `fill`.

    It must be finite if a loss is computed.
    """
    excluded = torch.zeros(scores.shape[-1], dtype=torch.bool, device=scores.device)
    excluded[[PADDING, UNKNOWN]] = True
    return scores.masked_fill(excluded, fill)


@torch.no_grad()
def beam_search(
    step: Step, state: State, *, n_beams: int, max_length: int, length_penalty: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Find the most probable text of each row by beam search.

    The `n_beams` most probable prefixes are kept and extended. A complete text leaves the beam,
    which becomes narrower. Of the complete texts, and of those that reach `max_length`, the one
    with the highest ::

        log p / ((5 + length) / 6) ** length_penalty,

    equation (14) of [1]_, is returned; the end counts in its length. With one beam this is greedy
    decoding. Padding and the unknown token have probability zero.

    Parameters
    ----------
    step : callable
        One decoding step: (state, tokens) -> (scores, state).
    state : tuple of Tensor of shape (B, ...)
        Before the first token.
    n_beams : int
        Number of prefixes that are kept.
    max_length : int
        Maximum number of tokens of a text, its end included.
    length_penalty : float, default=0.0
        Exponent of the length: 0 compares probabilities, which favours short texts, 1 roughly the
        mean log-probability of a token.

    Returns
    -------
    tokens : Tensor of shape (B, max_length), int
        Padded after the end; a text of `max_length` tokens may have none.
    scores : Tensor of shape (B,)
        The value above, of each text.

    References
    ----------
    .. [1] Y. Wu et al. (2016). "Google's neural machine translation system". arXiv:1609.08144

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.decoders._beam_search import beam_search
    >>> likely = torch.tensor([[0.0, 0.0, 0.1, 0.6, 0.3]]).log()  # id 2 is the end
    >>> def step(state, tokens):
    ...     return likely.expand(len(state[0]), -1), state
    >>> beam_search(step, (torch.zeros(1),), n_beams=2, max_length=3)[0]
    tensor([[3, 3, 3]])
    """
    n_rows, device = len(state[0]), state[0].device
    state = tuple(part.repeat_interleave(n_beams, dim=0) for part in state)
    rows = torch.arange(n_rows, device=device)[:, None]
    rank = torch.arange(n_beams, device=device)
    width = torch.full((n_rows, 1), n_beams, device=device)  # active beams
    begun = torch.empty(n_rows, n_beams, 0, dtype=torch.int64, device=device)
    best = torch.full((n_rows, max_length), PADDING, device=device)
    log_p = best_score = last = None
    for length in range(1, max_length + 1):
        scores, state = step(state, last)
        found = mask_special_tokens(scores).log_softmax(dim=-1).unflatten(0, (n_rows, n_beams))
        if log_p is None:  # all beams are equal at first
            log_p = torch.where(rank == 0, 0.0, -torch.inf).to(found).expand(n_rows, -1)
            best_score = found.new_full((n_rows,), -torch.inf)
        log_p, places = (log_p.unsqueeze(-1) + found).flatten(1).topk(n_beams)
        log_p = log_p.masked_fill(rank >= width, -torch.inf)
        origin, tokens = places // found.shape[-1], places % found.shape[-1]
        begun = torch.cat([begun[rows, origin], tokens.unsqueeze(-1)], dim=-1)
        ended = (tokens == END) & (log_p > -torch.inf)  # others have left the beam
        complete = ended if length < max_length else torch.ones_like(ended)
        normalized = (log_p / ((5 + length) / 6) ** length_penalty).masked_fill(
            ~complete, -torch.inf
        )
        top, place = normalized.max(dim=1)
        better = (top > best_score)[:, None]
        best_score = torch.maximum(top, best_score)
        best[:, :length] = torch.where(better, begun[rows[:, 0], place], best[:, :length])
        log_p = log_p.masked_fill(ended, -torch.inf)
        width = width - ended.sum(dim=1, keepdim=True)
        if length == max_length or not (log_p > -torch.inf).any():
            break
        chosen = (rows * n_beams + origin).flatten()
        state = tuple(part.index_select(0, chosen) for part in state)
        last = tokens.flatten()
    return best, best_score


@torch.no_grad()
def sample_tokens(
    step: Step, state: State, *, temperature: float, max_length: int, generator: torch.Generator
) -> Tensor:
    """Sample a text for each row, token by token, with probabilities to the power 1 / temperature.

    Returns token ids (B, max_length), padded after the end, which counts in the length. The
    generator is one of the CPU, so that samples do not depend on the device of the state.

    Notes
    -----
    The Gumbel-max trick: the argmax of scores plus independent Gumbel noise is a sample from their
    softmax. E. J. Gumbel (1954), "Statistical theory of extreme values".

    Examples
    --------
    >>> import torch
    >>> from sklearn_crossmodal.nn.decoders._beam_search import sample_tokens
    >>> likely = torch.tensor([[0.0, 0.0, 0.1, 0.6, 0.3]]).log()
    >>> def step(state, tokens):
    ...     return likely.expand(len(state[0]), -1), state
    >>> generator = torch.Generator().manual_seed(0)
    >>> sample_tokens(
    ...     step, (torch.zeros(2),), temperature=1.0, max_length=4, generator=generator
    ... ).shape
    torch.Size([2, 4])
    """
    n_rows, device = len(state[0]), state[0].device
    drawn = torch.full((n_rows, max_length), PADDING, device=device)
    ended = torch.zeros(n_rows, dtype=torch.bool, device=device)
    last = None
    for place in range(max_length):
        scores, state = step(state, last)
        noise = torch.rand(scores.shape, generator=generator, dtype=torch.float64)
        noise = -torch.log(-torch.log(noise.clamp(min=torch.finfo(noise.dtype).tiny)))
        noisy = mask_special_tokens(scores) + temperature * noise.to(scores)
        last = torch.where(ended, PADDING, noisy.argmax(dim=-1))
        drawn[:, place] = last
        ended = ended | (last == END)
        if ended.all():
            break
    return drawn
