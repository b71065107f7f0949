import subprocess
import sys

import numpy as np
import pytest
from joblib import Memory, Parallel, delayed

from sklearn_crossmodal.utils._cache import (
    RowCache,
    SharedVectors,
    open_memory,
    row_keys,
    rows_folder,
)


@pytest.fixture
def cache(tmp_path):
    return RowCache(tmp_path / "folder" / "model.sqlite")


def test_what_was_added_is_found(cache, rng):
    vectors = {bytes([k]): rng.normal(size=5).astype(np.float32) for k in range(200)}
    cache.add(vectors)
    found = RowCache(cache.path).find([*vectors, b"another", *vectors])
    assert set(found) == set(vectors)
    for key, vector in vectors.items():
        np.testing.assert_array_equal(found[key], vector)


def test_more_keys_than_fit_in_a_query_are_found(cache):
    vectors = {str(k).encode(): np.array([k]) for k in range(2500)}
    cache.add(vectors)
    assert len(cache.find(vectors)) == 2500


def test_nothing_is_found_before_anything_was_added(cache):
    assert cache.find([b"a"]) == {}
    assert cache.find([]) == {}


def test_the_first_vector_of_a_key_stays(cache):
    cache.add({b"a": np.array([1.0])})
    cache.add({b"a": np.array([2.0]), b"b": np.array([3.0])})
    found = cache.find([b"a", b"b"])
    assert {key: vector.tolist() for key, vector in found.items()} == {b"a": [1.0], b"b": [3.0]}


WRITE = """
import sys
from pathlib import Path
import numpy as np
from sklearn_crossmodal.utils._cache import RowCache

cache = RowCache(Path(sys.argv[1]))
print("ready", flush=True)
for k in range(100):
    cache.add({str(k).encode(): np.full(50, k)})
    assert cache.find([str(k).encode()])[str(k).encode()][0] == k
"""


@pytest.mark.slow
def test_two_processes_write_at_once(cache):
    command = [sys.executable, "-c", WRITE, str(cache.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        for k in range(50, 150):  # half of the keys of one are also those of the other
            cache.add({str(k).encode(): np.full(50, k)})
            assert cache.find([str(k).encode()])[str(k).encode()][0] == k
        assert process.wait(60) == 0
    keys = [str(k).encode() for k in range(150)]
    found = cache.find(keys)
    assert [found[key].tolist() for key in keys] == [[k] * 50 for k in range(150)]


def test_keys_tell_rows_apart_by_value_shape_and_type():
    rows = np.array([[1, 2], [1, 3]])
    keys = row_keys(rows)
    assert keys[0] != keys[1]
    assert keys == row_keys(rows[:, :])
    assert keys == row_keys(np.asfortranarray(rows))
    assert not set(keys) & set(row_keys(rows.astype(np.int32)))
    assert not set(keys) & set(row_keys(rows[:, :, np.newaxis]))
    assert not set(keys) & set(row_keys(rows.astype(float)))


def test_padding_is_not_in_the_keys():
    short = np.array([[5, 6, 0], [5, 0, 0]])
    long = np.array([[5, 6, 9, 9, 9], [5, 9, 9, 9, 9]])
    lengths = np.array([[2], [1]])
    first, second = (row_keys(rows, np.arange(rows.shape[1]) < lengths) for rows in (short, long))
    assert first == second
    assert len(set(first)) == 2


def test_memory_says_where_rows_are_kept(tmp_path):
    assert rows_folder(None) is None
    assert rows_folder(open_memory(None)) is None
    memory = open_memory(str(tmp_path))
    assert open_memory(tmp_path).location == memory.location
    assert open_memory(memory) is memory
    RowCache(rows_folder(memory) / "model.sqlite").add({b"a": np.ones(1)})
    assert tmp_path in rows_folder(memory).parents
    Memory(tmp_path, verbose=0).clear(warn=False)
    assert list(tmp_path.rglob("*.sqlite")) == []


# In memory ---------------------------------------------------------------------------------------


def test_vectors_are_shared_until_the_last_open_block_ends(rng):
    shared, vectors = SharedVectors(), {b"a": rng.normal(size=3), b"b": rng.normal(size=3)}
    shared.add("model", vectors)
    assert shared.find("model", vectors) == {}  # no block is open
    with shared.open():
        with shared.open():
            shared.add("model", vectors)
        found = shared.find("model", [b"a", b"c"])
        np.testing.assert_array_equal(found.pop(b"a"), vectors[b"a"])
        assert not found
        assert shared.find("another model", vectors) == {}
    assert not shared.is_open
    with shared.open():
        assert shared.find("model", vectors) == {}


def test_the_time_of_shared_vectors_counts_while_they_are_kept():
    shared = SharedVectors()
    shared.count(1.0)  # no block is open
    with shared.open():
        shared.count(2.0)
        shared.count(3.0)
        assert shared.seconds == 5
    assert shared.seconds == 0


def test_an_error_ends_a_block():
    shared = SharedVectors()
    with pytest.raises(KeyError), shared.open():
        raise KeyError
    assert not shared.is_open


def test_no_more_vectors_are_shared_than_fit_into_memory():
    shared = SharedVectors(max_bytes=100)
    with shared.open():
        shared.add("model", {bytes([k]): np.zeros(10, np.float32) for k in range(5)})
        assert set(shared.find("model", [bytes([k]) for k in range(5)])) == {b"\0", b"\1"}


def test_threads_share_vectors():
    shared, keys = SharedVectors(), [bytes([k]) for k in range(100)]

    def add(number):
        with shared.open():
            for key in keys:
                shared.add(str(number), {key: np.full(3, number)})
                assert key in shared.find(str(number), [key])

    with shared.open():
        Parallel(4, backend="threading")(delayed(add)(number) for number in range(8))
        assert all(len(shared.find(str(number), keys)) == 100 for number in range(8))


def test_settings_count_in_the_key_of_a_row():
    row = np.zeros((1, 3))
    assert row_keys(row) != row_keys(row, settings=b"scaled")
