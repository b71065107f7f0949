"""From the blocks of a fit to networks, nets and trainings."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

from torch import Tensor, nn

from sklearn_crossmodal.data import Block
from sklearn_crossmodal.nn import (
    MultiModalNetwork,
    PrivateNetwork,
    build_encoder,
    build_fusion,
    resolve,
)
from sklearn_crossmodal.nn.variational import POSTERIORS, VariationalNetwork
from sklearn_crossmodal.training import (
    Net,
    Training,
    TrainingConfig,
    choose_device,
    choose_dtype,
    make_net,
    seeded,
    torch_dtype,
)
from sklearn_crossmodal.training._net_input import NetInput
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = [
    "build_encoders",
    "fused_network",
    "plan_training",
    "scores_of",
    "shared_latent_network",
]


def build_encoders(estimator, blocks: Mapping[str, Block]) -> dict[str, nn.Module]:
    """Return an encoder for each modality.

    Parameters
    ----------
    estimator : BaseMultimodal
        With fitted modalities.
    blocks : mapping of str to Block
        The inputs.

    Returns
    -------
    dict of str to nn.Module
    """
    encoders = {}
    for name, modality, _ in estimator.modalities_:
        with error_prefix(f"{type(estimator).__name__}: modality {name!r}"):
            encoders[name] = build_encoder(modality.encoder_, blocks[name].spec)
    return encoders


def fused_network(
    estimator,
    blocks: Mapping[str, Block],
    build_decoders: Callable,
    build_heads: Callable | None = None,
) -> tuple[MultiModalNetwork, dict[str, nn.Module]]:
    """Return a network of encoders, fusion, bottleneck and decoders, and the losses.

    Parameters
    ----------
    estimator : BaseMultimodal
        With fitted modalities, whose `fusion` is taken.
    blocks : mapping of str to Block
        The inputs.
    build_decoders : callable
        From the width of the fused latent to bottleneck, decoders and losses.
    build_heads : callable, default=None
        From the widths of the latents to heads of single modalities, or None.

    Returns
    -------
    network : MultiModalNetwork
    losses : dict of str to nn.Module
    """
    encoders = build_encoders(estimator, blocks)
    with error_prefix(type(estimator).__name__):
        widths = [encoder.out_features for encoder in encoders.values()]
        fusion = build_fusion(estimator.fusion, widths)
        bottleneck, decoders, losses = build_decoders(fusion.out_features)
        heads = None if build_heads is None else build_heads(widths)
    return MultiModalNetwork(encoders, fusion, bottleneck, decoders, heads), losses


def shared_latent_network(estimator, blocks: Mapping[str, Block]) -> tuple:
    """Return a network whose targets are decoded from `n_components` numbers, and the losses.

    Parameters
    ----------
    estimator : MultiModalAutoencoder
        With fitted modalities and target.
    blocks : mapping of str to Block
        The inputs.

    Returns
    -------
    network : MultiModalNetwork, PrivateNetwork or VariationalNetwork
    losses : dict of str to nn.Module
    """
    encoders = build_encoders(estimator, blocks)
    widths = [encoder.out_features for encoder in encoders.values()]
    n_shared, n_private = estimator.n_components, estimator.n_private_components
    if estimator.variational is not None:
        with error_prefix(type(estimator).__name__):
            posterior = resolve(estimator.variational, POSTERIORS, "posterior")
            joint = posterior.build(widths, n_shared)
        decoders, losses = estimator._target.decoders(n_shared, n_private)
        return VariationalNetwork(encoders, joint, decoders, n_private), losses
    with error_prefix(type(estimator).__name__):
        fusion = build_fusion(estimator.fusion, widths)
    decoders, losses = estimator._target.decoders(n_shared, n_private)
    bottleneck = nn.Linear(fusion.out_features, n_shared)
    if n_private:
        return PrivateNetwork(encoders, fusion, bottleneck, decoders, n_private), losses
    return MultiModalNetwork(encoders, fusion, bottleneck, decoders), losses


def plan_training(estimator, data, *, resume: bool, seed: int, split, tasks):
    """Return a training; the estimator gets its net, and `dtype_`.

    Parameters
    ----------
    estimator : BaseMultimodal
        With fitted modalities and target.
    data : FitData
        What X and y were read as.
    resume : bool
        Whether it goes on from the net of the estimator.
    seed : int
        Of weights, batches and dropout.
    split : tuple of (ndarray, ndarray), or None
        Rows to train on and to hold out.
    tasks : callable or None
        What shows epochs to scikit-learn's callbacks.

    Returns
    -------
    Training
    """
    with error_prefix(type(estimator).__name__):
        device = choose_device(estimator.device)
    with seeded(seed, device):
        estimator.net_ = _make_net(estimator, data.inputs, device, resume)
    estimator._target.check(estimator.net_.criterion_.losses, data.targets)
    dataset = data.dataset(torch_dtype(estimator.dtype_))
    max_epochs = 1 if estimator._in_chunks else estimator.max_epochs
    return Training(estimator.net_, dataset, max_epochs, split, seed, tasks)


def _make_net(estimator, blocks: Mapping[str, Block], device: str, resume: bool) -> Net:
    n_samples = len(next(iter(blocks.values())))
    if resume:  # a new net on a copy of the network: a failure leaves the old as it was
        before, losses = estimator.net_, estimator.net_.criterion_.losses
        network = copy.deepcopy(before.module_)
    else:
        before, (network, losses) = None, estimator._build_network(blocks)
        estimator.dtype_ = choose_dtype(
            estimator.dtype, device=device, n_samples=n_samples, network=network
        )
    with error_prefix(type(estimator).__name__):
        return make_net(
            estimator._net_class,
            network.to(torch_dtype(estimator.dtype_)),
            losses,
            TrainingConfig.of(estimator),
            n_samples=n_samples,
            device=device,
            precision=estimator.dtype_,
            before=before,
            read=NetInput(estimator),
            **estimator._target.net_settings(losses),
        )


def scores_of(estimator, X) -> list[Tensor]:
    """Return the scores of the target ``"y"``, one tensor a batch.

    Parameters
    ----------
    estimator : BaseMultimodal
        Fitted.
    X : object
        The samples.

    Returns
    -------
    list of Tensor of shape (B, ...)
    """
    blocks = estimator._blocks(X)
    return [scores["y"] for scores in estimator.net_.outputs(blocks)]
