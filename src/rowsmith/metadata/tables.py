"""Tables: what a model says about its table, as definitions that a dialect can spell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rowsmith import config
from rowsmith.fields.base import Field
from rowsmith.fields.composite import KeyPart
from rowsmith.fields.related import ForeignKey
from rowsmith.metadata.names import MAX_IDENTIFIER, digest
from rowsmith.records import Record, replace
from rowsmith.sql import types
from rowsmith.sql.ddl import (
    AddConstraint,
    Check,
    Column,
    Constraint,
    CreateIndex,
    CreateTable,
    Exclude,
    Generated,
    IndexPart,
    PrimaryKey,
    Reference,
    Table,
    Unique,
)
from rowsmith.sql.features import Features
from rowsmith.sql.search import CreateDocuments

TextOf = Callable[[Any, Any], str]

_PATTERN_CLASSES: dict[type[types.Type], str] = {
    types.Varchar: "varchar_pattern_ops",
    types.Text: "text_pattern_ops",
}


class TableMaker(Record):
    """Works out the tables of one database.

    connection:        handed to the `db_type` of users' own fields.
    features:          what the database can do; what it cannot is left out, and checks tell.
    text_of:           the SQL text of a condition or expression over a model's own columns.
    inline_references: foreign keys belong to the table's definition, as they cannot be added later.
    pattern_indexes:   text needs an index of its own for prefixes.
    """

    connection: Any
    text_of: TextOf
    features: Features
    inline_references: bool
    pattern_indexes: bool

    def table(self, model: Any) -> Table:
        """The table of one model with its indexes, and the foreign keys that have to wait for other tables."""
        meta = model._meta
        columns: list[Column] = []
        waiting: list[AddConstraint] = []
        for field in meta.local_concrete_fields:
            type_ = self.type_of(field)
            if type_ is None:
                continue
            reference = self.reference(meta, field)
            if reference is not None and not self.inline_references:
                waiting.append(AddConstraint(meta.db_table, reference))
                reference = None
            columns.append(self.column(meta, field, type_, reference))
        keys: list[Constraint] = []
        # Between two keys there is none.
        if meta.pk is not None and meta.pk.column is None:
            keys.append(PrimaryKey(tuple(field.column for field in meta.pk_fields)))
        relations = [relation for relation in meta.row_relations if relation in meta.local_fields]
        for relation in relations:
            reference = self.reference(meta, relation)
            if reference is None:
                continue
            if self.inline_references:
                keys.append(reference)
            else:
                waiting.append(AddConstraint(meta.db_table, reference))
        single = [relation for relation in relations if relation.unique and relation is not meta.pk]
        together = [*meta.unique_together, *((relation.name,) for relation in single)]
        members = [[field for name in names for field in meta.get_field(name).members] for names in together]
        constraints = [*keys, *(self.unique(meta, fields) for fields in members)]
        indexes = list(self.field_indexes(meta))
        for constraint in meta.constraints:
            made = self.constraint(model, constraint)
            if isinstance(made, CreateIndex):
                indexes.append(made)
            elif made is not None:
                constraints.append(made)
        documents: list[CreateDocuments] = []
        for index in meta.indexes:
            found = self.index(model, index)
            if isinstance(found, CreateDocuments):
                documents.append(found)
            elif found is not None:
                indexes.append(found)
        create = CreateTable(
            meta.db_table,
            tuple(columns),
            tuple(constraints),
            comment=meta.db_table_comment or None,
            tablespace=_of_table(meta),
        )
        return Table(create, tuple(indexes), tuple(waiting), tuple(documents))

    def type_of(self, field: Any) -> types.Type | None:
        """The column's type; None for a field that wants no column."""
        if field.absent:
            return None
        if field.generated:
            return self.type_of(field.output_field)
        if type(field).db_type not in (Field.db_type, ForeignKey.db_type):
            own = field.db_type(self.connection)
            return None if own is None else types.Custom(own)
        if isinstance(field, ForeignKey | KeyPart):
            target = field.target_field
            if type(target).db_type is not Field.db_type and not isinstance(target, ForeignKey):
                own = target.rel_db_type(self.connection)
                return None if own is None else types.Custom(own)
        type_: types.Type = field.sql_type
        return None if isinstance(type_, types.Unknown) else type_

    def column(self, meta: Any, field: Any, type_: types.Type, reference: Reference | None) -> Column:
        default = generated = None
        if field.generated:
            generated = Generated(self.text_of(meta.model, field), stored=field.db_persist)
        elif field.has_db_default():
            default = self.text_of(meta.model, field)
        return Column(
            field.column,
            type_,
            null=field.null,
            primary_key=field.primary_key,
            unique=constraint_name(meta.db_table, (field.column,), "uniq") if field.unique else None,
            default=default,
            generated=generated,
            reference=reference,
            comment=field.db_comment,
            index_tablespace=_of_index(meta, field) if field.unique else None,
        )

    def reference(self, meta: Any, field: Any) -> Reference | None:
        """The foreign key of a relation field, when it has one."""
        if not field.is_relation or not getattr(field, "db_constraint", False):
            return None
        columns = tuple(here.column for here, _ in field.related_fields)
        there = tuple(target.column for _, target in field.related_fields)
        table = field.foreign_related_fields[0].model._meta.db_table
        name = constraint_name(meta.db_table, columns, f"fk_{table}_{'_'.join(there)}")
        return Reference(columns, table, there, name, field.remote_field.on_delete.database)

    def unique(self, meta: Any, fields: Sequence[Any]) -> Unique:
        columns = tuple(field.column for field in fields)
        return Unique(constraint_name(meta.db_table, columns, "uniq"), columns, tablespace=_of_key(meta, fields))

    def field_indexes(self, meta: Any) -> Iterable[CreateIndex]:
        """The indexes that fields ask for by `db_index`, and those for prefixes of text."""
        for relation in meta.row_relations:
            if relation in meta.local_fields and relation.db_index and not relation.unique:
                columns = tuple(member.column for member in relation.members)
                name = constraint_name(meta.db_table, columns, "")
                parts = tuple(IndexPart(column) for column in columns)
                yield CreateIndex(name, meta.db_table, parts, tablespace=_of_index(meta, relation))
        for field in meta.local_concrete_fields:
            if field.db_index and not field.unique:
                name = constraint_name(meta.db_table, (field.column,), "")
                yield CreateIndex(name, meta.db_table, (IndexPart(field.column),), tablespace=_of_index(meta, field))
            if self.pattern_indexes and (field.db_index or field.unique):
                opclass = _PATTERN_CLASSES.get(type(field.sql_type))
                if opclass and getattr(field.sql_type, "collation", None) is None:
                    name = constraint_name(meta.db_table, (field.column,), "like")
                    part = IndexPart(field.column, opclass=opclass)
                    yield CreateIndex(name, meta.db_table, (part,), tablespace=_of_index(meta, field))

    def index(self, model: Any, index: Any) -> CreateIndex | CreateDocuments | None:
        """One of `Meta.indexes`; None where the database has no such indexes."""
        if index.searched:
            documents: CreateDocuments = index.documents(model)
            return documents
        features = self.features
        if getattr(index, "of_vectors", False) and not features.vector_indexes:
            return None
        if (index.condition is not None and not features.partial_indexes) or (
            index.expressions and not features.expression_indexes
        ):
            return None
        return CreateIndex(
            index.name,
            model._meta.db_table,
            self.parts(model, index.fields_orders, index.expressions, index.opclasses),
            condition=self.text_of(model, index.condition) if index.condition is not None else None,
            include=self.columns(model, index.include) if features.covering_indexes else (),
            method=index.suffix if index.suffix != "idx" else "",
            tablespace=index.db_tablespace or self._of_members(model._meta, index),
            storage=tuple(getattr(index, "storage", ())),
        )

    def constraint(self, model: Any, constraint: Any) -> Constraint | CreateIndex | None:
        """One of `Meta.constraints`: part of the table, or a unique index where a table cannot say it.

        None where the database cannot keep the rule; a rule that it can keep in part is kept in that part.
        """
        features = self.features
        if hasattr(constraint, "nulls_distinct"):
            if (
                (constraint.condition is not None and not features.partial_indexes)
                or (constraint.expressions and not features.expression_indexes)
                or (constraint.deferrable is not None and not features.deferrable_unique)
            ):
                return None
            nulls_distinct = constraint.nulls_distinct if features.nulls_not_distinct else None
            if constraint.is_index:
                return CreateIndex(
                    constraint.name,
                    model._meta.db_table,
                    self.parts(
                        model,
                        [(name, "") for name in constraint.fields],
                        constraint.expressions,
                        constraint.opclasses,
                    ),
                    unique=True,
                    condition=self.text_of(model, constraint.condition) if constraint.condition is not None else None,
                    include=self.columns(model, constraint.include) if features.covering_indexes else (),
                    nulls_distinct=nulls_distinct,
                    tablespace=_of_table(model._meta),
                )
            return Unique(
                constraint.name,
                self.columns(model, constraint.fields),
                deferrable=constraint.deferrable.value if constraint.deferrable is not None else None,
                nulls_distinct=nulls_distinct,
                tablespace=_of_key(model._meta, [model._meta.get_field(name) for name in constraint.fields]),
            )
        if hasattr(constraint, "index_type"):
            return self.exclusion(model, constraint) if features.exclusion_constraints else None
        if hasattr(constraint, "condition") and features.check_constraints:
            return Check(constraint.name, self.text_of(model, constraint.condition))
        return None

    def exclusion(self, model: Any, constraint: Any) -> Exclude:
        """A rule that compares rows by operators."""
        parts = [
            replace(part, operator=operator)
            for expression, operator in constraint.expressions
            for part in self.parts(model, (), [expression], ())
        ]
        return Exclude(
            constraint.name,
            constraint.index_type,
            tuple(parts),
            include=self.columns(model, constraint.include),
            condition=self.text_of(model, constraint.condition) if constraint.condition is not None else None,
            deferrable=constraint.deferrable.value if constraint.deferrable is not None else None,
        )

    def _of_members(self, meta: Any, index: Any) -> str | None:
        """Where an index goes that does not say: where the own index of its single field would, or the table."""
        names = [name for name, _ in index.fields_orders]
        return _of_index(meta, meta.get_field(names[0]) if len(names) == 1 else None)

    def columns(self, model: Any, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(member.column for name in names for member in model._meta.get_field(name).members)

    def parts(
        self,
        model: Any,
        fields: Sequence[tuple[str, str]],
        expressions: Sequence[Any],
        opclasses: Sequence[str],
    ) -> tuple[IndexPart, ...]:
        """The members of an index, from field names or from expressions."""
        if expressions:
            found = []
            for expression in expressions:
                descending = bool(getattr(expression, "descending", False))
                inner = expression.expression if hasattr(expression, "descending") else expression
                opclass = getattr(inner, "opclass", "") if self.features.operator_classes else ""
                text = self.text_of(model, inner)
                found.append(IndexPart(expression=text, descending=descending, opclass=opclass))
            return tuple(found)
        classes = opclasses if opclasses and self.features.operator_classes else ("",) * len(fields)
        return tuple(
            IndexPart(member.column, descending=order == "DESC", opclass=opclass)
            for (name, order), opclass in zip(fields, classes, strict=True)
            for member in model._meta.get_field(name).members
        )


def _of_table(meta: Any) -> str | None:
    return meta.db_tablespace or config.current().default_tablespace or None


def _of_index(meta: Any, field: Any) -> str | None:
    """The tablespace of a field's own index: its own, the one for all indexes, or that of the table."""
    own = None if field is None else field.db_tablespace or config.current().default_index_tablespace
    return own or _of_table(meta)


def _of_key(meta: Any, fields: Sequence[Any]) -> str | None:
    """The tablespace of the index behind a unique constraint: that of its fields, where they agree, or the table's."""
    said = {field.db_tablespace for field in fields}
    return said.pop() if len(said) == 1 and None not in said else _of_table(meta)


def constraint_name(table: str, columns: tuple[str, ...], suffix: str) -> str:
    """A name that is the same in every process and fits every database: the beginning, a digest, the suffix."""
    bare = table.strip('"').replace('"."', "_")
    end = f"_{digest(table, *columns, suffix)}" + (f"_{suffix}" if suffix else "")
    if len(end) > 40:
        end = f"{end[:36]}_{digest(suffix, length=3)}"
    start = f"{bare}_{'_'.join(columns)}".encode()[: MAX_IDENTIFIER - len(end.encode())].decode(errors="ignore")
    return start + end


def in_dependency_order(models: Iterable[Any]) -> list[Any]:
    """The models, each after those that its foreign keys refer to; circles are cut where they are met."""
    wanted = dict.fromkeys(models)
    ordered: dict[Any, None] = {}
    entered: set[Any] = set()

    for model in wanted:
        stack = [(model, iter(_targets(model)))] if model not in entered else []
        entered.add(model)
        while stack:
            current, targets = stack[-1]
            for target in targets:
                if target in wanted and target not in entered:
                    entered.add(target)
                    stack.append((target, iter(_targets(target))))
                    break
            else:
                ordered[current] = None
                stack.pop()
    return list(ordered)


def _targets(model: Any) -> list[Any]:
    return [
        field.related_model._meta.concrete_model
        for field in model._meta.local_fields
        if field.forward
    ]


def with_linking_tables(models: Iterable[Any]) -> list[Any]:
    """The models that have a table of their own, and the automatic ones of their many-to-many fields."""
    found: dict[Any, None] = {}
    for model in models:
        meta = model._meta
        if meta.abstract:
            raise ValueError(f"{meta.label} is abstract and has no table.")
        if meta.proxy:
            model = meta.concrete_model
            meta = model._meta
        if meta.swapped or not meta.managed:
            continue
        found[model] = None
        for field in meta.local_many_to_many:
            through = field.remote_field.through
            if through is not None and not isinstance(through, str) and through._meta.auto_created:
                found[through] = None
    return list(found)
