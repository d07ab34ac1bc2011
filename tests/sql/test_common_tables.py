"""How tables that a query defines itself are spelled."""

from __future__ import annotations

import pytest

from rowsmith.exceptions import NotSupportedError
from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from rowsmith.sql import types as t
from tests.sql.dialects import ID, PAGES, POSTGRESQL, SQLITE, TITLE, number, spelled

BOOK = s.Table("book", "book")
SHORT = s.Select((s.Output(ID),), BOOK, where=p.Comparison("<", PAGES, number()))
READ = s.Table("short", "short", common=True)
KEY = e.Column("short", "key", type=t.Integer(64))


def table(**options):
    return s.CommonTable(SHORT, name="short", columns=("key",), **options)


@spelled(
    sqlite=(
        'WITH "short" ("key") AS (SELECT "book"."id" FROM "book" WHERE "book"."pages" < '
        '?) SELECT "short"."key" FROM "short"'
    ),
    postgresql=(
        'WITH "short" ("key") AS (SELECT "book"."id" FROM "book" WHERE "book"."pages" < '
        '$1) SELECT "short"."key" FROM "short"'
    ),
)
def test_a_table_stands_before_the_query_that_reads_it(dialect, expected):
    assert dialect.render(s.Select((s.Output(KEY),), READ, tables=(table(),))).text == expected


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
@pytest.mark.parametrize("hint, word", [(True, "MATERIALIZED"), (False, "NOT MATERIALIZED")])
def test_a_hint_stands_before_the_query_of_the_table(dialect, hint, word):
    tree = s.Select((s.Output(KEY),), READ, tables=(table(materialized=hint),))
    assert f'WITH "short" ("key") AS {word} (SELECT' in dialect.render(tree).text


STEP = s.Select((s.Output(TITLE),), BOOK, (s.Join(s.Table("path", "path", common=True), p.Comparison("=", ID, ID)),))


@spelled(
    sqlite=(
        'WITH RECURSIVE "path" ("title") AS (SELECT "book"."title" FROM "book" UNION ALL '
        'SELECT "book"."title" FROM "book" '
        'INNER JOIN "path" ON ("book"."id" = "book"."id")) SELECT * FROM "path"'
    ),
    # The server takes the types of the first rows for those of all.
    postgresql=(
        'WITH RECURSIVE "path" ("title") AS ((SELECT ("book"."title")::text FROM "book") UNION ALL (SELECT '
        '("book"."title")::text FROM "book" INNER JOIN "path" ON ("book"."id" = "book"."id"))) SELECT * FROM "path"'
    ),
)
def test_a_recursive_table_reads_itself(dialect, expected):
    first = s.Select((s.Output(TITLE),), BOOK)
    path = s.CommonTable(first, STEP, name="path", columns=("title",), all=True)
    tree = s.Select((s.Output(e.Star()),), s.Table("path", "path", common=True), tables=(path,))
    assert dialect.render(tree).text == expected


@spelled(
    sqlite=(
        'WITH "short" ("key") AS (SELECT "book"."id" FROM "book" WHERE "book"."pages" < '
        '?) SELECT "short"."key" FROM "short" '
        'UNION SELECT "book"."id" FROM "book" WHERE "book"."pages" < ?'
    ),
    postgresql=(
        'WITH "short" ("key") AS (SELECT "book"."id" FROM "book" WHERE "book"."pages" < $1) (SELECT "short"."key" FROM '
        '"short") UNION (SELECT "book"."id" FROM "book" WHERE "book"."pages" < $1)'
    ),
)
def test_queries_that_are_combined_share_their_tables(dialect, expected):
    tree = s.Combination("UNION", (s.Select((s.Output(KEY),), READ), SHORT), tables=(table(),))
    assert dialect.render(tree).text == expected


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_a_table_is_known_where_it_is_defined_and_inside(dialect):
    reading = s.Select((s.Output(KEY),), READ)
    inside = s.Select((s.Output(ID),), BOOK, where=p.InSelect(ID, reading))
    with pytest.raises(NotSupportedError, match="reads the common table 'short'"):
        dialect.render(inside)
    dialect.render(s.Select(inside.outputs, BOOK, where=inside.where, tables=(table(),)))
    beside = s.Combination("UNION", (s.Select((s.Output(KEY),), READ, tables=(table(),)), reading))
    with pytest.raises(NotSupportedError, match="with_cte"):
        dialect.render(beside)


@spelled(
    postgresql=(
        'SELECT * FROM "book" INNER JOIN LATERAL (SELECT "book"."id" FROM "book" WHERE '
        '"book"."pages" < $1) "top" ON (TRUE)'
    )
)
def test_a_lateral_query_stands_where_a_table_may(dialect, expected):
    lateral = s.Join(s.Derived(SHORT, "top", lateral=True), p.ALWAYS)
    tree = s.Select((s.Output(e.Star()),), BOOK, (lateral,))
    assert dialect.render(tree).text.replace("1 = 1", "TRUE") == expected
    with pytest.raises(NotSupportedError, match="sqlite has no LATERAL"):
        SQLITE.render(tree)
