"""How expressions are spelled."""

from __future__ import annotations

from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from rowsmith.sql import types as t
from tests.sql.dialects import ID, LOAN, PAGES, PRINTED, SOLD, TITLE, number, spelled, text


@spelled('"book"."id"')
def test_a_column_is_named_by_its_table(dialect, expected):
    assert dialect.render(ID).text == expected


@spelled('"id"')
def test_a_column_of_no_table_stands_alone(dialect, expected):
    assert dialect.render(e.Column("", "id")).text == expected


@spelled('"a""b"."x""; DROP TABLE y; --"')
def test_hostile_names_stay_names(dialect, expected):
    assert dialect.render(e.Column('a"b', 'x"; DROP TABLE y; --')).text == expected


@spelled(
    sqlite="?",
    postgresql="$1",
)
def test_a_parameter_is_a_placeholder(dialect, expected):
    assert dialect.render(number()).text == expected


@spelled(
    sqlite="?",
    postgresql="$1::text",
)
def test_text_is_told_its_type_where_nothing_else_says_it(dialect, expected):
    assert dialect.render(e.Parameter(0, type=t.Text(), cast=True)).text == expected


@spelled(
    sqlite="?",
    postgresql="$1::text",
)
def test_an_ambient_value_is_a_placeholder_too(dialect, expected):
    assert dialect.render(e.Ambient(str, type=t.Text())).text == expected


@spelled("5")
def test_a_number_may_stand_in_the_text(dialect, expected):
    assert dialect.render(e.Literal(5)).text == expected


@spelled(
    sqlite="1",
    postgresql="TRUE",
)
def test_truth_may_stand_in_the_text(dialect, expected):
    assert dialect.render(e.Literal(True)).text == expected


@spelled("NULL")
def test_nothing_may_stand_in_the_text(dialect, expected):
    assert dialect.render(e.Literal(None)).text == expected


@spelled('"total"')
def test_an_output_is_referred_to_by_its_name(dialect, expected):
    assert dialect.render(e.Reference("total")).text == expected


@spelled('"sub"."total"')
def test_an_output_of_a_derived_table_has_its_alias(dialect, expected):
    assert dialect.render(e.Reference("total", "sub")).text == expected


@spelled(
    sqlite='COALESCE("book"."title", ?)',
    postgresql='COALESCE("book"."title", $1)',
)
def test_a_call_lists_its_arguments(dialect, expected):
    assert dialect.render(e.Function("COALESCE", (TITLE, text()))).text == expected


@spelled(
    sqlite='(("book"."id" + "book"."pages") * ?)',
    postgresql='(("book"."id" + "book"."pages") * $1)',
)
def test_arithmetic_keeps_its_order_by_parentheses(dialect, expected):
    assert dialect.render(e.Arithmetic("*", e.Arithmetic("+", ID, PAGES), number())).text == expected


@spelled('("book"."id" % "book"."pages")')
def test_the_rest_of_a_division(dialect, expected):
    assert dialect.render(e.Arithmetic("%", ID, PAGES)).text == expected


@spelled(
    sqlite='POWER("book"."id", "book"."pages")',
    postgresql='("book"."id" ^ "book"."pages")',
)
def test_a_power(dialect, expected):
    assert dialect.render(e.Arithmetic("^", ID, PAGES)).text == expected


@spelled(
    sqlite='ROWSMITH_XOR("book"."id", "book"."pages")',
    postgresql='("book"."id" # "book"."pages")',
)
def test_bits_that_differ(dialect, expected):
    assert dialect.render(e.Arithmetic("#", ID, PAGES)).text == expected


@spelled(
    sqlite='("book"."id" << ?)',
    postgresql='("book"."id" << $1)',
)
def test_a_shift_of_bits(dialect, expected):
    assert dialect.render(e.Arithmetic("<<", ID, number())).text == expected


@spelled('-(("book"."id" - "book"."pages"))')
def test_a_changed_sign(dialect, expected):
    assert dialect.render(e.Negative(e.Arithmetic("-", ID, PAGES))).text == expected


@spelled(
    sqlite='ROWSMITH_ELAPSED("book"."sold", "book"."sold")',
    postgresql='("book"."sold" - "book"."sold")',
)
def test_the_time_between_two_instants(dialect, expected):
    assert dialect.render(e.Arithmetic("-", SOLD, SOLD, type=t.Duration())).text == expected


