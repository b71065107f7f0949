"""Ridge regression beside the network, for targets that are numbers."""

from __future__ import annotations

from sklearn_crossmodal.nn.losses import is_location
from sklearn_crossmodal.nn.networks._ridge_path import LinearPath
from sklearn_crossmodal.training import fit_linear_paths
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["LINEAR_PATH_CONSTRAINTS", "LinearPaths"]

LINEAR_PATH_CONSTRAINTS = {"linear_path": ["boolean", StrOptions({"auto"})]}
#: Numbers of all sources together up to which "auto" has a linear path: its cost grows as their
#: cube, and beyond them a network finds what is linear.
_MOST_NUMBERS = 2000


class LinearPaths:
    """Mixin: what ridge regression says of `_targets` of numbers is blended with the network."""

    def _build_network(self, blocks):
        network, losses = super()._build_network(blocks)
        specs = {name: block.spec for name, block in blocks.items()}
        sizes = {name: spec.size for name, spec in specs.items() if spec.kind == "vector"}
        for name in self._linear_targets(losses, sizes):
            shape = self._targets[name].spec_.shape
            network.linear_paths.append(LinearPath(sizes, list(blocks), name, shape))
        return network, losses

    def _linear_targets(self, losses, sizes):
        """Return the names of the targets that have a linear path; raise if one must and cannot."""
        wide = sum(sizes.values()) > _MOST_NUMBERS
        if not self.linear_path or (self.linear_path == "auto" and wide):
            return []
        fitting = [
            name
            for name, one in self._targets.items()
            if one.kind == "vector" and is_location(losses[name])
        ]
        if self.linear_path == "auto" or (sizes and fitting):
            return fitting if sizes else []
        owner = type(self).__name__
        if not sizes:
            raise ValueError(
                f"{owner}: linear_path=True needs a modality that is numbers or an embedding: set "
                "it to 'auto' or False."
            )
        raise ValueError(
            f"{owner}: linear_path=True needs a target of numbers with a loss of their errors, "
            "such as 'squared_error', 'absolute_error' or 'huber': set it to 'auto' or False."
        )

    def _plan(self, data, max_epochs, resume=False, hold_out=True, splits=None):
        trainings = super()._plan(data, max_epochs, resume, hold_out, splits)
        if hold_out and self.linear_path is True and trainings[0].split is None:
            raise ValueError(
                f"{type(self).__name__}: linear_path=True needs rows that are held out, which tell "
                "its share: set early_stopping=True or n_folds, or linear_path='auto'."
            )
        for training in trainings:
            if training.split is not None:  # which judges the network alone, before it is fitted
                for path in training.net.module_.linear_paths:
                    path.blend(1.0)
        return trainings

    def _complete(self, trainings):
        super()._complete(trainings)
        if trainings[0].split is not None:
            nets = [training.net for training in trainings]
            splits = [training.split for training in trainings]
            fit_linear_paths(nets, splits, trainings[0].dataset)
