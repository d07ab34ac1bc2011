"""Statements that take too long are ended: by a limit of the database, of a block, of a queryset, or by a deadline."""

from __future__ import annotations

import asyncio
import pickle
import threading

import pytest

import rowsmith
from rowsmith import config, models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import (
    DatabaseError,
    DeadlineExceeded,
    PoolTimeout,
    QueryCanceled,
    StatementTimeout,
    TransactionManagementError,
)
from rowsmith.models import Func, IntegerField

feature = pytest.mark.feature

# Statements that would take hours: only what ends them lets a test end.
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(i) FROM n",
    "postgresql": "SELECT 1 FROM pg_sleep(100000)",
}
SHORT, LONG = 0.05, 60


class Chore(models.Model):
    name = models.CharField(max_length=20)


class Endless(Func):
    """As an annotation: a value that takes hours to compute."""

    output_field = IntegerField()

    def __init__(self):
        super().__init__()

    def as_sql(self, compiler, connection, **extra):
        return f"({ENDLESS[connection.vendor]})", []


def endless():
    return Chore.objects.annotate(value=Endless())


@pytest.fixture
def chores(tables):
    tables(Chore)
    Chore.objects.create(name="sweep")
    return connections["default"]


def check_usable(connection):
    assert connection.figures.in_use == 0
    assert connection.fetch("SELECT 7", (), list) == [(7,)]
    assert Chore.objects.get().name == "sweep"


def test_a_block_limits_each_of_its_statements(chores):
    with pytest.raises(StatementTimeout, match=r"ended after 0\.05 s.*rowsmith\.statement_timeout") as caught:
        with rowsmith.statement_timeout(SHORT):
            list(endless())
    assert isinstance(caught.value, QueryCanceled)
    check_usable(chores)


async def test_a_block_of_a_coroutine_limits_each_of_its_statements(chores):
    with pytest.raises(StatementTimeout):
        async with rowsmith.statement_timeout(SHORT):
            async for _ in endless():
                pass
    assert chores.figures.in_use == 0
    assert (await Chore.objects.aget()).name == "sweep"


@pytest.mark.parametrize(
    "ask",
    [
        list,
        lambda rows: rows.first(),
        lambda rows: rows.get(),
        lambda rows: rows.filter(value=1).count(),
        lambda rows: rows.filter(value=1).exists(),
        lambda rows: rows.filter(value=1).update(name="x"),
        lambda rows: rows.filter(value=1).delete(),
        lambda rows: list(rows.iterator(chunk_size=1)),
        lambda rows: rows.aggregate(models.Max("value")),
        lambda rows: list(rows.values_list("value")),
        lambda rows: rows[:1].get(),
    ],
)
def test_a_queryset_limits_its_statements(chores, ask):
    with pytest.raises(StatementTimeout):
        ask(endless().timeout(SHORT))
    check_usable(chores)
    assert Chore.objects.timeout(LONG).get().name == "sweep"


async def test_a_queryset_limits_its_statements_in_coroutines(chores):
    rows = endless().timeout(SHORT)
    for ask in (rows.aget, rows.afirst, rows.filter(value=1).acount, rows.filter(value=1).aexists):
        with pytest.raises(StatementTimeout):
            await ask()
    with pytest.raises(StatementTimeout):
        _ = [row async for row in rows]
    with pytest.raises(StatementTimeout):
        _ = [row async for row in rows.aiterator()]
    assert chores.figures.in_use == 0


def test_a_limit_stays_with_what_is_made_of_the_queryset(chores):
    rows = Chore.objects.timeout(LONG).filter(name="sweep").order_by("pk")
    assert rows._timeout == LONG
    assert rows.timeout(2 * LONG)._timeout == LONG
    assert rows.timeout(1)._timeout == 1
    copy = pickle.loads(pickle.dumps(rows))
    assert (copy._timeout, list(copy)) == (LONG, list(rows))
    assert isinstance(rows, type(Chore.objects.all()))


@pytest.mark.parametrize("block", ["statement_timeout", "deadline"])
def test_a_transaction_can_only_be_rolled_back_after_a_timeout(chores, block):
    with transaction.atomic():
        Chore.objects.create(name="lost")
        with pytest.raises(StatementTimeout), getattr(rowsmith, block)(SHORT):
            list(endless())
        with pytest.raises(TransactionManagementError):
            Chore.objects.count()
    check_usable(chores)


def test_a_savepoint_saves_what_came_before_the_timeout(chores):
    with transaction.atomic():
        Chore.objects.update(name="kept")
        with pytest.raises(StatementTimeout), transaction.atomic(), rowsmith.statement_timeout(SHORT):
            Chore.objects.update(name="lost")
            list(endless())
        Chore.objects.filter(name="kept").update(name="sweep")
    check_usable(chores)


