"""Which modules serve which engine: a dialect to speak with it and a driver to reach it."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from rowsmith.config import DatabaseSettings
from rowsmith.exceptions import ImproperlyConfigured

_SHIPPED = {
    "sqlite": ("rowsmith.dialects.sqlite", "rowsmith.drivers.sqlite"),
    "postgresql": ("rowsmith.dialects.postgresql", "rowsmith.drivers.postgresql"),
    "mysql": ("rowsmith.dialects.mysql", "rowsmith.drivers.mysql"),
}
_EXTRAS = {"psycopg": "postgres", "pymysql": "mysql", "asyncpg": "asyncpg"}


def modules_for(settings: DatabaseSettings) -> tuple[ModuleType, ModuleType]:
    """The dialect's module and the driver's; ENGINE may be the dotted name of one module that offers both."""
    shipped = _SHIPPED.get(settings.engine)
    dialect, driver = shipped if shipped is not None else (settings.engine, settings.engine)
    if settings.driver and "." in settings.driver:
        driver = settings.driver
    return _load(dialect, settings), _load(driver, settings)


def make(settings: DatabaseSettings, **options: Any) -> tuple[Any, Any]:
    """A dialect made with `options`, and a driver, for one database."""
    dialect, driver = modules_for(settings)
    for module, name in ((dialect, "Dialect"), (driver, "Driver")):
        if not hasattr(module, name):
            raise ImproperlyConfigured(f"The module {module.__name__!r} offers no {name!r}.")
    return dialect.Dialect(**options), driver.Driver(settings)


def _load(name: str, settings: DatabaseSettings) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        extra = _EXTRAS.get(missing.partition(".")[0])
        cure = f" Install it: pip install 'rowsmith[{extra}]'." if extra else ""
        raise ImproperlyConfigured(
            f"The database {settings.alias!r} (ENGINE {settings.engine!r}) needs the module {missing!r}, "
            f"which is not there.{cure}"
        ) from error
