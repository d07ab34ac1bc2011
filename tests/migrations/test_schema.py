"""Operations in the database: what becomes of tables and of the rows in them."""

from __future__ import annotations

import pytest

from rowsmith import migrations as m
from rowsmith import models


def shelf(history):
    """Authors and books with every kind of thing that a table can have; with a row each."""
    history(
        m.CreateModel(
            "Author",
            [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=20, unique=True))],
        ),
        m.CreateModel(
            "Tag", [("id", models.BigAutoField(primary_key=True)), ("word", models.CharField(max_length=9))]
        ),
        m.CreateModel(
            "Book",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("title", models.CharField(max_length=20, db_index=True)),
                ("author", models.ForeignKey("shop.author", models.CASCADE)),
                ("pages", models.PositiveIntegerField(null=True)),
                ("tags", models.ManyToManyField("shop.tag")),
                ("sequel_of", models.ForeignKey("shop.book", models.SET_NULL, null=True)),
            ],
            {
                "unique_together": {("title", "author")},
                "indexes": [models.Index(fields=["pages", "-title"], name="by_pages")],
                "constraints": [models.CheckConstraint(condition=models.Q(pages__gt=0), name="some_pages")],
            },
        ),
    )
    ann = history.model("Author").objects.create(name="Ann")
    first = history.model("Book").objects.create(title="One", author=ann, pages=10)
    history.model("Book").objects.create(title="Two", author=ann, sequel_of=first)
    first.tags.add(history.model("Tag").objects.create(word="sea"))
    return ann


def shape(history):
    """What the database says of the tables: columns and rules, as it knows them."""
    connection = history.connection
    if connection.vendor == "postgresql":
        queries = [
            "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity, is_generated, "
            "character_maximum_length FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        ]
    else:
        queries = ["SELECT type, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"]
    return sorted(str(row) for query in queries for row in connection.fetch(query, (), list))


CHANGES = {
    "a column that may be NULL": [m.AddField("Book", "year", models.IntegerField(null=True))],
    "a column with a default": [m.AddField("Book", "kind", models.CharField(max_length=9, default="it's"))],
    "a wider column": [m.AlterField("Book", "title", models.CharField(max_length=50, db_index=True))],
    "another type": [m.AlterField("Book", "title", models.TextField(unique=True))],
    "another name for a column": [m.RenameField("Book", "title", "name")],
    "a capital letter in a column": [m.RenameField("Book", "title", "Title")],
    "another name for a referring model": [m.RenameModel("Book", "Volume")],
    "another name for a model referred to": [m.RenameModel("Author", "Writer")],
    "another table": [m.AlterModelTable("Book", "elsewhere")],
    "a capital letter in a table": [m.AlterModelTable("Book", "Shop_book")],
    "text for a key": [m.AlterField("Author", "id", models.CharField(max_length=20, primary_key=True))],
    "a number for a counted key": [m.AlterField("Book", "id", models.IntegerField(primary_key=True))],
    "a cascade in the database": [
        m.AlterField("Book", "author", models.ForeignKey("shop.author", models.DB_CASCADE, null=True))
    ],
    "no foreign key": [
        m.AlterField("Book", "author", models.ForeignKey("shop.author", models.CASCADE, db_constraint=False))
    ],
    "no check": [m.RemoveConstraint("Book", "some_pages")],
    "no index": [m.RemoveIndex("Book", "by_pages")],
    "a column less": [m.AlterUniqueTogether("Book", set()), m.RemoveField("Book", "sequel_of")],
    "another linking table": [
        m.AddField("Book", "readers", models.ManyToManyField("shop.author", related_name="reads"))
    ],
    "another index": [m.AddIndex("Book", models.Index(fields=["author"], name="by_author"))],
    "another name for an index": [m.RenameIndex("Book", "other_pages", "by_pages")],
    "a unique constraint": [m.AddConstraint("Book", models.UniqueConstraint(fields=["title"], name="one_title"))],
    "a default for what was NULL": [
        m.AlterField("Book", "pages", models.IntegerField(default=3), preserve_default=False)
    ],
    "an order": [m.AlterOrderWithRespectTo("Book", "author")],
}


@pytest.mark.feature("MI-060", "MI-063", "MI-064", "MI-048", "SL-012")
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_keeps_rows_and_rules_and_its_undoing_leaves_no_trace(history, change):
    shelf(history)
    before = shape(history)
    history(*CHANGES[change])
    assert shape(history) != before
    renamed = {model.__name__: model for model in history.state.apps.get_models()}
    book = renamed.get("Book") or renamed["Volume"]
    one, two = book.objects.order_by("pk")
    assert [one.author.name, two.author.name] == ["Ann", "Ann"]
    assert [tag.word for tag in one.tags.all()] == ["sea"]
    assert list(renamed["Tag"].objects.filter(**{book._meta.model_name: one})) == list(one.tags.all())
    history.connection.check_constraints()
    history.undo()
    assert shape(history) == before
