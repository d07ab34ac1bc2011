"""Parameters: the values that instances send to the database, by a function generated for each set of columns."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from rowsmith.fields.base import Field
from rowsmith.fields.defaults import DatabaseDefault
from rowsmith.loading.source import CodecOf
from rowsmith.sql.codec import Codec

Extractor = Callable[[Any], tuple[Any, ...]]

_serial = count(1)


class Computed(Exception):
    """An instance holds an expression, so that the statement must be built for it alone."""


def extractor(fields: Sequence[Any], codec_of: CodecOf, connection: Any, *, adding: bool) -> Extractor:
    """A function from an instance to one parameter a field, prepared and encoded.

    adding:  whether the row is inserted, which fields with automatic values want to know.
    raises:  Computed when a value is an expression; what the fields raise for values that they cannot take.
    """
    names: dict[str, Any] = {}
    parts = [_part(number, field, codec_of, connection, adding, names) for number, field in enumerate(fields)]
    text = f"def extract(obj):\n    return ({', '.join(parts)}{',' if len(parts) == 1 else ''})\n"
    filename = f"<rowsmith parameters {next(_serial)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), names)
    function: Extractor = names["extract"]
    return function


def _part(
    number: int, field: Any, codec_of: CodecOf, connection: Any, adding: bool, names: dict[str, Any]
) -> str:
    """The Python expression for one field's parameter."""
    value = f"obj.{field.attname}" if field.attname.isidentifier() else f"getattr(obj, {field.attname!r})"
    if type(field).pre_save is not Field.pre_save:
        names[f"pre_save{number}"] = field.pre_save
        value = f"pre_save{number}(obj, {adding})"
    codec = codec_of(field.sql_type)
    names[f"convert{number}"] = converter(field, codec, connection)
    # A foreign key's values are those of the key that it refers to.
    target = field
    while target.is_relation:
        target = target.target_field
    kinds = sorted(target.prep_types, key=lambda kind: kind.__name__)
    if not kinds or _customised(field) or _customised(target):
        return f"convert{number}({value})"
    names[f"kind{number}"] = kinds[0] if len(kinds) == 1 else frozenset(kinds)
    test = f"type(v{number} := {value}) {'is' if len(kinds) == 1 else 'in'} kind{number}"
    plain = f"v{number}"
    if codec.encode is not None:
        names[f"encode{number}"] = codec.encode
        plain = f"encode{number}(v{number})"
    return f"({plain} if {test} else convert{number}(v{number}))"


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
