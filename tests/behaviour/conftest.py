"""Fixtures of the behaviour suite: the tables of its models, empty or with rows."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith.db import connections
from tests.behaviour import library


@pytest.fixture
def empty_library(tables):
    """The library's tables without any rows."""
    tables(*library.ALL)


@pytest.fixture
def shelf(empty_library):
    """Authors, books, tags and reviews; see `library.shelve`."""
    return library.shelve()


@pytest.fixture
def events(tables):
    """Events with days, times and instants; see `library.schedule`."""
    tables(library.Event)
    library.schedule()


@pytest.fixture
def blogs(tables):
    """Blogs and entries; see `library.blogs`."""
    tables(*library.BLOGS)
    return library.blogs()


@pytest.fixture
def stock(tables):
    """The table of Stock, empty."""
    tables(library.Stock)


@pytest.fixture
def second(empty_library, database, tmp_path):
    """The alias of another database with the library's tables, as empty as those of the default one."""
    settings = connections.settings["default"]
    if database.vendor == "sqlite":
        other = {**settings, "NAME": str(tmp_path / "second.db")}
    else:
        with connections["default"].cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS second CASCADE")
            cursor.execute("CREATE SCHEMA second")
        other = {**settings, "OPTIONS": {"options": "-c search_path=second"}}
    rowsmith.configure({"default": settings, "second": other})
    rowsmith.create_tables(*library.ALL, using="second")
    return "second"