@spelled(
    sqlite='ROWSMITH_ELAPSED("book"."printed", "book"."printed")',
    postgresql='(interval \'1 day\' * ("book"."printed" - "book"."printed"))',
)
def test_the_time_between_two_days(dialect, expected):
    assert dialect.render(e.Arithmetic("-", PRINTED, PRINTED, type=t.Duration())).text == expected


@spelled(
    sqlite='ROWSMITH_SHIFT(\'+\', "book"."sold", "book"."loan")',
    postgresql='("book"."sold" + "book"."loan")',
)
def test_an_instant_moved_by_a_duration(dialect, expected):
    assert dialect.render(e.Arithmetic("+", SOLD, LOAN, type=t.DateTime())).text == expected


@spelled(
    sqlite='ROWSMITH_SHIFT(\'-\', "book"."printed", "book"."loan")',
    postgresql='("book"."printed" - "book"."loan")::timestamp with time zone',
)
def test_a_day_moved_by_a_duration_is_an_instant(dialect, expected):
    assert dialect.render(e.Arithmetic("-", PRINTED, LOAN, type=t.DateTime())).text == expected


@spelled(
    sqlite='ROWSMITH_SHIFT_BY("book"."loan", "book"."sold")',
    postgresql='("book"."loan" + "book"."sold")',
)
def test_a_duration_before_the_instant_that_it_moves(dialect, expected):
    assert dialect.render(e.Arithmetic("+", LOAN, SOLD, type=t.DateTime())).text == expected


@spelled(
    sqlite='CAST("book"."id" AS text)',
    postgresql='("book"."id")::text',
)
def test_a_cast_to_text(dialect, expected):
    assert dialect.render(e.Cast(ID, type=t.Text())).text == expected


@spelled(
    sqlite='DATE("book"."sold")',
    postgresql='("book"."sold")::date',
)
def test_a_cast_to_a_day(dialect, expected):
    assert dialect.render(e.Cast(SOLD, type=t.Date())).text == expected


@spelled(
    sqlite='ROWSMITH_TIME("book"."sold", NULL)',
    postgresql='("book"."sold")::time',
)
def test_a_cast_to_a_time(dialect, expected):
    assert dialect.render(e.Cast(SOLD, type=t.Time())).text == expected


@spelled(
    sqlite='ROWSMITH_INSTANT("book"."title")',
    postgresql='("book"."title")::timestamp with time zone',
)
def test_a_cast_to_an_instant(dialect, expected):
    assert dialect.render(e.Cast(TITLE, type=t.DateTime())).text == expected


@spelled(
    sqlite='ROUND(CAST("book"."title" AS NUMERIC), 2)',
    postgresql='("book"."title")::numeric(8, 2)',
)
def test_a_cast_to_an_exact_number(dialect, expected):
    assert dialect.render(e.Cast(TITLE, type=t.Decimal(8, 2))).text == expected


@spelled(
    sqlite='ROWSMITH_PART(\'year\', "book"."printed", NULL)',
    postgresql='(EXTRACT(YEAR FROM "book"."printed"))::integer',
)
def test_a_part_of_a_day(dialect, expected):
    assert dialect.render(e.DatePart("year", PRINTED)).text == expected


@spelled(
    sqlite='ROWSMITH_PART(\'week_day\', "book"."sold", ?)',
    postgresql='(EXTRACT(DOW FROM ("book"."sold" AT TIME ZONE $1::text)) + 1)::integer',
)
def test_a_part_of_an_instant_in_its_zone(dialect, expected):
    assert dialect.render(e.DatePart("week_day", SOLD, e.Ambient(str))).text == expected


@spelled(
    sqlite='ROWSMITH_PART(\'second\', "book"."sold", NULL)',
    postgresql='(FLOOR(EXTRACT(SECOND FROM "book"."sold")))::integer',
)
def test_seconds_are_whole(dialect, expected):
    assert dialect.render(e.DatePart("second", SOLD)).text == expected


