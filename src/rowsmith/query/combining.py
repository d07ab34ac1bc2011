"""Combining: UNION, INTERSECT and EXCEPT of queries, ordered, sliced and read as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rowsmith.exceptions import DatabaseError, FieldError, NotSupportedError, did_you_mean
from rowsmith.expressions.names import F
from rowsmith.expressions.ordering import OrderBy
from rowsmith.query.aliases import placed
from rowsmith.query.derived import OutputScope, derived, output_positions, reference, several
from rowsmith.query.layout import Layout
from rowsmith.query.ordering import default_keys, resolved_key, reversed_ordering
from rowsmith.query.query import Combined, Part, Query, SortKey, query_of
from rowsmith.query.resolver import Nester
from rowsmith.query.slots import Constants, Slots
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.select import Combination, Output, Select
from rowsmith.sql.select import Query as Tree

OPERATORS = {"union": "UNION", "intersection": "INTERSECT", "difference": "EXCEPT"}

Plan = Callable[[Query], tuple[Tree, Layout]]
Choose = Callable[[Query, tuple[str, ...]], Query]


def uncombined(query: Query, action: str) -> None:
    """Raise NotSupportedError for a call that a combined query has no answer to."""
    if query.combined is not None:
        called = action if action.endswith("filters") else f"{action}()"
        raise NotSupportedError(
            f"Calling QuerySet.{called} after {query.combined.call}() is not supported. Call it on querysets before "
            "they are combined, or start anew from filter(pk__in=<the combined queryset>)."
        )


def combine(query: Query, slots: Slots, call: str, others: Sequence[tuple[Query, int]], all: bool) -> Query:
    """union(), intersection() and difference(); each other query comes with the number of its values."""
    parts = [Part(query, tuple(range(query.width)))]
    parts += [Part(other, tuple(slots.place_prepared(width))) for other, width in others]
    return query_of(query.options).but(
        annotations=query.annotations,
        chosen=query.chosen,
        form=query.form,
        # An order that the first part asked for is its own; only the one of Meta is the whole's too.
        ordering=None if query.ordering is None else (),
        combined=Combined(call, tuple(parts), all),
    )


def choosing_of_whole(query: Query, names: tuple[str, ...], form: Any, choose: Choose) -> Query:
    """values() of a combined query: its parts select these columns, unless they chose some themselves."""
    assert query.combined is not None
    first = query.combined.parts[0].query
    if first.chosen is None:
        chosen = choose(first, names).chosen or ()
        combined = replace(query.combined, names=tuple(item.key for item in chosen))
        return query.but(chosen=chosen, form=form, combined=combined)
    by_key = {item.key: item for item in first.chosen}
    unknown = [name for name in names if name not in by_key]
    if unknown:
        raise FieldError(
            f"{unknown[0]!r} is not among the columns of the combined query.{did_you_mean(unknown[0], by_key)} "
            f"They are: {', '.join(by_key)}."
        )
    return query.but(chosen=tuple(by_key[name] for name in names or by_key), form=form)


def plan_combination(query: Query, plan: Plan, choose: Choose, nest: Nester) -> tuple[Tree, Layout]:
    """The tree of a combined query, and the layout of its rows."""
    combined = query.combined
    assert combined is not None
    names = combined.names
    layout = _layout(combined, plan, choose, names)
    keys = default_keys(query.options) if query.ordering is None else query.ordering
    if names is not None:
        # What the whole left out of its parts can still order them.
        known = {*output_positions(layout, query.options), *several(layout, query.options)}
        hidden = [name for name in map(plain_name, keys) if name is not None and name != "?" and name not in known]
        names = (*names, *dict.fromkeys(hidden))
    whole = layout if names == combined.names else _layout(combined, plan, choose, names)
    tree = _tree(combined, plan, choose, names)
    return _arranged(query, tree, whole, keys, nest), _visible(query, layout)


def _visible(query: Query, layout: Layout) -> Layout:
    if query.chosen is None:
        return layout
    places = [layout.names.index(item.key) for item in query.chosen]
    spans = [layout.spans[place] for place in places]
    items = tuple(layout.items[number - layout.extra] for span in spans for number in span)
    widths = tuple(map(len, spans)) if layout.widths else ()
    return Layout(query.form, items, tuple(layout.names[n] for n in places), widths=widths)


def _layout(combined: Combined, plan: Plan, choose: Choose, names: tuple[str, ...] | None) -> Layout:
    return plan(_bare(_chosen(combined.parts[0].query, choose, names)))[1]


def _chosen(query: Query, choose: Choose, names: tuple[str, ...] | None) -> Query:
    return query if names is None or query.chosen is not None else choose(query, names)


def _bare(query: Query) -> Query:
    """A part without the order that only matters to a slice of it."""
    ordering = query.ordering if query.sliced or query.distinct_on else ()
    return query.but(lock=None, ordering=ordering)


def _tree(combined: Combined, plan: Plan, choose: Choose, names: tuple[str, ...] | None) -> Tree:
    first, *others = combined.parts
    parts = [first] if combined.call != "union" or not first.query.empty else []
    parts += [part for part in others if combined.call == "intersection" or not part.query.empty]
    trees = [placed(plan(_bare(_chosen(part.query, choose, names)))[0], part.places) for part in parts]
    counts = [len(tree.outputs) for tree in trees]
    if len(set(counts)) > 1:
        raise DatabaseError(
            f"The queries that {combined.call}() combines select {', '.join(map(str, counts))} columns. Each part must "
            "select as many columns as the first: name them with values() or values_list()."
        )
    if len(trees) > 1:
        return Combination(OPERATORS[combined.call], tuple(trees), combined.all)
    [tree] = trees
    return tree if combined.all else _distinct(tree)


def _distinct(tree: Tree) -> Tree:
    """A query each of whose rows comes once."""
    if isinstance(tree, Combination) and not tree.all:
        return tree
    if isinstance(tree, Select) and not _closed(tree):
        return replace(tree, distinct=True)
    return Select(_outputs(tree), derived(tree), distinct=True)


def _closed(tree: Tree) -> bool:
    """Whether an order or a slice of its own keeps it from being given another."""
    assert isinstance(tree, Select | Combination)
    cut = tree.limit is not None or tree.offset is not None or bool(tree.ordering)
    return cut or (isinstance(tree, Select) and bool(tree.distinct_on))


def _outputs(tree: Tree) -> tuple[Output, ...]:
    return tuple(Output(reference(tree, number)) for number in range(len(tree.outputs)))


def _arranged(query: Query, tree: Tree, layout: Layout, keys: Sequence[SortKey], nest: Nester) -> Tree:
    """The tree with the order, the slice and the columns of the whole."""
    positions: dict[str, tuple[int, ...]] = {
        name: (number,) for name, number in output_positions(layout, query.options).items()
    }
    positions.update(several(layout, query.options))
    for key in keys:
        name = plain_name(key)
        if name is not None and name != "?" and name not in positions:
            raise DatabaseError(
                f"ORDER BY {name!r} does not match any column in the result of the combined query. "
                f"Its columns are: {', '.join(positions)}. Select it in each part, or call order_by()."
            )
    limit: sql.Expression | None = None if query.cap is None else sql.Literal(query.cap)
    if query.high is not None:
        limit = sql.Parameter(query.high, type=types.Integer(64))
    offset = None if query.low is None else sql.Parameter(query.low, type=types.Integer(64))
    chosen = tuple(item.key for item in query.chosen or ())
    whole = query.chosen is None or layout.names[: len(chosen)] == chosen
    plain = all(plain_name(key) not in (None, "?") for key in keys)
    if whole and not keys and limit is None and offset is None:
        return tree
    if whole and plain and not _closed(tree):
        assert isinstance(tree, Select | Combination)
        orderings = _unique(query, [_at(key, place) for key in keys for place in positions[plain_name(key) or ""]])
        return replace(tree, ordering=orderings, limit=limit, offset=offset)
    scope = OutputScope(query, Constants(), nest, tree, layout)
    orderings = _unique(query, [ordering for key in keys for ordering in resolved_key(key, scope)])
    outputs = _outputs(tree)
    if not whole:
        outputs = tuple(outputs[place] for name in chosen for place in positions[name])
    return Select(outputs, derived(tree), ordering=orderings, limit=limit, offset=offset)


def _unique(query: Query, orderings: Sequence[sql.Ordering]) -> tuple[sql.Ordering, ...]:
    found: dict[sql.Expression, sql.Ordering] = {}
    for ordering in orderings:
        found.setdefault(ordering.expression, reversed_ordering(ordering) if query.reverse else ordering)
    return tuple(found.values())


def plain_name(key: SortKey) -> str | None:
    """The name that a sort key consists of; None for an expression."""
    expression = key.expression.expression if isinstance(key.expression, OrderBy) else key.expression
    return expression.name if type(expression) is F else key.name


def _at(key: SortKey, position: int) -> sql.Ordering:
    """A sort key as the number of its column."""
    column = sql.Literal(position + 1)
    if isinstance(key.expression, OrderBy):
        ordering = sql.Ordering(column, key.expression.descending, key.expression.nulls)
        return reversed_ordering(ordering) if key.descending else ordering
    return sql.Ordering(column, key.descending)
