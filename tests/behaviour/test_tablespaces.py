"""Tablespaces: where tables and indexes go, on a database that has them."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import config, models
from rowsmith.db import connections
from rowsmith.exceptions import OperationalError, ProgrammingError

PLACES = ("tables", "indexes", "other_indexes", "everything", "every_index")


class Crossing(models.Model):
    """Every way to say where something goes."""

    name = models.CharField(max_length=30, db_index=True, db_tablespace="indexes")
    data = models.IntegerField(db_index=True)
    code = models.IntegerField(unique=True, db_tablespace="indexes")
    serial = models.IntegerField(unique=True)
    shortcut = models.CharField(max_length=7)
    edges = models.ManyToManyField("self", symmetrical=False, db_tablespace="indexes")

    class Meta:
        db_tablespace = "tables"
        indexes = [
            models.Index(fields=["shortcut"], name="crossing_shortcut", db_tablespace="other_indexes"),
            models.Index(fields=["name", "data"], name="crossing_both"),
            models.Index(fields=["-name"], name="crossing_name_down"),
        ]


class Plot(models.Model):
    """Nothing is said."""

    name = models.IntegerField(db_index=True)
    height = models.IntegerField(unique=True)
    node = models.ForeignKey(Crossing, models.CASCADE)

    class Meta:
        indexes = [models.Index(fields=["height"], name="leaf_height"), models.Index(fields=["name"], name="leaf_name")]


@pytest.fixture
def places(database):
    """The tablespaces of this page; PostgreSQL keeps them in its own directory."""
    connection = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute("SET allow_in_place_tablespaces = on")
        for name in PLACES:
            cursor.execute(f"CREATE TABLESPACE {name} LOCATION ''")
    yield
    with connection.cursor() as cursor:
        for model in (Plot, Crossing.edges.through, Crossing):
            cursor.execute(f"DROP TABLE IF EXISTS {model._meta.db_table}")
        for name in PLACES:
            cursor.execute(f"DROP TABLESPACE {name}")


def where_things_are(model):
    """The tablespace of the table and of each of its indexes, by name; of an index on one column, by the column."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, COALESCE(t.spcname, 'default'), c.relkind, a.attname, i.indnatts
            FROM pg_class c
            LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
            LEFT JOIN pg_index i ON i.indexrelid = c.oid
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE c.oid = %s::regclass OR i.indrelid = %s::regclass
            """,
            (model._meta.db_table, model._meta.db_table),
        )
        found = {}
        for name, space, kind, column, _ in cursor.fetchall():
            if kind == "r":
                found["table"] = space
            elif name in {index.name for index in model._meta.indexes}:
                found[name] = space
            elif name.endswith("_like"):
                found[f"{column} like"] = space
            else:
                found.setdefault(column, space)
    return found


@pytest.mark.only("postgresql")
@pytest.mark.feature("O-008", "TS-002", "TS-004", "TS-005", "TS-007", "TS-008", "TS-009", "TS-010", "TS-011", "TS-012")
def test_everything_goes_where_it_was_told_to(places):
    rowsmith.create_tables(Crossing)
    assert where_things_are(Crossing) == {
        "table": "tables",
        "id": "tables",
        "name": "indexes",
        "name like": "indexes",
        "data": "tables",
        "code": "indexes",
        "serial": "tables",
        "crossing_shortcut": "other_indexes",
        "crossing_both": "tables",
        "crossing_name_down": "indexes",
    }
    edges = where_things_are(Crossing.edges.through)
    assert (edges["table"], edges["from_crossing_id"], edges["to_crossing_id"]) == ("tables", "indexes", "indexes")
    Crossing.objects.create(name="a", data=1, code=1, serial=1, shortcut="a").edges.add(Crossing.objects.get())
    assert Crossing.objects.filter(edges__name="a").count() == 1


@pytest.mark.only("postgresql")
@pytest.mark.feature("TS-003", "TS-006")
def test_the_configuration_says_it_for_all_that_say_nothing(places):
    settings = connections.settings
    config.configure(dict(settings), default_tablespace="everything", default_index_tablespace="every_index")
    rowsmith.create_tables(Crossing, Plot)
    assert where_things_are(Plot) == {
        "table": "everything",
        "id": "every_index",
        "name": "every_index",
        "height": "every_index",
        "node_id": "every_index",
        "leaf_height": "every_index",
        "leaf_name": "every_index",
    }
    found = where_things_are(Crossing)
    assert (found["table"], found["name"], found["data"], found["crossing_both"]) == (
        "tables", "indexes", "every_index", "tables",
    )  # fmt: skip


@pytest.mark.only("postgresql")
@pytest.mark.feature("TS-001")
def test_a_tablespace_that_is_not_there_is_not_made(database):
    with pytest.raises((OperationalError, ProgrammingError), match="tables"):
        rowsmith.create_tables(Crossing)


@pytest.mark.only("sqlite")
@pytest.mark.feature("TS-010")
def test_a_database_without_tablespaces_takes_no_notice(tables):
    tables(Crossing, Plot)
    node = Crossing.objects.create(name="a", data=1, code=1, serial=1, shortcut="a")
    assert Plot.objects.create(name=1, height=2, node=node).node == node
