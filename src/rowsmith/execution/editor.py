"""The schema editor: tables made, changed and dropped, as models say."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rowsmith import timezone
from rowsmith.db import Connection
from rowsmith.db.transactions import atomic
from rowsmith.dialects.differences import differences
from rowsmith.exceptions import NotSupportedError
from rowsmith.execution.constants import text_of, value_text
from rowsmith.fields.numbers import referring_type
from rowsmith.metadata.tables import TableMaker, constraint_name, with_linking_tables
from rowsmith.metadata.variants import Variant, fields_of, with_field, with_other_field, without_field
from rowsmith.records import replace
from rowsmith.sql.ddl import (
    AlterColumn,
    Check,
    Comment,
    CreateIndex,
    Definition,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
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
from rowsmith.sql.search import CreateDocuments, DropDocuments

_NOTHING: Mapping[str, str] = {}
_OF_COLUMNS = (AlterColumn, DropColumn, RenameColumn, RenameTable)
_NAMED = (DropConstraint, RenameConstraint, DropIndex, RenameIndex)


class SchemaEditor:
    """Changes the tables of one database, in one transaction.

    collect_sql:   gather the statements in `collected_sql` and run none.
    atomic:        keep all of it or nothing.
    creates_only:  no table is changed that exists, so that foreign keys may stay checked where a change would
                   make a table anew; such an editor works inside of any transaction.
    """

    def __init__(
        self, connection: Any, collect_sql: bool = False, atomic: bool = True, creates_only: bool = False
    ) -> None:
        self.connection = connection
        self.collect_sql = collect_sql
        self.atomic_migration = atomic and connection.dialect.features.can_rollback_ddl
        self.collected_sql: list[str] = []
        self.deferred_sql: list[str] = []
        self.definitions = connection.dialect.definitions()
        self.maker = TableMaker(
            connection,
            lambda model, item: text_of(connection.dialect, model, item),
            connection.server_features,
            inline_references=self.definitions.inline_references,
            pattern_indexes=self.definitions.pattern_indexes,
        )
        self._unchecked = self.definitions.copies_tables and not creates_only
        self._blocks = contextlib.ExitStack()

    def __enter__(self) -> SchemaEditor:
        if not self.collect_sql:
            try:
                if self._unchecked:
                    self._stop_checking()
                if self.atomic_migration:
                    self._blocks.enter_context(atomic(self.connection.alias))
            except BaseException:
                self._blocks.close()
                raise
        return self

    def _stop_checking(self) -> None:
        """Have foreign keys unchecked, as rows are without those that they refer to while their table is made anew."""
        unchecked = self._blocks.enter_context(self.connection.constraint_checks_disabled())
        if not unchecked:
            raise NotSupportedError(
                f"The schema editor of {self.connection.vendor} cannot start inside a transaction in which foreign "
                "keys are checked. Start it outside of atomic(), or disable the checks before the block: "
                "with connection.constraint_checks_disabled(): ..."
            )

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is not None:
            self._blocks.__exit__(kind, error, traceback)
            return
        with self._blocks:
            self.flush()
            if self._unchecked and not self.collect_sql:
                self.connection.check_constraints()

    def flush(self) -> None:
        """Run what had to wait for other tables."""
        waiting, self.deferred_sql = self.deferred_sql, []
        for text in waiting:
            self.execute(text)

    def settle(self) -> None:
        """Have what is left to be checked of changed rows checked now, as it would stand in the way of changes."""
        if self.connection.in_atomic_block and not self.definitions.copies_tables and not self.collect_sql:
            self.connection.check_constraints()

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> None:
        """Run one statement, or gather it; parameters are written as `%s`."""
        if self.collect_sql:
            self.collected_sql.append(f"{sql};" if not sql.endswith(";") else sql)
        elif params:
            with self.connection.cursor() as cursor:
                cursor.execute(sql, params)
        elif sql.startswith("SELECT"):
            self.connection.fetch(sql, (), list)
        else:
            self.connection.execute(sql, ())

    def quote_name(self, name: str) -> str:
        return str(self.connection.dialect.quote_name(name))

    def run(self, definition: Definition) -> None:
        for text in self.definitions.statements(definition):
            self.execute(text)

    # Whole tables ---------------------------------------------------------------------------------------------------

    def create_model(self, model: Any) -> None:
        """Create the model's table, its indexes, and the linking tables of its many-to-many fields."""
        for each in with_linking_tables([model]):
            self.create_table(each)

    def create_table(self, model: Any) -> None:
        """Create the table of one model alone; foreign keys and indexes may follow at the end."""
        table = self.maker.table(model)
        self.run(table.create)
        for later in (*table.indexes, *table.references, *table.documents):
            self.deferred_sql.extend(self.definitions.statements(later))

    def delete_model(self, model: Any) -> None:
        """Drop the model's table and the linking tables of its many-to-many fields."""
        self.flush()
        for each in reversed(with_linking_tables([model])):
            self.drop_documents(each)
            self.run(DropTable(each._meta.db_table, cascade=True))

    def drop_documents(self, model: Any) -> None:
        """Drop what the model's search indexes have beside its table, as far as it is there."""
        for index in model._meta.indexes:
            if index.searched:
                self.run(DropDocuments(index.documents(model)))

    def alter_db_table(self, model: Any, old_db_table: str, new_db_table: str) -> None:
        """Rename the model's table."""
        if old_db_table != new_db_table:
            fields = fields_of(model)
            self.alter(Variant(model, fields, db_table=old_db_table), Variant(model, fields, db_table=new_db_table))

    def alter_db_table_comment(self, model: Any, old_comment: str | None, new_comment: str | None) -> None:
        if (old_comment or None) != (new_comment or None):
            self.run(Comment(model._meta.db_table, None, new_comment or None))

    def alter_db_tablespace(self, model: Any, old_tablespace: str | None, new_tablespace: str | None) -> None:
        if (old_tablespace or None) != (new_tablespace or None):
            self.run(MoveTable(model._meta.db_table, new_tablespace or None))

    # Fields ---------------------------------------------------------------------------------------------------------

    def add_field(self, model: Any, field: Any) -> None:
        """Add the column of a field, or the linking table of a many-to-many one; rows that exist get its default."""
        if field.many_to_many:
            if field.remote_field.through._meta.auto_created:
                self.create_table(field.remote_field.through)
            return
        if hasattr(field, "field_names"):
            _refuse_keys(model, field)
        new = _counterpart(model, field) or with_field(model, field)
        present = {known.column for known in model._meta.local_concrete_fields}
        fresh = [one for one in new._meta.local_concrete_fields if one.column not in present]
        self.alter(model, new, initial=self._initial(fresh))

    def remove_field(self, model: Any, field: Any) -> None:
        """Drop the column of a field, or the linking table of a many-to-many one."""
        if field.many_to_many:
            if field.remote_field.through._meta.auto_created:
                self.delete_model(field.remote_field.through)
            return
        _refuse_keys(model, field)
        self.alter(model, without_field(model, field))

    def alter_field(self, model: Any, old_field: Any, new_field: Any, strict: bool = False) -> None:
        """Make the column of `old_field` that of `new_field`; sends nothing where the database sees no difference.

        strict:  accepted for compatibility; what is to be dropped is looked up, and missing it is always an error.
        raises:  ValueError where no statement could turn one into the other.
        """
        if old_field.many_to_many or new_field.many_to_many:
            self._alter_links(model, old_field, new_field)
            return
        _refuse_keys(model, *(field for field in (old_field, new_field) if hasattr(field, "field_names")))
        if (old_field.generated or new_field.generated) and _computed_by(old_field) != _computed_by(new_field):
            raise ValueError(
                f"Modifying GeneratedFields is not supported: remove {old_field} and add it again with the new "
                "definition, in two migration operations."
            )
        new = _counterpart(model, new_field) or with_other_field(model, old_field, new_field)
        there = new._meta.get_field(new_field.name)
        renamed = {}
        if len(old_field.members) == len(there.members):
            renamed = {now.column: was.column for was, now in zip(old_field.members, there.members, strict=True)}
        filled = [there] if old_field.null and not there.null and there.column is not None else []
        initial = self._initial(filled)
        old_table, new_table = self.maker.table(model), self.maker.table(new)
        type_, new_type = self.maker.type_of(old_field), self.maker.type_of(there)
        if self._has_columns(old_field) != self._has_columns(there):
            raise ValueError(
                f"{old_field} has a column and its new definition has none, or the other way round; remove the field "
                "and add the new one."
            )
        if type_ is not None and new_type is not None and self._spelled(type_) != self._spelled(new_type):
            referring = list(_referring(old_field))
            if referring:
                self.flush()
                type_ = referring_type(new_type)
                self._alter_with_referring(old_table, new_table, renamed, initial, referring, type_, new)
                return
        self.alter_table(old_table, new_table, renamed, initial)
        self._alter_columns_of_relations(old_field, new)

    def _alter_columns_of_relations(self, old_field: Any, new: Any) -> None:
        """Have relations that refer to several columns follow one of these, whose name and type are part of theirs."""
        renamed: dict[Any, dict[str, str]] = {}
        for rel in old_field.model._meta.own_reverse:
            key = rel.field
            if not key.forward or key.column is not None or old_field not in key.foreign_related_fields:
                continue
            later = _later(key.model, new)
            if later is not None:
                pairs = zip(key.members, later._meta.get_field(key.name).members, strict=True)
                names = renamed.setdefault(key.model, {})
                names.update({now.column: was.column for was, now in pairs})
        for model, names in renamed.items():
            self.alter(model, _later(model, new), renamed=names)

    def _has_columns(self, field: Any) -> bool:
        return any(self.maker.type_of(member) is not None for member in field.members)

    def _alter_with_referring(
        self,
        old: Table,
        new: Table,
        renamed: Mapping[str, str],
        initial: Mapping[str, str],
        referring: Sequence[Any],
        type_: Any,
        new_model: Any,
    ) -> None:
        """Change the type of a column together with those that hold its values: foreign keys are away meanwhile."""
        own = old.create.name
        tables = {own: (old, new)}
        for field in referring:
            name = field.model._meta.db_table
            if name not in tables:
                later = _later(field.model, new_model)
                table = self.maker.table(field.model)
                tables[name] = (table, table if later is None else self.maker.table(later))
            before, after = tables[name]
            column = (
                field.column
                if name != own
                else next((now for now, was in renamed.items() if was == field.column), field.column)
            )
            tables[name] = before, _with_type(after, column, type_)
        if not self.definitions.inline_references:
            columns = {name: {field.column for field in referring if field.model._meta.db_table == name}
                       for name in tables}  # fmt: skip
            for name, (before, after) in tables.items():
                without = _without_references(before, columns[name])
                self.alter_table(before, without, _NOTHING, _NOTHING)
                tables[name] = without, after
            references = {name: after.references for name, (_, after) in tables.items()}
            constraints = {name: after.create.constraints for name, (_, after) in tables.items()}
            for name, (before, after) in tables.items():
                now = {next((n for n, was in renamed.items() if was == c), c) for c in columns[name]}
                bare = _without_references(after, now if name == own else columns[name])
                changed = (renamed, initial) if name == own else (_NOTHING, _NOTHING)
                self.alter_table(before, bare, *changed)
                tables[name] = (
                    bare,
                    replace(
                        bare,
                        create=replace(bare.create, constraints=constraints[name]),
                        references=references[name],
                    ),
                )
            for before, after in tables.values():
                self.alter_table(before, after, _NOTHING, _NOTHING)
            return
        for name, (before, after) in tables.items():
            changed = (renamed, initial) if name == own else (_NOTHING, _NOTHING)
            self.alter_table(before, after, *changed)

    def _alter_links(self, model: Any, old_field: Any, new_field: Any) -> None:
        """Rename the linking table of a many-to-many field, and point its columns elsewhere."""
        both = old_field.many_to_many and new_field.many_to_many
        old: Any = getattr(old_field.remote_field, "through", None)
        new: Any = getattr(new_field.remote_field, "through", None)
        if not both or bool(old._meta.auto_created) != bool(new._meta.auto_created):
            raise ValueError(
                f"Cannot alter field {old_field} into field {new_field}: they are not of compatible types. A field "
                "becomes many-to-many, or ceases to be, or gets another way through, by removing it and adding the "
                "new one."
            )
        if not old._meta.auto_created:
            return
        pairs = zip(old_field.m2m_fields, new_field.m2m_fields, strict=True)
        renamed = {
            now.column: was.column
            for here, there in pairs
            for was, now in zip(here.members, there.members, strict=True)
        }
        self.alter(old, new, renamed=renamed)

    def _initial(self, fields: Iterable[Any]) -> dict[str, str]:
        """Per column, the text of what rows get that have no value for it."""
        found = {}
        for field in fields:
            value = effective_default(field)
            if value is not None:
                found[field.column] = value_text(self.connection.dialect, field, value)
        return found

    def _spelled(self, type_: Any) -> str:
        return f"{self.definitions.type(type_)} {self.definitions.collation(type_) or ''}"

    # Indexes and constraints ----------------------------------------------------------------------------------------

    def add_index(self, model: Any, index: Any) -> None:
        made = self.maker.index(model, index)
        if made is not None:
            self.flush()
            self.run(made)

    def remove_index(self, model: Any, index: Any) -> None:
        made = self.maker.index(model, index)
        if made is not None:
            self.flush()
            if isinstance(made, CreateDocuments):
                self.run(DropDocuments(made))
            else:
                self._run_steps([DropIndex(made, made.name)], model._meta.db_table, _NOTHING)

    def rename_index(self, model: Any, old_index: Any, new_index: Any) -> None:
        made = self.maker.index(model, new_index)
        if made is not None:
            self.flush()
            if isinstance(made, CreateDocuments):
                self.run(DropDocuments(replace(made, name=old_index.name)))
                self.run(made)
            else:
                self._run_steps([RenameIndex(old_index.name, made)], model._meta.db_table, _NOTHING)

    def add_constraint(self, model: Any, constraint: Any) -> None:
        self._alter_constraints(model, constraint, adding=True)

    def remove_constraint(self, model: Any, constraint: Any) -> None:
        self._alter_constraints(model, constraint, adding=False)

    def _alter_constraints(self, model: Any, constraint: Any, adding: bool) -> None:
        fields = fields_of(model)
        others = [known for known in model._meta.constraints if known.name != constraint.name]
        without = Variant(model, fields, constraints=others)
        having = Variant(model, fields, constraints=[*others, constraint])
        self.alter(*((without, having) if adding else (having, without)))

    def alter_unique_together(self, model: Any, old_unique_together: Any, new_unique_together: Any) -> None:
        fields = fields_of(model)
        old, new = (
            tuple(sorted(tuple(names) for names in together))
            for together in (old_unique_together, new_unique_together)
        )
        self.alter(Variant(model, fields, unique_together=old), Variant(model, fields, unique_together=new))

    def alter_index_together(self, model: Any, old_index_together: Any, new_index_together: Any) -> None:
        """Make and drop indexes over fields that are named together, as migrations of old do."""
        old, new = ({tuple(names) for names in together} for together in (old_index_together, new_index_together))
        for names in sorted(old - new):
            index = self.together(model, names)
            self._run_steps([DropIndex(index, index.name)], model._meta.db_table, _NOTHING)
        for names in sorted(new - old):
            self.run(self.together(model, names))

    def together(self, model: Any, names: Sequence[str]) -> CreateIndex:
        """The index over fields that an old migration names together."""
        columns = self.maker.columns(model, names)
        table = model._meta.db_table
        return CreateIndex(
            constraint_name(table, columns, "idx"), table, tuple(IndexPart(column) for column in columns)
        )

    # From one table to another --------------------------------------------------------------------------------------

    def alter(
        self,
        old: Any,
        new: Any,
        renamed: Mapping[str, str] = _NOTHING,
        initial: Mapping[str, str] = _NOTHING,
    ) -> None:
        """Make the table of the model `old` that of `new`; see `differences` for the rest."""
        self.alter_table(self.maker.table(old), self.maker.table(new), renamed, initial)

    def alter_table(self, old: Table, new: Table, renamed: Mapping[str, str], initial: Mapping[str, str]) -> None:
        steps = differences(old, new, self.definitions, renamed, initial)
        if not steps and old.documents == new.documents:
            return
        self.flush()
        in_place = all(self.definitions.is_native(step) for step in steps)
        # What searches the rows is made of columns that would not let themselves be changed.
        made_anew = not in_place or old.documents != new.documents or any(isinstance(s, _OF_COLUMNS) for s in steps)
        for documents in old.documents if made_anew else ():
            self.run(DropDocuments(documents))
        if in_place:
            self._run_steps(steps, old.create.name, renamed)
        else:
            # These are known to the tables that refer to this one.
            self._run_steps(
                [step for step in steps if isinstance(step, RenameTable | RenameColumn)], old.create.name, renamed
            )
            self._make_anew(old, new, renamed, initial)
        for documents in new.documents if made_anew else ():
            self.run(documents)

    def _make_anew(self, old: Table, new: Table, renamed: Mapping[str, str], initial: Mapping[str, str]) -> None:
        """Put a new table in the place of the old one: with its rows, and with what others have hung on it."""
        name = new.create.name
        present = {column.name: column for column in old.create.columns}
        sources: dict[str, str] = {}
        for column in new.create.columns:
            if column.generated is not None:
                continue
            was = present.get(renamed.get(column.name, column.name))
            quoted = self.definitions.quote(column.name)
            start = initial.get(column.name)
            if was is not None and was.generated is None:
                sources[column.name] = f"coalesce({quoted}, {start})" if start is not None else quoted
            elif start is not None:
                sources[column.name] = start
        # An index of the user's own that needs a column which is gone is gone with it.
        now = {renamed.get(column.name, column.name) for column in new.create.columns}
        gone = [column for column in present if column not in now]
        known = {index.name for index in (*old.indexes, *new.indexes)}
        extras = [
            text
            for extra, kind, text in self._fetched(self.definitions.extras_query(name))
            if extra not in known
            and not (kind == "index" and any(re.search(rf"\b{re.escape(column)}\b", text) for column in gone))
        ]
        for text in self.definitions.made_anew(new.create, sources):
            self.execute(text)
        for index in new.indexes:
            self.run(index)
        for text in extras:
            self.execute(text)

    def _run_steps(self, steps: Iterable[Definition], table: str, renamed: Mapping[str, str]) -> None:
        """Run what changes a table, calling constraints and indexes by the names that they have there."""
        steps = list(steps)
        # Asked before anything is renamed.
        called = _Names(self, table, renamed) if any(isinstance(step, _NAMED) for step in steps) else None
        for step in steps:
            self.run(step if called is None else called.in_place(step))

    def _fetched(self, query: str) -> list[Any]:
        return list(self.connection.fetch(query, (), list))


