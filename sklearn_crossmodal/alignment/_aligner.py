"""CrossModalAligner: one space of unit vectors for all modalities."""

from __future__ import annotations

import copy
from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from sklearn_crossmodal.alignment._class_labels import class_codes, used_labels
from sklearn_crossmodal.alignment._spaces._aligned_space import BY_CLASS, CLOSED_FORMS, AlignedSpace
from sklearn_crossmodal.alignment._spaces._selection import pair_scores
from sklearn_crossmodal.alignment._translation import translate
from sklearn_crossmodal.estimators._fitting._input_validation import (
    check_labels,
    check_weight,
    check_X,
    rows_that_count,
)
from sklearn_crossmodal.estimators._parameters import SHARED_CONSTRAINTS, ModalityParams
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import mean_average_precision, recall_at_k
from sklearn_crossmodal.nn.losses import OBJECTIVES
from sklearn_crossmodal.utils._cache import SHARED, open_memory
from sklearn_crossmodal.utils._progress import showing_progress
from sklearn_crossmodal.utils._row_numbers import map_row_numbers
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions, _fit_context
from sklearn_crossmodal.utils._validation import (
    draw_seed,
    error_prefix,
    forget_fitted,
    restored_on_error,
)

__all__ = ["CrossModalAligner"]

#: Parameters that mean what they do for the other estimators.
_SHARED = (
    *("modalities", "max_epochs", "batch_size", "learning_rate", "weight_decay", "dtype"),
    *("callbacks", "net_params", "memory", "device", "random_state", "verbose"),
)


