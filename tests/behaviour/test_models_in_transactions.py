"""Models, signals and other programs beside and inside of transactions."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from rowsmith import models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import IntegrityError, TransactionManagementError
from rowsmith.models import F
from rowsmith.signals import post_delete, post_save
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


class Barge(models.Model):
    name = models.CharField(max_length=20, unique=True)
    tons = models.IntegerField(default=0)

    class Meta:
        app_label = "harbour"


class SailingBarge(Barge):
    sails = models.IntegerField(default=1)

    class Meta:
        app_label = "harbour"
        constraints = [models.CheckConstraint(condition=models.Q(sails__gt=0), name="some_sail")]


class Bargee(models.Model):
    barge = models.ForeignKey(Barge, models.CASCADE)
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "harbour"


@pytest.fixture
def harbour(tables):
    tables(Barge, SailingBarge, Bargee)
    return SailingBarge.objects.create(name="Gull", tons=3, sails=2)


@pytest.mark.feature("T-002")
def test_an_operation_of_several_statements_is_kept_as_a_whole_or_not_at_all(harbour):
    with pytest.raises(IntegrityError):
        SailingBarge.objects.create(name="Tern", sails=0)  # the parent's row was inserted already
    assert list(Barge.objects.values_list("name", flat=True)) == ["Gull"]

    harbour.name, harbour.sails = "Swan", 0
    with pytest.raises(IntegrityError):
        harbour.save()
    with pytest.raises(IntegrityError):
        SailingBarge.objects.update(tons=9, sails=0)
    assert SailingBarge.objects.values_list("name", "tons", "sails").get() == ("Gull", 3, 2)

    with pytest.raises(IntegrityError):
        Barge.objects.bulk_create([Barge(name="Auk"), Barge(name="Gull")], batch_size=1)
    others = [Barge.objects.create(name=name) for name in ("Auk", "Owl")]
    for other in others:
        other.name = "Rook"
    with pytest.raises(IntegrityError):
        Barge.objects.bulk_update(others, ["name"], batch_size=1)
    assert sorted(Barge.objects.values_list("name", flat=True)) == ["Auk", "Gull", "Owl"]

    Bargee.objects.create(barge=harbour, name="Ann")

    def refuse(sender, instance, **kwargs):
        raise RuntimeError("stay")

    post_delete.connect(refuse, sender=SailingBarge)
    try:
        with pytest.raises(RuntimeError, match="stay"):
            Barge.objects.all().delete()
    finally:
        post_delete.disconnect(refuse, sender=SailingBarge)
    assert (Barge.objects.count(), SailingBarge.objects.count(), Bargee.objects.count()) == (3, 1, 1)


@pytest.mark.feature("T-002")
def test_inside_of_a_block_the_failure_of_such_an_operation_undoes_it_alone(harbour):
    with transaction.atomic():
        Barge.objects.create(name="Auk")
        with pytest.raises(IntegrityError), transaction.atomic():
            SailingBarge.objects.create(name="Tern", sails=0)
        Barge.objects.create(name="Owl")
    assert sorted(Barge.objects.values_list("name", flat=True)) == ["Auk", "Gull", "Owl"]
