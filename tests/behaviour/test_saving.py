"""The options of save(), and loading a row again."""

from __future__ import annotations

from functools import cached_property

import pytest

from rowsmith import models, transaction
from rowsmith.exceptions import DatabaseError, IntegrityError
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Stock, Tag


class Careful(models.Model):
    """Looks before it saves."""

    name = models.CharField(max_length=20)

    class Meta:
        select_on_save = True


class Keyed(models.Model):
    """A key with a default of its own."""

    number = models.IntegerField(primary_key=True, default=7)
    name = models.CharField(max_length=20, default="")


class KeyedThere(models.Model):
    """A key that the database gives when nobody else does."""

    code = models.CharField(max_length=10, primary_key=True, db_default="seven")
    name = models.CharField(max_length=20, default="")


class Based(models.Model):
    """Its default manager hides what its base manager shows."""

    name = models.CharField(max_length=20)

    class Visible(models.Manager):
        def get_queryset(self):
            return super().get_queryset().exclude(name="hidden")

    objects = Visible()

    @cached_property
    def shout(self):
        return self.name.upper()


class Rewritten(models.Model):
    """Its save() changes another field, and can be told not to save at all."""

    name = models.CharField(max_length=20)
    slug = models.CharField(max_length=20, default="")

    def save(self, **kwargs):
        if self.name == "silent":
            return
        self.slug = self.name.lower()
        fields = kwargs.get("update_fields")
        if fields is not None and "name" in fields:
            kwargs["update_fields"] = {"slug", *fields}
        super().save(**kwargs)


@pytest.mark.feature("V-015")
def test_save_takes_keywords_only(shelf):
    with pytest.raises(TypeError, match="keyword"):
        shelf.sea.save(True)
    with pytest.raises(TypeError):
        shelf.sea.save(nothing=True)
    shelf.sea.save(force_insert=False, force_update=True, using="default", update_fields=None)


@pytest.mark.feature("V-017")
def test_save_with_a_key_updates_and_inserts_where_there_was_no_row(empty_library):
    with recorded_statements() as seen:
        Tag(label="a").save()
        Tag(pk=90, label="b").save()
        Tag(pk=90, label="c").save()
    assert [statement.split()[0] for statement in seen] == ["INSERT", "UPDATE", "INSERT", "UPDATE"]
    assert Tag.objects.get(pk=90).label == "c"


@pytest.mark.feature("V-018")
def test_a_new_instance_whose_key_has_a_default_is_inserted_at_once(tables):
    tables(Keyed)
    with recorded_statements() as seen:
        Keyed.objects.create(name="a")
    assert [statement.split()[0] for statement in seen] == ["INSERT"]
    with pytest.raises(IntegrityError):
        Keyed(name="b").save()
    with pytest.raises(IntegrityError):
        Keyed(number=7, name="b").save()
    loaded = Keyed.objects.get()
    loaded.name = "c"
    with recorded_statements() as seen:
        loaded.save()
    assert [statement.split()[0] for statement in seen] == ["UPDATE"]
    loaded.number = 8
    loaded.save()
    assert sorted(Keyed.objects.values_list("number", "name")) == [(7, "c"), (8, "c")]


@pytest.mark.feature("V-018")
def test_a_key_that_the_database_gives_by_default_is_inserted_at_once(tables):
    tables(KeyedThere)
    with recorded_statements() as seen:
        made = KeyedThere(name="a")
        made.save()
        KeyedThere(code="five", name="b").save()
    assert [statement.split()[0] for statement in seen] == ["INSERT", "INSERT"]
    assert made.code == "seven"
    with recorded_statements() as seen:
        loaded = KeyedThere.objects.get(code="five")
        loaded.name = "c"
        loaded.save()
    assert [statement.split()[0] for statement in seen] == ["SELECT", "UPDATE"]
    assert sorted(KeyedThere.objects.values_list("code", "name")) == [("five", "c"), ("seven", "a")]


