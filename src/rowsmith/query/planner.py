"""Planner: a query becomes one SELECT, and a layout that says what its rows hold."""

from __future__ import annotations

from typing import Any

from rowsmith.exceptions import SubqueryColumns
from rowsmith.query.combining import plan_combination
from rowsmith.query.derived import ROWS
from rowsmith.query.grouping import group_keys
from rowsmith.query.joining import join_tree
from rowsmith.query.layout import Layout, item_of, items_and_widths
from rowsmith.query.locking import lock_of
from rowsmith.query.nesting import embedded
from rowsmith.query.ordering import resolved_ordering
from rowsmith.query.pruning import pruned, splitting
from rowsmith.query.qualifying import Below, check_groups, split
from rowsmith.query.query import Chosen, Query
from rowsmith.query.resolver import Resolver
from rowsmith.query.selecting import choose, select_instance
from rowsmith.query.slots import Constants
from rowsmith.records import Record, replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.computed import has_aggregate, has_window
from rowsmith.sql.select import Combination, Derived, Output, Select
from rowsmith.sql.select import Query as Tree


class Plan(Record):
    """The SELECT of a query and the layout of its rows."""

    tree: Tree
    layout: Layout


def plan(query: Query) -> Plan:
    """The SELECT that answers `query`."""
    if query.combined is not None:
        tree, layout = plan_combination(query, _planned, choose_by_name, nest)
        assert isinstance(tree, Select | Combination)
        return Plan(replace(tree, tables=(*query.tables, *tree.tables)), layout)
    scope = Resolver(query, Constants(), nest)
    if query.chosen is not None:
        outputs, layout = _chosen(query)
    else:
        outputs, layout = select_instance(query, scope)
    ordering = resolved_ordering(query, scope)
    if query.distinct and not query.distinct_on:
        outputs = _with_ordering(outputs, ordering)
    query = query.but(lock=lock_of(query, layout, outputs))
    if has_window(query.where):
        return Plan(_qualified(query, scope, outputs, ordering), layout)
    return Plan(assemble(query, scope, outputs, ordering), layout)


def _qualified(
    query: Query, scope: Resolver, outputs: tuple[Output, ...], ordering: tuple[sql.Ordering, ...]
) -> Select:
    """The SELECT of a query with conditions on windows: around one that computes the windows."""
    conditions = split(query.where)
    if query.grouping is not None:
        check_groups(conditions.qualify)
    below = Below(outputs, frozenset(joined.alias for joined in scope.joins))
    whole = assemble(query.but(where=p.ALWAYS, grouping=None), scope, (), tuple(map(below.seen_from_above, ordering)))
    where = below.seen_from_above(conditions.qualify)
    distinct_on = tuple(map(below.seen_from_above, whole.distinct_on))
    source, joins = join_tree(scope.joins, conditions.where)
    grouping = group_keys(query, scope.joins, below.outputs, (), conditions.having)
    inner = Select(below.named(), source, joins, conditions.where, grouping, conditions.having)
    return replace(
        whole,
        outputs=tuple(Output(below.column(number), output.name) for number, output in enumerate(outputs)),
        source=Derived(inner, ROWS),
        joins=(),
        where=where,
        distinct_on=distinct_on,
    )


def _planned(query: Query) -> tuple[Tree, Layout]:
    found = plan(query)
    return found.tree, found.layout


def choose_by_name(query: Query, names: tuple[str, ...]) -> Query:
    """values_list() of a part of a combined query."""
    return choose(query, names, "tuple", Resolver(query, Constants(), nest))


def assemble(
    query: Query,
    scope: Resolver,
    outputs: tuple[Output, ...],
    ordering: tuple[sql.Ordering, ...],
) -> Select:
    """A SELECT over the query's joins with its conditions, its slice and its lock."""
    conditions = split(query.where)
    source, joins = join_tree(scope.joins, conditions.where)
    return Select(
        outputs,
        source,
        joins,
        conditions.where,
        group_keys(query, scope.joins, outputs, ordering, conditions.having),
        conditions.having,
        ordering,
        limit=_limit(query),
        offset=None if query.low is None else sql.Parameter(query.low, type=types.Integer(64)),
        distinct=query.distinct,
        distinct_on=tuple(item for name in query.distinct_on for item in sql.items_of(scope.name(name).node)),
        lock=query.lock,
        tables=query.tables,
    )


def _limit(query: Query) -> sql.Expression | None:
    if query.high is not None:
        return sql.Parameter(query.high, type=types.Integer(64))
    return None if query.cap is None else sql.Literal(query.cap)


