"""How INSERT, UPDATE and DELETE are spelled."""

from __future__ import annotations

import pytest

from rowsmith.exceptions import NotSupportedError
from rowsmith.sql import expressions as e
from rowsmith.sql import modify as m
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from rowsmith.sql import types as t
from tests.sql.dialects import ID, PAGES, POSTGRESQL, SQLITE, number, spelled, text


@spelled(
    sqlite='INSERT INTO "book" ("title", "pages") VALUES (?, ?)',
    postgresql='INSERT INTO "book" ("title", "pages") VALUES ($1, $2)',
)
def test_a_row_is_inserted(dialect, expected):
    assert dialect.render(m.Insert("book", ("title", "pages"), ((text(0), number(1)),))).text == expected


@spelled(
    sqlite='INSERT INTO "book" ("pages") VALUES (?), (?)',
    postgresql='INSERT INTO "book" ("pages") VALUES ($1), ($2)',
)
def test_several_rows_are_inserted(dialect, expected):
    assert dialect.render(m.Insert("book", ("pages",), ((number(0),), (number(1),)))).text == expected


@spelled('INSERT INTO "book" DEFAULT VALUES RETURNING "id"')
def test_a_row_of_defaults(dialect, expected):
    assert dialect.render(m.Insert("book", (), ((),), returning=("id",))).text == expected


@spelled(
    sqlite='INSERT INTO "book" ("pages") VALUES (?) RETURNING "id", "title"',
    postgresql='INSERT INTO "book" ("pages") VALUES ($1) RETURNING "id", "title"',
)
def test_keys_come_back(dialect, expected):
    assert dialect.render(m.Insert("book", ("pages",), ((number(),),), returning=("id", "title"))).text == expected


@spelled(
    sqlite='INSERT INTO "book" ("pages") VALUES (?) ON CONFLICT DO NOTHING',
    postgresql='INSERT INTO "book" ("pages") VALUES ($1) ON CONFLICT DO NOTHING',
)
def test_rows_that_are_there_already_are_left_alone(dialect, expected):
    assert dialect.render(m.Insert("book", ("pages",), ((number(),),), conflict=m.Conflict())).text == expected


@spelled(
    sqlite=(
        'INSERT INTO "book" ("id", "pages") VALUES (?, ?) ON CONFLICT ("id") DO UPDATE SET "pages" = EXCLUDED."pages"'
    ),
    postgresql=(
        'INSERT INTO "book" ("id", "pages") VALUES ($1, $2) ON CONFLICT ("id") DO UPDATE SET "pages" = EXCLUDED."pages"'
    ),
)
def test_rows_that_are_there_already_are_updated(dialect, expected):
    tree = m.Insert("book", ("id", "pages"), ((number(0), number(1)),), conflict=m.Conflict(("id",), ("pages",)))
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='UPDATE "book" SET "pages" = ("book"."pages" + ?) WHERE "book"."id" = ?',
    postgresql='UPDATE "book" SET "pages" = ("book"."pages" + $1) WHERE "book"."id" = $2',
)
def test_an_update_of_the_rows_that_meet_a_condition(dialect, expected):
    tree = m.Update(
        s.Table("book", "book"),
        (m.Assignment("pages", e.Arithmetic("+", PAGES, number(0))),),
        where=p.Comparison("=", ID, number(1)),
    )
    assert dialect.render(tree).text == expected


@spelled('UPDATE "book" SET "pages" = NULL RETURNING "id"')
def test_an_update_of_all_rows(dialect, expected):
    tree = m.Update(s.Table("book", "book"), (m.Assignment("pages", e.Literal(None)),), returning=("id",))
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='DELETE FROM "book" WHERE "book"."id" IN (SELECT value FROM json_each(?))',
    postgresql='DELETE FROM "book" WHERE "book"."id" = ANY($1::bigint[])',
)
def test_a_delete_of_the_rows_that_meet_a_condition(dialect, expected):
    tree = m.Delete(s.Table("book", "book"), where=p.InList(ID, e.ListParameter(0, type=t.Integer(64))))
    assert dialect.render(tree).text == expected


@spelled('DELETE FROM "book"')
def test_a_delete_of_all_rows(dialect, expected):
    assert dialect.render(m.Delete(s.Table("book", "book"))).text == expected


def test_deletes_from_several_tables_in_one_statement():
    tables = [m.Delete(s.Table(name, name), p.Comparison("=", ID, number())) for name in ("page", "book")]
    assert POSTGRESQL.render(m.DeleteTogether(tuple(tables))).text == (
        'WITH "d0" AS (DELETE FROM "page" WHERE "book"."id" = $1 RETURNING 1), '
        '"d1" AS (DELETE FROM "book" WHERE "book"."id" = $1 RETURNING 1) '
        'SELECT (SELECT COUNT(*) FROM "d0"), (SELECT COUNT(*) FROM "d1")'
    )


@spelled(
    sqlite='INSERT INTO "b""k" ("a"") VALUES (1); --") VALUES (?)',
    postgresql='INSERT INTO "b""k" ("a"") VALUES (1); --") VALUES ($1)',
)
def test_hostile_names_of_columns_stay_names(dialect, expected):
    assert dialect.render(m.Insert('b"k', ('a") VALUES (1); --',), ((number(),),))).text == expected


@pytest.mark.parametrize(
    "tree, expected",
    [
        (
            m.InsertMany("book", ("title", "price"), (t.Varchar(100), t.Decimal(8, 2)), returning=("id",)),
            'INSERT INTO "book" ("title", "price") SELECT * FROM unnest($1::text[], $2::numeric[]) RETURNING "id"',
        ),
        (
            m.InsertMany("book", ("id",), (t.Serial(64),), conflict=m.Conflict()),
            'INSERT INTO "book" ("id") SELECT * FROM unnest($1::bigint[]) ON CONFLICT DO NOTHING',
        ),
        (
            m.UpdateMany("book", ("id",), ("title", "pages"), (t.Integer(64), t.Varchar(100), t.Integer())),
            'UPDATE "book" SET "title" = new."title", "pages" = new."pages" '
            'FROM unnest($1::bigint[], $2::text[], $3::integer[]) AS new("id", "title", "pages") '
            'WHERE "book"."id" = new."id"',
        ),
    ],
)
def test_any_number_of_rows_is_bound_as_an_array_a_column(tree, expected):
    assert POSTGRESQL.render(tree).text == expected


def test_a_default_in_a_row_is_a_keyword_where_there_is_one():
    tree = m.Insert("book", ("pages",), ((None,),))
    assert POSTGRESQL.render(tree).text == 'INSERT INTO "book" ("pages") VALUES (DEFAULT)'
    with pytest.raises(NotSupportedError, match="leave the column out of the INSERT"):
        SQLITE.render(tree)
