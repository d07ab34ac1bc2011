"""Modify: INSERT, UPDATE and DELETE."""

from __future__ import annotations

from rowsmith.sql.expressions import Expression
from rowsmith.sql.nodes import Node
from rowsmith.sql.predicates import ALWAYS, Predicate
from rowsmith.sql.select import Table
from rowsmith.sql.types import Type


class Conflict(Node):
    """What an INSERT does about a row that is there already: nothing, or an update of `updates` by the new values."""

    target: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()


class Insert(Node):
    """One or more rows of expressions; None in a row stands for the column's default."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Expression | None, ...], ...]
    conflict: Conflict | None = None
    returning: tuple[str, ...] = ()


class InsertMany(Node):
    """Any number of rows bound as one array a column; for databases that have arrays."""

    table: str
    columns: tuple[str, ...]
    types: tuple[Type, ...]
    conflict: Conflict | None = None
    returning: tuple[str, ...] = ()


class Assignment(Node):
    """One column's new value."""

    column: str
    value: Expression


class Update(Node):
    """An UPDATE of one table; the condition sees it under its alias."""

    table: Table
    assignments: tuple[Assignment, ...]
    where: Predicate = ALWAYS
    returning: tuple[str, ...] = ()


class UpdateMany(Node):
    """Each row set to values of its own, found by `keys`; all bound as one array a column."""

    table: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    types: tuple[Type, ...]


class Delete(Node):
    """A DELETE from one table."""

    table: Table
    where: Predicate = ALWAYS


class DeleteTogether(Node):
    """DELETEs from different tables in one statement, which all see the rows as they were before it.

    Its single row holds how many rows each of them deleted.
    """

    deletes: tuple[Delete, ...]
