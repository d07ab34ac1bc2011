"""What is worked out of a node once and kept: it is no part of its value, and survives neither change nor copy."""

from __future__ import annotations

import pickle

from rowsmith.records import replace
from rowsmith.sql import expressions as e
from rowsmith.sql import types
from rowsmith.sql.computed import has_aggregate, has_window, is_volatile
from rowsmith.sql.nodes import Node


def column(name):
    return e.Column("t", name, type=types.Integer())


def call(name, *arguments):
    return e.Function(name, arguments, type=types.Integer())


def test_what_is_below_is_found_and_asked_for_once(monkeypatch):
    total = e.Aggregate("SUM", (column("a"),), type=types.Integer())
    tree = call("ABS", call("ABS", total), call("RANDOM"))
    assert (has_aggregate(tree), has_window(tree), is_volatile(tree)) == (True, False, True)
    assert (has_aggregate(column("a")), is_volatile(call("ABS", column("a")))) == (False, False)
    monkeypatch.setattr("rowsmith.sql.nodes.parts", None)  # nothing is walked again
    assert (has_aggregate(tree), is_volatile(tree.arguments[0])) == (True, False)


def test_it_is_neither_compared_nor_copied():
    asked, other = call("ABS", call("RANDOM")), call("ABS", call("RANDOM"))
    assert is_volatile(asked)
    assert asked == other
    assert hash(asked) == hash(other)
    changed = replace(asked, arguments=(column("a"),))
    assert not is_volatile(changed)
    assert is_volatile(pickle.loads(pickle.dumps(asked)))
    assert "_traits" not in repr(asked)


def test_a_deep_tree_is_walked_without_recursion():
    tree: Node = call("RANDOM")
    for _ in range(20_000):
        tree = call("ABS", tree)
    assert is_volatile(tree)
