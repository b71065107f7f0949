"""CrossModalGenerator: texts from other modalities, token by token."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from torch import nn

from sklearn_crossmodal.estimators._base import BaseMultimodal
from sklearn_crossmodal.estimators._fitting._fit_plan import ValidationPolicy
from sklearn_crossmodal.estimators._fitting._input_validation import check_weight
from sklearn_crossmodal.estimators._fitting._networks import fused_network
from sklearn_crossmodal.estimators._targets._number_target import TextTarget
from sklearn_crossmodal.estimators._targets._scoring import score_tokens
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import Text
from sklearn_crossmodal.nn import build_decoder, build_loss
from sklearn_crossmodal.nn._protocols import AutoregressiveModule, flag
from sklearn_crossmodal.nn.decoders import DECODERS
from sklearn_crossmodal.nn.decoders._beam_search import beam_search, sample_tokens
from sklearn_crossmodal.utils._sklearn import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn_crossmodal.utils._validation import draw_seed

__all__ = ["CrossModalGenerator"]

#: Scores of tokens that are computed at once at most, of all beams of a batch.
SCORES_AT_ONCE = 2**23
#: Parameters of `predict`.
_OF_GENERATION = ("n_beams", "length_penalty", "max_length", "temperature")
_DECODERS = sorted(name for name, part in DECODERS.items() if flag(part, "takes_targets"))


class CrossModalGenerator(BaseMultimodal):
    """Generate texts from other modalities, such as captions of pictures.

    ``z = fusion(encoder_1(x_1), ..., encoder_M(x_M))``, and each token of the text given z and the
    tokens before it, ``log p(y | x) = sum_t log p(y_t | y_1, ..., y_(t-1), z)``. In training the
    tokens before are the true ones; in `predict` the most probable text is sought by beam search,
    or one is drawn. The vocabulary is that of the texts in `fit`. A sample may lack any source
    modality, in `fit` and in `predict`.

    Parameters
    ----------
    modalities : list of (str, Modality, columns), dict of str to columns, or None, default=None
        Name, modality and columns of each modality, as in `ColumnTransformer`: columns are a name,
        a position, a list, a slice, a boolean mask or a callable. ``"drop"`` in place of a modality
        leaves it out. In a dict the modality is inferred; None infers all, see `infer_modalities`.
    target : Text or None, default=None
        How y is read: its tokenizer, vocabulary and longest length, as in
        ``Text(tokenizer="bpe")``. None is ``Text()``: lowercase words, and signs. Its
        own `decoder` must be the default, since `decoder` stands for it.
    decoder : str, component or nn.Module factory, default="recurrent"
        What gives the text token by token: "recurrent", "attention", or a component, as
        ``RecurrentDecoder("lstm", width=256)``. A `fit` that goes on keeps that of the first.
    n_beams : int, default=4
        Beginnings of a text that `predict` keeps while it seeks the most probable one; 1 takes the
        most probable token each time.
    length_penalty : float, default=1.0
        How much `predict` favours longer texts among those it found: log-probabilities are divided
        by ``((5 + length) / 6) ** length_penalty`` [1]_.
    max_length : int or None, default=None
        Tokens of a text at most, its end included. None is the longest of y in `fit`.
    temperature : float or None, default=None
        None seeks the most probable text. A number draws one, with the probabilities of tokens to
        the power ``1 / temperature``, and has no use for beams: 1 draws as the model believes,
        towards 0 the most probable token is taken each time.
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
        is .15 from 5000 samples on; else None.
    n_iter_no_change : int, default=16
        Epochs without an improvement of the validation loss after which training stops.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    modality_dropout : float, default=0.1
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
    target_ : Text
        The fitted modality of y, with the vocabulary.
    modalities_ : list of (str, Modality, columns)
        The fitted modalities.
    network_ : nn.Module
        The trained network.
    net_ : skorch.NeuralNet
        The skorch net of `network_`.
    history_ : list of dict
        Losses, and what callbacks record, of each epoch.
    n_iter_ : int
        Number of epochs.
    dtype_ : {"float64", "float32", "bfloat16"}
        Precision that was decided on.
    n_features_in_ : int
        Number of columns of X, or of its modalities.
    feature_names_in_ : ndarray of shape (`n_features_in_`,), object
        Names of the columns, if X had names.

    See Also
    --------
    CrossModalRegressor : Other targets; texts too, all of whose words are scored at once.

    Notes
    -----
    Names of the training pictures of `load_emoji`, by cross-validation in these rows, BLEU of up to
    two words times 100, with `n_beams` and `length_penalty` as they are by default. On two folds of
    principal components of the pixels, for 40 epochs: 18.7 with the default decoder, 17.9 with
    "attention"; of half the `width` 15.5, with an LSTM 13.2, and 3.2 where held-out rows end the
    training. On four folds of pixels through "mlp", for 100 epochs: 17.6, and 17.3 greedily; of
    up to four words 15.9 and 13.9; the name of the nearest picture has 17.6 and 13.0.

    References
    ----------
    .. [1] Y. Wu et al. (2016). "Google's neural machine translation system: Bridging the gap
       between human and machine translation". arXiv:1609.08144
    .. [2] O. Vinyals, A. Toshev, S. Bengio, D. Erhan (2015). "Show and tell: A neural image caption
       generator". arXiv:1411.4555

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_crossmodal import CrossModalGenerator
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> size, sign = np.where(X[:, 0] > 0, "a large", "a"), np.where(X[:, 1] > 0, "gain", "loss")
    >>> texts = np.char.add(np.char.add(size, " "), sign)
    >>> generator = CrossModalGenerator(random_state=0).fit(X, texts)
    >>> generator.predict([[1.0, 1.0], [-1.0, -1.0]])
    array(['a large gain', 'a loss'], dtype=object)
    >>> generator.fit(X, X[:, 0])
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: CrossModalGenerator: y must hold texts, ...
    """

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        "target": [Text, None],
        "decoder": [StrOptions(set(_DECODERS)), HasMethods("build"), callable],
        "n_beams": [Interval(Integral, 1, None, closed="left")],
        "length_penalty": [Interval(Real, 0, 100, closed="both")],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "temperature": [Interval(Real, 0, None, closed="neither"), None],
    }
    #: Words that one text alone has make the loss of held-out rows rise while texts become better.
    _auto_policy = ValidationPolicy(5000)
    _training_parameters = BaseMultimodal._training_parameters | {
        *("decoder", "length_penalty", "max_length", "n_beams", "temperature"),
    }

    def __init__(
        self,
        modalities=None,
        *,
        target=None,
        decoder="recurrent",
        n_beams=4,
        length_penalty=1.0,
        max_length=None,
        temperature=None,
        fusion="concat",
        max_epochs="auto",
        batch_size="auto",
        learning_rate=2e-3,
        learning_rate_schedule="cosine",
        weight_decay=1e-2,
        optimizer="adamw",
        validation="auto",
        n_iter_no_change=16,
        tol=1e-4,
        modality_dropout=0.1,
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
        self.decoder = decoder
        self.n_beams = n_beams
        self.length_penalty = length_penalty
        self.max_length = max_length
        self.temperature = temperature
        self.fusion = fusion
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

    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples in the source modalities. scikit-learn's searches and splits need
            ``MultiModalFrame(X)`` in place of a plain dict, whose rows they cannot count.
        y : array-like of shape (n_samples,)
            Texts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; samples of weight zero are ignored.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, each kept on one side of the validation split. Another estimator
            passes them on after ``set_fit_request(groups=True)``.

        Returns
        -------
        CrossModalGenerator
            Itself.

        Raises
        ------
        ValueError
            If X, y or the weights are invalid; the message names the modality and
            the column. The estimator is then as it was before.
        """
        return self._fit(X, y, sample_weight, groups=groups)

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these samples; the modalities are those of the first call.

        Constant columns, and new words and levels, are learned from the chunk in which they first
        vary or occur; there is one warning if no ids are left for them.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,)
            Texts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        CrossModalGenerator
            Itself.
        """
        return self._fit(X, y, sample_weight, in_chunks=True)

    def predict(self, X):
        """Return a text for each sample.

        `n_beams`, `length_penalty`, `max_length` and `temperature` may be set anew after `fit`.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples; a modality may be absent.

        Returns
        -------
        ndarray of shape (n_samples,), object
            Texts of words of the vocabulary. Drawn ones, with `temperature`, are the same each time
            where `random_state` is an int.
        """
        blocks = self._blocks(X)
        settings = {name: getattr(self, name) for name in _OF_GENERATION}
        constraints = {name: self._parameter_constraints[name] for name in settings}
        validate_parameter_constraints(constraints, settings, type(self).__name__)
        seed = draw_seed(self.random_state)
        generator = torch.Generator().manual_seed(seed)
        n_rows = max(1, SCORES_AT_ONCE // (self.n_beams * self.target_.spec_.n_categories))
        tokens = [
            self._generate(some, generator).cpu().numpy()
            for latent in self.net_.outputs(blocks, step="encode")
            for some in latent.split(n_rows)
        ]
        return self.target_.inverse_transform(np.concatenate(tokens))

    def _generate(self, latent, generator):
        """Return the tokens (B, T) of a text for each latent."""
        decoder = self.network_.decoders["y"]
        settings = {"max_length": self.max_length or self.target_.spec_.shape[0]}
        if self.temperature is not None:
            settings |= {"temperature": self.temperature, "generator": generator}
            return sample_tokens(decoder.step, decoder.start(latent), **settings)
        settings |= {"n_beams": self.n_beams, "length_penalty": self.length_penalty}
        return beam_search(decoder.step, decoder.start(latent), **settings)[0]

    def score(self, X, y, sample_weight=None):
        """Return the mean log-likelihood of a token of y, in nats; higher is better.

        Each token is given the true ones before it. A word that `fit` did not see counts as an
        unknown one; of a text that is longer than the longest in `fit`, as ``Text(max_length=...)``
        may allow, its beginning counts.

        Parameters
        ----------
        X : {MultiModalFrame, dataframe, mapping, array-like} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,)
            Texts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
        """
        blocks, target = self._blocks(X), self._target
        y = target.validate(next(iter(blocks.values())), y)
        weight = check_weight(self, sample_weight, y)
        weight = np.ones(len(y)) if weight is None else weight
        encoded = target.blocks(y, blocks)
        losses = self.net_.sample_losses(blocks, encoded)[:, 0]
        return score_tokens(losses, encoded["y"], weight)

    # The target and the network -------------------------------------------------------------

    def _make_target(self, y, *, classes=None, before=None):
        return TextTarget(type(self).__name__, target=self.target)

    def _build_network(self, blocks):
        return fused_network(self, blocks, self._text_decoder)

    def _text_decoder(self, width):
        spec = self.target_.spec_
        loss = build_loss(self.target_.loss, spec)
        decoder = build_decoder(self.decoder, width, spec, loss)
        if not isinstance(decoder, AutoregressiveModule):
            raise ModalityError(
                f"decoder={self.decoder!r} does not give a text token by token. Decoders that do: "
                f"{_DECODERS}; one of your own has takes_targets, start and step."
            )
        return nn.Identity(), {"y": decoder}, {"y": loss}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
