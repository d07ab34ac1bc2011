"""The page: what is searched, and what is shown of it. It does not know which database it is on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rowsmith
from examples.flights import load
from rowsmith import models
from rowsmith.search import Highlight, SearchIndex

SIZE = 5
"""How many results a page has."""


class Place(models.Model):
    """An airport, found by its code and its name."""

    code = models.CharField(max_length=3, primary_key=True)
    name = models.CharField(max_length=60)

    class Meta:
        app_label = "search"
        indexes = [SearchIndex(fields={"code": "A", "name": "B"}, fuzzy=True)]


class Carrier(models.Model):
    """An airline, found by its code and its name."""

    code = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=60)

    class Meta:
        app_label = "search"
        indexes = [SearchIndex(fields={"code": "A", "name": "B"}, fuzzy=True)]


MODELS = (Carrier, Place)


def fill() -> None:
    """Load the airports and the airlines; the database itself makes what it searches in."""
    rowsmith.drop_tables(*MODELS)
    rowsmith.create_tables(*MODELS)
    Place.objects.bulk_create([Place(code=airport.faa, name=airport.name) for airport in load.airports()])
    Carrier.objects.bulk_create([Carrier(code=airline.carrier, name=airline.name) for airline in load.airlines()])


def results(text: str, *, typing: bool = False, page: int = 1) -> Iterator[dict[str, Any]]:
    """One page of results for each kind of thing: words first, and where nothing has them, those spelled alike.

    typing:  the last word may not be complete yet.
    """
    for model in MODELS:
        found = model.objects.search(text, prefix=typing)
        alike = not found.exists()
        if alike:
            found = model.objects.search(text, prefix=typing, fuzzy=True)
        marked = Highlight("name", text, start="[", stop="]", html=False, prefix=typing, fuzzy=alike)
        shown = found.annotate(shown=marked).values("code", "shown", "search_rank")
        yield {
            "kind": model.__name__.lower(),
            "count": found.count(),
            "alike": alike,
            "rows": list(shown[(page - 1) * SIZE : page * SIZE]),
        }
