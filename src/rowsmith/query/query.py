"""Query: everything that was asked of one model, frozen; each call on a queryset makes the next one from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from rowsmith.records import Record, as_dict, replace
from rowsmith.sql import expressions as sql
from rowsmith.sql.computed import has_window
from rowsmith.sql.nodes import walk
from rowsmith.sql.predicates import ALWAYS, NEVER, Predicate
from rowsmith.sql.select import CommonTable, Lock, Select
from rowsmith.sql.select import Query as Tree
from rowsmith.sql.types import Type
from rowsmith.sql.windows import Window

OWN = ""
"""Stands for the alias of a table in the condition on which it is joined."""


class Joined(Record):
    """A table of the query under its alias, and how it hangs on its parent.

    pairs:     column of the parent, column of this table.
    multiple:  one row of the parent may meet several of this table.
    optional:  a row of the parent may meet none.
    condition: what rows of this table must meet besides to be joined; its own columns stand under the alias OWN.
    filtered:  the name of the FilteredRelation that it belongs to.
    dormant:   nothing asks for it so far.
    common:    it is one of the query's own common tables.
    source:    the query that it stands for, which may refer to the tables before it.
    """

    alias: str
    table: str
    options: Any
    parent: str | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    multiple: bool = False
    optional: bool = False
    condition: Predicate = ALWAYS
    filtered: str = ""
    dormant: bool = False
    common: bool = False
    source: Tree | None = None

    def like(self, other: Joined) -> bool:
        """Whether this table was joined in the same way, so that both may be one; their parents are compared apart."""
        alike = self.table == other.table and self.pairs == other.pairs and self.condition == other.condition
        return alike and self.filtered == other.filtered and self.source == other.source


class FilteredJoin(Record):
    """What a FilteredRelation leads to: the alias and the options of the table, and the relation that it is of."""

    name: str
    alias: str
    options: Any
    relation: Any


class NamedColumn(Record):
    """A column of a table that is no model's: the names by which it can be asked for, its own name and what it holds.

    computed:  the database computes it, and may return it in a wider type than a column of a table.
    """

    names: tuple[str, ...]
    column: str
    type: Type
    field: Any
    computed: bool = False


class NamedTable(Record):
    """A table of the query whose columns are asked for by the table's name, such as a common table."""

    name: str
    alias: str
    columns: tuple[NamedColumn, ...]


def column_node(alias: str, column: NamedColumn) -> sql.Column:
    """A column of a named table that stands under `alias`."""
    return sql.Column(alias, column.column, type=column.type, computed=column.computed)


class Annotation(Record):
    """A named expression; `selected` ones become part of the result, those of extra() before all others."""

    node: sql.Expression
    field: Any
    selected: bool = True
    aggregate: bool = False
    extra: bool = False


class SortKey(Record):
    """One sort key as it was asked for: a name, or an expression whose values fill the slots from `slot` on."""

    name: str | None
    expression: Any = None
    slot: int = 0
    descending: bool = False
    constant: bool = False


class Loaded(Record):
    """Which fields of the model are loaded: all but `names`, or `names` only; nested names go along relations."""

    names: frozenset[str] = frozenset()
    defer: bool = True


class Chosen(Record):
    """One item of values(): the key it was asked under, and its expression."""

    key: str
    node: sql.Expression
    field: Any


class Part(Record):
    """One of the queries that make a combined one, and where its values are among those of the whole."""

    query: Query
    places: tuple[int, ...]


class Combined(Record):
    """UNION, INTERSECT or EXCEPT of queries.

    call:   what the queryset's method is called.
    names:  what values() of the whole asked for, where a part chose nothing itself.
    """

    call: str
    parts: tuple[Part, ...]
    all: bool = False
    names: tuple[str, ...] | None = None

    @property
    def empty(self) -> bool:
        """Whether it is known without asking that no row is left."""
        first, *others = [part.query.empty for part in self.parts]
        if self.call == "union":
            return first and all(others)
        return first or (self.call == "intersection" and any(others))


