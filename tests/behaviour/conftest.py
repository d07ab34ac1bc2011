"""Fixtures of the behaviour suite: the tables of its models, empty or with rows."""

from __future__ import annotations

import pytest

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
