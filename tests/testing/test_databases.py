"""Databases for tests are made beside those of the program, filled, copied and dropped."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import config, models
from rowsmith.apps import Apps
from rowsmith.db import connections
from rowsmith.exceptions import ConnectionDoesNotExist, ImproperlyConfigured
from rowsmith.execution.schema import existing_tables
from rowsmith.testing import setup_test_databases, teardown_test_databases
from rowsmith.testing.shared import shared_transaction

feature = pytest.mark.feature


registry = Apps()


class Shelf(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        apps = registry


@pytest.fixture(autouse=True)
def program(monkeypatch):
    """A program that has these models and no others; what other tests define is none of its tables."""
    for module in ("rowsmith.testing.databases", "rowsmith.execution.schema"):
        monkeypatch.setattr(f"{module}.apps", registry)
    monkeypatch.setattr("rowsmith.migrations.places.global_apps", registry)


@pytest.fixture
def configured():
    """`configured(databases)` puts a configuration in force, and what was before afterwards."""
    yield config.configure
    rowsmith.close_all()
    config.install(None)


@pytest.fixture
def server(postgresql_url):
    """Statements to the server itself, and the settings of a database on it that need not exist."""
    config.configure(postgresql_url)
    settings = connections["default"].settings_dict

    def ask(sql):
        config.configure(postgresql_url)
        try:
            return connections["default"].fetch(sql, (), list)
        finally:
            rowsmith.close_all()

    ask.settings = {**settings, "NAME": "shop"}
    yield ask
    for (name,) in ask("SELECT datname FROM pg_database WHERE datname LIKE '%test_shop%' OR datname = 'mould'"):
        config.configure(postgresql_url)
        connections["default"].execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    rowsmith.close_all()
    config.install(None)


@pytest.fixture
def made():
    """`made(...)` sets databases up, which are dropped after the test."""
    found = []

    def make(**options):
        found.append(setup_test_databases(**options))
        return found[-1]

    yield make
    for one in found:
        teardown_test_databases(one)


def names(server):
    return sorted(name for (name,) in server("SELECT datname FROM pg_database WHERE datname LIKE '%test_shop%'"))


@feature("TT-012")
def test_sqlite_databases_for_tests_are_in_memory(configured, made, tmp_path):
    program = tmp_path / "program.db"
    configured(f"sqlite:///{program}")
    found = made()
    assert connections["default"].settings.name == ":memory:"
    Shelf.objects.create(name="top")
    assert Shelf.objects.count() == 1
    teardown_test_databases(found)
    assert config.current().databases["default"].name == str(program)
    assert not program.exists()


@feature("TT-012", "DB-043")
def test_sqlite_databases_for_tests_may_have_names(configured, made, tmp_path):
    configured({"default": {"ENGINE": "sqlite", "NAME": "p.db", "TEST": {"NAME": str(tmp_path / "t.db")}}})
    (tmp_path / "t.db").write_text("not a database")
    found = made(suffix="gw1")
    Shelf.objects.create(name="top")
    assert {path.name for path in tmp_path.iterdir()} >= {"t.db", "t_gw1.db"}
    teardown_test_databases(found, keepdb=True)
    again = made(keepdb=True, suffix="gw1")
    assert Shelf.objects.get().name == "top"
    teardown_test_databases(again)
    assert [path.name for path in tmp_path.iterdir()] == ["t.db"]


@feature("TT-012")
def test_postgresql_databases_for_tests_stand_beside_the_program_s(server, made):
    config.configure({"default": server.settings})
    found = made()
    assert connections["default"].fetch("SELECT current_database()", (), list) == [("test_shop",)]
    Shelf.objects.create(name="top")
    teardown_test_databases(found)
    assert names(server) == []
    # What a run that was killed has left is made anew.
    config.configure({"default": server.settings})
    made()
    Shelf.objects.create(name="left behind")
    rowsmith.close_all()
    config.configure({"default": server.settings})
    made()
    assert not Shelf.objects.exists()


@feature("DB-043", "TT-012")
def test_name_charset_collation_and_template_are_those_of_test(server, made):
    server("SELECT 1")
    config.configure({"default": {**server.settings, "NAME": "postgres"}})
    connections["default"].execute("CREATE DATABASE mould")
    config.configure({"default": {**server.settings, "NAME": "mould"}})
    connections["default"].execute("CREATE TABLE found_in_mould (n integer)")
    rowsmith.close_all()
    test = {"NAME": "my_test_shop", "TEMPLATE": "mould"}
    config.configure({"default": {**server.settings, "TEST": test}})
    made()
    assert "found_in_mould" in existing_tables(connections["default"])
    assert connections["default"].fetch("SELECT current_database()", (), list) == [("my_test_shop",)]
    rowsmith.close_all()
    config.configure({"default": {**server.settings, "TEST": {"CHARSET": "LATIN1", "COLLATION": "C"}}})
    made()
    assert connections["default"].fetch("SHOW server_encoding", (), list) == [("LATIN1",)]


@feature("TT-012")
def test_kept_databases_are_copied_from_a_template_that_knows_its_models(server, made):
    config.configure({"default": server.settings})
    found = made(keepdb=True)
    Shelf.objects.create(name="of the first run")
    teardown_test_databases(found, keepdb=True)
    assert names(server) == ["test_shop", "test_shop_template"]
    age = "SELECT oid FROM pg_database WHERE datname = 'test_shop_template'"
    first = server(age)

    config.configure({"default": server.settings})
    found = made(keepdb=True)
    assert not Shelf.objects.exists()
    teardown_test_databases(found, keepdb=True)
    assert server(age) == first

    config.configure({"default": server.settings})
    teardown_test_databases(made(keepdb=True, rebuild=True), keepdb=True)
    second = server(age)
    assert second != first

    class Drawer(models.Model):
        name = models.CharField(max_length=20)

        class Meta:
            apps = registry

    config.configure({"default": server.settings})
    found = made(keepdb=True)
    Drawer.objects.create(name="new")
    teardown_test_databases(found)
    assert names(server) == []


@feature("TT-012")
def test_copies_are_made_for_processes_side_by_side(server, made):
    config.configure({"default": server.settings})
    found = made(parallel=2)
    assert names(server) == ["test_shop", "test_shop_1", "test_shop_2"]
    for number in (1, 2):
        config.install(found.during)
        found.use_clone(number)
        Shelf.objects.create(name=str(number))
        assert Shelf.objects.get().name == str(number)
    with pytest.raises(ValueError, match="2 clones"):
        found.use_clone(3)
    teardown_test_databases(found)
    assert names(server) == []


@feature("DB-043", "TT-012")
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_mirror_is_the_database_that_it_mirrors(configured, made, engine, request):
    if engine == "postgresql":
        settings = request.getfixturevalue("server").settings
    else:
        settings = {"ENGINE": "sqlite", "NAME": "p.db"}
    configured({"default": settings, "replica": {**settings, "NAME": "elsewhere", "TEST": {"MIRROR": "default"}}})
    made()
    Shelf.objects.create(name="top")
    assert Shelf.objects.using("replica").get().name == "top"
    with shared_transaction(["default", "replica"]):
        Shelf.objects.create(name="in the transaction")
        assert Shelf.objects.using("replica").count() == 2
    assert Shelf.objects.using("replica").count() == 1


@feature("DB-043", "TT-012")
def test_databases_are_made_after_those_that_they_depend_on(configured, made):
    order = []

    class Noting:
        def allow_migrate(self, db, app_label, **hints):
            if db not in order:
                order.append(db)

    def database(*needed):
        return {"ENGINE": "sqlite", "NAME": ":memory:", "TEST": {"DEPENDENCIES": list(needed)}}

    databases = {"default": database("diamonds"), "clubs": database("diamonds"), "diamonds": database()}
    configured({**databases, "hearts": {"ENGINE": "sqlite", "NAME": ":memory:"}}, routers=[Noting()])
    made()
    assert order == ["diamonds", "default", "clubs", "hearts"]
    teardown = [database("b"), database("a")]
    configured({"default": database(), "a": teardown[0], "b": teardown[1]})
    with pytest.raises(ImproperlyConfigured, match="in a circle: a -> b -> a"):
        made()
    configured({"default": database("nowhere")})
    with pytest.raises(ConnectionDoesNotExist):
        made()


@feature("TT-012")
def test_other_databases_cannot_be_used_meanwhile(configured, made):
    configured({"default": "sqlite://", "archive": "sqlite://"})
    made(aliases=["default"])
    Shelf.objects.count()
    with pytest.raises(ImproperlyConfigured):
        Shelf.objects.using("archive").count()
