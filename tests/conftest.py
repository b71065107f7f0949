"""Small seeded data, and one thread for torch: fits this small are fastest on one."""

import signal

import numpy as np
import pytest
import torch

torch.set_num_threads(1)
# A suite that a shell runs in the background inherits that Ctrl-C, which tests press, is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
