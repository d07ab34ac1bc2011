"""The worlds themselves: in those of an event loop, plain calls really go through the awaitable twins."""

from __future__ import annotations

import asyncio

import pytest

from rowsmith import models
from rowsmith.bridge import inside, running_loop
from tests import worlds


class Shelf(models.Model):
    label = models.CharField(max_length=20, unique=True)

    def save(self, *args, **kwargs):
        self.label = self.label.strip()
        super().save(*args, **kwargs)


class Item(models.Model):
    shelf = models.ForeignKey(Shelf, models.CASCADE, related_name="items")
    name = models.CharField(max_length=20)


@pytest.fixture
def shelves(tables):
    tables(Shelf, Item)


@pytest.mark.feature("AS-012", "AS-019")
def test_a_plain_test_runs_where_its_world_says(world, database):
    assert (running_loop() is not None) == world.is_async
    assert inside() == world.is_async


@pytest.mark.feature("AS-008", "AS-001", "AS-005")
def test_plain_calls_reach_the_twins(world, shelves, monkeypatch):
    called = []
    for owner, name in [(models.QuerySet, "aget"), (models.QuerySet, "acount"), (models.Model, "adelete")]:
        original = getattr(owner, name)

        def watched(self, *args, name=name, original=original, **kwargs):
            called.append(name)
            return original(self, *args, **kwargs)

        monkeypatch.setattr(owner, name, watched)
    shelf = Shelf(label="  a ")
    shelf.save()
    assert Shelf.objects.get(label="a") == shelf
    assert Shelf.objects.all().count() == 1
    assert [one.label for one in Shelf.objects.all()] == ["a"]
    assert [one.label for one in Shelf.objects.iterator()] == ["a"]
    item = shelf.items.create(name="x")
    assert list(shelf.items.all()) == [item]
    item.delete()
    shelf.delete()
    assert not Shelf.objects.exists()
    assert called == (["aget", "acount", "adelete", "adelete"] if world.is_async else [])


def test_tables_are_empty_again_for_the_next_test(shelves):
    Shelf.objects.create(label="left behind")
    assert Shelf.objects.get().pk == 1


def test_tables_are_empty_again_for_the_next_test_and_count_anew(shelves):
    assert Shelf.objects.count() == 0
    assert Shelf.objects.create(label="first").pk == 1


async def test_a_coroutine_test_runs_natively(shelves):
    assert asyncio.current_task() is not None
    await Shelf.objects.acreate(label="a")
    assert [shelf.label async for shelf in Shelf.objects.all()] == ["a"]
    assert not worlds._through_twin.get()
