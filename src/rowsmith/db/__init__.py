"""Connections, pools and transactions: where statements go and rows come from."""

from rowsmith.db.connection import Connection
from rowsmith.db.handler import (
    ConnectionHandler,
    aclose_all,
    close_all,
    connection,
    connections,
    lifespan,
    reset_queries,
)
from rowsmith.db.pool import PoolFigures
from rowsmith.db.router import router

__all__ = [
    "Connection",
    "ConnectionHandler",
    "PoolFigures",
    "aclose_all",
    "close_all",
    "connection",
    "connections",
    "lifespan",
    "reset_queries",
    "router",
]