def _chosen(query: Query) -> tuple[tuple[Output, ...], Layout]:
    chosen: list[Chosen] = list(query.chosen or ())
    outputs = tuple(output for item in chosen for output in _outputs(item, query))
    items, widths = items_and_widths([(item.node, item.field) for item in chosen])
    return outputs, Layout(query.form, items, tuple(item.key for item in chosen), widths=widths)


def _outputs(item: Chosen, query: Query) -> list[Output]:
    if isinstance(item.node, sql.Row):
        return [Output(node) for node in item.node.items]
    return [Output(item.node, item.key if item.key in query.annotations else None)]


def _with_ordering(outputs: tuple[Output, ...], ordering: tuple[sql.Ordering, ...]) -> tuple[Output, ...]:
    # Databases demand that SELECT DISTINCT orders by what it selects.
    present = {output.expression for output in outputs}
    extra = [key.expression for key in ordering if key.expression not in present]
    return (*outputs, *(Output(expression) for expression in dict.fromkeys(extra)))


def counting(query: Query) -> Select:
    """SELECT COUNT(*) of the rows that `query` would yield."""
    query = pruned(query)
    star = Output(sql.Aggregate("COUNT", (sql.Star(),), type=types.Integer(64)))
    if not (query.layered or query.distinct_on):
        scope = Resolver(query, Constants(), nest)
        return assemble(query.but(lock=None), scope, (star,), ())
    inner = plan(_bare(query)).tree
    return Select((star,), Derived(inner, "subquery"))


def _bare(query: Query) -> Query:
    """The query without what does not change the number of its rows."""
    query = query.but(related=None, lock=None)
    if not query.sliced and not query.distinct_on:
        query = query.but(ordering=())
    if query.combined is not None:
        return query
    if query.chosen is not None:
        # Nothing is read, so it does not matter what it would be read as.
        chosen = [replace(item, field=None) for item in query.chosen]
        if query.grouping is not None and not query.distinct and group_keys(query, query.joins, (), ()):
            # Nor do aggregates change which groups there are.
            chosen = [item for item in chosen if not has_aggregate(item.node)] or chosen
        return query.but(chosen=tuple(chosen))
    if query.distinct:
        return query
    keys = query.options.pk_fields
    chosen = [Chosen(key.attname, sql.Column(query.base, key.column, type=key.sql_type), None) for key in keys]
    chosen += [Chosen(name, node, None) for name, node in splitting(query)]
    return query.but(chosen=tuple(chosen), form="tuple")


def existing(query: Query) -> Select:
    """SELECT 1 of at most one row of `query`."""
    query = pruned(query)
    one = Output(sql.Literal(1, type=types.Integer()), "a")
    if query.layered:
        inner = plan(_bare(query)).tree
        return Select((one,), Derived(inner, "subquery"), limit=sql.Literal(1))
    scope = Resolver(query, Constants(), nest)
    tree = assemble(query.but(lock=None, distinct_on=()), scope, (one,), ())
    return Select(tree.outputs, tree.source, tree.joins, tree.where, limit=sql.Literal(1), tables=tree.tables)


def aggregating(query: Query, aggregates: tuple[tuple[str, sql.Expression, Any], ...]) -> Plan:
    """The aggregates over all rows of a query that has neither groups, a slice nor DISTINCT."""
    scope = Resolver(query, Constants(), nest)
    outputs = tuple(Output(node, name) for name, node, _ in aggregates)
    tree = assemble(query.but(lock=None), scope, outputs, ())
    items = tuple(item_of(node, field) for _, node, field in aggregates)
    return Plan(tree, Layout("dict", items, tuple(name for name, _, _ in aggregates)))


def nest(queryset: Any, exists: bool, scope: Resolver, width: int | None = 1) -> tuple[Any, Any]:
    """The SELECT of a queryset inside another query, None when it has no rows, and the field of its column.

    width:  how many columns it must have; None for any number.
    """
    query, values = queryset.nested(exists)
    if not queryset.repeatable:
        # A query planned for one set of values gives its plan to nothing else.
        scope.slots.unfit = True
    if query.database is not None:
        scope.slots.database = query.database
    if query.empty:
        scope.slots.place_prepared(len(values))
        return None, item_of(query.chosen[0].node, query.chosen[0].field).field if query.chosen else None
    tree: Tree
    if exists:
        tree, field = existing(query), None
    else:
        planned = plan(query)
        tree = planned.tree
        selected = len(planned.layout.items)
        if width is not None and selected != width:
            wanted = "one column" if width == 1 else f"{width} columns"
            raise SubqueryColumns(
                f"A queryset used as a value must select {wanted} here, not {selected}: "
                "name what it selects with values() or values_list()."
            )
        field = planned.layout.items[0].field if selected == 1 else None
    return embedded(tree, values, scope), field
