"""How queries are spelled."""

from __future__ import annotations

import pytest

from rowsmith.exceptions import NotSupportedError
from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from tests.sql.dialects import ID, PAGES, POSTGRESQL, SQLITE, TITLE, number, spelled

BOOK = s.Table("book", "book")
IDS = s.Select((s.Output(ID),), BOOK)
PAGE_COUNTS = s.Select((s.Output(PAGES),), BOOK)


@spelled('SELECT "book"."id", "book"."title" FROM "book"')
def test_a_select_of_a_table(dialect, expected):
    assert dialect.render(s.Select((s.Output(ID), s.Output(TITLE)), BOOK)).text == expected


@spelled('SELECT COUNT(*) AS "how many" FROM "book"')
def test_an_output_has_the_name_it_was_given(dialect, expected):
    tree = s.Select((s.Output(e.Aggregate("COUNT", (e.Star(),)), "how many"),), BOOK)
    assert dialect.render(tree).text == expected


@spelled("SELECT 1")
def test_a_select_without_a_table(dialect, expected):
    assert dialect.render(s.Select((s.Output(e.Literal(1)),))).text == expected


@spelled('SELECT "book"."id" FROM "book"')
def test_a_condition_that_always_holds_is_not_written(dialect, expected):
    assert dialect.render(s.Select((s.Output(ID),), BOOK, where=p.ALWAYS)).text == expected


@spelled(
    (
        'SELECT "book"."id" FROM "book" INNER JOIN "author" ON ("book"."author_id" = "author"."id") '
        'LEFT OUTER JOIN "book" "T3" ON ("book"."id" = "T3"."id")'
    ),
)
def test_an_inner_and_an_outer_join(dialect, expected):
    tree = s.Select(
        (s.Output(ID),),
        BOOK,
        joins=(
            s.Join(
                s.Table("author", "author"), p.Comparison("=", e.Column("book", "author_id"), e.Column("author", "id"))
            ),
            s.Join(s.Table("book", "T3"), p.Comparison("=", ID, e.Column("T3", "id")), outer=True),
        ),
    )
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='SELECT "book"."title" FROM "book" GROUP BY "book"."title" HAVING COUNT("book"."id") > ?',
    postgresql='SELECT "book"."title" FROM "book" GROUP BY "book"."title" HAVING COUNT("book"."id") > $1',
)
def test_grouping_and_a_condition_on_groups(dialect, expected):
    tree = s.Select(
        (s.Output(TITLE),),
        BOOK,
        grouping=(TITLE,),
        having=p.Comparison(">", e.Aggregate("COUNT", (ID,)), number()),
    )
    assert dialect.render(tree).text == expected


@spelled('SELECT "book"."id" FROM "book" ORDER BY "book"."title" ASC, "book"."id" DESC')
def test_an_order(dialect, expected):
    tree = s.Select((s.Output(ID),), BOOK, ordering=(e.Ordering(TITLE), e.Ordering(ID, descending=True)))
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='SELECT "book"."id" FROM "book" LIMIT ? OFFSET ?',
    postgresql='SELECT "book"."id" FROM "book" LIMIT $1 OFFSET $2',
)
def test_a_slice_becomes_limit_and_offset(dialect, expected):
    tree = s.Select((s.Output(ID),), BOOK, limit=number(1), offset=number(0))
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='SELECT "book"."id" FROM "book" LIMIT -1 OFFSET ?',
    postgresql='SELECT "book"."id" FROM "book" OFFSET $1',
)
def test_a_slice_without_an_end(dialect, expected):
    assert dialect.render(s.Select((s.Output(ID),), BOOK, offset=number())).text == expected


@spelled('SELECT DISTINCT "book"."title" FROM "book"')
def test_distinct_rows(dialect, expected):
    assert dialect.render(s.Select((s.Output(TITLE),), BOOK, distinct=True)).text == expected


@spelled('SELECT * FROM (SELECT "book"."id" FROM "book") "sub"')
def test_a_derived_table(dialect, expected):
    tree = s.Select((s.Output(e.Star()),), s.Derived(IDS, "sub"))
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='SELECT "book"."id" FROM "book" UNION ALL SELECT "book"."pages" FROM "book" ORDER BY 1 ASC LIMIT ?',
    postgresql='(SELECT "book"."id" FROM "book") UNION ALL (SELECT "book"."pages" FROM "book") ORDER BY 1 ASC LIMIT $1',
)
def test_a_union_of_all_rows_in_an_order(dialect, expected):
    tree = s.Combination(
        "UNION",
        (IDS, PAGE_COUNTS),
        all=True,
        ordering=(e.Ordering(e.Literal(1)),),
        limit=number(),
    )
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='SELECT "book"."id" FROM "book" EXCEPT SELECT "book"."pages" FROM "book"',
    postgresql='(SELECT "book"."id" FROM "book") EXCEPT (SELECT "book"."pages" FROM "book")',
)
def test_rows_of_the_first_that_the_second_has_not(dialect, expected):
    tree = s.Combination(
        "EXCEPT",
        (IDS, PAGE_COUNTS),
    )
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='SELECT "book"."id" FROM "book"',
    postgresql='SELECT "book"."id" FROM "book" FOR UPDATE OF "book" SKIP LOCKED',
)
def test_locked_rows(dialect, expected):
    tree = s.Select((s.Output(ID),), BOOK, lock=s.Lock(of=("book",), skip_locked=True))
    assert dialect.render(tree).text == expected


@spelled(
    sqlite='SELECT "book"."id" FROM "book"',
    postgresql='SELECT "book"."id" FROM "book" FOR NO KEY UPDATE NOWAIT',
)
def test_locked_rows_whose_keys_may_be_referred_to(dialect, expected):
    tree = s.Select((s.Output(ID),), BOOK, lock=s.Lock(nowait=True, no_key=True))
    assert dialect.render(tree).text == expected


@spelled('SELECT "book"."id" AS "a""; --" FROM "x""y" "z"" --"')
def test_hostile_names_of_tables_and_outputs_stay_names(dialect, expected):
    assert dialect.render(s.Select((s.Output(ID, 'a"; --'),), s.Table('x"y', 'z" --'))).text == expected


DISTINCT_ON = s.Select((s.Output(ID),), BOOK, distinct_on=(TITLE,))


def test_the_first_row_of_each_group_is_asked_for_by_distinct_on():
    assert POSTGRESQL.render(DISTINCT_ON).text == 'SELECT DISTINCT ON ("book"."title") "book"."id" FROM "book"'


def test_a_database_without_distinct_on_says_so():
    with pytest.raises(NotSupportedError, match="The sqlite database has no DISTINCT ON"):
        SQLITE.render(DISTINCT_ON)


def test_bindings_stand_in_the_order_of_their_placeholders():
    tree = s.Select((s.Output(number(2)),), BOOK, where=p.Comparison("=", ID, number(0)), limit=number(1))
    assert [binding.slot for binding in SQLITE.render(tree).bindings] == [2, 0, 1]
    assert [binding.slot for binding in POSTGRESQL.render(tree).bindings] == [2, 0, 1]
