"""Parameters: the values that instances send to the database, by a function generated for each set of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rowsmith.fields.base import Field
from rowsmith.fields.defaults import DatabaseDefault
from rowsmith.generated import define
from rowsmith.loading.source import CodecOf, is_plain
from rowsmith.sql.codec import Codec

Extractor = Callable[[Any], tuple[Any, ...]]


class Computed(Exception):
    """An instance holds an expression, so that the statement must be built for it alone."""


def extractor(fields: Sequence[Any], codec_of: CodecOf, connection: Any, *, adding: bool | None) -> Extractor:
    """A function from an instance to one parameter a field, prepared and encoded.

    adding:  whether the row is inserted, which fields with automatic values want to know; None when they are not asked.
    raises:  Computed when a value is an expression; what the fields raise for values that they cannot take.
    """
    names: dict[str, Any] = {}
    parts = [_part(number, field, codec_of, connection, adding, names) for number, field in enumerate(fields)]
    converters = [names[f"convert{number}"] for number in range(len(fields))]
    # What is pasted in below may fail with an error of its own; the fields then say what is wrong.
    names["explain"] = lambda obj: tuple(
        [
            convert(getattr(obj, field.attname) if adding is None else field.pre_save(obj, adding))
            for field, convert in zip(fields, converters, strict=True)
        ]
    )
    tuple_ = f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    body = f"    try:\n        return {tuple_}\n    except ArithmeticError:\n        return explain(obj)\n"
    filling = [field for field in fields if field.fills_others and adding is not None]
    if filling:
        names["fill"] = lambda obj: fill_others(obj, filling, adding=bool(adding))
        body = f"    fill(obj)\n{body}"
    text = f"def extract(obj):\n{body}"
    function: Extractor = define("extract", text, names, "parameters")
    return function


def fill_others(instance: Any, fields: Sequence[Any], *, adding: bool) -> None:
    """Let those fields that set others do so before any value is read."""
    for field in fields:
        if field.fills_others:
            field.pre_save(instance, adding)


def _part(
    number: int, field: Any, codec_of: CodecOf, connection: Any, adding: bool | None, names: dict[str, Any]
) -> str:
    """The Python expression for one field's parameter."""
    value = f"obj.{field.attname}" if is_plain(field.attname) else f"getattr(obj, {field.attname!r})"
    if adding is not None and type(field).pre_save is not Field.pre_save and field.sets_itself:
        names[f"pre_save{number}"] = field.pre_save
        value = f"pre_save{number}(obj, {adding})"
    codec = codec_of(field.sql_type)
    names[f"convert{number}"] = converter(field, codec, connection)
    variable = f"v{number}"
    test = _unchanged(field, f"({variable} := {value})", variable, number, names)
    if test is None:
        return f"convert{number}({value})"
    plain = variable
    if codec.encode_inline is not None and all(names.get(k, v) is v for k, v in codec.names.items()):
        names.update(codec.names)
        plain = f"({codec.encode_inline.format(v=variable)})"
    elif codec.encode is not None:
        names[f"encode{number}"] = codec.encode
        plain = f"encode{number}({variable})"
    return f"({plain} if {test} else None if {variable} is None else convert{number}({variable}))"


def _unchanged(field: Any, first: str, variable: str, number: int, names: dict[str, Any]) -> str | None:
    """The condition under which a field takes the value as it is; None when only the field itself can tell.

    first:  the value's expression where it is evaluated, which leaves it in `variable`.
    """
    # A foreign key's values are those of the key that it refers to.
    target = field
    while target.is_relation:
        target = target.target_field
    if _customised(field) or _customised(target):
        return None
    if target.prep_condition is not None:
        kind, condition = target.prep_condition
        names[f"kind{number}"] = kind
        return f"type({first}) is kind{number} and {condition.format(v=variable)}"
    kinds = sorted(target.prep_types, key=lambda kind: kind.__name__)
    if not kinds:
        return None
    names[f"kind{number}"] = kinds[0] if len(kinds) == 1 else frozenset(kinds)
    return f"type({first}) {'is' if len(kinds) == 1 else 'in'} kind{number}"


def _customised(field: Any) -> bool:
    """Whether a field's class has conversions of its own beside `get_prep_value`."""
    kind = type(field)
    ours = kind.__module__.startswith("rowsmith.")
    return not ours and (
        kind.get_db_prep_value is not Field.get_db_prep_value
        or kind.get_db_prep_save is not Field.get_db_prep_save
        or kind.get_prep_value is not Field.get_prep_value
    )


def converter(field: Any, codec: Codec, connection: Any) -> Callable[[Any], Any]:
    """The whole way of one value: refused or prepared by its field, then encoded."""
    prepare, encode = field.get_db_prep_save, codec.encode

    def convert(value: Any) -> Any:
        if value is None:
            return None
        if hasattr(value, "resolve_expression") or isinstance(value, DatabaseDefault):
            raise Computed
        value = prepare(value, connection)
        return value if value is None or encode is None else encode(value)

    return convert
