"""How values travel between Python and PostgreSQL, set once for all connections of the process."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.adapt import AdaptersMap, PyFormat
from psycopg.types import numeric
from psycopg.types.string import TextLoader


class IntegerDumper(numeric.IntBinaryDumper):
    """Integers travel as the server reads them in SQL text: integer, else bigint, else numeric.

    psycopg's own choice, smallint for small ones, overflows in `$1 * $2` where the same numbers written
    out do not.
    """

    def get_key(self, obj: int, format: PyFormat) -> Any:
        if _INTEGER_MIN <= obj <= _INTEGER_MAX:
            return numeric.Int4
        return super().get_key(obj, format)

    def upgrade(self, obj: int, format: PyFormat) -> Any:
        if _INTEGER_MIN <= obj <= _INTEGER_MAX:
            return _INTEGER
        return super().upgrade(obj, format)


_INTEGER_MIN, _INTEGER_MAX = -(2**31), 2**31 - 1
_INTEGER = numeric.Int4BinaryDumper(numeric.Int4)


class Context:
    """What psycopg asks for when it opens a connection: adapters that are not the module's own."""

    connection = None

    def __init__(self) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        self.adapters.register_dumper(int, IntegerDumper)
        for name in ("inet", "cidr"):
            # Fields hold addresses as text.
            self.adapters.register_loader(name, TextLoader)


CONTEXT: Any = Context()
