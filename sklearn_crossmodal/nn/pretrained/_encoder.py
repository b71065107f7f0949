"""Pretrained: a pretrained model as an encoder, frozen or fine-tuned."""

from __future__ import annotations

import copy
import os
from numbers import Integral, Real
from pathlib import Path
from typing import cast

import torch
from sklearn.base import clone
from torch import Tensor, nn

from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn._rng import fixed_seed
from sklearn_crossmodal.nn.pretrained import PRETRAINED, PretrainedEntry
from sklearn_crossmodal.nn.pretrained._adapters import FIRST_TOKEN
from sklearn_crossmodal.nn.pretrained._files import find_folder
from sklearn_crossmodal.nn.pretrained._image_normalization import find_normalization
from sklearn_crossmodal.nn.pretrained._loader import (
    model_in_folder,
    model_of,
    named_model,
    on_device,
)
from sklearn_crossmodal.nn.pretrained._tokenizer import ModelTokenizer, has_tokenizer
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval

__all__ = ["Pretrained"]


class Pretrained(Component):
    """A pretrained model by name, from a local folder or package, or a user-defined module.

    A frozen model is not trained: it embeds each row once, before training, and a small `head` on
    its embeddings is trained. The estimator's `memory` caches embeddings across folds, grid points
    and processes. A model that is not frozen is part of the network, and is fine-tuned with it.

    The model is loaded on first use, never by ``__init__``, `clone` or `pickle`. A pickle holds the
    path of a model in a folder, not its weights; a module is pickled. If the model has changed
    since `fit`, prediction raises an error.

    Parameters
    ----------
    source : str, path, nn.Module, or callable that returns one
        A name of `sklearn_crossmodal.nn.pretrained.PRETRAINED`, whose weights are installed by pip,
        such as "efficientnet_lite0" or "minilm"; a folder of sentence-transformers or transformers;
        the name of an installed package that contains such a folder, or of a model in the local
        cache of the Hugging Face hub (nothing is downloaded); a module, which is copied, never
        modified; or a class or function without arguments, called with a fixed seed. The output of
        a module is the embedding: remove a classification head first.
    weights : str, path or weights of torchvision, default=None
        File of weights for a class or function: of `torch.save` or safetensors.
    frozen : bool, default=True
        Whether the model is frozen; else it is fine-tuned.
    head : str, component or nn.Module factory, default="mlp"
        Encoder of the embeddings; it is always trained.
    learning_rate_factor : float, default=0.05
        The learning rate of a fine-tuned model is the estimator's `learning_rate` times this.
    mean, std : float or sequence of float, default=None
        Normalisation of images from 0 to 1, one number for all channels or one a channel, which
        also implies grey or colour images; None takes that of the model.
    size : int or (int, int), default=None
        Height and width of images; None takes that of the model.
    batch_size : int, default=32
        Batch size of a frozen model.

    See Also
    --------
    MLPEncoder : The default head.

    Notes
    -----
    The embedding of a text is that of sentence-transformers, or the mean of the last hidden states
    of a model of transformers [1]_.

    References
    ----------
    .. [1] N. Reimers, I. Gurevych (2019). "Sentence-BERT: Sentence embeddings using Siamese
       BERT-networks". EMNLP. doi:10.18653/v1/D19-1410

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from sklearn_crossmodal import FusionClassifier, Image, Pretrained
    >>> backbone = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(8))
    >>> _ = backbone.eval()(torch.zeros(1, 1, 8, 8))
    >>> images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    >>> photo = Image(encoder=Pretrained(backbone, mean=0.5, std=0.25))
    >>> X = {"photo": images}
    >>> clf = FusionClassifier([("photo", photo, "photo")], max_epochs=2, random_state=0)
    >>> clf.fit(X, [0, 1] * 10).predict(X).shape
    (20,)
    >>> Pretrained("no/such/model").tokenizer
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: no folder, installed package or model in the ...
    """

    _parameter_constraints = {
        "source": [str, os.PathLike, nn.Module, callable],
        "weights": [str, os.PathLike, HasMethods("transforms"), None],
        "frozen": ["boolean"],
        "head": [str, Component, nn.Module, callable],
        "learning_rate_factor": [Interval(Real, 0, None, closed="neither")],
        "mean": [Real, "array-like", None],
        "std": [Interval(Real, 0, None, closed="neither"), "array-like", None],
        "size": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
    }

    #: The module that was loaded last, after the parameters that it was loaded with.
    _loaded: tuple | None = None

    def __init__(
        self,
        source,
        *,
        weights=None,
        frozen=True,
        head="mlp",
        learning_rate_factor=0.05,
        mean=None,
        std=None,
        size=None,
        batch_size=32,
    ):
        self.source = source
        self.weights = weights
        self.frozen = frozen
        self.head = head
        self.learning_rate_factor = learning_rate_factor
        self.mean = mean
        self.std = std
        self.size = size
        self.batch_size = batch_size

    # Interface to modalities ----------------------------------------------------------------

    @property
    def tokenizer(self) -> ModelTokenizer | None:
        """The tokenizer of the model, with `encode`, `decode` and `n_tokens`, or None."""
        self._validate_params()
        if self._in_folder:
            folder = self._folder()
            return ModelTokenizer(folder.resolve()) if has_tokenizer(folder) else None
        found = getattr(self.source, "tokenizer", None)
        if not callable(getattr(found, "decode", None)):
            return None
        return ModelTokenizer(found, getattr(self.source, "max_seq_length", None))

    @property
    def any_length(self) -> bool:
        """Whether texts may be longer than the longest in `fit`: the model truncates them."""
        return self.tokenizer is not None and flag(self._model(), "takes_mask")

    @property
    def max_length(self) -> int | None:
        """Maximum number of tokens of a text; None without a limit."""
        tokenizer = self.tokenizer
        return None if tokenizer is None else tokenizer.max_length

    @property
    def normalization(self) -> dict | None:
        """Image normalisation of the model: {mean, std, size}, or None if unknown."""
        self._validate_params()
        user = {"mean": self.mean, "std": self.std, "size": self.size}
        if self._entry is not None:
            known = {name: getattr(self._entry, name) for name in user}
            user = {name: known[name] if user[name] is None else user[name] for name in user}
            return find_normalization(user)
        return find_normalization(
            user,
            self.weights,
            folder=self._folder() if self._in_folder else None,
            module=None if self._in_folder else self._model,
        )

    # Interface to training ------------------------------------------------------------------

    def load(self, spec: BlockSpec, device: str = "cpu") -> nn.Module:
        """Return the frozen model in evaluation mode, with `fingerprint`: (values, mask) -> (B, D).

        Raises `ModalityError` if it does not accept the blocks, or has changed since `fit`.
        """
        model = self._model()
        self._check_spec(model, spec)
        before = self.__dict__.setdefault("_fingerprint", model.fingerprint)
        if before != model.fingerprint:
            raise ModalityError(
                f"{self._name} is another model than the one this was fitted with: fit again, or "
                "put the former back."
            )
        return model if device == "cpu" else on_device(model, device)

    def build(self, spec: BlockSpec) -> nn.Module:
        """Return the head if the model is frozen, else the model followed by the head."""
        self._validate_params()
        if self.frozen:
            return self._build_head(spec)
        model = copy.deepcopy(self.load(spec)).requires_grad_(True)
        model.learning_rate_factor = self.learning_rate_factor
        vectors = _example_vectors(model, spec)
        head = self._build_head(BlockSpec("vector", (vectors.shape[1],)))
        return _Tuned(model, head, scale=1 / float(vectors.square().mean().sqrt().clamp(min=1e-6)))

    def _build_head(self, spec: BlockSpec) -> nn.Module:
        from sklearn_crossmodal.nn._build import build_encoder  # which imports this package

        if spec.kind != "vector":
            raise ModalityError(
                f"a frozen model is not a part of the network: its vectors are, got {spec.kind!r}."
            )
        return build_encoder(self.head, spec)

    def _check_spec(self, model: nn.Module, spec: BlockSpec) -> None:
        takes = cast("frozenset[str] | None", model.takes)
        if takes is not None and spec.kind not in takes:
            raise ModalityError(
                f"it yields {spec.kind!r} blocks, and {self._name} reads {sorted(takes)}."
            )
        tokenizer = self.tokenizer if spec.kind == "tokens" else None
        if tokenizer is not None and spec.n_categories != tokenizer.n_tokens + FIRST_TOKEN:
            raise ModalityError(
                f"its vocabulary is not that of {self._name}, which has {tokenizer.n_tokens} "
                "tokens: leave the tokenizer to the model."
            )

    # Loading --------------------------------------------------------------------------------

    @property
    def _entry(self) -> PretrainedEntry | None:
        """The entry of the registry that the source names."""
        return PRETRAINED.get(self.source) if isinstance(self.source, str) else None

    @property
    def _in_folder(self) -> bool:
        source = self.source if self._entry is None else self._entry.source
        return isinstance(source, (str, os.PathLike))

    def _folder(self) -> Path:
        """Return the folder of a model that is `_in_folder`."""
        source = self.source
        if self._entry is not None:
            self._entry.check_installed(source)
            source = self._entry.source
        return find_folder(cast("str | Path", source))

    @property
    def _name(self) -> str:
        if isinstance(self.source, (str, os.PathLike)):
            return f"the model {str(self.source)!r}"
        return f"the model {getattr(self.source, '__name__', type(self.source).__name__)}"

    def _model(self) -> nn.Module:
        self._validate_params()
        if isinstance(self.source, (str, os.PathLike)) and self.weights is not None:
            raise ModalityError(f"weights go with a class or function, not with {self._name}.")
        if self._in_folder:
            return model_in_folder(self._folder())
        if self._entry is not None:
            self._entry.check_installed(self.source)
            return named_model(self._entry.source)
        params = (self.source, self.weights)
        loaded = self._loaded
        if loaded is None or any(old is not new for old, new in zip(loaded, params)):
            loaded = self._loaded = (*params, model_of(*params))
        return loaded[-1]

    def __sklearn_clone__(self):
        params = self.get_params(deep=False)
        # A module is shared, not copied, since it is never modified.
        source = params.pop("source")
        return type(self)(
            source, **{name: clone(value, safe=False) for name, value in params.items()}
        )

    def __getstate__(self):
        return {key: value for key, value in super().__getstate__().items() if key != "_loaded"}


class _Tuned(nn.Module):
    """(values, mask) -> (B, D): a fine-tuned model, and a head on its embeddings."""

    def __init__(self, model: nn.Module, head: nn.Module, *, scale: float) -> None:
        super().__init__()
        self.model = model
        self.head = head
        self.scale = scale  # entries of normalised embeddings are small inputs for a head
        self.out_features = head.out_features

    def forward(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.head(self.scale * self.model(values, mask), None)


@torch.no_grad()
def _example_vectors(model: nn.Module, spec: BlockSpec) -> Tensor:
    """Return the embeddings of random rows."""
    with fixed_seed():
        if spec.n_categories is None:
            return model(torch.randn(8, *spec.shape), None)
        n_tokens = cast("int", spec.n_categories)  # several only in blocks of codes
        return model(torch.randint(FIRST_TOKEN, n_tokens, (8, *spec.shape)), None)
