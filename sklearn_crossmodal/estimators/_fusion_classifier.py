"""FusionClassifier: a class from several modalities."""

from __future__ import annotations

from functools import partial

from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

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
from sklearn_crossmodal.estimators._targets._class_labels import is_ordered
from sklearn_crossmodal.estimators._targets._class_target import ClassTarget
from sklearn_crossmodal.estimators._targets._label_validation import subset_accuracy
from sklearn_crossmodal.nn.fusion import LateFusion
from sklearn_crossmodal.nn.losses import LOSSES, losses_of
from sklearn_crossmodal.training import NetClassifier
from sklearn_crossmodal.training._post_fit._steps import LateFusionWeights, PriorLogits
from sklearn_crossmodal.utils._sklearn import StrOptions

__all__ = ["FusionClassifier"]


class FusionClassifier(ClassifierMixin, BaseMultimodal):
    """Classify samples that are seen in several modalities.

    A network per modality encodes it; a fusion joins the latents; a linear head scores the classes,
    ``h_i = module_i(x_i)``, ``y = softmax(W fusion(h_1, ..., h_M) + b)``. All are trained together
    on the cross-entropy. A sample may lack any modality, in `fit` and in `predict`.

    The head follows the target: of two columns or more, y is an indicator of labels where it holds
    only 0 and 1, with a sigmoid for each label, as in `MLPClassifier`; else each column has classes
    of its own and a softmax over them, as in `RandomForestClassifier`. The labels of `fit`
    decide: columns of the classes 0, 1 and 2 are an indicator to a fold of a cross-validation in
    which no sample has a 2. Labels that are strings never are one.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict of str to columns, or None, default=None
        Name, modality and columns of each modality, as in `ColumnTransformer`: columns are a name,
        a position, a list, a slice, a boolean mask or a callable. ``"drop"`` in place of a modality
        leaves it out. In a dict the modality is inferred; None infers all, see `infer_modalities`.
    loss : {"cross_entropy", "ordinal"}, default="cross_entropy"
        "ordinal" is for classes in an order: that of the categories, where y is an ordered
        ``Categorical`` of pandas, an `Enum` of polars or an ordered dictionary of pyarrow; else the
        sorted one, strings in that of the alphabet. `class_order_` holds it. The head
        predicts conditional probabilities, that a sample beyond one class is also beyond the next
        [1]_; `predict` returns the most probable class. See
        `sklearn_crossmodal.nn.losses.OrdinalLoss`.
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
        is .15 from 5000 samples on, from 40 on with ``fusion="late"``, whose logits grow without
        bound otherwise; else None.
    n_folds : int, None or "auto", default="auto"
        Number of networks in an ensemble by K-fold splits: each holds out one fold for early
        stopping, and their scores are averaged. None trains one network. "auto" is 5 for 100 to
        5000 samples, from 40 on with ``fusion="late"``, if all networks are small, those of
        numbers, categories, embeddings, frozen encoders, texts as bags of words and series of at
        most 32 steps; else, or if `validation` or `warm_start` is set, None. It depends on data and
        parameters only, not on `optimizer`, `callbacks` or device.
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
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class, times `sample_weight`; "balanced" makes it inverse to its frequency.
        For several columns of labels a list of one dict a column, whose weights are multiplied.
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
    classes_ : ndarray of shape (n_classes,), or a list of them
        The class labels; of an indicator the places of its columns, of several columns of labels
        a list of one array a column. Sorted, as scikit-learn's scorers take for granted.
    class_order_ : ndarray of shape (n_classes,), or a list of them
        With the loss "ordinal" the classes in their order.
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
    FusionRegressor : The same for numbers.
    MultiModalAutoencoder : A shared representation without labels.
    sklearn_crossmodal.modalities.infer_modalities : What `modalities=None` stands for.

    Notes
    -----
    Where modalities are absent, the scores are a blend of those of the fusion and of the heads of
    the modalities that are there; the user guide has the formula.

    The defaults were chosen on generated data, see ``benchmarks/DEFAULTS.md``, and by
    cross-validation in the training rows of `load_emoji`. One network that holds rows out, as from
    5000 samples on, lost .003 to .027 of accuracy on sets of 300 to 3000 samples; the cosine gained
    .02 on images. Fits in threads of one process take turns, since torch has one source of
    randomness; fits in processes do not.

    References
    ----------
    .. [1] X. Shi, W. Cao, S. Raschka (2021). "Deep neural networks for rank-consistent ordinal
       regression based on conditional probabilities". arXiv:2111.08851

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import FusionClassifier, MultiModalFrame
    >>> X = MultiModalFrame(
    ...     {
    ...         "text": ["good film", "bad film", "a good one", "so bad"] * 5,
    ...         "table": np.tile([[1.0, 0.0], [2.0, 1.0]], (10, 1)),
    ...     }
    ... )
    >>> y = ["yes", "no", "yes", "no"] * 5
    >>> clf = FusionClassifier(random_state=0).fit(X, y)
    >>> clf.predict(X[:2])
    array(['yes', 'no'], dtype='<U3')
    >>> clf.predict(X[["text"]][:2])
    array(['yes', 'no'], dtype='<U3')

    Several labels a sample, as an indicator:

    >>> clf = FusionClassifier(random_state=0).fit(X, [[1, 1], [0, 1], [1, 0], [0, 0]] * 5)
    >>> clf.predict(X[:2])
    array([[1, 1],
           [0, 1]])
    """

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        **FUSION_CONSTRAINTS,
        **FOLDING_CONSTRAINTS,
        "loss": [StrOptions(losses_of("codes"))],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }
    _training_parameters = BaseMultimodal._training_parameters | {"n_folds"}
    _net_class = NetClassifier

    def __init__(
        self,
        modalities=None,
        *,
        loss="cross_entropy",
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
        class_weight=None,
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
        self.class_weight = class_weight
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
        y : {array-like, sparse} of shape (n_samples,) or (n_samples, n_outputs)
            Class labels: numbers or strings; or an indicator of 0 and 1 with a column for each
            label. With the loss "ordinal" ordered categories say in which order they are, where
            what is around the estimator hands them on, as scikit-learn's cross-validation does.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; samples of weight zero are ignored.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, each kept on one side of the validation split. Another estimator
            passes them on after ``set_fit_request(groups=True)``.

        Returns
        -------
        FusionClassifier
            Itself.

        Raises
        ------
        ValueError
            If X, y or the weights are invalid; the message names the modality and
            the column. The estimator is then as it was before.
        """
        return self._fit(X, y, sample_weight, groups=groups)

    @available_if(check_can_resume)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these samples; modalities and classes are those of the first call.

        Constant columns, and new words and levels, are learned from the chunk in which they first
        vary or occur; there is one warning if no ids are left for them.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : {array-like, sparse} of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or an indicator.
        classes : array-like of shape (n_classes,), or a list of them, default=None
            All classes, needed in the first call if `y` lacks some; for several columns of labels
            a list of one array a column.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        FusionClassifier
            Itself.
        """
        return self._fit(X, y, sample_weight, classes=classes, in_chunks=True)

    def predict(self, X):
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of an indicator 1 where a label is more probable than not.
        """
        scores = scores_of(self, X)  # first: it raises if the estimator is not fitted
        return self._target.labels.decide(self._target.decode(scores, "probabilities"))

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64, or a list of them
            In the order of `classes_`; of an indicator the probability of each label; of several
            columns of labels a list of one array a column.
        """
        return _arranged(self, X, "probabilities")

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64, or a list of them
            As of `predict_proba`.
        """
        return _arranged(self, X, "log_probabilities")

    def decision_function(self, X):
        """Return the scores of the classes before the softmax.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes, float64
            For two classes the score of the second minus that of the first. With the loss "ordinal"
            scores are log-probabilities. Of an indicator the logit of each label; of several
            columns of labels a list of one array (n_samples, n_classes) a column.
        """
        return _arranged(self, X, "decisions")

    def score(self, X, y, sample_weight=None):
        """Return the accuracy: the share of samples whose label, or labels, are all right.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.
        y : {array-like, sparse} of shape (n_samples,) or (n_samples, n_outputs)
            The true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
        """
        predicted = self.predict(X)
        return subset_accuracy(self, self._target.in_order(y), predicted, sample_weight)

    # The target and the network -------------------------------------------------------------

    @property
    def _auto_policy(self):
        # Accuracy hardly suffers from training on, and in few samples rows are worth more in
        # training; but the mean of logits grows without end where nothing tells when to stop.
        always = self.balance == "gradient_blending"
        if self.fusion == "late" or isinstance(self.fusion, LateFusion):
            return ValidationPolicy(40, folds=((40, 5000, 5),), always=always)
        if getattr(self, "_frozen", None):  # .885 on emoji, and .871 by folds that stop early
            return ValidationPolicy(5000, folds=(), always=always)
        return ValidationPolicy(5000, always=always)

    #: Set by an automatic fusion, whose folds may lack classes; it is no choice of the user's.
    _class_order = None

    def _make_target(self, y, *, classes=None, before=None):
        return ClassTarget(
            type(self).__name__,
            loss=self.loss,
            class_weight=self.class_weight,
            classes=classes,
            order=self._class_order,
        )

    def _build_network(self, blocks):
        # Logits of a chain of questions add up as evidence does only within a question.
        heads = partial(unimodal_heads, self, adds=not is_ordered(self.loss))
        return fused_network(self, blocks, partial(single_head, self._target), heads)

    def _make_post_fit(self, resume):
        check_balance(self)
        return PriorLogits(), LateFusionWeights()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        known = isinstance(self.loss, str) and self.loss in LOSSES
        tags.classifier_tags.multi_label = not (known and is_ordered(self.loss))
        tags.target_tags.multi_output = True
        return tags


def _arranged(estimator, X, what):
    scores = scores_of(estimator, X)  # first: it raises if the estimator is not fitted
    return estimator._target.labels.arranged(estimator._target.decode(scores, what))
