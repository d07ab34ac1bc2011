"""Refining a question: filter, exclude, get, and what a keyword may name."""

from __future__ import annotations

import pytest

from rowsmith.exceptions import FieldError
from rowsmith.models import Q
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Review, Stock, Tag, names, titles


@pytest.mark.feature("Q-008")
def test_querysets_come_from_managers(shelf):
    assert len(Book.objects.all()) == 5
    assert titles(Book.objects.filter(pages=100)) == titles(Book.objects.all().filter(pages=100)) == ["Sea"]


@pytest.mark.feature("Q-009", "Q-025")
def test_conditions_of_one_call_must_all_hold(shelf):
    assert titles(Book.objects.filter(author=shelf.ann, pages__gt=100)) == ["Seaside"]
    assert titles(Book.objects.filter(title="Sea")) == titles(Book.objects.filter(title__exact="Sea"))
    assert titles(Book.objects.exclude(author=shelf.ann).order_by("pk")) == ["Hill", "Valley", "Desert"]


@pytest.mark.feature("Q-010")
def test_one_exclude_drops_rows_that_meet_all_its_conditions_and_two_drop_more(shelf):
    one = Book.objects.exclude(author=shelf.ann, pages__gt=100).order_by("pk")
    two = Book.objects.exclude(author=shelf.ann).exclude(pages__gt=100).order_by("pk")
    assert titles(one) == ["Sea", "Hill", "Valley", "Desert"]
    assert titles(two) == []


@pytest.mark.feature("Q-011")
def test_refining_leaves_the_original_alone(shelf):
    every = Book.objects.order_by("pk")
    some = every.filter(pages__gt=200)
    fewer = some.exclude(author=shelf.bob)
    reversed_ = some.reverse()
    assert titles(every) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    assert titles(some) == ["Hill", "Valley", "Desert"]
    assert titles(fewer) == ["Desert"]
    assert titles(reversed_) == ["Desert", "Valley", "Hill"]


@pytest.mark.feature("Q-012", "AS-002")
def test_building_a_query_asks_nothing_and_reading_it_asks_once(shelf):
    with recorded_statements() as seen:
        books = (
            Book.objects.filter(pages__gt=1)
            .exclude(title="x")
            .order_by("pk")
            .distinct()
            .select_related("author")
            .prefetch_related("tags")
            .annotate(p=Q(pages=1))
            .defer("rating")
            .using("default")
            .reverse()[:3]
        )
        assert seen == []
        assert titles(books) == ["Desert", "Valley", "Hill"]
        assert titles(books) == ["Desert", "Valley", "Hill"]
    assert len(seen) == 2  # the books and their tags


@pytest.mark.feature("Q-013")
@pytest.mark.parametrize(
    "evaluate, expected",
    [
        (lambda books: [book.title for book in books], ["Desert", "Hill"]),
        (bool, True),
        (len, 2),
        (lambda books: titles(list(books)), ["Desert", "Hill"]),
        (lambda books: Book(pk=0) in books, False),
        (repr, "<QuerySet [<Book: Desert>, <Book: Hill>]>"),
        (lambda books: titles(books[::2]), ["Desert"]),
    ],
    ids=["iteration", "bool", "len", "list", "in", "repr", "step"],
)
def test_reading_runs_the_query(world, shelf, evaluate, expected):
    books = Book.objects.filter(title__in=["Hill", "Desert"]).order_by("title")
    with recorded_statements() as seen:
        assert seen == []
        assert evaluate(books) == expected
    assert len(seen) == 1


@pytest.mark.feature("Q-015")
def test_get_returns_the_one_row(shelf):
    assert Book.objects.get(title="Hill") == shelf.hill
    assert Book.objects.get(Q(title="Hill"), pages=300) == shelf.hill
    with pytest.raises(Book.DoesNotExist, match="Book matching query does not exist"):
        Book.objects.get(title="Nowhere")
    with pytest.raises(Book.MultipleObjectsReturned, match="more than one Book -- it returned 2!"):
        Book.objects.get(author=shelf.ann)
    with pytest.raises(Book.DoesNotExist):
        Book.objects.none().get()


@pytest.mark.feature("Q-016")
def test_get_looks_at_21_rows_at_most(tables):
    tables(Tag)
    Tag.objects.bulk_create([Tag(label=f"{number:02}") for number in range(30)])
    with recorded_statements() as seen, pytest.raises(Tag.MultipleObjectsReturned, match="more than 20"):
        Tag.objects.get()
    [statement] = seen
    assert "LIMIT 21" in statement
    assert Tag.objects.filter(label="07").get().label == "07"
    assert Tag.objects.order_by("label")[4:5].get().label == "04"


@pytest.mark.feature("Q-017")
def test_get_of_values_returns_the_bare_value_or_dict(shelf):
    assert Book.objects.values_list("pages", flat=True).get(title="Hill") == 300
    assert Book.objects.values("title", "pages").get(pages=300) == {"title": "Hill", "pages": 300}
    assert Book.objects.values_list("title", "pages").get(pages=300) == ("Hill", 300)


@pytest.mark.feature("Q-026")
def test_a_foreign_key_is_addressed_by_its_name_or_by_its_column(shelf):
    key = shelf.ann.pk
    expected = ["Sea", "Seaside"]
    assert titles(Book.objects.filter(author=key).order_by("pk")) == expected
    assert titles(Book.objects.filter(author_id=key).order_by("pk")) == expected
    assert titles(Book.objects.filter(author_id__in=[key]).order_by("pk")) == expected


