"""aggregate() and annotate(): every aggregate, over every kind of relation."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.models import (
    Aggregate,
    AnyValue,
    Avg,
    BitAnd,
    BitOr,
    BitXor,
    Case,
    Count,
    DecimalField,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    Max,
    Min,
    Q,
    RowRange,
    StdDev,
    StringAgg,
    Sum,
    Value,
    Variance,
    When,
    Window,
)
from rowsmith.models.functions import Coalesce, Length, Lower
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Event, Publisher, Review, Tag


@pytest.mark.feature("A-001", "A-002", "A-003", "A-041")
def test_aggregates_end_the_chain_and_have_names_of_their_own(shelf):
    assert Book.objects.aggregate(Avg("pages")) == {"pages__avg": 300.0}
    assert Book.objects.all().aggregate(Max("review__stars")) == {"review__stars__max": 5}
    assert Book.objects.aggregate(Min("published")) == {"published__min": date(2001, 1, 31)}
    assert Book.objects.aggregate(Count("id"), Sum("pages"), low=Min("price"), high=Max("price")) == {
        "id__count": 5,
        "pages__sum": 1500,
        "low": Decimal("12.50"),
        "high": Decimal("62.50"),
    }
    assert Book.objects.aggregate() == {}
    for wrong in (lambda: Book.objects.aggregate(Sum(F("pages") + 1)), lambda: Book.objects.aggregate(Count("*"))):
        with pytest.raises(TypeError, match="require an alias"):
            wrong()
    with pytest.raises(TypeError, match="not an aggregate"):
        Book.objects.aggregate(x=F("pages"))
    with pytest.raises(FieldError, match="Cannot resolve keyword 'nothing'"):
        Book.objects.aggregate(Sum("nothing"))


@pytest.mark.feature("A-004")
def test_aggregates_are_combined(shelf):
    assert Book.objects.aggregate(spread=Max("pages") - Min("pages")) == {"spread": 400}
    found = Book.objects.aggregate(
        gap=ExpressionWrapper(Max("price") - Avg("rating"), output_field=FloatField()),
        total=Sum(F("pages") * F("price"), output_field=DecimalField()),
    )
    assert found["gap"] == pytest.approx(62.5 - 9.5 / 3) and found["total"] == Decimal("68750")
    assert Book.objects.aggregate(n=Count("pk"), double=F("n") * 2) == {"n": 5, "double": 10}
    with pytest.raises(FieldError, match="aggregate over an aggregate"):
        Book.objects.aggregate(n=Count("pk"), total=Sum("n"))


@pytest.mark.feature("A-005", "A-006", "A-008")
def test_annotations_join_every_object(shelf):
    books = Book.objects.annotate(Count("tags")).order_by("pk")
    assert [book.tags__count for book in books] == [2, 1, 1, 0, 2]
    named = Book.objects.annotate(n=Count("tags"))
    assert named.get(title="Sea").n == 2
    refined = named.filter(n=2).annotate(half=F("n") / 2, low=Lower("title")).order_by("-low")
    assert [(book.low, book.half) for book in refined] == [("sea", 1), ("desert", 1)]
    text = str(named.query)
    assert "COUNT" in text and "GROUP BY" in text


@pytest.mark.feature("A-007")
def test_two_relations_multiply_each_other(shelf):
    both = Book.objects.annotate(t=Count("tags"), r=Count("review")).get(title="Sea")
    assert (both.t, both.r) == (4, 4)
    apart = Book.objects.annotate(t=Count("tags", distinct=True), r=Count("review", distinct=True)).get(title="Sea")
    assert (apart.t, apart.r) == (2, 2)


@pytest.mark.feature("A-009")
def test_a_count_is_the_number_of_rows(shelf):
    for rows in (
        Book.objects.all(),
        Book.objects.filter(tags__label__in=["blue", "deep"]),
        Book.objects.filter(tags__label__in=["blue", "deep"]).distinct(),
        Book.objects.exclude(review__stars__gt=3),
        Book.objects.annotate(n=Count("review")),
        Book.objects.annotate(n=Count("review")).filter(n__gt=1),
        Book.objects.annotate(label=F("tags__label")),
        Book.objects.annotate(name=F("editor__name")).filter(name="Bob"),
        Book.objects.values("author").annotate(n=Count("pk")),
        Book.objects.values("author__name").distinct(),
        Book.objects.alias(n=Count("tags")).filter(n=0)[:1],
        Author.objects.filter(book__review__stars__gte=3),
    ):
        assert rows.count() == len(rows)
        assert rows.exists() is bool(rows)


@pytest.mark.feature("A-010")
def test_forward_relations_are_followed_to_any_depth(shelf):
    assert Review.objects.aggregate(Max("book__author__age")) == {"book__author__age__max": 40}
    assert Review.objects.aggregate(Sum("book__author__mentor__age")) == {"book__author__mentor__age__sum": 130}
    low = Book.objects.annotate(age=Min("author__mentor__age")).order_by("pk").values_list("age", flat=True)
    assert list(low) == [None, None, 30, 30, 40]


@pytest.mark.feature("A-011", "A-012")
def test_reverse_relations_are_followed_and_keep_parents_without_children(shelf):
    rows = Author.objects.annotate(n=Count("book"), pages=Sum("book__pages"), edited_=Count("edited", distinct=True))
    assert [(a.name, a.n, a.pages, a.edited_) for a in rows.order_by("pk")] == [
        ("Ann", 2, 300, 1),
        ("Bob", 4, 1400, 2),
        ("Cid", 1, 500, 0),
    ]
    tags = Tag.objects.annotate(n=Count("books"), pages=Max("books__pages"), stars=Sum("books__review__stars"))
    assert [(t.label, t.pages, t.stars) for t in tags.order_by("label")] == [
        ("blue", 200, 12),
        ("deep", 500, 11),
        ("green", 500, 11),
        ("unused", None, None),
    ]
    assert tags.get(label="unused").n == 0
    assert Tag.objects.aggregate(Sum("books__pages"), Count("books"), Min("books__rating")) == {
        "books__pages__sum": 100 + 200 + 100 + 500 + 300 + 500,
        "books__count": 6,
        "books__rating__min": 3.0,
    }


@pytest.mark.feature("A-034", "A-035")
def test_what_aggregates_take(shelf):
    assert Book.objects.aggregate(n=Sum(Length("title")), year=Max("published__year")) == {"n": 26, "year": 2005}
    assert Book.objects.aggregate(n=Sum("pages", output_field=FloatField()))["n"] == 1500.0
    assert type(Book.objects.aggregate(n=Sum("pages", output_field=FloatField()))["n"]) is float
    assert Book.objects.aggregate(n=Avg("rating", output_field=DecimalField()))["n"].quantize(Decimal("0.01")) == (
        Decimal("3.17")
    )
    for kind in (Sum, Avg, Max, Min, Count, BitAnd, AnyValue):
        with pytest.raises(TypeError):
            kind("pages", "price")
        with pytest.raises(TypeError):
            kind()
    with pytest.raises(FieldError):
        Book.objects.aggregate(n=Sum(F("pages") + F("title")))


@pytest.mark.feature("A-037")
def test_what_an_aggregate_does_not_allow(shelf):
    for kind in (Max, Min, StdDev, Variance, AnyValue, BitAnd):
        with pytest.raises(TypeError, match="does not allow distinct"):
            kind("pages", distinct=True)
    for kind in (Max, Sum, Count, Avg):
        with pytest.raises(TypeError, match="does not allow order_by"):
            kind("pages", order_by="title")


class Joined(Aggregate):
    """Texts with a separator of the caller's."""

    function = "GROUP_CONCAT"
    template = "%(function)s(%(distinct)s%(expressions)s, '%(separator)s')"
    allow_distinct = True
    output_field = models.TextField()

    def as_postgresql(self, compiler, connection, **extra):
        return self.as_sql(compiler, connection, function="STRING_AGG", **extra)


