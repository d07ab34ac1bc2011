"""What an instance costs in memory, beside a plain object with the same attributes."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

import rowsmith
from rowsmith import config, models
from rowsmith.db import connections

ROWS = 2000
COLUMNS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Plain:
    def __init__(self, values):
        (self.id, self.one, self.two, self.three, self.four, self.five, self.six, self.seven, self.eight,
         self.nine) = values  # fmt: skip


class Flat(models.Model):
    """A key and nine columns."""


for column in COLUMNS:
    Flat.add_to_class(column, models.IntegerField(default=1000))


class Upper(models.Model):
    """What its child inherits: a key and four columns."""


for column in COLUMNS[:4]:
    Upper.add_to_class(column, models.IntegerField(default=1000))


class Lower(Upper):
    """Ten columns in two tables; the link is the key of both."""


for column in COLUMNS[4:]:
    Lower.add_to_class(column, models.IntegerField(default=1000))


@pytest.fixture
def filled():
    config.configure("sqlite://:memory:")
    rowsmith.create_tables(Flat, Upper, Lower)
    Flat.objects.bulk_create([Flat() for _ in range(ROWS)])
    upper, lower, flat = (model._meta.db_table for model in (Upper, Lower, Flat))
    with connections["default"].cursor() as cursor:
        names = ", ".join(COLUMNS[:4])
        cursor.execute(f"INSERT INTO {upper} (id, {names}) SELECT id, {names} FROM {flat}")
        names = ", ".join(COLUMNS[4:])
        cursor.execute(f"INSERT INTO {lower} (upper_ptr_id, {names}) SELECT id, {names} FROM {flat}")
    yield
    rowsmith.close_all()
    config.install(None)


def size(load):
    """Bytes that one row of a list keeps."""
    load()
    gc.collect()
    tracemalloc.start()
    try:
        rows = load()
        gc.collect()
        assert len(rows) == ROWS
        return tracemalloc.get_traced_memory()[0] / ROWS
    finally:
        tracemalloc.stop()


def plain():
    columns = ", ".join(("id", *COLUMNS))
    rows = connections["default"].fetch(f"SELECT {columns} FROM {Flat._meta.db_table}", (), list)
    return [Plain(row) for row in rows]


@pytest.mark.parametrize("model", [Flat, Lower])
def test_an_instance_takes_little_more_than_a_plain_object(filled, model):
    assert size(lambda: list(model.objects.all())) <= 1.3 * size(plain)
