"""Differences: what turns one table into another, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rowsmith.dialects.definitions import DefinitionRenderer
from rowsmith.records import Record, as_dict, replace
from rowsmith.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Check,
    Column,
    Comment,
    Constraint,
    CreateIndex,
    Definition,
    DropColumn,
    DropConstraint,
    DropIndex,
    Generated,
    IndexPart,
    MoveTable,
    PrimaryKey,
    Reference,
    RenameColumn,
    RenameConstraint,
    RenameIndex,
    RenameTable,
    Table,
    Unique,
)


class Parts(Record):
    """A table taken apart: what ALTER TABLE changes one by one."""

    columns: Mapping[str, Column]
    constraints: tuple[Constraint, ...]
    indexes: tuple[CreateIndex, ...]


def parts_of(table: Table, definitions: DefinitionRenderer) -> Parts:
    """The columns by name, and all constraints, those that stand in a column among them."""
    columns: dict[str, Column] = {}
    constraints: list[Constraint] = list(table.create.constraints)
    for column in table.create.columns:
        columns[column.name] = replace(column, unique=None)
        if column.primary_key:
            constraints.append(PrimaryKey((column.name,)))
        elif column.unique is not None:
            # In a column's own definition it has no name.
            constraints.append(Unique("", (column.name,), tablespace=column.index_tablespace))
        if check := definitions.column_check(column):
            constraints.append(Check("", check))
    constraints += [reference.constraint for reference in table.references]
    return Parts(columns, tuple(constraints), table.indexes)


def differences(
    old: Table,
    new: Table,
    definitions: DefinitionRenderer,
    renamed: Mapping[str, str],
    initial: Mapping[str, str],
) -> list[Definition]:
    """What turns the table `old` into `new`, in an order in which each step is possible.

    renamed:  old names of columns by their new ones.
    initial:  per column, the text of what rows get that have no value for it.
    """
    steps: list[Definition] = []
    before, after = parts_of(old, definitions), parts_of(new, definitions)
    name = new.create.name
    if old.create.name != name:
        steps.append(RenameTable(old.create.name, name))
    steps += [RenameColumn(name, was, now) for now, was in renamed.items() if was != now]
    before = _Renaming({was: now for now, was in renamed.items()}, old.create.name, name, definitions).parts(before)
    gone = [column for column in before.columns.values() if column.name not in after.columns]
    fresh = [column for column in after.columns.values() if column.name not in before.columns]
    lost, kept = _compared(before.constraints, after.constraints)
    lost_indexes, kept_indexes = _compared(before.indexes, after.indexes)
    steps += [DropConstraint(name, item, _name_of(item)) for item in sorted(lost, key=_is_key)]
    steps += [DropIndex(index, index.name) for index in lost_indexes]
    # What is computed from other columns goes before them and comes after them.
    steps += [DropColumn(name, column) for column in sorted(gone, key=lambda column: column.generated is None)]
    for column in after.columns.values():
        was = before.columns.get(column.name)
        if was is None:
            continue
        if definitions.column(was) != definitions.column(column):
            steps.append(AlterColumn(name, was, column, initial.get(column.name)))
        if was.comment != column.comment:
            steps.append(Comment(name, column.name, column.comment))
    steps += [
        # That it is the key is told once it is there.
        AddColumn(name, replace(column, primary_key=False), initial.get(column.name))
        for column in sorted(fresh, key=lambda column: column.generated is not None)
    ]
    steps += [RenameConstraint(name, _name_of(was), now) for was, now in kept if _name_of(was) != _name_of(now) != ""]
    steps += [RenameIndex(was.name, now) for was, now in kept_indexes if was.name != now.name]
    known = [now for _, now in kept]
    added = {column.name for column in fresh}
    for item in sorted((item for item in after.constraints if item not in known), key=_is_key, reverse=True):
        if not (isinstance(item, Check) and not item.name and _checked(item, added, definitions)):
            # The condition that belongs to a column's type comes with the column.
            steps.append(AddConstraint(name, item))
    known_indexes = [now for _, now in kept_indexes]
    steps += [index for index in after.indexes if index not in known_indexes]
    if old.create.comment != new.create.comment:
        steps.append(Comment(name, None, new.create.comment))
    if old.create.tablespace != new.create.tablespace:
        steps.append(MoveTable(name, new.create.tablespace))
    return steps


def _is_key(item: Constraint) -> int:
    """Foreign keys are dropped first and added last, as they need the keys that they refer to."""
    return {Reference: 0, Check: 1, Unique: 2, PrimaryKey: 3}.get(type(item), 1)


def _name_of(item: Any) -> str:
    return str(getattr(item, "name", ""))


def _checked(item: Check, columns: Iterable[str], definitions: DefinitionRenderer) -> bool:
    return any(definitions.quote(column) in item.condition for column in columns)


def _compared(old: Iterable[Any], new: Iterable[Any]) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """What is in `old` alone, and the pairs that are equal but for their names."""
    left = list(new)
    lost, kept, doubtful = [], [], []
    for item in old:
        if item in left:
            left.remove(item)
            kept.append((item, item))
        else:
            doubtful.append(item)
    for item in doubtful:
        match = next((one for one in left if _nameless(one) == _nameless(item)), None)
        if match is None:
            lost.append(item)
        else:
            left.remove(match)
            kept.append((item, match))
    return lost, kept


def _nameless(item: Any) -> Any:
    return replace(item, name="") if hasattr(item, "name") else item


class _Renaming(Record):
    """How a table's parts are called once it and its columns are renamed: the database rewrites them by itself.

    names:  the columns' new names by their old ones.
    """

    names: Mapping[str, str]
    table: str
    new_table: str
    definitions: DefinitionRenderer

    def parts(self, parts: Parts) -> Parts:
        columns = [self.item(column) for column in parts.columns.values()]
        return Parts(
            {column.name: column for column in columns},
            tuple(self.item(item) for item in parts.constraints),
            tuple(replace(self.item(index), table=self.new_table) for index in parts.indexes),
        )

    def item(self, item: Any) -> Any:
        if not self.names and self.table == self.new_table:
            return item
        names, changes = self.names, dict[str, Any]()
        for key, value in as_dict(item).items():
            if key in ("columns", "include"):
                changes[key] = self.each(value)
            elif key in ("condition", "expression"):
                changes[key] = self.text(value)
            elif key == "parts":
                changes[key] = tuple(self.item(part) for part in value)
            elif key == "column" or (key == "name" and isinstance(item, Column)):
                changes[key] = names.get(value, value)
            elif key == "to_table" and value == self.table:
                changes |= {key: self.new_table, "to_columns": self.each(item.to_columns)}
            elif isinstance(value, Generated | Reference | IndexPart):
                changes[key] = self.item(value)
        return replace(item, **changes)

    def each(self, columns: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.names.get(name, name) for name in columns)

    def text(self, sql: str | None) -> str | None:
        if sql is not None:
            quote = self.definitions.quote
            for was, now in self.names.items():
                sql = sql.replace(quote(was), quote(now))
        return sql
