"""Device, precision and seeds of a fit."""

from __future__ import annotations

from contextlib import contextmanager

import torch
from torch import nn

from sklearn_crossmodal.nn._rng import generator_lock

__all__ = ["choose_device", "choose_dtype", "seeded", "suited_threads", "torch_dtype"]

#: Below this product of samples and weights an epoch takes a few milliseconds in either precision.
FLOAT64_WORK = 3e7
#: Below this product of the samples of a batch and the weights that each is multiplied by, handing
#: work to other threads gains little at best; where other work runs beside, it costs many times.
THREAD_WORK = 2**23


def choose_device(device: str) -> str:
    """Return the device that `device` means: ``"auto"`` is a CUDA GPU if there is one."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return device
    try:
        found = torch.device(device)
        if found.type == "meta":
            raise RuntimeError("it holds no numbers")
        torch.empty(1, device=found)
    except (AssertionError, RuntimeError, NotImplementedError) as error:
        there = ["cpu"]
        if torch.accelerator.is_available():
            kind = torch.accelerator.current_accelerator().type
            there += [f"{kind}:{place}" for place in range(torch.accelerator.device_count())]
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"device={device!r} cannot be used here, where torch finds {there}: pass one of these, "
            f"or device='auto'. Reason: {reason}"
        ) from error
    return str(found)


def choose_dtype(dtype: str, *, device: str, n_samples: int, network: nn.Module) -> str:
    """Return the precision of a fit.

    ``"auto"`` is float64 on the CPU where an epoch is too little work for it to cost anything,
    float32 beyond and for convolutions. Float32 stands in for float64 on a device that has none.
    """
    kind = torch.device(device).type
    if dtype == "auto":
        weights = list(network.parameters())
        work = n_samples * sum(weight.numel() for weight in weights)
        convolves = any(weight.ndim > 2 for weight in weights)  # each weight is used many times
        small = work <= FLOAT64_WORK and not convolves
        dtype = "float64" if kind == "cpu" and small else "float32"
    return "float32" if dtype == "float64" and kind == "mps" else dtype


def torch_dtype(dtype: str) -> torch.dtype:
    """Return the type of weights and inputs; with ``"bfloat16"`` only the arithmetic is cast."""
    return torch.float64 if dtype == "float64" else torch.float32


@contextmanager
def seeded(seed: int, device: str):
    """Run the block on torch's generators set to `seed`, and put them back as they were."""
    devices = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with generator_lock, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def suited_threads(work: float):
    """Run the block on one thread if a batch is little work, and restore their number.

    There are never more than before, such as the one thread that a worker of joblib has. The `work`
    is the samples of a batch times the weights that each of them is multiplied by.
    """
    before = torch.get_num_threads()
    if work < THREAD_WORK:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
