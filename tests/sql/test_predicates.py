"""How predicates are spelled."""

from __future__ import annotations

import pytest

from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from rowsmith.sql import types as t
from tests.sql.dialects import DATA, ID, PAGES, POSTGRESQL, PRICE, SQLITE, TITLE, number, spelled, text


@spelled("1 = 1")
def test_what_is_always_true(dialect, expected):
    assert dialect.render(p.ALWAYS).text == expected


@spelled("1 = 0")
def test_what_never_is(dialect, expected):
    assert dialect.render(p.NEVER).text == expected


@spelled(
    sqlite='"book"."pages" <> ?',
    postgresql='"book"."pages" <> $1',
)
def test_a_comparison(dialect, expected):
    assert dialect.render(p.Comparison("<>", PAGES, number())).text == expected


@spelled(
    sqlite='"book"."price" = ?',
    postgresql='"book"."price" = $1',
)
def test_an_exact_number_beside_its_column(dialect, expected):
    assert dialect.render(p.Comparison("=", PRICE, e.Parameter(0, type=t.Decimal(8, 2)))).text == expected


@spelled(
    sqlite='-("book"."price") > CAST(? AS NUMERIC)',
    postgresql='-("book"."price") > $1',
)
def test_an_exact_number_beside_a_computed_one(dialect, expected):
    assert dialect.render(p.Comparison(">", e.Negative(PRICE), e.Parameter(0, type=t.Decimal()))).text == expected


@spelled('"book"."pages" IS NULL')
def test_a_missing_value(dialect, expected):
    assert dialect.render(p.IsNull(PAGES)).text == expected


@spelled('"book"."pages" IS NOT NULL')
def test_a_value_that_is_there(dialect, expected):
    assert dialect.render(p.Not(p.IsNull(PAGES))).text == expected


@spelled(
    sqlite='"book"."id" IN (SELECT value FROM json_each(?))',
    postgresql='"book"."id" = ANY($1::bigint[])',
)
def test_a_list_of_any_length_is_one_parameter(dialect, expected):
    assert dialect.render(p.InList(ID, e.ListParameter(0, type=t.Integer(64)))).text == expected


@spelled(
    sqlite='"book"."title" IN (SELECT value FROM json_each(?))',
    postgresql='"book"."title" = ANY($1::text[])',
)
def test_a_list_of_texts_is_not_cut_to_the_column(dialect, expected):
    assert dialect.render(p.InList(TITLE, e.ListParameter(0, type=t.Varchar(3)))).text == expected


@spelled(
    sqlite='-("book"."price") IN (SELECT CAST(value AS NUMERIC) FROM json_each(?))',
    postgresql='-("book"."price") = ANY($1::numeric[])',
)
def test_a_list_of_exact_numbers_beside_a_computed_one(dialect, expected):
    assert dialect.render(p.InList(e.Negative(PRICE), e.ListParameter(0, type=t.Decimal(8, 2)))).text == expected


@spelled(
    sqlite='HEX("book"."data") IN (SELECT value FROM json_each(?))',
    postgresql='"book"."data" = ANY($1::bytea[])',
)
def test_a_list_of_bytes(dialect, expected):
    assert dialect.render(p.InList(DATA, e.ListParameter(0, type=t.Binary()))).text == expected


@spelled(
    sqlite='"book"."id" IN ("book"."pages", ?)',
    postgresql='"book"."id" IN ("book"."pages", $1)',
)
def test_a_few_expressions(dialect, expected):
    assert dialect.render(p.InExpressions(ID, (PAGES, number()))).text == expected


@spelled('"book"."id" IN (SELECT "book"."pages" FROM "book")')
def test_membership_in_a_query(dialect, expected):
    assert dialect.render(p.InSelect(ID, s.Select((s.Output(PAGES),), s.Table("book", "book")))).text == expected


@spelled(
    sqlite='"book"."pages" BETWEEN ? AND ?',
    postgresql='"book"."pages" BETWEEN $1 AND $2',
)
def test_a_range(dialect, expected):
    assert dialect.render(p.Between(PAGES, number(0), number(1))).text == expected


@spelled(
    sqlite='-("book"."price") BETWEEN CAST(? AS NUMERIC) AND CAST(? AS NUMERIC)',
    postgresql='-("book"."price") BETWEEN $1 AND $2',
)
def test_a_range_of_exact_numbers(dialect, expected):
    tree = p.Between(e.Negative(PRICE), e.Parameter(0, type=t.Decimal()), e.Parameter(1, type=t.Decimal()))
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='"book"."title" LIKE ? ESCAPE \'\\\'',
    postgresql='"book"."title" LIKE $1',
)
def test_a_pattern(dialect, expected):
    assert dialect.render(p.Like(TITLE, text())).text == expected


@spelled(
    sqlite='"book"."title" LIKE ? ESCAPE \'\\\'',
    postgresql='UPPER("book"."title") LIKE UPPER($1)',
)
def test_a_pattern_whatever_the_case(dialect, expected):
    assert dialect.render(p.Like(TITLE, text(), ignore_case=True)).text == expected


@spelled(
    sqlite='"book"."id" LIKE ? ESCAPE \'\\\'',
    postgresql='"book"."id"::text LIKE $1',
)
def test_a_pattern_of_a_number(dialect, expected):
    assert dialect.render(p.Like(ID, text())).text == expected


