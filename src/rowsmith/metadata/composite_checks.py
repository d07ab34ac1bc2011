"""Composite checks: mistakes in keys of several columns, and in relations that join several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rowsmith.exceptions import FieldDoesNotExist
from rowsmith.fields.composite import CompositePrimaryKey, KeyPart
from rowsmith.fields.on_delete import DB_SET_DEFAULT, DB_SET_NULL, SET_DEFAULT, SET_NULL
from rowsmith.fields.related import ForeignKey
from rowsmith.metadata.findings import CheckMessage, error


def check_key(model: Any) -> Iterator[CheckMessage]:
    """A key of several columns: its members are columns of the model itself that are never NULL."""
    key = model._meta.pk
    if not isinstance(key, CompositePrimaryKey):
        return
    found = []
    for name in key.field_names:
        field = model._meta.fields_map.get(name)
        hint = f"Remove {name!r} from the primary key."
        if field is None:
            yield error(
                f"{name!r} cannot be included in the composite primary key.",
                model,
                "models.E042",
                hint=f"{name!r} is not a valid field.",
            )
        elif field.many_to_many or not (field.concrete or hasattr(field, "db_constraint")):
            yield error(
                f"{name!r} cannot be included in the composite primary key.",
                model,
                "models.E042",
                hint=f"{name!r} field is not a concrete field.",
            )
        elif field not in model._meta.local_fields:
            yield error(
                f"{name!r} cannot be included in the composite primary key.",
                model,
                "models.E042",
                hint=f"{name!r} field is not a local field.",
            )
        elif field.null:
            yield error(
                f"{name!r} cannot be included in the composite primary key.",
                model,
                "models.E042",
                hint=f"{name!r} field may not set 'null=True'.",
            )
        elif field.generated:
            yield error(
                f"{name!r} cannot be included in the composite primary key.",
                model,
                "models.E042",
                hint=f"{name!r} field is a generated field.",
            )
        elif field in found:
            yield error(f"{name!r} names a field of the composite primary key twice.", model, "models.E042", hint=hint)
        found.append(field)


def check_together(field: Any) -> Iterator[CheckMessage]:
    """A relation of several columns: those here and there exist, and there they name one row."""
    if len(field.from_fields) != len(field.to_fields):
        yield error("'from_fields' and 'to_fields' must name as many fields.", field, "fields.E312")
        return
    try:
        pairs = field.related_fields
    except FieldDoesNotExist as problem:
        yield error(f"'from_fields' and 'to_fields' must name fields: {problem}", field, "fields.E312")
        return
    if not all(member.concrete for pair in pairs for member in pair):
        yield error("'from_fields' and 'to_fields' must name fields with columns.", field, "fields.E312")
        return
    there = field.related_model._meta
    wanted = {target.name for _, target in pairs}
    unique = [{f.name for f in there.pk_fields}, *({f.name} for f in there.concrete_fields if f.unique)]
    unique += [set(names) for names in there.unique_together]
    unique += [set(constraint.fields) for constraint in there.total_unique_constraints]
    if not any(names <= wanted for names in unique):
        names = ", ".join(repr(target.name) for _, target in pairs)
        yield error(
            f"No subset of the fields {names} on model {there.object_name!r} is unique.",
            field,
            "fields.E310",
            hint="Mark one of them as unique=True, or add a set of them to a unique constraint.",
        )
    action = field.remote_field.on_delete
    if action is None or not isinstance(field, ForeignKey):
        return
    released = field.local_key.released
    if action in (SET_NULL, DB_SET_NULL) and not (released and all(member.null for member in released)):
        yield error(
            f"Field specifies on_delete={action.name}, but cannot be null.",
            field,
            "fields.E320",
            hint="Set null=True argument on the field, or change the on_delete rule.",
        )
    if action in (DB_SET_NULL, DB_SET_DEFAULT) and any(not isinstance(member, KeyPart) for member in field.members):
        yield error(
            f"Field specifies on_delete={action.name}, which would change columns that it shares with other fields.",
            field,
            "fields.E322",
            hint="Use SET_NULL, which leaves shared columns alone, or give the field columns of its own.",
        )
    if action == SET_DEFAULT and not field.has_default():
        yield error(
            "Field specifies on_delete=SET_DEFAULT, but has no default value.",
            field,
            "fields.E321",
            hint="Set a default value, or change the on_delete rule.",
        )
