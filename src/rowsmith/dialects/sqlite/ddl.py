"""Definitions as SQLite spells them."""

from __future__ import annotations

from rowsmith.dialects.definitions import DefinitionRenderer
from rowsmith.sql import types
from rowsmith.sql.ddl import Column


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
        case types.Binary():
            return "BLOB"
        case types.Inet():
            return "char(39)"
        case types.Custom(ddl):
            return ddl
    raise ValueError(f"SQLite has no column type for {type_!r}.")


class SqliteDefinitions(DefinitionRenderer):
    """Foreign keys stand in the column, as SQLite cannot add them later."""

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
        listed = ", ".join("'" + name.strip('"').replace("'", "''") + "'" for name in names)
        return [*emptied, f"DELETE FROM {self.sequences_table} WHERE name IN ({listed})"]

    def drop_table(self, name: str, if_exists: bool, cascade: bool) -> str:
        return super().drop_table(name, if_exists, cascade=False)
