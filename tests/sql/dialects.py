"""The dialects without a database: what each spells, side by side in one test."""

from __future__ import annotations

from typing import Any

import pytest

from rowsmith.dialects import postgresql, sqlite
from rowsmith.sql import expressions as e
from rowsmith.sql import types as t

SQLITE = sqlite.Dialect()
POSTGRESQL = postgresql.Dialect()

ID = e.Column("book", "id", type=t.Integer(64))
TITLE = e.Column("book", "title", type=t.Varchar(100))
PRICE = e.Column("book", "price", type=t.Decimal(8, 2))
PAGES = e.Column("book", "pages", type=t.Integer())
SOLD = e.Column("book", "sold", type=t.DateTime())
PRINTED = e.Column("book", "printed", type=t.Date())
LOAN = e.Column("book", "loan", type=t.Duration())
DATA = e.Column("book", "data", type=t.Binary())


def text(slot: int = 0) -> e.Parameter:
    return e.Parameter(slot, type=t.Text())


def number(slot: int = 0) -> e.Parameter:
    return e.Parameter(slot, type=t.Integer())


def spelled(both: str | None = None, /, *, sqlite: str | None = None, postgresql: str | None = None) -> Any:
    """Runs a test for each dialect with the text that is expected of it; one text when they agree."""
    rows = [("sqlite", SQLITE, sqlite or both), ("postgresql", POSTGRESQL, postgresql or both)]
    return pytest.mark.parametrize(
        "dialect, expected",
        [pytest.param(dialect, expected, id=name) for name, dialect, expected in rows if expected is not None],
    )
