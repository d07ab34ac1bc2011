"""Definitions as SQLite spells them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rowsmith.dialects.sqlite.search import SqliteDocumentTables
from rowsmith.records import replace
from rowsmith.sql import types
from rowsmith.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Column,
    CreateTable,
    Definition,
    DropColumn,
    DropConstraint,
)


def column_type(type_: types.Type) -> str:
    """The name of a column's type. SQLite takes any; these give the right affinity and are read back by tools."""
    match type_:
        case types.Boolean():
            return "bool"
        case types.Serial():
            return "integer"
        case types.Integer(bits, unsigned):
            name = {16: "smallint", 32: "integer", 64: "bigint"}[bits]
            return f"{name} unsigned" if unsigned else name
        case types.Float():
            return "real"
        case types.Decimal():
            return "decimal"
        case types.Text() | types.Json() | types.JsonText() | types.Array():
            return "text"
        case types.Varchar(length):
            return "varchar" if length is None else f"varchar({length})"
        case types.Date():
            return "date"
        case types.Time():
            return "time"
        case types.DateTime():
            return "datetime"
        case types.Duration():
            return "bigint"
        case types.Uuid():
            return "char(32)"
        case types.Binary() | types.Vector():
            return "BLOB"
        case types.Inet():
            return "char(39)"
        case types.Custom(ddl):
            return ddl
    raise ValueError(f"SQLite has no column type for {type_!r}.")


_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_QUOTED = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]", re.DOTALL)
_WORD = re.compile(r"\w+|;")


def is_whole(sql: str) -> bool:
    """Whether a text that ends with a semicolon ends there as a statement."""
    bare = _QUOTED.sub(" ", sql)
    if "/*" in bare or any(quote in bare for quote in "'\"`["):
        return False
    depth, ended, in_trigger = 0, False, False
    for token in _WORD.findall(bare.upper()):
        ended = token == ";" and depth == 0
        in_trigger = in_trigger or token == "TRIGGER"
        if token == "CASE" or (token == "BEGIN" and in_trigger):
            depth += 1
        elif token == "END" and depth:
            depth -= 1
    return ended


class SqliteDefinitions(SqliteDocumentTables):
    """Foreign keys stand in the column, as SQLite cannot add them later; most other changes make the table anew."""

    copies_tables = True
    tables_query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"

    def type(self, type_: types.Type) -> str:
        return column_type(type_)

    def after_key(self, column: Column) -> str:
        # Without it the keys of deleted rows would be given out again.
        return "AUTOINCREMENT" if isinstance(column.type, types.Serial) and column.primary_key else ""

    def column_check(self, column: Column) -> str | None:
        if isinstance(column.type, types.Json):
            name = self.quote(column.name)
            return f"(JSON_VALID({name}) OR {name} IS NULL)"
        return super().column_check(column)

    sequences_table = "sqlite_sequence"

    def empty_tables(self, names: tuple[str, ...], reset_sequences: bool) -> list[str]:
        emptied = [f"DELETE FROM {self.quote(name)}" for name in names]
        if not reset_sequences:
            return emptied
        listed = ", ".join(self.text(name) for name in names)
        return [*emptied, f"DELETE FROM {self.sequences_table} WHERE name IN ({listed})"]

    def drop_table(self, name: str, if_exists: bool, cascade: bool) -> str:
        return super().drop_table(name, if_exists, cascade=False)

    def columns_query(self, table: str) -> str:
        return f"SELECT name FROM pragma_table_xinfo({self.text(table)})"

    def script(self, sql: str) -> list[str]:
        # A driver takes one statement at a time. A semicolon ends one unless it stands in a text, a comment or the
        # body of a trigger.
        found, pending = [], ""
        for part in re.split(r"(?<=;)", sql):
            pending += part
            if is_whole(pending):
                found.append(pending.strip())
                pending = ""
        return [text for text in [*found, pending.strip()] if re.sub(_COMMENT, "", text).strip(" \n\t;")]

    def text(self, name: str) -> str:
        """The name of a table as a literal."""
        return "'" + name.strip('"').replace("'", "''") + "'"

    def is_native(self, node: Definition) -> bool:
        match node:
            case AlterColumn() | AddConstraint() | DropConstraint():
                return False
            case AddColumn(_, column, initial):
                # What is computed for each row would have to be computed for those that are there; and a default that
                # is computed may differ from row to row.
                return (
                    initial is None
                    and not column.primary_key
                    and not (column.generated is not None and column.generated.stored)
                    and (column.default is None or (column.reference is None and not column.default.startswith("(")))
                    and (column.null or column.default not in (None, "NULL"))
                )
            case DropColumn(_, column):
                return column.reference is None and not column.primary_key
        return True

    def rename_table(self, table: str, name: str) -> list[str]:
        if table.lower() != name.lower():
            return super().rename_table(table, name)
        # To SQLite it is the same name, which is taken.
        between = f"{name}__renamed"
        return [*super().rename_table(table, between), *super().rename_table(between, name)]

    def rename_column(self, table: str, column: str, name: str) -> list[str]:
        if column.lower() != name.lower():
            return super().rename_column(table, column, name)
        between = f"{name}__renamed"
        return [*super().rename_column(table, column, between), *super().rename_column(table, between, name)]

    def rename_constraint(self, table: str, name: str, new_name: str) -> list[str]:
        # Nothing refers to a constraint by its name; the new one comes with the next change that makes the table anew.
        return []

    def extras_query(self, table: str) -> str:
        return (
            "SELECT name, type, sql FROM sqlite_master "
            f"WHERE lower(tbl_name) = lower({self.text(table)}) AND type IN ('index', 'trigger') AND sql IS NOT NULL"
        )

    def made_anew(self, table: CreateTable, sources: Mapping[str, str]) -> list[str]:
        name = table.name.strip('"')
        between = f"new__{name}"
        made = self.create_table(replace(table, name=between))
        if sources:
            made.append(
                f"INSERT INTO {self.quote(between)} ({self.names(tuple(sources))}) "
                f"SELECT {', '.join(sources.values())} FROM {self.quote(table.name)}"
            )
        if any(self.after_key(column) for column in table.columns):
            # The highest key that was ever given out counts, not the highest that is left.
            made += [
                f"DELETE FROM {self.sequences_table} WHERE name = {self.text(between)} "
                f"AND EXISTS (SELECT 1 FROM {self.sequences_table} WHERE name = {self.text(name)})",
                f"INSERT INTO {self.sequences_table} (name, seq) "
                f"SELECT {self.text(between)}, seq FROM {self.sequences_table} WHERE name = {self.text(name)}",
            ]
        return [
            *made,
            f"DROP TABLE {self.quote(table.name)}",
            # References of other tables are meant for the name, not for the table that has it for a moment.
            "PRAGMA legacy_alter_table = ON",
            f"ALTER TABLE {self.quote(between)} RENAME TO {self.quote(table.name)}",
            "PRAGMA legacy_alter_table = OFF",
        ]
