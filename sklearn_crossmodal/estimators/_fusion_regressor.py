"""FusionRegressor: numbers from several modalities."""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.estimators._base import BaseMultimodal
from sklearn_crossmodal.estimators._fitting._fit_plan import FOLDING_CONSTRAINTS, ValidationPolicy
from sklearn_crossmodal.estimators._fitting._fusion_heads import (
    FUSION_CONSTRAINTS,
    check_balance,
    single_head,
    unimodal_heads,
)
from sklearn_crossmodal.estimators._fitting._networks import fused_network, scores_of
from sklearn_crossmodal.estimators._fitting._warm_start import check_can_resume
from sklearn_crossmodal.estimators._targets._date_targets import refuse_dates
from sklearn_crossmodal.estimators._targets._modality import decode_all
from sklearn_crossmodal.estimators._targets._number_target import NumberTarget
from sklearn_crossmodal.estimators._targets._scoring import r2_in_units
from sklearn_crossmodal.estimators._targets._tags import needs_positive_target
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.losses import losses_of
from sklearn_crossmodal.training import NetRegressor
from sklearn_crossmodal.training._post_fit._steps import LateFusionWeights, PriorLogits
from sklearn_crossmodal.utils._sklearn import HasMethods, StrOptions

__all__ = ["FusionRegressor", "point_predictions"]


