"""Derived: a planned query as a table of another one, and its output columns as names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rowsmith.exceptions import FieldError
from rowsmith.query.layout import Layout
from rowsmith.query.paths import SEPARATOR, Path
from rowsmith.query.query import Annotation, Query
from rowsmith.query.resolver import Nester, Resolver
from rowsmith.query.slots import Slots
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql.select import Combination, Derived, Output, Select
from rowsmith.sql.select import Query as Tree

ROWS = "subquery"
"""The alias of the derived table."""


def column_name(number: int) -> str:
    """What the output column with this number, counted from 0, is called in the query around."""
    return f"col{number + 1}"


def derived(tree: Tree) -> Derived:
    """A query as a table, its columns named by their numbers."""
    return Derived(_named(tree), ROWS)


def _named(tree: Tree) -> Tree:
    return with_outputs(tree, tuple(Output(o.expression, column_name(n)) for n, o in enumerate(tree.outputs)))


def with_outputs(tree: Tree, outputs: tuple[Output, ...]) -> Tree:
    """A query with other outputs, such as the same under other names."""
    if isinstance(tree, Combination):
        # The first query gives the columns of all of them their names.
        first, *others = tree.queries
        return replace(tree, queries=(with_outputs(first, outputs), *others))
    assert isinstance(tree, Select)
    return replace(tree, outputs=outputs)


def reference(tree: Tree, number: int) -> sql.Reference:
    """A column of `derived(tree)`."""
    return sql.Reference(column_name(number), ROWS, type=tree.outputs[number].expression.type)


def output_positions(layout: Layout, options: Any) -> Mapping[str, int]:
    """Every name by which an output column can be asked for, and the column's number."""
    found: dict[str, int] = {}
    for name, span in zip(layout.names, layout.spans, strict=True):
        if len(span) == 1:
            found[name] = span[0]
    if layout.instance is not None:
        for number, field in zip(layout.instance.places, layout.instance.fields, strict=True):
            found[field.name] = found[field.attname] = number
    for field in options.concrete_fields:
        names = [field.name, field.attname, *(["pk"] if field is options.pk else [])]
        known = [name for name in names if name in found]
        for name in names if known else ():
            found.setdefault(name, found[known[0]])
    return MappingProxyType(found)


def several(layout: Layout, options: Any) -> Mapping[str, tuple[int, ...]]:
    """The names that stand for several output columns, such as those of a key of several, and the columns' numbers."""
    found = {
        name: tuple(span) for name, span in zip(layout.names, layout.spans, strict=True) if len(span) > 1
    }
    members = options.pk.members if options.pk is not None and options.pk.column is None else ()
    positions = output_positions(layout, options) if members else {}
    places = [positions.get(member.attname) for member in members]
    if places and None not in places:
        found.setdefault("pk", tuple(place for place in places if place is not None))
    return found


class OutputScope(Resolver):
    """Resolves names to the output columns of a query that stands as a table, and to nothing else."""

    def __init__(self, query: Query, slots: Slots, nest: Nester, tree: Tree, layout: Layout) -> None:
        super().__init__(query, slots, nest)
        items = layout.items
        self.annotations = {
            name: Annotation(reference(tree, number), items[number].field)
            for name, number in output_positions(layout, query.options).items()
        }
        for name, numbers in several(layout, query.options).items():
            row = sql.Row(tuple(reference(tree, number) for number in numbers))
            self.annotations[name] = Annotation(row, query.options.pk if name == "pk" else None)

    def field_at(self, path: Path) -> Any:
        raise self._not_there(path.field.name)

    def follow(self, steps: tuple[Any, ...]) -> str:
        raise self._not_there(SEPARATOR.join(step.field.name for step in steps))

    def _not_there(self, name: str) -> FieldError:
        return FieldError(
            f"{name!r} is not among the columns that the query below selects: {', '.join(self.annotations)}."
        )
