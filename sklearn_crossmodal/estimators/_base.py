"""What all estimators do: columns -> blocks -> target -> plan -> train -> post-fit."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.estimators._fitting._callback_context import end_fit, epoch_tasks
from sklearn_crossmodal.estimators._fitting._fit_data import FitData
from sklearn_crossmodal.estimators._fitting._fit_plan import ValidationPolicy, plan_fit
from sklearn_crossmodal.estimators._fitting._incremental import read_modalities
from sklearn_crossmodal.estimators._fitting._input_validation import (
    check_weight,
    check_X,
    rows_that_count,
)
from sklearn_crossmodal.estimators._fitting._networks import plan_training
from sklearn_crossmodal.estimators._fitting._validation_split import check_groups
from sklearn_crossmodal.estimators._fitting._warm_start import check_can_resume
from sklearn_crossmodal.estimators._parameters import (
    SHARED_CONSTRAINTS,
    TRAINING_PARAMETERS,
    ModalityParams,
)
from sklearn_crossmodal.training import (
    Net,
    cut_texts,
    joined,
    raise_interrupt,
    train_all,
)
from sklearn_crossmodal.training._post_fit._convergence import warn_if_nothing_learned
from sklearn_crossmodal.utils._cache import open_memory
from sklearn_crossmodal.utils._progress import showing_progress
from sklearn_crossmodal.utils._row_numbers import map_row_numbers
from sklearn_crossmodal.utils._sklearn import _fit_context
from sklearn_crossmodal.utils._validation import draw_seed, error_prefix, restored_on_error

__all__ = ["BaseMultimodal"]


class BaseMultimodal(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, CallbackSupportMixin, ModalityParams
):
    """Base of all estimators; holds a private skorch net.

    A fit reads X and y into blocks (`_read`), decides how many networks are trained on which rows
    (`_plan`), trains them, and lets the steps of `_make_post_fit` end it (`_finish`).
    """

    _parameter_constraints = SHARED_CONSTRAINTS
    #: Parameters that X and y are not read by: estimators that differ in them alone read once.
    _training_parameters = TRAINING_PARAMETERS
    _net_class = Net
    #: What "auto" stands for in `validation` and `n_folds`.
    _auto_policy = ValidationPolicy()
    #: Number of networks; a parameter of the estimators that may train several.
    n_folds = None
    #: Whether `fit` sees the first of several chunks, as `partial_fit` does.
    _in_chunks = False
    #: What ends a fit, see `PostFit`.
    _post_fit: tuple = ()
    #: Groups that a search is given are for its own folds, unless they are requested here.
    __metadata_request__fit = {"groups": False}

    # What subclasses add --------------------------------------------------------------------

    @abstractmethod
    def _make_target(self, y, *, classes=None, before=None):
        """Return the `Target` of y, not fitted; of the kind of the one that it goes on from."""

    @abstractmethod
    def _build_network(self, blocks):
        """Return the network for blocks of X, and the losses: {name: nn.Module}."""

    def _make_post_fit(self, resume):
        """Return the steps around the trainings."""
        return ()

    # Fitting --------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=False)
    def _fit(self, X, y, sample_weight, *, groups=None, classes=None, in_chunks=False):
        """Fit on X; with `warm_start`, or in chunks as `partial_fit` does, go on from the last."""
        with restored_on_error(self), showing_progress(self.verbose):
            trainings = self._prepare(X, y, sample_weight, groups, classes, in_chunks)
            with error_prefix(type(self).__name__):
                train_all(trainings)
            self._finish(trainings)
            if not in_chunks:
                warn_if_nothing_learned(type(self).__name__, trainings)
            end_fit(self, X, y, sample_weight)
        raise_interrupt(trainings)
        return self

    def _prepare(self, X, y, sample_weight, groups=None, classes=None, in_chunks=False):
        """Do all of a fit but the trainings, of which everything is returned."""
        resume = (in_chunks or self.warm_start) and check_can_resume(self) and hasattr(self, "net_")
        self._in_chunks = in_chunks
        data = self._read(X, y, sample_weight, resume, groups, classes)
        return self._plan(data, resume)

    def _read(self, X, y, sample_weight, resume=False, groups=None, classes=None):
        """Fit the modalities and the target; return what they make of X and y."""
        given = X, y, sample_weight
        table = check_X(self, X, reset=not resume)
        before = self._target if resume else None
        target = self._make_target(y, classes=classes, before=before)
        if resume:
            target.resume(before)
        y = target.validate(table, y)
        weight, groups = check_weight(self, sample_weight, table), check_groups(self, groups, table)
        weight = target.weights(y, weight)
        rows, table, y, weight, groups = rows_that_count(self, table, y, weight, groups)
        with map_row_numbers(rows):
            blocks = read_modalities(self, X, table, weight, resume)
            target.bind(self.modalities_)
            if resume:
                target.extend(y, weight)
            else:
                target.fit(y, weight, in_chunks=self._in_chunks)
            targets = target.blocks(y, blocks)
        target.is_first, self._target = False, target
        vars(self).update(target.fitted_attributes())
        return FitData(given, y, weight, self._inputs(blocks, weight), targets, groups)

    def _plan(self, data, resume=False):
        """Make the nets; return their trainings."""
        if not (self._in_chunks or resume):  # a chunk may have what the next lacks
            self._target.warn_of_unpaired(data.inputs, data.targets)
        seed = draw_seed(self.random_state)
        strata = None if data.y is None else self._target.strata(data.y)
        splits = [None] if self._in_chunks else plan_fit(self, data, strata, seed).splits
        tasks = epoch_tasks(self, data.given, len(splits))
        trainings = [
            plan_training(self, data, resume=resume, seed=seed + k, split=split, tasks=tasks)
            for k, split in enumerate(splits)
        ]
        self._post_fit = self._make_post_fit(resume)
        for step in self._post_fit:
            step.before(trainings)
        return trainings

    def _finish(self, trainings):
        """Fit what needs trained nets, and average several of them."""
        if len(trainings) > 1:  # without those that an interrupt left untrained
            began = [training for training in trainings if training.net.history]
            trained = [one for one in began if "train_loss" in one.net.history[0]]
            trainings = trained or began[:1]
        for step in self._post_fit:
            step.after(trainings)
        self.net_ = joined([training.net for training in trainings])
        self.network_.eval()  # for those who call it themselves
        self.history_ = [{k: row[k] for k in row if k != "batches"} for row in self.net_.history]
        self.n_iter_ = len({row["epoch"] for row in self.history_})

    def _inputs(self, blocks, sample_weight=None):
        """Return what the network reads of blocks: vectors where an encoder is frozen."""
        blocks = cut_texts(type(self).__name__, blocks, self.modalities_)
        if not self._frozen:
            return blocks
        memory = open_memory(self.memory)
        return self._frozen(
            blocks, sample_weight, memory=memory, device=self.device, verbose=self.verbose
        )

    # Prediction -----------------------------------------------------------------------------

    @property
    def network_(self):
        """The trained `nn.Module`."""
        check_is_fitted(self)
        return self.net_.module_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def _raw_blocks(self, X, only=None):
        """Return the blocks of X, of all modalities or `only` some, as targets are made of them."""
        if not self.__sklearn_is_fitted__():  # first, since asking for all tags takes longer
            check_is_fitted(self)
        return self._bank.transform(check_X(self, X, reset=False), only)

    def _blocks(self, X, only=None):
        return self._inputs(self._raw_blocks(X, only))

    def transform(self, X):
        """Return the latent of each sample, which the target is decoded from.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples, as in `fit`; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_latents), float64
            Named by `get_feature_names_out`; a data frame after `set_output`. Of several networks
            the latents of all, and private components of an autoencoder follow the shared ones.
        """
        blocks = self._blocks(X)
        outputs = self.net_.outputs(blocks, step="encode")
        return np.concatenate([latent.double().cpu().numpy() for latent in outputs])

    @property
    def _n_features_out(self):
        return self.network_.n_latents
