"""Seeing which statements a piece of code sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections


@contextmanager
def recorded_statements(using: str = DEFAULT_DB_ALIAS) -> Iterator[list[str]]:
    """A list that grows by the text of each statement that this block sends; BEGIN and COMMIT are not in
    it."""
    seen: list[str] = []

    def record(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connections[using].execute_wrapper(record):
        yield seen


class CaptureQueriesContext:
    """The entries that a block adds to `connection.queries`; also `len(context)` and iteration."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.initial_queries = 0
        self.final_queries: int | None = None

    def __enter__(self) -> CaptureQueriesContext:
        self._forced_before = self.connection.force_debug_cursor
        self.connection.force_debug_cursor = True
        self.initial_queries = len(self.connection.queries_log)
        self.final_queries = None
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.connection.force_debug_cursor = self._forced_before
        self.final_queries = len(self.connection.queries_log)

    @property
    def captured_queries(self) -> list[dict[str, str]]:
        return list(islice(self.connection.queries_log, self.initial_queries, self.final_queries))

    def __len__(self) -> int:
        return len(self.captured_queries)

    def __iter__(self) -> Iterator[dict[str, str]]:
        return iter(self.captured_queries)

    def __getitem__(self, index: int) -> dict[str, str]:
        return self.captured_queries[index]
