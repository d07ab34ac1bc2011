"""Definitions: tables, columns, constraints and indexes as frozen nodes."""

from __future__ import annotations

from typing import TypeAlias

from rowsmith.records import Record
from rowsmith.sql.search import CreateDocuments, DropDocuments, RebuildDocuments
from rowsmith.sql.types import Type


class Reference(Record):
    """A foreign key: the column or columns of `table` that must hold the values of ours.

    name:       the constraint's name, where the database gives it one.
    on_delete:  the SQL action, such as "CASCADE"; None leaves deletion to the caller.
    """

    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    name: str
    on_delete: str | None = None


class Generated(Record):
    """What the database computes a column by: the text of an expression; kept with the row, or computed when read."""

    expression: str
    stored: bool


class Column(Record):
    """One column.

    type:              what it holds; Custom for a type that the user spelled out.
    default:           the text of its DEFAULT clause.
    generated:         for a column that is computed; then it has no default, and NULL is as the expression gives it.
    index_tablespace:  where the index goes that keeps it unique, where the database has tablespaces.
    """

    name: str
    type: Type
    null: bool = False
    primary_key: bool = False
    unique: str | None = None
    default: str | None = None
    generated: Generated | None = None
    reference: Reference | None = None
    comment: str | None = None
    index_tablespace: str | None = None


class Unique(Record):
    """A table constraint: no two rows agree in all of `columns`."""

    name: str
    columns: tuple[str, ...]
    deferrable: str | None = None
    nulls_distinct: bool | None = None
    tablespace: str | None = None


class Check(Record):
    """A table constraint: `condition` (as text) is not false for any row."""

    name: str
    condition: str


class PrimaryKey(Record):
    """A key of several columns."""

    columns: tuple[str, ...]


class IndexPart(Record):
    """One member of an index: a column, or an expression as text; `operator` compares it in an exclusion."""

    column: str | None = None
    expression: str | None = None
    descending: bool = False
    opclass: str = ""
    operator: str = ""


class Exclude(Record):
    """A table constraint: of no two rows all members compare as true by their operators."""

    name: str
    method: str
    parts: tuple[IndexPart, ...]
    include: tuple[str, ...] = ()
    condition: str | None = None
    deferrable: str | None = None


Constraint: TypeAlias = Unique | Check | PrimaryKey | Reference | Exclude


class CreateIndex(Record):
    """An index on a table.

    method:     the access method, where the database has several.
    condition:  the text of the WHERE clause of a partial index.
    storage:    how the method is to keep it, by names and values as text.
    concurrently:  made and dropped while the table is written to, outside of a transaction, where that is possible.
    """

    name: str
    table: str
    parts: tuple[IndexPart, ...]
    unique: bool = False
    condition: str | None = None
    include: tuple[str, ...] = ()
    method: str = ""
    nulls_distinct: bool | None = None
    tablespace: str | None = None
    if_not_exists: bool = False
    storage: tuple[tuple[str, str], ...] = ()
    concurrently: bool = False


class CreateTable(Record):
    """A table with its columns and the constraints that are declared with it."""

    name: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False
    comment: str | None = None
    tablespace: str | None = None


class DropTable(Record):
    """The end of a table."""

    name: str
    if_exists: bool = False
    cascade: bool = False


class RenameTable(Record):
    """Another name for a table."""

    table: str
    name: str


class MoveTable(Record):
    """A table goes to another tablespace."""

    table: str
    tablespace: str | None


class AddColumn(Record):
    """A column for a table that has rows already.

    initial:  the text of what those rows get, where that is not the column's own default.
    """

    table: str
    column: Column
    initial: str | None = None


class AlterColumn(Record):
    """A column becomes another of the same name.

    filling:  the text of what takes the place of NULL, where the column may no longer hold it.
    """

    table: str
    old: Column
    new: Column
    filling: str | None = None


class RenameColumn(Record):
    """Another name for a column."""

    table: str
    column: str
    name: str


class DropColumn(Record):
    """The end of a column and of what it holds."""

    table: str
    column: Column


class AddConstraint(Record):
    """A constraint given to a table that exists already; without a name, the database gives it one."""

    table: str
    constraint: Constraint


class DropConstraint(Record):
    """The end of a constraint. The name is what the database calls it."""

    table: str
    constraint: Constraint
    name: str


class RenameConstraint(Record):
    """Another name for a constraint; `constraint` has the new one."""

    table: str
    name: str
    constraint: Constraint


class DropIndex(Record):
    """The end of an index."""

    index: CreateIndex
    name: str


class RenameIndex(Record):
    """Another name for an index; `index` has the new one."""

    name: str
    index: CreateIndex


class Comment(Record):
    """A comment on a table or on one of its columns; None takes it away."""

    table: str
    column: str | None
    text: str | None


Alteration: TypeAlias = (
    RenameTable
    | MoveTable
    | AddColumn
    | AlterColumn
    | RenameColumn
    | DropColumn
    | AddConstraint
    | DropConstraint
    | RenameConstraint
    | DropIndex
    | RenameIndex
    | Comment
)

Definition: TypeAlias = (
    CreateTable | CreateIndex | DropTable | Alteration | CreateDocuments | RebuildDocuments | DropDocuments
)


class Table(Record):
    """All that makes one table: the table, then its indexes, then what may only follow once all tables exist: foreign
    keys, and what its rows are searched by."""

    create: CreateTable
    indexes: tuple[CreateIndex, ...] = ()
    references: tuple[AddConstraint, ...] = ()
    documents: tuple[CreateDocuments, ...] = ()