@pytest.mark.feature("A-038")
def test_extra_words_fill_the_template(shelf):
    found = Tag.objects.filter(label__in=["blue", "deep"]).aggregate(all=Joined("label", separator=" + "))
    assert sorted(found["all"].split(" + ")) == ["blue", "deep"]
    other = Tag.objects.filter(label__in=["blue", "deep"]).aggregate(all=Joined("label", separator="/"))
    assert sorted(other["all"].split("/")) == ["blue", "deep"]


@pytest.mark.feature("A-039")
@pytest.mark.only("sqlite")
@pytest.mark.parametrize("kind", [Sum, Avg, StdDev, Variance])
@pytest.mark.parametrize("name", ["day", "clock", "at"])
def test_sqlite_computes_nothing_of_dates(events, kind, name):
    with pytest.raises(NotSupportedError, match="dates and times as text"):
        Event.objects.aggregate(kind(name))


@pytest.mark.feature("A-040")
def test_means(shelf):
    found = Book.objects.aggregate(
        whole=Avg("pages"), real=Avg("rating"), exact=Avg("price"), one=Avg("pages", filter=Q(title="Sea"), default=1)
    )
    assert found["whole"] == 300.0 and type(found["whole"]) is float
    assert found["real"] == pytest.approx(9.5 / 3)
    assert found["exact"] == Decimal("37.5") and type(found["exact"]) is Decimal
    assert Review.objects.aggregate(n=Avg("stars", distinct=True)) == {"n": 3.0}
    assert found["one"] == 100.0


