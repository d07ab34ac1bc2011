"""Frozen settings: which databases there are and the options that hold for all of them.

They come from `configure()`, else from the environment (`DATABASE_URL`, and `DATABASE_URL_<ALIAS>` for
the others), else from `[tool.rowsmith]` in the nearest `pyproject.toml`, or the same keys at the top of a
`rowsmith.toml`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from rowsmith.exceptions import ConnectionDoesNotExist, ImproperlyConfigured, did_you_mean
from rowsmith.imports import Later
from rowsmith.records import Record, field, replace

if TYPE_CHECKING:
    import tomllib
else:
    tomllib = Later("tomllib")

DEFAULT_DB_ALIAS = "default"

_NOTHING: Mapping[str, Any] = MappingProxyType({})

MASK = "********"

_NOT_CONFIGURED = (
    "No database is configured. Call rowsmith.configure('sqlite:///app.db') before the first query, set "
    "DATABASE_URL in the environment, or write [tool.rowsmith.databases] with default = "
    "'sqlite:///app.db' into pyproject.toml."
)

ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "sqlite": "sqlite",
        "sqlite3": "sqlite",
        "postgresql": "postgresql",
        "postgres": "postgresql",
        "pgsql": "postgresql",
        "mysql": "mysql",
        "mariadb": "mysql",
    }
)
"""Spellings of the engines that rowsmith ships, by what may stand in ENGINE or as the scheme of a URL."""


class PoolSettings(Record):
    """How many connections are kept, and for how long; times in seconds, None for no limit."""

    min_size: int = 0
    max_size: int = 10
    timeout: float | None = 30.0
    max_lifetime: float | None = 3600.0
    max_idle: float | None = 600.0
    health_check: float | None = 30.0
    """Ask a connection that lay idle for this long whether it still works before handing it out."""


class DatabaseSettings(Record):
    """One database: where it is, how to get in, what to keep open."""

    alias: str
    engine: str = ""
    driver: str | None = None
    name: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: int | None = None
    options: Mapping[str, Any] = field(default=_NOTHING, repr=False)
    autocommit: bool = True
    atomic_requests: bool = False
    time_zone: str | None = None
    disable_server_side_cursors: bool = False
    conn_max_age: float | None = 0
    conn_health_checks: bool = False
    test: Mapping[str, Any] = _NOTHING
    statement_timeout: float | None = None
    """Seconds that a statement may take."""
    pooling: str = "session"
    """"transaction" when a pooler between hands connections out for a transaction each."""
    pool: PoolSettings = PoolSettings()

    def as_dict(self) -> SettingsDict:
        """The documented keys, for `connection.settings_dict`."""
        return SettingsDict(
            ENGINE=self.engine,
            NAME=self.name,
            USER=self.user,
            PASSWORD=self.password,
            HOST=self.host,
            PORT="" if self.port is None else self.port,
            OPTIONS=dict(self.options),
            AUTOCOMMIT=self.autocommit,
            ATOMIC_REQUESTS=self.atomic_requests,
            CONN_MAX_AGE=self.conn_max_age,
            CONN_HEALTH_CHECKS=self.conn_health_checks,
            TIME_ZONE=self.time_zone,
            DISABLE_SERVER_SIDE_CURSORS=self.disable_server_side_cursors,
            STATEMENT_TIMEOUT=self.statement_timeout,
            POOLING=self.pooling,
            TEST=dict(self.test),
        )


class SettingsDict(dict[str, Any]):
    """Settings by their documented keys; shows no secrets when printed."""

    def __repr__(self) -> str:
        shown = {key: _masked(key, value) for key, value in self.items()}
        return repr(shown)


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _masked(str(inner), item) for inner, item in value.items()}
    if value and any(word in key.lower() for word in ("password", "secret", "passfile", "token", "sslkey")):
        return MASK
    return value


class Configuration(Record):
    """Everything that was configured; replaced as a whole, never changed."""

    databases: Mapping[str, DatabaseSettings] = _NOTHING
    routers: tuple[Any, ...] = ()
    default_auto_field: Any = "BigAutoField"
    default_tablespace: str = ""
    default_index_tablespace: str = ""
    use_tz: bool = True
    time_zone: str = "UTC"
    debug: bool = False
    echo: bool = False
    slow_query: float | None = None
    """Seconds from which a statement is told to the logger `rowsmith.sql.slow`, with the line that asked for it."""
    log_parameters: bool = False
    """Whether records of the loggers `rowsmith.sql` hold the values of statements, which are somebody's data."""
    postgres: bool = False
    """Whether the lookups of `rowsmith.postgres` are offered from the start, not only once it is imported."""
    fixture_dirs: tuple[str, ...] = ()
    migration_modules: Mapping[str, str | None] = _NOTHING
    serialization_modules: Mapping[str, str] = _NOTHING
    media_root: str = ""
    media_url: str = ""
    models: tuple[str, ...] = ()
    silenced_checks: tuple[str, ...] = ()
    """The ids of checks whose findings are left out."""
    swapped_models: Mapping[str, str] = _NOTHING
    """Per name that a model gives as `Meta.swappable`, the label of the model that takes its place."""
    apps: Mapping[str, Mapping[str, Any]] = _NOTHING
    """Per package: `label`, `default_auto_field`, `verbose_name`."""

    def database(self, alias: str) -> DatabaseSettings:
        """The settings of `alias`; the error says what exists."""
        try:
            return self.databases[alias]
        except KeyError:
            if not self.databases:
                raise ImproperlyConfigured(_NOT_CONFIGURED) from None
            raise ConnectionDoesNotExist(
                f"There is no database {alias!r}.{did_you_mean(alias, self.databases)} "
                f"Configured: {', '.join(sorted(self.databases))}."
            ) from None


