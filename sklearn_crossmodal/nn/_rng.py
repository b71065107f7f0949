"""Seeding of torch's global random generator."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import torch

__all__ = ["fixed_seed", "generator_lock"]

#: torch has one generator per process, from which user-defined modules draw: threads that seed it
#: take turns.
generator_lock = threading.RLock()


@contextmanager
def fixed_seed(seed: int = 0):
    """Seed the CPU generator in the block, and restore its state afterwards."""
    with generator_lock, torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)  # not those of other devices
        yield
