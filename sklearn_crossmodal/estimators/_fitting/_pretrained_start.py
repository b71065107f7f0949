"""Where a training starts: at what an autoencoder has learned of the same modalities."""

from __future__ import annotations

import copy

from sklearn.frozen import FrozenEstimator

from sklearn_crossmodal.estimators._autoencoder import MultiModalAutoencoder
from sklearn_crossmodal.estimators._targets._target_table import TargetTable
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import MultiModalNetwork, build_fusion
from sklearn_crossmodal.nn.fusion._subset_fusion import PartialFusion
from sklearn_crossmodal.utils._cloning import fitted_parameter
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = [
    "INITIAL_CONSTRAINTS",
    "adopt_modalities",
    "build_from_autoencoder",
    "fitted_autoencoder",
]

INITIAL_CONSTRAINTS = {"init": [MultiModalAutoencoder, FrozenEstimator, None]}
#: Of the learning rate, for what is taken over. On 60, 150 and 600 rows of three factors in 100
#: noisy numbers R² was .67, .89 and .96; at the full rate .58, .72, .95, at a tenth .65, .80, .96.
_LEARNED_FACTOR = 0.03
#: Parameters of a modality that say how it is predicted, and not how it is read.
_OF_TARGETS = ("decoder", "loss")


def fitted_autoencoder(owner: str, init):
    """Return the autoencoder that a training starts from.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    init : MultiModalAutoencoder, FrozenEstimator or None
        The parameter.

    Returns
    -------
    MultiModalAutoencoder or None

    Raises
    ------
    TypeError
        If it is none.
    NotFittedError
        If it is not fitted.
    """
    if init is None:
        return None
    return fitted_parameter(owner, "init", init, MultiModalAutoencoder)


def adopt_modalities(owner: str, bank, init, *, is_listed: bool) -> None:
    """Let a bank take over the fitted modalities of the autoencoder, by their names.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    bank : ModalityBank
        Bound to the columns of X.
    init : MultiModalAutoencoder, FrozenEstimator or None
        The parameter; without one nothing is done.
    is_listed : bool
        Whether the modalities are listed, and so have to be the same; others are inferred.

    Raises
    ------
    ModalityError
        If no name is known to both, or a modality differs.
    """
    autoencoder = fitted_autoencoder(owner, init)
    if autoencoder is None:
        return
    known = {bound.name: bound for bound in autoencoder._bank.bound}
    names = [bound.name for bound in bank.bound]
    if not set(names) & set(known):
        raise ModalityError(
            f"{owner}: none of the modalities {names} has the name of one of "
            f"init, {list(known)}: name those alike that are the same."
        )
    for bound in bank.bound:
        if bound.name in known:
            _check_same(owner, bound, known[bound.name], is_listed)
            bank.adopt(bound.name, known[bound.name])


def _check_same(owner: str, bound, known, is_listed: bool) -> None:
    """Raise if a modality is not that of the same name that the autoencoder has."""
    prefix = f"{owner}: modality {bound.name!r}"
    labels = bound.labels or bound.positions, known.labels or known.positions
    named = None not in (bound.labels, known.labels)
    if len(labels[0]) != len(labels[1]) or (named and labels[0] != labels[1]):
        raise ModalityError(
            f"{prefix} has the columns {labels[0]}, that of init has {labels[1]}: give it the "
            "same, or another name."
        )
    if is_listed:
        ours, theirs = (_as_source(one.modality) for one in (bound, known))
        if _in_words(ours) != _in_words(theirs):
            raise ModalityError(
                f"{prefix} is {ours}, that of init is {theirs}: make them the same, or give "
                "it another name."
            )


def build_from_autoencoder(estimator, encoders: dict) -> tuple:
    """Return a network that starts from the weights of the autoencoder, and the losses.

    Parameters
    ----------
    estimator : CrossModalRegressor
        Whose `init`, `fusion` and target are looked at.
    encoders : dict of str to nn.Module
        Untrained.

    Returns
    -------
    network : MultiModalNetwork
    losses : dict of str to nn.Module
    """
    owner = type(estimator).__name__
    autoencoder = fitted_autoencoder(owner, estimator.init)
    learned = autoencoder.network_
    _take_encoders(owner, encoders, learned)
    with error_prefix(owner):
        fusion = _extended_fusion(estimator.fusion, encoders, learned)
        bottleneck, decoders, losses = estimator._target.decoders(fusion.out_features)
    _take_decoders(estimator._target, decoders, autoencoder)
    return MultiModalNetwork(encoders, fusion, bottleneck, decoders), losses


def _take_encoders(owner: str, encoders: dict, learned) -> None:
    for name in set(encoders) & set(learned._modalities):
        if not _take_all(encoders[name], learned.encoders[learned._modalities[name]]):
            raise ModalityError(
                f"{owner}: modality {name!r} has another encoder than that of "
                "init: give it the same, or another name."
            )
        encoders[name].learning_rate_factor = _LEARNED_FACTOR


def _take_decoders(target, decoders: dict, autoencoder) -> None:
    """Take over the decoders of targets that are scaled, and decoded, as by the autoencoder."""
    learned = autoencoder.network_
    known = {name: modality for name, modality, _ in autoencoder.modalities_}
    named = set(decoders) & set(known) if isinstance(target, TargetTable) else ()
    for name in named:
        ours, theirs = (_as_source(one) for one in (target.modalities[name], known[name]))
        same = _in_words(ours) == _in_words(theirs)
        if same and _take_all(decoders[name], learned.decoders[learned._targets[name]]):
            decoders[name].learning_rate_factor = _LEARNED_FACTOR


def _extended_fusion(fusion, encoders: dict, learned) -> PartialFusion:
    """Return the fusion of the autoencoder, and what joins further modalities to it."""
    widths = [encoder.out_features for encoder in learned.encoders.values()]
    known = list(learned._modalities)
    places = [known.index(name) if name in known else None for name in encoders]
    further = [
        encoder.out_features
        for encoder, place in zip(encoders.values(), places, strict=True)
        if place is None
    ]
    n_shared = learned.n_shared
    outer = build_fusion(fusion, [n_shared, *further]) if further else None
    parts = copy.deepcopy((learned.fusion, learned.bottleneck))
    for part in parts:
        part.learning_rate_factor = _LEARNED_FACTOR
    return PartialFusion(*parts, widths, places, outer, n_shared)


def _as_source(modality):
    """Return a modality without what it has as a target."""
    params = modality.get_params(deep=False)
    return type(modality)(**{k: v for k, v in params.items() if k not in _OF_TARGETS})


def _in_words(modality) -> tuple:
    """Return class and parameters, each in words by itself: those of many would be shortened."""
    params = modality.get_params()
    return type(modality), {name: repr(value) for name, value in params.items()}


def _take_all(part, learned) -> bool:
    """Take over all weights if they are of the same names and shapes; return whether they are."""
    own, weights = part.state_dict(), learned.state_dict()
    same = {name: weight.shape for name, weight in own.items()} == {
        name: weight.shape for name, weight in weights.items()
    }
    if same:
        part.load_state_dict(weights)
    return same
