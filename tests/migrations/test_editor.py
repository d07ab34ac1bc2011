"""The schema editor, as it is used by itself."""

from __future__ import annotations

import pytest

from rowsmith import models, transaction
from rowsmith.exceptions import IntegrityError, NotSupportedError, ProgrammingError
from rowsmith.execution.schema import existing_tables
from rowsmith.metadata.registry import Apps
from tests.migrations.test_operations import columns

registry = Apps()


class Author(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        apps = registry
        app_label = "shop"


class Book(models.Model):
    title = models.CharField(max_length=20)
    author = models.ForeignKey(Author, models.CASCADE)
    tags = models.ManyToManyField("Tag")

    class Meta:
        apps = registry
        app_label = "shop"
        indexes = [models.Index(fields=["title"], name="by_title")]


class Tag(models.Model):
    word = models.CharField(max_length=9)
    extra = models.ManyToManyField("Author", through="Link")

    class Meta:
        apps = registry
        app_label = "shop"


class Link(models.Model):
    tag = models.ForeignKey(Tag, models.CASCADE)
    author = models.ForeignKey(Author, models.CASCADE)

    class Meta:
        apps = registry
        app_label = "shop"


def field(made, name):
    made.set_attributes_from_name(name)
    return made


@pytest.fixture
def made(bare):
    with bare.schema_editor() as editor:
        for model in (Author, Tag, Link, Book):
            editor.create_model(model)
    author = Author.objects.create(name="Ann")
    Book.objects.create(title="One", author=author)
    return bare


@pytest.mark.feature("MI-059", "MI-061")
def test_an_editor_keeps_everything_or_nothing(made):
    with pytest.raises(RuntimeError), made.schema_editor() as editor:
        editor.add_field(Author, field(models.IntegerField(null=True), "age"))
        raise RuntimeError
    assert columns(made, "shop_author") == ["id", "name"]
    with pytest.raises(RuntimeError), made.schema_editor(atomic=False) as editor:
        editor.add_field(Author, field(models.IntegerField(null=True), "age"))
        raise RuntimeError
    assert columns(made, "shop_author") == ["id", "name", "age"]
    with made.schema_editor() as editor:
        editor.create_model(twin())
        assert editor.deferred_sql and all("INDEX" in sql or "FOREIGN KEY" in sql for sql in editor.deferred_sql)
    assert editor.deferred_sql == [] and "shop_twin" in existing_tables(made)
    with made.schema_editor(collect_sql=True) as editor:
        editor.remove_field(Author, Author._meta.get_field("name"))
        editor.delete_model(Link)
        editor.execute("SELECT 1")
    assert "DROP COLUMN" in editor.collected_sql[0] and editor.collected_sql[-1] == "SELECT 1;"
    assert "name" in columns(made, "shop_author") and "shop_link" in existing_tables(made)


def twin():
    class Twin(models.Model):
        author = models.ForeignKey(Author, models.CASCADE, related_name="+")

        class Meta:
            apps = registry
            app_label = "shop"

    return Twin


@pytest.mark.feature("MI-062")
def test_a_link_has_a_table_unless_it_goes_through_another_model(made):
    readers = models.ManyToManyField(Author, related_name="+")
    later = type("Book", (models.Model,), {
        "__module__": "__fake__", "readers": readers, "title": models.CharField(max_length=20),
        "Meta": type("Meta", (), {"apps": Apps(), "app_label": "shop"}),
    })  # fmt: skip
    with made.schema_editor() as editor:
        editor.add_field(Book, later._meta.get_field("readers"))
        editor.add_field(Tag, Tag._meta.get_field("extra"))
    assert "shop_book_readers" in existing_tables(made)
    with made.schema_editor() as editor:
        editor.remove_field(Book, later._meta.get_field("readers"))
        editor.remove_field(Tag, Tag._meta.get_field("extra"))
    assert "shop_book_readers" not in existing_tables(made) and "shop_link" in existing_tables(made)


@pytest.mark.feature("MI-063")
def test_nothing_is_sent_where_nothing_differs(made):
    with made.schema_editor(collect_sql=True) as editor:
        old = Book._meta.get_field("title")
        editor.alter_field(
            Book, old, field(models.CharField("The title", max_length=20, blank=True, help_text="x"), "title")
        )
        old = Book._meta.get_field("author")
        editor.alter_field(Book, old, field(models.ForeignKey(Author, models.PROTECT, related_name="+"), "author"))
        editor.alter_db_table(Book, "shop_book", "shop_book")
        editor.alter_unique_together(Book, [], [])
        editor.alter_db_table_comment(Book, "", None)
        editor.alter_db_tablespace(Book, None, "")
    assert editor.collected_sql == []


@pytest.mark.feature("MI-060", "MI-063")
def test_a_field_is_altered_without_a_later_model(made):
    with made.schema_editor() as editor:
        editor.alter_field(
            Author, Author._meta.get_field("name"), field(models.CharField(max_length=5, null=True), "called")
        )
    assert columns(made, "shop_author") == ["id", "called"]
    assert made.fetch("SELECT called FROM shop_author", (), list) == [("Ann",)]
    if made.vendor == "postgresql":
        with pytest.raises(Exception, match="too long"):
            made.execute("INSERT INTO shop_author (called) VALUES ('sixsix')", ())


@pytest.mark.feature("MI-066")
def test_names_are_the_same_in_every_process(bare):
    with bare.schema_editor(collect_sql=True) as editor:
        editor.create_model(Book)
    text = "\n".join(editor.collected_sql)
    names = ['"shop_book_author_id_82b8ab51"', '"by_title"', '"shop_book_tags_book_id_00064ef8"']
    if bare.vendor == "postgresql":
        names.append('"shop_book_author_id_0a3d3d5f_fk_shop_author_id"'[:19])
    assert all(name in text for name in names)


@pytest.mark.only("sqlite")
@pytest.mark.feature("SL-013")
def test_sqlite_makes_no_table_anew_where_references_are_checked(made):
    with transaction.atomic():
        with pytest.raises(NotSupportedError, match="constraint_checks_disabled"):
            with made.schema_editor():
                pass
    with made.constraint_checks_disabled(), transaction.atomic(), made.schema_editor() as editor:
        editor.alter_field(Author, Author._meta.get_field("name"), field(models.TextField(), "name"))
    assert made.fetch("PRAGMA foreign_keys", (), list) == [(1,)]
    with made.schema_editor() as editor:
        editor.alter_db_table(Author, "shop_author", "shop_writer")
    assert "shop_writer" in made.fetch("SELECT sql FROM sqlite_master WHERE name = 'shop_book'", (), list)[0][0]
    assert made.fetch("SELECT count(*) FROM shop_book JOIN shop_writer w ON w.id = author_id", (), list) == [(1,)]
    with pytest.raises(IntegrityError), made.schema_editor() as editor:
        # What is unchecked meanwhile is checked in the end.
        editor.execute("DELETE FROM shop_writer")
    assert made.fetch("SELECT count(*) FROM shop_writer", (), list) == [(1,)]


@pytest.mark.only("sqlite")
@pytest.mark.feature("SL-014", "SL-012")
def test_sqlite_alters_in_place_where_it_can(made):
    def sent(act):
        with made.schema_editor(collect_sql=True) as editor:
            act(editor)
        return editor.collected_sql

    name = Author._meta.get_field("name")
    assert sent(lambda e: e.add_field(Author, field(models.IntegerField(null=True), "age"))) == [
        'ALTER TABLE "shop_author" ADD COLUMN "age" integer NULL;'
    ]
    assert sent(lambda e: e.remove_field(Author, name)) == ['ALTER TABLE "shop_author" DROP COLUMN "name";']
    assert sent(lambda e: e.alter_field(Author, name, field(models.CharField(max_length=20), "called"))) == [
        'ALTER TABLE "shop_author" RENAME COLUMN "name" TO "called";'
    ]
    assert len(sent(lambda e: e.alter_field(Author, name, field(models.TextField(), "name")))) > 3
    # What others have hung on a table comes back with it.
    made.execute("CREATE INDEX mine ON shop_author (name) WHERE name <> ''", ())
    made.execute("CREATE TRIGGER tell AFTER INSERT ON shop_author BEGIN UPDATE shop_author SET name = 'T'; END", ())
    top = Author.objects.create(name="x").pk
    made.execute(f"DELETE FROM shop_author WHERE id = {top}", ())
    with made.schema_editor() as editor:
        editor.alter_field(Author, name, field(models.TextField(), "name"))
    extras = "SELECT name FROM sqlite_master WHERE tbl_name = 'shop_author' AND type != 'table' ORDER BY 1"
    assert made.fetch(extras, (), list) == [("mine",), ("tell",)]
    # A key that was given out is not given out again.
    assert Author.objects.create(name="y").pk == top + 1
    assert Author.objects.get(pk=top + 1).name == "T"


def test_constraints_are_found_by_what_they_are_over(bare):
    """As when somebody else has made the table."""
    if bare.vendor == "sqlite":
        return
    bare.execute("CREATE TABLE shop_author (id bigint PRIMARY KEY, name varchar(20) CONSTRAINT theirs UNIQUE)", ())
    bare.execute("CREATE INDEX strange ON shop_author (name)", ())

    class Author(models.Model):
        name = models.CharField(max_length=20, unique=True, null=True, db_collation="C")

        class Meta:
            apps = Apps()
            app_label = "shop"

    with bare.schema_editor() as editor:
        editor.remove_index(Author, models.Index(fields=["name"], name="expected"))
        new = field(models.CharField(max_length=20, null=True, db_collation="C"), "name")
        editor.alter_field(Author, Author._meta.get_field("name"), new)
    names = bare.fetch("SELECT indexname::text FROM pg_indexes WHERE tablename = 'shop_author'", (), list)
    assert names == [("shop_author_pkey",)]
    with pytest.raises(ProgrammingError):
        bare.execute("SELECT nothing FROM shop_author", ())


@pytest.mark.only("postgresql")
@pytest.mark.feature("MI-060")
def test_a_table_is_moved(made):
    with made.schema_editor(collect_sql=True) as editor:
        editor.alter_db_tablespace(Book, None, "fast")
        editor.alter_db_tablespace(Book, "fast", None)
    assert editor.collected_sql == [
        'ALTER TABLE "shop_book" SET TABLESPACE "fast";', 'ALTER TABLE "shop_book" SET TABLESPACE "pg_default";'
    ]  # fmt: skip
    with made.schema_editor() as editor:
        editor.alter_db_tablespace(Book, None, "pg_default")
