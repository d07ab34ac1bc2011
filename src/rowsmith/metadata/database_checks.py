"""Database checks: what a definition says that one database cannot keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rowsmith.fields.base import is_expression
from rowsmith.fields.on_delete import DB_SET_DEFAULT
from rowsmith.metadata.findings import CheckMessage, error, warning
from rowsmith.sql import types
from rowsmith.sql.features import Features

_SILENCE = "Silence this warning if you don't care about it."


def is_wanted(model: Any, features: Features, vendor: str) -> bool:
    """Whether `required_db_vendor` and `required_db_features` let the model have a table in such a database."""
    meta = model._meta
    if meta.required_db_vendor is not None and meta.required_db_vendor != vendor:
        return False
    return all(getattr(features, name, False) for name in meta.required_db_features)


def check_database(models: Iterable[Any], features: Features, vendor: str) -> list[CheckMessage]:
    """The findings about models whose tables are to be in a database of that kind."""
    found: list[CheckMessage] = []
    for model in models:
        meta = model._meta
        if meta.managed and not (meta.proxy or meta.swapped) and is_wanted(model, features, vendor):
            check = _Check(model, features, vendor)
            found += [*check.fields(), *check.constraints(), *check.indexes(), *check.options()]
    return found


class _Check:
    """The findings about one model; nothing is said of features that the model requires anyhow."""

    def __init__(self, model: Any, features: Features, vendor: str) -> None:
        self.model = model
        self.meta = model._meta
        self.features = features
        self.vendor = vendor

    def lacks(self, feature: str) -> bool:
        return not getattr(self.features, feature)

    def missing(self, what: str, consequence: str, code: str, obj: Any = None) -> CheckMessage:
        return warning(f"{self.vendor} does not support {what}.", obj or self.model, code, f"{consequence} {_SILENCE}")

    def fields(self) -> Iterator[CheckMessage]:
        for field in self.meta.local_concrete_fields:
            type_ = field.sql_type
            if field.generated:
                yield from self.generated(field)
            if isinstance(type_, types.Json) and self.lacks("json"):
                yield error(f"{self.vendor} does not support JSONFields.", field, "fields.E180")
            if isinstance(type_, types.Extended) and self.lacks("extended_types"):
                kind = type(field).__name__
                yield error(
                    f"{self.vendor} has no columns for a {kind}.",
                    field,
                    "fields.E181",
                    hint="Keep the model in a PostgreSQL database, or use a field that every database has.",
                )
            if getattr(type_, "collation", None) and self.lacks("column_collations"):
                yield error(f"{self.vendor} does not support a database collation on a column.", field, "fields.E190")
            if field.db_comment and self.lacks("comments"):
                yield self.missing("comments on columns", "It will be ignored.", "fields.W163", field)
            if field.has_db_default() and is_expression(field.db_default) and self.lacks("expression_defaults"):
                yield error(f"{self.vendor} does not support expressions as database defaults.", field, "fields.E011")
            action = getattr(field.remote_field, "on_delete", None)
            if action == DB_SET_DEFAULT and self.lacks("set_default_on_delete"):
                yield error(f"{self.vendor} does not support DB_SET_DEFAULT.", field, "fields.E324")

    def generated(self, field: Any) -> Iterator[CheckMessage]:
        stored, virtual = not self.lacks("stored_columns"), not self.lacks("virtual_columns")
        if not stored and not virtual:
            yield error(f"{self.vendor} does not support GeneratedFields.", field, "fields.E220")
        elif not field.db_persist and not virtual:
            yield error(
                f"{self.vendor} does not support non-persisted GeneratedFields.",
                field,
                "fields.E221",
                hint="Set db_persist=True on the field.",
            )
        elif field.db_persist and not stored:
            yield error(
                f"{self.vendor} does not support persisted GeneratedFields.",
                field,
                "fields.E222",
                hint="Set db_persist=False on the field.",
            )

    def constraints(self) -> Iterator[CheckMessage]:
        for constraint in self.meta.constraints:
            if hasattr(constraint, "index_type"):
                if self.lacks("exclusion_constraints"):
                    yield self.missing("exclusion constraints", "A constraint won't be created.", "postgres.W001")
                continue
            if not hasattr(constraint, "nulls_distinct"):
                if hasattr(constraint, "condition") and self.lacks("check_constraints"):
                    yield self.missing("check constraints", "A constraint won't be created.", "models.W027")
                continue
            for asked, feature, what, consequence, code in (
                (constraint.condition is not None, "partial_indexes", "unique constraints with conditions",
                 "A constraint won't be created.", "models.W036"),
                (constraint.expressions, "expression_indexes", "unique constraints on expressions",
                 "A constraint won't be created.", "models.W044"),
                (constraint.deferrable is not None, "deferrable_unique", "deferrable unique constraints",
                 "A constraint won't be created.", "models.W038"),
                (constraint.include, "covering_indexes", "unique constraints with non-key columns",
                 "Non-key columns will be ignored.", "models.W039"),
                (constraint.nulls_distinct is not None, "nulls_not_distinct",
                 "unique constraints with nulls distinct", "It will be ignored.", "models.W047"),
            ):  # fmt: skip
                if asked and self.lacks(feature):
                    yield self.missing(what, consequence, code)

    def indexes(self) -> Iterator[CheckMessage]:
        for index in self.meta.indexes:
            for asked, feature, what, consequence, code in (
                (getattr(index, "of_vectors", False), "vector_indexes", "indexes of vectors",
                 "An index won't be created, and the nearest are found by looking at all.", "models.W050"),
                (index.condition is not None, "partial_indexes", "indexes with conditions",
                 "An index won't be created.", "models.W037"),
                (index.include, "covering_indexes", "indexes with non-key columns",
                 "Non-key columns will be ignored.", "models.W040"),
                (index.expressions, "expression_indexes", "indexes on expressions",
                 "An index won't be created.", "models.W043"),
            ):  # fmt: skip
                if asked and self.lacks(feature):
                    yield self.missing(what, consequence, code)

    def options(self) -> Iterator[CheckMessage]:
        if self.meta.db_table_comment and self.lacks("comments"):
            yield self.missing("comments on tables", "It will be ignored.", "models.W046")