@pytest.mark.feature("Q-027")
@pytest.mark.parametrize("kind", [FieldError, TypeError])
@pytest.mark.parametrize(
    "call, told",
    [
        (lambda: Book.objects.filter(titel="x"), ["'titel'", "Did you mean 'title'?", "author", "publisher"]),
        (lambda: Book.objects.exclude(author__nam="x"), ["nam", "'name'", "nickname"]),
        (lambda: Book.objects.filter(title__contain="x"), ["'contain'", "'contains'", "icontains"]),
        (lambda: Book.objects.get(author__books__x=1), ["books"]),
        (lambda: Book.objects.filter(Q(nothing=1) | Q(title="x")), ["'nothing'", "title"]),
        (lambda: Book.objects.filter(author__name__year=1), ["'year'"]),
    ],
    ids=["field", "related field", "lookup", "relation", "in a Q", "transform"],
)
def test_an_unknown_name_is_refused_by_the_call_that_has_it(shelf, kind, call, told):
    with recorded_statements() as seen, pytest.raises(kind) as caught:
        call()
    assert seen == []
    for word in told:
        assert word in str(caught.value)


@pytest.mark.feature("Q-028")
def test_pk_stands_for_the_primary_key_everywhere(shelf):
    keys = [shelf.sea.pk, shelf.hill.pk]
    assert titles(Book.objects.filter(pk__in=keys).order_by("pk")) == ["Sea", "Hill"]
    assert titles(Book.objects.filter(pk__gt=shelf.hill.pk).order_by("-pk")) == ["Desert", "Valley"]
    assert titles(Book.objects.filter(author__pk=shelf.cid.pk)) == ["Desert"]
    assert titles(Book.objects.filter(author__pk__in=[shelf.cid.pk])) == ["Desert"]
    assert names(Author.objects.filter(book__pk=shelf.hill.pk)) == ["Bob"]


@pytest.mark.feature("Q-029", "Q-135")
def test_a_relation_compares_with_an_instance_a_key_a_list_or_a_queryset(shelf):
    by_instance = Book.objects.filter(author=shelf.ann).order_by("pk")
    expected = ["Sea", "Seaside"]
    assert titles(by_instance) == expected
    assert titles(Book.objects.filter(author=shelf.ann.id).order_by("pk")) == expected
    assert titles(Book.objects.filter(author__id=shelf.ann.id).order_by("pk")) == expected
    assert titles(Book.objects.filter(author__in=[shelf.ann]).order_by("pk")) == expected
    assert titles(Book.objects.filter(author__in=[shelf.ann.id]).order_by("pk")) == expected
    assert titles(Book.objects.filter(author__in=[shelf.ann, shelf.cid.pk]).order_by("pk")) == [*expected, "Desert"]
    anns = Author.objects.filter(name="Ann")
    assert titles(Book.objects.filter(author__in=anns).order_by("pk")) == expected
    assert titles(Book.objects.filter(author__in=anns.values("pk")).order_by("pk")) == expected
    assert names(Author.objects.filter(book=shelf.hill)) == ["Bob"]
    assert names(Author.objects.filter(book__in=Book.objects.filter(pages=300))) == ["Bob"]


@pytest.mark.feature("Q-030")
def test_an_unsaved_instance_cannot_be_looked_for(shelf):
    unsaved = Author(name="Dan")
    for call in (
        lambda: Book.objects.filter(author=unsaved),
        lambda: Book.objects.filter(author__in=[shelf.ann, unsaved]),
        lambda: Book.objects.exclude(author=unsaved),
        lambda: Author.objects.filter(book=Book()),
    ):
        with pytest.raises(ValueError, match="not saved"):
            call()


def test_an_instance_of_another_model_cannot_be_looked_for(shelf):
    with pytest.raises(ValueError, match=r"must be of .*Author, not of .*Book"):
        Book.objects.filter(author=shelf.sea)
    with pytest.raises(ValueError, match=r"must be of .*Author"):
        Book.objects.filter(author__in=Book.objects.all())


@pytest.mark.feature("Q-101", "V-034")
def test_instances_are_equal_when_model_and_key_are(shelf):
    again = Book.objects.get(pk=shelf.sea.pk)
    assert again == shelf.sea and again is not shelf.sea
    assert again != shelf.hill
    assert Book(pk=1) != Author(pk=1)
    unsaved = Book()
    assert unsaved == unsaved
    assert unsaved != Book()
    assert shelf.sea != shelf.sea.pk
    assert Stock(pk=1) == Stock(pk=1, code="other")


@pytest.mark.feature("V-035")
def test_the_hash_of_an_instance_is_that_of_its_key(shelf):
    assert hash(shelf.sea) == hash(shelf.sea.pk)
    assert len({shelf.sea, Book.objects.get(pk=shelf.sea.pk), shelf.hill}) == 2
    with pytest.raises(TypeError, match="without a primary key"):
        hash(Book())


def test_the_same_question_with_other_values_gets_other_answers(shelf):
    for title, pages in [("Sea", 100), ("Hill", 300), ("Desert", 500), ("Nowhere", None)]:
        found = list(Book.objects.filter(title=title, pages__lt=1000).values_list("pages", flat=True))
        assert found == ([pages] if pages else [])
    for stars, expected in [(5, 2), (3, 2), (4, 1), (9, 0)]:
        assert Review.objects.filter(stars=stars).count() == expected
