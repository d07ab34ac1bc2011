"""A commit whose answer is lost: nothing is done twice, and what became of it can be found out."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import config, models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import CommitUnknown, ConnectionLost
from tests.faults.wire import Wire

pytestmark = pytest.mark.only("postgresql")


class Payment(models.Model):
    number = models.IntegerField()


@pytest.fixture
def wire(tables):
    """The table of payments, reached through a line that can be cut."""
    tables(Payment)
    settings = connections["default"].settings_dict
    wire = Wire(settings["HOST"], int(settings["PORT"]))
    config.configure({"default": {**settings, "HOST": "127.0.0.1", "PORT": wire.port}})
    yield wire
    wire.close()


def pay(number, done=()):
    Payment.objects.create(number=number)
    for note in done:
        transaction.on_commit(note)


async def apay(number, done=()):
    await Payment.objects.acreate(number=number)
    for note in done:
        transaction.on_commit(note)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_atomic_says_that_it_does_not_know(wire, cut):
    notes = []
    wire.cut = cut
    with pytest.raises(CommitUnknown, match="may have been kept") as caught, transaction.atomic():
        pay(1, [lambda: notes.append("paid")])
    assert isinstance(caught.value, ConnectionLost)
    assert notes == []
    assert Payment.objects.count() == (1 if cut == "after" else 0)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_run_does_not_begin_anew_on_its_own(wire, cut):
    wire.cut = cut
    with pytest.raises(CommitUnknown):
        transaction.run(pay, 1)
    assert Payment.objects.count() == (1 if cut == "after" else 0)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_exactly_once_finds_out_and_does_it_once(wire, cut):
    notes, calls = [], []

    def work():
        calls.append(1)
        pay(7, [lambda: notes.append("paid")])
        return "done"

    for _ in range(5):
        wire.cut = cut
        assert transaction.run(work, exactly_once=True) == "done"
    assert Payment.objects.count() == 5
    assert len(notes) == 5
    assert len(calls) == (5 if cut == "after" else 10)


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_exactly_once_in_coroutines(wire, cut):
    notes = []
    for number in range(3):
        wire.cut = cut
        await transaction.arun(apay, number, [lambda: notes.append("paid")], exactly_once=True)
    assert await Payment.objects.acount() == 3
    assert len(notes) == 3


def test_a_transaction_that_wrote_nothing_needs_no_answer(wire):
    wire.cut = "before"
    assert transaction.run(Payment.objects.count, exactly_once=True) == 0


@pytest.mark.plain
def test_a_line_that_breaks_before_the_commit_begins_anew(wire):
    attempts = []

    def work():
        attempts.append(1)
        pay(1)
        if len(attempts) == 1:
            connections["default"].fetch("SELECT pg_terminate_backend(pg_backend_pid())", (), list)

    transaction.run(work)
    assert (len(attempts), Payment.objects.count()) == (2, 1)
    assert rowsmith.connections["default"].figures.in_use == 0
