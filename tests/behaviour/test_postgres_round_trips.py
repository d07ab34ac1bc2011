"""Any value of PostgreSQL's own types comes back from the database as it went there."""

from __future__ import annotations

import datetime
from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rowsmith import models
from rowsmith.models.functions import Cast
from rowsmith.postgres.fields import (
    ArrayField,
    DateRangeField,
    DateTimeRangeField,
    DecimalRangeField,
    HStoreField,
    IntegerRangeField,
    Range,
)
from rowsmith.postgres.search import Lexeme, SearchHeadline, SearchQuery
from rowsmith.vectors import VectorField

pytestmark = [pytest.mark.only("postgresql"), pytest.mark.plain]


class Trip(models.Model):
    texts = ArrayField(models.TextField(null=True), null=True)
    numbers = ArrayField(ArrayField(models.BigIntegerField()), null=True)
    exact = ArrayField(models.DecimalField(max_digits=20, decimal_places=3), null=True)
    moments = ArrayField(models.DateTimeField(), null=True)
    data = HStoreField(null=True)
    stores = ArrayField(HStoreField(), null=True)
    ints = IntegerRangeField(null=True)
    nums = DecimalRangeField(null=True)
    days = DateRangeField(null=True)
    ats = DateTimeRangeField(null=True)
    vector = VectorField(null=True)

    class Meta:
        app_label = "trips"


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
# What stands for something in arrays, in hstore and in queries.
HOSTILE = st.text(st.sampled_from("{}[](),\"'\\ =>NULnul&|!:*\n\té"), max_size=8)
WORD = TEXT | HOSTILE
MOMENT = st.datetimes(datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 30), timezones=st.just(datetime.UTC))
EXACT = st.decimals(-(10**16), 10**16, places=3, allow_nan=False)
PAIRS = st.dictionaries(WORD, st.none() | WORD, max_size=4)


def grids(items):
    """Lists of lists of one length."""
    return st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(items, min_size=width, max_size=width), max_size=3)
    )


def ranges(items, bounds=("[)", "[]", "(]", "()")):
    bounded = st.tuples(st.none() | items, st.none() | items, st.sampled_from(bounds))
    return st.just(Range(empty=True)) | bounded.map(_in_order)


def _in_order(parts):
    lower, upper, bounds = parts
    if lower is not None and upper is not None and lower > upper:
        lower, upper = upper, lower
    return Range(lower, upper, bounds)


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "texts": st.lists(st.none() | WORD, max_size=5),
        "numbers": grids(st.integers(-(2**63), 2**63 - 1)),
        "exact": st.lists(EXACT, max_size=3),
        "moments": st.lists(MOMENT, max_size=3),
        "data": PAIRS,
        "stores": st.lists(PAIRS, max_size=3),
        "ints": ranges(st.integers(-(2**31), 2**31 - 2)),
        "nums": ranges(EXACT),
        "days": ranges(st.dates(datetime.date(1, 1, 2), datetime.date(9999, 12, 30))),
        "ats": ranges(MOMENT),
        "vector": st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=5),
    },
)


def _whole(value, one):
    """A range of whole values as the database writes it."""
    if value.isempty:
        return value
    lower = value.lower + one if value.lower is not None and not value.lower_inc else value.lower
    upper = value.upper + one if value.upper is not None and value.upper_inc else value.upper
    if lower is not None and upper is not None and lower >= upper:
        return Range(empty=True)
    return Range(lower, upper, "[)")


def _continuous(value):
    if value.isempty or value.lower is None or value.lower != value.upper or value.bounds == "[]":
        return value
    return Range(empty=True)


def _expected(name, value):
    if name == "ints":
        return _whole(value, 1)
    if name == "days":
        return _whole(value, datetime.timedelta(days=1))
    if name in ("nums", "ats"):
        return _continuous(value)
    if name == "vector":
        return array("f", value).tolist()
    return value


@pytest.fixture
def trips(tables, database):
    with database.cursor() as cursor:
        for name in ("hstore", "vector"):
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
    tables(Trip)


ROUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ROUGH
@given(values=VALUES)
def test_any_value_comes_back_as_it_was(trips, values):
    one = Trip.objects.create(**values)
    [many] = Trip.objects.bulk_create([Trip(**values)])
    for row in (Trip.objects.get(pk=one.pk), Trip.objects.get(pk=many.pk)):
        for name, value in values.items():
            assert getattr(row, name) == _expected(name, value), name
    for name, value in values.items():
        assert Trip.objects.filter(**{name: value}, pk=one.pk).exists(), name
    for key, value in (values.get("data") or {}).items():
        if key and "__" not in key and not key.startswith("_") and not key.endswith("_"):
            assert Trip.objects.filter(data__contains={key: value}, pk=one.pk).exists()


@ROUGH
@given(word=WORD, other=WORD)
def test_no_text_of_a_search_is_syntax(trips, word, other):
    queries = [SearchQuery(word, search_type=kind) for kind in ("plain", "phrase", "websearch")]
    if word and other:
        queries.append(SearchQuery(Lexeme(word, prefix=True) & ~Lexeme(other) | Lexeme(other, weight="B")))
    for query in queries:
        list(Trip.objects.annotate(text=Cast("texts", models.TextField())).filter(text__search=query))
    shown = SearchHeadline(models.Value("some text"), SearchQuery("text"), start_sel=word, stop_sel=other)
    Trip.objects.create()
    headline = Trip.objects.annotate(shown=shown).first().shown
    assert headline == f"some {word}text{other}"
