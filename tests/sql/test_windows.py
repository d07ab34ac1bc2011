"""How windows are spelled."""

from __future__ import annotations

import pytest

from rowsmith.dialects import postgresql, sqlite
from rowsmith.exceptions import NotSupportedError
from rowsmith.records import replace
from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql import windows as w
from rowsmith.sql.computed import has_aggregate, has_window
from tests.sql.dialects import ID, PAGES, POSTGRESQL, PRICE, SQLITE, TITLE, spelled

SUM = w.WindowAggregate("SUM", (PAGES,))
ROW_NUMBER = e.Function("ROW_NUMBER", ())


@spelled('SUM("book"."pages") OVER ()')
def test_a_window_of_all_rows(dialect, expected):
    assert dialect.render(w.Window(SUM)).text == expected


@spelled(
    'ROW_NUMBER() OVER (PARTITION BY "book"."title", "book"."id" ORDER BY '
    '"book"."pages" DESC, "book"."id" ASC NULLS LAST)'
)
def test_a_window_that_is_divided_and_ordered(dialect, expected):
    order = (e.Ordering(PAGES, descending=True), e.Ordering(ID, nulls_first=False))
    assert dialect.render(w.Window(ROW_NUMBER, (TITLE, ID), order)).text == expected


@spelled('SUM("book"."pages") FILTER (WHERE "book"."pages" > 1) OVER (ORDER BY "book"."id" ASC)')
def test_an_aggregate_keeps_its_filter(dialect, expected):
    over = w.WindowAggregate("SUM", (PAGES,), filter=p.Comparison(">", PAGES, e.Literal(1)))
    assert dialect.render(w.Window(over, (), (e.Ordering(ID),))).text == expected


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "frame, expected",
    [
        (w.Frame("ROWS"), "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"),
        (w.Frame("ROWS", -2, 0), "ROWS BETWEEN 2 PRECEDING AND CURRENT ROW"),
        (w.Frame("ROWS", 1, 3), "ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING"),
        (w.Frame("RANGE", None, 0), "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"),
        (w.Frame("ROWS", 0, None, "TIES"), "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE TIES"),
    ],
)
def test_frames(dialect, frame, expected):
    assert dialect.render(w.Window(SUM, frame=frame)).text == f'SUM("book"."pages") OVER ({expected})'


@pytest.mark.feature("E-047", "E-048")
def test_what_a_database_lacks_is_not_supported():
    near = w.Window(SUM, (), (e.Ordering(PRICE),), w.Frame("RANGE", -1, 1))
    assert "1 PRECEDING AND 1 FOLLOWING" in SQLITE.render(near).text
    with pytest.raises(NotSupportedError, match="postgresql only supports UNBOUNDED PRECEDING"):
        POSTGRESQL.render(near)
    poor = sqlite.Dialect(replace(sqlite.FEATURES, frame_exclusion=False))
    with pytest.raises(NotSupportedError, match="no window frames that exclude rows"):
        poor.render(w.Window(SUM, frame=w.Frame("ROWS", exclusion="GROUP")))
    assert postgresql.FEATURES.frame_exclusion and sqlite.FEATURES.frame_exclusion


def test_an_aggregate_over_a_window_is_none_over_a_group():
    window = w.Window(SUM, (ID,))
    assert has_window(e.Negative(window)) and not has_aggregate(window)
    assert has_aggregate(w.Window(ROW_NUMBER, (), (e.Ordering(e.Aggregate("SUM", (PAGES,))),)))
    assert not has_window(PAGES)