_OPTIONS = frozenset(Configuration.__match_args__) - {"databases"}
_SEQUENCES = frozenset({"routers", "fixture_dirs", "models", "silenced_checks"})
_MAPPINGS = frozenset({"migration_modules", "serialization_modules", "swapped_models", "apps"})
_BOOLEANS = frozenset({"use_tz", "debug", "echo", "log_parameters", "postgres"})
_APP_KEYS = frozenset({"label", "default_auto_field", "verbose_name"})

generation = 0
"""Goes up whenever the configuration is replaced, so that whoever remembers something derived from it can
tell."""

after_change: list[Callable[[Any], None]] = []
"""Called with the configuration that is in force now; with None when the next use reads it anew."""

on_change: list[Callable[[], None]] = []
"""Called before a new configuration takes the place of the old one; the floors above close what they hold."""

_current: Configuration | None = None


def configure(databases: str | Mapping[str, Any] | None = None, /, **options: Any) -> Configuration:
    """Set the databases and the global options, in place of what was configured before.

    databases: the URL of the default database, or a mapping of aliases to URLs or to settings
               (ENGINE, NAME, USER, PASSWORD, HOST, PORT, OPTIONS, ...). None takes them from the
               environment or file.
    options:   the fields of `Configuration`.
    raises:    ImproperlyConfigured for keys and values that mean nothing; the old configuration then stays.
    """
    found = _read(databases, options)
    install(found)
    return found


def install(configuration: Configuration | None) -> None:
    """Put `configuration` in force; None forgets the present one, so that the next use reads the
    environment again."""
    for react in on_change:
        react()
    exchange(configuration)


def exchange(configuration: Configuration | None) -> None:
    """Put `configuration` in force for the databases that are in use already, without closing anything."""
    global _current, generation
    _current = configuration
    generation += 1
    _tell()


def _tell() -> None:
    if _current is not None and _current.postgres:
        import_module("rowsmith.postgres")
    for tell in after_change:
        tell(_current)


def current() -> Configuration:
    """The configuration in force; the first call reads the environment and files unless `configure()`
    came before."""
    global _current
    if _current is None:
        _current = _read(None, {})
        _tell()
    return _current


def changed(**options: Any) -> Configuration:
    """A copy of the present configuration with these options replaced (for tests and command line flags)."""
    return replace(current(), **_checked_options(options))


# --- where settings come from
# ---------------------------------------------------------------------------------


