"""Interfaces of the parts of a network, and the defaults of their optional attributes (flags).

Flags of a component are read before its module is built, those of a module afterwards. A user's own
`nn.Module` need have none of them: `flag` reads them, with the defaults defined here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec

__all__ = [
    "AutoregressiveModule",
    "Decoder",
    "DecoderModule",
    "Encoder",
    "EncoderModule",
    "FrozenEncoder",
    "Fusion",
    "FusionModule",
    "InputSettings",
    "Loss",
    "LossModule",
    "Module",
    "Posterior",
    "PosteriorModule",
    "flag",
    "flags_of",
]

# Components: settings, before the network is built ----------------------------------------------


class InputSettings(Protocol):
    """Settings of an encoder that its modality reads before it is fitted."""

    #: Whether the encoder is not trained: it is loaded once, and the network reads its vectors.
    frozen: bool = False
    #: Tokenizer that texts are read with, in place of the modality's.
    tokenizer: object = None
    #: Most tokens of a text that the encoder reads; None where there is no limit.
    max_length: int | None = None
    #: What images and spectrograms are brought to: mean, std and size.
    normalization: Mapping[str, object] | None = None
    #: Samples a second that sounds are brought to.
    rate: float | None = None


class Encoder(InputSettings, Protocol):
    """Settings of an encoder."""

    #: Kinds of block that it takes; None takes any.
    kinds: frozenset[str] | None
    #: Whether it reads texts that are longer than the longest in `fit`.
    any_length: bool = False
    #: A frozen encoder, whose embeddings the module reads beside the block.
    frozen_part: object = None

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return an `EncoderModule` for blocks of this kind and shape."""


@runtime_checkable
class FrozenEncoder(Protocol):
    """An encoder that may be frozen: its module can be loaded without the rest of the network."""

    frozen: bool

    def load(self, spec: BlockSpec, device: str) -> nn.Module:
        """Return an `EncoderModule` that is not trained, with a `fingerprint`."""


class Fusion(Protocol):
    """Settings of a fusion."""

    def build(self, widths: Sequence[int]) -> nn.Module:
        """Return a `FusionModule` for latents of these widths."""


class Decoder(Protocol):
    """Settings of a decoder."""

    kinds: frozenset[str] | None
    #: Whether it predicts each token from those before it: in training, from the true ones.
    takes_targets: bool = False

    def build(self, width: int, spec: BlockSpec) -> nn.Module:
        """Return a `DecoderModule` from a latent of this width to the scores of a target."""


class Loss(Protocol):
    """Settings of a loss."""

    kinds: frozenset[str] | None
    #: How a regressor scales numbers that are its target, as `scaling` of `Numeric`.
    scaling: str | None = "standard"
    #: Of a loss of classes: from the scores of the head to a score for each class, whose softmax is
    #: the probability; None: the scores of the head are these.
    class_scores: Callable[[Tensor], Tensor] | None = None
    #: Of a loss of classes: whether they have an order.
    is_ordered: bool = False

    def build(self) -> nn.Module:
        """Return a `LossModule`."""


class Posterior(Protocol):
    """Settings of the posterior of a variational autoencoder."""

    def build(self, widths: Sequence[int], n_components: int) -> nn.Module:
        """Return a `PosteriorModule` for latents of these widths."""


# Modules: parts of the network ------------------------------------------------------------------


class Module(Protocol):
    """Flags of every module of a network, however deep inside."""

    #: Whether it computes each sample by itself, of what stands in its attributes, so that several
    #: of its kind can be trained at once on stacked weights. Submodules have their own flag.
    stacks: bool = False
    #: What the learning rate of its weights is multiplied with; None: as that of what it is in.
    learning_rate_factor: float | None = None


class EncoderModule(Module, Protocol):
    """(values, mask) -> (B, D)."""

    #: D; None where it is found by a dry run.
    out_features: int | None = None
    #: Whether its `forward` uses the mask, for frozen encoders.
    takes_mask: bool = True
    #: Whether its `fingerprint` is unique to it, for frozen encoders.
    describable: bool = True

    def forward(self, values: Tensor, mask: Tensor | None) -> Tensor:
        """Return the latent of each sample."""


