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
        """Return the configuration of an estimator; fields that it lacks keep their default."""
        params = estimator.get_params(deep=False)
        names = [field.name for field in fields(cls) if field.name in params]
        return cls(**{name: params[name] for name in names})