@pytest.mark.feature("A-042")
def test_counts(shelf):
    assert Book.objects.aggregate(all=Count("*"), rated=Count("rating"), authors=Count("author", distinct=True)) == {
        "all": 5,
        "rated": 3,
        "authors": 3,
    }
    assert Book.objects.aggregate(n=Count("pk", filter=Q(pages__gt=200))) == {"n": 3}
    assert Author.objects.annotate(n=Count("*")).get(name="Ann").n == 1
    with pytest.raises(ValueError, match="Star cannot be used with filter"):
        Count("*", filter=Q(pages=1))


@pytest.mark.feature("A-043")
def test_extremes_have_the_type_of_what_they_are_of(shelf, events):
    found = Book.objects.aggregate(
        a=Max("price"), b=Min("title"), c=Max("published"), d=Max("rating"), e=Max("in_print")
    )
    assert found == {"a": Decimal("62.50"), "b": "Desert", "c": date(2005, 5, 31), "d": 4.5, "e": True}
    assert Event.objects.aggregate(x=Min("length"), y=Max("clock"))["x"] == timedelta(microseconds=1)
    assert Book.objects.aggregate(
        x=Max("pages", filter=Q(pages__lt=250)), y=Min("pages", filter=Q(pages=1), default=7)
    ) == {
        "x": 200,
        "y": 7,
    }


@pytest.mark.feature("A-044")
def test_sums(shelf, events):
    found = Book.objects.aggregate(a=Sum("pages"), b=Sum("price"), c=Sum("rating"))
    assert found == {"a": 1500, "b": Decimal("187.50"), "c": 9.5}
    assert [type(value) for value in found.values()] == [int, Decimal, float]
    assert Event.objects.aggregate(total=Sum("length")) == {"total": timedelta(days=1, hours=2, microseconds=1)}
    assert Review.objects.aggregate(n=Sum("stars", distinct=True)) == {"n": 15}


@pytest.mark.feature("A-045")
def test_deviations(shelf):
    found = Review.objects.filter(book=shelf.hill).aggregate(
        StdDev("stars"), Variance("stars"), s=StdDev("stars", sample=True), v=Variance("stars", sample=True)
    )
    assert found["stars__variance"] == pytest.approx(26 / 9) and found["v"] == pytest.approx(13 / 3)
    assert found["stars__stddev"] == pytest.approx((26 / 9) ** 0.5) and found["s"] == pytest.approx((13 / 3) ** 0.5)
    assert type(found["v"]) is float
    assert type(Book.objects.aggregate(x=Variance("price"))["x"]) is Decimal
    assert Book.objects.aggregate(x=Variance("price"))["x"] == Decimal("312.5")
    one = Review.objects.filter(book=shelf.desert)
    assert one.aggregate(x=StdDev("stars"), y=StdDev("stars", sample=True)) == {"x": 0.0, "y": None}
    assert Review.objects.none().aggregate(x=StdDev("stars", default=1.5)) == {"x": 1.5}
    rows = Book.objects.annotate(v=Variance("review__stars", filter=Q(review__stars__gt=1))).order_by("pk")
    assert [book.v for book in rows] == [1.0, 0.0, 2.25, None, 0.0]


@pytest.mark.feature("A-046")
def test_any_value(shelf):
    assert Book.objects.filter(author=shelf.cid).aggregate(AnyValue("title")) == {"title__anyvalue": "Desert"}
    assert Book.objects.filter(title="Hill").aggregate(x=AnyValue("published")) == {"x": None}
    rows = Book.objects.values("author").annotate(name=AnyValue("author__name"), n=Count("pk")).order_by("author")
    assert [(row["name"], row["n"]) for row in rows] == [("Ann", 2), ("Bob", 2), ("Cid", 1)]
    assert Book.objects.aggregate(x=AnyValue("rating", filter=Q(pages=400))) == {"x": 2.0}


