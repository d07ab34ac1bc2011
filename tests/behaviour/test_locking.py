"""select_for_update(): rows that nobody else changes until the transaction ends."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

import rowsmith
from rowsmith import transaction
from rowsmith.db import connections
from rowsmith.exceptions import (
    DatabaseError,
    FieldError,
    LockTimeout,
    NotSupportedError,
    TransactionManagementError,
)
from rowsmith.models import Count, Value
from rowsmith.records import replace
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, titles

ONLY_POSTGRESQL = pytest.mark.only("postgresql")


@contextmanager
def somebody_else():
    """A second way to the same database, with connections of its own."""
    settings = connections.settings["default"]
    rowsmith.configure({"default": settings, "other": settings})
    yield "other"


def sql_of(queryset):
    with recorded_statements() as seen, transaction.atomic():
        list(queryset)
    [statement] = seen
    return statement


@pytest.mark.feature("Q-195")
@ONLY_POSTGRESQL
def test_each_option_is_part_of_the_statement(shelf):
    books = Book.objects.filter(pages=100)
    assert sql_of(books.select_for_update()).endswith(" FOR UPDATE")
    assert sql_of(books.select_for_update(nowait=True)).endswith(" FOR UPDATE NOWAIT")
    assert sql_of(books.select_for_update(skip_locked=True)).endswith(" FOR UPDATE SKIP LOCKED")
    assert sql_of(books.select_for_update(no_key=True)).endswith(" FOR NO KEY UPDATE")
    assert sql_of(books.select_for_update(of=("self",))).endswith(f' FOR UPDATE OF "{Book._meta.db_table}"')
    assert sql_of(books.select_for_update()[:1]).endswith(" LIMIT $2 FOR UPDATE")


@pytest.mark.feature("Q-195")
def test_to_wait_neither_and_to_skip_exclude_each_other(shelf):
    with pytest.raises(ValueError, match="nowait"):
        Book.objects.select_for_update(nowait=True, skip_locked=True)
    with pytest.raises(TypeError, match=r"of=\('self',\)"):
        Book.objects.select_for_update(of="self")


@pytest.mark.feature("Q-195", "Q-199")
@ONLY_POSTGRESQL
def test_rows_are_locked_until_the_transaction_ends(shelf):
    mine = Book.objects.order_by("pk")
    with somebody_else() as alias:
        theirs = Book.objects.using(alias)
        with transaction.atomic():
            assert titles(mine.select_for_update().filter(pages__lt=300)) == ["Sea", "Seaside"]
            with transaction.atomic(using=alias):
                skipping = theirs.select_for_update(skip_locked=True).order_by("pk")
                assert titles(skipping) == ["Hill", "Valley", "Desert"]
            for of in ((), ("self",)):
                with pytest.raises(LockTimeout) as caught, transaction.atomic(using=alias):
                    list(theirs.select_for_update(nowait=True, of=of))
                assert isinstance(caught.value, DatabaseError)
            # Reading without a lock is free to all.
            assert theirs.count() == 5
        with transaction.atomic(using=alias):
            assert len(theirs.select_for_update(nowait=True)) == 5


@pytest.mark.feature("Q-195")
@ONLY_POSTGRESQL
def test_no_key_lets_others_refer_to_the_row(shelf):
    with somebody_else() as alias:
        with transaction.atomic():
            Author.objects.select_for_update(no_key=True).get(name="Ann")
            with transaction.atomic(using=alias):
                Book.objects.using(alias).create(title="Meanwhile", author_id=shelf.ann.pk)
        with transaction.atomic():
            Author.objects.select_for_update().get(name="Ann")
            with pytest.raises(LockTimeout), transaction.atomic(using=alias):
                with connections[alias].cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '50ms'")
                Book.objects.using(alias).create(title="Late", author_id=shelf.ann.pk)
                # Foreign keys are looked at when the transaction ends, or now.
                connections[alias].check_constraints()


@pytest.mark.feature("Q-196")
def test_locks_need_a_transaction_where_there_are_any(shelf, world):
    locked = Book.objects.select_for_update().order_by("pk")
    asked = [
        lambda: list(locked.all()),
        lambda: locked.get(title="Sea"),
        lambda: locked.first(),
        lambda: list(locked.iterator()),
        lambda: list(locked.values("title")),
        lambda: locked[0],
    ]
    # The second round finds everything planned already.
    for ask in (*asked, *asked):
        if world.vendor == "sqlite":
            ask()
        else:
            with pytest.raises(TransactionManagementError, match="outside of a transaction"):
                ask()
        with transaction.atomic():
            ask()
    assert locked.count() == 5 and locked.exists()
    assert Book.objects.filter(pk__in=locked).count() == 5


@pytest.mark.feature("Q-196")
@pytest.mark.only("sqlite")
def test_sqlite_ignores_locks_altogether(shelf):
    books = Book.objects.filter(title="Sea").select_for_update(of=("nothing",), skip_locked=True, no_key=True)
    with recorded_statements() as seen:
        assert titles(books) == ["Sea"]
    assert "FOR" not in seen[0]


@ONLY_POSTGRESQL
def test_a_session_without_autocommit_is_a_transaction(shelf):
    transaction.set_autocommit(False)
    try:
        assert len(Book.objects.select_for_update()) == 5
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)


@pytest.mark.feature("Q-197")
@ONLY_POSTGRESQL
def test_of_names_what_select_related_follows(shelf):
    books = Book.objects.select_related("author__mentor", "publisher")
    own, authors = f'"{Book._meta.db_table}"', f'"{Author._meta.db_table}"'
    assert sql_of(books.select_for_update(of=("self",))).endswith(f" FOR UPDATE OF {own}")
    assert sql_of(books.select_for_update(of=("author", "self"))).endswith(f" FOR UPDATE OF {authors}, {own}")
    for wrong in ("mentor", "author__name", "editor", "author__mentor__mentor", "title"):
        with pytest.raises(FieldError, match=rf"'{wrong}'.*Choices are: self, author, author__mentor, publisher"):
            sql_of(books.select_for_update(of=("self", wrong)))
    with somebody_else() as alias, transaction.atomic():
        list(books.select_for_update(of=("author",)).filter(author__name="Ann"))
        with transaction.atomic(using=alias):
            assert len(Book.objects.using(alias).select_for_update(nowait=True)) == 5
            free = Author.objects.using(alias).select_for_update(skip_locked=True).order_by("pk")
            assert [author.name for author in free] == ["Bob", "Cid"]


@pytest.mark.feature("Q-197")
@ONLY_POSTGRESQL
def test_a_table_of_which_nothing_is_selected_is_not_locked(shelf):
    books = Book.objects.select_for_update(of=("self",))
    assert sql_of(books.values("title")).endswith(f' FOR UPDATE OF "{Book._meta.db_table}"')
    assert "FOR UPDATE" not in sql_of(books.values("author__name"))
    with pytest.raises(FieldError, match="'author'.*Choices are: self"):
        sql_of(Book.objects.select_for_update(of=("author",)).values("author__name"))


@pytest.mark.feature("Q-198")
@ONLY_POSTGRESQL
def test_an_option_that_a_database_lacks_is_not_supported(shelf, database, monkeypatch):
    fewer = replace(database.features, locking=frozenset({"nowait", "skip_locked"}))
    monkeypatch.setattr(connections["default"], "features", fewer)
    for options in ({"of": ("self",)}, {"no_key": True}):
        with pytest.raises(
            NotSupportedError, match=rf"{next(iter(options))!r} for select_for_update\(\); it has: nowait"
        ):
            sql_of(Book.objects.select_for_update(**options))


@pytest.mark.feature("Q-198")
@ONLY_POSTGRESQL
def test_what_cannot_be_locked_is_not_supported(shelf):
    nullable = Book.objects.select_related("editor").select_for_update()
    for books in (nullable, Book.objects.annotate(n=Count("review")).select_for_update()):
        with pytest.raises(NotSupportedError), transaction.atomic():
            list(books)
    with transaction.atomic():
        assert len(nullable.filter(editor__name__gt="").annotate(one=Value(1))) == 3
        assert len(nullable.select_for_update(of=("self",))) == 5
