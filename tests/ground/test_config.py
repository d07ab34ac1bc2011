"""Configuration: URLs, mappings, the environment, files, and what mistakes get."""

from __future__ import annotations

import pytest

from rowsmith import config
from rowsmith.config import configure
from rowsmith.db import connections
from rowsmith.exceptions import ConnectionDoesNotExist, ImproperlyConfigured

feature = pytest.mark.feature
pytestmark = pytest.mark.usefixtures("unconfigured")


def default(*args, **options):
    return configure(*args, **options).databases["default"]


@feature("CF-002", "CF-009")
@pytest.mark.parametrize(
    "url, name",
    [
        ("sqlite:///shop.db", "shop.db"),
        ("sqlite:////var/shop.db", "/var/shop.db"),
        ("sqlite:///with%20blank%3F.db", "with blank?.db"),
        ("sqlite://", ":memory:"),
        ("sqlite://:memory:", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
        (":memory:", ":memory:"),
    ],
)
def test_a_sqlite_url_names_a_file_or_memory(url, name):
    settings = default(url)
    assert (settings.engine, settings.name) == ("sqlite", name)


@feature("CF-002", "CF-009")
def test_a_server_url_is_percent_decoded_in_every_part():
    settings = default("postgresql+asyncpg://us%40er:p%3Aw%2F@db.example:5433/my%2Fdb?sslmode=require")
    assert settings.engine == "postgresql"
    assert settings.driver == "asyncpg"
    assert (settings.user, settings.password) == ("us@er", "p:w/")
    assert (settings.host, settings.port, settings.name) == ("db.example", 5433, "my/db")
    assert settings.options == {"sslmode": "require"}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_has_several_schemes(scheme):
    assert default(f"{scheme}://localhost/shop").engine == "postgresql"
    assert default("postgres://[::1]:5432/shop").host == "::1"
    assert default("mariadb://localhost/shop").engine == default("mysql://localhost/shop").engine == "mysql"


@feature("CF-010", "CF-011")
def test_pool_options_come_in_the_url_in_options_or_in_a_mapping():
    url = default("postgresql://h/d?pool_max_size=16&min_size=2&timeout=3&max_lifetime=none")
    assert (url.pool.max_size, url.pool.min_size, url.pool.timeout) == (16, 2, 3.0)
    assert url.pool.max_lifetime is None
    entry = {"ENGINE": "postgresql", "NAME": "d", "OPTIONS": {"pool": {"max_size": 3}}, "POOL": {"max_idle": 5}}
    mapping = default({"default": entry})
    assert (mapping.pool.max_size, mapping.pool.max_idle) == (3, 5.0)
    assert mapping.options == {}
    aliases = default({"default": {**entry, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}})
    assert (aliases.pool.max_lifetime, aliases.pool.health_check) == (60.0, 0.0)
    assert default("sqlite:///x.db?timeout=3").options == {"timeout": "3"}


@feature("CF-001", "DB-001", "CF-008")
def test_a_mapping_gives_every_setting_by_its_documented_key():
    entry = {
        "ENGINE": "postgresql",
        "NAME": "shop",
        "USER": "ann",
        "PASSWORD": "secret",
        "HOST": "localhost",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "disable"},
        "AUTOCOMMIT": False,
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "TIME_ZONE": "Europe/Berlin",
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "STATEMENT_TIMEOUT": 2.5,
        "POOLING": "transaction",
        "TEST": {"NAME": "test_shop"},
    }
    settings = default({"default": entry})
    assert {**settings.as_dict(), "PORT": "5433"} == entry


@feature("CF-001")
def test_configuring_again_replaces_everything():
    configure({"default": ":memory:", "other": ":memory:"}, debug=True)
    first, generation = connections["default"], config.generation
    configure(":memory:")
    assert connections["default"] is not first
    assert config.generation == generation + 1
    assert list(connections) == ["default"]
    assert not config.current().debug


