"""Arrays: lists of values as PostgreSQL's array text, which costs a fraction of the driver's own arrays.

source: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from rowsmith.sql import types

Writer = Callable[[Sequence[Any]], Any]

_QUOTED = """'"' + v.replace('\\\\', '\\\\\\\\').replace('"', '\\\\"') + '"'"""

# The text of one encoded value `v` of each type; only quoted ones may hold commas, braces, quotes and blanks.
_ELEMENTS: dict[type[types.Type], str] = {
    types.Integer: "str(v)",
    types.Serial: "str(v)",
    types.Float: "repr(v)",
    types.Decimal: "str(v)",
    types.Boolean: "'t' if v else 'f'",
    types.Date: "v.isoformat()",
    types.Time: "v.isoformat()",
    types.DateTime: "v.isoformat()",
    types.Duration: "f'\"{v.days} days {v.seconds} seconds {v.microseconds} microseconds\"'",
    types.Uuid: "'%032x' % v.int",
    types.Text: _QUOTED,
    types.Varchar: _QUOTED,
    types.Inet: _QUOTED,
    types.Json: _QUOTED,
    types.JsonPart: _QUOTED,
    types.HStore: _QUOTED,
    types.Vector: _QUOTED,
    types.Range: _QUOTED,
    types.TextVector: _QUOTED,
    types.TextQuery: _QUOTED,
    types.Array: "v",
    types.Binary: "'\"\\\\\\\\x' + bytes(v).hex() + '\"'",
}


@lru_cache(maxsize=256)
def writer(kind: type[types.Type], encode: Callable[[Any], Any] | None) -> Writer:
    """What turns a sequence of prepared values into the parameter that stands for their array.

    Values of a type that this module does not know are left to the driver. Equal arguments get the same function, so
    that a list that a statement names twice is one parameter: PostgreSQL tells by that what it groups by.
    """
    names = {"encode": encode}
    element = _ELEMENTS.get(kind)
    if element is None:
        value = "v" if encode is None else "encode(v)"
        source = f"lambda values: [None if v is None else {value} for v in values]"
    elif encode is None:
        source = f"lambda values: '{{' + ','.join(['NULL' if v is None else {element} for v in values]) + '}}'"
    else:
        encoded = "[None if v is None else encode(v) for v in values]"
        source = f"lambda values: '{{' + ','.join(['NULL' if v is None else {element} for v in {encoded}]) + '}}'"
    function: Writer = eval(source, names)
    return function


@lru_cache(maxsize=256)
def column_writer(kind: type[types.Type], encode: Callable[[Any], Any] | None, place: int) -> Writer:
    """The same for the values that stand at one place of each of many rows."""
    write = writer(kind, encode)
    return lambda rows: write([row[place] for row in rows])
