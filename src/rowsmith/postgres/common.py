"""What the fields and expressions of this package share."""

from __future__ import annotations

from typing import ClassVar

from rowsmith.fields.base import Field, G, S
from rowsmith.sql import types


class TypedField(Field[S, G]):
    """A field whose column has a type that PostgreSQL alone knows.

    face:  the module from which users import it.
    """

    column_type: ClassVar[types.Type]
    face: ClassVar[str]
    empty_strings_allowed = False

    @property
    def sql_type(self) -> types.Type:
        return self.column_type

    def get_internal_type(self) -> str:
        return type(self).__name__

    @classmethod
    def _path(cls) -> str:
        if cls.__module__.startswith("rowsmith.postgres."):
            return f"{cls.face}.{cls.__qualname__}"
        return super()._path()
