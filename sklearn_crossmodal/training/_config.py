"""The parameters of an estimator that training reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

__all__ = ["TrainingConfig"]


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained: the parameters of an estimator that `make_net` reads.

    Fields have the names and the meaning of the parameters of the estimators. Those that all
    estimators have, have their default here; those of some estimators are off.

    Parameters
    ----------
    batch_size : int or "auto", default="auto"
        Samples of a batch.
    learning_rate : float, default=2e-3
        Step size of the optimizer.
    learning_rate_schedule : {"cosine", "constant"}, default="cosine"
        How the learning rate changes over the epochs.
    weight_decay : float, default=1e-2
        Of matrices and kernels, where the optimizer takes it.
    optimizer : str or callable, default="adamw"
        A name in `OPTIMIZERS`, or a class of `torch.optim` or of its kind.
    n_iter_no_change : int, default=16
        Epochs without improvement of the validation loss after which training stops.
    tol : float, default=1e-4
        Smallest decrease of the validation loss that counts as an improvement.
    modality_dropout : float, default=0.1
        Probability with which a modality of a sample is hidden in a training step.
    verbose : int, default=0
        Above 0, a line is printed after each epoch.
    callbacks : sequence of skorch callbacks, or of (str, callback), default=None
        Added to those of the package.
    net_params : mapping of str to object, default=None
        Further arguments of the skorch net.
    auxiliary_weight : float, default=0.0
        Weight of the mean loss of the unimodal heads.
    balance : str, default=None
        A name in `BALANCES`; None trains all modalities alike.
    input_noise : float or "auto", default=0.0
        Standard deviation of the noise added to input vectors.
    variational : object, default=None
        The posterior of a variational autoencoder; None trains a deterministic network.
    beta : float, default=1.0
        Weight of the divergence in the evidence lower bound.
    n_warmup_epochs : int, default=10
        Epochs over which the weight of the divergence rises to `beta`.
    target_weight : float, default=0.0
        Weight of the supervised loss of an autoencoder.

    Examples
    --------
    >>> from sklearn_crossmodal import FusionClassifier
    >>> config = TrainingConfig.of(FusionClassifier(batch_size=32))
    >>> config.batch_size, config.auxiliary_weight, config.variational
    (32, 0.3, None)
    """

    batch_size: int | str = "auto"
    learning_rate: float = 2e-3
    learning_rate_schedule: str = "cosine"
    weight_decay: float = 1e-2
    optimizer: object = "adamw"
    n_iter_no_change: int = 16
    tol: float = 1e-4
    modality_dropout: float = 0.1
    verbose: int = 0
    callbacks: Sequence[object] | None = None
    net_params: Mapping[str, object] | None = None
    auxiliary_weight: float = 0.0
    balance: str | None = None
    input_noise: float | str = 0.0
    variational: object = None
    beta: float = 1.0
    n_warmup_epochs: int = 10
    target_weight: float = 0.0

    @classmethod
    def of(cls, estimator) -> TrainingConfig:
        """Return the configuration of an estimator.

        Parameters
        ----------
        estimator : BaseEstimator
            Fields that are not among its parameters keep their default.

        Returns
        -------
        TrainingConfig
        """
        params = estimator.get_params(deep=False)
        names = [field.name for field in fields(cls) if field.name in params]
        return cls(**{name: params[name] for name in names})
