"""Documents stay what they are while the tables change that they are made of, and come and go with their index."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import models
from rowsmith.search import SearchIndex


class Publisher(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "changing"


class Volume(models.Model):
    title = models.CharField(max_length=50)
    pages = models.IntegerField(default=1)
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, null=True)

    class Meta:
        app_label = "changing"
        indexes = [
            SearchIndex(fields={"title": "A"}, name="own_texts"),
            SearchIndex(fields={"title": "A", "publisher__name": "B"}, name="all_texts"),
        ]


@pytest.fixture
def volumes(database):
    rowsmith.drop_tables(Publisher, Volume)
    rowsmith.create_tables(Publisher, Volume)
    Volume.objects.create(title="Owls at night", publisher=Publisher.objects.create(name="Penguin"))
    yield Volume
    rowsmith.drop_tables(Publisher, Volume)


def check(text="owl", publisher="penguin", number=1):
    """Documents are there, and follow."""
    assert Volume.objects.search(text, index="own_texts").count() == number
    assert Volume.objects.search(f"{text} {publisher}", index="all_texts").count() == number
    row = Volume.objects.create(title="Bats", publisher=Publisher.objects.get())
    assert Volume.objects.search("bat", index="own_texts").count() == 1
    assert Volume.objects.search(f"bat {publisher}", index="all_texts").count() == 1
    Publisher.objects.update(name="Ibis")
    assert Volume.objects.search("bat ibis", index="all_texts").count() == 1
    Publisher.objects.update(name=publisher)
    row.delete()
    assert Volume.objects.search("bat", index="own_texts").count() == 0


TEXTS = """
from rowsmith.search import SearchIndex

class Author(models.Model):
    name = models.CharField(max_length=20)

class Book(models.Model):
    title = models.CharField(max_length=20)
    author = models.ForeignKey(Author, models.CASCADE)

    class Meta:
        indexes = [SearchIndex(fields={"title": "A", "author__name": "B"}, name="book_texts")]
"""


@pytest.mark.plain
def test_migrations_carry_search_indexes(project):
    project.models(TEXTS.replace('indexes = [', 'indexes = [] and ['))
    project.make("shop")
    project.migrate()
    ann = project.model("Author").objects.create(name="Ann")
    project.model("Book").objects.create(title="Owls", author=ann)
    project.models(TEXTS)
    assert "+ Create index book_texts on field(s) title, author__name of model Book" in project.make("shop")
    assert "rowsmith.search.SearchIndex(" in project.text(project.files()[-1])
    project.migrate()
    assert project.model("Book").objects.search("owl ann").count() == 1
    assert project.make("shop") == "No changes detected in app 'shop'\n"
    # Other names for what is searched, a wider column, another language.
    project.models(TEXTS.replace("max_length=20", "max_length=30").replace("}, name", '}, language="simple", name'))
    project.make("shop")
    project.migrate()
    book = project.model("Book").objects
    assert (book.search("owls ann").count(), book.search("owl ann").count()) == (1, 0)
    project.model("Author").objects.update(name="Bob")
    assert book.search("owls bob").count() == 1
    project.migrate("shop", "zero")
    project.migrate()
    assert not project.model("Book").objects.search("owls").exists()


def bound_to(field, model, name):
    field.set_attributes_from_name(name)
    field.model = model
    return field


@pytest.mark.plain
def test_documents_outlive_changes_of_their_table(volumes, database):
    meta = Volume._meta
    longer = bound_to(models.TextField(), Volume, "title")
    more = bound_to(models.BigIntegerField(default=1), Volume, "pages")
    with database.schema_editor() as editor:
        editor.alter_field(Volume, meta.get_field("pages"), more)
    check()
    with database.schema_editor() as editor:
        editor.alter_field(Volume, meta.get_field("title"), longer)
    check()
    note = bound_to(models.CharField(max_length=20, null=True), Volume, "note")
    with database.schema_editor() as editor:
        editor.add_field(Volume, note)
    with database.schema_editor() as editor:
        editor.alter_field(Volume, longer, meta.get_field("title"))
    check()


@pytest.mark.plain
def test_documents_outlive_changes_of_a_table_that_they_refer_to(volumes, database):
    old = Publisher._meta.get_field("name")
    new = bound_to(models.CharField(max_length=80, unique=True), Publisher, "name")
    with database.schema_editor() as editor:
        editor.alter_field(Publisher, old, new)
    check()


@pytest.mark.plain
def test_an_index_comes_goes_and_gets_another_name(volumes, database):
    own, spanning = Volume._meta.indexes
    for index in (own, spanning):
        with database.schema_editor() as editor:
            editor.remove_index(Volume, index)
        with database.schema_editor() as editor:
            editor.add_index(Volume, index)
        check()
        renamed = index.clone()
        renamed.name = "other_name"
        with database.schema_editor() as editor:
            editor.rename_index(Volume, index, renamed)
        with database.schema_editor() as editor:
            editor.rename_index(Volume, renamed, index)
        check()
