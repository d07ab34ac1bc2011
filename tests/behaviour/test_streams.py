"""Streams of more rows than anybody would hold: their memory does not grow."""

from __future__ import annotations

import gc
import os
import resource
import sys

import pytest

from rowsmith import aio, models
from rowsmith.db import connections

ROWS = int(os.environ.get("ROWSMITH_TEST_STREAM_ROWS", "2000000"))
ALLOWED = 12 * 2**20


class Measurement(models.Model):
    station = models.IntegerField()
    value = models.FloatField(null=True)
    note = models.CharField(max_length=20)


FILL = {
    "sqlite": """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
        INSERT INTO behaviour_measurement (id, station, value, note) SELECT i, i % 100, i / 8.0, 'note ' || i FROM n""",
    "postgresql": """
        INSERT INTO behaviour_measurement (id, station, value, note)
        SELECT i, i % 100, i / 8.0, 'note ' || i FROM generate_series(1, {rows}) AS i""",
}


def resident() -> int:
    """Bytes of this process in memory now; where the system does not tell, the most there ever were."""
    gc.collect()
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def fill(vendor: str) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(FILL[vendor].format(rows=ROWS))


class Watch:
    """Takes rows, and compares the memory near the beginning with that near the end."""

    def __init__(self) -> None:
        self.seen = self.total = 0
        self.before = self.growth = 0

    def take(self, row: Measurement) -> None:
        self.seen += 1
        self.total += row.pk
        if self.seen == ROWS // 10:
            self.before = resident()
        elif self.seen == ROWS:
            self.growth = resident() - self.before

    def check(self) -> None:
        assert self.seen == ROWS
        assert self.total == ROWS * (ROWS + 1) // 2
        assert self.growth < ALLOWED, f"{self.growth / 2**20:.1f} MB more at the end"


@pytest.mark.feature("OP-006")
@pytest.mark.slow
@pytest.mark.plain
def test_two_million_rows_pass_through_the_same_memory(tables, world):
    tables(Measurement)
    fill(world.vendor)
    watch = Watch()
    for row in Measurement.objects.iterator():
        watch.take(row)
    watch.check()


@pytest.mark.feature("OP-006")
@pytest.mark.slow
async def test_two_million_rows_pass_through_a_task(tables, world):
    await aio.run(tables, Measurement)
    await aio.run(fill, world.vendor)
    watch = Watch()
    async for row in Measurement.objects.aiterator():
        watch.take(row)
    watch.check()
