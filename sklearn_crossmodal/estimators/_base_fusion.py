"""What the two fusion estimators share: a fused latent, and one target under a linear head."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from torch import nn

from sklearn_crossmodal.estimators._base import BaseCrossmodal
from sklearn_crossmodal.estimators._fitting._fold_ensemble import FOLDING_CONSTRAINTS, Folding
from sklearn_crossmodal.estimators._fitting._validation_split import has_own_split
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn.decoders import CodesDecoder, MLPDecoder
from sklearn_crossmodal.nn.networks._batch_ensemble import EnsembleNetwork
from sklearn_crossmodal.nn.networks._unimodal_heads import ModalityHeads
from sklearn_crossmodal.training import BALANCES, fit_blend, fit_prior
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions

__all__ = ["BaseFusion"]


class BaseFusion(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Folding, BaseCrossmodal):
    """An encoder per modality, a fusion, a linear head, and one for each modality alone."""

    _parameter_constraints = {
        **BaseCrossmodal._parameter_constraints,
        "auxiliary_weight": [Interval(Real, 0, None, closed="left")],
        "balance": [StrOptions(set(BALANCES)), None],
        "n_members": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        **FOLDING_CONSTRAINTS,
    }
    _training_parameters = BaseCrossmodal._training_parameters | {"n_folds", "n_members"}
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
            n_members = 1
        if n_members > 1:
            specs = {name: block.spec for name, block in blocks.items()}
            sizes = {name: spec.size for name, spec in specs.items() if spec.kind == "vector"}
            network = EnsembleNetwork.of(network, n_members, sizes)
        return network, losses

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
        self._check_balance()
        trainings = super()._plan(data, max_epochs, resume, hold_out, splits)
        if trainings[0].net.module_.heads is not None:
            fit_prior([training.net for training in trainings], trainings[0].dataset)
        return trainings

    def _one_split(self, data, seed):
        wanted = self.balance == "gradient_blending"
        return BaseCrossmodal._splits(self, data, seed, wanted=wanted)

    def _complete(self, trainings):
        nets = [training.net for training in trainings]
        if nets[0].module_.heads is not None and trainings[0].split is not None:
            held_out = [training.dataset.take(training.split[1]) for training in trainings]
            fit_blend(nets, held_out, trainings[0].seed)

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