class _Names:
    """What a table's constraints and indexes are called in the database.

    They have the names that we would give them, unless somebody else has made the table or the database has named
    them itself.
    """

    def __init__(self, editor: SchemaEditor, table: str, renamed: Mapping[str, str]) -> None:
        self.table = table
        self.definitions = editor.definitions
        self.old_names = renamed
        query = self.definitions.constraints_query(table)
        self.rows = [] if query is None else editor._fetched(query)
        self.known = {name for name, *_ in self.rows}

    def in_place(self, step: Any) -> Any:
        match step:
            case DropConstraint(_, constraint, name) | RenameConstraint(_, name, constraint):
                return replace(step, name=self.constraint(constraint, name))
            case DropIndex(index, name):
                return replace(step, name=self.index(index, name))
            case RenameIndex(name, index):
                return replace(step, name=self.index(index, name))
        return step

    def constraint(self, constraint: Any, name: str) -> str:
        if name and (name in self.known or not self.rows):
            return name
        bare = self.table.strip('"').rpartition(".")[2].strip('"')
        match constraint:
            case PrimaryKey():
                return self.found("p", None) or f"{bare}_pkey"
            case Unique(_, columns):
                return self.found("u", columns) or name or f"{bare}_{'_'.join(columns)}_key"
            case Reference(columns):
                return self.found("f", columns) or name
            case Check("", condition):
                column = condition.partition('"')[2].partition('"')[0]
                return self.found("c", (column,)) or f"{bare}_{column}_check"
        return name

    def index(self, index: CreateIndex, name: str) -> str:
        if name in self.known or any(part.column is None for part in index.parts):
            return name
        return self.found("i", tuple(str(part.column) for part in index.parts)) or name

    def found(self, kind: str, columns: tuple[str, ...] | None) -> str | None:
        """The name of the one of that kind over those columns."""
        wanted = None if columns is None else [self.old_names.get(column, column) for column in columns]
        return next(
            (name for name, its, over in self.rows if its == kind and (wanted is None or list(over) == wanted)), None
        )