def _read(databases: str | Mapping[str, Any] | None, options: Mapping[str, Any]) -> Configuration:
    found: dict[str, Any] = {}
    file_databases: dict[str, DatabaseSettings] = {}
    table, folder = _file_table(Path.cwd())
    if table:
        listed = table.pop("databases", None)
        if listed is not None:
            file_databases = _databases(listed, base=folder, secrets_allowed=False)
        found.update(_checked_options(table))
    found.update(_checked_options(options))
    if databases is not None:
        chosen = _databases(databases)
    else:
        chosen = file_databases | _environment_databases(os.environ)
    return Configuration(databases=MappingProxyType(chosen), **found)


def _environment_databases(environment: Mapping[str, str]) -> dict[str, DatabaseSettings]:
    found = {}
    for variable, value in environment.items():
        if variable == "DATABASE_URL" and value:
            found[DEFAULT_DB_ALIAS] = _database(DEFAULT_DB_ALIAS, value)
        elif variable.startswith("DATABASE_URL_") and value:
            alias = variable.removeprefix("DATABASE_URL_").lower()
            found[alias] = _database(alias, value)
    return found


def _file_table(folder: Path) -> tuple[dict[str, Any], Path]:
    """The nearest table of ours, from `folder` upward, and the folder it was found in."""
    for place in (folder, *folder.parents):
        own = place / "rowsmith.toml"
        if own.is_file():
            return _load_toml(own), place
        project = place / "pyproject.toml"
        if project.is_file():
            table = _load_toml(project).get("tool", {}).get("rowsmith")
            if table is not None:
                return dict(table), place
    return {}, folder


def _load_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {error}") from error


# --- options
# --------------------------------------------------------------------------------------------------


def _checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        if name not in _OPTIONS:
            raise ImproperlyConfigured(
                f"Unknown option {name!r}.{did_you_mean(name, _OPTIONS)} Options: {', '.join(sorted(_OPTIONS))}."
            )
        if name in _SEQUENCES:
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise ImproperlyConfigured(f"The option {name!r} takes a list, not {value!r}.")
            value = tuple(value)
        elif name in _MAPPINGS:
            if not isinstance(value, Mapping):
                raise ImproperlyConfigured(f"The option {name!r} takes a mapping, not {value!r}.")
            value = MappingProxyType(dict(value))
        elif name in _BOOLEANS and not isinstance(value, bool):
            raise ImproperlyConfigured(f"The option {name!r} takes True or False, not {value!r}.")
        elif name == "slow_query" and value is not None and (not isinstance(value, int | float) or value < 0):
            raise ImproperlyConfigured(f"The option {name!r} takes seconds or None, not {value!r}.")
        found[name] = value
    for package, keys in found.get("apps", {}).items():
        for key in keys:
            if key not in _APP_KEYS:
                raise ImproperlyConfigured(
                    f"Unknown key {key!r} for the package {package!r}.{did_you_mean(key, _APP_KEYS)} "
                    f"Keys: {', '.join(sorted(_APP_KEYS))}."
                )
    return found


# --- databases
# ------------------------------------------------------------------------------------------------

_KEYS: Mapping[str, str] = {
    "ENGINE": "engine",
    "NAME": "name",
    "USER": "user",
    "PASSWORD": "password",
    "HOST": "host",
    "PORT": "port",
    "OPTIONS": "options",
    "AUTOCOMMIT": "autocommit",
    "ATOMIC_REQUESTS": "atomic_requests",
    "CONN_MAX_AGE": "conn_max_age",
    "CONN_HEALTH_CHECKS": "conn_health_checks",
    "TIME_ZONE": "time_zone",
    "DISABLE_SERVER_SIDE_CURSORS": "disable_server_side_cursors",
    "TEST": "test",
    "STATEMENT_TIMEOUT": "statement_timeout",
    "POOLING": "pooling",
    "POOL": "pool",
    "URL": "url",
}
_SWITCHES = frozenset({"AUTOCOMMIT", "ATOMIC_REQUESTS", "CONN_HEALTH_CHECKS", "DISABLE_SERVER_SIDE_CURSORS"})
_POOL_KEYS: Mapping[str, type] = {
    "min_size": int,
    "max_size": int,
    "timeout": float,
    "max_lifetime": float,
    "max_idle": float,
    "health_check": float,
}
_TEST_KEYS = frozenset(
    {"NAME", "MIRROR", "DEPENDENCIES", "MIGRATE", "CHARSET", "COLLATION", "TEMPLATE", "USER", "PASSWORD"}
)


