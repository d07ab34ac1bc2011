"""Connections: cursors of one's own, streams, errors of the driver, and what a connection tells of itself."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import uuid

import pytest

import rowsmith
from rowsmith import aio, config, transaction
from rowsmith.db import connection as default_connection
from rowsmith.db import connections, lifespan
from rowsmith.exceptions import (
    CheckViolation,
    DatabaseError,
    DataError,
    ForeignKeyViolation,
    InterfaceError,
    NotNullViolation,
    NotSupportedError,
    ProgrammingError,
    SynchronousOnlyOperation,
    TransactionManagementError,
    UniqueViolation,
)
from rowsmith.signals import connection_created

feature = pytest.mark.feature


@pytest.fixture
def numbers(database):
    """A table with the numbers 1 to 5."""
    cursor = database.cursor()
    cursor.execute("CREATE TABLE numbers (n integer PRIMARY KEY, name varchar(20))")
    cursor.executemany("INSERT INTO numbers VALUES (%s, %s)", [(n, f"n{n}") for n in range(1, 6)])
    yield database
    database.cursor().execute("DROP TABLE numbers")


def native(connection, text):
    """`text` with the places that the dialect writes."""
    return text if connection.vendor == "sqlite" else text.replace("?", "$1", 1).replace("?", "$2", 1)


# --- cursors --------------------------------------------------------------------------------------


@feature("RW-022", "RW-026")
def test_a_cursor_reads_rows_in_every_way(numbers):
    cursor = numbers.cursor()
    cursor.execute("SELECT n, name FROM numbers ORDER BY n")
    assert [column[0] for column in cursor.description] == ["n", "name"]
    assert cursor.fetchone() == (1, "n1")
    assert cursor.fetchmany(2) == [(2, "n2"), (3, "n3")]
    assert cursor.fetchmany() == [(4, "n4")]
    assert cursor.fetchall() == [(5, "n5")]
    assert cursor.fetchone() is None
    assert cursor.fetchall() == []


@feature("RW-031")
def test_iterating_a_cursor_gives_rows(numbers):
    cursor = numbers.cursor().execute("SELECT n FROM numbers WHERE n > %s ORDER BY n", [3])
    assert list(cursor) == [(4,), (5,)]


@feature("RW-023", "RW-012", "RW-024")
def test_values_go_into_percent_s_and_nowhere_else(numbers):
    cursor = numbers.cursor()
    hostile = "'; DROP TABLE numbers; --"
    cursor.execute("SELECT %s, '100 %%', %s", (hostile, None))
    assert cursor.fetchone() == (hostile, "100 %", None)
    cursor.execute("SELECT '%s %% %'")
    assert cursor.fetchone() == ("%s %% %",)
    cursor.execute("SELECT name FROM numbers WHERE n = %(n)s AND n < %(limit)s", {"n": 2, "limit": 9})
    assert cursor.fetchone() == ("n2",)


@feature("RW-009", "RW-031")
@pytest.mark.parametrize(
    "sql, params",
    [
        ("SELECT %(a)s", {"b": 1}),
        ("SELECT %s, %s", [1]),
        ("SELECT %s", [1, 2]),
        ("SELECT %d", [1]),
        ("SELEC %s", [1]),
    ],
)
def test_places_that_do_not_fit_the_values_are_database_errors(database, sql, params):
    with pytest.raises(DatabaseError):
        database.cursor().execute(sql, params)
    assert database.cursor().execute("SELECT 1").fetchone() == (1,)


@feature("RW-025")
def test_a_cursor_closes_itself(numbers):
    with numbers.cursor() as cursor:
        cursor.execute("SELECT 1")
    with pytest.raises(InterfaceError, match="closed"):
        cursor.fetchone()
    with pytest.raises(InterfaceError, match="closed"):
        cursor.execute("SELECT 1")


@feature("RW-022")
def test_a_cursor_counts_rows(numbers):
    cursor = numbers.cursor()
    assert cursor.execute("UPDATE numbers SET name = 'x' WHERE n > %s", [2]).rowcount == 3
    assert cursor.executemany("DELETE FROM numbers WHERE n = %s", [[1], [2]]).rowcount == 2
    with pytest.raises(ProgrammingError, match="no rows"):
        cursor.fetchone()
    with pytest.raises(TypeError, match="list"):
        cursor.execute("SELECT %s", "text")


@feature("RW-027")
def test_two_columns_of_one_name_stay_two(database):
    cursor = database.cursor().execute("SELECT 1 AS a, 2 AS a")
    assert [column[0] for column in cursor.description] == ["a", "a"]
    assert cursor.fetchone() == (1, 2)


@feature("RW-028")
@pytest.mark.only("postgresql")
def test_a_stored_procedure_is_called_by_name(database):
    cursor = database.cursor()
    cursor.callproc("lower", ["ABC"])
    assert cursor.fetchone() == ("abc",)
    with pytest.raises(NotSupportedError):
        cursor.callproc("lower", kparams={"a": 1})
    with pytest.raises(DatabaseError):
        cursor.callproc("lower('x'); SELECT upper", ["ABC"])


@feature("RW-028")
@pytest.mark.only("sqlite")
def test_sqlite_has_no_procedures(database):
    with pytest.raises(NotSupportedError):
        database.cursor().callproc("lower", ["ABC"])


def test_values_of_python_types_bind(database):
    text_type = {"sqlite": "text", "postgresql": "varchar"}[database.vendor]
    values = [
        datetime.date(2024, 2, 29),
        decimal.Decimal("1.50"),
        uuid.UUID(int=7),
        datetime.time(1, 2, 3),
        True,
        1.5,
    ]
    row = database.cursor().execute(f"SELECT {', '.join([f'CAST(%s AS {text_type})'] * 6)}", values).fetchone()
    assert row[0] == "2024-02-29"
    assert row[1] == "1.50"
    assert row[3] == "01:02:03"


@pytest.mark.only("postgresql")
def test_postgresql_rows_come_back_as_python_values(database):
    row = database.fetch(
        "SELECT TIMESTAMPTZ '2024-02-29 12:00+02', '{\"a\": [1]}'::jsonb, INTERVAL '1 day 2 s', 1.50::numeric, "
        "'::1'::inet, '10.0.0.0/8'::cidr, '00000000-0000-0000-0000-000000000007'::uuid, DATE '2024-02-29'",
        (),
        list,
    )[0]
    assert row == (
        datetime.datetime(2024, 2, 29, 10, tzinfo=datetime.UTC),
        {"a": [1]},
        datetime.timedelta(days=1, seconds=2),
        decimal.Decimal("1.50"),
        "::1",
        "10.0.0.0/8",
        uuid.UUID(int=7),
        datetime.date(2024, 2, 29),
    )
    assert row[0].tzinfo is datetime.UTC


@pytest.mark.only("postgresql")
def test_postgresql_integers_are_as_wide_as_in_sql_text(database):
    def kind(value):
        return database.fetch("SELECT pg_typeof($1)::text", (value,), list)[0][0]

    assert [kind(1), kind(70_000), kind(2**40), kind(2**70)] == ["integer", "integer", "bigint", "numeric"]
    assert database.fetch("SELECT $1 * $2", (30_000, 30_000), list) == [(900_000_000,)]
    assert database.fetch("SELECT n FROM generate_series(1, 5) n WHERE n = ANY($1)", ([2, 4, 2**80],), list) == [
        (2,),
        (4,),
    ]
    assert database.fetch("SELECT n FROM generate_series(1, 5) n WHERE n = ANY($1)", ([],), list) == []


# --- errors ---------------------------------------------------------------------------------------


@feature("XC-006", "XC-007", "XC-019")
def test_violations_tell_constraint_table_and_columns(database):
    cursor = database.cursor()
    cursor.execute("CREATE TABLE parents (id integer PRIMARY KEY)")
    cursor.execute(
        "CREATE TABLE children (id integer PRIMARY KEY, a integer NOT NULL, b integer, "
        "parent_id integer REFERENCES parents (id), "
        "CONSTRAINT a_and_b UNIQUE (a, b), CONSTRAINT small CHECK (b < 100))"
    )
    try:
        cursor.execute("INSERT INTO children VALUES (1, 1, 1, NULL)")

        def error_of(*values):
            with pytest.raises(DatabaseError) as caught:
                cursor.execute("INSERT INTO children VALUES (%s, %s, %s, %s)", values)
            assert caught.value.__cause__ is not None
            assert type(caught.value.__cause__).__module__.split(".")[0] in ("sqlite3", "psycopg")
            return caught.value

        twice = error_of(2, 1, 1, None)
        assert (type(twice), twice.table, twice.columns) == (UniqueViolation, "children", ("a", "b"))
        missing = error_of(2, None, 1, None)
        assert (type(missing), missing.table, missing.columns) == (NotNullViolation, "children", ("a",))
        check = error_of(2, 2, 100, None)
        assert (type(check), check.constraint) == (CheckViolation, "small")
        assert type(error_of(2, 2, 2, 99)) is ForeignKeyViolation
        assert twice.sqlstate == {"sqlite": "SQLITE_CONSTRAINT_UNIQUE", "postgresql": "23505"}[database.vendor]
    finally:
        cursor.execute("DROP TABLE children")
        cursor.execute("DROP TABLE parents")


@pytest.mark.parametrize("value", ["lone \ud800 surrogate", "nul \x00 character", 2**70])
def test_values_without_a_form_are_kept_or_refused_with_a_typed_error(numbers, value):
    try:
        rows = numbers.cursor().execute("SELECT name FROM numbers WHERE name = %s OR 1 = 0", [value]).fetchall()
    except (DataError, ProgrammingError):
        pass
    else:
        assert rows == []
    assert numbers.cursor().execute("SELECT count(*) FROM numbers").fetchone() == (5,)


# --- streams --------------------------------------------------------------------------------------

ROWS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25) SELECT i FROM n",
    "postgresql": "SELECT generate_series(1, 25)",
}


@feature("CF-010")
def test_a_stream_gives_rows_in_chunks_and_its_connection_back(database):
    before = database.figures.in_use
    sizes = []
    for chunk in database.stream(ROWS[database.vendor], (), 10):
        sizes.append(len(chunk))
        assert database.fetch("SELECT 1", (), list) == [(1,)]
    assert sizes == [10, 10, 5]
    assert list(database.stream("SELECT 1 WHERE 1 = 0", (), 10)) == []
    assert database.figures.in_use == before


def test_a_stream_that_is_left_early_gives_its_connection_back(database):
    stream = database.stream(ROWS[database.vendor], (), 10)
    assert len(next(stream)) == 10
    stream.close()
    assert database.figures.in_use == 0
    with pytest.raises(DatabaseError):
        list(database.stream("SELECT nothing FROM nowhere", (), 10))
    assert database.figures.in_use == 0


def test_a_stream_in_a_transaction_sees_what_it_did(numbers):
    with transaction.atomic():
        numbers.execute("DELETE FROM numbers WHERE n > 3", ())
        rows = []
        for chunk in numbers.stream("SELECT n FROM numbers ORDER BY n", (), 2):
            rows += chunk
            numbers.fetch("SELECT 1", (), list)
        assert rows == [(1,), (2,), (3,)]


def test_streams_can_be_read_at_once_on_request(database):
    config.configure({"default": {**connections.settings["default"], "DISABLE_SERVER_SIDE_CURSORS": True}})
    chunks = list(connections["default"].stream(ROWS[database.vendor], (), 10))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]


# --- statements of the library --------------------------------------------------------------------


def test_statements_use_the_places_of_the_dialect(numbers):
    assert numbers.execute(native(numbers, "UPDATE numbers SET name = ? WHERE n > ?"), ("x", 3)) == 2
    insert = native(numbers, "INSERT INTO numbers (n, name) VALUES (?, ?)")
    assert numbers.execute_many(insert, [(6, "a"), (7, "b")]) == 2
    assert numbers.fetch(native(numbers, "SELECT n FROM numbers WHERE name = ?"), ("b",), list) == [(7,)]


async def test_afetch_reads_without_the_bridge(numbers):
    assert await numbers.afetch("SELECT n FROM numbers WHERE n < 3 ORDER BY n", (), list) == [(1,), (2,)]
    async with transaction.atomic():
        assert await numbers.afetch("SELECT count(*) FROM numbers", (), list) == [(5,)]
    with pytest.raises(DatabaseError):
        await numbers.afetch("SELECT nothing FROM nowhere", (), list)
    assert numbers.figures.in_use == 0


async def test_cursors_have_awaitable_twins(numbers):
    async with numbers.cursor() as cursor:
        await cursor.aexecute("SELECT n FROM numbers ORDER BY n")
        assert [n async for (n,) in cursor] == [1, 2, 3, 4, 5]
        await cursor.aexecutemany("DELETE FROM numbers WHERE n = %s", [[1], [2]])
        await cursor.aexecute("SELECT count(*) FROM numbers")
        assert cursor.fetchone() == (3,)


# --- event loops ----------------------------------------------------------------------------------


@feature("AS-009")
async def test_plain_statements_on_a_running_loop_are_refused_with_the_cure(database):
    for call in (
        lambda: database.fetch("SELECT 1", (), list),
        lambda: database.execute("SELECT 1"),
        lambda: database.cursor().execute("SELECT 1"),
        lambda: transaction.atomic().__enter__(),
        lambda: next(database.stream("SELECT 1", (), 1)),
    ):
        with pytest.raises(SynchronousOnlyOperation, match=r"aio\.run"):
            call()


@feature("AS-013")
async def test_the_refusal_can_be_turned_off(database, monkeypatch):
    monkeypatch.setenv("ROWSMITH_ALLOW_ASYNC_UNSAFE", "1")
    assert database.fetch("SELECT 1", (), list) == [(1,)]


@feature("AS-015")
async def test_child_tasks_share_the_block_one_statement_at_a_time(numbers):
    async with transaction.atomic():
        await aio.run(numbers.execute, "DELETE FROM numbers WHERE n = 1")
        counts = await asyncio.gather(
            *[asyncio.create_task(numbers.afetch("SELECT count(*) FROM numbers", (), list)) for _ in range(8)]
        )
        assert counts == [[(4,)]] * 8

        async def nested():
            async with transaction.atomic():
                pass

        with pytest.raises(TransactionManagementError, match="task"):
            await asyncio.create_task(nested())
        opened = asyncio.Event()

        async def later():
            await opened.wait()
            await numbers.afetch("SELECT 1", (), list)

        late = asyncio.create_task(later())
    opened.set()
    with pytest.raises(TransactionManagementError, match="has ended"):
        await late


@feature("AS-015")
async def test_a_thread_cannot_use_the_block_of_a_task(database):
    async with transaction.atomic():
        with pytest.raises(TransactionManagementError, match=r"aio\.run"):
            await asyncio.to_thread(database.fetch, "SELECT 1", (), list)


@feature("AS-014")
async def test_tasks_outside_of_a_transaction_run_side_by_side(database):
    slow = {"sqlite": "SELECT 1", "postgresql": "SELECT pg_sleep(0.05)"}[database.vendor]
    await asyncio.gather(*[database.afetch(slow, (), list) for _ in range(5)])
    assert database.figures.size >= 2


@feature("AS-020", "CF-010")
async def test_pools_open_and_close_with_the_lifespan(database):
    config.configure({"default": {**connections.settings["default"], "POOL": {"min_size": 2}}})
    connection = connections["default"]
    async with lifespan():
        assert connection.figures.idle == 2
    assert connection.figures.size == 0
    async with lifespan("an application"):
        assert await connection.afetch("SELECT 1", (), list) == [(1,)]
    await rowsmith.aclose_all()
    assert connection.figures.size == 0


# --- watching -------------------------------------------------------------------------------------


@feature("IN-001", "IN-003", "IN-004", "IN-005", "IN-006", "IN-012", "IN-015")
def test_a_wrapper_sees_every_statement_of_its_block(numbers):
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append((sql, params, many, context["connection"].alias, "cursor" in context))
        return execute(sql, params, many, context)

    with numbers.execute_wrapper(watch):
        assert numbers.execute_wrappers == [watch]
        numbers.cursor().execute("SELECT %s", [1])
        numbers.cursor().executemany("DELETE FROM numbers WHERE n = %s", [[1], [2]])
        assert numbers.fetch("SELECT 2", (), list) == [(2,)]
        assert list(numbers.stream("SELECT 3", (), 1)) == [[(3,)]]
    numbers.fetch("SELECT 4", (), list)
    assert numbers.execute_wrappers == []
    assert seen == [
        ("SELECT %s", [1], False, "default", True),
        ("DELETE FROM numbers WHERE n = %s", [[1], [2]], True, "default", True),
        ("SELECT 2", (), False, "default", True),
        ("SELECT 3", (), False, "default", True),
    ]


@feature("IN-007", "IN-001", "IN-009")
def test_a_wrapper_can_block_statements_and_leaves_with_its_block(numbers):
    def blocker(*args):
        raise KeyError("blocked")

    with pytest.raises(KeyError):
        with numbers.execute_wrapper(blocker):
            numbers.fetch("SELECT 1", (), list)
    assert numbers.fetch("SELECT 1", (), list) == [(1,)]
    errors = []

    def record(execute, sql, params, many, context):
        try:
            return execute(sql, params, many, context)
        except DatabaseError as error:
            errors.append(error)
            raise

    with numbers.execute_wrapper(record), pytest.raises(DatabaseError):
        numbers.fetch("SELECT nothing FROM nowhere", (), list)
    assert len(errors) == 1
    assert numbers.figures.in_use == 0


@feature("IN-008", "IN-010", "IN-011")
def test_wrappers_nest_and_may_change_the_statement(numbers):
    class Adder:
        def __init__(self, name):
            self.name = name
            self.seen = []

        def __call__(self, execute, sql, params, many, context):
            self.seen.append(sql)
            return execute(f"{sql} /* {self.name} */", params, many, context)

    outer, inner = Adder("outer"), Adder("inner")
    with numbers.execute_wrapper(outer):
        with numbers.execute_wrapper(inner):
            numbers.fetch("SELECT 1", (), list)
        numbers.fetch("SELECT 2", (), list)
    assert outer.seen == ["SELECT 1", "SELECT 2"]
    assert inner.seen == ["SELECT 1 /* outer */"]


@feature("IN-013")
def test_savepoints_pass_through_wrappers_and_begin_does_not(numbers):
    from rowsmith.testing import recorded_statements

    with recorded_statements() as seen:
        with transaction.atomic():
            with transaction.atomic():
                pass
    assert [text.split()[0] for text in seen] == ["SAVEPOINT", "RELEASE"]


@feature("IN-014", "OP-008", "OP-009", "CF-012")
def test_the_log_of_queries_fills_in_debug_mode_only(numbers):
    from rowsmith.db import reset_queries
    from rowsmith.testing import CaptureQueriesContext

    numbers.fetch("SELECT 1", (), list)
    assert numbers.queries == []
    with CaptureQueriesContext(numbers) as captured:
        numbers.fetch("SELECT 2", (), list)
        numbers.cursor().executemany("DELETE FROM numbers WHERE n = %s", [[1], [2]])
    numbers.fetch("SELECT 3", (), list)
    assert [query["sql"] for query in captured] == ["SELECT 2", "2 times: DELETE FROM numbers WHERE n = %s"]
    assert len(captured) == 2 and float(captured[0]["time"]) >= 0
    assert numbers.queries_log.maxlen == 9000
    reset_queries()
    assert numbers.queries == []


@feature("IN-002")
async def test_a_wrapper_of_one_task_does_not_see_the_statements_of_another(numbers):
    from rowsmith.testing import recorded_statements

    async def other():
        await numbers.afetch("SELECT 'other'", (), list)

    task_started = asyncio.Event()

    async def bystander():
        await task_started.wait()
        await other()

    task = asyncio.create_task(bystander())
    with recorded_statements() as seen:
        task_started.set()
        await task
        await numbers.afetch("SELECT 'own'", (), list)
    assert seen == ["SELECT 'own'"]


# --- connections as such --------------------------------------------------------------------------


@feature("CF-012", "CF-010")
def test_a_connection_tells_of_itself(world, database):
    assert (database.vendor, database.alias) == (world.vendor, "default")
    assert database.settings_dict["ENGINE"] == world.vendor
    assert database.features is not None
    assert database.ops.quote_name('a"b') == '"a""b"'
    database.ensure_connection()
    assert database.is_usable()
    assert default_connection.alias == "default"
    assert default_connection == database
    database.close()
    assert database.figures.idle == 0
    assert database.fetch("SELECT 1", (), list) == [(1,)]


@feature("CF-011")
def test_closing_everything_leaves_nothing_open(database):
    database.fetch("SELECT 1", (), list)
    connections.close_all()
    assert database.figures.size == 0
    assert database.fetch("SELECT 1", (), list) == [(1,)]


def test_closing_inside_a_transaction_does_not_commit_half_of_it(numbers):
    with pytest.raises(DatabaseError):
        with transaction.atomic():
            numbers.execute("DELETE FROM numbers")
            numbers.close()
            numbers.fetch("SELECT 1", (), list)
    assert numbers.fetch("SELECT count(*) FROM numbers", (), list) == [(5,)]
    assert numbers.figures.in_use == 0


def test_new_connections_are_announced_and_can_be_prepared(database):
    database.close()
    seen = []

    def prepare(sender, connection, **kwargs):
        seen.append(connection.fetch("SELECT 1", (), list))
        with transaction.atomic():
            connection.cursor().execute("SELECT 2")

    connection_created.connect(prepare)
    try:
        database.fetch("SELECT 3", (), list)
        database.fetch("SELECT 3", (), list)
    finally:
        connection_created.disconnect(prepare)
    assert seen == [[(1,)]]
    assert database.figures.in_use == 0


def test_a_lease_keeps_one_connection_for_a_block(database):
    with database.lease():
        database.cursor().execute("CREATE TEMPORARY TABLE passing (n integer)")
        with transaction.atomic():
            database.cursor().execute("INSERT INTO passing VALUES (1)")
        assert not database.in_atomic_block
        assert database.fetch("SELECT n FROM passing", (), list) == [(1,)]
        database.cursor().execute("DROP TABLE passing")
    assert database.figures.in_use == 0


def test_foreign_keys_can_be_checked_now(database):
    cursor = database.cursor()
    cursor.execute("CREATE TABLE parents (id integer PRIMARY KEY)")
    cursor.execute("CREATE TABLE children (parent_id integer REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
    try:
        with pytest.raises(DatabaseError):
            with transaction.atomic():
                cursor.execute("INSERT INTO children VALUES (99)")
                with pytest.raises(ForeignKeyViolation):
                    database.check_constraints()
                raise DatabaseError("undo")
        database.check_constraints(["children"])
    finally:
        cursor.execute("DROP TABLE children")
        cursor.execute("DROP TABLE parents")


@feature("SL-004")
@pytest.mark.only("sqlite")
def test_sqlite_is_set_up_as_an_embedded_database_should_be(database):
    def pragma(name):
        return database.fetch(f"PRAGMA {name}", (), list)[0][0]

    assert (pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")) == ("wal", 1, 1)
    assert pragma("busy_timeout") == 5000
    options = {
        "journal_mode": "DELETE",
        "synchronous": "FULL",
        "foreign_keys": False,
        "init_command": "PRAGMA cache_size=77",
    }
    config.configure({"default": {**connections.settings["default"], "NAME": ":memory:", "OPTIONS": options}})
    other = connections["default"]
    assert other.fetch("PRAGMA foreign_keys", (), list) == [(0,)]
    assert other.fetch("PRAGMA cache_size", (), list) == [(77,)]


@feature("SL-002")
@pytest.mark.only("sqlite")
def test_a_database_in_memory_is_one_for_everybody(database):
    import threading

    config.configure(":memory:")
    connection = connections["default"]
    connection.cursor().execute("CREATE TABLE t (n integer)")
    seen = []
    thread = threading.Thread(target=lambda: seen.append(connection.fetch("SELECT count(*) FROM t", (), list)))
    with transaction.atomic():
        connection.cursor().execute("INSERT INTO t VALUES (1)")
        for chunk in connection.stream("SELECT n FROM t", (), 1):
            assert connection.fetch("SELECT 1", (), list) == [(1,)]
            assert chunk == [(1,)]
    thread.start()
    thread.join()
    assert seen == [[(1,)]]
    connection.close()
    assert connection.fetch("SELECT count(*) FROM t", (), list) == [(1,)]
    assert connection.figures.in_use == 0
