"""Opening PostgreSQL connections: settings to libpq's parameters, sessions in UTC, every statement in
autocommit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import psycopg

from rowsmith import bridge
from rowsmith.config import DatabaseSettings, masked_url
from rowsmith.drivers.base import OnConnect, RawConnection
from rowsmith.drivers.postgresql.adapters import CONTEXT
from rowsmith.drivers.postgresql.connection import LoopConnection, SyncConnection
from rowsmith.drivers.postgresql.errors import mapped
from rowsmith.drivers.postgresql.pooling import check_pooled
from rowsmith.exceptions import Error, ImproperlyConfigured, OperationalError

_LEVELS = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
_ZONE = re.compile(r"[A-Za-z0-9_+\-/:]+")
_ROLE = re.compile(r"\w+")


class Driver:
    """One PostgreSQL database."""

    vendor = "postgresql"
    needs_care = True
    loop_bound = True
    shared = False
    procedures = True
    atomic_without_autocommit = True

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        options = dict(settings.options)
        self._begin = _begin(settings, options.pop("isolation_level", None))
        self._role = options.pop("assume_role", None)
        if self._role is not None and not _ROLE.fullmatch(str(self._role)):
            raise ImproperlyConfigured(f"assume_role of the database {settings.alias!r} is not the name of a role.")
        self._zone = settings.time_zone or "UTC"
        if not _ZONE.fullmatch(self._zone):
            raise ImproperlyConfigured(f"TIME_ZONE of the database {settings.alias!r} is not the name of a zone.")
        self._pooled = settings.pooling == "transaction"
        if self._pooled and self._role is not None:
            raise ImproperlyConfigured(
                f"The database {settings.alias!r} has pooling='transaction', where a role would stay with a connection "
                "of the server that others use next: give it to the user of the database instead of assume_role."
            )
        # Both ways of binding give the same answers; we always bind on the server.
        options.pop("server_side_binding", None)
        # A prepared statement stays with one connection of the server; poolers that follow it say so.
        threshold = options.pop("prepare_threshold", None if self._pooled else 5)
        self.statement_timeout = settings.statement_timeout if self._pooled else None
        if settings.statement_timeout is not None and not self._pooled:
            milliseconds = max(int(settings.statement_timeout * 1000), 1)
            options["options"] = f"{options.get('options', '')} -c statement_timeout={milliseconds}".strip()
        self._parameters: dict[str, Any] = {
            "prepare_threshold": None if threshold in (None, "", "none") else int(threshold),
            "autocommit": True,
            # Told when the connection is opened, so that it costs no round trip, whatever the environment says.
            "client_encoding": "UTF8",
            "context": CONTEXT,
        }
        if not settings.name and "service" not in options:
            raise ImproperlyConfigured(
                f"The PostgreSQL database {settings.alias!r} has no NAME: "
                "write the database's name, or a 'service' in OPTIONS."
            )
        for name, value in (
            ("dbname", settings.name),
            ("user", settings.user),
            ("password", settings.password),
            ("host", settings.host),
            ("port", settings.port),
        ):
            if value:
                self._parameters[name] = value
        self._parameters.update(options)

    def connect(self, on_connect: Sequence[OnConnect]) -> RawConnection:
        try:
            connection = SyncConnection(
                psycopg.Connection.connect(**self._parameters), self._begin, self.statement_timeout
            )
        except psycopg.Error as error:
            raise self._refused(error) from error
        return self._prepared(connection, on_connect)

    def connect_async(self, on_connect: Sequence[OnConnect]) -> RawConnection:
        try:
            native = bridge.wait(psycopg.AsyncConnection.connect(**self._parameters))
        except psycopg.Error as error:
            raise self._refused(error) from error
        return self._prepared(LoopConnection(native, self._begin, self.statement_timeout), on_connect)

    def check_statement(self, sql: str) -> None:
        if self._pooled:
            check_pooled(sql)

    def checks_constraints(self, raw: Any) -> bool:
        return True

    def disable_constraint_checks(self, raw: Any) -> bool:
        return False

    def enable_constraint_checks(self, raw: Any) -> None:
        """Nothing to do, as they cannot be disabled."""

    def check_constraints(self, raw: Any, tables: Sequence[str]) -> None:
        # PostgreSQL checks at this moment what was deferred to the commit.
        raw.command("SET CONSTRAINTS ALL IMMEDIATE")
        raw.command("SET CONSTRAINTS ALL DEFERRED")

    def _prepared(self, connection: Any, on_connect: Sequence[OnConnect]) -> RawConnection:
        try:
            # Only when the server's default differs: a round trip costs as much as a query.
            if connection.native.pgconn.parameter_status(b"TimeZone") != self._zone.encode():
                connection.command(f"SET TimeZone TO '{self._zone}'")
            if self._role is not None:
                connection.command(f'SET ROLE "{self._role}"')
            for prepare in on_connect:
                prepare(connection.native)
        except BaseException:
            connection.abandon()
            raise
        return connection  # type: ignore[no-any-return]

    def _refused(self, error: psycopg.Error) -> Error:
        told = mapped(error, broken=False)
        kind = type(told) if isinstance(told, OperationalError) else OperationalError
        return kind(f"No connection to {masked_url(self.settings)}: {told}")


def _begin(settings: DatabaseSettings, level: Any) -> str:
    if level is None:
        return "BEGIN"
    # psycopg's IsolationLevel counts from 1 in this order.
    if isinstance(level, int) and 1 <= level <= len(_LEVELS):
        name = _LEVELS[level - 1]
    else:
        name = str(level).upper().replace("_", " ").replace("-", " ")
    if name not in _LEVELS:
        raise ImproperlyConfigured(
            f"isolation_level of the database {settings.alias!r} is {level!r}; "
            f"write one of {', '.join(map(repr, _LEVELS))}."
        )
    return f"BEGIN ISOLATION LEVEL {name}"
