"""Many items in threads: taken in order, told in order, and none in silence."""

import threading
import time
import warnings

import pytest

from bcd_utils.utils.counting import MOST_THREADS, each


def test_results_are_taken_in_the_order_of_their_items_whatever_each_takes():
    taken, told = [], []

    def work(number):
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number**2

    each(work, range(20), 20, taken.append, lambda done, total: told.append((done, total)))
    assert taken == [number**2 for number in range(20)]
    assert told == [(done, 20) for done in range(1, 21)]


def test_a_failure_is_raised_when_its_items_turn_comes_and_what_comes_later_is_not_begun():
    taken, begun = [], []

    def work(number):
        begun.append(number)
        if number == 5:
            raise ValueError("the sixth")
        return number

    with pytest.raises(ValueError, match="the sixth"):
        each(work, range(1000), 1000, taken.append)
    assert taken == [0, 1, 2, 3, 4] and max(begun) <= 5 + MOST_THREADS


def test_no_more_results_are_held_than_there_are_threads():
    held, most, lock = [0], [0], threading.Lock()

    def work(number):
        with lock:
            held[0] += 1
            most[0] = max(most[0], held[0])

    def take(_):
        time.sleep(0.002)
        with lock:
            held[0] -= 1

    each(work, range(40), 40, take)
    assert held == [0] and most[0] <= MOST_THREADS + 1


def test_warnings_that_readers_silence_are_heard_again_afterwards():
    def work(_):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            time.sleep(0.001)

    each(work, range(50), 50, lambda _: None)
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)
