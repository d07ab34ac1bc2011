"""Backends are killed, lines are cut and the server is restarted while threads or tasks are at work.

Every failure is a typed error, the pool is whole again within two seconds of the server, and not one connection more
than the pool's limit is ever open.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest

import rowsmith
from rowsmith import aio, config, models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import DatabaseError, OperationalError
from rowsmith.models import F
from rowsmith.signals import connection_created
from tests import servers
from tests.faults.wire import Wire

LIMIT = 5
WORKERS = 12
ROUNDS = int(os.environ.get("ROWSMITH_TEST_BAD_DAYS", "2"))
QUIET = 0.4
"""Seconds without any error after which the pool counts as whole."""

pytestmark = [pytest.mark.slow, pytest.mark.feature("CF-010", "CF-011")]


class Ledger(models.Model):
    number = models.IntegerField(default=0)


class Line(models.Model):
    ledger = models.ForeignKey(Ledger, models.CASCADE)
    amount = models.IntegerField()


@pytest.fixture(scope="module")
def server():
    try:
        with servers.restartable_postgresql() as found:
            yield found
    except servers.ServerMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture
def wire(server):
    """The server, reached through a line that can be cut, by a pool of few connections."""
    wire = Wire("127.0.0.1", server.port)
    url = f"postgresql://postgres@127.0.0.1:{wire.port}/postgres?max_size={LIMIT}&pool_timeout=30&connect_timeout=5"
    rowsmith.configure(url)
    rowsmith.create_tables(Ledger, Line)
    Ledger.objects.create(pk=1)
    connections["default"].close()
    yield wire
    rowsmith.drop_tables(Ledger, Line)
    rowsmith.close_all()
    config.install(None)
    wire.close()


def open_sockets(port):
    """How many sockets of this process lead to `port`, as the kernel counts them."""
    own = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            own.add(os.readlink(descriptor))
        except OSError:
            pass  # closed meanwhile
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].partition(":")[2], 16) == port and f"socket:[{fields[9]}]" in own:
            count += 1
    return count


class Load:
    """What the workers do, what became of it, and how many connections there were at most."""

    def __init__(self, port):
        self.port = port
        self.stopped = False
        self.errors = []
        self.last_error = 0.0
        self.done = 0
        self.most = 0
        connection_created.connect(self.count, weak=False)

    def count(self, **_):
        self.most = max(self.most, open_sockets(self.port))

    def failed(self, error):
        self.errors.append(error)
        self.last_error = time.monotonic()

    def once(self, dice):
        if dice.random() < 0.5:
            Ledger.objects.get(pk=1)
        else:
            with transaction.atomic():
                Line.objects.create(ledger_id=1, amount=1)
                with transaction.atomic():
                    Ledger.objects.filter(pk=1).update(number=F("number") + 1)

    async def aonce(self, dice):
        if dice.random() < 0.5:
            await Ledger.objects.aget(pk=1)
        else:
            async with transaction.atomic():
                await Line.objects.acreate(ledger_id=1, amount=1)
                async with transaction.atomic():
                    await Ledger.objects.filter(pk=1).aupdate(number=F("number") + 1)

    def work(self, number):
        dice = random.Random(number)
        while not self.stopped:
            try:
                self.once(dice)
                self.done += 1
            except BaseException as error:
                self.failed(error)
                time.sleep(0.01)

    async def awork(self, number):
        dice = random.Random(number)
        while not self.stopped:
            try:
                await self.aonce(dice)
                self.done += 1
            except BaseException as error:
                self.failed(error)
                await asyncio.sleep(0.01)


def kill_backends(server, wire):
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def cut_lines(server, wire):
    wire.drop_all()


def restart(server, wire):
    server.stop(signal.SIGINT)
    time.sleep(0.2)
    server.start()


def crash(server, wire):
    server.stop(signal.SIGQUIT)
    server.start()


BAD_THINGS = (kill_backends, cut_lines, restart, crash)


def bring_bad_days(load, server, wire, recoveries):
    """Do each bad thing in turn, and note how long it took until nothing failed any more."""
    for bad_thing in BAD_THINGS * ROUNDS:
        time.sleep(0.1)
        done, errors = load.done, len(load.errors)
        bad_thing(server, wire)
        ready = time.monotonic()
        while time.monotonic() - max(load.last_error, ready) < QUIET or load.done == done:
            time.sleep(0.01)
            if time.monotonic() - ready > 20:
                raise AssertionError(f"No end of errors after {bad_thing.__name__}: {load.errors[-1]!r}")
        recoveries.append((bad_thing.__name__, max(load.last_error - ready, 0), len(load.errors) - errors))
    load.stopped = True


def check(load, recoveries):
    print(f"{load.done} done, {len(load.errors)} errors, {load.most} connections at most")
    for name, seconds, errors in recoveries:
        print(f"{name}: {errors} errors, whole after {seconds:.3f} s")
        assert seconds <= 2
    assert load.errors
    assert {type(error) for error in load.errors if not isinstance(error, DatabaseError)} == set()
    assert all(isinstance(error, OperationalError) for error in load.errors), {type(error) for error in load.errors}
    assert 0 < load.most <= LIMIT
    connection = connections["default"]
    figures = connection.figures
    assert figures.in_use == figures.waiting == 0
    assert figures.size == figures.idle <= LIMIT
    ledger = Ledger.objects.get()
    assert ledger.number == Line.objects.count() > 0


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="sockets are counted in /proc")
def test_threads_at_work_when_servers_die(server, wire):
    load = Load(wire.port)
    recoveries = []
    workers = [threading.Thread(target=load.work, args=(number,), daemon=True) for number in range(WORKERS)]
    try:
        for worker in workers:
            worker.start()
        bring_bad_days(load, server, wire, recoveries)
        for worker in workers:
            worker.join(10)
            assert not worker.is_alive()
    finally:
        load.stopped = True
        connection_created.disconnect(load.count)
    check(load, recoveries)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="sockets are counted in /proc")
def test_tasks_at_work_when_servers_die(server, wire):
    load = Load(wire.port)
    recoveries = []

    async def main():
        workers = [asyncio.create_task(load.awork(number)) for number in range(WORKERS)]
        await asyncio.to_thread(bring_bad_days, load, server, wire, recoveries)
        await asyncio.gather(*workers)
        await aio.run(check, load, recoveries)
        await rowsmith.aclose_all()

    try:
        asyncio.run(main())
    finally:
        load.stopped = True
        connection_created.disconnect(load.count)
