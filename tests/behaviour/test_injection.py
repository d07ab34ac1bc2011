"""The injection corpus: nothing that a caller passes as a name, an alias, a key or an option becomes SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from rowsmith import exceptions, models
from rowsmith.models import F, FilteredRelation, Func, Q, StringAgg, Sum, Value, Window
from rowsmith.models.expressions import RawSQL
from rowsmith.models.fields.json import KT
from rowsmith.models.functions import (
    Cast,
    Collate,
    Concat,
    Extract,
    JSONObject,
    Lower,
    Replace,
    RowNumber,
    Trunc,
)
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Book, Event, Publisher

REFUSALS = (
    exceptions.FieldError,
    exceptions.FieldDoesNotExist,
    exceptions.ValidationError,
    exceptions.NotSupportedError,
    ValueError,
    TypeError,
)

CORPUS = [
    "a; DROP TABLE behaviour_book",
    'a"; DROP TABLE behaviour_book; --',
    "a'; DROP TABLE behaviour_book; --",
    'a" FROM behaviour_book; --',
    "a') OR 1=1 --",
    "1=1) OR (1=1",
    "a`b",
    "a[b]",
    "a.b",
    'a"."b',
    "a -- b",
    "a /* b */",
    "a#b",
    "a%sb",
    "a%(b)s",
    "a%%b",
    "%",
    "%s",
    "a?b",
    "$1",
    ":a",
    "@a",
    "a\x00b",
    "a\nb",
    "a\tb",
    "a\x1bb",
    "a\\b",
    "a\\'b",
    "a\u2019b",
    "a\uff07b",
    "a\u202eb",
    "é",
    "日本",
    " ",
    "",
    "*",
    "null",
    "select",
    "a" * 100,
]


class Document(models.Model):
    data = models.JSONField(null=True)
    title = models.CharField(max_length=200, default="")


def every(test: Callable[..., Any]) -> Callable[..., Any]:
    return pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text)[:40])(test)


def harmless(call: Callable[[], Any]) -> Any:
    """The answer, or the refusal; whatever it is, it came from this library or is an answer."""
    with recorded_statements() as seen:
        try:
            answer = call()
        except REFUSALS as refusal:
            answer = refusal
    for statement in seen:
        assert "DROP" not in unquoted(statement)
    assert Book.objects.count() == 5
    return answer


def unquoted(statement: str) -> str:
    """A statement without the names and strings in quotes."""
    kept: list[str] = []
    quote = ""
    for char in statement:
        if quote:
            if char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        else:
            kept.append(char)
    assert not quote, f"an open quote in {statement}"
    return "".join(kept)


pytestmark = pytest.mark.filterwarnings("ignore:Names of annotations with a percent sign")


@every
def test_aliases_stay_names_or_are_refused(shelf, text):
    books = Book.objects.order_by("pk")
    calls = [
        lambda: [vars(book).get(text) for book in books.annotate(**{text: F("pages")})],
        lambda: [row[text] for row in books.values(**{text: F("pages")})],
        lambda: [row[text] for row in books.annotate(**{text: F("pages")}).values(text)],
        lambda: list(books.annotate(**{text: F("pages")}).filter(**{text: 100}).values_list(text, flat=True)) * 5,
        lambda: list(books.alias(**{text: F("pages")}).order_by(text).values_list("pages", flat=True)),
        lambda: [book.pages for book in books.alias(**{text: F("pages")}).filter(**{f"{text}__gt": 0})],
        lambda: list(books.values(**{text: F("title")}).annotate(n=Sum("pages")).values_list("n", flat=True)),
    ]
    for call in calls:
        answer = harmless(call)
        if not isinstance(answer, REFUSALS):
            assert sorted(answer) in ([100, 200, 300, 400, 500], [100] * 5)
    answer = harmless(lambda: Book.objects.aggregate(**{text: Sum("pages")}))
    assert isinstance(answer, REFUSALS) or answer == {text: 1500}


@every
def test_names_inside_of_expressions_are_fields_or_refused(shelf, text):
    for call in (
        lambda: list(Book.objects.filter(pages=F(text))),
        lambda: list(Book.objects.order_by(F(text).desc())),
        lambda: list(Book.objects.annotate(x=Lower(text))),
        lambda: list(Book.objects.annotate(x=Sum(text))),
        lambda: Book.objects.aggregate(Sum(text)),
        lambda: Book.objects.update(pages=F(text) + 1),
        lambda: list(Book.objects.annotate(x=Window(RowNumber(), partition_by=text))),
        lambda: list(Book.objects.annotate(x=Window(RowNumber(), order_by=text))),
        lambda: list(Book.objects.annotate(x=KT(text))),
        lambda: list(Book.objects.annotate(x=FilteredRelation(text))),
        lambda: list(Book.objects.annotate(x=FilteredRelation("tags", condition=Q(**{f"tags__{text}": 1})))),
    ):
        answer = harmless(call)
        assert isinstance(answer, REFUSALS), f"{text!r} is no field, but was answered {answer!r}"


@every
def test_parts_and_kinds_of_moments_are_words_of_a_list(events, empty_library, text):
    for call in (
        lambda: list(Event.objects.annotate(x=Extract("at", text))),
        lambda: list(Event.objects.annotate(x=Trunc("at", text))),
        lambda: list(Event.objects.annotate(x=Trunc("day", text, output_field=models.DateField()))),
        lambda: list(Event.objects.dates("day", text)),
        lambda: list(Event.objects.datetimes("at", text)),
        lambda: list(Event.objects.dates("day", "year", order=text)),
        lambda: list(Event.objects.filter(**{f"at__{text}": 1})),
    ):
        try:
            answer = call()
        except REFUSALS:
            continue
        raise AssertionError(f"{text!r} is no part of a moment, but was answered {answer!r}")


@every
def test_names_of_collations_and_functions_are_checked(shelf, text):
    for call in (
        lambda: list(Book.objects.annotate(x=Collate("title", text))),
        lambda: list(Book.objects.annotate(x=Collate("title", text)).order_by("x")),
        lambda: list(Book.objects.annotate(x=Func("title", function=text))),
    ):
        try:
            harmless(call)
        except exceptions.DatabaseError as error:
            # A well-formed name that the database does not know, perhaps with a schema.
            assert re.fullmatch(r"[\w.]+", text), f"{text!r} reached the database: {error}"


@every
def test_values_inside_of_expressions_are_bound(shelf, text):
    if "\x00" in text:
        return
    first = Book.objects.order_by("pk")
    for expression, expected in (
        (Value(text), text),
        (Concat(Value("<"), Value(text), Value(">")), f"<{text}>"),
        (Replace(Value("x"), Value("x"), Value(text)), text),
        (Cast(Value(text), models.TextField()), text),
        (RawSQL("%s", (text,), output_field=models.TextField()), text),
        (Lower(Value(text)), None),
    ):
        [answer] = harmless(lambda expression=expression: first.values_list(expression, flat=True)[:1])
        assert expected is None or answer == expected
    with recorded_statements() as seen:
        joined = Publisher.objects.aggregate(x=StringAgg("name", Value(text)))["x"]
    assert joined in (f"North{text}South", f"South{text}North")
    assert text == "" or len(text) < 3 or text not in seen[0]
    assert list(Book.objects.filter(title=Value(text))) == []
    holding = Value(text) if text else "nothing"
    assert list(Book.objects.filter(title__contains=holding)) in ([], list(Book.objects.all()))


@every
def test_json_keys_are_values(tables, shelf, text):
    if "\x00" in text:
        return  # no database stores it, and PostgreSQL says so
    tables(Document)
    document = Document.objects.create(data={text: {"in": text}, "other": 1})
    other = Document.objects.create(data={"other": text})
    found = list(Document.objects.filter(data__has_key=text))
    assert found == [document]
    assert list(Document.objects.filter(data__has_keys=[text, "other"])) == [document]
    assert set(Document.objects.filter(data__has_any_keys=[text, "other"])) == {document, other}
    assert list(Document.objects.filter(data__other=text)) == [other]
    assert set(Document.objects.exclude(data__has_key=text)) == {other}
    [made] = Document.objects.annotate(x=JSONObject(**{text or "k": Value(1)})).filter(pk=document.pk)
    assert made.x == {text or "k": 1}
    if text and "__" not in text and not text.strip("-").isdigit():
        for path in (f"data__{text}__in", f"data__{text}"):
            harmless(lambda path=path: list(Document.objects.values_list(path)))
        inner = Document.objects.filter(**{f"data__{text}__isnull": False})
        assert list(inner) == [document]
        assert list(Document.objects.filter(**{f"data__{text}": {"in": text}})) == [document]
        assert list(Document.objects.filter(**{f"data__{text}": {"in": "'" + text}})) == []
        assert Document.objects.order_by(f"data__{text}").count() == 2
        found = [value for (value,) in Document.objects.values_list(f"data__{text}")]
        assert sorted(found, key=str) == [None, {"in": text}]
    assert Document.objects.count() == 2


@every
def test_options_of_a_q_are_names(shelf, text):
    for name in ("_connector", "_negated"):
        for call in (
            lambda name=name: list(Book.objects.filter(**{name: text})),
            lambda name=name: list(Book.objects.filter(pages=1, **{name: text})),
            lambda name=name: list(Book.objects.exclude(**{name: text})),
            lambda name=name: Book.objects.get(**{name: text}),
            lambda name=name: list(Book.objects.annotate(x=FilteredRelation("tags", condition=Q(**{name: text})))),
        ):
            answer = harmless(call)
            assert isinstance(answer, REFUSALS) or (name == "_negated" and answer is not None)
    with pytest.raises((ValueError, TypeError)):
        Q(pages=1, _connector=text or "x")


@every
def test_names_of_extra_and_raw_stay_names(shelf, text):
    answer = harmless(lambda: [vars(book)[text] for book in Book.objects.extra(select={text: "pages + 1"})])
    assert isinstance(answer, REFUSALS) or sorted(answer) == [101, 201, 301, 401, 501]
    if "\x00" not in text:
        rows = Book.objects.extra(where=["title <> %s"], params=[text])
        assert len(harmless(lambda: list(rows))) == 5
        rows = Book.objects.extra(select={"x": "%s"}, select_params=[text])
        assert {book.x for book in harmless(lambda: list(rows))} == {text}
    try:
        harmless(lambda: list(Book.objects.extra(order_by=[text])))
    except exceptions.DatabaseError as error:
        # A table and a column of it, each of them a quoted name that is not there.
        assert "." in text, f"{text!r} reached the database: {error}"
    books = Book.objects.raw("SELECT id, title FROM behaviour_book", translations={text: "title", "title": text})
    assert len(harmless(lambda: list(books))) == 5


@every
def test_names_of_common_tables_stay_names_or_are_refused(shelf, text):
    def read() -> list[Book]:
        cte = models.CTE(Book.objects.filter(pages__gt=100), name=text)
        return list(cte.queryset().with_cte(cte))

    answer = harmless(read)
    assert isinstance(answer, REFUSALS) or len(answer) == 4


@every
def test_names_of_combined_columns_are_fields_or_refused(shelf, text):
    pages = Book.objects.values_list("pages", flat=True)
    for call in (
        lambda: list(pages.union(pages).order_by(text)),
        lambda: list(pages.union(pages).values(text)),
        lambda: list(pages.union(pages).values_list(text)),
    ):
        assert isinstance(harmless(call), REFUSALS)
