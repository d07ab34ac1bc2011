"""A transaction for a request, on each database whose settings ask for it."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from contextvars import Context
from typing import Any

from rowsmith import bridge, config
from rowsmith.db.handler import connections
from rowsmith.db.transactions import Atomic, set_rollback

FAILED = 400
"""From this status on a response tells of a failure, after which nothing is to be kept."""


class RequestBlocks:
    """The atomic blocks of one request."""

    def __init__(self, *handlers: Any) -> None:
        """handlers:  callables that answer the request; `non_atomic_requests` may exempt any of them."""
        exempt = {alias for handler in handlers for alias in getattr(handler, "_non_atomic_requests", ())}
        databases = config.current().databases
        self.aliases = [
            alias for alias, found in databases.items() if found.atomic_requests and alias not in exempt
        ]

    def _blocks(self) -> list[Atomic]:
        return [Atomic(alias, savepoint=True, durable=False) for alias in self.aliases]

    def open(self) -> ExitStack:
        """Open them, for plain code."""
        with ExitStack() as stack:
            for block in self._blocks():
                stack.enter_context(block)
            return stack.pop_all()
        raise AssertionError

    async def aopen(self) -> AsyncExitStack:
        """Open them, for coroutines."""
        async with AsyncExitStack() as stack:
            stack.callback(self._forget, bridge.context())
            for block in self._blocks():
                await stack.enter_async_context(block)
            return stack.pop_all()
        raise AssertionError

    def _forget(self, opened_in: Context) -> None:
        """Have the context that opened the blocks know that they have ended, when another task has ended them."""
        if bridge.context() is not opened_in:
            for alias in self.aliases:
                opened_in.run(connections[alias]._session.set, None)

    def settle(self, status: int) -> None:
        """Have them rolled back when the response tells of a failure."""
        if status >= FAILED:
            for alias in self.aliases:
                set_rollback(True, alias)
