"""transaction.run(): a function as one transaction, begun anew where that may help, and nowhere else."""

from __future__ import annotations

import time

import pytest

from rowsmith import transaction
from rowsmith.db import connections
from rowsmith.exceptions import (
    CommitUnknown,
    ConnectionLost,
    DeadlockDetected,
    IntegrityError,
    NotSupportedError,
    SerializationFailure,
    TransactionManagementError,
)
from rowsmith.models import F
from tests.behaviour.library import Author, Stock, Tag

TRANSIENT = [SerializationFailure("x"), DeadlockDetected("x"), ConnectionLost("x")]


class Failing:
    """A function that writes, and fails with `error` the first `times` times."""

    def __init__(self, error, times):
        self.error, self.times, self.calls = error, times, 0

    def __call__(self, label="new", *, also=None):
        self.calls += 1
        Tag.objects.create(label=label)
        if self.calls <= self.times:
            raise self.error
        return self.calls, also

    async def awaited(self, label="new", *, also=None):
        self.calls += 1
        await Tag.objects.acreate(label=label)
        if self.calls <= self.times:
            raise self.error
        return self.calls, also


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
def test_it_begins_anew_after_what_another_attempt_may_escape(empty_library, error):
    work = Failing(error, 2)
    assert transaction.run(work, "blue", also=5) == (3, 5)
    assert Tag.objects.filter(label="blue").count() == 1


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
async def test_it_begins_anew_in_coroutines_as_well(empty_library, error):
    work = Failing(error, 2)
    assert await transaction.arun(work.awaited, "blue", also=5) == (3, 5)
    assert await Tag.objects.filter(label="blue").acount() == 1


def test_the_last_error_leaves_when_the_attempts_are_used_up(empty_library):
    work = Failing(SerializationFailure("again"), 99)
    with pytest.raises(SerializationFailure, match="again"):
        transaction.run(work, retries=3)
    assert work.calls == 4
    assert not Tag.objects.exists()


def test_no_attempt_begins_after_the_deadline(empty_library):
    work = Failing(DeadlockDetected("x"), 10**6)
    began = time.monotonic()
    with pytest.raises(DeadlockDetected):
        transaction.run(work, retries=10**6, deadline=0.2)
    assert time.monotonic() - began < 5
    assert 1 < work.calls < 10**6


@pytest.mark.parametrize("error", [ValueError("x"), IntegrityError("x"), CommitUnknown("x"), KeyboardInterrupt()])
def test_other_errors_leave_at_once(empty_library, error):
    work = Failing(error, 1)
    with pytest.raises(type(error)):
        transaction.run(work)
    assert work.calls == 1
    assert not Tag.objects.exists()


def test_what_is_to_follow_the_commit_follows_it_once(empty_library):
    done = []

    def work():
        transaction.on_commit(lambda: done.append(len(attempts)))
        attempts.append(1)
        if len(attempts) < 3:
            raise SerializationFailure("x")

    attempts = []
    transaction.run(work)
    assert done == [3]


def test_it_cannot_stand_inside_of_an_atomic_block(empty_library):
    with transaction.atomic(), pytest.raises(TransactionManagementError, match="whole transaction"):
        transaction.run(lambda: None)
    with pytest.raises(TransactionManagementError, match="whole transaction"):
        transaction.run(lambda: transaction.run(lambda: None))


@pytest.mark.plain
def test_a_coroutine_function_is_sent_to_arun(empty_library):
    async def work():
        pass

    with pytest.raises(TypeError, match="await transaction.arun"):
        transaction.run(work)
    with pytest.raises(ValueError, match="retries"):
        transaction.run(lambda: None, retries=-1)


def test_atomic_itself_never_tries_again(empty_library):
    calls = []
    with pytest.raises(SerializationFailure), transaction.atomic():
        calls.append(1)
        raise SerializationFailure("x")
    assert calls == [1]


# Isolation


def level():
    with connections["default"].cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        return cursor.fetchone()[0]


@pytest.mark.only("postgresql")
def test_a_block_has_the_isolation_that_was_asked_for(empty_library):
    for asked, found in (
        ("serializable", "serializable"), ("REPEATABLE_READ", "repeatable read"), ("read committed", "read committed"),
    ):  # fmt: skip
        with transaction.atomic(isolation=asked):
            assert level() == found
    assert transaction.run(level, isolation="serializable") == "serializable"
    assert level() == "read committed"


def test_levels_that_do_not_exist_or_come_too_late_are_refused(empty_library):
    with pytest.raises(ValueError, match="'serializable'"):
        transaction.atomic(isolation="snapshot")
    with transaction.atomic(), pytest.raises(TransactionManagementError, match="outermost"):
        with transaction.atomic(isolation="serializable"):
            pass
    with transaction.atomic(isolation="serializable"):
        Author.objects.create(name="Ann")
    assert Author.objects.count() == 1


@pytest.mark.only("postgresql")
@pytest.mark.plain
def test_two_that_cannot_be_placed_in_one_order_are_both_kept_in_the_end(stock):
    """Each reads what the other writes; one of them has to begin anew, and sees what the other did."""
    import threading

    Stock.objects.bulk_create([Stock(code="a", count=1), Stock(code="b", count=1)])
    barrier = threading.Barrier(2)
    attempts = {"a": 0, "b": 0}

    def take(own):
        attempts[own] += 1
        total = sum(Stock.objects.values_list("count", flat=True))
        if attempts[own] == 1:
            barrier.wait(10)
        if total > 1:
            Stock.objects.filter(code=own).update(count=F("count") - 1)

    threads = [
        threading.Thread(target=transaction.run, args=(take, own), kwargs={"isolation": "serializable"}) for own in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(Stock.objects.values_list("count", flat=True)) == 1
    assert sorted(attempts.values()) == [1, 2]


@pytest.mark.only("sqlite")
def test_exactly_once_needs_a_database_that_tells(empty_library):
    with pytest.raises(NotSupportedError, match="PostgreSQL"):
        transaction.run(lambda: None, exactly_once=True)


@pytest.mark.only("postgresql")
def test_exactly_once_is_like_any_other_where_nothing_is_lost(empty_library):
    assert transaction.run(Failing(DeadlockDetected("x"), 1), exactly_once=True) == (2, None)
    assert transaction.run(Tag.objects.count, exactly_once=True) == 1
