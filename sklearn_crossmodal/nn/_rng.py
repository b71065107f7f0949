"""torch's source of randomness, which all networks of a process share."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import torch

__all__ = ["fixed_seed", "generator_lock"]

#: torch has one generator a process, and the networks of users draw from it: who needs it to start
#: from a seed takes turns with others in other threads.
generator_lock = threading.RLock()


@contextmanager
def fixed_seed(seed: int = 0):
    """Run the block on the processor's generator set to `seed`, and put it back as it was."""
    with generator_lock, torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)  # leaves those of other devices alone
        yield
