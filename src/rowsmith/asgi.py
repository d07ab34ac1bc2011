"""Middleware for ASGI applications: each request in a transaction, where ATOMIC_REQUESTS of a database asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import Any

from rowsmith.db.requests import RequestBlocks

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class AtomicRequests:
    """Runs each HTTP request of an application in a transaction, on the databases with `ATOMIC_REQUESTS`.

    It commits before the response leaves, and rolls back after an exception or a response with a status of 400 or
    more. A response that is streamed ends the transaction with its first part: what makes the other parts runs outside
    of it. Put it next to the application, inside of middleware that starts tasks.

    app:         an application, or anything that is called like one.
    handler_of:  finds the callable that will answer a request by its scope, so that `non_atomic_requests` can exempt
                 it; by default that of the route, in applications of Starlette's kind.
    """

    def __init__(self, app: App, handler_of: Callable[[Scope], Any] | None = None) -> None:
        self.app = app
        self._handler_of = handler_of or _endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        blocks = RequestBlocks(self.app, self._handler_of(scope)) if scope["type"] == "http" else None
        if blocks is None or not blocks.aliases:
            await self.app(scope, receive, send)
            return
        response = _Response(blocks, send)
        async with await blocks.aopen() as response.open_blocks:
            await self.app(scope, receive, response.send)
            response.settle()
        await response.release()


class _Response:
    """What an application sends, held back until its transaction has ended."""

    def __init__(self, blocks: RequestBlocks, send: Send) -> None:
        self._blocks = blocks
        self._send = send
        self._held: list[Message] | None = []
        self._status = 200
        self.open_blocks = AsyncExitStack()

    async def send(self, message: Message) -> None:
        if self._held is None:
            await self._send(message)
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
        self._held.append(message)
        if message["type"] == "http.response.body" and message.get("more_body", False):
            self.settle()
            await self.open_blocks.aclose()
            await self.release()

    def settle(self) -> None:
        if self._held is not None:
            self._blocks.settle(self._status)

    async def release(self) -> None:
        """Send what was held back, and the rest as it comes."""
        held, self._held = self._held or [], None
        for message in held:
            await self._send(message)


def _endpoint(scope: Scope) -> Any:
    """The endpoint of the route that matches a request, where the application tells its routes."""
    router = getattr(scope.get("app"), "router", None)
    for route in getattr(router, "routes", ()):
        match, found = route.matches(scope)
        if match.name == "FULL":
            return found.get("endpoint")
    return None
