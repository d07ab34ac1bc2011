"""Resolver: names become columns and joins, conditions become predicates, within one call on a queryset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.expressions.base import Resolved
from rowsmith.expressions.combinable import Combinable
from rowsmith.expressions.names import F, OuterRef
from rowsmith.expressions.q import Q
from rowsmith.fields.inferred import field_for
from rowsmith.query.comparing import Operand, compare, compare_expressions, transformed
from rowsmith.query.existence import related_exists
from rowsmith.query.filtered import filtered_lookup, filtered_name
from rowsmith.query.paths import SEPARATOR, Path, parse, trimmed
from rowsmith.query.query import Annotation, FilteredJoin, Joined, NamedTable, Query, column_node
from rowsmith.query.related import RelatedKey
from rowsmith.query.slots import Slots
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.nodes import Node, rewrite
from rowsmith.sql.predicates import Predicate

MAX_DEPTH = 100
"""How deep conditions may nest: deeper ones than this come from a program that nests without end."""

Nester = Callable[[Any, bool, "Resolver", int | None], tuple[Any, Any]]
"""Plans a queryset for use inside a query, for as many columns as are asked for; None for any number."""


class Resolver:
    """What one call resolves against a query; implements `expressions.base.Scope`.

    joins:   the query's joins and those that this call adds.
    reuse:   the aliases of multi-valued relations that this call may share; None for any.
    slots:   where this call's values go.
    nest:    plans a queryset for use inside this one.
    """

    def __init__(
        self,
        query: Query,
        slots: Slots,
        nest: Nester,
        *,
        reuse: set[str] | None = None,
        allow_joins: bool = True,
        prefix: str = "T",
    ) -> None:
        self.options = query.options
        self.joins: list[Joined] = list(query.joins)
        self.annotations: Mapping[str, Annotation] = query.annotations
        self.slots = slots
        self.nest = nest
        self.reuse = reuse
        self.allow_joins = allow_joins
        self.prefix = prefix
        self.filtered: Mapping[str, FilteredJoin] = {found.name: found for found in query.filtered}
        self.named: Mapping[str, NamedTable] = {table.name: table for table in query.named}
        self.summarizing = False
        self.of_rows = False
        self.start = self.joins[0].alias
        self.optional: set[str] = set()
        for joined in query.joins:
            if joined.optional or joined.parent in self.optional:
                self.optional.add(joined.alias)

    def at(self, alias: str, options: Any) -> Resolver:
        """This scope with paths that start at another of its tables."""
        there = copy(self)
        there.start, there.options, there.annotations, there.filtered = alias, options, {}, {}
        return there

    def with_slots(self, slots: Slots) -> Resolver:
        """This scope with values that go elsewhere."""
        other = copy(self)
        other.slots = slots
        return other

    def without_joins(self) -> Resolver:
        """This scope without names that lead along relations."""
        other = copy(self)
        other.allow_joins = False
        return other

    def opened(self, node: sql.Expression) -> sql.Expression:
        """`node` with its values written into it; the query then serves these values alone."""

        def change(part: Node) -> Node | None:
            constant = self.slots.constant_of(part.slot) if isinstance(part, sql.Parameter) else None
            return sql.Ambient(constant, type=part.type) if constant is not None else None  # type: ignore[attr-defined]

        return rewrite(node, change)

    # Joins

    def join(self, parent: str, step: Any) -> str:
        """The alias of the table that `step` leads to from `parent`, joined now or shared with an earlier join."""
        meta = step.model._meta
        pairs = tuple((source.column, target.column) for source, target in step.pairs)
        optional = step.nullable or step.multiple
        return self.join_again(Joined("", meta.db_table, meta, parent, pairs, step.multiple, optional), parent)

    def join_again(self, wanted: Joined, parent: str) -> str:
        """The alias of a join like `wanted`, hung on `parent`: an earlier one that may be shared, or a new one."""
        for joined in reversed(self.joins):
            if joined.parent == parent and joined.like(wanted):
                if wanted.multiple and self.reuse is not None and joined.alias not in self.reuse:
                    continue
                if self.reuse is not None:
                    self.reuse.add(joined.alias)
                if joined.dormant:
                    self.wake(joined.alias)
                return joined.alias
        alias = self._new_alias(wanted.table)
        self.joins.append(replace(wanted, alias=alias, parent=parent))
        if wanted.optional or parent in self.optional:
            self.optional.add(alias)
        if self.reuse is not None:
            self.reuse.add(alias)
        return alias

    def wake(self, alias: str) -> None:
        """Make a table that nothing asked for so far a part of the query, with those that its rows hang on."""
        for position, joined in enumerate(self.joins):
            if joined.alias == alias and joined.dormant:
                self.joins[position] = replace(joined, dormant=False)
                for other in {joined.parent or "", *p.aliases_in(joined.condition)}:
                    self.wake(other)

    def _new_alias(self, table: str) -> str:
        taken = {joined.alias for joined in self.joins}
        if self.prefix == "T" and table not in taken:
            return table
        number = len(self.joins) + (1 if self.prefix == "T" else 0)
        while f"{self.prefix}{number}" in taken:
            number += 1
        return f"{self.prefix}{number}"

    def follow(self, steps: tuple[Any, ...]) -> str:
        """The alias at the end of `steps`."""
        if steps and not self.allow_joins:
            raise FieldError("Joined field references are not permitted in this query.")
        alias = self.start
        for step in steps:
            alias = self.join(alias, step)
        return alias

    def column(self, alias: str, field: Any) -> sql.Expression:
        """A field's column under an alias; a row of them for a key of several."""
        if field.column is None:
            columns = tuple([self.column(alias, member) for member in field.members])
            return columns[0] if len(columns) == 1 else sql.Row(columns)
        nullable = field.null or alias in self.optional
        return sql.Column(alias, field.column, type=field.sql_type, nullable=nullable, computed=field.generated)

    def column_of(self, alias: str, options: Any, field: Any) -> sql.Expression:
        """The column of a field that the model with `options`, whose own table is `alias`, has or inherits."""
        steps, field = trimmed(Path(options.way_to(field.model), field, None, ()))
        for step in steps:
            alias = self.join(alias, step)
        return self.column(alias, field)

    # Names

    def parse(self, path: str) -> Path:
        return parse(self.options, path, self.annotations)

    def field_at(self, path: Path) -> Resolved:
        """The column at the end of a path, with the field that it holds."""
        steps, field = trimmed(path)
        column = self.column(self.follow(steps), field)
        # A key read from the foreign key that repeats it is still what the path named.
        return Resolved(column, field if path.relation is not None else path.field)

    def name(self, path: str) -> Resolved:
        first, *rest = path.split(SEPARATOR) if isinstance(path, str) else [path]
        annotation = self.annotations.get(path) or self.annotations.get(first)
        if annotation is not None:
            if self.summarizing and not annotation.selected:
                raise FieldError(f"Cannot aggregate over the {first!r} alias. Use annotate() to promote it.")
            names = () if path in self.annotations else tuple(rest)
            return self.transform(Resolved(annotation.node, annotation.field), names, path)
        if first in self.filtered:
            return filtered_name(self, path)
        parsed = self.parse(path)
        return self.transform(self.field_at(parsed), parsed.rest, path)

    def named_column(self, table: str, column: str) -> Resolved:
        found = self.named.get(table)
        if found is None:
            raise FieldError(
                f"The query does not read the table {table!r}, whose column {column!r} it asks for. "
                f"Join it first, as in {table}.join(queryset, ...)."
            )
        named = next(c for c in found.columns if column in c.names)
        return Resolved(column_node(found.alias, named), named.field)

    def transform(self, operand: Resolved, names: tuple[str, ...], path: str) -> Resolved:
        """The operand with each of the named transforms applied."""
        found = Operand(operand)
        for name in names:
            found = transformed(found, name, path, self)
        return found.resolved

    # Values

    def value(self, value: Any, type_: types.Type, *, cast: bool = False) -> sql.Expression:
        if value is None and isinstance(type_, types.Unknown):
            self.slots.take(value)
            return sql.Literal(None)
        slot = self.slots.take(value).slot(None, type_)
        return sql.Parameter(slot.slot, cast=cast, type=type_) if isinstance(slot, sql.Parameter) else slot

    def field_for(self, type_: types.Type) -> Any:
        return field_for(type_)

    def type_of(self, field: Any) -> types.Type:
        type_: types.Type = field.sql_type
        return type_

    def subquery(self, queryset: Any, *, exists: bool = False, width: int | None = 1) -> tuple[Any, Any]:
        return self.nest(queryset, exists, self, width)

    # Conditions

    def condition(self, q: Q, *, of_rows: bool = False) -> Predicate:
        """What a Q demands: of the model's rows in filter(), of the joined rows as they are within an expression."""
        outside, self.of_rows = self.of_rows, of_rows
        try:
            return self.where(q, negated=False, within_not=False, depth=0) or p.ALWAYS
        finally:
            self.of_rows = outside

    def where(self, q: Q, *, negated: bool, within_not: bool, depth: int) -> Predicate | None:
        """The predicate of a Q; None for one without conditions, which says nothing even below a NOT.

        negated:     an odd number of NOTs stands above; then a NULL must not turn into a row that is left out.
        within_not:  any NOT stands above; then filter() makes subqueries of conditions on many rows.
        """
        if depth > MAX_DEPTH:
            raise FieldError(
                f"The condition nests more than {MAX_DEPTH} levels deep. Combine conditions side by side instead, "
                "or use an `in` lookup."
            )
        flipped = q.negated
        while len(q.children) == 1 and isinstance(q.children[0], Q):
            # Wrappers around one Q, and NOTs around one another, add nothing, however many there are.
            within_not |= q.negated
            q = q.children[0]
            flipped ^= q.negated
        negated ^= flipped
        within_not |= q.negated
        found = [self._child(child, negated, within_not, depth) for child in q.children]
        operands = [operand for operand in found if operand is not None]
        if not operands:
            return None
        if q.connector == "OR":
            joined = p.disjunction(operands)
        elif q.connector == "XOR":
            joined = p.exclusive(operands)
        else:
            joined = p.conjunction(operands)
        return p.negation(joined) if flipped else joined

    def _child(self, child: Any, negated: bool, within_not: bool, depth: int) -> Predicate | None:
        if isinstance(child, Q):
            return self.where(child, negated=negated, within_not=within_not, depth=depth + 1)
        if isinstance(child, tuple):
            if len(child) != 2 or not isinstance(child[0], str):
                raise TypeError(f"A condition is a pair of a name and a value, not {child!r}.")
            return self.lookup(child[0], child[1], negated, within_not)
        return self.holds(child)

    def holds(self, expression: Any) -> Predicate:
        """A boolean expression as a condition."""
        if not isinstance(expression, Combinable):
            raise TypeError(f"Cannot filter against {expression!r}: it is not a condition.")
        if not getattr(expression, "filterable", True):
            raise NotSupportedError(f"{type(expression).__name__} cannot be part of a condition: it is not filterable.")
        node = expression.resolve(self).node
        if isinstance(node, sql.Truth):
            return node.predicate
        if not isinstance(node.type, types.Boolean | types.Unknown):
            raise TypeError(f"Cannot filter against {expression!r}: it is not a truth value.")
        return p.Holds(node)

    def lookup(self, name: str, value: Any, negated: bool = False, within_not: bool = False) -> Predicate:
        """One keyword of a filter() and its value."""
        first, *rest = name.split(SEPARATOR)
        annotation = self.annotations.get(name) or self.annotations.get(first)
        if annotation is not None:
            names = () if name in self.annotations else tuple(rest)
            return self.compare(Resolved(annotation.node, annotation.field), names, value, name)
        if first in self.filtered:
            return filtered_lookup(self, name, value, negated, within_not)
        path = self.parse(name)
        if within_not and self.of_rows and path.multiple:
            return related_exists(self, path, name, value)
        steps, field = trimmed(path)
        column = self.column(self.follow(steps), field)
        return self.against(Resolved(column, self.comparable(path)), path.rest, value, name, negated)

    def against(
        self, left: Resolved, names: tuple[str, ...], value: Any, name: str, negated: bool
    ) -> Predicate:
        """A column compared with a value, so that below a NOT a missing value is another one, not an unknown one."""
        predicate = self.compare(left, names, value, name)
        if negated and value is not None and not (names[-1:] == ("isnull",) and value is True):
            extra: list[Predicate] = []
            if names[-1:] != ("isnull",):
                # NOT (NULL = 1) is unknown in SQL, but a row without a value does differ from 1.
                columns = [item for item in sql.items_of(left.node) if isinstance(item, sql.Column)]
                extra += [p.Not(p.IsNull(column)) for column in columns if column.nullable]
            right = right_side(predicate)
            if isinstance(right, sql.Column) and self.may_be_empty(value):
                extra.append(p.Not(p.IsNull(right)))
            if extra:
                predicate = p.conjunction([predicate, *extra])
        return predicate

    def may_be_empty(self, value: Any) -> bool:
        """Whether the column that a name on the right of a lookup means holds NULLs itself, joins apart."""
        if not isinstance(value, F) or isinstance(value, OuterRef) or value.name in self.annotations:
            return False
        if value.name.split(SEPARATOR)[0] in self.filtered:
            return False
        return bool(trimmed(self.parse(value.name))[1].null)

    def comparable(self, path: Path) -> Any:
        """The field that prepares values for the end of a path; at a relation it takes instances too."""
        relation = path.relation
        if relation is None:
            return path.field
        key = relation.target_field if relation.forward else path.steps[-1].model._meta.pk
        return RelatedKey(relation, key)

    def compare(self, left: Resolved, names: tuple[str, ...], value: Any, path: str) -> Predicate:
        """The predicate that transforms and a lookup by name make of an operand and a value."""
        return compare(self, left, names, value, path)

    def compared(self, lookup: Any, left: Any, right: Any) -> Predicate:
        return compare_expressions(self, lookup, left, right)

    # Subqueries of its own

    def over(self, joins: list[Joined]) -> Resolver:
        """What a subquery over these tables resolves against; its values take the same slots."""
        return Resolver(Query(joins[0].options, tuple(joins)), self.slots, self.nest, reuse=set(), prefix="_")

    def inner(self) -> Resolver:
        """What a subquery over the same model resolves against; its values take the same slots."""
        # Names that nothing else has, until it is known how deep the subquery is.
        return self.over([Joined("_0", self.options.db_table, self.options)])


def right_side(predicate: Predicate) -> sql.Expression | None:
    """What a comparison of two expressions compares with."""
    match predicate:
        case p.Comparison(right=right) | p.Contains(text=right) | p.SameText(text=right) | p.Regex(pattern=right):
            return right
        case p.Holds(sql.Infix(right=right)):
            return right.operand if isinstance(right, sql.Cast) else right
        case _:
            return None
