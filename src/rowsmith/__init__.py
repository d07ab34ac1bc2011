"""rowsmith: models and queries over SQL databases, sync and async."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rowsmith import aio, migrations, models, transaction
    from rowsmith.config import DEFAULT_DB_ALIAS, configure
    from rowsmith.db import (  # type: ignore[no-redef]
        aclose_all,
        close_all,
        connection,
        connections,
        lifespan,
        reset_queries,
        router,
    )
    from rowsmith.db.limits import deadline, statement_timeout
    from rowsmith.db.replicas import Replicas
    from rowsmith.exceptions import (
        DatabaseError,
        DataError,
        Error,
        IntegrityError,
        InterfaceError,
        InternalError,
        NotSupportedError,
        OperationalError,
        ProgrammingError,
    )
    from rowsmith.execution.schema import acreate_tables, adrop_tables, create_tables, drop_tables

# Where each name is at home. They are imported when first asked for, so that `import rowsmith` costs next to nothing
# and the modules of the library may import this one for its version.
_HOMES = {
    "DEFAULT_DB_ALIAS": "rowsmith.config",
    "configure": "rowsmith.config",
    "aclose_all": "rowsmith.db",
    "close_all": "rowsmith.db",
    "deadline": "rowsmith.db.limits",
    "statement_timeout": "rowsmith.db.limits",
    "connection": "rowsmith.db",
    "connections": "rowsmith.db",
    "lifespan": "rowsmith.db",
    "reset_queries": "rowsmith.db",
    "Replicas": "rowsmith.db.replicas",
    "router": "rowsmith.db",
    "acreate_tables": "rowsmith.execution.schema",
    "adrop_tables": "rowsmith.execution.schema",
    "create_tables": "rowsmith.execution.schema",
    "drop_tables": "rowsmith.execution.schema",
    "DataError": "rowsmith.exceptions",
    "DatabaseError": "rowsmith.exceptions",
    "Error": "rowsmith.exceptions",
    "IntegrityError": "rowsmith.exceptions",
    "InterfaceError": "rowsmith.exceptions",
    "InternalError": "rowsmith.exceptions",
    "NotSupportedError": "rowsmith.exceptions",
    "OperationalError": "rowsmith.exceptions",
    "ProgrammingError": "rowsmith.exceptions",
}
_MODULES = ("aio", "migrations", "models", "transaction")

__all__ = [
    "DEFAULT_DB_ALIAS",
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Replicas",
    "aclose_all",
    "acreate_tables",
    "adrop_tables",
    "aio",
    "close_all",
    "configure",
    "connection",
    "connections",
    "create_tables",
    "deadline",
    "drop_tables",
    "lifespan",
    "migrations",
    "models",
    "reset_queries",
    "router",
    "statement_timeout",
    "transaction",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"rowsmith.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rowsmith' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES])