@pytest.mark.feature("A-047")
def test_bits(shelf):
    numbers = Review.objects.filter(stars__in=[3, 5])
    assert numbers.aggregate(BitAnd("stars"), BitOr("stars"), BitXor("stars")) == {
        "stars__bitand": 1,
        "stars__bitor": 7,
        "stars__bitxor": 0,
    }
    assert Review.objects.aggregate(x=BitOr("stars", filter=Q(stars__lt=3)), y=BitAnd("stars", filter=Q(stars=3))) == {
        "x": 3,
        "y": 3,
    }
    assert Review.objects.filter(stars=9).aggregate(x=BitXor("stars"), y=BitXor("stars", default=8)) == {
        "x": None,
        "y": 8,
    }
    assert Book.objects.annotate(x=BitOr("review__stars")).get(title="Hill").x == 7
    assert Book.objects.aggregate(x=BitOr("author__age")) == {"x": 62}


@pytest.mark.feature("A-048")
def test_texts_are_joined(shelf):
    found = Tag.objects.filter(books=shelf.sea).aggregate(StringAgg("label", Value(", "), order_by="label"))
    assert found == {"label__stringagg": "blue, deep"}
    rows = Author.objects.annotate(
        titles=StringAgg("book__title", Value("; "), order_by="-book__pages"),
        long=StringAgg(
            "book__title", Value("; "), filter=Q(book__pages__gt=300), order_by="book__title", default=Value("-")
        ),
    )
    assert [(author.titles, author.long) for author in rows.order_by("pk")] == [
        ("Seaside; Sea", "-"),
        ("Valley; Hill", "Valley"),
        ("Desert", "Desert"),
    ]
    tags = Tag.objects.exclude(label="unused")
    assert tags.aggregate(x=StringAgg("label", Value(","), order_by=F("label").desc()))["x"] == "green,deep,blue"
    assert tags.aggregate(x=StringAgg(Lower("label"), Lower(Value("X")), order_by=[Length("label"), "-label"]))[
        "x"
    ] == ("deepxbluexgreen")
    assert Tag.objects.filter(label="no").aggregate(x=StringAgg("label", Value(","))) == {"x": None}
    assert sorted(Book.objects.aggregate(x=StringAgg("publisher__name", Value("|")))["x"].split("|")) == [
        "North",
        "North",
        "South",
    ]
    assert Book.objects.aggregate(x=StringAgg("publisher__name", Value(","), distinct=True))["x"].count(",") == 1
    numbers = Book.objects.aggregate(
        x=StringAgg("pages", Value("+"), order_by="pages", output_field=models.TextField())
    )
    assert numbers["x"] == "100+200+300+400+500"


@pytest.mark.feature("A-049")
def test_different_texts_need_a_comma_on_sqlite(shelf, database):
    joined = StringAgg("publisher__name", Value("|"), distinct=True)
    if database.vendor == "sqlite":
        with pytest.raises(NotSupportedError, match="no delimiter but"):
            Book.objects.aggregate(x=joined)
    else:
        assert sorted(Book.objects.aggregate(x=joined)["x"].split("|")) == ["North", "South"]


def test_sorted_texts_put_nulls_where_they_were_asked_for(shelf):
    def joined(key):
        return Author.objects.aggregate(x=StringAgg("name", Value(","), order_by=[key, "name"]))["x"]

    assert joined(F("age").asc(nulls_first=True)) == "Cid,Ann,Bob"
    assert joined(F("age").desc(nulls_first=True)) == "Cid,Bob,Ann"
    assert joined(F("age").asc(nulls_last=True)) == "Ann,Bob,Cid"
    assert joined(F("age").desc(nulls_last=True)) == "Bob,Ann,Cid"


@pytest.mark.feature("A-036", "E-037")
def test_conditions_on_single_aggregates(shelf):
    with recorded_statements() as seen:
        found = Book.objects.aggregate(
            a=Count("pk", filter=Q(pages__gt=200)), b=Sum("pages", filter=Q(title__startswith="Sea")), c=Count("pk")
        )
    assert found == {"a": 3, "b": 300, "c": 5}
    assert seen[0].count("FILTER (WHERE") == 2
    by_case = Book.objects.aggregate(
        a=Count(Case(When(pages__gt=200, then="pk"))),
        b=Sum(Case(When(title__startswith="Sea", then="pages"))),
        c=Count("pk"),
    )
    assert by_case == found
    rows = Author.objects.annotate(
        a=Count("book", filter=Q(book__pages__gt=200)), b=Count(Case(When(book__pages__gt=200, then="book")))
    )
    assert [(author.a, author.b) for author in rows.order_by("pk")] == [(0, 0), (2, 2), (1, 1)]
    gaps = Author.objects.annotate(n=Count("book", filter=~Q(book__title="Sea"))).order_by("pk")
    assert [author.n for author in gaps] == [1, 2, 1]