class FusionRegressor(MultiOutputMixin, RegressorMixin, BaseMultimodal):
    """Predict numbers for samples that are seen in several modalities.

    A network per modality encodes it; a fusion joins the latents; a linear head predicts the
    scaled target, or what the loss makes of it: its logarithm, or several quantiles. All are
    trained together. A sample may lack any modality, in `fit` and in `predict`.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict of str to columns, or None, default=None
        Name, modality and columns of each modality, as in `ColumnTransformer`: columns are a name,
        a position, a list, a slice, a boolean mask or a callable. ``"drop"`` in place of a modality
        leaves it out. In a dict the modality is inferred; None infers all, see `infer_modalities`.
    loss : {"squared_error", "absolute_error", "huber", "gaussian", "laplace", "poisson", \
            "negative_binomial", "gamma", "quantile", "binary_cross_entropy"} or component, \
            default="squared_error"
        Loss on the standardised target. "poisson" is for counts and other numbers of 0 or more,
        "gamma" for numbers above 0: the target is divided by its mean, the head predicts the
        logarithm, and predictions are positive, at most twice the largest y in `fit`.
        "negative_binomial" is for counts that vary more than "poisson" allows, and
        "binary_cross_entropy" for numbers from 0 to 1; both take y as it is. "gaussian" and
        "laplace" are "squared_error" and "absolute_error" but for factor and constant. "quantile"
        is `sklearn_crossmodal.nn.losses.QuantileLoss()`, whose quantiles never cross;
        ``QuantileLoss(0.9)`` is one of them.
    fusion : str, component or nn.Module factory, default="concat"
        How the latents of the modalities are joined: a name or component of
        `sklearn_crossmodal.nn.fusion`, or a factory called with the list of widths.
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
        is .15 from 100 samples on; else None.
    n_folds : int, None or "auto", default="auto"
        Number of networks in an ensemble by K-fold splits: each holds out one fold for early
        stopping, and their scores are averaged. None trains one network. "auto" is 5 for 100 to
        5000 samples if all networks are small, those of numbers, categories, embeddings, frozen
        encoders, texts as bags of words and series of at most 32 steps; else, or if `validation` or
        `warm_start` is set, None. It depends on data and parameters only, not on `optimizer`,
        `callbacks` or device.
    n_iter_no_change : int, default=16
        Epochs without an improvement of the validation loss after which training stops.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    modality_dropout : float, default=0.1
        Probability with which each present modality of a sample is masked in training. If all
        would be masked, none is. Without effect for a single modality.
    auxiliary_weight : float, default=0.3
        Weight of the auxiliary losses: those of one linear head for each modality. Where modalities
        are absent, the predictions of these heads are blended with the fusion's. 0 makes none.
    balance : {"gradient_blending"} or None, default=None
        For modalities that are learned late: every five epochs the losses of the fusion and the
        heads are weighted by how well they generalise, in place of `auxiliary_weight`.
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
    target_ : Numeric
        What scales the target.
    modalities_ : list of (str, Modality, columns)
        The fitted modalities.
    network_ : nn.Module
        The trained network; of several (`n_folds`) one that averages their scores.
    net_ : skorch.NeuralNet
        The skorch net of `network_`.
    history_ : list of dict
        Losses, and what callbacks record, of each epoch; of several networks one after another,
        numbered by ``"fold"``. Where rows are held out, the last epoch of a network also has
        ``valid_loss_averaged``, the loss of the weights that are taken.
    n_iter_ : int
        Number of epochs; of several networks the largest.
    dtype_ : {"float64", "float32", "bfloat16"}
        Precision that was decided on.
    n_features_in_ : int
        Number of columns of X, or of its modalities.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    FusionClassifier : The same for classes.
    CrossModalRegressor : For targets that are images or texts, or with a decoder of one's own.

    Notes
    -----
    Where modalities are absent, the prediction is a blend of those of the fusion and of the heads
    of the modalities that are there; the user guide has the formula.

    The defaults were chosen on generated data, see ``benchmarks/DEFAULTS.md``. One network that
    holds rows out had R² .492 on diabetes and .906 on Friedman's first problem (600 samples); one
    that trains for 800 steps on all rows had .407 and .911.

    References
    ----------
    .. [1] R. Koenker, G. Bassett (1978). "Regression quantiles". doi:10.2307/1913643

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import FusionRegressor, MultiModalFrame
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(2, 200, 3))
    >>> X = MultiModalFrame({"a": a, "b": b})
    >>> y = a[:, 0] - 2 * b[:, 1]
    >>> reg = FusionRegressor(random_state=0).fit(X, y)
    >>> round(reg.score(X, y), 1)
    1.0

    Three quantiles of each target:

    >>> reg = FusionRegressor(loss="quantile", max_epochs=5, random_state=0).fit(X, y)
    >>> reg.predict(X).shape
    (200, 3)
    """

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        **FUSION_CONSTRAINTS,
        **FOLDING_CONSTRAINTS,
        "loss": [StrOptions(losses_of("vector")), HasMethods("build")],
    }
    _training_parameters = BaseMultimodal._training_parameters | {"n_folds"}
    _net_class = NetRegressor

    def __init__(
        self,
        modalities=None,
        *,
        loss="squared_error",
        fusion="concat",
        max_epochs="auto",
        batch_size="auto",
        learning_rate=2e-3,
        learning_rate_schedule="cosine",
        weight_decay=1e-2,
        optimizer="adamw",
        validation="auto",
        n_folds="auto",
        n_iter_no_change=16,
        tol=1e-4,
        modality_dropout=0.1,
        auxiliary_weight=0.3,
        balance=None,
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
        self.loss = loss
        self.fusion = fusion
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.validation = validation
        self.n_folds = n_folds
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.modality_dropout = modality_dropout
        self.auxiliary_weight = auxiliary_weight
        self.balance = balance
        self.warm_start = warm_start
        self.device = device
        self.dtype = dtype
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.net_params = net_params

    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples. scikit-learn's searches and splits need ``MultiModalFrame(X)`` in place of
            a plain dict, whose rows they cannot count.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Finite numbers, in any units: they are standardised inside. Dates and durations are
            refused, pass ``(y - y.min()) / numpy.timedelta64(1, "D")``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; samples of weight zero are ignored.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, each kept on one side of the validation split. Another estimator
            passes them on after ``set_fit_request(groups=True)``.

        Returns
        -------
        FusionRegressor
            Itself.

        Raises
        ------
        ValueError
            If X, y or the weights are invalid; the message names the modality and
            the column. The estimator is then as it was before.
        """
        return self._fit(X, y, sample_weight, groups=groups)

    @available_if(check_can_resume)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these samples; modalities and scales are those of the first call.

        Constant columns, and new words and levels, are learned from the chunk in which they first
        vary or occur; there is one warning if no ids are left for them.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        FusionRegressor
            Itself.
        """
        return self._fit(X, y, sample_weight, in_chunks=True)

    def predict(self, X):
        """Return the predicted numbers, in the units of y.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), float64
            Of several quantiles it has a last axis more, of these in ascending order.
        """
        check_is_fitted(self)
        loss = self.net_.criterion_.losses["y"]
        if flag(loss, "point") is None:
            return point_predictions(self, X)
        return np.concatenate([decode_all(self.target_, loss, part) for part in scores_of(self, X)])

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination R² of the predictions.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
            Of several outputs the mean; of several quantiles that of the one nearest to the median.
            For counts and amounts see also `sklearn.metrics.d2_tweedie_score`.
        """
        refuse_dates(type(self).__name__, y)
        predicted = point_predictions(self, X)
        return r2_in_units(self._target.in_order(y), predicted, sample_weight)

    # The target and the network -------------------------------------------------------------

    @property
    def _auto_policy(self):
        return ValidationPolicy(always=self.balance == "gradient_blending")

    def _make_target(self, y, *, classes=None, before=None):
        return NumberTarget(type(self).__name__, loss=self.loss)

    def _build_network(self, blocks):
        heads = partial(unimodal_heads, self, adds=False)
        return fused_network(self, blocks, partial(single_head, self._target), heads)

    def _make_post_fit(self, resume):
        check_balance(self)
        return PriorLogits(), LateFusionWeights()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = needs_positive_target(self.loss)
        return tags


def point_predictions(estimator, X):
    """Return one prediction a number: of several quantiles that nearest to the median.

    Parameters
    ----------
    estimator : FusionRegressor
        Fitted.
    X : object
        The samples.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_outputs), float64
    """
    scores = scores_of(estimator, X)  # first: it raises if the estimator is not fitted
    return np.concatenate([estimator.net_.decode_scores(part) for part in scores])
