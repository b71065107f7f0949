"""Variational autoencoders: joint posteriors of the latent given several modalities."""

from sklearn_crossmodal.nn.variational._gaussian import Gaussian, kl_divergence, product_of_experts
from sklearn_crossmodal.nn.variational._mixture import MoEPosterior, MoPoEPosterior
from sklearn_crossmodal.nn.variational._mvtcae import MVTCAEPosterior
from sklearn_crossmodal.nn.variational._network import COUNTED, DIVERGENCE, VariationalNetwork
from sklearn_crossmodal.nn.variational._poe import PoEPosterior

#: The registered posteriors.
POSTERIORS = {
    "poe": PoEPosterior,
    "moe": MoEPosterior,
    "mopoe": MoPoEPosterior,
    "mvtcae": MVTCAEPosterior,
}

__all__ = [
    "COUNTED",
    "DIVERGENCE",
    "POSTERIORS",
    "Gaussian",
    "VariationalNetwork",
    "kl_divergence",
    "product_of_experts",
    *sorted(posterior.__name__ for posterior in POSTERIORS.values()),
]