@feature("CF-001", "CF-004", "CF-009")
@pytest.mark.parametrize(
    "given, options, message",
    [
        ({"default": {"ENGNE": "sqlite"}}, {}, "Did you mean 'ENGINE'"),
        ({"default": {"ENGINE": "sqlit", "NAME": "x"}}, {}, "Did you mean 'sqlite'"),
        ({"default": {"NAME": "x"}}, {}, "no ENGINE"),
        ({"default": {"ENGINE": "sqlite"}}, {}, "no NAME"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "PORT": "many"}}, {}, "PORT"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "PORT": 70000}}, {}, "65535"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "POOL": {"size": 1}}}, {}, "Unknown pool option"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "POOL": {"max_size": 0}}}, {}, "max_size"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "AUTOCOMMIT": "maybe"}}, {}, "True or False"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "TEST": {"NAM": 1}}}, {}, "Did you mean 'NAME'"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "POOLING": "statement"}}, {}, "'session' or 'transaction'"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "STATEMENT_TIMEOUT": "soon"}}, {}, "STATEMENT_TIMEOUT"),
        ({"default": {"ENGINE": "postgresql", "NAME": "x", "STATEMENT_TIMEOUT": -1}}, {}, "STATEMENT_TIMEOUT"),
        ({"other": ":memory:"}, {}, "no 'default'"),
        ({"default": 3}, {}, "URL or a mapping"),
        (3, {}, "URL or a mapping"),
        ("shop", {}, "sqlite:///file.db"),
        (":memory:", {"use_tzz": True}, "Did you mean 'use_tz'"),
        (":memory:", {"use_tz": 1}, "True or False"),
        (":memory:", {"models": "shop.models"}, "takes a list"),
        (":memory:", {"apps": {"shop": {"lable": "x"}}}, "Did you mean 'label'"),
    ],
)
def test_what_means_nothing_is_refused_and_the_old_configuration_stays(given, options, message):
    before = configure(":memory:")
    with pytest.raises(ImproperlyConfigured, match=message):
        configure(given, **options)
    assert config.current() is before


@feature("CF-018")
def test_secrets_are_not_shown():
    configuration = configure("postgresql://ann:hunter2@localhost/shop?sslpassword=hunter2")
    settings = configuration.databases["default"]
    shown = f"{configuration!r} {settings!r} {settings.as_dict()!r} {config.masked_url(settings)}"
    assert "hunter2" not in shown
    assert settings.as_dict()["PASSWORD"] == "hunter2"
    with pytest.raises(ImproperlyConfigured) as caught:
        configure("postgresql://ann:hunter2@localhost:port/shop")
    assert "hunter2" not in str(caught.value)


@feature("CF-002", "CF-003")
def test_the_environment_names_databases(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///one.db")
    monkeypatch.setenv("DATABASE_URL_REPORTS", "sqlite:///two.db")
    databases = config.current().databases
    assert {alias: settings.name for alias, settings in databases.items()} == {
        "default": "one.db",
        "reports": "two.db",
    }
    assert default(":memory:").name == ":memory:"


@feature("CF-003", "CF-004", "CF-006")
def test_a_file_is_found_upward_and_comes_last(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.rowsmith]\nuse_tz = false\nmodels = ['shop.models']\napps = {shop = {label = 'store'}}\n"
        "[tool.rowsmith.databases]\ndefault = 'sqlite:///file.db'\nlog = 'sqlite:///log.db'\n"
    )
    inner = tmp_path / "src" / "shop"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    config.install(None)
    found = config.current()
    assert found.databases["default"].name == str(tmp_path / "file.db")
    assert (found.use_tz, found.models) == (False, ("shop.models",))
    assert found.apps["shop"] == {"label": "store"}
    monkeypatch.setenv("DATABASE_URL", "sqlite:///environment.db")
    config.install(None)
    assert config.current().databases["default"].name == "environment.db"
    assert config.current().databases["log"].name == str(tmp_path / "log.db")
    assert default("sqlite:///given.db", use_tz=True).name == "given.db"
    assert config.current().use_tz


def test_a_file_of_our_own_and_no_passwords_in_it(tmp_path):
    (tmp_path / "rowsmith.toml").write_text("debug = true\n[databases]\ndefault = ':memory:'\n")
    config.install(None)
    assert config.current().debug
    (tmp_path / "rowsmith.toml").write_text("[databases]\ndefault = 'postgresql://ann:hunter2@h/d'\n")
    config.install(None)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as caught:
        config.current()
    assert "hunter2" not in str(caught.value)
    (tmp_path / "rowsmith.toml").write_text("not toml")
    with pytest.raises(ImproperlyConfigured, match=r"rowsmith\.toml"):
        config.current()


@feature("CF-007")
def test_use_before_configuration_says_what_to_do():
    with pytest.raises(ImproperlyConfigured, match=r"rowsmith\.configure"):
        connections["default"]


@feature("DB-004", "XC-010", "RW-021")
def test_an_unknown_alias_names_what_exists():
    configure({"default": ":memory:", "reports": ":memory:"})
    with pytest.raises(ConnectionDoesNotExist, match="Did you mean 'reports'"):
        connections["report"]


