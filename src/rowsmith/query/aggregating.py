"""Aggregating: the plan of aggregate(), which asks for values of a whole query instead of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rowsmith.expressions.combinable import Combinable
from rowsmith.query.derived import OutputScope, derived
from rowsmith.query.planner import Plan, aggregating, nest, plan
from rowsmith.query.pruning import pruned
from rowsmith.query.query import Annotation, Chosen, Query
from rowsmith.query.resolver import Resolver
from rowsmith.query.slots import Slots
from rowsmith.query.steps import checked_alias
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql.computed import has_aggregate, has_window
from rowsmith.sql.nodes import Node, parts, rewrite
from rowsmith.sql.select import Derived, Output, Select
from rowsmith.sql.windows import Window

INNER = "subquery"


def planned_aggregates(query: Query, slots: Slots, expressions: Mapping[str, Any]) -> Plan:
    """The SELECT of the aggregates in `expressions`, and the layout of its single row."""
    below = plan(query if query.sliced else query.but(ordering=())) if query.combined is not None else None
    scope = Resolver(query, slots, nest) if below is None else OutputScope(query, slots, nest, below.tree, below.layout)
    scope.summarizing = True
    resolved = []
    for name, expression in expressions.items():
        if not isinstance(expression, Combinable):
            raise TypeError(f"aggregate() takes expressions, not {expression!r} (for {name!r}).")
        checked_alias(query, name, fields=False)
        found = expression.resolve(scope)
        if not has_aggregate(found.node):
            raise TypeError(f"{name} is not an aggregate expression")
        resolved.append((name, found.node, found.field))
        # A later one may name it.
        summary = Annotation(sql.Summary(found.node, type=found.node.type), found.field, aggregate=True)
        scope.annotations = {**scope.annotations, name: summary}
    if below is not None:
        outer = aggregating(query, tuple(resolved))
        return Plan(Select(outer.tree.outputs, derived(below.tree)), outer.layout)
    query = pruned(query.but(joins=tuple(scope.joins)), [part for _, node, _ in resolved for part in _read(node)])
    if not query.layered and not any(has_window(node) for _, node, _ in resolved):
        return aggregating(query.but(ordering=()), tuple(resolved))
    return _around(query, Resolver(query, slots, nest), resolved)


def _read(node: Node) -> Iterator[Node]:
    """What a summary reads of each row."""
    if isinstance(node, sql.Aggregate | sql.Column):
        yield from parts(node) if isinstance(node, sql.Aggregate) else (node,)
    else:
        for part in parts(node):
            yield from _read(part)


def _around(query: Query, scope: Resolver, resolved: list[tuple[str, sql.Expression, Any]]) -> Plan:
    """The aggregates around the query as a subquery, which selects what they need."""
    inner: dict[sql.Expression, str] = {}
    aliases = {joined.alias for joined in query.joins}

    def reference(node: sql.Expression) -> sql.Reference:
        name = inner.setdefault(node, f"col{len(inner) + 1}")
        return sql.Reference(name, INNER, type=node.type)

    def outside(node: Node) -> Node | None:
        if not isinstance(node, sql.Aggregate):
            return None
        arguments = tuple(
            argument if isinstance(argument, sql.Star) else reference(argument) for argument in node.arguments
        )
        condition = None if node.filter is None else rewrite(node.filter, to_reference)
        order_by = tuple(replace(key, expression=reference(key.expression)) for key in node.order_by)
        return replace(node, arguments=arguments, filter=condition, order_by=order_by)

    def to_reference(node: Node) -> Node | None:
        if isinstance(node, Select):
            return rewrite(node, from_below)
        return reference(node) if isinstance(node, sql.Column | sql.Aggregate | Window) else None

    def from_below(node: Node) -> Node | None:
        """Inside of a subquery only what it takes from the query is selected there."""
        return reference(node) if isinstance(node, sql.Column) and node.alias in aliases else None

    aggregates = tuple((name, rewrite(node, outside), field) for name, node, field in resolved)
    if query.chosen is None and not inner:
        for number, key in enumerate(query.options.pk_fields, 1):
            inner[sql.Column(query.base, key.column, type=key.sql_type)] = f"col{number}"
    if query.distinct and query.chosen is not None:
        # What is distinct is decided by the columns that were asked for.
        for item in query.chosen:
            for node in sql.items_of(item.node):
                inner.setdefault(node, f"col{len(inner) + 1}")
    elif query.distinct:
        for field in query.options.concrete_fields:
            inner.setdefault(scope.column_of(query.base, query.options, field), f"col{len(inner) + 1}")
        query = query.but(joins=tuple(scope.joins))
        for annotation in query.annotations.values():
            if annotation.selected:
                for node in sql.items_of(annotation.node):
                    inner.setdefault(node, f"col{len(inner) + 1}")
    chosen = tuple(Chosen(name, node, None) for node, name in inner.items())
    ordering = query.ordering if query.sliced else ()
    tree = plan(query.but(chosen=chosen, form="tuple", related=None, ordering=ordering)).tree
    named = tuple(Output(output.expression, f"col{number}") for number, output in enumerate(tree.outputs, 1))
    source = Derived(replace(tree, outputs=named), INNER)
    outer = aggregating(query, aggregates)
    return Plan(Select(outer.tree.outputs, source), outer.layout)
