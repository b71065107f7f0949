"""What an estimator made of X and y, which others that read them alike can train on too."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import joblib
import numpy as np
import torch
from sklearn.base import clone

from sklearn_crossmodal.data import Block
from sklearn_crossmodal.modalities import Modality
from sklearn_crossmodal.nn import Component
from sklearn_crossmodal.nn._protocols import InputSettings, flags_of
from sklearn_crossmodal.training import BlockDataset, Training
from sklearn_crossmodal.utils._progress import showing_progress
from sklearn_crossmodal.utils._row_numbers import map_row_numbers
from sklearn_crossmodal.utils.discovery import named_encoder

__all__ = ["FitData", "SharedReading"]

_PARTS = ("encoder", "decoder", "loss")


@dataclass
class FitData:
    """X and y of a fit, as they came and as blocks.

    Parameters
    ----------
    given : (X, y, sample_weight)
        As the user gave them.
    y : ndarray with n rows, or None
        The target, checked.
    weight : ndarray of shape (n,), or None
        Weights of the samples.
    inputs, targets : mapping of str to Block
        What the network reads, and what is to be decoded from it.
    groups : ndarray of shape (n,), or None
        Of which all rows are held out of training, or none.
    """

    given: tuple
    y: np.ndarray | None
    weight: np.ndarray | None
    inputs: Mapping[str, Block]
    targets: Mapping[str, Block]
    groups: np.ndarray | None = None
    _datasets: dict = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def dataset(self, dtype: torch.dtype) -> BlockDataset:
        """Return the blocks as tensors, the same ones each time.

        Parameters
        ----------
        dtype : torch.dtype
            Of what is not integer.

        Returns
        -------
        BlockDataset
        """
        if dtype not in self._datasets:
            self._datasets[dtype] = BlockDataset.from_blocks(
                self.inputs, dtype, self.targets, self.weight, labels=self.y
            )
        return self._datasets[dtype]


class SharedReading:
    """X and y for several estimators: those that read them alike do it once.

    Parameters
    ----------
    X, y : object
        The samples and the target.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    groups : array-like of shape (n_samples,), default=None
        Groups of the samples.
    rows : ndarray of shape (n_samples,), int, default=None
        The rows of the user's X that they are; None: all, in order.
    """

    def __init__(self, X, y, sample_weight=None, groups=None, rows=None) -> None:
        self._given = X, y, sample_weight
        self._groups = groups
        self._rows = rows
        self._found: dict[str, tuple[dict, FitData]] = {}

    def prepare(self, estimator) -> list[Training]:
        """Do all of a fit but the trainings.

        Parameters
        ----------
        estimator : BaseMultimodal
            Not fitted.

        Returns
        -------
        list of Training
        """
        estimator._validate_params()
        with showing_progress(estimator.verbose), map_row_numbers(self._rows):
            key = _reading_key(estimator)
            if key is None or key not in self._found:
                data = estimator._read(*self._given, groups=self._groups)
                if key is not None:
                    self._found[key] = _fitted(estimator), data
            else:
                attributes, data = self._found[key]
                vars(estimator).update(attributes)
                _take_own_parts(estimator)
            return estimator._plan(data)


def _fitted(estimator) -> dict:
    """Return what reading left in the estimator."""
    params = estimator.get_params(deep=False)
    return {name: value for name, value in vars(estimator).items() if name not in params}


def _reading_key(estimator) -> str | None:
    """Return a hash of all that reading depends on, None if something has none."""
    params = estimator.get_params(deep=False)
    for name in estimator._training_parameters:
        params.pop(name, None)
    if isinstance(estimator.modalities, list):
        params["modalities"] = [_as_read(*entry) for entry in estimator.modalities]
    try:
        return joblib.hash([type(estimator).__qualname__, params])
    except (pickle.PicklingError, AttributeError, TypeError):  # it holds what cannot be pickled
        return None


def _as_read(name, modality, columns) -> tuple:
    """Describe a modality without parts of the network that it does not look at."""
    if not isinstance(modality, Modality):
        return name, modality, columns
    params = modality.get_params(deep=False)
    encoder = named_encoder(params["encoder"])
    encoder = None if _only_encodes(encoder) else encoder
    params = {key: value for key, value in params.items() if key not in _PARTS}
    return name, type(modality), params, encoder, columns


def _only_encodes(encoder) -> bool:
    if isinstance(encoder, str):
        return True
    has_input_settings = any(hasattr(encoder, name) for name in flags_of(InputSettings))
    return isinstance(encoder, Component) and not has_input_settings


def _take_own_parts(estimator) -> None:
    """Let fitted modalities, which another estimator fitted, name this one's encoders and so on."""
    own = {name: modality for name, modality, _ in _listed(estimator) if modality != "drop"}
    bank = estimator._bank = copy.copy(estimator._bank)
    bank.bound = [
        replace(bound, modality=_with_parts(bound.modality, own.get(bound.name)))
        for bound in bank.bound
    ]
    estimator.modalities_ = bank.fitted


def _listed(estimator) -> list[tuple]:
    return estimator.modalities if isinstance(estimator.modalities, list) else []


def _with_parts(fitted: Modality, own) -> Modality:
    if not isinstance(own, Modality):
        return fitted
    fitted = copy.copy(fitted)
    for part in _PARTS:
        setattr(fitted, part, clone(getattr(own, part), safe=False))
    fitted.encoder = named_encoder(fitted.encoder)
    return fitted
