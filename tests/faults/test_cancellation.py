"""Tasks cancelled at any moment of a query or transaction leave no leaked and no dirty connection.

The number of cancellations is 1,500 for each database; ROWSMITH_TEST_CANCELLATIONS sets another, such as
10000.
"""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from rowsmith import aio, config, transaction
from rowsmith.db import connections

ROUNDS = int(os.environ.get("ROWSMITH_TEST_CANCELLATIONS", "1500"))
TASKS = 12

# A statement that takes about a millisecond, so that cancellations find it at work.
SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) SELECT count(i) FROM n",
    "postgresql": "SELECT pg_sleep(0.001)",
}
INSERT = {
    "sqlite": "INSERT INTO pairs (id, side) VALUES (?, ?)",
    "postgresql": "INSERT INTO pairs (id, side) VALUES ($1, $2)",
}
ROWS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n",
    "postgresql": "SELECT generate_series(1, 500)",
}


class Work:
    """What the tasks do: reads, streams, and transactions that add two rows with the same number or none."""

    def __init__(self, connection, dice):
        self.connection = connection
        self.vendor = connection.vendor
        self.dice = dice
        self.numbers = iter(range(1, 10**9))

    async def once(self):
        kind = self.dice.randrange(6)
        if kind == 0:
            await self.connection.afetch(SLOW[self.vendor], (), list)
        elif kind == 1:
            await aio.run(self.connection.fetch, SLOW[self.vendor], (), list)
        elif kind == 2:
            await aio.run(self.read_stream)
        elif kind == 3:
            await aio.run(self.add_pair)
        else:
            await self.aadd_pair(nested=kind == 5)

    def read_stream(self):
        for chunk in self.connection.stream(ROWS[self.vendor], (), 100):
            assert len(chunk) == 100

    def add_pair(self):
        number = next(self.numbers)
        with transaction.atomic():
            self.connection.execute(INSERT[self.vendor], (number, 1))
            self.connection.fetch(SLOW[self.vendor], (), list)
            self.connection.execute(INSERT[self.vendor], (number, 2))

    async def aadd_pair(self, nested):
        number = next(self.numbers)
        async with transaction.atomic():
            await aio.run(self.connection.execute, INSERT[self.vendor], (number, 1))
            if nested:
                async with transaction.atomic():
                    await self.connection.afetch(SLOW[self.vendor], (), list)
            else:
                await asyncio.gather(*[self.connection.afetch(SLOW[self.vendor], (), list) for _ in range(2)])
            await aio.run(self.connection.execute, INSERT[self.vendor], (number, 2))


async def cancel_at_random(work, dice, rounds):
    """Start tasks, cancel each after a random time, and return how many were cancelled and how many finished."""
    ends = {"cancelled": 0, "finished": 0}

    async def one():
        task = asyncio.create_task(work.once())
        await asyncio.sleep(dice.random() ** 2 * 0.02)
        for _ in range(dice.choice([1, 1, 1, 2, 3])):  # an impatient caller cancels again
            task.cancel()
            await asyncio.sleep(dice.choice([0, 0, 0.0005]))
        try:
            await task
        except asyncio.CancelledError:
            ends["cancelled"] += 1
        else:
            ends["finished"] += 1

    async def keep_going():
        # While the disk stands still for a second, all are cancelled in the queue for a connection, which shows little.
        while ends["cancelled"] < rounds or ends["finished"] < rounds // 10:
            await one()

    await asyncio.gather(*[keep_going() for _ in range(TASKS)])
    return ends


def configured_with_small_pool(size, folder):
    settings = dict(connections.settings["default"])
    if settings["ENGINE"] == "sqlite":
        # A small file, whatever other tests have left in theirs: each task has milliseconds.
        settings["NAME"] = str(folder / "cancelled.db")
    settings["POOL"] = {"max_size": size, "timeout": 20}
    config.configure({"default": settings})
    return connections["default"]


