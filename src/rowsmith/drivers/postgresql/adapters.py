"""How values travel between Python and PostgreSQL, set once for all connections of the process."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.adapt import AdaptersMap
from psycopg.types.string import TextLoader


class Context:
    """What psycopg asks for when it opens a connection: adapters that are not the module's own."""

    connection = None

    def __init__(self) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        for name in ("inet", "cidr"):
            # Fields hold addresses as text.
            self.adapters.register_loader(name, TextLoader)


CONTEXT: Any = Context()
