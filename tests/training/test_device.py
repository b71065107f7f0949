import threading

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_crossmodal import FusionClassifier, MultiModalFrame
from sklearn_crossmodal.training import choose_device, choose_dtype, seeded, torch_dtype
from sklearn_crossmodal.training._device import suited_threads

SMALL, LARGE = nn.Linear(10, 10), nn.Linear(1000, 1000)


@pytest.mark.parametrize(
    ("dtype", "device", "n_samples", "network", "expected"),
    [
        ("auto", "cpu", 100, SMALL, "float64"),
        ("auto", "cpu", 1_000_000, SMALL, "float32"),  # much work by its rows,
        ("auto", "cpu", 100, LARGE, "float32"),  # or by its weights
        ("auto", "cuda", 100, SMALL, "float32"),
        ("auto", "mps", 100, SMALL, "float32"),
        ("float64", "cpu", 1_000_000, LARGE, "float64"),
        ("float64", "cuda", 100, SMALL, "float64"),
        ("float64", "mps", 100, SMALL, "float32"),  # which has no float64
        ("float32", "cpu", 100, SMALL, "float32"),
        ("bfloat16", "cpu", 100, SMALL, "bfloat16"),
    ],
)
def test_precision_follows_the_work_unless_it_is_asked_for(
    dtype, device, n_samples, network, expected
):
    found = choose_dtype(dtype, device=device, n_samples=n_samples, network=network)
    assert found == expected


def test_weights_are_cast_for_float64_alone():
    assert torch_dtype("float64") == torch.float64
    assert torch_dtype("float32") == torch_dtype("bfloat16") == torch.float32


def test_device_is_checked_and_auto_is_what_is_there():
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ValueError, match=r"device=.abacus. cannot be used here.*'cpu'"):
        choose_device("abacus")


def test_seeded_leaves_the_generator_as_it_was():
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    with seeded(3, "cpu"):
        torch.rand(5)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_seeded_leaves_the_generator_as_it_was_after_an_error():
    before = torch.random.get_rng_state()
    with pytest.raises(RuntimeError), seeded(3, "cpu"):
        torch.rand(5) @ torch.rand(4)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_seed_decides_the_numbers():
    def draw(seed):
        with seeded(seed, "cpu"):
            return torch.rand(3).tolist()

    assert draw(3) == draw(3)
    assert draw(3) != draw(4)


def test_seeded_blocks_may_be_nested():
    with seeded(3, "cpu"):
        first = torch.rand(2)
        with seeded(9, "cpu"):
            torch.rand(5)
        second = torch.rand(2)
    with seeded(3, "cpu"):
        assert torch.equal(torch.rand(4), torch.cat([first, second]))


def test_threads_draw_the_same_numbers_as_alone():
    def draw(seed, found, pause):
        with seeded(seed, "cpu"):
            for _ in range(4):
                found[seed].append(torch.rand(1).item())
                pause.wait(0.01)  # lets another thread draw, were it allowed to

    alone, together, pause = {1: [], 2: []}, {1: [], 2: []}, threading.Event()
    for seed in alone:
        draw(seed, alone, pause)
    threads = [threading.Thread(target=draw, args=(seed, together, pause)) for seed in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone
    assert alone[1] != alone[2]


# Threads -----------------------------------------------------------------------------------------


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("work", "expected"), [(1e3, 1), (1e9, 2), (float("inf"), 2)])
def test_little_work_is_done_by_one_thread(two_threads, work, expected):
    with suited_threads(work):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == 2


def test_threads_come_back_after_an_error(two_threads):
    with pytest.raises(KeyError), suited_threads(0):
        raise KeyError
    assert torch.get_num_threads() == 2


def test_a_worker_with_one_thread_keeps_it(two_threads):
    torch.set_num_threads(1)
    with suited_threads(1e12):
        assert torch.get_num_threads() == 1


def test_a_small_table_is_trained_by_one_thread_and_images_by_all(two_threads):
    seen = []

    class Threads(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(torch.get_num_threads())

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    for X in (rng.normal(size=(20, 3)), MultiModalFrame({"image": images})):
        FusionClassifier(max_epochs=1, callbacks=[Threads()]).fit(X, np.arange(20) % 2)
    assert seen == [1, 2]
    assert torch.get_num_threads() == 2
