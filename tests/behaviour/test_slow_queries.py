"""Statements that take long are told to a logger, with the line that asked for them."""

from __future__ import annotations

import inspect
import logging

import pytest

import rowsmith
from rowsmith import config, models
from rowsmith.db import connections
from rowsmith.exceptions import ImproperlyConfigured, OperationalError, ProgrammingError


class Errand(models.Model):
    name = models.CharField(max_length=20)


@pytest.fixture
def slow(tables, caplog):
    """`slow(seconds)` configures the threshold; the records come by `records()`."""
    tables(Errand)
    settings = {"default": connections.settings["default"]}

    def configure(seconds, **options):
        config.configure(settings, slow_query=seconds, **options)
        caplog.clear()

    configure.records = lambda: [record for record in caplog.records if record.name == "rowsmith.sql.slow"]
    return configure


def line():
    """The line after the one that calls this."""
    frame = inspect.currentframe().f_back
    return f"{__file__}:{frame.f_lineno + 1}"


@pytest.mark.plain
def test_a_slow_statement_is_told_with_the_line_that_asked_for_it(slow):
    slow(0.0)
    place = line()
    Errand.objects.create(name="secret")
    (record,) = slow.records()
    assert record.levelno == logging.WARNING
    assert (record.site, record.database) == (place, "default")
    assert record.sql.startswith("INSERT INTO") and record.sql in record.getMessage()
    assert place in record.getMessage()
    assert record.duration >= 0
    assert record.params is None and "secret" not in record.getMessage()


@pytest.mark.plain
def test_the_line_is_that_of_the_loop_that_loads_lazily(slow):
    Errand.objects.bulk_create([Errand(name=str(number)) for number in range(3)])
    slow(0.0)
    errands = Errand.objects.filter(name__in=["0", "2"])
    assert slow.records() == []
    place = line()
    assert len([errand for errand in errands]) == 2  # noqa: C416
    (record,) = slow.records()
    assert (record.site, record.rows) == (place, 2)


async def test_the_line_is_that_of_the_coroutine(slow):
    slow(0.0)
    place = line()
    await Errand.objects.acount()
    place_of_loop = line()
    async for _ in Errand.objects.all():
        pass
    assert [record.site for record in slow.records()] == [place, place_of_loop]


def test_what_is_fast_enough_is_not_told(slow):
    slow(1000)
    Errand.objects.create(name="quick")
    assert slow.records() == []


def test_a_slow_failure_is_told_too(slow):
    slow(0.0)
    with pytest.raises((OperationalError, ProgrammingError)):
        rowsmith.connection.fetch("SELECT nothing FROM nowhere", (), list)
    (record,) = slow.records()
    assert record.rows is None


def test_values_are_in_the_record_only_when_asked_for(slow):
    slow(0.0, log_parameters=True)
    Errand.objects.filter(name="known").exists()
    (record,) = slow.records()
    assert "known" in record.params and "known" not in record.getMessage()


@pytest.mark.plain
def test_every_statement_is_told_to_whoever_debugs(slow, caplog):
    with caplog.at_level(logging.DEBUG, "rowsmith.sql"):
        slow(None)
        place = line()
        Errand.objects.update(name="new")
        (record,) = (record for record in caplog.records if record.name == "rowsmith.sql")
    assert (record.site, record.rows, record.params) == (place, 0, None)


@pytest.mark.parametrize("threshold", ["1", -1, object()])
def test_a_threshold_that_is_no_time_is_refused(unconfigured, threshold):
    with pytest.raises(ImproperlyConfigured, match="slow_query"):
        config.configure("sqlite://", slow_query=threshold)
