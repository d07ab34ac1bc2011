"""Spelling definitions: the part of CREATE and DROP that databases share, with a method for each that differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from rowsmith.exceptions import NotSupportedError
from rowsmith.sql import types
from rowsmith.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Check,
    Column,
    Comment,
    Constraint,
    CreateIndex,
    CreateTable,
    Definition,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Exclude,
    IndexPart,
    MoveTable,
    PrimaryKey,
    Reference,
    RenameColumn,
    RenameConstraint,
    RenameIndex,
    RenameTable,
    Unique,
)
from rowsmith.sql.search import CreateDocuments, DropDocuments, RebuildDocuments


class DefinitionRenderer:
    """Turns definitions into statements.

    quote:  how the dialect quotes a name.
    """

    # Foreign keys stand in the column, or are added once all tables exist.
    inline_references: ClassVar[bool] = True
    # A table is changed by making it anew and copying its rows, with foreign keys unchecked meanwhile.
    copies_tables: ClassVar[bool] = False
    # A prefix of text is only found by an index that was made for it.
    pattern_indexes: ClassVar[bool] = False
    tables_query: ClassVar[str]
    # The table that holds the last keys given out; None where that is not for others to change.
    sequences_table: ClassVar[str | None] = None

    def __init__(self, quote: Callable[[str], str]) -> None:
        self.quote = quote

    def create_database(
        self, name: str, template: str | None = None, charset: str | None = None, collation: str | None = None
    ) -> str:
        """What makes a database, where that takes a statement; as a copy of `template` when there is one."""
        raise NotImplementedError

    def drop_database(self, name: str) -> str:
        """What drops a database that may not be there, whoever is connected to it."""
        raise NotImplementedError

    def comment_on_database(self, name: str, text: str) -> str:
        """What keeps a text with a database."""
        raise NotImplementedError

    def columns_query(self, table: str) -> str:
        """What asks for the names of a table's columns; no rows where there is no such table."""
        raise NotImplementedError

    def constraints_query(self, table: str) -> str | None:
        """What asks for the name, kind and columns of a table's constraints and indexes; None where names tell nothing.

        The kinds are "p" for primary keys, "u" for unique constraints, "f" for foreign keys, "c" for checks, "x" for
        exclusions and "i" for indexes that belong to no constraint.
        """
        return None

    def statements(self, node: Definition) -> list[str]:
        """The statements that say what one definition says; more than one where comments need their own."""
        match node:
            case CreateTable():
                return self.create_table(node)
            case CreateIndex():
                return [self.create_index(node)]
            case DropTable(name, if_exists, cascade):
                return [self.drop_table(name, if_exists, cascade)]
            case RenameTable(table, name):
                return self.rename_table(table, name)
            case RenameColumn(table, column, name):
                return self.rename_column(table, column, name)
            case AddColumn():
                return self.add_column(node)
            case AlterColumn():
                return self.alter_column(node)
            case DropColumn(table, column):
                return [f"ALTER TABLE {self.quote(table)} DROP COLUMN {self.quote(column.name)}"]
            case AddConstraint(table, constraint):
                return [f"ALTER TABLE {self.quote(table)} ADD {self.named_constraint(constraint)}"]
            case DropConstraint():
                return self.drop_constraint(node)
            case RenameConstraint(table, name, constraint):
                return self.rename_constraint(table, name, str(getattr(constraint, "name", "")))
            case DropIndex(index, name):
                return [f"DROP INDEX {self.concurrently(index)}{self.quote(name)}"]
            case RenameIndex():
                return self.rename_index(node)
            case Comment(table, column, text):
                return self.comment(table, column, text)
            case MoveTable(table, tablespace):
                return self.move_table(table, tablespace)
            case CreateDocuments():
                return self.create_documents(node)
            case RebuildDocuments(documents):
                return self.rebuild_documents(documents)
            case DropDocuments(documents):
                return self.drop_documents(documents)

    def is_native(self, node: Definition) -> bool:
        """Whether the database can change a table so in place; else it is made anew and its rows copied."""
        return True

    def create_documents(self, node: CreateDocuments) -> list[str]:
        """What makes the documents of a table's rows, those that are there included, and keeps them current."""
        raise NotSupportedError("This database has no search of documents; leave the SearchIndex out.")

    def rebuild_documents(self, node: CreateDocuments) -> list[str]:
        raise NotImplementedError

    def drop_documents(self, node: CreateDocuments) -> list[str]:
        """The end of the documents, as far as there are any."""
        return []

    def names(self, names: tuple[str, ...]) -> str:
        return ", ".join(self.quote(name) for name in names)

    def create_table(self, node: CreateTable) -> list[str]:
        parts = [self.column(column) for column in node.columns]
        parts += [self.constraint(constraint) for constraint in node.constraints]
        existing = "IF NOT EXISTS " if node.if_not_exists else ""
        return [
            f"CREATE TABLE {existing}{self.quote(node.name)} ({', '.join(parts)}){self.tablespace(node.tablespace)}"
        ]

    def column(self, column: Column) -> str:
        words = [self.quote(column.name), self.type(column.type)]
        if collation := self.collation(column.type):
            words.append(f"COLLATE {collation}")
        if column.default is not None:
            words.append(f"DEFAULT {column.default}")
        if column.generated is not None:
            kind = "STORED" if column.generated.stored else "VIRTUAL"
            words.append(f"GENERATED ALWAYS AS ({column.generated.expression}) {kind}")
        else:
            words.append("NULL" if column.null and not column.primary_key else "NOT NULL")
        if column.primary_key:
            words.append(f"PRIMARY KEY{self.key_tablespace(column.index_tablespace)}")
        elif column.unique:
            words.append(f"UNIQUE{self.key_tablespace(column.index_tablespace)}")
        if after := self.after_key(column):
            words.append(after)
        if check := self.column_check(column):
            words.append(f"CHECK ({check})")
        if column.reference is not None and self.inline_references:
            words.append(self.references(column.reference))
        return " ".join(words)

    def type(self, type_: types.Type) -> str:
        """The column's type as it stands in CREATE TABLE."""
        raise NotImplementedError

    def binary(self, value: bytes) -> str:
        """Raw bytes as a literal."""
        return f"X'{value.hex()}'"

    def collation(self, type_: types.Type) -> str | None:
        match type_:
            case types.Text(str(name)) | types.Varchar(_, str(name)):
                return self.quote(name)
        return None

    def after_key(self, column: Column) -> str:
        """What a counted key needs after PRIMARY KEY."""
        return ""

    def column_check(self, column: Column) -> str | None:
        """The condition that belongs to the column's type."""
        match column.type:
            case types.Integer(_, True):
                return f"{self.quote(column.name)} >= 0"
        return None

    def references(self, reference: Reference) -> str:
        action = f" ON DELETE {reference.on_delete}" if reference.on_delete else ""
        return (
            f"REFERENCES {self.quote(reference.to_table)} ({self.names(reference.to_columns)}){action} "
            "DEFERRABLE INITIALLY DEFERRED"
        )

    def constraint(self, constraint: Constraint) -> str:
        match constraint:
            case Unique(name, columns, deferrable, nulls_distinct, tablespace):
                return (
                    f"CONSTRAINT {self.quote(name)} UNIQUE{self.nulls(nulls_distinct)} ({self.names(columns)})"
                    f"{self.key_tablespace(tablespace)}{self.deferrable(deferrable)}"
                )
            case Check(name, condition):
                return f"CONSTRAINT {self.quote(name)} CHECK ({condition})"
            case PrimaryKey(columns):
                return f"PRIMARY KEY ({self.names(columns)})"
            case Reference(columns):
                return f"FOREIGN KEY ({self.names(columns)}) {self.references(constraint)}"
            case Exclude():
                return self.exclusion(constraint)

    def exclusion(self, constraint: Exclude) -> str:
        raise NotImplementedError

    def nulls(self, distinct: bool | None) -> str:
        return ""

    def deferrable(self, when: str | None) -> str:
        return ""

    def tablespace(self, name: str | None) -> str:
        """Where a table or an index goes."""
        return ""

    def key_tablespace(self, name: str | None) -> str:
        """Where the index goes that keeps a column unique."""
        return ""

    def create_index(self, node: CreateIndex) -> str:
        unique = "UNIQUE " if node.unique else ""
        existing = "IF NOT EXISTS " if node.if_not_exists else ""
        parts = ", ".join(self.index_part(part) for part in node.parts)
        where = f" WHERE {node.condition}" if node.condition else ""
        return (
            f"CREATE {unique}INDEX {self.concurrently(node)}{existing}{self.quote(node.name)} "
            f"ON {self.quote(node.table)}{self.index_method(node)} ({parts}){self.index_extras(node)}{where}"
        )

    def concurrently(self, node: CreateIndex) -> str:
        """What lets an index be made and dropped while its table is in use."""
        return ""

    def index_part(self, part: IndexPart) -> str:
        text = self.quote(part.column) if part.column is not None else f"({part.expression})"
        return f"{text} DESC" if part.descending else text

    def index_method(self, node: CreateIndex) -> str:
        return ""

    def index_extras(self, node: CreateIndex) -> str:
        return ""

    def advance_counter(self, table: str, column: str) -> list[str]:
        """The statements after which a counted key goes on behind the largest that there is; none where it does so."""
        return []

    def empty_tables(self, names: tuple[str, ...], reset_sequences: bool) -> list[str]:
        """The statements that delete all rows, and let keys begin at 1 again when `reset_sequences`."""
        raise NotImplementedError

    def reset_sequence(self, table: str, column: str) -> str | None:
        """What lets a counted column go on behind the largest value there is; None where it does by itself."""
        return None

    def drop_table(self, name: str, if_exists: bool, cascade: bool) -> str:
        return f"DROP TABLE {'IF EXISTS ' if if_exists else ''}{self.quote(name)}{' CASCADE' if cascade else ''}"

    def script(self, sql: str) -> list[str]:
        """SQL of any number of statements, as the texts that can be sent."""
        return [sql] if sql.strip() else []

    def extras_query(self, table: str) -> str:
        """What asks for the indexes and triggers of a table that is to be made anew: name, kind and text of each."""
        raise NotImplementedError

    def made_anew(self, table: CreateTable, sources: Mapping[str, str]) -> list[str]:
        """The statements that put a new table in the place of the one of its name, with its rows.

        sources:  what each column is filled with, as the text of an expression over the old table.
        """
        raise NotImplementedError

    def named_constraint(self, constraint: Constraint) -> str:
        """A constraint as ALTER TABLE adds it."""
        match constraint:
            case Reference(name=name):
                return f"CONSTRAINT {self.quote(name)} {self.constraint(constraint)}"
        return self.constraint(constraint).removeprefix(f"CONSTRAINT {self.quote('')} ")

    def rename_table(self, table: str, name: str) -> list[str]:
        return [f"ALTER TABLE {self.quote(table)} RENAME TO {self.quote(name)}"]

    def rename_column(self, table: str, column: str, name: str) -> list[str]:
        return [f"ALTER TABLE {self.quote(table)} RENAME COLUMN {self.quote(column)} TO {self.quote(name)}"]

    def add_column(self, node: AddColumn) -> list[str]:
        return [f"ALTER TABLE {self.quote(node.table)} ADD COLUMN {self.column(node.column)}"]

    def alter_column(self, node: AlterColumn) -> list[str]:
        raise NotImplementedError

    def drop_constraint(self, node: DropConstraint) -> list[str]:
        raise NotImplementedError

    def rename_constraint(self, table: str, name: str, new_name: str) -> list[str]:
        raise NotImplementedError

    def rename_index(self, node: RenameIndex) -> list[str]:
        return [f"DROP INDEX {self.quote(node.name)}", self.create_index(node.index)]

    def comment(self, table: str, column: str | None, text: str | None) -> list[str]:
        """What says of a table or column what it is for; nothing where there are no comments."""
        return []

    def move_table(self, table: str, tablespace: str | None) -> list[str]:
        """What moves a table; nothing where there are no tablespaces."""
        return []