def effective_default(field: Any) -> Any:
    """What rows get that exist before a field does; None where the database knows, or where nothing is known."""
    if field.has_db_default() or field.generated:
        return None
    if field.has_default():
        return field.get_default()
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        now = timezone.now()
        kind = field.get_internal_type()
        return now if kind == "DateTimeField" else now.date() if kind == "DateField" else now.time()
    if not field.null and field.blank and field.empty_strings_allowed:
        return b"" if field.get_internal_type() == "BinaryField" else ""
    return None


def _counterpart(model: Any, field: Any) -> Any:
    """The model that a field belongs to, where it is a later state of `model`; None where it is not."""
    owner = field.__dict__.get("model")
    if owner is None or owner is model or owner._meta.label_lower != model._meta.label_lower:
        return None
    if owner._meta.db_table != model._meta.db_table or owner._meta.apps is model._meta.apps:
        return None
    return owner


def _later(model: Any, new: Any) -> Any:
    """A model as it is in the state that `new` belongs to; None where that is the same."""
    meta = model._meta
    found = new._meta.apps.all_models.get(meta.app_label, {}).get(meta.model_name)
    return None if found is model else found


def _refuse_keys(model: Any, *fields: Any) -> None:
    members = getattr(model._meta.pk, "field_names", ())
    for field in fields:
        if hasattr(field, "field_names") or field.name in members:
            raise ValueError(
                f"{field} is a key of several columns, or a part of one. A table cannot get, lose or change such a "
                "key; make another model and copy the rows."
            )


