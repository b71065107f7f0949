"""Small seeded data, and one thread for torch: fits this small are fastest on one."""

import numpy as np
import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
