"""What PostgreSQL alone can do, asked of a database that cannot."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import models
from rowsmith.checks import CheckFailed
from rowsmith.exceptions import NotSupportedError, OperationalError
from rowsmith.execution.checking import findings
from rowsmith.models import Q
from rowsmith.postgres.aggregates import ArrayAgg, BoolOr, Corr, JSONBAgg
from rowsmith.postgres.constraints import ExclusionConstraint
from rowsmith.postgres.expressions import ArraySubquery
from rowsmith.postgres.fields import ArrayField, DateRangeField, HStoreField
from rowsmith.postgres.functions import RandomUUID, TransactionNow
from rowsmith.postgres.indexes import BTreeIndex, GinIndex, OpClass
from rowsmith.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchQueryField,
    SearchRank,
    SearchVector,
    SearchVectorField,
)

pytestmark = pytest.mark.only("sqlite")


class Manuscript(models.Model):
    title = models.CharField(max_length=100)

    class Meta:
        app_label = "elsewhere"


class PreparedManuscript(models.Model):
    words = SearchVectorField(null=True)
    query = SearchQueryField(null=True)
    tags = ArrayField(models.IntegerField(), null=True)
    store = HStoreField(null=True)
    span = DateRangeField(null=True)

    class Meta:
        app_label = "elsewhere"


class Seat(models.Model):
    number = models.IntegerField()

    class Meta:
        app_label = "elsewhere"
        constraints = [ExclusionConstraint(name="elsewhere_seat", expressions=[("number", "=")])]
        indexes = [
            GinIndex(fields=["number"], name="elsewhere_gin", fastupdate=False),
            BTreeIndex(OpClass("number", "int4_ops"), name="elsewhere_class"),
        ]


@pytest.mark.feature("SR-008")
def test_what_is_postgresqls_alone_is_refused(tables):
    tables(Manuscript)
    for queryset in (
        Manuscript.objects.filter(title__search="cheese"),
        Manuscript.objects.annotate(search=SearchVector("title")).filter(search="cheese"),
        Manuscript.objects.filter(title__search=SearchQuery("cheese", config="english")),
        Manuscript.objects.annotate(rank=SearchRank("title", "cheese")),
        Manuscript.objects.annotate(shown=SearchHeadline("title", "cheese")),
    ):
        with pytest.raises(NotSupportedError, match=r"sqlite has no .* PostgreSQL"):
            list(queryset)


@pytest.mark.feature("PG-048")
def test_its_columns_are_a_checks_error(database):
    found = findings([PreparedManuscript], ["default"])
    assert {(message.obj.name, message.id) for message in found} == {
        (name, "fields.E181") for name in ("words", "query", "tags", "store", "span")
    }
    with pytest.raises(CheckFailed, match="sqlite has no columns for a SearchVectorField"):
        rowsmith.create_tables(PreparedManuscript)
    with pytest.raises(OperationalError, match="no such table"):
        PreparedManuscript.objects.count()


def test_its_aggregates_functions_and_arrays_are_refused(tables):
    tables(Manuscript)
    for aggregate in (ArrayAgg("title"), JSONBAgg("title"), BoolOr(Q(title="x")), Corr("pk", "pk")):
        with pytest.raises(NotSupportedError, match="PostgreSQL"):
            Manuscript.objects.aggregate(found=aggregate)
    for expression in (ArraySubquery(Manuscript.objects.values("title")), TransactionNow()):
        with pytest.raises(NotSupportedError, match="PostgreSQL"):
            list(Manuscript.objects.annotate(found=expression))
    Manuscript.objects.create(title="a")
    assert Manuscript.objects.annotate(key=RandomUUID()).get().key.version == 4


def test_rules_and_methods_of_its_own_are_left_out_and_a_check_tells(tables):
    tables(Seat)
    assert [message.id for message in findings([Seat], ["default"])] == ["postgres.W001"]
    for _ in range(2):
        seat = Seat(number=1)
        seat.full_clean()
        seat.save()
    assert Seat.objects.filter(number=1).count() == 2
