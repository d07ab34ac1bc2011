"""The router: which database a query, a save or a relation belongs to."""

from __future__ import annotations

import importlib
from typing import Any

from rowsmith import config
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.exceptions import ImproperlyConfigured


class MasterRouter:
    """Asks the configured routers in order; the first answer that is not None counts.

    active:  whether there may be routers; the plain attribute that every query looks at.
    """

    def __init__(self) -> None:
        self.active = True
        self._generation = -1
        self._routers: tuple[Any, ...] = ()

    @property
    def routers(self) -> tuple[Any, ...]:
        if self._generation != config.generation:
            self._routers = tuple(_made(entry) for entry in config.current().routers)
            self._generation = config.generation
        return self._routers

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """The alias to read `model` from; a hint `instance` brings its own database along."""
        return self._alias_for("db_for_read", model, hints)

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """The alias to write `model` to."""
        return self._alias_for("db_for_write", model, hints)

    def _alias_for(self, method: str, model: Any, hints: dict[str, Any]) -> str:
        for router in self.routers:
            ask = getattr(router, method, None)
            if ask is not None:
                alias = ask(model, **hints)
                if alias:
                    return str(alias)
        instance = hints.get("instance")
        state = getattr(instance, "_state", None)
        return getattr(state, "db", None) or DEFAULT_DB_ALIAS

    def database_of(self, instance: Any, like: Any) -> str:
        """The alias of an instance's database; a new one comes to that of `like`, unless a router says otherwise."""
        if instance._state.db is None:
            instance._state.db = self.db_for_write(type(instance), instance=like)
        return str(instance._state.db)

    def relate(self, instance: Any, value: Any) -> bool:
        """Whether `value` may be related to `instance`; new ones come to the same database."""
        self.database_of(instance, like=value)
        self.database_of(value, like=instance)
        return self.allow_relation(value, instance)

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool:
        """May these two be related? Without an answer, only when both are of the same database."""
        for router in self.routers:
            ask = getattr(router, "allow_relation", None)
            if ask is not None:
                allowed = ask(obj1, obj2, **hints)
                if allowed is not None:
                    return bool(allowed)
        return bool(obj1._state.db == obj2._state.db)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """May tables of `app_label` be made in the database `db`? Without an answer, yes."""
        for router in self.routers:
            ask = getattr(router, "allow_migrate", None)
            if ask is not None:
                allowed = ask(db, app_label, **hints)
                if allowed is not None:
                    return bool(allowed)
        return True

    def allow_migrate_model(self, db: str, model: Any) -> bool:
        """May the table of `model` be made in the database `db`?"""
        options = model._meta
        return self.allow_migrate(db, options.app_label, model_name=options.model_name, model=model)


def _made(entry: Any) -> Any:
    """A router from what the configuration says: an instance, a class, or the dotted path of either."""
    if isinstance(entry, str):
        module, _, name = entry.rpartition(".")
        try:
            entry = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ImproperlyConfigured(f"The router {entry!r} cannot be imported: {error}") from error
    return entry() if isinstance(entry, type) else entry


router = MasterRouter()


def _note_routers(configuration: config.Configuration | None) -> None:
    # What was not read yet may name routers.
    router.active = configuration is None or bool(configuration.routers)


config.after_change.append(_note_routers)