@pytest.mark.feature("V-019", "O-022")
def test_select_on_save_looks_first(tables):
    tables(Careful)
    one = Careful.objects.create(name="a")
    one.name = "b"
    with recorded_statements() as seen:
        one.save()
    assert [statement.split()[0] for statement in seen] == ["SELECT", "UPDATE"]
    with recorded_statements() as seen:
        Careful(pk=99, name="c").save()
    assert [statement.split()[0] for statement in seen] == ["SELECT", "INSERT"]
    assert not Tag._meta.select_on_save


@pytest.mark.feature("V-020")
def test_forcing_an_insert_excludes_updating(shelf):
    for options in ({"force_update": True}, {"update_fields": ["title"]}):
        with pytest.raises(ValueError, match="[Cc]annot force both"):
            shelf.sea.save(force_insert=True, **options)
    with pytest.raises(IntegrityError):
        shelf.sea.save(force_insert=True)


@pytest.mark.feature("V-022")
def test_an_update_that_finds_no_row_says_so(shelf):
    gone = Book.objects.get(title="Valley")
    Book.objects.filter(pk=gone.pk).delete()
    for options in ({"force_update": True}, {"update_fields": ["title"]}):
        with pytest.raises(Book.NotUpdated) as caught:
            gone.save(**options)
        assert isinstance(caught.value, DatabaseError)
    with pytest.raises(ValueError, match="no primary key"):
        Book(title="x").save(force_update=True)
    assert not Book.objects.filter(title="Valley").exists()


@pytest.mark.feature("V-023")
def test_update_fields_limits_what_is_written(shelf):
    book = shelf.sea
    book.title, book.pages = "Lake", 1
    with recorded_statements() as seen:
        book.save(update_fields=["title"])
        book.save(update_fields=("title",))
        book.save(update_fields={"title"})
        book.save(update_fields=iter(["title"]))
    assert len(seen) == 4 and not any('"pages"' in statement for statement in seen)
    row = Book.objects.get(pk=book.pk)
    assert (row.title, row.pages) == ("Lake", 100)
    with recorded_statements() as seen:
        book.save(update_fields=[])
    assert seen == []
    book.author = shelf.cid
    book.save(update_fields=["author"])
    assert Book.objects.get(pk=book.pk).author == shelf.cid
    book.author = shelf.ann
    book.save(update_fields=["author_id"])
    assert Book.objects.get(pk=book.pk).author == shelf.ann
    for wrong in ("nothing", "tags", "id", "pk", "reviews"):
        with pytest.raises(ValueError, match=wrong):
            book.save(update_fields=[wrong])
    with pytest.raises(ValueError, match="Did you mean 'title'"):
        book.save(update_fields=["titel"])


def test_update_fields_as_a_string_is_not_a_list_of_letters(shelf):
    with pytest.raises((TypeError, ValueError)):
        shelf.sea.save(update_fields="title")


@pytest.mark.feature("M-059", "M-060", "M-061", "AS-008")
def test_an_overridden_save_is_the_one_that_is_called(tables):
    tables(Rewritten)
    one = Rewritten.objects.create(name="Ann")
    assert Rewritten.objects.get().slug == "ann"
    one.name = "BOB"
    one.save(update_fields=["name"])
    assert Rewritten.objects.get().slug == "bob"
    with recorded_statements() as seen:
        Rewritten(name="silent").save(force_insert=True)
    assert seen == []
    one.name = "CID"
    one.save(force_update=True, using="default")
    assert Rewritten.objects.get().slug == "cid"


@pytest.mark.feature("V-009")
def test_refresh_loads_the_row_again_and_forgets_its_relations(shelf):
    book = Book.objects.get(title="Sea")
    assert book.author == shelf.ann
    Book.objects.filter(pk=book.pk).update(title="Lake", author=shelf.bob, pages=7)
    book.pages = 1
    with recorded_statements() as seen:
        book.refresh_from_db()
    assert len(seen) == 1
    assert (book.title, book.pages, book.author) == ("Lake", 7, shelf.bob)
    partial = Book.objects.only("title").get(pk=book.pk)
    Book.objects.filter(pk=book.pk).update(title="Pond")
    partial.refresh_from_db()
    assert partial.title == "Pond" and "pages" in partial.get_deferred_fields()