def _databases(given: Any, base: Path | None = None, secrets_allowed: bool = True) -> dict[str, DatabaseSettings]:
    if isinstance(given, str | os.PathLike):
        given = {DEFAULT_DB_ALIAS: os.fspath(given)}
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(
            f"configure() takes a URL or a mapping of aliases, not {type(given).__name__}: "
            "configure({'default': 'sqlite:///app.db'})."
        )
    found = {alias: _database(alias, entry, base) for alias, entry in given.items()}
    if found and DEFAULT_DB_ALIAS not in found:
        raise ImproperlyConfigured(
            f"There is no 'default' among the databases ({', '.join(map(repr, found))}). "
            "Add one; it may be an empty mapping when routers answer for every model."
        )
    if not secrets_allowed:
        for settings in found.values():
            if settings.password:
                raise ImproperlyConfigured(
                    f"The database {settings.alias!r} has a password in a file that is shared. "
                    "Put the URL into the environment as DATABASE_URL or DATABASE_URL_<ALIAS> instead."
                )
    return found


def _database(alias: Any, entry: Any, base: Path | None = None) -> DatabaseSettings:
    if not isinstance(alias, str) or not alias:
        raise ImproperlyConfigured(f"A database alias is a non-empty string, not {alias!r}.")
    if isinstance(entry, str | os.PathLike):
        keys = parse_url(os.fspath(entry))
    elif isinstance(entry, Mapping):
        keys = dict(entry)
        if "URL" in keys:
            told = parse_url(str(keys.pop("URL")))
            for key in ("OPTIONS", "POOL"):
                # What stands beside the URL adds to what its parameters say.
                if isinstance(keys.get(key), Mapping):
                    keys[key] = {**told.get(key, {}), **keys[key]}
            keys = {**told, **keys}
    else:
        raise ImproperlyConfigured(
            f"The database {alias!r} is given as {type(entry).__name__}; write a URL or a mapping of settings."
        )
    return _from_keys(alias, keys, base)


def _from_keys(alias: str, keys: Mapping[str, Any], base: Path | None) -> DatabaseSettings:
    for key in keys:
        if key not in _KEYS and key != "DRIVER":
            raise ImproperlyConfigured(
                f"Unknown key {key!r} for the database {alias!r}.{did_you_mean(str(key).upper(), _KEYS)} "
                f"Keys: {', '.join(sorted(_KEYS))}."
            )
    if not keys:
        return DatabaseSettings(alias)
    engine, driver = _engine(alias, str(keys.get("ENGINE") or ""))
    options = keys.get("OPTIONS") or {}
    if not isinstance(options, Mapping):
        raise ImproperlyConfigured(f"OPTIONS of the database {alias!r} is a mapping, not {options!r}.")
    options = dict(options)
    pool_options = options.pop("pool", None)
    pool = {**(pool_options if isinstance(pool_options, Mapping) else {}), **(keys.get("POOL") or {})}
    switches = {_KEYS[key]: _switch(alias, key, keys[key]) for key in _SWITCHES if key in keys}
    test = keys.get("TEST") or {}
    for key in test:
        if key not in _TEST_KEYS:
            raise ImproperlyConfigured(
                f"Unknown key {key!r} in TEST of the database {alias!r}.{did_you_mean(key, _TEST_KEYS)}"
            )
    name = os.fspath(keys.get("NAME") or "")
    if engine == "sqlite":
        name = _sqlite_name(alias, name, base)
    max_age = keys.get("CONN_MAX_AGE", 0)
    limit = keys.get("STATEMENT_TIMEOUT")
    pooling = keys.get("POOLING") or "session"
    if pooling not in ("session", "transaction"):
        raise ImproperlyConfigured(
            f"POOLING of the database {alias!r} is 'session' or 'transaction', not {pooling!r}."
        )
    return DatabaseSettings(
        alias=alias,
        engine=engine,
        driver=keys.get("DRIVER") or driver,
        name=name,
        user=str(keys.get("USER") or ""),
        password=str(keys.get("PASSWORD") or ""),
        host=str(keys.get("HOST") or ""),
        port=_port(alias, keys.get("PORT")),
        options=MappingProxyType(options),
        time_zone=keys.get("TIME_ZONE") or None,
        conn_max_age=None if max_age is None else _number(alias, "CONN_MAX_AGE", max_age, float),
        test=MappingProxyType(dict(test)),
        statement_timeout=_number(alias, "STATEMENT_TIMEOUT", limit, float) or None if limit else None,
        pooling=pooling,
        pool=_pool(alias, pool, keys),
        **switches,
    )


