"""How a query's values become the parameters of its statement."""

from __future__ import annotations

import pytest

from rowsmith.sql.statement import Binding, binder


def test_values_that_stand_in_order_are_handed_on_as_they_are():
    values = (1, 2)
    assert binder([Binding(0), Binding(1)], 2)(values) is values


@pytest.mark.parametrize(
    "bindings, expected",
    [
        ([], ()),
        ([Binding(1)], ("b",)),
        ([Binding(2), Binding(0)], (None, "a")),
        ([Binding(0), Binding(0)], ("a", "a")),
        ([Binding(0, encode=str.upper), Binding(1)], ("A", "b")),
        ([Binding(None, source=lambda: "now"), Binding(1)], ("now", "b")),
    ],
)
def test_each_placeholder_gets_its_value(bindings, expected):
    assert tuple(binder(bindings, 3)(("a", "b", None))) == expected


def test_nothing_is_never_encoded():
    assert tuple(binder([Binding(0, encode=str.upper)], 1)((None,))) == (None,)


def test_a_source_is_asked_each_time():
    count = iter(range(9))
    bind = binder([Binding(None, source=lambda: next(count))], 0)
    assert [tuple(bind(())), tuple(bind(()))] == [(0,), (1,)]
