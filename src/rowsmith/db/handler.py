"""All connections by alias, made when first asked for and replaced with the configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from rowsmith import bridge, config
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import limits
from rowsmith.db.connection import Connection


class ConnectionHandler:
    """`connections["alias"]`; iterating gives the configured aliases."""

    def __init__(self) -> None:
        self._made: dict[str, Connection] = {}

    def __getitem__(self, alias: str) -> Connection:
        try:
            return self._made[alias]
        except KeyError:
            return self._make(alias)

    def _make(self, alias: str) -> Connection:
        connection = Connection(config.current().database(alias))
        # Two threads may come here at once; all must end up with the same one.
        return self._made.setdefault(alias, connection)

    def __iter__(self) -> Iterator[str]:
        return iter(config.current().databases)

    def __contains__(self, alias: object) -> bool:
        return alias in config.current().databases

    def __len__(self) -> int:
        return len(config.current().databases)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of every alias by their documented keys."""
        return {alias: settings.as_dict() for alias, settings in config.current().databases.items()}

    def all(self, initialized_only: bool = False) -> list[Connection]:
        if initialized_only:
            return list(self._made.values())
        return [self[alias] for alias in self]

    def outdate(self) -> None:
        """Let nothing that was compiled for any connection be used again."""
        for connection in list(self._made.values()):
            connection.epoch = object()

    def note_watchers(self) -> None:
        """Tell every connection that who watches statements, or limits them, has changed."""
        for connection in list(self._made.values()):
            connection._note_watchers()

    def close_all(self) -> None:
        """Close every connection, also databases in memory."""
        for connection in list(self._made.values()):
            connection.shut_down()

    def forget_all(self) -> None:
        """Close everything and make connections anew from the configuration that comes."""
        self.close_all()
        self._made.clear()

    def _after_fork(self) -> None:
        for connection in self._made.values():
            connection.forget()


class ConnectionProxy:
    """The connection of one alias, looked up at every use, so that it may be imported before it is
    configured."""

    def __init__(self, handler: ConnectionHandler, alias: str) -> None:
        self.__dict__.update(_handler=handler, _alias=alias)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handler[self._alias], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._handler[self._alias], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._handler[self._alias], name)

    def __eq__(self, other: object) -> bool:
        return bool(self._handler[self._alias] == other)

    def __hash__(self) -> int:
        return hash(self._handler[self._alias])

    def __repr__(self) -> str:
        return f"<The connection {self._alias!r}>"


connections = ConnectionHandler()
connection: Any = ConnectionProxy(connections, DEFAULT_DB_ALIAS)

config.on_change.append(connections.forget_all)
limits.active.on_change.append(connections.note_watchers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=connections._after_fork)


def close_all() -> None:
    """Close every connection of every database."""
    connections.close_all()


def reset_queries() -> None:
    """Empty the logs of queries of all connections."""
    for one in connections.all(initialized_only=True):
        one.queries_log.clear()


async def aclose_all() -> None:
    """Close every connection of every database, from a coroutine."""
    await bridge.run(connections.close_all)


class lifespan:
    """Pools open on entry and closed on exit: `async with rowsmith.lifespan():`, or as the lifespan of an
    ASGI app."""

    def __init__(self, app: Any = None) -> None:
        self._app = app

    async def __aenter__(self) -> None:
        for one in connections.all():
            await bridge.run(one.open_pools)

    async def __aexit__(self, *exc_info: object) -> None:
        await aclose_all()

    def __enter__(self) -> None:
        for one in connections.all():
            one.open_pools()

    def __exit__(self, *exc_info: object) -> None:
        close_all()
