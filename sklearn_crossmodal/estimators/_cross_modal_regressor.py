"""CrossModalRegressor: one modality from others."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

from sklearn_crossmodal.estimators._base import BaseMultimodal
from sklearn_crossmodal.estimators._fitting._conformal_intervals import ConformalIntervals
from sklearn_crossmodal.estimators._fitting._fit_plan import FOLDING_CONSTRAINTS, ValidationPolicy
from sklearn_crossmodal.estimators._fitting._input_validation import check_weight
from sklearn_crossmodal.estimators._fitting._networks import build_encoders, fused_network
from sklearn_crossmodal.estimators._fitting._pretrained_start import (
    INITIAL_CONSTRAINTS,
    adopt_modalities,
    build_from_autoencoder,
    fitted_autoencoder,
)
from sklearn_crossmodal.estimators._fitting._ridge_path import (
    LINEAR_PATH_CONSTRAINTS,
    RidgePath,
    add_ridge_paths,
)
from sklearn_crossmodal.estimators._fitting._warm_start import check_can_resume
from sklearn_crossmodal.estimators._targets._modality import decode_all
from sklearn_crossmodal.estimators._targets._scoring import predict_targets, score_targets
from sklearn_crossmodal.estimators._targets._tags import needs_positive_target
from sklearn_crossmodal.estimators._targets._target_table import find_cross_target
from sklearn_crossmodal.modalities import MODALITIES, Modality
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.training import NetRegressor
from sklearn_crossmodal.uncertainty._conformal import check_confidence
from sklearn_crossmodal.utils._sklearn import HasMethods, Interval, StrOptions

__all__ = ["CrossModalRegressor"]


class CrossModalRegressor(MultiOutputMixin, RegressorMixin, BaseMultimodal):
    """Predict one modality, or several, from others.

    ``z = fusion(encoder_1(x_1), ..., encoder_M(x_M))``, ``y = decoder(z)``: the target may be
    numbers, images, series, categories or texts. A sample may lack any source modality, in `fit`
    and in `predict`.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict of str to columns, or None, default=None
        Name, modality and columns of each modality, as in `ColumnTransformer`: columns are a name,
        a position, a list, a slice, a boolean mask or a callable. ``"drop"`` in place of a modality
        leaves it out. In a dict the modality is inferred; None infers all, see `infer_modalities`.
    target : str, Modality, list, dict or None, default=None
        The modality of y: a name such as ``"text"``, or a modality with its decoder and loss, as in
        ``Image(decoder=CNNDecoder(channels=(32, 16)))``. Of several those of a table y, as in
        `modalities`: a list of (name, modality, columns), or a dict of names to columns. None
        infers it; of a mapping y, or a data frame of several kinds of columns, one for each entry.
        Numbers that are inferred or given by name are standardised, or scaled as the loss asks, and
        from 32 on decoded by a wide network, as by ``MLPDecoder((512, 512), dropout=0.3)``.
    loss : str, component, dict of str to them, or None, default=None
        What is minimised, in place of the target's own loss: ``"squared_error"``,
        ``"absolute_error"``, ``"huber"``, ``"quantile"``, ``"poisson"``, ``"cross_entropy"`` and
        others of `sklearn_crossmodal.nn.losses`; a dict has those of some of several targets. None
        leaves each target its own.
    fusion : str, component or nn.Module factory, default="concat"
        How the latents of the modalities are joined: a name or component of
        `sklearn_crossmodal.nn.fusion`, or a factory called with the list of widths.
    linear_path : bool or "auto", default="auto"
        Whether numbers are predicted by ridge regression as well, from those sources that are
        numbers or embeddings. The rows that are held out tell how much it counts beside the
        network. "auto" is True for losses of errors, where rows are held out and the sources have
        at most 2000 numbers.
    init : MultiModalAutoencoder, FrozenEstimator or None, default=None
        A fitted autoencoder to start from: sources of the names of its modalities are read and
        encoded as by it, and joined to its shared representation; further ones are joined to that
        by `fusion`. Where `clone` is called, as by `cross_val_score`, it must be
        ``FrozenEstimator(autoencoder)``. It is never changed.
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
        stopping, and their scores are averaged. None trains one network. "auto" is 10 for 40 to
        2000 samples and 5 up to 5000, if all networks are small, those of numbers, categories,
        embeddings, frozen encoders, texts as bags of words and series of at most 32 steps, and the
        target is numbers or categories; else, or if `validation` or `warm_start` is set, None. It
        depends on data and parameters only, not on `optimizer`, `callbacks` or device.
    n_iter_no_change : int, default=16
        Epochs without an improvement of the validation loss after which training stops.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    modality_dropout : float, default=0.1
        Probability with which each present modality of a sample is masked in training. If all
        would be masked, none is. Without effect for a single modality.
    input_noise : float or "auto", default="auto"
        Standard deviation of the noise that is added in training to the scaled numbers of sources
        that are numbers or embeddings, as a penalty on what changes fast [1]_. "auto" is 0.2 for
        those of 32 numbers or more, and none for others.
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
    target_ : Modality or list of (str, Modality, columns)
        The fitted modality of y, or those of several.
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
    FusionClassifier : For a target that is a class: it is the cross-modal classifier.
    FusionRegressor : For a single number, by a linear head and heads of each modality.
    CrossModalGenerator : For texts that are more than a choice of words.
    MultiModalAutoencoder : All modalities from all others, by `translate`.

    Notes
    -----
    The intervals of `predict_interval` are calibrated on rows that the networks were not trained
    on, but that decided when to stop and the weight of the linear path. So errors on them are
    slightly smaller than on new rows; where measured, coverage was within two points of the
    nominal one, see ``benchmarks/TRANSLATION.md``. If the autoencoder `init` has seen the
    target of these rows, intervals are too narrow.

    References
    ----------
    .. [1] C. M. Bishop (1995). "Training with noise is equivalent to Tikhonov regularization".
       doi:10.1162/neco.1995.7.1.108
    .. [2] Y. Romano, E. Patterson, E. J. Candès (2019). "Conformalized quantile regression".
       arXiv:1905.03222

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import CrossModalRegressor, MultiModalFrame
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 4))
    >>> y = X @ rng.normal(size=(4, 3))
    >>> reg = CrossModalRegressor(random_state=0).fit(X, y)
    >>> reg.predict(X[:2]).shape, round(reg.score(X, y), 1)
    ((2, 3), 1.0)
    >>> reg.predict_interval(X[:2], confidence=0.9).shape
    (2, 2, 3)

    Several targets at once, one of them text:

    >>> several = MultiModalFrame({"numbers": y, "text": np.where(X[:, 0] > 0, "more", "less")})
    >>> targets = [("numbers", "numeric", "numbers"), ("text", "text", "text")]
    >>> both = CrossModalRegressor(target=targets, max_epochs=20, random_state=0).fit(X, several)
    >>> float(np.mean(both.predict(X)["text"] == several["text"])) > 0.9
    True
    """

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        "target": [StrOptions(set(MODALITIES)), Modality, list, dict, None],
        "loss": [StrOptions(set(LOSSES)), HasMethods("build"), dict, None],
        **LINEAR_PATH_CONSTRAINTS,
        **INITIAL_CONSTRAINTS,
        **FOLDING_CONSTRAINTS,
        "input_noise": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
    }
    _training_parameters = BaseMultimodal._training_parameters | {"linear_path", "n_folds"}
    _net_class = NetRegressor
    _auto_policy = ValidationPolicy(folds=((40, 2000, 10), (2000, 5000, 5)))

    def __init__(
        self,
        modalities=None,
        *,
        target=None,
        loss=None,
        fusion="concat",
        linear_path="auto",
        init=None,
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
        input_noise="auto",
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
        self.target = target
        self.loss = loss
        self.fusion = fusion
        self.linear_path = linear_path
        self.init = init
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
        self.input_noise = input_noise
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
            The samples in the source modalities. scikit-learn's searches and splits need
            ``MultiModalFrame(X)`` in place of a plain dict, whose rows they cannot count.
        y : array-like with n_samples rows, or mapping of str to such
            The target modality: numbers (n,) or (n, d), images (n, h, w) or (n, h, w, c), or
            strings (n,); dates and durations with ``target="numeric"``. Of several a
            MultiModalFrame, data frame or mapping; a sample may lack some of them, and some of
            their numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; samples of weight zero are ignored.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, each kept on one side of the validation split. Another estimator
            passes them on after ``set_fit_request(groups=True)``.

        Returns
        -------
        CrossModalRegressor
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
        """Train for one epoch on these samples; modalities and target are those of the first call.

        Constant columns, and new words and levels, are learned from the chunk in which they first
        vary or occur; there is one warning if no ids are left for them.

        The linear path stays as the last `fit` left it.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like with n_samples rows
            The target modality.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        CrossModalRegressor
            Itself.
        """
        return self._fit(X, y, sample_weight, in_chunks=True)

    def predict(self, X):
        """Return the predicted modality, in the form of y.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray with n_samples rows, or MultiModalFrame
            Numbers in the units of y, of several quantiles all along a last axis; dates where y
            holds them and ``target="numeric"``, as columns of a frame days since 1970; images of
            the dtype of y, series as long as the longest in `fit`, or strings. Of several targets a
            frame of their names.
        """
        blocks, modalities = self._blocks(X), self._target.modalities
        found = predict_targets(self.net_, blocks, modalities, list(modalities), decode_all)
        return self._target.assemble(found)

    def predict_interval(self, X, confidence=0.9):
        """Return, for each sample, an interval that holds the truth with `confidence`.

        The intervals are calibrated by split conformal prediction on the predictions for the rows
        held out in `fit`, for each missingness pattern. Its samples have intervals of one width;
        with a loss of several quantiles these reach from the lowest to the highest, shifted by the
        conformal quantile (Romano et al., 2019), and are wide where the noise is.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.
        confidence : float, default=0.9
            Share of samples whose interval is to hold their number; of several numbers each by
            itself.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, 2, n_outputs), or MultiModalFrame
            Lower and upper end, float64; infinite, of dates NaT, where held-out rows are too few
            for the confidence. Of several targets a frame of those that are numbers.

        Raises
        ------
        ValueError
            If no rows were held out in `fit`, if it went on from another, or if no target is
            numbers.
        """
        check_confidence(type(self).__name__, confidence)
        blocks = self._blocks(X)
        found = self._intervals.predict(type(self).__name__, self.net_, blocks, confidence)
        return self._target.assemble(found)

    def score(self, X, y, sample_weight=None):
        """Return how well the target is predicted; higher is better.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like with n_samples rows
            The target modality.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
            R², uniform average over all numbers or pixels of a sample, for series over the
            variables of all their steps, of several quantiles for that nearest to the median; the
            mean log-likelihood per token, in nats, for a text; the share of cells that are right,
            for categories. Of several targets the mean of theirs, each over the samples that have
            it; one that no sample has is left out with a warning.
        """
        blocks, target = self._blocks(X), self._target
        y = target.validate(next(iter(blocks.values())), y)
        weight = check_weight(self, sample_weight, y)
        weight = np.ones(len(y)) if weight is None else weight
        return score_targets(target, self.net_, blocks, y, weight)

    # The target and the network -------------------------------------------------------------

    def _make_target(self, y, *, classes=None, before=None):
        return find_cross_target(
            type(self).__name__,
            y,
            target=self.target,
            loss=self.loss,
            memory=self.memory,
            before=before,
        )

    def _bind_modalities(self, X, table):
        bank = super()._bind_modalities(X, table)
        is_listed = isinstance(self.modalities, list)
        adopt_modalities(type(self).__name__, bank, self.init, is_listed=is_listed)
        return bank

    def _build_network(self, blocks):
        owner, target = type(self).__name__, self._target
        if fitted_autoencoder(owner, self.init) is None:
            network, losses = fused_network(self, blocks, target.decoders)
        else:
            network, losses = build_from_autoencoder(self, build_encoders(self, blocks))
        add_ridge_paths(owner, network, self.linear_path, blocks, target.modalities, losses)
        return network, losses

    def _make_post_fit(self, resume):
        owner = type(self).__name__
        self._intervals = ConformalIntervals(self._target, resumes=resume)
        return RidgePath(owner, self.linear_path, holds_out=not self._in_chunks), self._intervals

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        loss = getattr(self.target, "loss", None) if self.loss is None else self.loss
        tags.target_tags.positive_only = needs_positive_target(loss)
        return tags
