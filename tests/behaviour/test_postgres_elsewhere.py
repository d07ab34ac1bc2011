"""What PostgreSQL alone can do, asked of a database that cannot."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import models
from rowsmith.checks import CheckFailed
from rowsmith.exceptions import NotSupportedError, OperationalError
from rowsmith.execution.checking import findings
from rowsmith.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector, SearchVectorField

pytestmark = pytest.mark.only("sqlite")


class Manuscript(models.Model):
    title = models.CharField(max_length=100)

    class Meta:
        app_label = "elsewhere"


class PreparedManuscript(models.Model):
    words = SearchVectorField(null=True)

    class Meta:
        app_label = "elsewhere"


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


def test_its_columns_are_a_checks_error(database):
    assert {message.id for message in findings([PreparedManuscript], ["default"])} == {"fields.E181"}
    with pytest.raises(CheckFailed, match="SearchVectorField"):
        rowsmith.create_tables(PreparedManuscript)
    with pytest.raises(OperationalError, match="no such table"):
        PreparedManuscript.objects.count()
