"""Behind PgBouncer in transaction mode: what can work there works, and the rest is refused with the way that does."""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from datetime import UTC, datetime

import pytest

import rowsmith
from rowsmith import aio, config, models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import ImproperlyConfigured, NotSupportedError, StatementTimeout
from rowsmith.models import F
from tests import servers

SERVER_CONNECTIONS = 2


class Parcel(models.Model):
    name = models.CharField(max_length=20)
    sent = models.DateTimeField(null=True)
    weight = models.IntegerField(default=0)


class Stop(models.Model):
    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="stops")
    place = models.CharField(max_length=20)


@pytest.fixture(scope="module")
def bouncer(postgresql_url):
    try:
        with servers.pgbouncer(postgresql_url, SERVER_CONNECTIONS) as url:
            yield url
    except servers.ServerMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture
def pooled(bouncer):
    """The tables behind the pooler; more connections to it than it has to the server."""
    rowsmith.configure(f"{bouncer}?pooling=transaction&max_size=10")
    rowsmith.create_tables(Parcel, Stop, if_not_exists=True)
    yield connections["default"]
    rowsmith.drop_tables(Parcel, Stop)
    rowsmith.close_all()
    config.install(None)


def backend():
    return connections["default"].fetch("SELECT pg_backend_pid()", (), list)[0][0]


def work(number):
    parcel = Parcel.objects.create(name=str(number), sent=datetime(2024, 1, 1, tzinfo=UTC))
    with transaction.atomic():
        held = Parcel.objects.select_for_update().get(pk=parcel.pk)
        with transaction.atomic():
            Stop.objects.bulk_create([Stop(parcel=held, place=place) for place in "abc"])
        Parcel.objects.filter(pk=held.pk).update(weight=F("weight") + number)
    (found,) = Parcel.objects.filter(pk=parcel.pk).prefetch_related("stops")
    assert found.sent == parcel.sent and found.weight == number
    assert [stop.place for stop in found.stops.all()] == ["a", "b", "c"]
    assert len(list(Stop.objects.filter(parcel=parcel).iterator(chunk_size=2))) == 3


def check_all(numbers):
    assert Parcel.objects.count() == numbers
    assert Stop.objects.count() == 3 * numbers
    assert sum(Parcel.objects.values_list("weight", flat=True)) == sum(range(numbers))


def test_threads_share_two_connections_of_the_server(pooled):
    errors, pids = [], set()

    def run(first):
        try:
            for number in range(first, 80, 8):  # more than five of each kind, after which statements are prepared
                work(number)
                pids.add(backend())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    check_all(80)
    # One is of fixtures that made the tables; connections may be replaced, but were not many.
    assert len(pids) <= SERVER_CONNECTIONS
    assert pooled.figures.size > SERVER_CONNECTIONS


def in_a_loop(test):
    @functools.wraps(test)
    def run(pooled):
        asyncio.run(test(pooled))

    return run


@in_a_loop
async def test_tasks_share_two_connections_of_the_server(pooled):
    await asyncio.gather(*[aio.run(work, number) for number in range(60)])

    async def awork(number):
        async with transaction.atomic():
            await Parcel.objects.acreate(name="native", weight=number)
        return [parcel async for parcel in Parcel.objects.filter(name="native")]

    await asyncio.gather(*[awork(number) for number in range(60, 90)])
    assert await Parcel.objects.acount() == 90
    await rowsmith.aclose_all()


def test_times_are_in_utc_whoever_used_the_connection_before(pooled, bouncer):
    """The zone is among what PgBouncer keeps for each client."""
    rowsmith.configure(
        {
            "default": f"{bouncer}?pooling=transaction",
            "berlin": {"URL": f"{bouncer}?pooling=transaction", "TIME_ZONE": "Europe/Berlin"},
        }
    )
    for _ in range(20):
        assert connections["berlin"].fetch("SHOW TimeZone", (), list) == [("Europe/Berlin",)]
        assert connections["default"].fetch("SHOW TimeZone", (), list) == [("UTC",)]