@pytest.mark.feature("AS-018")
@pytest.mark.slow
async def test_random_cancellations_leave_no_leaked_and_no_dirty_connection(database, tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    connection = configured_with_small_pool(6, tmp_path)
    await aio.run(connection.execute, "CREATE TABLE pairs (id integer, side integer)")
    try:
        work = Work(connection, dice)
        ends = await cancel_at_random(work, dice, ROUNDS)
        assert ends["cancelled"] >= ROUNDS
        print(ends, connection.figures)

        figures = connection.figures
        assert figures.in_use == figures.waiting == 0
        assert figures.size == figures.idle <= 6
        assert figures.timeouts == 0
        # Every connection that stayed is fit for use, and has no transaction open.
        for pool in connection._pools():
            for raw in pool.idle:
                assert raw.is_idle()
                assert raw.holder is None
        answers = await asyncio.gather(*[connection.afetch("SELECT 7", (), list) for _ in range(30)])
        assert answers == [[(7,)]] * 30
        # No transaction was half kept.
        halves = await connection.afetch(
            "SELECT id FROM pairs GROUP BY id HAVING count(*) <> 2 OR min(side) <> 1 OR max(side) <> 2",
            (),
            list,
        )
        assert halves == []
        whole = await connection.afetch("SELECT count(*) FROM pairs", (), list)
        assert whole[0][0] > 0 or ends["finished"] == 0
        if connection.vendor == "postgresql":
            stuck = await connection.afetch(
                "SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state <> 'idle'",
                (),
                list,
            )
            assert stuck == []
    finally:
        await aio.run(connection.execute, "DROP TABLE pairs")


@pytest.mark.feature("AS-018")
@pytest.mark.only("postgresql")
async def test_a_cancelled_statement_ends_on_the_server(database):
    task = asyncio.create_task(database.afetch("SELECT pg_sleep(30)", (), list))
    while not await database.afetch(  # noqa: ASYNC110  the server has no event to wait for
        "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)' AND state = 'active'", (), list
    ):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await database.afetch(
        "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)' AND state = 'active'", (), list
    )


@pytest.mark.feature("AS-018")
async def test_a_timeout_in_a_transaction_rolls_it_back(database):
    await aio.run(database.execute, "CREATE TABLE pairs (id integer, side integer)")
    endless = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(i) FROM n",
        "postgresql": "SELECT pg_sleep(30)",
    }[database.vendor]
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                async with transaction.atomic():
                    await aio.run(database.execute, INSERT[database.vendor], (1, 1))
                    await database.afetch(endless, (), list)
        assert await database.afetch("SELECT count(*) FROM pairs", (), list) == [(0,)]
        assert database.figures.in_use == 0
    finally:
        await aio.run(database.execute, "DROP TABLE pairs")


@pytest.mark.feature("AS-018")
@pytest.mark.only("postgresql")
async def test_a_connection_given_up_during_a_statement_closes_when_the_statement_ends(database):
    """A descriptor closed while the loop watches it is given to the next connection, which then loses its
    own place in the loop."""
    inside = asyncio.Event()
    statement = raw = None

    async def transact():
        nonlocal statement, raw
        async with transaction.atomic():
            raw = database._session.get().raw
            statement = asyncio.create_task(database.afetch("SELECT 1 FROM pg_sleep(0.5)", (), list))
            await asyncio.sleep(0.05)
            inside.set()
            # Left at the end: the block waits for the statement.

    task = asyncio.create_task(transact())
    await inside.wait()
    await asyncio.sleep(0.05)
    descriptor = raw.native.fileno()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not statement.done()
    os.fstat(descriptor)  # still open, and so it still counts
    assert database.figures.in_use == 1
    assert await statement == [(1,)]
    while not raw.native.closed:  # noqa: ASYNC110  nothing tells when
        await asyncio.sleep(0.001)
    await asyncio.sleep(0)
    assert database.figures.in_use == 0
    assert await asyncio.gather(*[database.afetch("SELECT 1", (), list) for _ in range(3)]) == [[(1,)]] * 3


@pytest.mark.feature("AS-018", "T-013")
async def test_a_swallowed_cancellation_leaves_the_block_fit_for_rollback_only(database):
    from rowsmith.exceptions import TransactionManagementError

    async with transaction.atomic():
        task = asyncio.current_task()
        asyncio.get_running_loop().call_later(0.02, task.cancel)
        endless = {
            "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(i) FROM n",
            "postgresql": "SELECT pg_sleep(30)",
        }[database.vendor]
        with pytest.raises(asyncio.CancelledError):
            await database.afetch(endless, (), list)
        task.uncancel()
        with pytest.raises(TransactionManagementError):
            await database.afetch("SELECT 1", (), list)
    assert await database.afetch("SELECT 1", (), list) == [(1,)]
