"""Killed server backends, restarted servers and full pools cost what they must and no more."""

from __future__ import annotations

import asyncio
import threading

import pytest

from rowsmith import aio, config, transaction
from rowsmith.db import connections
from rowsmith.exceptions import ConnectionLost, DatabaseError, OperationalError, PoolTimeout

feature = pytest.mark.feature


def configured(**pool):
    config.configure({"default": {**connections.settings["default"], "POOL": pool}})
    return connections["default"]


def kill_others(connection):
    """Kill every server process of this database but the one that runs this statement."""
    return connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        (),
        list,
    )


@pytest.fixture
def assassin(database):
    """A connection of its own, outside of the pool under test."""
    other = database.copy("assassin")
    yield other
    other.shut_down()


@pytest.mark.only("postgresql")
@pytest.mark.plain
@feature("CF-011", "XC-019")
def test_a_killed_backend_costs_one_error_and_not_the_pool(assassin):
    connection = configured(max_size=4)
    fill_pool(connection, 4)
    assert connection.figures.idle == 4
    kill_others(assassin)
    with pytest.raises(ConnectionLost):
        connection.fetch("SELECT 1", (), list)
    # The other three lay idle and died as well, and nobody hears of that.
    for _ in range(8):
        assert connection.fetch("SELECT 1", (), list) == [(1,)]
    figures = connection.figures
    assert figures.in_use == 0
    assert figures.size <= 4


def fill_pool(connection, size):
    """Have `size` connections opened, by as many threads at once."""
    barrier = threading.Barrier(size)

    def use():
        with transaction.atomic():
            connection.fetch("SELECT 1", (), list)
            barrier.wait(10)

    threads = [threading.Thread(target=use) for _ in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.only("postgresql")
@feature("CF-011")
async def test_a_killed_backend_costs_one_error_on_an_event_loop_too(assassin):
    connection = configured(max_size=4)

    async def use():
        async with transaction.atomic():
            await connection.afetch("SELECT pg_sleep(0.05)", (), list)

    await asyncio.gather(*[use() for _ in range(4)])
    assert connection.figures.idle == 4
    await aio.run(kill_others, assassin)
    errors = 0
    for _ in range(10):
        try:
            assert await connection.afetch("SELECT 1", (), list) == [(1,)]
        except OperationalError:
            errors += 1
    assert errors == 1
    assert connection.figures.in_use == 0


@pytest.mark.only("postgresql")
@feature("CF-011", "T-021")
def test_a_backend_killed_in_a_transaction_ends_it_and_the_next_one_works(assassin):
    connection = configured(max_size=2)
    with pytest.raises(DatabaseError):
        with transaction.atomic():
            connection.fetch("SELECT 1", (), list)
            kill_others(assassin)
            connection.fetch("SELECT 1", (), list)
    with transaction.atomic():
        assert connection.fetch("SELECT 1", (), list) == [(1,)]
    assert connection.figures.in_use == 0


@pytest.mark.only("postgresql")
@feature("CF-011")
def test_connections_are_asked_after_lying_idle(assassin):
    connection = configured(max_size=2, health_check=0)
    assert connection.fetch("SELECT 1", (), list) == [(1,)]
    kill_others(assassin)
    assert connection.fetch("SELECT 1", (), list) == [(1,)]


@pytest.mark.only("postgresql")
@feature("CF-010", "CF-011")
def test_connections_retire_by_age(database):
    connection = configured(max_size=2, max_lifetime=0)
    for _ in range(3):
        connection.fetch("SELECT 1", (), list)
    assert connection.figures.opened == 3
    assert connection.figures.size == 0


@feature("AS-014", "CF-010")
@pytest.mark.plain
def test_a_full_pool_times_out_and_names_the_holders(database):
    connection = configured(max_size=1, timeout=0.05)
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold, name="the-holder")
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(PoolTimeout, match=r"(?s)1 of 1 are in use.*thread 'the-holder': atomic at .*test_lost"):
            connection.fetch("SELECT 1", (), list)
        assert connection.figures.timeouts == 1
    finally:
        done.set()
        thread.join()
    assert connection.fetch("SELECT 1", (), list) == [(1,)]
    assert connection.figures.in_use == 0


@feature("AS-014")
async def test_tasks_share_a_small_pool_in_turn(database):
    connection = configured(max_size=2, timeout=10)
    answers = await asyncio.gather(*[connection.afetch("SELECT 1", (), list) for _ in range(50)])
    assert answers == [[(1,)]] * 50
    assert connection.figures.size <= 2
    assert connection.figures.in_use == connection.figures.waiting == 0


@feature("AS-014")
async def test_a_full_pool_names_the_task_that_holds_it(database):
    connection = configured(max_size=1, timeout=0.05)
    held = asyncio.Event()

    async def hold():
        async with transaction.atomic():
            held.set()
            await asyncio.sleep(10)

    task = asyncio.create_task(hold(), name="the-holder")
    await held.wait()
    with pytest.raises(PoolTimeout, match=r"task 'the-holder': atomic at .*test_lost"):
        await connection.afetch("SELECT 1", (), list)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await connection.afetch("SELECT 1", (), list) == [(1,)]


@feature("CF-018")
@pytest.mark.only("postgresql")
def test_a_refused_connection_does_not_show_the_password(database):
    settings = {**connections.settings["default"], "PASSWORD": "hunter2", "NAME": "nowhere"}
    config.configure({"default": settings})
    connection = connections["default"]
    with pytest.raises(OperationalError, match="nowhere") as caught:
        connection.fetch("SELECT 1", (), list)
    assert "hunter2" not in f"{caught.value} {connection!r} {connection.settings_dict!r} {connection.settings!r}"
    # Nothing is left behind by the failed attempt.
    assert connection.figures.size == 0


@feature("SL-016")
@pytest.mark.only("sqlite")
@pytest.mark.plain
def test_a_locked_database_is_an_operational_error_after_the_timeout(database):
    settings = {**connections.settings["default"], "OPTIONS": {"timeout": 0.05}}
    config.configure({"default": settings, "other": settings})
    with transaction.atomic():
        with pytest.raises(OperationalError, match="locked"):
            with transaction.atomic(using="other"):
                pass
    with transaction.atomic(using="other"):
        pass