def test_a_deadline_ends_the_statement_that_passes_it_and_those_after(chores):
    with rowsmith.deadline(SHORT):
        Chore.objects.get()
        with pytest.raises(DeadlineExceeded, match="while a statement was running"):
            list(endless())
        with pytest.raises(DeadlineExceeded, match="no further statement is sent"):
            Chore.objects.get()
    check_usable(chores)


def test_the_smaller_limit_holds(chores):
    with rowsmith.statement_timeout(LONG), rowsmith.deadline(LONG), rowsmith.statement_timeout(SHORT):
        with rowsmith.statement_timeout(LONG), pytest.raises(StatementTimeout) as caught:
            list(endless())
        assert not isinstance(caught.value, DeadlineExceeded)
        assert Chore.objects.get().name == "sweep"
    with rowsmith.deadline(SHORT), rowsmith.deadline(LONG), pytest.raises(DeadlineExceeded):
        list(endless())
    check_usable(chores)


def test_a_transaction_past_its_deadline_is_not_committed(chores):
    with pytest.raises(DeadlineExceeded):
        with rowsmith.deadline(SHORT), transaction.atomic():
            Chore.objects.update(name="too late")
            threading.Event().wait(2 * SHORT)
    check_usable(chores)


@pytest.mark.plain
def test_a_deadline_ends_the_wait_for_a_connection(chores):
    config.configure({"default": {**connections.settings["default"], "POOL": {"max_size": 1, "timeout": 60}}})
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        with pytest.raises((DeadlineExceeded, PoolTimeout)), rowsmith.deadline(SHORT):
            Chore.objects.get()
    finally:
        done.set()
        holder.join()
    check_usable(connections["default"])


async def test_a_deadline_ends_the_wait_of_a_task_for_a_connection(chores):
    config.configure({"default": {**connections.settings["default"], "POOL": {"max_size": 1, "timeout": 60}}})
    held, done = asyncio.Event(), asyncio.Event()

    async def hold():
        async with transaction.atomic():
            held.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await held.wait()
    with pytest.raises((DeadlineExceeded, PoolTimeout)):
        async with rowsmith.deadline(SHORT):
            await Chore.objects.aget()
    done.set()
    await holder
    assert (await Chore.objects.aget()).name == "sweep"


@pytest.mark.plain
def test_a_deadline_ends_the_wait_for_a_lock(chores):
    """On SQLite the whole file is locked by a transaction that writes; on PostgreSQL the row."""
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Chore.objects.update(name="sweep")
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        with pytest.raises(DeadlineExceeded), rowsmith.deadline(SHORT), transaction.atomic():
            Chore.objects.update(name="never")
    finally:
        done.set()
        holder.join()
    check_usable(chores)


def test_a_database_limits_its_statements(chores):
    config.configure({"default": {**connections.settings["default"], "STATEMENT_TIMEOUT": SHORT}})
    connection = connections["default"]
    with pytest.raises(StatementTimeout):
        list(endless())
    with pytest.raises(StatementTimeout), transaction.atomic():
        list(endless())
    check_usable(connection)


@pytest.mark.only("postgresql")
def test_the_limit_of_a_database_adds_to_its_options(database):
    settings = connections.settings["default"]
    options = {**settings["OPTIONS"], "options": "-c work_mem=5MB"}
    config.configure({"default": {**settings, "STATEMENT_TIMEOUT": 1.5, "OPTIONS": options}})
    connection = connections["default"]
    assert connection.fetch("SHOW statement_timeout", (), list) == [("1500ms",)]
    assert connection.fetch("SHOW work_mem", (), list) == [("5MB",)]


def test_statements_of_ones_own_are_limited_too(chores):
    with rowsmith.statement_timeout(SHORT), chores.cursor() as cursor, pytest.raises(StatementTimeout):
        cursor.execute(ENDLESS[chores.vendor])
    check_usable(chores)


def test_limits_end_with_their_block(chores):
    with rowsmith.statement_timeout(LONG):
        assert chores._special
    assert not chores._special
    limit = rowsmith.statement_timeout(LONG)
    with limit, limit:
        Chore.objects.get()
    check_usable(chores)


@pytest.mark.plain
def test_a_limit_is_that_of_its_own_thread(chores):
    """What ends a statement of one thread ends none of another's."""
    stopped, done = [], threading.Event()

    def limited():
        for _ in range(10):
            try:
                with rowsmith.statement_timeout(0.01):
                    list(endless())
            except DatabaseError as error:
                stopped.append(type(error))
        done.set()

    thread = threading.Thread(target=limited)
    thread.start()
    while not done.is_set():
        assert Chore.objects.get().name == "sweep"
    thread.join()
    assert stopped == [StatementTimeout] * 10
    check_usable(chores)


@pytest.mark.parametrize("seconds", [0, -1, "1", None, True])
@pytest.mark.parametrize("limit", [rowsmith.statement_timeout, rowsmith.deadline, lambda s: Chore.objects.timeout(s)])
def test_what_is_no_time_is_refused(limit, seconds):
    with pytest.raises(ValueError, match="number of seconds above 0"):
        limit(seconds)
