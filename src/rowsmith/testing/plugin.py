"""The plugin for pytest: databases for tests, and what tests want to know about statements."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rowsmith.testing import CaptureQueriesContext, TestDatabases

DEFAULT_DB_ALIAS = "default"

_findings = pytest.StashKey[Any]()


def _part(name: str) -> Any:
    """A module of rowsmith.testing, imported when a test needs it: most runs of pytest do not."""
    return importlib.import_module(f"rowsmith.testing.{name}")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rowsmith", "databases of rowsmith")
    group.addoption("--reuse-db", action="store_true", help="keep test databases for the next run")
    group.addoption("--create-db", action="store_true", help="make test databases anew in spite of --reuse-db")
    group.addoption(
        "--migrations", action="store_true", dest="rowsmith_migrations", default=None, help="make tables by migrations"
    )
    group.addoption(
        "--no-migrations", action="store_false", dest="rowsmith_migrations", help="make tables of the models at once"
    )
    group.addoption(
        "--n-plus-one",
        choices=("report", "error"),
        help="find relations that are loaded for one instance after the other: list them, or let their tests fail",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "rowsmith(databases=('default',), transaction=False, reset_sequences=False): the test uses these databases (or "
        "'__all__'); what it writes is rolled back, or with transaction=True committed and deleted afterwards.",
    )
    if config.getoption("--n-plus-one"):
        config.stash[_findings] = _part("one_by_one").Findings()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    findings = item.config.stash.get(_findings, None)
    if findings is None:
        return (yield)
    if item.config.getoption("--n-plus-one") == "report":
        with findings.watching(item.nodeid):
            return (yield)
    own = _part("one_by_one").Findings()
    with own.watching(item.nodeid):
        result = yield
    if own.found:
        pytest.fail("\n".join(own.lines()), pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    findings = config.stash.get(_findings, None)
    if findings is not None and findings.found:
        terminalreporter.section("loaded one by one (N+1)")
        for line in findings.lines():
            terminalreporter.write_line(line)


# Databases


@pytest.fixture(scope="session")
def rowsmith_database(request: pytest.FixtureRequest) -> Iterator[TestDatabases]:
    """The test databases of this run, with the tables of all models; each worker of pytest-xdist has its own.

    Configure the program's databases before, in `conftest.py`, or by DATABASE_URL or `pyproject.toml`.
    """
    databases = _part("databases")
    options = request.config.option
    worker = getattr(request.config, "workerinput", {}).get("workerid", "")
    made = databases.setup_test_databases(
        keepdb=options.reuse_db, suffix=worker, migrate=options.rowsmith_migrations, rebuild=options.create_db
    )
    yield made
    databases.teardown_test_databases(made, keepdb=options.reuse_db)


@pytest.fixture
def db(request: pytest.FixtureRequest, rowsmith_database: TestDatabases) -> Iterator[None]:
    """The test may use databases; what it and its fixtures write is rolled back.

    All of the test shares one connection, on whichever thread or event loop it runs; `on_commit` functions are kept
    back, see `capture_on_commit_callbacks`.
    """
    if "transactional_db" in request.fixturenames:
        request.getfixturevalue("transactional_db")
        yield
        return
    shared = _part("shared")
    with _allowed(request) as aliases, shared.shared_transaction(aliases):
        yield


@pytest.fixture
def transactional_db(request: pytest.FixtureRequest, rowsmith_database: TestDatabases) -> Iterator[None]:
    """The test may use databases and commit; afterwards the tables of all models are emptied."""
    marker = request.node.get_closest_marker("rowsmith")
    reset_sequences = marker is not None and bool(marker.kwargs.get("reset_sequences"))
    empty_tables = importlib.import_module("rowsmith.execution.emptying").empty_tables
    with _allowed(request) as aliases:
        if reset_sequences:
            for alias in aliases:
                empty_tables(alias, reset_sequences=True)
        try:
            yield
        finally:
            for alias in aliases:
                empty_tables(alias, reset_sequences=reset_sequences)


@pytest.fixture(autouse=True)
def _rowsmith_marked(request: pytest.FixtureRequest) -> None:
    """What a test with the marker `rowsmith` has asked for."""
    marker = request.node.get_closest_marker("rowsmith")
    if marker is not None:
        unknown = set(marker.kwargs) - {"databases", "transaction", "reset_sequences"}
        if unknown or marker.args:
            raise pytest.UsageError(
                "The marker rowsmith takes databases=, transaction= and reset_sequences=, "
                f"not {', '.join(sorted(unknown)) or 'what has no name'}."
            )
        request.getfixturevalue("transactional_db" if marker.kwargs.get("transaction") else "db")


@contextlib.contextmanager
def _allowed(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The databases that a test may use; statements to others fail."""
    connections = importlib.import_module("rowsmith.db").connections
    marker = request.node.get_closest_marker("rowsmith")
    wanted = (DEFAULT_DB_ALIAS,) if marker is None else marker.kwargs.get("databases", (DEFAULT_DB_ALIAS,))
    # An empty mapping is no database.
    there = [alias for alias in connections if connections.settings[alias]["ENGINE"]]
    aliases = there if wanted == "__all__" else list(wanted)
    for alias in aliases:
        connections[alias]  # or it says what exists
    shared, forbidden = _part("shared"), _part("cases").DatabaseOperationForbidden

    def explain(alias: str) -> Exception:
        error: Exception = forbidden(
            f"{request.node.nodeid} asked the database {alias!r}, which it does not name. Write: "
            f"@pytest.mark.rowsmith(databases={sorted({*aliases, alias})!r})"
        )
        return error

    with shared.refused_databases(set(there) - set(aliases), explain):
        yield aliases


# Statements


@pytest.fixture
def assert_num_queries() -> Callable[..., Any]:
    """`with assert_num_queries(2, using="default") as queries:` fails unless the block sends that many statements."""
    return lambda num, using=DEFAULT_DB_ALIAS: _counted(using, num, num)


@pytest.fixture
def assert_max_queries() -> Callable[..., Any]:
    """`with assert_max_queries(5, using="default") as queries:` fails when the block sends more statements."""
    return lambda num, using=DEFAULT_DB_ALIAS: _counted(using, 0, num)


@pytest.fixture
def no_queries() -> Callable[..., Any]:
    """`with no_queries(using="default"):` fails when the block sends any statement."""
    return lambda using=DEFAULT_DB_ALIAS: _counted(using, 0, 0)


@contextlib.contextmanager
def _counted(using: str, least: int, most: int) -> Iterator[CaptureQueriesContext]:
    __tracebackhide__ = True
    connection = importlib.import_module("rowsmith.db").connections[using]
    with _part("statements").CaptureQueriesContext(connection) as captured:
        yield captured
    sent = [query["sql"] for query in captured.captured_queries]
    if not least <= len(sent) <= most:
        wanted = f"{most}" if least == most else f"at most {most}"
        listed = "\n".join(f"{number}. {sql}" for number, sql in enumerate(sent, 1))
        pytest.fail(f"{len(sent)} queries were sent, {wanted} expected:\n{listed}")


@pytest.fixture
def capture_on_commit_callbacks() -> Callable[..., Any]:
    """`with capture_on_commit_callbacks(using="default", execute=True) as callbacks:`, as of TestCase."""
    capture: Callable[..., Any] = _part("cases").TestCase.captureOnCommitCallbacks
    return capture