def test_an_aggregate_is_planned_once(shelf):
    def ask(limit):
        rows = Author.objects.annotate(n=Count("book", filter=Q(book__pages__gt=limit))).filter(n__gt=0).order_by("pk")
        return [author.name for author in rows], Book.objects.aggregate(
            x=Sum("pages", filter=Q(pages__gt=limit), default=0)
        )

    assert ask(250) == (["Bob", "Cid"], {"x": 1200})
    planned = cache.info().planned
    assert ask(1000) == ([], {"x": 0})
    assert cache.info().planned == planned


class Range(Aggregate):
    """The largest value without the smallest."""

    template = "MAX(%(expressions)s) - MIN(%(expressions)s)"
    arity = 1
    output_field = IntegerField()


def test_a_class_of_the_users_over_groups(shelf):
    rows = Author.objects.annotate(n=Range("book__pages")).order_by("pk")
    assert [author.n for author in rows] == [100, 100, 0]
    assert rows.filter(n__gt=0).count() == 2
    assert Book.objects.values("author").annotate(n=Count("pk")).aggregate(x=Range("n")) == {"x": 1}
    assert Book.objects.order_by("pages")[:2].aggregate(x=Range("pages")) == {"x": 100}


def test_deviations_and_bits_over_windows(shelf, database):
    def over(aggregate, **options):
        rows = Review.objects.annotate(x=Window(aggregate, order_by="pk", **options)).order_by("pk")
        return list(rows.values_list("x", flat=True))

    assert over(Variance("stars"), frame=RowRange(-1, 0)) == [0, 1, 0.25, 2.25, 0.25, 2.25, 1]
    assert over(BitOr("stars"), frame=RowRange(-1, 0)) == [5, 7, 7, 5, 3, 7, 7]
    assert over(StdDev("stars", filter=Q(stars=9))) == [None] * 7
    assert over(BitAnd("stars", filter=Q(stars__lt=3)), partition_by="book") == [None, None, None, 1, 0, 0, None]
    ahead = {"frame": RowRange(1, 2)}
    if database.vendor == "sqlite":
        with pytest.raises(NotSupportedError, match="hold the current row"):
            over(StdDev("stars"), **ahead)
    else:
        assert over(Variance("stars"), **ahead)[-2:] == [0, None]


class Celsius(models.IntegerField):
    """Degrees, kept in tenths of them."""

    def from_db_value(self, value, expression, connection):
        return None if value is None else value / 10

    def get_prep_value(self, value):
        return None if value is None else round(value * 10)


class Weather(models.Model):
    degrees = Celsius(null=True)
    visitors = models.IntegerField()

    class Meta:
        app_label = "aggregation"


def test_sums_beyond_the_column_and_fields_that_convert(tables):
    tables(Weather)
    for degrees, visitors in ((1.5, 2_000_000_000), (2.5, 2_000_000_000), (None, 5)):
        Weather.objects.create(degrees=degrees, visitors=visitors)
    assert Weather.objects.aggregate(Sum("degrees"), Max("degrees"), Sum("visitors")) == {
        "degrees__sum": 4.0,
        "degrees__max": 2.5,
        "visitors__sum": 4_000_000_005,
    }
    groups = Weather.objects.annotate(one=Value(1)).values("one").annotate(n=Sum("visitors"), t=Sum("degrees"))
    assert groups.filter(n__gt=3_000_000_000, t__gt=3.9).count() == 1
    assert groups.filter(n__gt=5_000_000_000).count() == 0 and groups.filter(t__gt=4.1).count() == 0


def test_what_the_publisher_prints(shelf):
    rows = Publisher.objects.annotate(n=Count("books"), total=Coalesce(Sum("books__price"), Value(Decimal("0"))))
    assert [(p.name, p.n, p.total) for p in rows.order_by("name")] == [
        ("North", 2, Decimal("37.50")),
        ("South", 1, Decimal("37.50")),
    ]
