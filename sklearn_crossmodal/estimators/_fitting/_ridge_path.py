"""Ridge regression beside the network, for targets that are numbers."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from sklearn_crossmodal.data import Block
from sklearn_crossmodal.nn.losses import is_location
from sklearn_crossmodal.nn.networks._ridge_path import LinearPath
from sklearn_crossmodal.training import fit_linear_paths
from sklearn_crossmodal.training._post_fit._steps import PostFit
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["LINEAR_PATH_CONSTRAINTS", "RidgePath", "add_ridge_paths"]

LINEAR_PATH_CONSTRAINTS = {"linear_path": ["boolean", StrOptions({"auto"})]}
#: Numbers of all sources together up to which "auto" has a linear path: its cost grows as their
#: cube, and beyond them a network finds what is linear.
_MOST_NUMBERS = 2000


def add_ridge_paths(
    owner: str,
    network: nn.Module,
    linear_path: bool | str,
    blocks: Mapping[str, Block],
    modalities: Mapping[str, object],
    losses: Mapping[str, nn.Module],
) -> None:
    """Give a network a linear path to each target of numbers.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    network : MultiModalNetwork
        Untrained.
    linear_path : bool or "auto"
        Whether there are to be any.
    blocks : mapping of str to Block
        The inputs.
    modalities : mapping of str to Modality
        Of the targets, fitted.
    losses : mapping of str to nn.Module
        Of the targets.

    Raises
    ------
    ValueError
        If there must be one, and no source or target is numbers.
    """
    specs = {name: block.spec for name, block in blocks.items()}
    sizes = {name: spec.size for name, spec in specs.items() if spec.kind == "vector"}
    for name in _suited(owner, linear_path, sizes, modalities, losses):
        shape = modalities[name].spec_.shape
        network.linear_paths.append(LinearPath(sizes, list(blocks), name, shape))


def _suited(owner, linear_path, sizes, modalities, losses) -> list[str]:
    """Return the names of the targets that have a linear path; raise if one must and cannot."""
    wide = sum(sizes.values()) > _MOST_NUMBERS
    if not linear_path or (linear_path == "auto" and wide):
        return []
    fitting = [
        name
        for name, one in modalities.items()
        if one.kind == "vector" and is_location(losses[name])
    ]
    if linear_path == "auto" or (sizes and fitting):
        return fitting if sizes else []
    if not sizes:
        raise ValueError(
            f"{owner}: linear_path=True needs a modality that is numbers or an embedding: set "
            "it to 'auto' or False."
        )
    raise ValueError(
        f"{owner}: linear_path=True needs a target of numbers with a loss of their errors, "
        "such as 'squared_error', 'absolute_error' or 'huber': set it to 'auto' or False."
    )


class RidgePath(PostFit):
    """The linear paths are fitted on the training rows, and weighed by those held out.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    linear_path : bool or "auto"
        Whether rows must be held out.
    holds_out : bool
        Whether the fit may hold rows out, which `partial_fit` does not.
    """

    def __init__(self, owner: str, linear_path: bool | str, *, holds_out: bool) -> None:
        self.owner = owner
        self.linear_path = linear_path
        self.holds_out = holds_out

    def before(self, trainings):
        """Let rows that are held out judge the network alone."""
        if self.holds_out and self.linear_path is True and trainings[0].split is None:
            raise ValueError(
                f"{self.owner}: linear_path=True needs rows that are held out, which tell "
                "its share: set validation=0.15 or n_folds, or linear_path='auto'."
            )
        for training in trainings:
            if training.split is not None:
                for path in training.net.module_.linear_paths:
                    path.blend(1.0)

    def after(self, trainings):
        """Fit the paths."""
        if trainings[0].split is not None:
            nets = [training.net for training in trainings]
            splits = [training.split for training in trainings]
            fit_linear_paths(nets, splits, trainings[0].dataset)