class FusionModule(Module, Protocol):
    """(latents, present) -> (B, D)."""

    out_features: int | None = None
    #: Whether `present` is None where all modalities are present, in place of a tensor of True.
    present_may_be_none: bool = False

    def forward(self, latents: Sequence[Tensor], present: Tensor | None) -> Tensor:
        """Return the fused latent of each sample."""


class PosteriorModule(FusionModule, Protocol):
    """A fusion whose result is the mean of a Gaussian."""

    def belief(self, latents: Sequence[Tensor], present: Tensor | None):
        """Return the Gaussian of the latent of each sample."""

    def draw(self, latents: Sequence[Tensor], present: Tensor | None, generator):
        """Return the draws that a variational autoencoder learns from."""


class DecoderModule(Module, Protocol):
    """(B, D) -> scores of the target."""

    takes_targets: bool = False
    #: Scores of a sample, by which the size of batches is chosen where nothing is trained.
    n_scores: int = 1

    def forward(self, latent: Tensor) -> Tensor:
        """Return the scores of each sample; with `takes_targets` it takes the true tokens too."""


@runtime_checkable
class AutoregressiveModule(Protocol):
    """A decoder that gives a text token by token, as `CrossModalGenerator` needs."""

    takes_targets: bool

    def start(self, latent: Tensor) -> tuple[Tensor, ...]:
        """Return the state before the first token: tensors with a row for each text."""

    def step(self, state: tuple[Tensor, ...], tokens: Tensor) -> tuple:
        """Return the scores of the next token, and the state after it."""


class LossModule(Module, Protocol):
    """(prediction, target, mask, weight) -> scalar."""

    #: (prediction, target, mask) -> (B,).
    per_sample: Callable[..., Tensor]
    #: From scores to values, or to probabilities; None where it has none, so that nothing bounds
    #: predictions.
    link: Callable[[Tensor], Tensor] | None = None
    #: Least and largest value of a target; None allows all.
    span: tuple[float, float] | None = None
    #: Whether a target is above the least value, not equal to it.
    above: bool = False
    #: From the spec of a target to that of the scores it needs; None where they are the same.
    scored: Callable[[BlockSpec], BlockSpec] | None = None
    #: Of several predictions of a number, along the last axis, the place of the one to take where
    #: one is needed; None where there is one.
    point: int | None = None
    #: As `per_sample`, but a negative log-likelihood; None where the loss is that of no
    #: distribution.
    nll: Callable[..., Tensor] | None = None

    def forward(
        self, prediction: Tensor, target: Tensor, mask: Tensor | None, weight: Tensor | None
    ) -> Tensor:
        """Return the weighted mean of the losses of samples."""


# Reading them -----------------------------------------------------------------------------------


def flags_of(protocol: type) -> dict[str, object]:
    """Return the flags of a protocol that have a default, those of its bases first.

    Examples
    --------
    >>> from sklearn_crossmodal.nn._protocols import Module, flags_of
    >>> flags_of(Module)
    {'stacks': False, 'learning_rate_factor': None}
    """
    found: dict[str, object] = {}
    for one in reversed(protocol.__mro__):
        names = vars(one).get("__annotations__", {})
        found |= {name: vars(one)[name] for name in names if name in vars(one)}
    return found


_PARTS = (Encoder, Fusion, Decoder, Loss, Posterior)
_MODULES = (EncoderModule, PosteriorModule, DecoderModule, LossModule)
_DEFAULTS = {k: v for protocol in (*_PARTS, *_MODULES) for k, v in flags_of(protocol).items()}


def flag(part, name: str):
    """Return a flag of a part of the network, its default where the part does not have it.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_crossmodal.nn._protocols import flag
    >>> from sklearn_crossmodal.nn.losses import PoissonLoss
    >>> flag(PoissonLoss(), "scaling"), flag(nn.MSELoss(), "scaling")
    ('mean', 'standard')
    """
    return getattr(part, name, _DEFAULTS[name])
