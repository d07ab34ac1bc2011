"""Rows of values compared as one, and what stands for them where a database knows only single values."""

from __future__ import annotations

import sqlite3

import pytest

from rowsmith.dialects import sqlite
from rowsmith.records import replace
from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from rowsmith.sql import types as t
from tests.sql.dialects import SQLITE, spelled

A = e.Column("t", "a", type=t.Integer())
B = e.Column("t", "b", type=t.Integer())
ROW = e.Row((A, B))
VALUES = e.Row((e.Parameter(0, type=t.Integer()), e.Parameter(1, type=t.Integer())))
LIST = e.ListParameter(0)
OTHERS = s.Select(
    (s.Output(e.Column("u", "a", type=t.Integer())), s.Output(e.Column("u", "b", type=t.Integer()))), s.Table("u", "u")
)
WITHOUT_ROWS = sqlite.Dialect()
WITHOUT_ROWS.features = replace(WITHOUT_ROWS.features, row_values=False)


@spelled(sqlite='("t"."a", "t"."b") > (?, ?)', postgresql='("t"."a", "t"."b") > ($1, $2)')
def test_rows_are_compared_as_one(dialect, expected):
    assert dialect.render(p.Comparison(">", ROW, VALUES)).text == expected


@spelled(sqlite='"t"."a" = ? AND "t"."b" = ?', postgresql='"t"."a" = $1 AND "t"."b" = $2')
def test_equal_rows_are_equal_value_by_value(dialect, expected):
    assert dialect.render(p.equal(ROW, VALUES)).text == expected


@spelled(
    sqlite='("t"."a", "t"."b") IN (SELECT json_extract(value, \'$[0]\') AS c1, json_extract(value, \'$[1]\') AS c2 '
    "FROM json_each(?))",
    postgresql='("t"."a", "t"."b") IN (SELECT * FROM unnest($1::integer[], $2::integer[]) AS listed(c1, c2))',
)
def test_a_list_of_rows_of_any_length_is_one_text(dialect, expected):
    statement = dialect.render(p.InList(ROW, LIST))
    assert statement.text == expected
    encoded = [binding.encode([(1, 2), (3, 4)]) for binding in statement.bindings]
    assert encoded == (["[[1,2],[3,4]]"] if dialect is SQLITE else ["{1,3}", "{2,4}"])


@spelled('("t"."a", "t"."b") IN (SELECT "u"."a", "u"."b" FROM "u")')
def test_rows_of_a_query(dialect, expected):
    assert dialect.render(p.InSelect(ROW, OTHERS)).text == expected


@pytest.mark.parametrize(
    "operator, expected",
    [
        ("=", '"t"."a" = ? AND "t"."b" = ?'),
        ("<>", 'NOT ("t"."a" = ? AND "t"."b" = ?)'),
        ("<", '("t"."a" < ? OR "t"."a" = ? AND "t"."b" < ?)'),
        (">=", '("t"."a" > ? OR "t"."a" = ? AND "t"."b" >= ?)'),
    ],
)
@pytest.mark.feature("PK-007")
def test_databases_without_rows_compare_value_by_value(operator, expected):
    assert WITHOUT_ROWS.render(p.Comparison(operator, ROW, VALUES)).text == expected


CONDITIONS = [
    *(p.Comparison(operator, ROW, e.Row((e.Literal(1), other))) for operator in ("=", "<>", "<", "<=", ">", ">=")
      for other in (e.Literal(1), e.Literal(None))),
    p.InList(ROW, LIST),
    p.InSelect(ROW, OTHERS),
    p.Comparison(">", ROW, e.Subselect(replace(OTHERS, limit=e.Literal(1)))),
]  # fmt: skip


@pytest.mark.feature("PK-007")
@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: SQLITE.render(condition).text[:50])
def test_the_answers_are_the_same_with_rows_and_without(condition):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (a, b)")
    database.execute("CREATE TABLE u (a, b)")
    for table, values in (("t", (0, 1, 2, None)), ("u", (1, None))):
        rows = [(a, b) for a in values for b in values if table == "t" or a != b]
        database.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
    answers = []
    for dialect in (SQLITE, WITHOUT_ROWS):
        statement = dialect.render(condition)
        bound = [binding.encode([(1, 1), (2, 0)]) for binding in statement.bindings]
        answers.append(database.execute(f"SELECT a, b, {statement.text} FROM t ORDER BY rowid", bound).fetchall())
    assert answers[0] == answers[1]
    assert len({answer for *_, answer in answers[0]}) > 1
