"""What all estimators do: columns -> blocks -> network -> trained. Subclasses add the target."""

from __future__ import annotations

import copy
from abc import abstractmethod

import numpy as np
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.estimators._fitting._callback_context import end_fit, epoch_tasks
from sklearn_crossmodal.estimators._fitting._fit_data import FitData
from sklearn_crossmodal.estimators._fitting._incremental import read_modalities
from sklearn_crossmodal.estimators._fitting._input_validation import (
    check_weight,
    check_X,
    rows_that_count,
)
from sklearn_crossmodal.estimators._fitting._training_parameters import (
    SHARED_CONSTRAINTS,
    TRAINING_PARAMETERS,
)
from sklearn_crossmodal.estimators._fitting._unpaired_data import warn_of_unpaired
from sklearn_crossmodal.estimators._fitting._validation_split import (
    check_groups,
    has_splitter,
    held_out_rows,
)
from sklearn_crossmodal.estimators._parameters import ModalityParams
from sklearn_crossmodal.nn import MultiModalNetwork, build_encoder, build_fusion, check_target
from sklearn_crossmodal.training import (
    Net,
    Training,
    TrainingConfig,
    choose_device,
    choose_dtype,
    cut_texts,
    make_net,
    raise_interrupt,
    seeded,
    torch_dtype,
    train_all,
)
from sklearn_crossmodal.training._net_input import NetInput
from sklearn_crossmodal.utils._cache import open_memory
from sklearn_crossmodal.utils._progress import showing_progress
from sklearn_crossmodal.utils._row_numbers import map_row_numbers
from sklearn_crossmodal.utils._sklearn import _fit_context
from sklearn_crossmodal.utils._validation import draw_seed, error_prefix, restored_on_error

__all__ = ["BaseCrossmodal"]