RowForm = Literal["instance", "dict", "tuple", "flat", "named"]

EMPTY: Mapping[str, Annotation] = MappingProxyType({})


class Query(Record):
    """What was asked, with names already turned into columns and values into slots.

    width:      how many values the query has so far.
    joins:      every table, the model's own first.
    ordering:   None while Meta.ordering applies.
    grouping:   None without aggregates, "model" for a group per instance, else the expressions to group by.
    chosen:     the items of values(); None while whole instances are asked for.
    related:    select_related paths; None without, () for every non-null relation.
    low, high:  the slots of OFFSET and LIMIT.
    cap:        a LIMIT that belongs to the operation, such as the 21 rows that get() looks at.
    nothing:    whether none() was called.
    fetch_mode: how instances load what they lack; None for the usual way.
    sticky:     aliases that the next filter() may share, for related managers.
    database:   the alias of the database that a queryset inside was bound to; None where none was.
    extra_order: the order is that of extra(), which promises nothing.
    combined:   the queries whose rows these are; then order, slice and choice of columns are the whole's.
    filtered:   the relations that annotate() gave names of their own.
    named:      the tables whose columns are asked for by the table's name.
    tables:     the common tables that the query defines.
    """

    options: Any
    joins: tuple[Joined, ...]
    width: int = 0
    where: Predicate = ALWAYS
    annotations: Mapping[str, Annotation] = EMPTY
    ordering: tuple[SortKey, ...] | None = None
    reverse: bool = False
    grouping: Literal["model"] | tuple[sql.Expression, ...] | None = None
    chosen: tuple[Chosen, ...] | None = None
    form: RowForm = "instance"
    related: tuple[str, ...] | None = None
    loaded: Loaded = Loaded()
    distinct: bool = False
    distinct_on: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    cap: int | None = None
    lock: Lock | None = None
    sticky: frozenset[str] = frozenset()
    fetch_mode: Any = None
    nothing: bool = False
    database: str | None = None
    extra_order: bool = False
    combined: Combined | None = None
    filtered: tuple[FilteredJoin, ...] = ()
    named: tuple[NamedTable, ...] = ()
    tables: tuple[CommonTable, ...] = ()

    @property
    def sliced(self) -> bool:
        """Whether a slice was taken, after which rows can no longer be filtered or reordered."""
        return self.low is not None or self.high is not None

    @property
    def layered(self) -> bool:
        """Whether its rows are known only once it is a query of its own, around which another can ask for more."""
        grouped = self.grouping is not None
        return grouped or self.sliced or self.distinct or self.combined is not None or has_window(self.where)

    @property
    def looks_elsewhere(self) -> bool:
        """Whether the condition holds a subquery or a window."""
        return any(isinstance(node, Select | Window) for node in walk(self.where))

    @property
    def of_table(self) -> bool:
        """Whether the rows are those of the model's own table, so that they can be changed and deleted."""
        return not self.joins[0].common

    @property
    def empty(self) -> bool:
        """Whether it is known without asking that no row matches."""
        return self.where == NEVER or (self.combined is not None and self.combined.empty)

    @property
    def base(self) -> str:
        """The alias of the model's own table."""
        return self.joins[0].alias

    def __reduce__(self) -> Any:
        parts = as_dict(self)
        # A read-only view cannot be pickled; what it shows can.
        return _query, ({**parts, "annotations": dict(self.annotations)},)

    def but(self, **changes: Any) -> Query:
        """A copy with some parts replaced."""
        return replace(self, **changes)


def _query(parts: dict[str, Any]) -> Query:
    return Query(**{**parts, "annotations": MappingProxyType(parts["annotations"])})


def query_of(options: Any) -> Query:
    """The query for every row of a model."""
    return Query(options, (Joined(options.db_table, options.db_table, options),))
