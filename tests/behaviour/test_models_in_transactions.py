"""Models, signals and other programs beside and inside of transactions."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from rowsmith import transaction
from rowsmith.db import connections
from rowsmith.exceptions import IntegrityError, TransactionManagementError
from rowsmith.models import F
from rowsmith.signals import post_save
from tests.behaviour.library import Book, Tag, titles


@pytest.mark.feature("T-005")
def test_what_runs_after_the_call_is_outside_of_its_transaction(shelf, database):
    @transaction.atomic
    def stream():
        assert database.in_atomic_block

        def rows():
            assert not database.in_atomic_block
            yield from titles(Book.objects.filter(pages__lt=300).order_by("pk"))

        return rows()

    assert list(stream()) == ["Sea", "Seaside"]


@pytest.mark.feature("T-014")
def test_a_database_error_of_a_signal_handler_breaks_the_block(empty_library):
    Tag.objects.create(label="taken")

    def listen(sender, instance, created, **kwargs):
        if instance.label == "new":
            Tag.objects.create(label="taken")

    post_save.connect(listen, sender=Tag)
    try:
        with transaction.atomic():
            with pytest.raises(IntegrityError):
                Tag.objects.create(label="new")
            with pytest.raises(TransactionManagementError):
                Tag.objects.count()
        assert Tag.objects.count() == 1
        # Below a block of its own the failure is undone, and the outer block goes on.
        with transaction.atomic():
            with pytest.raises(IntegrityError), transaction.atomic():
                Tag.objects.create(label="new")
            Tag.objects.create(label="after")
    finally:
        post_save.disconnect(listen, sender=Tag)
    assert {tag.label for tag in Tag.objects.all()} == {"taken", "after"}


@pytest.mark.feature("T-017")
def test_a_rollback_leaves_instances_as_they_are(shelf):
    with pytest.raises(KeyError), transaction.atomic():
        shelf.sea.title = "Ocean"
        shelf.sea.save()
        made = Tag.objects.create(label="made")
        raise KeyError
    assert shelf.sea.title == "Ocean" and Book.objects.get(pk=shelf.sea.pk).title == "Sea"
    assert made.pk is not None and not made._state.adding and not Tag.objects.filter(label="made").exists()


@pytest.mark.feature("Q-231")
def test_sql_and_other_programs_work_on_the_same_rows(shelf, database):
    table = database.ops.quote_name(Book._meta.db_table)
    with transaction.atomic():
        Book.objects.filter(title="Sea").update(pages=F("pages") + 1)
        with database.cursor() as cursor:
            cursor.execute(f"SELECT pages FROM {table} WHERE title = %s", ["Sea"])
            assert cursor.fetchone() == (101,)
            cursor.execute(f"UPDATE {table} SET pages = %s WHERE title = %s", [7, "Sea"])
        assert Book.objects.get(title="Sea").pages == 7
    with other_program() as theirs:
        assert theirs.execute(f"SELECT pages FROM {table} WHERE title = 'Sea'").fetchall() == [(7,)]
        theirs.execute(f"UPDATE {table} SET pages = 8 WHERE title = 'Sea'")
        theirs.commit()
        assert Book.objects.get(title="Sea").pages == 8
        Book.objects.filter(title="Sea").update(pages=9)
        assert theirs.execute(f"SELECT pages FROM {table} WHERE title = 'Sea'").fetchall() == [(9,)]


def other_program():
    """A connection to the same database that rowsmith knows nothing of."""
    settings = connections.settings["default"]
    if connections["default"].vendor == "sqlite":
        return contextlib.closing(sqlite3.connect(settings["NAME"]))
    import psycopg

    return psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"] or None,
        user=settings["USER"],
        password=settings["PASSWORD"] or None,
        dbname=settings["NAME"],
    )
