"""Losses: pure functions of a batch, and modules around them."""

from sklearn_crossmodal.nn.losses._components import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    HuberLoss,
    SquaredError,
    is_location,
)
from sklearn_crossmodal.nn.losses._contrastive import (
    OBJECTIVES,
    InfoNCE,
    SharedHeadCrossEntropy,
    SigLIP,
    SupCon,
    VICReg,
)
from sklearn_crossmodal.nn.losses._functions import (
    absolute_error,
    binary_cross_entropy,
    cross_entropy,
    gaussian_nll,
    huber,
    laplace_nll,
    squared_error,
)
from sklearn_crossmodal.nn.losses._likelihoods import (
    GaussianLoss,
    LaplaceLoss,
    NegativeBinomialLoss,
    negative_binomial_nll,
)
from sklearn_crossmodal.nn.losses._ordinal import (
    OrdinalLoss,
    chain_log_probabilities,
    ordinal_cross_entropy,
)
from sklearn_crossmodal.nn.losses._positive import (
    GammaLoss,
    PoissonLoss,
    gamma_deviance,
    poisson_deviance,
    poisson_nll,
)
from sklearn_crossmodal.nn.losses._quantile import QuantileLoss, pinball

#: The registered losses.
LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": HuberLoss,
    "poisson": PoissonLoss,
    "gamma": GammaLoss,
    "quantile": QuantileLoss,
    "gaussian": GaussianLoss,
    "laplace": LaplaceLoss,
    "negative_binomial": NegativeBinomialLoss,
    "cross_entropy": CrossEntropy,
    "ordinal": OrdinalLoss,
    "binary_cross_entropy": BinaryCrossEntropy,
}


def losses_of(kind: str) -> set[str]:
    """Return the names of the losses that take a kind of block.

    Examples
    --------
    >>> from sklearn_crossmodal.nn.losses import losses_of
    >>> sorted(losses_of("codes"))
    ['cross_entropy', 'ordinal']
    """
    return {name for name, loss in LOSSES.items() if loss.kinds is None or kind in loss.kinds}


__all__ = [
    "LOSSES",
    "OBJECTIVES",
    "InfoNCE",
    "SharedHeadCrossEntropy",
    "SigLIP",
    "SupCon",
    "VICReg",
    *sorted(loss.__name__ for loss in LOSSES.values()),
    "absolute_error",
    "binary_cross_entropy",
    "chain_log_probabilities",
    "cross_entropy",
    "gamma_deviance",
    "gaussian_nll",
    "huber",
    "is_location",
    "laplace_nll",
    "negative_binomial_nll",
    "ordinal_cross_entropy",
    "pinball",
    "poisson_deviance",
    "poisson_nll",
    "squared_error",
]