class CrossModalAligner(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ModalityParams):
    r"""Embed all modalities in one space, in which those of the same sample are similar.

    By default it is a closed form: features of each modality are projected on the directions of
    largest canonical correlation :math:`\rho`, multiplied by it, and brought to length one:

    .. math:: z_m = \frac{P W_m^\top (f_m(x_m) - \mu_m)}{\lVert \cdot \rVert}, \qquad
              P = \mathrm{diag}(\rho_1, \dots, \rho_k).

    The cosine of two vectors is how similar two items are, of one modality or of two [1]_. There
    is nothing to train, so that it takes seconds. Other objectives train networks too, whose
    cosines are averaged with those of the closed form. Samples may lack modalities: the pairs that
    they have count.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict or None, default=None
        The modalities and their columns; None finds them in X, see `infer_modalities`. Pictures
        and texts are aligned best through frozen encoders:
        ``infer_modalities(X, pretrained=True)``. Other encoders are those of the networks.
    objective : {"cca", "semantic", "infonce", "siglip", "vicreg", "supcon"}, default="cca"
        "cca" and "semantic" are closed forms. "semantic" needs y: it compares how items change the
        odds of the classes [2]_, by a kernel classifier for each modality. "infonce", "siglip" and
        "vicreg" train networks on pairs, with y also to tell the classes; "supcon" needs y and
        brings samples of a class together. Items of equal content are no negatives.
    n_components : int, default=100
        Most canonical directions, and numbers of a vector of the networks.
    kernel : {"auto", "linear", "rbf"}, default="auto"
        Of the canonical correlations: "rbf" aligns the principal components of a Gaussian kernel of
        the features.
    shrinkage : "auto" or float from 0 to 1, default="auto"
        Share of a multiple of the identity in the covariance of a modality: the more features and
        the fewer samples, the more of it. "auto" chooses it, and the kernel, by three-fold
        cross-validation: the mean reciprocal rank of the same sample in the other modality.
    n_features : int or None, default=300
        How many features a text, an image or a series is reduced to; frozen encoders and numbers
        keep all. None keeps all of everything.
    closed_form_weight : float from 0 to 1, default=0.5
        Share of the closed form in a cosine where networks are trained: "semantic" beside
        "supcon", else "cca". It may be set anew after `fit`.
    mixup : "auto" or float, default="auto"
        Above 0 networks are trained on mixtures of two samples, by a share that is drawn from
        Beta(mixup, mixup) [3]_, a half at least. "auto" is 1, for "vicreg" 0.
    max_epochs : int or "auto", default="auto"
        Epochs of the networks; "auto" is about 800 steps, from 40 to 200 epochs.
    batch_size : int or "auto", default="auto"
        Samples of a step, which are each other's negatives: an eighth of all, from 64 to 512.
    chunk_size : int or None, default=None
        Samples of a batch that go through encoders at a time: large batches in little memory, with
        the same gradients.
    learning_rate, weight_decay : float, default=2e-3 and 1e-2
        Of AdamW, with a cosine schedule.
    dtype : {"auto", "float64", "float32", "bfloat16"}, default="auto"
        Precision of the networks.
    callbacks : list of skorch callbacks, default=None
        Called while networks are trained.
    net_params : dict, default=None
        Further arguments of the skorch net.
    memory : str, path, joblib.Memory or None, default=None
        Folder where fitted modalities are kept, and pretrained vectors row by row.
    device : str, default="auto"
        Where encoders compute.
    random_state : int, RandomState instance or None, default=None
        Of decompositions, of folds, of the rows that a kernel is made of, and of trainings.
    verbose : int, default=0
        Above 0 encoders show how far they are, and networks print a line an epoch.

    Attributes
    ----------
    modalities_ : list of (str, Modality, columns)
        The fitted modalities.
    kernel_, shrinkage_ : str and float
        Those that were chosen; not of "semantic" and "supcon".
    correlations_ : ndarray of shape (k,)
        The mean canonical correlation of two modalities in each direction, descending; likewise.
    classes_ : ndarray of shape (n_classes,)
        The labels, where they were used.
    net_ : skorch.NeuralNet
        Of the networks; likewise `history_`, a list of dict, and `n_iter_`, the number of epochs.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if they have any.

    See Also
    --------
    CrossModalRetriever : Finds the most similar items of a gallery.
    ZeroShotClassifier : Classes by their description in another modality.
    align_or_predict : Whether aligning or predicting suits the data.
    MultiModalAutoencoder : A shared latent from which modalities are decoded.

    Notes
    -----
    Which objective suits depends on the task: retrieval of the same sample, or of its class.
    Held-out training rows of three pairs of views of handwritten digits, mean recall at 10: "cca"
    .724, "infonce" .763, "vicreg" .770; mean average precision of the class: "semantic" .825,
    "supcon" .824. The benchmarks page has test rows.

    References
    ----------
    .. [1] P. Li, S. P. Chinchali, U. Topcu (2024). "CSA: Data-efficient mapping of unimodal
       features to multimodal features". arXiv:2410.07610, for two modalities without shrinkage.
    .. [2] N. Rasiwasia et al. (2010). "A new approach to cross-modal multimedia retrieval".
       ACM Multimedia. doi:10.1145/1873951.1873987
    .. [3] N. Vouitsis et al. (2023). "Data-efficient multimodal fusion on a single GPU".
       arXiv:2312.10144

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import CrossModalAligner, MultiModalFrame
    >>> rng = np.random.default_rng(0)
    >>> factors = rng.normal(size=(200, 3))
    >>> X = MultiModalFrame({"a": factors @ rng.normal(size=(3, 8)), "b": np.tanh(factors)})
    >>> aligner = CrossModalAligner(random_state=0).fit(X[:100])
    >>> queries, gallery = (aligner.embed(X[100:], modality=name) for name in ("a", "b"))
    >>> (queries @ gallery.T).shape
    (100, 100)
    >>> aligner.score(X[100:]) > 0.5
    True
    """

    _parameter_constraints = {
        **{name: SHARED_CONSTRAINTS[name] for name in _SHARED},
        "objective": [StrOptions({*CLOSED_FORMS, *OBJECTIVES})],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "kernel": [StrOptions({"auto", "linear", "rbf"})],
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "n_features": [Interval(Integral, 1, None, closed="left"), None],
        "closed_form_weight": [Interval(Real, 0, 1, closed="both")],
        "mixup": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "chunk_size": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        modalities=None,
        *,
        objective="cca",
        n_components=100,
        kernel="auto",
        shrinkage="auto",
        n_features=300,
        closed_form_weight=0.5,
        mixup="auto",
        max_epochs="auto",
        batch_size="auto",
        chunk_size=None,
        learning_rate=2e-3,
        weight_decay=1e-2,
        dtype="auto",
        callbacks=None,
        net_params=None,
        memory=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.modalities = modalities
        self.objective = objective
        self.n_components = n_components
        self.kernel = kernel
        self.shrinkage = shrinkage
        self.n_features = n_features
        self.closed_form_weight = closed_form_weight
        self.mixup = mixup
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.chunk_size = chunk_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dtype = dtype
        self.callbacks = callbacks
        self.net_params = net_params
        self.memory = memory
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Find the space.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent. scikit-learn's searches and splits need
            ``MultiModalFrame(X)`` in place of a plain dict, whose rows they cannot count.
        y : array-like of shape (n_samples,), default=None
            Classes; ignored by "cca".
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; those of weight zero are left out.

        Returns
        -------
        CrossModalAligner
            Itself.

        Raises
        ------
        ValueError
            If X, y or a parameter is not what it must be, the objective needs y and there is
            none, or modalities share no direction.
        """
        with restored_on_error(self):
            self._fit(X, y, sample_weight)
        return self

    def transform(self, X):
        """Return the unit vector of each sample: the mean of those of the modalities it has.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples, k), float64
        """
        embeddings, present = self._embed(X)
        total = sum(
            np.where(there[:, np.newaxis], vectors, 0.0)
            for vectors, there in zip(embeddings.values(), present.T, strict=True)
        )
        return normalize(total)

    def embed(self, X, *, modality):
        """Return the unit vectors of one modality.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; other modalities are not looked at.
        modality : str
            Its name.

        Returns
        -------
        ndarray of shape (n_samples, k), float64
            NaN for samples that lack it.
        """
        check_is_fitted(self)
        embeddings, present = self._embed(X, only=[modality])
        vectors, there = embeddings[modality], present[:, 0]
        return np.where(there[:, np.newaxis], vectors, np.nan)

    def translate(self, X, *, source, target, gallery=None, n_neighbors=10):
        """Return the target modality of samples from their source modality.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; they have the source.
        source, target : str
            Names of two modalities.
        gallery : {MultiModalFrame, dataframe, mapping}, default=None
            Samples that have the target: the result is made of the most similar ones, the mean of
            numbers, and of all else the most similar one. None inverts the closed form, which
            numbers and pictures allow where canonical correlations are known.
        n_neighbors : int, default=10
            Samples of the gallery that a mean is of.

        Returns
        -------
        ndarray or dataframe with n_samples rows
            The target in the form it had in `fit`.

        Raises
        ------
        ValueError
            If samples lack the source, or the target cannot be had without a gallery.
        """
        self._check_names([source, target])
        return translate(self, X, source, target, gallery, n_neighbors)

    def similarity(self, X, Y):
        """Return the cosine of each sample of X and each of Y, from the modalities that they have.

        Parameters
        ----------
        X, Y : {MultiModalFrame, dataframe, mapping, array-like}
            Samples; they need not have the same modalities.

        Returns
        -------
        ndarray of shape (n_X, n_Y)
            From -1 to 1.
        """
        return self.transform(X) @ self.transform(Y).T

    def score(self, X, y=None):
        """Return how well modalities of the same sample, or class, find each other.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,), default=None
            Classes: then it is the mean average precision of items of the same class.

        Returns
        -------
        float
            Without y, the share of samples that are most similar to themselves: recall at 1. The
            mean over all pairs of modalities, in both directions; 1 for a single modality.
        """
        check_is_fitted(self)
        labels = None if y is None else check_labels(self, check_X(self, X, reset=False), y)
        embeddings, present = self._embed(X)
        if len(embeddings) == 1:
            return 1.0

        def metric(queries, gallery, rows):
            if labels is None:
                return recall_at_k(queries, gallery, 1)
            return mean_average_precision(queries, gallery, labels[rows], labels[rows])

        found = pair_scores(embeddings, present, metric)
        if not found:
            raise ValueError(
                f"{type(self).__name__}: no sample has two of {list(embeddings)}, so that none can "
                "be looked for in another modality."
            )
        return float(np.mean(found))

    # Fitting --------------------------------------------------------------------------------

    def _fit(self, X, y, sample_weight):
        forget_fitted(self)
        table = check_X(self, X, reset=True)
        labels = used_labels(self, y, table)
        weight = check_weight(self, sample_weight, table)
        rows, table, labels, weight, _ = rows_that_count(self, table, labels, weight, None)
        if table.shape[0] < 2:
            raise ValueError(
                f"{type(self).__name__}: alignment needs two samples at least, got n_samples=1."
            )
        classes = None if labels is None else class_codes(self, labels)
        seed = draw_seed(self.random_state)
        # Closed form and networks read the same vectors of frozen encoders: computed once.
        with map_row_numbers(rows), showing_progress(self.verbose), SHARED.open():
            self._bank = self._bind_modalities(X, table)
            blocks = self._bank.fit_transform(table, weight, open_memory(self.memory))
            self.modalities_ = self._bank.fitted
            if len(blocks) < 2 and self.objective in OBJECTIVES:
                raise ModalityError(
                    f"{type(self).__name__}: objective={self.objective!r} trains on pairs of "
                    f"modalities, and {list(blocks)} is one: take objective='cca'."
                )
            self._space = AlignedSpace().fit(self, blocks, classes, weight, seed)
            self._describe(blocks)

    def _describe(self, blocks):
        """Set the attributes that tell what was found."""
        space = self._space
        if self.objective not in BY_CLASS:
            self.kernel_, self.shrinkage_ = space.kernel, space.shrinkage
            self.correlations_ = space.closed.directions.correlations_
        vectors = space.embed(self, {name: block.take([0]) for name, block in blocks.items()})
        self._n_features_out = next(iter(vectors.values())).shape[1]
        if space.networks is not None:
            self.net_ = space.networks.net
            self.history_ = [
                {key: row[key] for key in row if key != "batches"} for row in self.net_.history
            ]
            self.n_iter_ = len(self.history_)

    def _blocks(self, X, only=None):
        """Return the blocks of X, of all modalities or of some, which samples may all lack."""
        check_is_fitted(self)
        self._check_names(only or ())
        bank = copy.copy(self._bank)
        bank.needs_any = only is None
        blocks = bank.transform(check_X(self, X, reset=False), only)
        return {name: block for name, block in blocks.items() if only is None or name in only}

    def _embed(self, X, only=None, dtype=np.float64) -> tuple[dict, np.ndarray]:
        """Return the unit vectors of modalities, and which samples have each."""
        blocks = self._blocks(X, only)
        present = np.column_stack([block.present for block in blocks.values()])
        return self._space.embed(self, blocks, dtype), present

    def _embed_values(self, modality: str, values: list) -> np.ndarray:
        """Return the unit vectors of samples of one modality, given one by one."""
        self._check_names([modality])
        fitted = next(one for name, one, _ in self.modalities_ if name == modality)
        strings = isinstance(values[0], str)
        columns = np.array(values, dtype=object) if strings else np.stack(values)
        with error_prefix(f"{type(self).__name__}: modality {modality!r}"):
            block = fitted.transform(columns)
        return self._space.embed(self, {modality: block})[modality]

    def _check_names(self, names):
        known = [name for name, *_ in self.modalities_]
        for name in names:
            if name not in known:
                raise ModalityError(
                    f"{type(self).__name__}: modality {name!r} is not among those of `fit`, "
                    f"{known}."
                )
