"""Relation checks: names that no query could use, links that lead nowhere, and deletions that nobody could finish."""

from __future__ import annotations

import keyword
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from rowsmith.exceptions import FieldDoesNotExist, FieldError
from rowsmith.metadata.findings import CheckMessage, error


def check_names(field: Any) -> Iterator[CheckMessage]:
    """The findings about `related_name` and `related_query_name`."""
    rel = field.remote_field
    name = rel.related_name
    if name and not name.endswith("+") and (not name.isidentifier() or keyword.iskeyword(name)):
        yield error(
            f"The name {name!r} is invalid related_name for field {field}",
            field,
            "fields.E306",
            hint="Related name must be a valid Python identifier or end with a '+'",
        )
    if rel.hidden:
        return
    query_name = field.related_query_name()
    hint = "Add or change a related_name or related_query_name argument for this field."
    if query_name.endswith("_"):
        yield error(f"Reverse query name {query_name!r} must not end with an underscore.", field, "fields.E308", hint)
    if "__" in query_name:
        yield error(f"Reverse query name {query_name!r} must not contain '__'.", field, "fields.E309", hint)


def check_on_delete(field: Any) -> Iterator[CheckMessage]:
    """Deletions that are done in part by the database and in part by rowsmith, of which neither sees the other's."""
    if field.model._meta.auto_created or not _acts(field):
        return
    here = _is_of_database(field)
    for other in _foreign_keys(field.model):
        if other is not field and _is_of_database(other) is not here and here:
            yield error(
                f"{field.name!r} has on_delete={field.remote_field.on_delete!r}, which the database carries out, and "
                f"{other.name!r} has on_delete={other.remote_field.on_delete!r}, which rowsmith does. A model cannot "
                "mix them.",
                field,
                "models.E050",
                hint="Use the DB_ variants for all foreign keys of the model, or for none; DO_NOTHING goes with both.",
            )
    for other in _foreign_keys(field.related_model):
        if field.related_model is not field.model and _is_of_database(other) is not here:
            label = f"{other.model._meta.object_name}.{other.name}"
            yield error(
                f"The field has on_delete={field.remote_field.on_delete!r}, but {label} of the model that it refers to "
                f"has on_delete={other.remote_field.on_delete!r}: rows that one side deletes are unknown to the other.",
                field,
                "fields.E323",
                hint="Use the DB_ variants along the whole way, or nowhere; DO_NOTHING goes with both.",
            )


def _acts(field: Any) -> bool:
    return field.remote_field.on_delete is not None and field.remote_field.on_delete.name != "DO_NOTHING"


def _is_of_database(field: Any) -> bool:
    return field.remote_field.on_delete.database is not None


def _foreign_keys(model: Any) -> list[Any]:
    """The foreign keys of a model on whose deletion something happens."""
    return [f for f in model._meta.local_fields if f.forward and hasattr(f, "db_constraint") and _acts(f)]


def check_link(field: Any) -> Iterator[CheckMessage]:
    """The findings about the way of a many-to-many relation over a linking model of its own."""
    rel = field.remote_field
    through, here, there = rel.through, field.model._meta.concrete_model, field.related_model._meta.concrete_model
    if rel.through_fields is not None:
        yield from _check_named(field, through, here, there)
        return
    try:
        field.m2m_fields  # noqa: B018 - it raises what is wrong
    except (FieldDoesNotExist, FieldError) as problem:
        yield error(str(problem), field, "fields.E336")


def _check_named(field: Any, through: Any, here: Any, there: Any) -> Iterator[CheckMessage]:
    """The two foreign keys that through_fields names."""
    names = field.remote_field.through_fields
    if len(names) < 2 or not all(names[:2]):
        yield error(
            "Field specifies 'through_fields' but does not provide the names of the two link fields that should be "
            f"used for the relation through model {through._meta.label!r}.",
            field,
            "fields.E337",
            hint="Make sure you specify 'through_fields' as through_fields=('field1', 'field2')",
        )
        return
    for name, wanted in zip(names, (here, there), strict=False):
        found = through._meta.fields_map.get(name)
        if found is None:
            keys = [key.name for key in through._meta.fields if key.is_relation]
            yield error(
                f"The intermediary model {through._meta.label!r} has no field {name!r}.",
                field,
                "fields.E338",
                hint=f"It has the foreign keys {', '.join(keys)}." if keys else None,
            )
        elif not found.is_relation or found.related_model._meta.concrete_model is not wanted:
            yield error(
                f"'{through.__name__}.{name}' is not a foreign key to {wanted.__name__!r}.",
                field,
                "fields.E339",
                hint="through_fields names the key to the model that declares the field first, then the other one.",
            )


def check_tables(models: Iterable[Any]) -> Iterator[CheckMessage]:
    """Linking tables of one name, and links that two fields of a model would both keep."""
    chosen = list(models)
    tables: dict[str, list[Any]] = defaultdict(list)
    for model in chosen:
        for field in model._meta.local_many_to_many if not model._meta.proxy else ():
            through = field.remote_field.through
            if through is not None and not isinstance(through, str) and through._meta.auto_created:
                tables[through._meta.db_table].append(field)
    owners = {
        model._meta.db_table: model
        for model in chosen
        if model._meta.managed and not model._meta.proxy and not model._meta.auto_created
    }
    for table, fields in tables.items():
        for field in fields:
            others = [str(other) for other in fields if other is not field]
            if table in owners:
                others.append(owners[table]._meta.label)
            if others:
                yield error(
                    f"The field's intermediary table {table!r} clashes with the table name of {', '.join(others)}.",
                    field,
                    "fields.E340",
                    hint="Give the field another db_table.",
                )
    for model in chosen:
        links = [
            (f.remote_field.through, f.related_model, f.remote_field.through_fields)
            for f in model._meta.local_many_to_many
            if f.is_resolved and not isinstance(f.remote_field.through, str) and f.remote_field.through is not None
        ]
        for through, target, names in dict.fromkeys(links):
            if links.count((through, target, names)) > 1 and not through._meta.auto_created:
                yield error(
                    "The model has two identical many-to-many relations through the intermediate model "
                    f"{through._meta.label!r}.",
                    model,
                    "models.E003",
                )
