"""SQLite: its spelling, its features and the functions that it lacks."""

from __future__ import annotations

from typing import Any

from rowsmith.dialects.base import Dialect as BaseDialect
from rowsmith.dialects.sqlite.codecs import codec
from rowsmith.dialects.sqlite.ddl import SqliteDefinitions, column_type
from rowsmith.dialects.sqlite.functions import register
from rowsmith.dialects.sqlite.rendering import SqliteRenderer
from rowsmith.sql.codec import Codec
from rowsmith.sql.features import Features
from rowsmith.sql.types import Type

FEATURES = Features(
    max_operand_depth=200,
)


class Dialect(BaseDialect):
    """SQLite 3.40 and newer."""

    name = "sqlite"
    renderer = SqliteRenderer
    definition_renderer = SqliteDefinitions
    explain_command = "EXPLAIN QUERY PLAN"
    on_connect = (register,)

    def __init__(self, features: Features = FEATURES, **options: Any) -> None:
        super().__init__(features, **options)

    def make_codec(self, type_: Type) -> Codec:
        return codec(type_, use_tz=self.use_tz, zone=self.zone)

    def column_type(self, type_: Type) -> str:
        return column_type(type_)
