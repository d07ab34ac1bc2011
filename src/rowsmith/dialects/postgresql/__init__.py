"""PostgreSQL: its spelling and its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rowsmith.dialects.base import Dialect as BaseDialect
from rowsmith.dialects.postgresql.codecs import codec
from rowsmith.dialects.postgresql.ddl import PostgresDefinitions, column_type
from rowsmith.dialects.postgresql.rendering import PostgresqlRenderer
from rowsmith.records import replace
from rowsmith.sql.codec import Codec
from rowsmith.sql.features import Features
from rowsmith.sql.types import Type

FEATURES = Features(
    array_parameters=True,
    max_parameters=65535,
    locking=frozenset({"nowait", "skip_locked", "of", "no_key"}),
    distinct_on=True,
    # The server knows them for some types of the sort key only, so they are refused for all.
    range_offsets=False,
    lateral=True,
    deletes_together=True,
    covering_indexes=True,
    operator_classes=True,
    deferrable_unique=True,
    nulls_not_distinct=True,
    exclusion_constraints=True,
    vector_indexes=True,
    comments=True,
    extended_types=True,
    isolation_levels=("read uncommitted", "read committed", "repeatable read", "serializable"),
)


class Dialect(BaseDialect):
    """PostgreSQL 14 and newer."""

    name = "postgresql"
    renderer = PostgresqlRenderer
    definition_renderer = PostgresDefinitions
    version_query = "SELECT current_setting('server_version_num')::integer"
    transaction_id_query = "SELECT pg_current_xact_id_if_assigned()::text"
    transaction_status_query = "SELECT pg_xact_status($1::text::xid8)"
    # Where the log is, not how much of it was written: a commit may be acknowledged before it is, if the server likes.
    log_position_query = "SELECT pg_current_wal_insert_lsn()::text"
    # A primary is its own copy: it was promoted. A copy that has all that it received is not behind.
    replayed_query = (
        "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END"
        "::text, "
        "CASE WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 "
        "ELSE COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END::float8"
    )
    explain_formats = ("TEXT", "JSON", "XML", "YAML")
    explain_options: ClassVar[Mapping[str, Sequence[str]]] = {
        **dict.fromkeys(("ANALYZE", "VERBOSE", "COSTS", "SETTINGS", "GENERIC_PLAN"), ("TRUE", "FALSE")),
        **dict.fromkeys(("BUFFERS", "WAL", "TIMING", "SUMMARY", "MEMORY"), ("TRUE", "FALSE")),
        "SERIALIZE": ("NONE", "TEXT", "BINARY"),
    }

    def __init__(self, features: Features = FEATURES, **options: Any) -> None:
        super().__init__(features, **options)

    def features_of(self, version: int) -> Features:
        return replace(
            self.features,
            nulls_not_distinct=self.features.nulls_not_distinct and version >= 150000,
            virtual_columns=self.features.virtual_columns and version >= 180000,
        )

    def make_codec(self, type_: Type) -> Codec:
        return codec(type_, use_tz=self.use_tz, zone=self.zone)

    def column_type(self, type_: Type) -> str:
        return column_type(type_)