class BaseCrossmodal(CallbackSupportMixin, ModalityParams):
    """Base of all estimators; holds a private skorch net."""

    _parameter_constraints = SHARED_CONSTRAINTS
    #: Parameters that X and y are not read by: estimators that differ in them alone read once.
    _training_parameters = TRAINING_PARAMETERS
    _net_class = Net
    #: ``early_stopping="auto"`` holds rows out from here on: errors in numbers grow in the end.
    _min_samples_to_hold_out = 100
    #: Whether `fit` sees the first of several chunks, as `partial_fit` does.
    _in_chunks = False
    #: Groups that a search is given are for its own folds, unless they are asked for.
    __metadata_request__fit = {"groups": False}

    # What subclasses add --------------------------------------------------------------------

    @abstractmethod
    def _fit_target(self, y, sample_weight):
        """Learn how to read the target, after the modalities are fitted."""

    def _extend_target(self, y, sample_weight):
        """Learn of the target what the first chunk of samples lacked."""

    @abstractmethod
    def _target_blocks(self, y, blocks):
        """Return the target as blocks: {name: Block}."""

    @abstractmethod
    def _build_decoders(self, width):
        """Return the bottleneck, the decoders and the losses for a fused latent of this width."""

    def _build_heads(self, widths):
        """Return what scores the target from each modality alone, None without."""
        return None

    def _check_y(self, X, y, *, reset):
        """Return the target as an array with the rows of X, None if there is none."""
        return None

    def _class_weights(self, y, sample_weight, *, reset):
        """Return the sample weights times those of the classes, which are found first."""
        return sample_weight

    def _strata(self, y):
        """Return the class of each row, for a stratified split; None where there are none."""
        return None

    def _answers(self, losses):
        """Return what the net needs to answer in the terms of the user."""
        return {}

    # Fitting --------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=False)
    def _fit(self, X, y, sample_weight, *, max_epochs, resume=False, hold_out=True, groups=None):
        """Fit on X; with `resume` go on from where the estimator is."""
        with restored_on_error(self), showing_progress(self.verbose):
            trainings = self._prepare(X, y, sample_weight, max_epochs, resume, hold_out, groups)
            with error_prefix(type(self).__name__):
                train_all(trainings)
            self._finish(trainings)
            end_fit(self, X, y, sample_weight)
        raise_interrupt(trainings)
        return self

    def _prepare(self, X, y, sample_weight, max_epochs, resume=False, hold_out=True, groups=None):
        """Do all of a fit but the trainings, of which everything is returned."""
        resume = resume and hasattr(self, "net_")
        self._in_chunks = not hold_out
        data = self._read(X, y, sample_weight, resume, groups)
        return self._plan(data, max_epochs, resume, hold_out)

    def _read(self, X, y, sample_weight, resume=False, groups=None):
        """Fit the modalities and the target; return what they make of X and y."""
        given = X, y, sample_weight
        rows, table, y, weight, groups = self._check_input(X, y, sample_weight, groups, resume)
        with map_row_numbers(rows):
            blocks = read_modalities(self, X, table, weight, resume)
            (self._extend_target if resume else self._fit_target)(y, weight)
            targets = self._target_blocks(y, blocks)
        return FitData(given, y, weight, self._inputs(blocks, weight), targets, groups)

    def _plan(self, data, max_epochs, resume=False, hold_out=True, splits=None):
        """Make the nets; return their trainings."""
        if hold_out and not resume:  # a chunk of `partial_fit` may have what the next lacks
            warn_of_unpaired(self, data.inputs, data.targets)
        seed = draw_seed(self.random_state)
        splits = splits or (self._splits(data, seed) if hold_out else [None])
        tasks = epoch_tasks(self, data.given, len(splits))
        return [
            self._plan_one(data, max_epochs, resume, seed + place, split, tasks)
            for place, split in enumerate(splits)
        ]

    def _plan_one(self, data, max_epochs, resume, seed, split, tasks):
        with error_prefix(type(self).__name__):
            device = choose_device(self.device)
        with seeded(seed, device):
            self.net_ = self._make_net(data.inputs, device, resume)
        self._check_targets(data.targets)
        dataset = data.dataset(torch_dtype(self.dtype_))
        with error_prefix(type(self).__name__):
            return Training(self.net_, dataset, max_epochs, split, seed, tasks)

    def _check_targets(self, targets):
        for name, loss in self.net_.criterion_.losses.items():
            with error_prefix(f"{type(self).__name__}: target {name!r}"):
                check_target(loss, targets[name])

    def _finish(self, trainings):
        """Note what trainings that are over have to tell."""
        self.history_ = [{k: row[k] for k in row if k != "batches"} for row in self.net_.history]
        self.n_iter_ = len({row["epoch"] for row in self.history_})

    def _check_input(self, X, y, sample_weight, groups, resume):
        """Return `rows_that_count`, checked."""
        table = check_X(self, X, reset=not resume)
        y = self._check_y(table, y, reset=not resume)
        weight, groups = check_weight(self, sample_weight, table), check_groups(self, groups, table)
        weight = self._class_weights(y, weight, reset=not resume)
        return rows_that_count(self, table, y, weight, groups)

    def _inputs(self, blocks, sample_weight=None):
        """Return what the network reads of blocks: vectors where an encoder is frozen."""
        blocks = cut_texts(type(self).__name__, blocks, self.modalities_)
        if not self._frozen:
            return blocks
        memory = open_memory(self.memory)
        return self._frozen(
            blocks, sample_weight, memory=memory, device=self.device, verbose=self.verbose
        )

    def _make_net(self, blocks, device, resume):
        n_samples = len(next(iter(blocks.values())))
        if resume:  # a new net on a copy of the network: a failure leaves the old as it was
            before, losses = self.net_, self.net_.criterion_.losses
            network = copy.deepcopy(before.module_)
        else:
            before, (network, losses) = None, self._build_network(blocks)
            self.dtype_ = choose_dtype(
                self.dtype, device=device, n_samples=n_samples, network=network
            )
        return make_net(
            self._net_class,
            network.to(torch_dtype(self.dtype_)),
            losses,
            TrainingConfig.of(self),
            n_samples=n_samples,
            device=device,
            precision=self.dtype_,
            before=before,
            read=NetInput(self),
            **self._answers(losses),
        )

    def _build_encoders(self, blocks):
        encoders = {}
        for name, modality, _ in self._bank.fitted:
            with error_prefix(f"{type(self).__name__}: modality {name!r}"):
                encoders[name] = build_encoder(modality.encoder, blocks[name].spec)
        return encoders

    def _build_network(self, blocks):
        encoders = self._build_encoders(blocks)
        with error_prefix(type(self).__name__):
            widths = [encoder.out_features for encoder in encoders.values()]
            fusion = build_fusion(self.fusion, widths)
            bottleneck, decoders, losses = self._build_decoders(fusion.out_features)
            heads = self._build_heads(widths)
        return MultiModalNetwork(encoders, fusion, bottleneck, decoders, heads), losses

    def _splits(self, data, seed, *, wanted=False):
        """Return training and validation rows for each net; None where no rows are held out."""
        enough = has_splitter(self) or len(data) >= self._min_samples_to_hold_out
        early = enough if self.early_stopping == "auto" else self.early_stopping
        return [held_out_rows(self, data, self._strata(data.y), seed) if wanted or early else None]

    # Answering ------------------------------------------------------------------------------

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

    def _encode(self, X):
        """Return the shared latent, (n, D) float64."""
        blocks = self._blocks(X)
        outputs = self.net_.outputs(blocks, step="encode")
        return np.concatenate([latent.double().cpu().numpy() for latent in outputs])

    def _scores(self, X):
        """Return the scores of the target ``"y"``, one tensor a batch."""
        blocks = self._blocks(X)  # first: it says so if the estimator is not fitted
        return [scores["y"] for scores in self.net_.outputs(blocks)]
