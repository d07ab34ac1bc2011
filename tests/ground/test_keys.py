"""Keys that the client makes sort by the time at which they were made, and never repeat."""

from __future__ import annotations

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from time import time

import pytest

from rowsmith import keys
from rowsmith.keys import uuid7


def test_the_bits_are_where_the_standard_wants_them():
    before = int(time() * 1000)
    made = uuid7()
    assert type(made) is uuid.UUID
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= int(time() * 1000) + 1


def test_each_is_larger_than_the_one_before():
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert [key.hex for key in made] == sorted(key.hex for key in made)


def test_threads_never_make_the_same_one():
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda _: [uuid7() for _ in range(5_000)], range(8)))
    assert all(part == sorted(part) for part in parts)
    assert len({key for part in parts for key in part}) == 40_000


def test_a_clock_that_is_set_back_does_not_lead_back(monkeypatch):
    first = uuid7()
    monkeypatch.setattr(keys, "time_ns", lambda: 1_000_000)
    second, third = uuid7(), uuid7()
    assert first < second < third


def test_a_millisecond_with_too_many_goes_over_into_the_next(monkeypatch):
    sequence = keys._Sequence()
    monkeypatch.setattr(keys, "_sequence", sequence)
    monkeypatch.setattr(keys, "time_ns", lambda: 5_000_000)
    first = uuid7()
    sequence._count = keys._LARGEST
    second = uuid7()
    assert (first.int >> 80, second.int >> 80) == (5, 6)
    assert second.version == 7


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_process_counts_for_itself():
    before = keys._sequence
    uuid7()
    keys._forget()
    assert keys._sequence is not before
    assert keys._sequence._moment == 0
