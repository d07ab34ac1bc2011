"""Cursors for statements that users write themselves, with %s for every value on every database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rowsmith import bridge
from rowsmith.drivers.base import Result, Row
from rowsmith.exceptions import InterfaceError, NotSupportedError, ProgrammingError

if TYPE_CHECKING:
    from rowsmith.db.connection import Connection

Parameters = Sequence[Any] | Mapping[str, Any] | None


class Cursor:
    """A DB-API cursor. It holds no connection: each statement leases one, and its rows are kept here.

    Inside an atomic block all statements run on the block's connection. On an event loop use `aexecute`,
    `aexecutemany` and `async with`; reading the rows never waits.
    """

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._result = Result(None, None, -1)
        self._position = 0
        self._closed = False

    @property
    def description(self) -> Any:
        return self._result.description

    @property
    def rowcount(self) -> int:
        return self._result.rowcount

    @property
    def lastrowid(self) -> Any:
        return self._result.lastrowid

    def execute(self, sql: str, params: Parameters = None) -> Cursor:
        """Run a statement; without `params` percent signs in it are left alone, with them %% stands for
        one."""
        self._check_open()
        _check_parameters(params)
        self._keep(self.connection.query(sql, params, cursor=self))
        return self

    def executemany(self, sql: str, param_list: Iterable[Sequence[Any] | Mapping[str, Any]]) -> Cursor:
        """Run a statement once for each set of values."""
        self._check_open()
        self._keep(self.connection.query_many(sql, param_list, cursor=self))
        return self

    async def aexecute(self, sql: str, params: Parameters = None) -> Cursor:
        return await bridge.run(self.execute, sql, params)

    async def aexecutemany(self, sql: str, param_list: Iterable[Sequence[Any] | Mapping[str, Any]]) -> Cursor:
        return await bridge.run(self.executemany, sql, param_list)

    def callproc(
        self, procname: str, params: Sequence[Any] | None = None, kparams: Mapping[str, Any] | None = None
    ) -> Sequence[Any] | None:
        """Call a stored procedure by name; the rows it returns can be read afterwards."""
        if kparams is not None:
            raise NotSupportedError("Keyword parameters for callproc() are not supported by this database.")
        if not self.connection.supports_procedures:
            raise NotSupportedError(f"{self.connection.vendor} has no stored procedures to call.")
        name = ".".join(self.connection.ops.quote_name(part) for part in procname.split("."))
        places = ", ".join(["%s"] * len(params or ()))
        self.execute(f"SELECT * FROM {name.replace('%', '%%')}({places})", params or [])
        return params

    def fetchone(self) -> Row | None:
        rows = self._rows()
        if self._position >= len(rows):
            return None
        row = rows[self._position]
        self._position += 1
        return row

    def fetchmany(self, size: int | None = None) -> list[Row]:
        rows = self._rows()
        chunk = rows[self._position : self._position + (self.arraysize if size is None else size)]
        self._position += len(chunk)
        return chunk

    def fetchall(self) -> list[Row]:
        rows = self._rows()[self._position :]
        self._position += len(rows)
        return rows

    def __iter__(self) -> Iterator[Row]:
        while (row := self.fetchone()) is not None:
            yield row

    async def __aiter__(self) -> AsyncIterator[Row]:
        for row in self:
            yield row

    def close(self) -> None:
        self._closed = True
        self._result = Result(None, None, -1)

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Cursor:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()

    def _keep(self, result: Result) -> None:
        self._result = result
        self._position = 0

    def _rows(self) -> list[Row]:
        self._check_open()
        if self._result.rows is None:
            raise ProgrammingError("The last statement of this cursor returned no rows.")
        return self._result.rows

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("This cursor is closed. Open another one: connection.cursor().")


def _check_parameters(params: object) -> None:
    if params is not None and (isinstance(params, str | bytes) or not isinstance(params, Sequence | Mapping)):
        raise TypeError(f"Parameters are a list, a tuple or a mapping, not {params!r}.")
