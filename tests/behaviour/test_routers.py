"""Several databases: where routers send a query, what sticks to an instance, and what is refused across databases."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import config
from rowsmith.db import connections, router
from rowsmith.exceptions import IntegrityError
from rowsmith.models import Exists, Manager, OuterRef, QuerySet, Subquery
from tests.behaviour.library import Author, Book, Publisher, Review, Tag, names, titles


def routed(*routers):
    """The two databases with these routers in front of them."""
    databases = {alias: connections.settings[alias] for alias in ("default", "second")}
    rowsmith.configure(databases, routers=list(routers))


class Asked:
    """A router that answers nothing, and remembers what it was asked."""

    def __init__(self):
        self.reads, self.writes, self.relations = [], [], []

    def db_for_read(self, model, **hints):
        self.reads.append((model.__name__, hints))

    def db_for_write(self, model, **hints):
        self.writes.append((model.__name__, hints))

    def allow_relation(self, obj1, obj2, **hints):
        self.relations.append((obj1, obj2))


class Replica:
    """Reads from the second database and writes to the default one."""

    def db_for_read(self, model, **hints):
        return "second"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, obj1, obj2, **hints):
        return True


class ByModel:
    """Tags live in the second database, and have nothing to do with the rest."""

    def db_for_read(self, model, **hints):
        return "second" if model is Tag else None

    db_for_write = db_for_read

    def allow_relation(self, obj1, obj2, **hints):
        return False if isinstance(obj1, Tag) != isinstance(obj2, Tag) else None

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        if model_name == "tag":
            return db == "second"
        return None


# What is asked, and who answers


@pytest.mark.feature("DB-010", "DB-012")
def test_without_an_answer_queries_go_to_the_default_database(second):
    asked = Asked()
    routed(asked)
    assert Author.objects.all().db == "default"
    ann = Author.objects.create(name="Ann")
    assert ann._state.db == "default"
    assert names(Author.objects.all()) == ["Ann"]
    assert Author.objects.filter(name="Ann").update(age=3) == 1
    assert Author.objects.count() == 1
    assert {model for model, _ in asked.reads} == {model for model, _ in asked.writes} == {"Author"}


@pytest.mark.feature("DB-011", "DB-022", "DB-024")
def test_the_first_router_with_an_answer_counts(second):
    class Silent:
        pass

    class ToSecond:
        def db_for_read(self, model, **hints):
            return "second"

    routed(Silent(), ToSecond, Replica())
    assert Author.objects.all().db == "second"
    assert router.db_for_write(Author) == "default"
    routed("tests.behaviour.test_routers.Asked", ToSecond())
    assert Author.objects.all().db == "second"
    routed(Replica(), ToSecond())
    Author.objects.create(name="Ann")
    assert (Author.objects.using("default").count(), Author.objects.using("second").count()) == (1, 0)


@pytest.mark.feature("DB-027", "DB-028")
def test_reads_go_to_the_replica_and_writes_to_the_primary(second):
    routed(Replica())
    ann = Author.objects.create(name="Ann")
    assert ann._state.db == "default"
    assert not Author.objects.exists()
    # What is about to be written is read where it will be.
    assert Author.objects.get_or_create(name="Ann") == (ann, False)
    assert Author.objects.update_or_create(name="Ann", defaults={"age": 5}) == (ann, False)
    assert Author.objects.select_for_update().db == "default"
    Author.objects.bulk_create([Author(name="Bob")])
    Author.objects.filter(name="Bob").update(age=7)
    assert names(Author.objects.using("default").order_by("pk")) == ["Ann", "Bob"]
    Author.objects.using("second").create(pk=ann.pk, name="Copy of Ann")
    again = Author.objects.get(pk=ann.pk)
    assert (again.name, again._state.db) == ("Copy of Ann", "second")
    # A router's answer for writing beats the database that an instance came from.
    again.name = "Anna"
    again.save()
    assert Author.objects.using("default").get(pk=ann.pk).name == "Anna"
    assert Author.objects.filter(name="Copy of Ann").delete()[0] == 0
    assert Author.objects.using("default").filter(name="Bob").delete()[0] == 1


@pytest.mark.feature("DB-020", "DB-021", "DB-023")
def test_relations_tell_routers_about_the_instance(second):
    asked = Asked()
    routed(asked)
    ann = Author.objects.using("second").create(name="Ann")
    book = Book.objects.using("second").create(title="Sea", author=ann)
    tag = Tag.objects.using("second").create(label="blue")
    asked.reads.clear()
    asked.writes.clear()
    found = Book.objects.using("second").get()
    assert found.author == ann
    assert list(ann.book_set.all()) == [book]
    assert list(book.tags.all()) == []
    assert [(model, hints["instance"]) for model, hints in asked.reads] == [
        ("Author", found), ("Book", ann), ("Tag", book),
    ]  # fmt: skip
    # The hint's own database is used where nobody says otherwise.
    assert found.author._state.db == ann.book_set.get()._state.db == "second"
    book.tags.add(tag)
    ann.book_set.create(title="Hill")
    assert all(hints["instance"] in (book, ann) or model == "Book" for model, hints in asked.writes)
    assert ("Book_tags", {"instance": book}) in asked.writes
    assert ("Book", {"instance": ann}) in asked.writes
    assert Book.objects.using("second").filter(tags=tag).count() == 1
    assert not Book.objects.using("default").exists()


# Instances


@pytest.mark.feature("DB-009", "DB-026", "DB-034")
def test_an_instance_stays_where_it_came_from(second):
    ann = Author.objects.using("second").create(name="Ann")
    found = Author.objects.using("second").get()
    found.name = "Anna"
    found.save()
    assert names(Author.objects.using("second")) == ["Anna"]
    assert not Author.objects.exists()
    assert Author()._state.db is None
    book = Book(title="Sea")
    book.author = found
    assert book._state.db == "second"
    book.save()
    assert titles(Book.objects.using("second")) == ["Sea"]
    found.delete()
    assert not Author.objects.using("second").exists()
    assert ann._state.db == "second"


@pytest.mark.feature("DB-029", "DB-030", "DB-031")
def test_using_beats_routers(second):
    routed(Replica())
    author = Author(name="Ann")
    author.save(using="second")
    assert author._state.db == "second"
    assert names(Author.objects.using("second")) == ["Ann"]
    assert names(Author.objects.filter(name="Ann").using("default").order_by("pk")) == []
    assert Author.objects.using("second").get_or_create(name="Bob")[0]._state.db == "second"
    author.delete(using="second")
    assert names(Author.objects.using("second")) == ["Bob"]


@pytest.mark.feature("DB-032", "DB-033")
def test_saving_to_another_database_takes_the_key_along(second):
    ann = Author.objects.create(pk=5, name="Ann")
    ann.save(using="second")
    assert Author.objects.using("second").get(pk=5).name == "Ann"
    Author.objects.using("second").create(pk=6, name="In the way")
    bob = Author.objects.create(pk=6, name="Bob")
    with pytest.raises(IntegrityError):
        bob.save(using="second", force_insert=True)
    bob.save(using="second")
    assert Author.objects.using("second").get(pk=6).name == "Bob"
    bob.pk = None
    bob.save(using="second")
    assert bob.pk not in (None, 6)
    assert Author.objects.using("second").filter(name="Bob").count() == 2


@pytest.mark.feature("DB-038")
def test_what_is_loaded_later_comes_from_the_instance_s_database(second):
    ann = Author.objects.using("second").create(name="Ann")
    Book.objects.using("second").create(title="Sea", author=ann)
    Author.objects.create(pk=ann.pk, name="Another")
    Author.objects.using("second").update(name="Anna")
    ann.refresh_from_db()
    assert ann.name == "Anna"
    ann.refresh_from_db(using="default")
    assert (ann.name, ann._state.db) == ("Another", "default")
    routed(Asked())
    [author] = Author.objects.using("second").prefetch_related("book_set__author")
    assert [book.author._state.db for book in author.book_set.all()] == ["second"]


# Managers


class Loud(QuerySet):
    def shouting(self):
        return [author.name.upper() for author in self]


class Naming(Manager):
    def get_queryset(self):
        return Loud(self.model, using=self._db)

    def first_name(self):
        return self.get_queryset().order_by("pk").first().name


@pytest.mark.feature("DB-035", "DB-036")
def test_methods_of_managers_run_on_another_database(second):
    Author.objects.create(name="Ann")
    Author.objects.using("second").create(name="Bob")
    manager = Naming()
    manager.model = Author
    assert manager.first_name() == "Ann"
    assert manager.db_manager("second").first_name() == "Bob"
    assert manager.db_manager("second").get_queryset().shouting() == ["BOB"]
    assert Author.objects.db_manager("second").create(name="Cid")._state.db == "second"


@pytest.mark.feature("DB-037")
def test_cursors_belong_to_one_database(second):
    Author.objects.using("second").create(name="Bob")
    for alias, count in (("default", 0), ("second", 1)):
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {Author._meta.db_table}")
            assert cursor.fetchone() == (count,)


# Across databases


@pytest.mark.feature("DB-013", "DB-014")
def test_instances_of_two_databases_are_not_related(second):
    here = Author.objects.create(name="Ann")
    there = Author.objects.using("second").create(name="Bob")
    book = Book.objects.create(title="Sea", author=here)
    with pytest.raises(ValueError, match="'second'.*'default'"):
        book.author = there
    assert book.author == here
    with pytest.raises(ValueError, match='"default".*"second"'):
        book.tags.add(Tag.objects.using("second").create(label="blue"))
    with pytest.raises(ValueError, match="second"):
        there.book_set.add(book, bulk=False)
    routed(Replica())
    book.author = there
    assert book.author is there
    routed(ByModel())
    with pytest.raises(ValueError, match="Cannot add"):
        book.tags.add(Tag(pk=1, label="x"))


@pytest.mark.feature("DB-039")
def test_a_queryset_bound_to_another_database_cannot_be_embedded(second):
    there = Author.objects.using("second")
    for query in (
        Book.objects.filter(author__in=there),
        Book.objects.filter(author__in=there.filter(name="x").values("pk")),
        Book.objects.filter(Exists(there.filter(pk=OuterRef("author")))),
        Book.objects.annotate(name=Subquery(there.values("name")[:1])),
        Book.objects.exclude(author__in=there).order_by("pk"),
    ):
        for _ in range(2):
            with pytest.raises(ValueError, match="Subqueries aren't allowed across different databases"):
                list(query)
            with pytest.raises(ValueError, match="'second'"):
                query.count()
        assert list(query.using("second")) == []
    with pytest.raises(ValueError, match="different databases"):
        Book.objects.filter(author__in=there).update(pages=3)
    Author.objects.create(name="Ann")
    assert names(Author.objects.using("default").filter(pk__in=Author.objects.using("default"))) == ["Ann"]
    assert names(Author.objects.filter(pk__in=Author.objects.all())) == ["Ann"]


@pytest.mark.feature("DB-040", "DB-041")
def test_no_query_joins_tables_of_two_databases(second):
    routed(ByModel())
    tag = Tag.objects.create(label="blue")
    assert tag._state.db == "second"
    author = Author.objects.create(name="Ann")
    book = Book.objects.create(title="Sea", author=author)
    # The key is of another database: the linking table here refuses it, and joins find nothing.
    with pytest.raises((IntegrityError, ValueError)):
        book.tags.add(tag.pk)
    assert not Book.objects.filter(tags__label="blue").exists()


# Tables


@pytest.mark.feature("DB-015", "DB-016", "DB-017")
def test_tables_are_made_where_routers_allow_them(second):
    seen = []

    class Migrating(ByModel):
        def allow_migrate(self, db, app_label, model_name=None, **hints):
            seen.append((db, app_label, model_name, hints))
            return super().allow_migrate(db, app_label, model_name, **hints)

    routed(Migrating())
    assert router.allow_migrate("default", "behaviour") is True
    assert router.allow_migrate("default", "behaviour", model_name="tag") is False
    assert router.allow_migrate_model("second", Tag) is True
    assert seen[-1] == ("second", "behaviour", "tag", {"model": Tag})
    assert seen[0][2] is None


@pytest.mark.feature("DB-042")
def test_an_application_of_its_own_beside_a_replicated_rest(second):
    """Tags in the second database; everything else is written to the default one and read from either."""
    turn = iter(["default", "default", "default", "default"])

    class Rest:
        def db_for_read(self, model, **hints):
            return next(turn)

        def db_for_write(self, model, **hints):
            return "default"

        def allow_relation(self, obj1, obj2, **hints):
            return True

        def allow_migrate(self, db, app_label, **hints):
            return db == "default"

    routed(ByModel(), Rest())
    Tag.objects.create(label="blue")
    Publisher.objects.create(name="North")
    assert [Tag.objects.get()._state.db, Publisher.objects.get()._state.db] == ["second", "default"]
    assert [router.allow_migrate_model(alias, Tag) for alias in ("default", "second")] == [False, True]
    assert [router.allow_migrate_model(alias, Review) for alias in ("default", "second")] == [True, False]
    author = Author.objects.create(name="Ann")
    assert Book.objects.create(title="Sea", author=author)._state.db == "default"
    with pytest.raises(ValueError, match="Cannot add"):
        Book.objects.get().tags.add(Tag.objects.get())


def test_without_routers_nothing_is_asked(second):
    assert router.routers == ()
    assert config.current().routers == ()
    assert Author.objects.all().db == "default"