def _engine(alias: str, engine: str) -> tuple[str, str | None]:
    """The engine's one spelling and the driver, from a short name, `name+driver`, or a dotted module."""
    if not engine:
        raise ImproperlyConfigured(
            f"The database {alias!r} has no ENGINE. Write 'sqlite', 'postgresql' or 'mysql', or the "
            "dotted name of a module that offers a dialect and a driver."
        )
    name, _, driver = engine.partition("+")
    known = ENGINES.get(name.lower())
    if known is not None:
        return known, driver or None
    if "." in name:
        return name, driver or None
    raise ImproperlyConfigured(
        f"The database {alias!r} has the unknown ENGINE {name!r}.{did_you_mean(name.lower(), ENGINES)} "
        "Write 'sqlite', 'postgresql' or 'mysql', or the dotted name of a module that offers a dialect "
        "and a driver."
    )


def _sqlite_name(alias: str, name: str, base: Path | None) -> str:
    if not name:
        raise ImproperlyConfigured(f"The SQLite database {alias!r} has no NAME: write a path or ':memory:'.")
    if base is not None and name != ":memory:" and not name.startswith("file:"):
        return str(base / name)
    return name


def _port(alias: str, value: Any) -> int | None:
    if value in (None, ""):
        return None
    port = _number(alias, "PORT", value, int)
    if not 0 < port < 65536:
        raise ImproperlyConfigured(f"PORT of the database {alias!r} is {port}; ports go from 1 to 65535.")
    return int(port)


def _number(alias: str, key: str, value: Any, kind: type) -> Any:
    try:
        number = kind(value)
    except (TypeError, ValueError):
        raise ImproperlyConfigured(f"{key} of the database {alias!r} is a number, not {value!r}.") from None
    if number < 0:
        raise ImproperlyConfigured(f"{key} of the database {alias!r} is negative: {value!r}.")
    return number


