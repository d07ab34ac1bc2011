"""Connections to PostgreSQL: their options, what they set, cursors of the server, counted keys and rows of groups."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import rowsmith
from rowsmith import models, transaction
from rowsmith.config import ImproperlyConfigured
from rowsmith.db import connections
from rowsmith.drivers.postgresql.connection import SyncConnection
from rowsmith.exceptions import IntegrityError, OperationalError
from rowsmith.execution.schema import sequence_resets
from rowsmith.models import Deferrable
from rowsmith.models.functions import Lower
from rowsmith.testing import recorded_statements

pytestmark = pytest.mark.only("postgresql")


class Ticket(models.Model):
    owner = models.CharField(max_length=20, default="")
    place = models.IntegerField(null=True)

    class Meta:
        app_label = "tickets"
        constraints = [
            models.UniqueConstraint(fields=["place"], name="tickets_place", deferrable=Deferrable.DEFERRED)
        ]


class Stub(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True)

    class Meta:
        app_label = "tickets"


@pytest.fixture
def configured(database):
    """Configures the database anew with other settings; OPTIONS are added to those of the tests."""
    known = connections.settings["default"]

    def configure(**changes):
        options = {**known["OPTIONS"], **changes.pop("OPTIONS", {})}
        rowsmith.configure({"default": {**known, **changes, "OPTIONS": options}})
        return connections["default"]

    configure.known = known
    return configure


def shown(connection, what):
    [(value,)] = connection.fetch(f"SHOW {what}", (), list)
    return value


@pytest.mark.plain
@pytest.mark.feature("PG-001")
def test_the_package_is_enabled_by_the_configuration_or_by_use(database):
    program = (
        "import sys, rowsmith\nfrom rowsmith import models\n"
        "assert 'rowsmith.postgres' not in sys.modules\n"
        "{enable}\n"
        "assert 'search' in models.TextField.get_lookups()\n"
    )
    for enable in (
        "rowsmith.configure('sqlite://', postgres=True)",
        "import rowsmith.postgres",
        "from rowsmith.postgres.fields import ArrayField",
    ):
        done = subprocess.run(
            [sys.executable, "-c", program.format(enable=enable)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    import psycopg

    assert tuple(map(int, psycopg.__version__.split(".")[:2])) >= (3, 1)


@pytest.mark.feature("PG-002")
def test_options_of_the_session_and_of_libpq(configured, tmp_path, monkeypatch):
    def level(**options):
        connection = configured(OPTIONS=options)
        with transaction.atomic():
            return shown(connection, "transaction_isolation")

    assert level() == "read committed"
    assert level(isolation_level="serializable") == "serializable"
    assert level(isolation_level="repeatable read") == "repeatable read"
    assert level(isolation_level=4) == "serializable"
    with pytest.raises(ImproperlyConfigured, match="isolation_level"):
        level(isolation_level="loose")
    role = configured(OPTIONS={"assume_role": "pg_monitor"})
    assert role.fetch("SELECT current_user::text", (), list) == [("pg_monitor",)]
    with pytest.raises(ImproperlyConfigured, match="role"):
        configured(OPTIONS={"assume_role": 'x"; DROP'}).fetch("SELECT 1", (), list)
    for options in ({"pool": True}, {"pool": {"min_size": 1, "max_size": 2}}, {"server_side_binding": True}):
        assert configured(OPTIONS=options).fetch("SELECT 1", (), list) == [(1,)]
        assert connections.settings["default"]["CONN_MAX_AGE"] == 0
    # Every database has a pool; an age of connections is one of its options.
    assert configured(CONN_MAX_AGE=10, OPTIONS={"pool": True}).fetch("SELECT 1", (), list) == [(1,)]
    named = configured(OPTIONS={"application_name": "tickets", "sslmode": "prefer"})
    assert shown(named, "application_name") == "tickets"
    with pytest.raises(OperationalError, match="SSL"):
        configured(OPTIONS={"sslmode": "require"}).fetch("SELECT 1", (), list)
    # Everything that says where the server is may stand in a file of services, and the password in one of its own.
    known = configured.known
    service = tmp_path / "services"
    where = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "dbname": "postgres"}
    service.write_text("[tickets]\n" + "".join(f"{name}={value}\n" for name, value in where.items()))
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    passwords = tmp_path / "passwords"
    passwords.write_text("*:*:*:*:secret\n")
    passwords.chmod(0o600)
    rowsmith.configure(
        {"default": {"ENGINE": "postgresql", "OPTIONS": {"service": "tickets", "passfile": str(passwords)}}}
    )
    assert connections["default"].fetch("SELECT current_database()::text", (), list) == [("postgres",)]


@pytest.mark.feature("PG-003")
def test_rows_are_streamed_through_a_cursor_of_the_server(tables, configured):
    tables(Ticket, Stub)
    Ticket.objects.bulk_create([Ticket(owner=str(number)) for number in range(25)])

    def cursors():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pg_cursors")
            return cursor.fetchone()[0]

    with transaction.atomic():
        rows = iter(Ticket.objects.order_by("pk").iterator(chunk_size=10))
        assert next(rows).owner == "0" and cursors() == 1
        assert len(list(rows)) == 24 and cursors() == 0
    # Without a transaction around it, the rows are those of its beginning, whatever is written meanwhile.
    seen = []
    for ticket in Ticket.objects.order_by("pk").iterator(chunk_size=5):
        if not seen:
            Ticket.objects.filter(owner__gt="1").delete()
        seen.append(ticket.owner)
    assert len(seen) == 25
    configured(DISABLE_SERVER_SIDE_CURSORS=True)
    with transaction.atomic():
        rows = iter(Ticket.objects.iterator(chunk_size=1))
        assert next(rows) and cursors() == 0


@pytest.mark.plain
@pytest.mark.feature("PG-004")
def test_only_what_differs_is_set(configured, monkeypatch):
    sent = []
    command = SyncConnection.command
    monkeypatch.setattr(SyncConnection, "command", lambda self, text: (sent.append(text), command(self, text)))
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    connection = configured(OPTIONS={"options": "-c TimeZone=UTC"})
    assert shown(connection, "client_encoding") == "UTF8" and shown(connection, "TimeZone") == "UTC"
    assert shown(connection, "transaction_isolation") == "read committed"
    assert sent == []
    connection = configured(OPTIONS={"options": "-c TimeZone=Asia/Tokyo"})
    assert shown(connection, "TimeZone") == "UTC" and len(sent) == 1


@pytest.mark.feature("PG-005")
def test_keys_given_by_hand_are_counted_once_that_is_asked_for(tables):
    tables(Ticket, Stub)
    Ticket.objects.create(pk=2)
    Ticket.objects.create()
    with pytest.raises(IntegrityError):
        with transaction.atomic():
            Ticket.objects.create()
    statements = sequence_resets(Ticket, Stub)
    assert len(statements) == 2
    Ticket.objects.create(pk=100)
    with connections["default"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    assert Ticket.objects.create().pk == 101
    assert Stub.objects.create().pk == 1


@pytest.mark.feature("PG-006")
def test_plans_are_explained_in_four_forms(tables):
    tables(Ticket)
    tickets = Ticket.objects.filter(owner="a")
    assert "Seq Scan" in tickets.explain() and "Seq Scan" in tickets.explain(format="text")
    assert json.loads(tickets.explain(format="json"))[0]["Plan"]["Relation Name"] == "tickets_ticket"
    assert "Plan" in tickets.explain(format="yaml")
    assert tickets.explain(format="xml").startswith("<explain")
    explained = tickets.explain(analyze=True, verbose=True, buffers=True, timing=False, wal=True, summary=True)
    assert "actual rows" in explained and "Execution Time" in explained
    assert "Memory" in tickets.explain(memory=True)
    assert "Serialization" in tickets.explain(analyze=True, serialize="text")
    for options in ({"generic_plan": "yes"}, {"nothing": True}):
        with pytest.raises(ValueError):
            tickets.explain(**options)
    with pytest.raises(ValueError, match="format"):
        tickets.explain(format="html")


@pytest.mark.feature("PG-007")
def test_first_rows_of_groups_weak_locks_and_rules_that_wait(tables):
    tables(Ticket, Stub)
    for owner, place in (("ann", 3), ("ANN", 1), ("bob", 2)):
        Ticket.objects.create(owner=owner, place=place)
    firsts = Ticket.objects.order_by("owner", "place").distinct("owner")
    assert [ticket.place for ticket in firsts.filter(owner__iexact="ann")] == [1, 3]
    models.CharField.register_lookup(Lower)
    try:
        found = Ticket.objects.order_by("owner__lower", "place").distinct("owner__lower")
        assert [ticket.place for ticket in found] == [1, 2]
    finally:
        models.CharField._unregister_lookup(Lower)
    Stub.objects.create(ticket=Ticket.objects.get(place=1))
    with transaction.atomic(), recorded_statements() as seen:
        list(Stub.objects.select_related("ticket").select_for_update(no_key=True, of=("self",)).filter(ticket__place=1))
    assert 'FOR NO KEY UPDATE OF "tickets_stub"' in seen[-1]
    first, second = Ticket.objects.get(place=1), Ticket.objects.get(place=2)
    with transaction.atomic():
        # At the end no two have one place, so it does not matter that they do in between.
        Ticket.objects.filter(pk=first.pk).update(place=2)
        Ticket.objects.filter(pk=second.pk).update(place=1)
    with pytest.raises(IntegrityError):
        with transaction.atomic():
            Ticket.objects.filter(pk=first.pk).update(place=1)
