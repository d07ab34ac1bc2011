"""Every public entry point is cancelled at each of its suspension points in turn.

Whatever the point: the task ends cancelled, what it wrote is there as a whole or not at all, and the connection is
back in the pool, clean, or gone. Each entry is walked with one cancellation, and with a caller that cancels again at
every later point.
"""

from __future__ import annotations

import asyncio
import functools
import inspect

import pytest

import rowsmith
from rowsmith import aio, asgi, config, models, transaction
from rowsmith.db import Connection, connections
from rowsmith.db.cursor import Cursor
from rowsmith.db.transactions import Atomic
from rowsmith.models import Count, F
from rowsmith.models.persistence import Persistence
from rowsmith.models.related import Related, Removing
from rowsmith.queryset.raw import RawQuerySet
from rowsmith.queryset.reading import Reading

pytestmark = pytest.mark.slow


class Keeper(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Beast(models.Model):
    keeper = models.ForeignKey(Keeper, models.CASCADE, null=True, related_name="beasts")
    name = models.CharField(max_length=20, unique=True)
    friends = models.ManyToManyField("self", symmetrical=False)


class Lion(Beast):
    roar = models.IntegerField(default=0)


class Later(models.Model):
    """Its table is made and dropped by what is walked."""

    name = models.CharField(max_length=20, db_index=True)
    number = models.IntegerField(db_index=True)


KEEPERS = (Keeper, Beast, Lion)


class Walk:
    """An awaitable that runs a coroutine and cancels the task around it when it suspends for the `at`-th time.

    again:  cancel at every suspension after that, too.
    """

    def __init__(self, coroutine, at, again):
        self.coroutine, self.at, self.again = coroutine, at, again
        self.suspensions = 0

    def __await__(self):
        steps = self.coroutine.__await__()
        step = functools.partial(steps.send, None)
        while True:
            try:
                waited_for = step()
            except StopIteration as end:
                return end.value
            self.suspensions += 1
            if self.suspensions == self.at or (self.again and self.suspensions > self.at):
                asyncio.current_task().cancel()
            try:
                yield waited_for
            except BaseException as error:
                step = functools.partial(steps.throw, error)
            else:
                step = functools.partial(steps.send, None)


# --- what is walked: (the methods that an entry shows, the entry); reads first ---------------------------------------

READS = {}
WRITES = {}


def entry(table, *shows):
    def keep(func):
        table[func.__name__] = (shows, func)
        return func

    return keep


async def leo():
    return await Lion.objects.aget(name="Leo")


def reads(name, *shows):
    """An entry of one awaited expression."""

    def keep(func):
        async def walked():
            await func()

        READS[name] = (shows, walked)

    return keep


def q():
    return Beast.objects.order_by("name")


reads("aget", Reading.aget)(lambda: Beast.objects.aget(name="Ann"))
reads("acount", models.QuerySet.acount)(lambda: q().acount())
reads("aexists", models.QuerySet.aexists)(lambda: q().aexists())
reads("afirst", models.QuerySet.afirst)(lambda: q().afirst())
reads("alast", models.QuerySet.alast)(lambda: q().alast())
reads("aearliest", models.QuerySet.aearliest)(lambda: q().aearliest("pk"))
reads("alatest", models.QuerySet.alatest)(lambda: q().alatest("pk"))
reads("ain_bulk", models.QuerySet.ain_bulk)(lambda: Beast.objects.ain_bulk())
reads("aaggregate", models.QuerySet.aaggregate)(lambda: q().aaggregate(n=Count("pk")))
reads("aexplain", models.QuerySet.aexplain)(lambda: q().aexplain())
reads("execute below the bridge")(lambda: aio.run(connections["default"].fetch, "SELECT 1", (), list))
reads("plain code", aio.run)(lambda: aio.run(lambda: [list(beast.friends.all()) for beast in Beast.objects.all()]))


@entry(READS, Reading.__aiter__)
async def iterate():
    assert [beast.name async for beast in q().select_related("keeper")]


@entry(READS, Reading.aiterator)
async def stream():
    assert [beast.name async for beast in q().aiterator(chunk_size=2)]


@entry(READS)
async def stream_and_prefetch():
    assert [beast.name async for beast in q().prefetch_related("friends").aiterator(chunk_size=2)]


@entry(READS, RawQuerySet.__aiter__)
async def raw():
    assert [beast async for beast in Beast.objects.raw(f"SELECT * FROM {Beast._meta.db_table}")]


@entry(READS)
async def prefetch():
    assert [beast async for beast in q().prefetch_related("friends", "keeper__beasts")]


@entry(READS, models.aprefetch_related_objects)
async def prefetch_objects():
    await models.aprefetch_related_objects([await leo()], "friends")


@entry(READS)
async def block():
    async with transaction.atomic():
        await q().acount()
        async with transaction.atomic():
            await q().acount()


@entry(READS)
async def limited():
    async with rowsmith.deadline(600), rowsmith.statement_timeout(60):
        assert [beast.name async for beast in q().timeout(60)]
        assert [beast.name async for beast in q().timeout(60).aiterator(chunk_size=2)]
        await aio.run(q().count)


@entry(READS, models.QuerySet.acontains)
async def acontains():
    await q().acontains(Beast(pk=1))


@entry(READS, models.Model.aload)
async def aload():
    await (await leo()).aload("keeper")


@entry(READS, Persistence.arefresh_from_db)
async def arefresh_from_db():
    await (await leo()).arefresh_from_db()


@entry(READS, Cursor.aexecute, Cursor.__aenter__, Cursor.__aexit__, Cursor.__aiter__)
async def cursor():
    async with connections["default"].cursor() as cursor:
        await cursor.aexecute("SELECT %s", [1])
        assert [row async for row in cursor] == [(1,)]


@entry(READS, Connection.afetch)
async def afetch():
    await connections["default"].afetch("SELECT 1", (), list)


@entry(READS, rowsmith.aclose_all, rowsmith.lifespan.__aenter__, rowsmith.lifespan.__aexit__)
async def lifespan():
    async with rowsmith.lifespan():
        pass


@entry(WRITES, models.QuerySet.acreate)
async def acreate():
    await Lion.objects.acreate(name="New")


@entry(WRITES, models.QuerySet.aget_or_create)
async def aget_or_create():
    await Lion.objects.aget_or_create(name="New")


@entry(WRITES, models.QuerySet.aupdate_or_create)
async def aupdate_or_create():
    await Lion.objects.aupdate_or_create(name="Leo", defaults={"roar": 7})


@entry(WRITES, models.QuerySet.abulk_create)
async def abulk_create():
    await Beast.objects.abulk_create([Beast(name=f"new {number}") for number in range(5)], batch_size=2)


@entry(WRITES, models.QuerySet.abulk_update)
async def abulk_update():
    beasts = [beast async for beast in q()]
    for beast in beasts:
        beast.name += "!"
    await Beast.objects.abulk_update(beasts, ["name"], batch_size=2)


@entry(WRITES, models.QuerySet.aupdate)
async def aupdate():
    await Lion.objects.aupdate(roar=F("roar") + 1, name="both tables")


@entry(WRITES, models.QuerySet.adelete)
async def adelete_all():
    await Keeper.objects.all().adelete()


@entry(WRITES, Persistence.asave)
async def asave():
    lion = await leo()
    lion.name, lion.roar = "Leopold", 5
    await lion.asave()


@entry(WRITES, Persistence.adelete)
async def adelete():
    await (await leo()).adelete()


@entry(WRITES, Related.aadd)
async def aadd():
    await (await leo()).friends.aadd(await Beast.objects.aget(name="Bob"), await Beast.objects.aget(name="Cid"))


@entry(WRITES, Related.aset)
async def aset():
    await (await leo()).friends.aset([await Beast.objects.aget(name="Bob")])


@entry(WRITES, Related.acreate)
async def related_acreate():
    await (await leo()).friends.acreate(name="New")


@entry(WRITES, Related.aget_or_create)
async def related_aget_or_create():
    await (await leo()).friends.aget_or_create(name="New")


@entry(WRITES, Related.aupdate_or_create)
async def related_aupdate_or_create():
    await (await leo()).friends.aupdate_or_create(name="Ann", defaults={"keeper": None})


@entry(WRITES, Removing.aremove)
async def aremove():
    await (await leo()).friends.aremove(await Beast.objects.aget(name="Ann"))


@entry(WRITES, Removing.aclear)
async def aclear():
    await (await leo()).friends.aclear()


@entry(WRITES, Cursor.aexecutemany)
async def aexecutemany():
    async with transaction.atomic(), connections["default"].cursor() as cursor:
        await cursor.aexecutemany(f"INSERT INTO {Keeper._meta.db_table} (name) VALUES (%s)", [["a"], ["b"], ["c"]])


@entry(WRITES, Atomic.__aenter__, Atomic.__aexit__)
async def blocks():
    async with transaction.atomic():
        await Keeper.objects.acreate(name="one")
        async with transaction.atomic():
            await Keeper.objects.acreate(name="two")
        try:
            async with transaction.atomic():
                await Keeper.objects.acreate(name="undone")
                raise LookupError
        except LookupError:
            pass
        await Keeper.objects.acreate(name="three")


@entry(WRITES)
async def limited_block():
    async with rowsmith.deadline(600), transaction.atomic():
        await Keeper.objects.acreate(name="one")
        async with rowsmith.statement_timeout(60), transaction.atomic():
            await Keeper.objects.acreate(name="two")


@entry(WRITES, asgi.AtomicRequests.__call__)
async def request():
    async def app(scope, receive, send):
        await Keeper.objects.acreate(name="one")
        await Keeper.objects.acreate(name="two")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": scope["streamed"]})

    async def send(message):
        await asyncio.sleep(0)

    await asgi.AtomicRequests(app)({"type": "http", "streamed": False}, None, send)


@entry(WRITES)
async def tasks_in_a_block():
    async with transaction.atomic():
        await asyncio.gather(*[Keeper.objects.acreate(name=f"task {number}") for number in range(3)])


@entry(WRITES, transaction.arun)
async def arun():
    async def work():
        await Keeper.objects.acreate(name="one")
        await Keeper.objects.acreate(name="two")

    await transaction.arun(work)


@entry(WRITES)
async def plain_code_that_writes():
    def work():
        with transaction.atomic():
            keeper = Keeper.objects.create(name="new")
            keeper.beasts.set(Beast.objects.all())
            Lion.objects.filter(name="Leo").delete()

    await aio.run(work)


@entry(WRITES, rowsmith.acreate_tables)
async def acreate_tables():
    await rowsmith.acreate_tables(Later)


@entry(WRITES, rowsmith.adrop_tables)
async def adrop_tables():
    await rowsmith.adrop_tables(Later)


# --- the walk --------------------------------------------------------------------------------------------------------


def fill():
    keepers = Keeper.objects.bulk_create([Keeper(name="Kim"), Keeper(name="Kay")])
    beasts = Beast.objects.bulk_create([Beast(name=name, keeper=keepers[0]) for name in ("Ann", "Bob", "Cid", "Dan")])
    Lion.objects.create(name="Leo", keeper=keepers[1]).friends.add(beasts[0])


def content():
    """All that is in the tables, apart from keys, and which tables there are."""
    [[later]] = connections["default"].fetch(
        {
            "sqlite": f"SELECT count(*) FROM sqlite_master WHERE tbl_name = '{Later._meta.db_table}'",
            "postgresql": "SELECT count(*) FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid "
            f"WHERE '{Later._meta.db_table}' IN (c.relname, i.indrelid::regclass::text) AND relkind IN ('r', 'i')",
        }[connections["default"].vendor],
        (),
        list,
    )
    return (
        later,
        set(Keeper.objects.values_list("name", flat=True)),
        set(Beast.objects.values_list("name", "keeper__name", "friends__name")),
        set(Lion.objects.values_list("name", "roar")),
    )


def check_pool(connection, size):
    figures = connection.figures
    assert figures.in_use == figures.waiting == 0, figures
    assert figures.size == figures.idle <= size
    for raw in connection._pool_of(asyncio.get_running_loop()).idle:
        assert raw.is_idle() and raw.holder is None


def configured(max_size):
    settings = dict(connections.settings["default"])
    settings["ATOMIC_REQUESTS"] = True
    settings["POOL"] = {"timeout": 20, "min_size": 1, "max_size": max_size}
    config.configure({"default": settings})
    return connections["default"]


async def walk(make, again, between, first=None):
    """Cancel `make()` at its first suspension, its second, ... until it gets through; return how many there were."""
    at = 0
    while True:
        at += 1
        if first is not None:
            await first()
        walked = Walk(make(), at, again)

        async def run(walked=walked):
            return await walked

        task = asyncio.create_task(run())
        await asyncio.wait([task])
        if walked.suspensions < at:
            task.result()
            return at - 1
        assert task.cancelled(), (at, task)
        await between(at)


AGAIN = pytest.mark.parametrize("again", [False, True], ids=["once", "again and again"])


@AGAIN
@pytest.mark.parametrize("name", READS)
@pytest.mark.feature("AS-018")
async def test_a_read_can_be_cancelled_anywhere(database, tables, name, again):
    await aio.run(tables, *KEEPERS)
    await aio.run(fill)
    connection = configured(2)

    async def between(at):
        check_pool(connection, 2)
        assert await connection.afetch("SELECT 7", (), list) == [(7,)]

    assert await walk(READS[name][1], again, between) > 0
    check_pool(connection, 2)


@AGAIN
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.feature("AS-018", "T-002")
async def test_a_write_can_be_cancelled_anywhere(database, tables, name, again):
    connection = configured(2)

    async def prepare():
        await aio.run(tables, *KEEPERS)
        await aio.run(fill)
        await aio.run(connection.execute, f"DROP TABLE IF EXISTS {Later._meta.db_table}")
        if name == "adrop_tables":
            await rowsmith.acreate_tables(Later)

    await prepare()
    before = await aio.run(content)
    await WRITES[name][1]()
    after = await aio.run(content)
    assert before != after
    await prepare()

    async def between(at):
        check_pool(connection, 2)
        found = await aio.run(content)
        assert found in (before, after), at
        if found != before:
            await prepare()

    try:
        assert await walk(WRITES[name][1], again, between) > 0
        assert await aio.run(content) == after
        check_pool(connection, 2)
    finally:
        await aio.run(connection.execute, f"DROP TABLE IF EXISTS {Later._meta.db_table}")


@AGAIN
@pytest.mark.parametrize("name", ["afetch", "execute below the bridge", "stream", "block", "arefresh_from_db"])
@pytest.mark.feature("AS-018")
async def test_opening_a_connection_can_be_cancelled_anywhere(database, tables, name, again):
    await aio.run(tables, *KEEPERS)
    await aio.run(fill)
    connection = configured(2)

    async def between(at):
        check_pool(connection, 2)
        await aio.run(connection.close)
        assert connection.figures.size == 0

    await walk(READS[name][1], again, between)


@AGAIN
@pytest.mark.parametrize("name", ["afetch", "execute below the bridge", "stream", "block", "arefresh_from_db"])
@pytest.mark.feature("AS-018")
async def test_waiting_for_a_connection_can_be_cancelled_anywhere(database, tables, name, again):
    await aio.run(tables, *KEEPERS)
    await aio.run(fill)
    connection = configured(1)
    holders = []

    async def hold(held, done):
        async with transaction.atomic():
            held.set()
            await done.wait()

    async def first():
        held, done = asyncio.Event(), asyncio.Event()
        holders.append(asyncio.create_task(hold(held, done)))
        await held.wait()
        asyncio.get_running_loop().call_later(0.005, done.set)

    async def between(at):
        await holders.pop()
        check_pool(connection, 1)
        assert await connection.afetch("SELECT 7", (), list) == [(7,)]

    assert await walk(READS[name][1], again, between, first) > 1
    await holders.pop()
    check_pool(connection, 1)


def test_every_awaitable_method_is_walked():
    walked = {shown for shows, _ in (*READS.values(), *WRITES.values()) for shown in shows}
    owners = (
        models.QuerySet,
        models.Model,
        Related,
        Removing,
        RawQuerySet,
        Cursor,
        Connection,
        Atomic,
        rowsmith.lifespan,
    )
    for owner in owners:
        for name in dir(owner):
            method = inspect.getattr_static(owner, name)
            public = not name.startswith("_") or name in ("__aiter__", "__aenter__", "__aexit__")
            if public and (inspect.iscoroutinefunction(method) or name == "aiterator" or name == "__aiter__"):
                assert method in walked or getattr(owner, name) in walked, (owner, name)
