"""Asking the database how it would answer."""

from __future__ import annotations

import json

import pytest

from rowsmith.models import Count
from tests.behaviour.library import Book


@pytest.mark.feature("Q-227", "OP-001")
def test_a_plan_is_text_in_the_databases_own_words(shelf, world):
    plan = Book.objects.filter(title="Hill", author__name="Bob").annotate(n=Count("tags")).explain()
    assert "behaviour_book" in plan
    if world.vendor == "sqlite":
        assert "SEARCH" in plan or "SCAN" in plan
    else:
        assert "cost=" in plan


@pytest.mark.feature("Q-227")
@pytest.mark.only("postgresql")
def test_formats_and_options_of_postgresql(shelf):
    books = Book.objects.filter(title="Hill")
    plan = json.loads(books.explain(format="json"))
    assert plan[0]["Plan"]["Node Type"]
    assert books.explain(format="XML").startswith("<explain")
    assert "actual" in books.explain(analyze=True, verbose=True, buffers=False)
    assert "cost=" not in books.explain(costs=False)
    assert books.explain(analyze=True, serialize="text")


@pytest.mark.feature("Q-227")
def test_what_the_database_does_not_have_is_refused(shelf, world):
    books = Book.objects.all()
    for format in ("nonsense", "JSON) SELECT 1; --", "json;"):
        with pytest.raises(ValueError, match="not a recognized format"):
            books.explain(format=format)
    for options in ({"nonsense": True}, {"analyze) SELECT 1; --": True}, {"ANALYZE true, verbose": 1}, {"'": 1}):
        with pytest.raises(ValueError, match="Unknown options"):
            books.explain(**options)
    if world.vendor == "postgresql":
        for value in ("true) DELETE", "on", None):
            with pytest.raises(ValueError, match="takes"):
                books.explain(analyze=value)
        with pytest.raises(ValueError, match="takes NONE, TEXT, BINARY"):
            books.explain(serialize=True)
    assert Book.objects.count() == 5


def test_what_would_not_be_asked_has_no_plan(shelf):
    assert Book.objects.none().explain() == ""
