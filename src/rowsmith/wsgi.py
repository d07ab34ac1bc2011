"""Middleware for WSGI applications: each request in a transaction, where ATOMIC_REQUESTS of a database asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rowsmith.db.requests import RequestBlocks

StartResponse = Callable[..., Any]
App = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class AtomicRequests:
    """Runs each request of an application in a transaction, on the databases with `ATOMIC_REQUESTS`.

    It commits before the response begins, and rolls back after an exception or a response with a status of 400 or
    more. What the application makes while its response is iterated runs outside of the transaction.

    app:         an application, or anything that is called like one.
    handler_of:  finds the callable that will answer a request by its environ, so that `non_atomic_requests` can exempt
                 it.
    """

    def __init__(self, app: App, handler_of: Callable[[dict[str, Any]], Any] | None = None) -> None:
        self.app = app
        self._handler_of = handler_of

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        handler = self._handler_of(environ) if self._handler_of is not None else None
        blocks = RequestBlocks(self.app, handler)
        if not blocks.aliases:
            return self.app(environ, start_response)
        started: list[tuple[Any, ...]] = []
        ended = False

        def start(*args: Any) -> Any:
            if ended:
                return start_response(*args)
            started[:] = [args]  # again after an error: the last one counts
            return early.append

        early: list[bytes] = []
        with blocks.open():
            body = self.app(environ, start)
            if started:
                blocks.settle(int(started[0][0].split()[0]))
        ended = True
        write = start_response(*started[0]) if started else None
        for part in early:
            assert write is not None
            write(part)
        return body
