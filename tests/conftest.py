"""Small seeded data, one thread for torch, and a part of large products of parameters.

Fits this small are fastest on one thread.
"""

import signal
from collections import defaultdict

import numpy as np
import pytest
import torch

torch.set_num_threads(1)
# A suite that a shell runs in the background inherits that Ctrl-C, which tests press, is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
#: Docstrings whose examples fit a network with the defaults; what they show is tested at length.
SLOW_EXAMPLES = {
    "AutoFusionRegressor",
    "CrossModalGenerator",
    "CrossModalRegressor",
    "FusionClassifier",
    "FusionRegressor",
    "MultiModalAutoencoder",
    "MultiModalImputer",
    "area_under_absence_curve",
    "latent_probe",
    "latent_probe_score",
    "translation_matrix",
    "translation_score",
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.hookimpl(tryfirst=True)  # before -m leaves out what is slow
def pytest_collection_modifyitems(items):
    """Mark as slow what a test with the marker `covering` can leave out of its product.

    Kept is each combination of all parameters but the shortest, with one value of that: of seven
    containers and 22 tools 22 pairs, in which every container and every tool occurs.
    """
    groups = defaultdict(list)
    for item in items:
        # Arrays in memory that is read-only are a variant of scikit-learn's checks on plain ones.
        if item.name.rpartition(".")[2] in SLOW_EXAMPLES or "(readonly_memmap=True" in item.name:
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("covering"):
            groups[item.path, item.originalname].append(item)
    for group in groups.values():
        columns = [[*dict.fromkeys(one)] for one in zip(*map(_values, group), strict=True)]
        shortest = min(map(len, columns))
        for item in group:
            places = map(list.index, columns, _values(item))  # as they were listed: in all workers
            if sum(places) % shortest:
                item.add_marker(pytest.mark.slow)


def _values(item):
    """Return a number for the value in each `parametrize`, and in each fixture with parameters."""
    params, found = dict(item.callspec.params), []
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
        found.append(hash(tuple(id(params.pop(name.strip())) for name in names)))
    return [*found, *map(id, params.values())]