def _switch(alias: str, key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{key} of the database {alias!r} is True or False, not {value!r}.")


def _pool(alias: str, given: Mapping[str, Any], keys: Mapping[str, Any]) -> PoolSettings:
    found: dict[str, Any] = {}
    # The older spellings: an age in seconds (0 says nothing about a pool), and whether to ask before each
    # use.
    if "CONN_MAX_AGE" in keys and keys["CONN_MAX_AGE"] != 0:
        age = keys["CONN_MAX_AGE"]
        found["max_lifetime"] = None if age is None else _number(alias, "CONN_MAX_AGE", age, float)
    if "CONN_HEALTH_CHECKS" in keys and _switch(alias, "CONN_HEALTH_CHECKS", keys["CONN_HEALTH_CHECKS"]):
        found["health_check"] = 0.0
    for key, value in given.items():
        kind = _POOL_KEYS.get(key)
        if kind is None:
            raise ImproperlyConfigured(
                f"Unknown pool option {key!r} for the database {alias!r}.{did_you_mean(key, _POOL_KEYS)} "
                f"Pool options: {', '.join(_POOL_KEYS)}."
            )
        empty = value is None or (isinstance(value, str) and value.lower() == "none")
        if empty and kind is int:
            raise ImproperlyConfigured(f"The pool option {key!r} of the database {alias!r} is a number.")
        found[key] = None if empty else _number(alias, f"The pool option {key!r}", value, kind)
    pool = PoolSettings(**found)
    if pool.max_size < 1 or pool.min_size > pool.max_size:
        raise ImproperlyConfigured(
            f"The pool of the database {alias!r} has min_size={pool.min_size} and max_size={pool.max_size}; "
            "max_size is at least 1 and not below min_size."
        )
    return pool


# --- URLs
# -----------------------------------------------------------------------------------------------------


def parse_url(url: str) -> dict[str, Any]:
    """The settings that a database URL stands for; user, password, host and name are percent-decoded.

    Query parameters are: pool options (as they are, or with `pool_` before them), the documented keys in
    either case (`conn_max_age`, `atomic_requests`, ...), and anything else goes to OPTIONS for the
    driver.
    """
    if url == ":memory:":
        return {"ENGINE": "sqlite", "NAME": ":memory:"}
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ImproperlyConfigured(
            f"{_without_secrets(url)!r} is no database URL. Write sqlite:///file.db, "
            "postgresql://user:password@host/name or mysql://user:password@host/name."
        )
    rest, _, query = rest.partition("?")
    keys: dict[str, Any] = {"ENGINE": scheme}
    if ENGINES.get(scheme.partition("+")[0].lower()) == "sqlite":
        keys["NAME"] = _sqlite_path(rest)
    else:
        keys.update(_server(rest.partition("#")[0], url))
    _add_parameters(keys, query)
    return keys


def _sqlite_path(rest: str) -> str:
    """`/rel.db` is relative, `//abs.db` absolute, nothing at all is a database in memory."""
    if rest in ("", "/", ":memory:", "/:memory:"):
        return ":memory:"
    return unquote(rest[1:] if rest.startswith("/") else rest)


def _server(rest: str, url: str) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    location, _, name = rest.partition("/")
    credentials, at, hosts = location.rpartition("@")
    if at:
        user, colon, password = credentials.partition(":")
        keys["USER"] = unquote(user)
        if colon:
            keys["PASSWORD"] = unquote(password)
    if name:
        keys["NAME"] = unquote(name)
    if "," in hosts:
        # Several servers: libpq takes the lists as they are.
        pairs = [_host_and_port(part, url) for part in hosts.split(",")]
        keys["HOST"] = ",".join(host for host, _ in pairs)
        if any(port for _, port in pairs):
            keys["OPTIONS"] = {"port": ",".join(port for _, port in pairs)}
        return keys
    host, port = _host_and_port(hosts, url)
    if host:
        keys["HOST"] = unquote(host)
    if port:
        keys["PORT"] = port
    return keys


def _host_and_port(text: str, url: str) -> tuple[str, str]:
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    if port and not port.isdecimal():
        raise ImproperlyConfigured(f"The port {port!r} in {_without_secrets(url)!r} is not a number.")
    return host, port


def _add_parameters(keys: dict[str, Any], query: str) -> None:
    for parameter, value in parse_qsl(query, keep_blank_values=True):
        pool_key = parameter.removeprefix("pool_")
        if parameter in ("timeout",) and keys["ENGINE"].startswith("sqlite"):
            keys.setdefault("OPTIONS", {})[parameter] = value
        elif pool_key in _POOL_KEYS:
            keys.setdefault("POOL", {})[pool_key] = value
        elif parameter.upper() in _KEYS and parameter.upper() not in (
            "OPTIONS",
            "POOL",
            "TEST",
            "URL",
            "ENGINE",
        ):
            keys[parameter.upper()] = value
        else:
            keys.setdefault("OPTIONS", {})[parameter] = value


def _without_secrets(url: str) -> str:
    """The URL as it may be shown: what stands before the last @ of its server part is the secret."""
    scheme, separator, rest = url.partition("://")
    credentials, at, tail = rest.rpartition("@")
    if not at:
        return url
    user = credentials.partition(":")[0]
    return f"{scheme}{separator}{user}:{MASK}@{tail}"


def masked_url(settings: DatabaseSettings) -> str:
    """The database as a URL without its password, for messages and logs."""
    if settings.engine == "sqlite":
        return "sqlite://" if settings.name == ":memory:" else f"sqlite:///{settings.name}"
    user = f"{settings.user}{':' + MASK if settings.password else ''}@" if settings.user else ""
    port = f":{settings.port}" if settings.port else ""
    return f"{settings.engine}://{user}{settings.host}{port}/{settings.name}"


def aliases() -> Sequence[str]:
    """Every configured alias."""
    return tuple(current().databases)
