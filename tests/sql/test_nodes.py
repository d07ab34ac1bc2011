"""Walking and rewriting the tree."""

from __future__ import annotations

import pytest

from rowsmith.dialects.renderer import _METHODS
from rowsmith.sql import expressions as e
from rowsmith.sql import modify as m
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from rowsmith.sql.nodes import Node, parts, rewrite, walk
from tests.sql.dialects import ID, PAGES, TITLE, number, text

CONDITION = p.And((p.Comparison("=", TITLE, text()), p.Not(p.IsNull(PAGES))))


def kinds(of: type[Node]) -> set[type[Node]]:
    below = [found for kind in of.__subclasses__() for found in kinds(kind)]
    module = of.__module__.startswith("rowsmith.sql.")
    return set(below) if below else {of} if module else set()


def test_every_kind_of_node_has_a_method_that_spells_it():
    # These are spelled by the node that holds them.
    inside_others = {e.When, e.ListParameter, m.Conflict, m.Assignment, s.Lock}
    assert kinds(Node) - set(_METHODS) == inside_others


def test_the_parts_of_a_node_are_the_nodes_it_was_made_of_in_order():
    assert list(parts(e.Arithmetic("+", ID, PAGES))) == [ID, PAGES]
    assert list(parts(e.Function("LENGTH", (TITLE,)))) == [TITLE]
    assert list(parts(e.Literal(1))) == []


def test_a_walk_meets_parents_first_and_children_in_order():
    assert [type(node).__name__ for node in walk(CONDITION)] == [
        "And", "Comparison", "Column", "Parameter", "Not", "IsNull", "Column",
    ]  # fmt: skip


def test_a_walk_of_a_tree_deeper_than_the_stack_ends():
    deep: e.Expression = ID
    for _ in range(20_000):
        deep = e.Negative(deep)
    assert sum(1 for _ in walk(deep)) == 20_001


def test_a_rewrite_replaces_what_it_is_told_to_and_keeps_the_rest():
    changed = rewrite(CONDITION, lambda node: ID if node == TITLE else None)
    assert changed == p.And((p.Comparison("=", ID, text()), p.Not(p.IsNull(PAGES))))
    assert changed.operands[1] is CONDITION.operands[1]


def test_a_rewrite_that_changes_nothing_returns_the_same_tree():
    assert rewrite(CONDITION, lambda node: None) is CONDITION


def test_what_a_rewrite_put_in_is_not_rewritten_again():
    assert rewrite(e.Negative(ID), lambda node: e.Negative(ID) if node == ID else None) == e.Negative(e.Negative(ID))


@pytest.mark.parametrize(
    "build, expected",
    [
        (lambda: p.conjunction([]), p.ALWAYS),
        (lambda: p.conjunction([p.ALWAYS, p.Holds(ID)]), p.Holds(ID)),
        (lambda: p.conjunction([p.NEVER, p.Holds(ID)]), p.NEVER),
        (
            lambda: p.conjunction([p.And((p.Holds(ID), p.Holds(PAGES))), p.Holds(TITLE)]),
            p.And((p.Holds(ID), p.Holds(PAGES), p.Holds(TITLE))),
        ),
        (lambda: p.disjunction([]), p.NEVER),
        (lambda: p.disjunction([p.ALWAYS, p.Holds(ID)]), p.ALWAYS),
        (lambda: p.disjunction([p.NEVER, p.Holds(ID)]), p.Holds(ID)),
        (lambda: p.exclusive([p.ALWAYS, p.ALWAYS]), p.NEVER),
        (lambda: p.exclusive([p.ALWAYS, p.Holds(ID)]), p.Not(p.Xor((p.Holds(ID),)))),
        (lambda: p.exclusive([p.Holds(ID), p.Holds(PAGES)]), p.Xor((p.Holds(ID), p.Holds(PAGES)))),
        (lambda: p.negation(p.ALWAYS), p.NEVER),
        (lambda: p.negation(p.Not(p.Holds(ID))), p.Holds(ID)),
    ],
)
def test_constants_are_folded_and_chains_flattened(build, expected):
    assert build() == expected


OTHER = e.Column("author", "age")
STRICT = frozenset({"UPPER"})


@pytest.mark.parametrize(
    "predicate, expected",
    [
        (p.Comparison("=", OTHER, number()), {"author"}),
        (p.Comparison("=", OTHER, ID), {"author", "book"}),
        (p.IsNull(OTHER), set()),
        (p.Not(p.IsNull(OTHER)), {"author"}),
        (p.Not(p.Comparison("=", OTHER, number())), {"author"}),
        (p.Or((p.Comparison("=", OTHER, number()), p.IsNull(ID))), set()),
        (p.Or((p.Comparison("=", OTHER, number()), p.Comparison("<", OTHER, number()))), {"author"}),
        (p.And((p.Comparison("=", OTHER, number()), p.IsNull(ID))), {"author"}),
        (p.Not(p.And((p.Comparison("=", OTHER, number()), p.IsNull(ID)))), set()),
        (p.Comparison("=", e.Function("UPPER", (OTHER,)), text()), {"author"}),
        (p.Comparison("=", e.Function("COALESCE", (OTHER, ID)), text()), set()),
        (p.Between(OTHER, number(0), number(1)), {"author"}),
        (p.Not(p.Between(OTHER, ID, number(1))), {"author"}),
        (p.InSelect(OTHER, s.Select((s.Output(ID),))), {"author"}),
        (p.Not(p.InSelect(OTHER, s.Select((s.Output(ID),)))), set()),
    ],
)
def test_the_aliases_of_which_a_predicate_rejects_nulls(predicate, expected):
    assert p.rejected_aliases(predicate, STRICT) == expected
