"""MultiModalAutoencoder: a shared representation of several modalities."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted

from sklearn_crossmodal.data import fill_missing, is_named
from sklearn_crossmodal.estimators._base import BaseMultimodal
from sklearn_crossmodal.estimators._fitting._fit_plan import ValidationPolicy
from sklearn_crossmodal.estimators._fitting._input_validation import check_weight
from sklearn_crossmodal.estimators._fitting._networks import shared_latent_network
from sklearn_crossmodal.estimators._targets._reconstruction import (
    Reconstruction,
    as_dataset,
    assemble,
    check_restorable,
    check_translation,
    decode,
    impute_scores,
)
from sklearn_crossmodal.nn.variational import POSTERIORS, VariationalNetwork
from sklearn_crossmodal.training._post_fit._latent_scores import (
    contradiction_scores,
    reconstruction_scores,
)
from sklearn_crossmodal.training._post_fit._steps import ConstantBaselines, GaussianImputation
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions

__all__ = ["MultiModalAutoencoder"]


def _is_variational(estimator):
    if estimator.__sklearn_is_fitted__():  # whatever is set since
        return isinstance(estimator.network_, VariationalNetwork)
    return estimator.variational is not None


class MultiModalAutoencoder(BaseMultimodal):
    """Find a shared representation of several modalities, and reconstruct them from it.

    ``z = W fusion(encoder_1(x_1), ..., encoder_M(x_M)) + b``, ``x_m = decoder_m(z)``, with one z of
    `n_components` numbers for all. The loss of a modality is a mean over its entries, divided by
    that of the best constant predictor (to the next power of two), and the losses of all are
    averaged; a modality that a sample lacks is ignored. In training modalities are masked at random
    and still decoded, so that each can be predicted from the others.

    For numbers `impute` and `translate` also follow a linear path past the few components, which is
    found in closed form once the network is trained; `transform` and `reconstruct` do not.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict of str to columns, or None, default=None
        Name, modality and columns of each modality, as in `ColumnTransformer`: columns are a name,
        a position, a list, a slice, a boolean mask or a callable. ``"drop"`` in place of a modality
        leaves it out. In a dict the modality is inferred; None infers all, see `infer_modalities`.
    n_components : int, default=16
        Size of the shared representation.
    fusion : str, component or nn.Module factory, default="mean"
        How the latents of the modalities are joined: a name or component of
        `sklearn_crossmodal.nn.fusion`, or a factory called with the list of widths. Where
        `variational` is given, that joins them, and `fusion` has no effect.
    variational : {"poe", "moe", "mopoe", "mvtcae"}, component or None, default=None
        What makes the representation a distribution, whose mean `transform` returns: a product of
        the Gaussians of the modalities, a mixture of them, or both; a name or component of
        `sklearn_crossmodal.nn.variational`. Losses of the modalities are likelihoods then: squared
        errors those of Gaussian noise of scale one. None is a deterministic autoencoder.
    beta : float, default=1.0
        Weight of the divergence of that distribution from a standard normal one; without
        `variational` it has no effect, nor has `n_warmup_epochs`.
    n_warmup_epochs : int, default=10
        Epochs over which `beta` rises to its value.
    n_private_components : int, default=0
        Size of a further representation of each modality alone, of what it shares with no other.
        `transform` puts them behind the shared one, zeros where the modality is absent.
    target_weight : float, default=0.0
        Weight of the loss of a linear prediction of y from the shared latent, added to the mean of
        the modalities' losses. At 0 y is ignored.
    max_epochs : int or "auto", default="auto"
        Maximal number of epochs. "auto" is 200 with early stopping; else as many as 800 steps of
        the optimizer need, from 40 to 200.
    batch_size : int or "auto", default="auto"
        Samples in a batch, at most all. "auto" makes 24 batches an epoch, of 16 to 256 samples.
    learning_rate : float, default=2e-3
        Step size of the optimizer.
    learning_rate_schedule : {"cosine", "constant"}, default="cosine"
        Whether the learning rate falls to near zero along half a cosine over the epochs. A
        learning-rate scheduler among `callbacks` takes its place.
    weight_decay : float, default=1e-2
        Weight decay, of matrices only; passed to an optimizer that has it.
    optimizer : {"adamw", "adam", "sgd"} or class, default="adamw"
        Optimizer by name, or a class such as `torch.optim.RMSprop`.
    validation : float, splitter, None or "auto", default="auto"
        Rows held out for early stopping: a fraction of them, or a splitter of scikit-learn, such as
        `GroupShuffleSplit`, of which the first split is used, or the last if all training rows
        precede the validation rows, as in `TimeSeriesSplit`. Training stops after
        `n_iter_no_change` epochs without improvement; the weights are the mean of those of the best
        epochs, or those of the best epoch if that is better. None means no early stopping. "auto"
        is .15 from 100 samples on if all modalities are tables; else None: texts are soon
        overfitted, while images go on improving.
    n_iter_no_change : int, default=16
        Epochs without an improvement of the validation loss after which training stops.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    modality_dropout : float, default=0.5
        Probability with which each present modality of a sample is masked in training. If all
        would be masked, none is. Without effect for a single modality.
    warm_start : bool, default=False
        Whether `fit` goes on from the fitted network; modalities stay as they were fitted.
    device : str, default="auto"
        Where to compute: "cpu", "cuda", ...; "auto" is a CUDA GPU if there is one.
    dtype : {"auto", "float64", "float32", "bfloat16"}, default="auto"
        Precision of training and prediction. "auto" is float64 on a CPU where the samples times
        the weights of the network are at most 3e7, float32 beyond and for convolutions. "bfloat16"
        is by autocast.
    memory : str, path, object with the joblib.Memory interface, or None, default=None
        Where fitted modalities and their blocks are cached, as in `Pipeline`, unless files, memory
        maps, modules or functions are among what they are made of; and, row by row, the vectors of
        frozen encoders.
    random_state : int, RandomState instance or None, default=None
        Seed of first weights, order of samples, dropout and held-out rows. An int gives the same
        numbers each time; None leaves NumPy's global generator alone.
    verbose : int, default=0
        Above 0 one line is printed an epoch.
    callbacks : list of skorch callbacks, default=None
        Called as skorch calls them: the objects themselves, initialised anew for each network.
    net_params : dict, default=None
        Further arguments of the skorch net, such as ``{"optimizer__betas": (0.8, 0.99)}``.

    Attributes
    ----------
    modalities_ : list of (str, Modality, columns)
        The fitted modalities.
    network_ : nn.Module
        The trained network.
    net_ : skorch.NeuralNet
        The skorch net of `network_`.
    history_ : list of dict
        Losses, and what callbacks record, of each epoch. Where rows are held out, the last epoch
        of a network also has ``valid_loss_averaged``, the loss of the weights that are taken.
    n_iter_ : int
        Number of epochs.
    baselines_ : dict of str to float
        What the loss of each modality is divided by, in training and in `score`: that of the best
        constant predictor, to a power of two. Empty if `variational`.
    dtype_ : {"float64", "float32", "bfloat16"}
        Precision that was decided on.
    n_features_in_ : int
        Number of columns of X, or of its modalities.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    CrossModalRegressor : One modality from others, trained for that alone.
    FusionClassifier : A representation for telling classes apart, by its `transform`.

    Notes
    -----
    On training rows of UCI mfeat a `modality_dropout` of .5 classified digits from all views as
    well as .3 did, within .006, and from 40 % of them better, by .02. On those of emoji 40 epochs
    without held-out rows found texts of other pictures with an AUROC of .87; stopped early, of .77.

    References
    ----------
    .. [1] J. Ngiam et al. (2011). "Multimodal deep learning". ICML, section 3.3: denoising across
       modalities by hiding them.
    .. [2] T. M. Sutter, I. Daunhawer, J. E. Vogt (2021). "Generalized multimodal ELBO".
       arXiv:2105.02470, for `variational`; the others' papers are with the components.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import MultiModalAutoencoder, MultiModalFrame
    >>> rng = np.random.default_rng(0)
    >>> shared = rng.normal(size=(300, 2))
    >>> X = MultiModalFrame(
    ...     {"a": shared @ rng.normal(size=(2, 5)), "b": shared @ rng.normal(size=(2, 3))}
    ... )
    >>> autoencoder = MultiModalAutoencoder(n_components=2, random_state=0).fit(X)
    >>> autoencoder.transform(X).shape
    (300, 2)
    >>> b = autoencoder.translate(X, source="a", target="b")
    >>> bool(np.mean((b - X["b"]) ** 2) < 0.2 * np.var(X["b"]))
    True
    """

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "variational": [StrOptions(set(POSTERIORS)), HasMethods("build"), None],
        "beta": [Interval(Real, 0, None, closed="left")],
        "n_warmup_epochs": [Interval(Integral, 0, None, closed="left")],
        "n_private_components": [Interval(Integral, 0, None, closed="left")],
        "target_weight": [Interval(Real, 0, None, closed="left")],
    }
    # y is read where it has a weight.
    _training_parameters = BaseMultimodal._training_parameters - {"target_weight"} | {
        *("n_components", "n_private_components"),
    }

    _auto_policy = ValidationPolicy(of_tables_only=True)

    def __init__(
        self,
        modalities=None,
        *,
        n_components=16,
        fusion="mean",
        variational=None,
        beta=1.0,
        n_warmup_epochs=10,
        n_private_components=0,
        target_weight=0.0,
        max_epochs="auto",
        batch_size="auto",
        learning_rate=2e-3,
        learning_rate_schedule="cosine",
        weight_decay=1e-2,
        optimizer="adamw",
        validation="auto",
        n_iter_no_change=16,
        tol=1e-4,
        modality_dropout=0.5,
        warm_start=False,
        device="auto",
        dtype="auto",
        memory=None,
        random_state=None,
        verbose=0,
        callbacks=None,
        net_params=None,
    ):
        self.modalities = modalities
        self.n_components = n_components
        self.fusion = fusion
        self.variational = variational
        self.beta = beta
        self.n_warmup_epochs = n_warmup_epochs
        self.n_private_components = n_private_components
        self.target_weight = target_weight
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.validation = validation
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.modality_dropout = modality_dropout
        self.warm_start = warm_start
        self.device = device
        self.dtype = dtype
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.net_params = net_params

    def fit(self, X, y=None, sample_weight=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent. scikit-learn's searches and splits need
            ``MultiModalFrame(X)`` in place of a plain dict, whose rows they cannot count.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Labels or numbers, for `target_weight` above 0; a sample may lack one, as NaN or None.
            Ignored at 0, as pipelines pass it.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; samples of weight zero are ignored.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, each kept on one side of the validation split. Another estimator
            passes them on after ``set_fit_request(groups=True)``.

        Returns
        -------
        MultiModalAutoencoder
            Itself.

        Raises
        ------
        ValueError
            If X or the weights are invalid; the message names the modality and the
            column. The estimator is then as it was before.
        """
        return self._fit(X, y, sample_weight, groups=groups)

    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one epoch on these samples; the modalities are those of the first call.

        Constant columns, and new words and levels, are learned from the chunk in which they first
        vary or occur; there is one warning if no ids are left for them.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            As in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        MultiModalAutoencoder
            Itself.
        """
        return self._fit(X, y, sample_weight, in_chunks=True)

    def inverse_transform(self, X):
        """Decode all modalities from a shared representation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            As `transform` returns it.

        Returns
        -------
        MultiModalFrame, or ndarray of shape (n_samples, n_features)
            An array if the estimator was fitted on one. Columns of no modality are NaN there.
        """
        check_is_fitted(self)
        latent = check_array(X, estimator=self)
        if latent.shape[1] != self._n_features_out:
            raise ValueError(
                f"{type(self).__name__}: X has {latent.shape[1]} components, expected "
                f"{self._n_features_out}: pass what `transform` returns."
            )
        return assemble(self, self.net_.decoded(latent), len(latent))

    def reconstruct(self, X):
        """Return all modalities as they are decoded from what is present.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        MultiModalFrame, or ndarray of shape (n_samples, n_features)
            As `inverse_transform` of `transform`.
        """
        blocks = self._blocks(X)
        return assemble(self, self.net_.outputs(blocks), len(next(iter(blocks.values()))))

    def impute(self, X):
        """Impute absent modalities and missing numbers; all else stays as it is.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, array-like} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        object of the type of X
            Absent modalities of a sample are decoded from those that are present, and so are
            missing numbers of a present one. A modality that was absent in all samples of `fit`
            stays as it is. Of an array the columns are those of `fit` by position.

        Raises
        ------
        ModalityError
            If a modality is absent that cannot be decoded into the form it had in `fit`, such as
            sounds, whose spectrograms alone are decoded, and files of images.
        """
        blocks = self._blocks(X)
        check_restorable(self, blocks)
        raw = decode(self, impute_scores(self, blocks))
        for name, ids in raw.items():  # in a table of ids what is behind the end is no gap
            if blocks[name].kind == "tokens" and ids.dtype.kind in "if":
                raw[name] = np.where(blocks[name].present[:, np.newaxis], np.nan, ids)
        return fill_missing(X, self._bank.columns_of(raw, named=is_named(X)))

    def translate(self, X, *, source, target):
        """Return one modality decoded from others alone.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples. Only the source modalities are looked at; others need not be there.
        source : str or list of str
            Names of the modalities to encode.
        target : str
            Name of the modality to decode.

        Returns
        -------
        ndarray with n_samples rows
            The target modality in the form it had in `fit`.

        Raises
        ------
        ModalityError
            If a name is unknown or of a modality that was absent in all samples of `fit`, or if a
            sample lacks all sources.
        """
        check_is_fitted(self)
        sources = check_translation(self, source, target)
        blocks = self._blocks(X, only=sources)
        return decode(self, impute_scores(self, blocks), [target])[target]

    @available_if(_is_variational)
    def sample(self, n_samples=1, random_state=None):
        """Draw samples of all modalities, decoded from draws of the prior; if `variational`.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        random_state : int, RandomState instance or None, default=None
            Seed of the draws.

        Returns
        -------
        MultiModalFrame, or ndarray of shape (n_samples, n_features)
            As `inverse_transform` returns it: what is most likely given the draw, without noise.
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(
                f"{type(self).__name__}: n_samples must be a whole number, at least 1, got "
                f"{n_samples!r}."
            )
        rng = check_random_state(random_state)
        return self.inverse_transform(rng.normal(size=(n_samples, self._n_features_out)))

    @property
    def baselines_(self):
        """What the loss of each modality is divided by; empty if `variational`."""
        check_is_fitted(self)
        return dict(self.net_.criterion_.baselines)

    def inconsistency(self, X):
        """Return how inconsistent the modalities of each sample are.

        The standardised negative pointwise mutual information between a modality and the others,
        under a joint Gaussian of the encoder outputs; the maximum over the modalities that are
        present. It is large for mismatched samples, not for merely unusual ones, see
        `score_samples`; on matched samples its standard deviation is about one.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Zero where there is but one modality.
        """
        dataset = as_dataset(self, self._blocks(X))
        return contradiction_scores(self._relations, self.net_, dataset)

    def score_samples(self, X):
        """Return how well each sample is reconstructed; an outlier has a low score.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Minus the mean, over the modalities that are present, of the loss per entry, over that
            of a constant predictor. If `variational`, a lower bound of the log-likelihood of what
            is present, in nats.
        """
        blocks = self._raw_blocks(X)
        inputs, targets = self._inputs(blocks), self._target.blocks(None, blocks)
        present = np.column_stack([block.present for block in blocks.values()])
        return reconstruction_scores(self.net_, inputs, targets, present)

    def score(self, X, y=None, sample_weight=None):
        """Return the mean of `score_samples` over the samples; higher is better.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : None
            Ignored; scikit-learn's tools pass it.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
        """
        scores = self.score_samples(X)
        return float(np.average(scores, weights=check_weight(self, sample_weight, scores)))

    # The target and the network -------------------------------------------------------------

    def _make_target(self, y, *, classes=None, before=None):
        return Reconstruction(
            type(self).__name__,
            target_weight=self.target_weight,
            is_variational=self.variational is not None,
        )

    def _build_network(self, blocks):
        return shared_latent_network(self, blocks)

    def _make_post_fit(self, resume):
        before = self._relations if resume and self._in_chunks else None
        self._imputation = GaussianImputation(len(self.modalities_), before)
        # Likelihoods are in one unit already.
        is_variational = isinstance(self.network_, VariationalNetwork)
        return (self._imputation,) if is_variational else (ConstantBaselines(), self._imputation)

    @property
    def _relations(self):
        """What modalities predict of each other; None of a single one."""
        imputation = vars(self).get("_imputation")
        return None if imputation is None else imputation.relations

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = isinstance(self.target_weight, Real) and self.target_weight > 0
        return tags
