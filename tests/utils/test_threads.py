"""prefetch reads in threads, in order, a few items ahead."""

import threading
import time

import pytest
from joblib import cpu_count
from threadpoolctl import threadpool_info

from sklearn_crossmodal.utils._threads import one_thread, prefetch


def test_results_come_in_the_order_of_the_items():
    def read(number):
        time.sleep(0.002 * (number % 3))  # later ones are done before earlier ones
        return number**2

    assert list(prefetch(read, range(30))) == [number**2 for number in range(30)]


def test_it_reads_in_other_threads_and_only_a_few_ahead():
    started, threads = [], set()

    def read(number):
        started.append(number)
        threads.add(threading.current_thread())
        return number

    reader = prefetch(read, range(1000))
    assert next(reader) == 0
    time.sleep(0.05)
    assert 1 < len(started) <= cpu_count() + 2
    assert threading.current_thread() not in threads
    reader.close()  # as when training stops in the middle of an epoch
    assert not any(thread.is_alive() for thread in threads)


def test_an_error_comes_out_where_its_result_would():
    def read(number):
        if number == 2:
            raise OSError("broken")
        return number

    reader = prefetch(read, range(9))
    assert [next(reader), next(reader)] == [0, 1]
    with pytest.raises(OSError, match="broken"):
        next(reader)


def test_nothing_to_read_gives_nothing():
    assert list(prefetch(len, [])) == []


def test_one_thread_is_for_one_kind_of_library_and_within_the_context_only():
    def of(user_api):
        return [one["num_threads"] for one in threadpool_info() if one["user_api"] == user_api]

    before = of("blas"), of("openmp")
    with one_thread("blas"):
        assert set(of("blas")) == {1}
        assert of("openmp") == before[1]
    assert (of("blas"), of("openmp")) == before