def test_a_transaction_stays_on_its_connection(pooled):
    with transaction.atomic():
        assert len({backend() for _ in range(5)}) == 1
        with pooled.lease(), pooled.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '5MB'")
            cursor.execute("SHOW work_mem")
            assert cursor.fetchall() == [("5MB",)]
            cursor.execute("SELECT pg_advisory_xact_lock(7)")
            cursor.execute("CREATE TEMPORARY TABLE passing (n integer) ON COMMIT DROP")
            cursor.execute("SELECT set_config('work_mem', '6MB', true)")
    pooled.check_constraints()
    with pooled.constraint_checks_disabled():
        Parcel.objects.count()


@pytest.mark.parametrize(
    "sql, instead",
    [
        ("SET work_mem = '5MB'", "SET LOCAL"),
        ("  -- why\n set session work_mem to '5MB'", "SET LOCAL"),
        ("SET ROLE postgres", "SET LOCAL"),
        ("SELECT set_config('work_mem', '5MB', false)", "set_config"),
        ("SELECT pg_advisory_lock(1)", "pg_advisory_xact_lock"),
        ("SELECT pg_try_advisory_lock_shared(1)", "pg_advisory_xact_lock"),
        ("LISTEN news", "goes to the server itself"),
        ("PREPARE one AS SELECT 1", "the statement itself"),
        ("DEALLOCATE ALL", "the statement itself"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "iterator"),
        ("CREATE TEMP TABLE staying (n integer)", "ON COMMIT DROP"),
        ("LOAD 'auto_explain'", "shared_preload_libraries"),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_what_needs_a_session_is_refused(pooled, sql, instead, inside):
    with pytest.raises(NotSupportedError, match="pooling='transaction'") as caught, pooled.cursor() as cursor:
        if inside:
            with transaction.atomic():
                cursor.execute(sql)
        else:
            cursor.execute(sql)
    assert instead in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SET TimeZone TO 'UTC'",
        "SET application_name = 'shop'",
        "SET LOCAL statement_timeout = '5s'",
        "SET TRANSACTION READ ONLY",
        "SET CONSTRAINTS ALL DEFERRED",
        "NOTIFY news",
        "SELECT 'LISTEN to me; SET x'",
        "SELECT pg_advisory_xact_lock(1)",
    ],
)
def test_what_looks_like_it_and_needs_no_session_works(pooled, sql):
    with transaction.atomic(), pooled.cursor() as cursor:
        cursor.execute(sql)


def test_a_lease_without_a_transaction_is_refused(pooled):
    with pytest.raises(NotSupportedError, match="with transaction.atomic"), pooled.lease():
        pass


def test_limits_of_time_hold_and_leave_nothing_behind(pooled, bouncer):
    rowsmith.configure(f"{bouncer}?pooling=transaction&statement_timeout=0.2")
    connection = connections["default"]
    with pytest.raises(StatementTimeout):
        connection.fetch("SELECT pg_sleep(100000)", (), list)
    with pytest.raises(StatementTimeout), rowsmith.statement_timeout(0.05), transaction.atomic():
        connection.fetch("SELECT pg_sleep(100000)", (), list)
    assert connection.fetch("SHOW statement_timeout", (), list) == [("0",)]
    assert connection.figures.in_use == 0


@in_a_loop
async def test_cancelled_statements_end_on_the_server(pooled):
    task = asyncio.create_task(pooled.afetch("SELECT pg_sleep(100000)", (), list))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while await pooled.afetch(  # noqa: ASYNC110  the server has no event to wait for
        "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(100000)' AND state = 'active'", (), list
    ):
        await asyncio.sleep(0.01)
    await rowsmith.aclose_all()


def test_run_finds_out_what_became_of_a_transaction(pooled):
    assert transaction.run(Parcel.objects.create, name="once", exactly_once=True).pk


def test_a_role_for_every_session_is_refused(bouncer):
    rowsmith.configure(f"{bouncer}?pooling=transaction&assume_role=postgres")
    with pytest.raises(ImproperlyConfigured, match="assume_role"):
        connections["default"]
    config.install(None)


def test_pooling_is_refused_where_it_means_nothing():
    rowsmith.configure("sqlite://?pooling=transaction")
    with pytest.raises(ImproperlyConfigured, match="for PostgreSQL"):
        connections["default"]
    config.install(None)