@spelled(
    sqlite='ROWSMITH_DATE("book"."sold", ?)',
    postgresql='(("book"."sold" AT TIME ZONE $1::text))::date',
)
def test_the_day_of_an_instant(dialect, expected):
    assert dialect.render(e.DateOf(SOLD, e.Ambient(str), type=t.Date())).text == expected


@spelled(
    sqlite='ROWSMITH_TIME("book"."sold", NULL)',
    postgresql='("book"."sold")::time',
)
def test_the_time_of_an_instant(dialect, expected):
    assert dialect.render(e.DateOf(SOLD, time=True, type=t.Time())).text == expected


@spelled(
    sqlite='ROWSMITH_TRUNC(\'month\', "book"."printed", NULL, \'date\')',
    postgresql='(DATE_TRUNC(\'month\', ("book"."printed")::timestamp))::date',
)
def test_the_start_of_a_month(dialect, expected):
    assert dialect.render(e.Truncate("month", PRINTED, type=t.Date())).text == expected


@spelled(
    sqlite='ROWSMITH_TRUNC(\'hour\', "book"."sold", ?, \'instant\')',
    postgresql='DATE_TRUNC(\'hour\', "book"."sold", $1::text)',
)
def test_the_start_of_an_hour_in_its_zone(dialect, expected):
    assert dialect.render(e.Truncate("hour", SOLD, e.Ambient(str), type=t.DateTime())).text == expected


@spelled(
    sqlite='CASE WHEN "book"."pages" < ? THEN 1 ELSE 0 END',
    postgresql='CASE WHEN "book"."pages" < $1 THEN 1 ELSE 0 END',
)
def test_a_case_with_a_default(dialect, expected):
    tree = e.Case((e.When(p.Comparison("<", PAGES, number()), e.Literal(1)),), e.Literal(0))
    assert dialect.render(tree).text == expected


@spelled('CASE WHEN "book"."pages" IS NULL THEN 1 WHEN "book"."id" IS NULL THEN 2 END')
def test_a_case_without_a_default(dialect, expected):
    tree = e.Case((e.When(p.IsNull(PAGES), e.Literal(1)), e.When(p.IsNull(ID), e.Literal(2))))
    assert dialect.render(tree).text == expected


@spelled("COUNT(*)")
def test_a_count_of_rows(dialect, expected):
    assert dialect.render(e.Aggregate("COUNT", (e.Star(),))).text == expected


@spelled('SUM(DISTINCT "book"."pages") FILTER (WHERE "book"."title" IS NULL)')
def test_an_aggregate_of_distinct_values_that_meet_a_condition(dialect, expected):
    assert dialect.render(e.Aggregate("SUM", (PAGES,), distinct=True, filter=p.IsNull(TITLE))).text == expected


@spelled(
    sqlite='ROWSMITH_STRING_AGG(\'>l\', "book"."title", ?, "book"."id")',
    postgresql='STRING_AGG("book"."title", $1 ORDER BY "book"."id" DESC)',
)
def test_an_aggregate_in_an_order(dialect, expected):
    tree = e.Aggregate("STRING_AGG", (TITLE, text()), order_by=(e.Ordering(ID, descending=True),))
    assert dialect.render(tree).text == expected


@spelled('(SELECT "book"."id" FROM "book")')
def test_a_query_as_a_value(dialect, expected):
    assert dialect.render(e.Subselect(s.Select((s.Output(ID),), s.Table("book", "book")))).text == expected


@spelled(
    sqlite="(price * ? + 1)",
    postgresql="(price * $1 + 1)",
)
def test_a_fragment_is_written_around_its_arguments(dialect, expected):
    assert dialect.render(e.Raw(("price * ", " + 1"), (number(),))).text == expected


@spelled(
    sqlite='("book"."id" < ?)',
    postgresql='("book"."id" < $1)',
)
def test_a_predicate_as_a_value(dialect, expected):
    assert dialect.render(e.Truth(p.Comparison("<", ID, number()))).text == expected


@spelled('"book"."id" DESC NULLS LAST')
def test_a_sort_key_says_where_nulls_go(dialect, expected):
    assert dialect.render(e.Ordering(ID, descending=True, nulls_first=False)).text == expected


@spelled('"book"."id" ASC')
def test_a_sort_key_that_leaves_nulls_to_the_database(dialect, expected):
    assert dialect.render(e.Ordering(ID)).text == expected
