"""What rowsmith asks of code that it does not know: third-party databases, and routers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, Protocol


class Dialect(Protocol):
    """One database's spelling. Derive from `rowsmith.dialects.base.Dialect` and replace what differs."""

    name: str
    # What the database can do, as a `rowsmith.sql.features.Features`.
    features: Any
    # Called with each new connection of the driver, to set it up or to register functions.
    on_connect: Sequence[Callable[[Any], None]]

    def __init__(self, *, use_tz: bool, zone: tzinfo) -> None: ...

    def render(self, tree: Any) -> Any:
        """A tree of `rowsmith.sql` as a `Statement`: text with the bindings of its placeholders."""

    def codec(self, type_: Any) -> Any:
        """How values of a SQL type travel to the driver and back, as a `rowsmith.sql.codec.Codec`."""

    def column_type(self, type_: Any) -> str:
        """The name of a SQL type in CREATE TABLE and in casts."""

    def quote_name(self, name: str) -> str:
        """A name as an identifier, whatever characters it holds."""

    def definitions(self) -> Any:
        """What spells CREATE and DROP, as a `rowsmith.dialects.definitions.DefinitionRenderer`."""


class DatabaseModule(Protocol):
    """A module that ENGINE may name: it offers a dialect, and a driver (see `rowsmith.drivers.base.Driver`)."""

    Dialect: Callable[..., Dialect]
    Driver: Callable[[Any], Any]


class Router(Protocol):
    """Chooses a database; every method may be missing, and None leaves the choice to the next router."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """The alias to read `model` from."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """The alias to write `model` to."""

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool | None:
        """Whether the two instances may be related."""

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Whether the model's table belongs on `db`."""