@pytest.mark.feature("V-010")
def test_refresh_can_be_limited_to_fields(shelf):
    book = Book.objects.select_related("author").prefetch_related("tags").get(title="Sea")
    Book.objects.filter(pk=book.pk).update(title="Lake", pages=7)
    shelf.ann.name = "Anna"
    shelf.ann.save()
    book.refresh_from_db(fields=["title"])
    assert (book.title, book.pages, book.author.name) == ("Lake", 100, "Ann")
    book.refresh_from_db(fields=["author"])
    assert book.author.name == "Anna"
    book.tags.through.objects.filter(tag=shelf.blue).delete()
    assert len(book.tags.all()) == 2
    book.refresh_from_db(fields=["tags"])
    assert [tag.label for tag in book.tags.all()] == ["deep"]
    with recorded_statements() as seen:
        book.refresh_from_db(fields=[])
    assert seen == []
    with pytest.raises(ValueError, match="__"):
        book.refresh_from_db(fields=["author__name"])


@pytest.mark.feature("V-011")
def test_refresh_may_load_from_a_queryset(shelf):
    book = Book.objects.get(title="Sea")
    with recorded_statements() as seen:
        book.refresh_from_db(from_queryset=Book.objects.select_related("author"))
        assert book.author.name == "Ann"
    assert len(seen) == 1
    with pytest.raises(Book.DoesNotExist):
        book.refresh_from_db(from_queryset=Book.objects.filter(title="Hill"))
    Book.objects.filter(pk=book.pk).update(title="Ocean")
    with transaction.atomic():
        book.refresh_from_db(from_queryset=Book.objects.select_for_update())
    assert book.title == "Ocean"
    book.refresh_from_db(from_queryset=Book.objects)
    Book.objects.filter(pk=book.pk).delete()
    with pytest.raises(Book.DoesNotExist):
        book.refresh_from_db()


def test_refresh_leaves_annotations_alone(shelf):
    book = Book.objects.annotate(double=models.F("pages") * 2).get(title="Sea")
    Book.objects.filter(pk=book.pk).update(pages=7)
    book.refresh_from_db()
    assert (book.pages, book.double) == (7, 200)


@pytest.mark.feature("V-012")
def test_refresh_asks_the_base_manager_and_leaves_what_is_no_column(tables):
    tables(Based)
    Based.objects.create(name="seen")
    row = Based.objects.annotate(louder=models.Value("!")).get()
    assert row.shout == "SEEN"
    Based.objects.update(name="hidden")
    assert not Based.objects.exists()
    with recorded_statements() as seen:
        row.refresh_from_db()
    assert len(seen) == 1 and row._state.db == "default"
    assert (row.name, row.shout, row.louder) == ("hidden", "SEEN", "!")


@pytest.mark.feature("V-040")
def test_the_next_and_the_previous_by_a_date(tables):
    class Day(models.Model):
        on = models.DateField()
        at = models.DateTimeField(null=True)
        label = models.CharField(max_length=5, default="")

    tables(Day)
    first, second, twin, last = (
        Day.objects.create(on=on, label=label)
        for on, label in [("2001-01-01", "a"), ("2001-02-01", "b"), ("2001-02-01", "c"), ("2001-03-01", "d")]
    )
    first = Day.objects.get(pk=first.pk)
    assert first.get_next_by_on().label == "b"
    assert Day.objects.get(pk=second.pk).get_next_by_on() == twin
    assert Day.objects.get(pk=twin.pk).get_next_by_on() == last
    assert Day.objects.get(pk=twin.pk).get_previous_by_on() == second
    assert first.get_next_by_on(label="d") == last
    with pytest.raises(Day.DoesNotExist):
        first.get_previous_by_on()
    with pytest.raises(ValueError, match="unsaved"):
        Day(on="2001-01-01").get_next_by_on()
    assert not hasattr(first, "get_next_by_at")


def test_rows_may_be_saved_again_after_their_table_changed_under_them(stock):
    item = Stock.objects.create(code="a")
    Stock.objects.all().delete()
    item.save()
    assert Stock.objects.get().pk == item.pk
    author = Author(name="x")
    assert not author._is_pk_set()
