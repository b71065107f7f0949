"""The same seed gives the same numbers, and the caller's randomness is left as it was."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_crossmodal import Numeric, Text
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]

#: All that is random in a fit: first weights, order, held-out rows, hidden modalities, dropout.
RANDOM = {"validation": 0.3, "modality_dropout": 0.3}


def global_states():
    kind, keys, *rest = np.random.get_state()
    return random.getstate(), kind, keys.tolist(), rest, torch.get_rng_state().tolist()


class NoisyEncoder(nn.Module):
    """A user's encoder that draws from torch's one generator, in `__init__` and in `forward`."""

    def __init__(self, spec):
        super().__init__()
        self.linear = nn.Linear(spec.size, 4)
        self.out_features = 4

    def forward(self, x):
        noise = torch.randn(len(x), 4, dtype=x.dtype) if self.training else 0.0
        return self.linear(x) + noise


@pytest.mark.parametrize("name", ESTIMATORS)
def test_same_seed_gives_the_same_numbers_to_the_bit(name, X, targets, make, numbers):
    first, again, other = (
        make(name, random_state=seed, **RANDOM).fit(X, targets[name]) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(numbers(first, X), numbers(again, X))
    for key in ("train_loss", "valid_loss"):
        assert [row[key] for row in first.history_] == [row[key] for row in again.history_]
    assert not np.array_equal(numbers(first, X), numbers(other, X))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitting_again_gives_the_same_numbers_to_the_bit(name, X, targets, make, numbers):
    estimator = make(name, **RANDOM).fit(X, targets[name])
    first = numbers(estimator, X)
    np.testing.assert_array_equal(numbers(estimator.fit(X, targets[name]), X), first)
    np.testing.assert_array_equal(numbers(estimator, X), first)  # and so does asking again


@pytest.mark.parametrize("name", ESTIMATORS)
def test_numbers_do_not_depend_on_global_random_states(name, X, targets, make, numbers):
    answers = []
    for seed in (0, 1):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        answers.append(numbers(make(name, **RANDOM).fit(X, targets[name]), X))
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("random_state", [0, None])
def test_global_random_states_are_left_alone(name, random_state, X, targets, make, numbers):
    before = global_states()
    # None draws its seed from numpy's global generator, as everywhere in scikit-learn.
    states = (lambda found: found) if random_state == 0 else (lambda found: (found[0], found[4]))
    estimator = make(name, random_state=random_state, **RANDOM).fit(X, targets[name])
    estimator.partial_fit(X, targets[name])
    numbers(estimator, X)
    assert states(global_states()) == states(before)


def test_global_random_states_are_left_alone_by_a_fit_that_fails(X, targets, make):
    class Failing(NoisyEncoder):
        def forward(self, x):
            torch.randn(1)
            raise RuntimeError("no")

    before = global_states()
    modalities = [("table", Numeric(encoder=Failing), "table")]
    with pytest.raises(RuntimeError, match="no"):
        make("FusionClassifier", modalities=modalities).fit(X, targets["FusionClassifier"])
    assert global_states() == before


@pytest.mark.parametrize("name", ESTIMATORS)
def test_generator_as_random_state_goes_on(name, X, targets, make, numbers):
    generator = np.random.RandomState(0)
    estimator = make(name, random_state=generator)
    first = numbers(estimator.fit(X, targets[name]), X)
    assert not np.array_equal(numbers(estimator.fit(X, targets[name]), X), first)
    fresh = make(name, random_state=np.random.RandomState(0)).fit(X, targets[name])
    np.testing.assert_array_equal(numbers(fresh, X), first)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_none_as_random_state_gives_other_numbers_each_time(name, X, targets, make, numbers):
    first, second = (make(name, random_state=None).fit(X, targets[name]) for _ in range(2))
    assert not np.array_equal(numbers(first, X), numbers(second, X))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fits_in_two_threads_give_the_numbers_of_one_after_another(name, X, targets, make, numbers):
    modalities = [("table", Numeric(encoder=NoisyEncoder), "table"), ("words", Text(), "words")]
    barrier = Barrier(2)

    def fit(seed, *, wait):
        estimator = make(name, modalities=modalities, random_state=seed, **RANDOM)
        if wait:
            barrier.wait(timeout=30)
        return numbers(estimator.fit(X, targets[name]), X)

    alone = [fit(seed, wait=False) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda seed: fit(seed, wait=True), (0, 1)))
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_warm_start_takes_samples_in_a_new_order_and_holds_out_the_same(name, X, targets, make):
    seen = []  # (training, first number of each sample) of each batch

    class Recorder(Callback):
        def on_batch_begin(self, net, batch=None, training=None, **kwargs):
            seen.append((training, batch[0]["values"]["table"][:, 0].tolist()))

    estimator = make(name, callbacks=[Recorder()], validation=0.15, max_epochs=1, warm_start=True)
    if hasattr(estimator, "input_noise"):
        estimator.set_params(input_noise=0.0)
    passes = []
    for _ in range(2):
        seen.clear()
        estimator.fit(X, targets[name])
        passes.append(
            [[row for kind, part in seen if kind is k for row in part] for k in (True, False)]
        )
    (first, held_out), (second, held_out_again) = passes
    assert held_out == held_out_again != []
    assert first != second
    assert sorted(first) == sorted(second)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_verbose_and_memory_do_not_change_the_numbers(
    name, X, targets, make, numbers, tmp_path, capsys
):
    plain = numbers(make(name, **RANDOM).fit(X, targets[name]), X)
    talking = make(name, verbose=1, memory=str(tmp_path), **RANDOM).fit(X, targets[name])
    np.testing.assert_array_equal(numbers(talking, X), plain)
    assert capsys.readouterr().out
