"""Values: the Python types that fields take and lookups compare with, as the text of annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rowsmith.expressions.transforms import Transform
from rowsmith.fields import dates, files, json, numbers, plain, text
from rowsmith.fields.composite import CompositePrimaryKey, KeyPart
from rowsmith.functions.extract import Extract
from rowsmith.functions.truncate import TruncDate, TruncTime
from rowsmith.lookups.registry import RELATED, find_transform, names_for
from rowsmith.sql import types

SHAPED = "_Shaped"
"""What every lookup takes as well: an expression or a queryset."""

_READ: tuple[tuple[type, str], ...] = (
    (numbers.BooleanField, "bool"),
    (numbers.DecimalField, "_decimal.Decimal"),
    (numbers.FloatField, "float"),
    (numbers.IntegerField, "int"),
    (dates.DateTimeField, "_datetime.datetime"),
    (dates.DateField, "_datetime.date"),
    (dates.TimeField, "_datetime.time"),
    (dates.DurationField, "_datetime.timedelta"),
    (plain.UUIDField, "_uuid.UUID"),
    (plain.BinaryField, "bytes"),
    (plain.GenericIPAddressField, "str"),
    (json.JSONField, "Any"),
    (files.FileField, "Any"),
    (text.CharField, "str"),
    (text.TextField, "str"),
)
_TAKEN = {
    "_decimal.Decimal": "_decimal.Decimal | int | float | str",
    "float": "float | int",
    "_datetime.datetime": "_datetime.datetime | _datetime.date | str",
    "_datetime.date": "_datetime.date | str",
    "_datetime.time": "_datetime.time | str",
    "_uuid.UUID": "_uuid.UUID | str | int",
    "bytes": "bytes | bytearray | memoryview",
    "dict[str, str | None]": "Mapping[str, Any]",
    "list[float]": "Sequence[float]",
}
_PARTS: tuple[tuple[type, str], ...] = (
    (Extract, "int"), (TruncDate, "_datetime.date"), (TruncTime, "_datetime.time"),
)  # fmt: skip
_TEXTUAL = frozenset(
    {"contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "iexact", "regex", "iregex"}
)
_COMPARING = frozenset({"exact", "gt", "gte", "lt", "lte"})


def read(field: Any) -> str:
    """What an instance holds for a field, without None."""
    while field.is_relation or isinstance(field, KeyPart):
        field = field.target_field
    if isinstance(field, CompositePrimaryKey):
        return f"tuple[{', '.join(map(read, field.members))}]"
    if field.generated:
        field = field.output_field
    match field.sql_type:
        case types.Array() if hasattr(field, "base_field"):
            return f"list[{read(field.base_field)}]"
        case types.HStore():
            return "dict[str, str | None]"
        case types.Vector():
            return "list[float]"
    overridden = type(field).to_python.__module__
    return next(
        (name for kind, name in _READ if isinstance(field, kind) and overridden.startswith("rowsmith.")), "Any"
    )


def taken(field: Any) -> str:
    """What a field takes for what it holds, without None and expressions."""
    while field.is_relation:
        field = field.target_field
    if isinstance(field, CompositePrimaryKey):
        return f"tuple[{', '.join(map(taken, field.members))}]"
    held = read(field)
    return _TAKEN.get(held, held)


def assigned(field: Any) -> str:
    """What a new instance takes for a field."""
    return " | ".join([taken(field), *(["None"] if field.null else []), SHAPED])


def lookups(field: Any, null: bool) -> Iterator[tuple[str, str]]:
    """Every lookup of a plain field and the value that it is given: ("", "str | _Shaped") for the bare name.

    null:  whether there may be no value.
    """
    held, value = read(field), taken(field)
    if isinstance(field, CompositePrimaryKey):
        yield "", _operand("exact", held, value, null)
        for name in sorted(RELATED - {"range"}):
            yield f"__{name}", _operand(name, held, value, null)
        return
    yield "", _operand("exact", held, value, null)
    for name in names_for(field, field.sql_type):
        transform = find_transform(field, field.sql_type, name)
        if transform is None or not _is_transform(transform):
            yield f"__{name}", _operand(name, held, value, null)
            continue
        held_after = _after(transform)
        value_after = _TAKEN.get(held_after, held_after)
        yield f"__{name}", f"{value_after} | {SHAPED}"
        for inner in ("gt", "gte", "lt", "lte", "in", "range"):
            yield f"__{name}__{inner}", _operand(inner, held_after, value_after, False)


def transforms(field: Any) -> Iterator[tuple[str, str]]:
    """The transforms of a field and what they are read as."""
    for name in names_for(field, field.sql_type):
        transform = find_transform(field, field.sql_type, name)
        if transform is not None and _is_transform(transform):
            yield name, _after(transform)


def of_relation(target: str, key: Any) -> Iterator[tuple[str, str]]:
    """The lookups of a relation to the model that is annotated as `target`, whose instances are told by `key`."""
    one = " | ".join(dict.fromkeys([target, taken(key)]))
    yield "", f"{one} | None | {SHAPED}"
    for name in sorted(RELATED):
        yield f"__{name}", _operand(name, one, one, False)


def _operand(name: str, held: str, value: str, null: bool) -> str:
    if name == "isnull":
        return "bool"
    if name == "in":
        return f"Iterable[{value}{' | None' if null else ''}] | {SHAPED}"
    if name == "range":
        return f"tuple[{value} | {SHAPED}, {value} | {SHAPED}] | list[{value}]"
    if name in _TEXTUAL:
        # Texts are looked for in values of every type.
        return f"str | {SHAPED}" if held == "str" else "Any"
    if name in _COMPARING:
        return f"{value}{' | None' if null and name == 'exact' else ''} | {SHAPED}"
    return "Any"


def _is_transform(found: Any) -> bool:
    return not isinstance(found, type) or issubclass(found, Transform)


def _after(transform: Any) -> str:
    """What a transform's results are read as."""
    for kind, held in _PARTS:
        if isinstance(transform, type) and issubclass(transform, kind):
            return held
    field = getattr(transform, "output_field", None)
    field = field() if isinstance(field, type) else field
    return "Any" if field is None or not hasattr(field, "is_relation") else read(field)
