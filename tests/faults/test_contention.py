"""Threads and tasks that write the same rows lose no update, make no duplicate and do not block each other for good.

ROWSMITH_TEST_CONTENTION is how often each of 16 threads or 64 tasks writes; 100 unless told.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading

import pytest

from rowsmith import aio, config, models, transaction
from rowsmith.db import connections
from rowsmith.models import Count, F, Sum

ROUNDS = int(os.environ.get("ROWSMITH_TEST_CONTENTION", "100"))
THREADS, TASKS, CONNECTIONS = 16, 64, 6
NAMES = 7  # few enough for everybody to meet


class Counter(models.Model):
    name = models.CharField(max_length=20, unique=True)
    hits = models.IntegerField(default=0)
    nested = models.IntegerField(default=0)


class Hit(models.Model):
    counter = models.ForeignKey(Counter, models.CASCADE)
    worker = models.IntegerField()


class Undo(Exception):
    pass


class Work:
    """What every worker does, in both spellings, and what must come out of it."""

    def __init__(self):
        self.created = []
        self.hits = 0
        self.nested = 0

    def get_or_create(self, worker, dice):
        counter, created = Counter.objects.get_or_create(name=f"got {dice.randrange(NAMES)}")
        if created:
            self.created.append(counter.name)

    async def aget_or_create(self, worker, dice):
        counter, created = await Counter.objects.aget_or_create(name=f"got {dice.randrange(NAMES)}")
        if created:
            self.created.append(counter.name)

    def update_or_create(self, worker, dice):
        name = f"put {dice.randrange(NAMES)}"
        counter, created = Counter.objects.update_or_create(
            name=name, defaults={"hits": F("hits") + 1}, create_defaults={"hits": 1}
        )
        if created:
            self.created.append(counter.name)
        self.hits += 1

    async def aupdate_or_create(self, worker, dice):
        name = f"put {dice.randrange(NAMES)}"
        counter, created = await Counter.objects.aupdate_or_create(
            name=name, defaults={"hits": F("hits") + 1}, create_defaults={"hits": 1}
        )
        if created:
            self.created.append(counter.name)
        self.hits += 1

    def increment(self, worker, dice):
        assert Counter.objects.filter(name="shared").update(hits=F("hits") + 1) == 1
        self.hits += 1

    async def aincrement(self, worker, dice):
        assert await Counter.objects.filter(name="shared").aupdate(hits=F("hits") + 1) == 1
        self.hits += 1

    def read_and_write(self, worker, dice):
        with transaction.atomic():
            counter = Counter.objects.select_for_update().get(name="shared")
            counter.hits += 1
            counter.save()
            Hit.objects.create(counter=counter, worker=worker)
        self.hits += 1

    async def aread_and_write(self, worker, dice):
        async with transaction.atomic():
            counter = await Counter.objects.select_for_update().aget(name="shared")
            counter.hits += 1
            await counter.asave()
            await Hit.objects.acreate(counter=counter, worker=worker)
        self.hits += 1

    def nest(self, worker, dice):
        fails = dice.random() < 0.5
        with transaction.atomic():
            # Locked first and in one order by everybody: a deadlock would be one of ours.
            Counter.objects.select_for_update().get(name="shared")
            try:
                with transaction.atomic():
                    Counter.objects.filter(name="shared").update(nested=F("nested") + 1)
                    with transaction.atomic():
                        Hit.objects.create(counter=Counter.objects.get(name="shared"), worker=-1)
                    if fails:
                        raise Undo
            except Undo:
                pass
        self.nested += not fails

    async def anest(self, worker, dice):
        fails = dice.random() < 0.5
        async with transaction.atomic():
            await Counter.objects.select_for_update().aget(name="shared")
            try:
                async with transaction.atomic():
                    await Counter.objects.filter(name="shared").aupdate(nested=F("nested") + 1)
                    async with transaction.atomic():
                        await Hit.objects.acreate(counter=await Counter.objects.aget(name="shared"), worker=-1)
                    if fails:
                        raise Undo
            except Undo:
                pass
        self.nested += not fails


KINDS = ("get_or_create", "update_or_create", "increment", "read_and_write", "nest")


@pytest.fixture
def counters(database, tables):
    tables(Counter, Hit)
    settings = dict(connections.settings["default"])
    settings["POOL"] = {"max_size": CONNECTIONS, "timeout": 60}
    if settings["ENGINE"] == "sqlite":
        settings["OPTIONS"] = {"timeout": 60}
    config.configure({"default": settings})
    Counter.objects.create(name="shared")
    return connections["default"]


def check(work, connection):
    counters = {counter.name: counter for counter in Counter.objects.annotate(number=Count("hit"))}
    assert len(counters) == Counter.objects.count()
    # Of those who were told that they created a counter, there was one for each.
    assert sorted([*work.created, "shared"]) == sorted(counters)
    assert Counter.objects.aggregate(total=Sum("hits"))["total"] == work.hits
    assert counters["shared"].nested == work.nested == Hit.objects.filter(worker=-1).count()
    figures = connection.figures
    assert figures.in_use == figures.waiting == figures.timeouts == 0
    assert figures.size <= CONNECTIONS


@pytest.mark.plain
@pytest.mark.slow
@pytest.mark.feature("T-009", "Q-202")
def test_threads_that_write_the_same_rows_lose_nothing(counters):
    work, errors = Work(), []
    lock = threading.Lock()
    barrier = threading.Barrier(THREADS)

    def run(number):
        dice = random.Random(number)
        mine = Work()
        barrier.wait(30)
        try:
            for _ in range(ROUNDS * TASKS // THREADS):
                getattr(mine, dice.choice(KINDS))(number, dice)
        except BaseException as error:
            errors.append(error)
        with lock:
            work.created += mine.created
            work.hits += mine.hits
            work.nested += mine.nested

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    check(work, counters)


@pytest.mark.slow
@pytest.mark.feature("T-009", "Q-202")
async def test_tasks_that_write_the_same_rows_lose_nothing(counters):
    work = Work()

    async def run(number):
        dice = random.Random(number)
        for _ in range(ROUNDS):
            await getattr(work, f"a{dice.choice(KINDS)}")(number, dice)

    await asyncio.gather(*[run(number) for number in range(TASKS)])
    await aio.run(check, work, counters)
