"""What the two fusion estimators share: a fused latent, and one target under a linear head."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from torch import nn

from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.estimators._holding_out import check_one_split, has_own_split
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn._ensemble import EnsembleNetwork
from sklearn_crossmodal.nn._heads import ModalityHeads
from sklearn_crossmodal.nn._network import AveragedNetwork
from sklearn_crossmodal.nn.decoders import CodesDecoder, MLPDecoder
from sklearn_crossmodal.training import (
    BALANCES,
    choose_device,
    deal_folds,
    fit_blend,
    fit_prior,
    joined,
    stack_key,
)
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions
from sklearn_crossmodal.utils._validation import draw_seed

__all__ = ["BaseFusion"]


class BaseFusion(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseCrossmodal):
    """An encoder per modality, a fusion, a linear head, and one for each modality alone."""

    _parameter_constraints = {
        **BaseCrossmodal._parameter_constraints,
        "auxiliary_weight": [Interval(Real, 0, None, closed="left")],
        "balance": [StrOptions(set(BALANCES)), None],
        "n_members": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "n_folds": [StrOptions({"auto"}), Interval(Integral, 2, None, closed="left"), None],
    }
    #: From and below which numbers of samples ``n_folds="auto"`` makes folds.
    _min_samples_to_fold, _max_samples_to_fold = 100, 5000
    #: Whether scores of the target are logits, which add up as evidence does.
    _scores_add = False

    def _build_decoders(self, width):
        loss = build_loss(self._target_loss(), self._target_spec())
        return nn.Identity(), {"y": self._build_head(width, loss)}, {"y": loss}

    def _build_head(self, width, loss):
        spec = self._target_spec()
        several = spec.kind == "codes" and spec.size > 1
        head = (CodesDecoder if several else MLPDecoder)(hidden_widths=())
        return build_decoder(head, width, spec, loss)

    def _build_heads(self, widths):
        if not self.auxiliary_weight or len(widths) < 2:
            return None
        loss = build_loss(self._target_loss(), self._target_spec())
        heads = [self._build_head(width, loss) for width in widths]
        # Logits of a chain of questions add up as evidence does only within a question.
        return ModalityHeads(heads, widths, "y", adds=self._scores_add and self.loss != "ordinal")

    def _build_network(self, blocks):
        network, losses = super()._build_network(blocks)
        n_members = self.n_members
        if n_members == "auto":
            n_members = 1 if choose_device(self.device) == "cpu" else 32
        if n_members > 1:
            specs = {name: block.spec for name, block in blocks.items()}
            sizes = {name: spec.size for name, spec in specs.items() if spec.kind == "vector"}
            network = EnsembleNetwork.of(network, n_members, sizes)
        return network, losses

    def _fit(self, X, y, sample_weight, *, max_epochs, resume=False, hold_out=True, groups=None):
        several = isinstance(getattr(getattr(self, "net_", None), "module_", None), AveragedNetwork)
        if resume and (several or self.n_folds not in ("auto", None)):
            has = "it was fitted with" if several else f"n_folds={self.n_folds!r} trains"
            raise ValueError(
                f"{type(self).__name__}: {has} several networks, with which warm_start and "
                "partial_fit cannot go on: set n_folds=None before `fit`."
            )
        self._check_balance()
        settings = {"max_epochs": max_epochs, "resume": resume, "hold_out": hold_out}
        return super()._fit(X, y, sample_weight, groups=groups, **settings)

    def _check_balance(self):
        """Raise if there is nothing that tells how far each modality is."""
        owner = type(self).__name__
        if self.balance is not None and not self.auxiliary_weight:
            raise ValueError(
                f"{owner}: balance={self.balance!r} looks at the heads of modalities, of which "
                "auxiliary_weight=0 makes none: set it above 0."
            )
        held_out = self.early_stopping or self.n_folds not in ("auto", None) or has_own_split(self)
        if self.balance == "gradient_blending" and not held_out:
            raise ValueError(
                f"{owner}: balance='gradient_blending' looks at rows that are held out: set "
                "early_stopping to True or 'auto', or n_folds."
            )

    def _plan(self, data, max_epochs, resume=False, hold_out=True, splits=None):
        trainings = super()._plan(data, max_epochs, resume, hold_out, splits)
        several = len(trainings) > 1 and self.n_folds == "auto"
        if several and isinstance(stack_key(trainings[0]), str):  # they would not be side by side
            splits = self._one_split(data, draw_seed(self.random_state))
            trainings = super()._plan(data, max_epochs, resume, hold_out, splits)
        if trainings[0].net.module_.heads is not None:
            fit_prior([training.net for training in trainings], trainings[0].dataset)
        return trainings

    def _splits(self, data, seed):
        n_folds = self._choose_folds(data) if self.n_folds == "auto" else self.n_folds
        if n_folds is not None:
            check_one_split(self, f"n_folds={n_folds}")
        folds = [] if n_folds is None else self._fold(data, n_folds, seed)
        return folds or self._one_split(data, seed)

    def _fold(self, data, n_folds, seed):
        strata = self._strata(data.y)
        classes = np.zeros(len(data), dtype=int) if strata is None else strata
        settings = {"stratify": strata is not None, "seed": seed}
        folds = deal_folds(n_folds, classes, data.groups, **settings)
        if self.n_folds != "auto" and len(folds) < n_folds:
            raise ValueError(
                f"{type(self).__name__}: n_folds={n_folds} is more than there are samples, samples "
                "of a class, or groups: take less, or None."
            )
        return folds

    def _one_split(self, data, seed):
        return super()._splits(data, seed, wanted=self.balance == "gradient_blending")

    def _choose_folds(self, data):
        """Return 5 where rows are few and networks are trained side by side, None elsewhere."""
        few = self._min_samples_to_fold <= len(data) < self._max_samples_to_fold
        tables = all(block.spec.kind in ("vector", "codes") for block in data.inputs.values())
        free = self.early_stopping == "auto" and not hasattr(self.validation_fraction, "split")
        free = free and not self.warm_start and not has_own_split(self)
        return 5 if few and tables and free else None

    def _finish(self, trainings):
        began = [training for training in trainings if training.net.history]
        trainings = [one for one in began if "train_loss" in one.net.history[0]] or began[:1]
        nets = [training.net for training in trainings]
        if nets[0].module_.heads is not None and trainings[0].split is not None:
            held_out = [training.dataset.take(training.split[1]) for training in trainings]
            fit_blend(nets, held_out, trainings[0].seed)
        self.net_ = joined(nets)
        super()._finish(trainings)

    def transform(self, X):
        """Return the fused latent of each sample, the input of the linear head.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples, as in `fit`; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_latents), float64
            Named by `get_feature_names_out`; a data frame after `set_output`.
        """
        return self._encode(X)

    @property
    def _n_features_out(self):
        return self.network_.n_latents