@feature("DB-002", "DB-003")
def test_an_empty_default_fails_when_it_is_used():
    configure({"default": {}, "reports": ":memory:"})
    assert connections["reports"].fetch("SELECT 1", (), list) == [(1,)]
    with pytest.raises(ImproperlyConfigured, match="empty mapping"):
        connections["default"]


@feature("DB-005")
def test_connections_are_like_a_mapping():
    configure({"default": ":memory:", "reports": ":memory:"})
    assert list(connections) == ["default", "reports"]
    assert len(connections) == 2
    assert "reports" in connections
    assert [one.alias for one in connections.all()] == ["default", "reports"]
    assert connections["default"] is connections["default"]


@feature("CF-015")
def test_a_time_zone_of_a_database_needs_time_zones():
    configure({"default": {"ENGINE": "sqlite", "NAME": ":memory:", "TIME_ZONE": "Europe/Berlin"}}, use_tz=False)
    with pytest.raises(ImproperlyConfigured, match="TIME_ZONE"):
        connections["default"]
    configure({"default": {"ENGINE": "sqlite", "NAME": ":memory:", "TIME_ZONE": "Europe/Nowhere"}})
    with pytest.raises(ImproperlyConfigured, match="Nowhere"):
        connections["default"]


@feature("SL-003")
@pytest.mark.parametrize(
    "options, message",
    [
        ({"transaction_mode": "LATER"}, "DEFERRED, IMMEDIATE, EXCLUSIVE"),
        ({"timeuot": 3}, "Did you mean 'timeout'"),
        ({"timeout": "soon"}, "seconds"),
        ({"synchronous": "OFF; DROP TABLE x"}, "one word"),
    ],
)
def test_sqlite_options_are_checked(options, message):
    configure({"default": {"ENGINE": "sqlite", "NAME": ":memory:", "OPTIONS": options}})
    with pytest.raises(ImproperlyConfigured, match=message):
        connections["default"]


@feature("CF-009", "CF-013")
def test_an_engine_may_be_somebody_elses_module(monkeypatch):
    import sys
    import types

    from rowsmith.dialects.sqlite import Dialect
    from rowsmith.drivers.sqlite import Driver

    class Loud(Dialect):
        name = "loud"

    module = types.ModuleType("their.engine")
    module.Dialect, module.Driver = Loud, Driver
    monkeypatch.setitem(sys.modules, "their.engine", module)
    configure({"default": {"ENGINE": "their.engine", "NAME": ":memory:"}})
    assert connections["default"].dialect.name == "loud"
    assert connections["default"].fetch("SELECT 1", (), list) == [(1,)]
    configure({"default": {"ENGINE": "their.missing", "NAME": ":memory:"}})
    with pytest.raises(ImproperlyConfigured, match=r"their"):
        connections["default"]


@feature("DB-011", "DB-022", "DB-023", "DB-025")
def test_the_router_asks_in_order():
    from rowsmith.db import router

    class Replicas:
        def db_for_read(self, model, **hints):
            return "replica" if model == "book" else None

    class Writes:
        def __init__(self):
            self.hints = None

        def db_for_write(self, model, **hints):
            self.hints = hints
            return "primary"

        def allow_relation(self, one, other, **hints):
            return True

        def allow_migrate(self, db, app_label, model_name=None, **hints):
            return db != "replica"

    writes = Writes()
    configure(":memory:", routers=[Replicas, writes])
    assert router.db_for_read("book") == "replica"
    assert router.db_for_read("author") == "default"
    assert router.db_for_write("book", extra=1) == "primary"
    assert writes.hints == {"extra": 1}
    assert router.allow_relation(None, None)
    assert not router.allow_migrate("replica", "shop")
    configure(":memory:")
    assert router.db_for_write("book") == "default"
    assert router.allow_migrate("replica", "shop")
    configure(":memory:", routers=["no.such.Router"])
    with pytest.raises(ImproperlyConfigured, match=r"no\.such"):
        router.db_for_read("book")


def test_what_stands_beside_a_url_adds_to_its_parameters():
    found = config.configure({
        "default": {
            "URL": "postgresql://u@one:5001,two:5002/name?sslmode=require&pool_max_size=3",
            "OPTIONS": {"target_session_attrs": "read-write"},
            "POOL": {"timeout": 2},
        }
    }).database("default")  # fmt: skip
    assert dict(found.options) == {
        "port": "5001,5002", "sslmode": "require", "target_session_attrs": "read-write",
    }  # fmt: skip
    assert (found.pool.max_size, found.pool.timeout) == (3, 2)
