"""Select: what is read, from which joined tables, under which conditions, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowsmith.records import field
from rowsmith.sql.expressions import Expression, Ordering
from rowsmith.sql.nodes import Node
from rowsmith.sql.predicates import ALWAYS, Predicate


class Query(Node):
    """What yields rows."""

    if TYPE_CHECKING:

        @property
        def outputs(self) -> tuple[Output, ...]: ...


class Source(Node):
    """What rows are taken from, under an alias."""


class Table(Source):
    """A table or view of the database; or a common one, which the query or one around it defines."""

    name: str
    alias: str
    common: bool = field(default=False, kw_only=True)


class Derived(Source):
    """A query that stands where a table may; a lateral one may refer to the tables before it."""

    query: Query
    alias: str
    lateral: bool = field(default=False, kw_only=True)


class CommonTable(Node):
    """A query under a name, for the query that follows; with `step`, rows are added by it until it finds none.

    all:           rows that are alike are all kept, when there is a step.
    materialized:  whether the query is run once and kept; None leaves it to the database.
    """

    query: Query
    step: Query | None = None
    name: str = field(kw_only=True)
    columns: tuple[str, ...] = field(kw_only=True)
    all: bool = field(default=False, kw_only=True)
    materialized: bool | None = field(default=None, kw_only=True)


class Join(Node):
    """One more source, by a condition; `outer` keeps the rows on the left that find no partner."""

    source: Source
    condition: Predicate
    outer: bool = False


class Output(Node):
    """An output column; `name` None leaves its name to the database."""

    expression: Expression
    name: str | None = None


class Lock(Node):
    """FOR UPDATE and its options."""

    of: tuple[str, ...] = ()
    nowait: bool = False
    skip_locked: bool = False
    no_key: bool = False


class Select(Query):
    """A SELECT."""

    outputs: tuple[Output, ...]
    source: Source | None = None
    joins: tuple[Join, ...] = ()
    where: Predicate = ALWAYS
    grouping: tuple[Expression, ...] = ()
    having: Predicate = ALWAYS
    ordering: tuple[Ordering, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    distinct: bool = False
    distinct_on: tuple[Expression, ...] = ()
    lock: Lock | None = None
    tables: tuple[CommonTable, ...] = ()


class Combination(Query):
    """UNION, INTERSECT or EXCEPT of queries with as many columns each."""

    operator: str
    queries: tuple[Query, ...]
    all: bool = False
    ordering: tuple[Ordering, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    tables: tuple[CommonTable, ...] = ()

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The columns of the first query, which name those of all."""
        return self.queries[0].outputs