@spelled(
    sqlite=(
        '"book"."title" LIKE REPLACE(REPLACE(REPLACE("book"."title", \'\\\', \'\\\\\'), '
        "'%', '\\%'), '_', '\\_') || '%' ESCAPE '\\'"
    ),
    postgresql=(
        '"book"."title" LIKE REPLACE(REPLACE(REPLACE("book"."title", E\'\\\\\', '
        "E'\\\\\\\\'), '%', E'\\\\%'), '_', E'\\\\_') || '%'"
    ),
)
def test_text_at_the_start_of_another(dialect, expected):
    assert dialect.render(p.Contains(TITLE, TITLE, "start")).text == expected


@spelled(
    sqlite=(
        '"book"."title" LIKE \'%\' || REPLACE(REPLACE(REPLACE("book"."title", \'\\\', '
        "'\\\\'), '%', '\\%'), '_', '\\_') ESCAPE '\\'"
    ),
    postgresql=(
        '"book"."title" LIKE \'%\' || REPLACE(REPLACE(REPLACE("book"."title", '
        "E'\\\\', E'\\\\\\\\'), '%', E'\\\\%'), '_', E'\\\\_')"
    ),
)
def test_text_at_the_end_of_another(dialect, expected):
    assert dialect.render(p.Contains(TITLE, TITLE, "end")).text == expected


@spelled(
    sqlite=(
        'CAST("book"."id" AS TEXT) LIKE \'%\' || REPLACE(REPLACE(REPLACE("book"."title", \'\\\', '
        "'\\\\'), '%', '\\%'), '_', '\\_') || '%' ESCAPE '\\'"
    ),
    postgresql=(
        'UPPER("book"."id"::text) LIKE UPPER(\'%\' || REPLACE(REPLACE(REPLACE("book"."title", '
        "E'\\\\', E'\\\\\\\\'), '%', E'\\\\%'), '_', E'\\\\_') || '%')"
    ),
)
def test_text_anywhere_in_another_whatever_the_case(dialect, expected):
    assert dialect.render(p.Contains(ID, TITLE, "anywhere", ignore_case=True)).text == expected


@spelled(
    sqlite='"book"."title" = ? COLLATE NOCASE',
    postgresql='UPPER("book"."title") = UPPER($1)',
)
def test_the_same_text_whatever_the_case(dialect, expected):
    assert dialect.render(p.SameText(TITLE, text())).text == expected


@spelled(
    sqlite='"book"."title" REGEXP ?',
    postgresql='"book"."title" ~ $1',
)
def test_a_regular_expression(dialect, expected):
    assert dialect.render(p.Regex(TITLE, text())).text == expected


@spelled(
    sqlite='"book"."title" REGEXP \'(?i)\' || ?',
    postgresql='"book"."title" ~* $1',
)
def test_a_regular_expression_whatever_the_case(dialect, expected):
    assert dialect.render(p.Regex(TITLE, text(), ignore_case=True)).text == expected


@spelled('EXISTS (SELECT 1 FROM "book")')
def test_a_query_with_any_row(dialect, expected):
    assert dialect.render(p.Exists(s.Select((s.Output(e.Literal(1)),), s.Table("book", "book")))).text == expected


@spelled('"book"."sold_out"')
def test_a_truth_value_as_a_condition(dialect, expected):
    assert dialect.render(p.Holds(e.Column("book", "sold_out", type=t.Boolean()))).text == expected


@spelled(
    sqlite='NOT ("book"."id" = ?)',
    postgresql='NOT ("book"."id" = $1)',
)
def test_the_opposite(dialect, expected):
    assert dialect.render(p.Not(p.Comparison("=", ID, number()))).text == expected


@spelled('("book"."id" IS NULL OR "book"."pages" IS NULL) AND "book"."title" IS NULL')
def test_or_stands_in_parentheses_inside_and(dialect, expected):
    assert dialect.render(p.And((p.Or((p.IsNull(ID), p.IsNull(PAGES))), p.IsNull(TITLE)))).text == expected


@spelled('("book"."id" IS NULL AND "book"."pages" IS NULL OR "book"."title" IS NULL)')
def test_and_binds_closer_than_or(dialect, expected):
    assert dialect.render(p.Or((p.And((p.IsNull(ID), p.IsNull(PAGES))), p.IsNull(TITLE)))).text == expected


@spelled('NOT ("book"."id" IS NULL AND "book"."pages" IS NULL)')
def test_the_opposite_of_a_chain(dialect, expected):
    assert dialect.render(p.Not(p.And((p.IsNull(ID), p.IsNull(PAGES))))).text == expected


@spelled(
    ('(CASE WHEN "book"."id" IS NULL THEN 1 ELSE 0 END + CASE WHEN "book"."pages" IS NULL THEN 1 ELSE 0 END) % 2 = 1'),
)
def test_an_odd_number_of_conditions(dialect, expected):
    assert dialect.render(p.Xor((p.IsNull(ID), p.IsNull(PAGES)))).text == expected


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
@pytest.mark.parametrize("kind, word", [(p.And, " AND "), (p.Or, " OR ")])
def test_a_long_chain_is_written_as_a_balanced_tree(dialect, kind, word):
    rendered = dialect.render(kind(tuple(p.Comparison("=", ID, number(slot)) for slot in range(5_000))))
    depth = deepest = 0
    for character in rendered.text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    assert deepest <= 7
    assert rendered.text.count(word) == 4_999
    assert [binding.slot for binding in rendered.bindings] == list(range(5_000))