def _computed_by(field: Any) -> Any:
    return (field.expression, field.db_persist) if field.generated else None


def _referring(field: Any, seen: frozenset[Any] = frozenset()) -> Iterable[Any]:
    """The foreign keys of one column that hold the values of `field`, and those that hold theirs in turn."""
    if field in seen:
        return
    for rel in field.model._meta.own_reverse:
        key = rel.field
        if key.many_to_many or key.column is None or not key.forward or field not in key.foreign_related_fields:
            continue
        if key in seen:
            continue
        yield key
        if key.unique:
            yield from _referring(key, seen | {field})


def _with_type(table: Table, column: str, type_: Any) -> Table:
    columns = tuple(replace(one, type=type_) if one.name == column else one for one in table.create.columns)
    return replace(table, create=replace(table.create, columns=columns))


def _without_references(table: Table, columns: Iterable[str]) -> Table:
    """The table as it is while some of its columns refer to nothing."""
    gone = set(columns)
    return replace(
        table,
        create=replace(
            table.create,
            constraints=tuple(item for item in table.create.constraints if not _refers(item, gone)),
        ),
        references=tuple(item for item in table.references if not _refers(item.constraint, gone)),
    )


def _refers(constraint: Any, columns: set[str]) -> bool:
    return isinstance(constraint, Reference) and bool(columns & {*constraint.columns})


Connection.schema_editor_class = SchemaEditor
