"""atomic, savepoints, on_commit and autocommit, in statements of one's own."""

from __future__ import annotations

import logging
from functools import partial

import pytest

from rowsmith import aio, transaction
from rowsmith.db import connections
from rowsmith.exceptions import (
    DatabaseError,
    IntegrityError,
    ProgrammingError,
    TransactionManagementError,
    UniqueViolation,
)

feature = pytest.mark.feature


class Notes:
    """A table of unique texts."""

    def __init__(self, connection):
        self.connection = connection

    def create(self):
        self.ask("CREATE TABLE notes (id integer PRIMARY KEY, text varchar(50) NOT NULL UNIQUE)")

    def drop(self):
        self.ask("DROP TABLE notes")

    def add(self, id, text=None):
        self.ask("INSERT INTO notes (id, text) VALUES (%s, %s)", [id, text or f"note {id}"])

    def ids(self):
        return [id for (id,) in self.ask("SELECT id FROM notes ORDER BY id").fetchall()]

    def ask(self, sql, params=None):
        return self.connection.cursor().execute(sql, params)


@pytest.fixture
def notes(database):
    table = Notes(database)
    table.create()
    yield table
    table.drop()


@feature("T-001", "RW-029")
def test_a_statement_commits_by_itself(notes):
    notes.add(1)
    assert transaction.get_autocommit()
    assert not notes.connection.in_atomic_block
    assert notes.ids() == [1]


@feature("T-007", "T-008")
def test_a_block_commits_at_its_end(notes):
    with transaction.atomic():
        assert notes.connection.in_atomic_block
        notes.add(1)
    assert notes.ids() == [1]


@feature("T-008")
def test_an_exception_rolls_the_block_back_and_goes_on(notes):
    with pytest.raises(KeyError):
        with transaction.atomic():
            notes.add(1)
            raise KeyError("own")
    assert notes.ids() == []
    notes.add(2)
    assert notes.ids() == [2]


@feature("T-007")
@pytest.mark.parametrize("decorate", [transaction.atomic, transaction.atomic(), transaction.atomic(durable=True)])
def test_a_function_can_be_decorated_bare_and_called(notes, decorate):
    @decorate
    def add_two(fail):
        "doc"
        notes.add(1)
        if fail:
            raise KeyError("own")
        notes.add(2)
        return "done"

    assert add_two.__doc__ == "doc"
    with pytest.raises(KeyError):
        add_two(True)
    assert notes.ids() == []
    assert add_two(fail=False) == "done"
    assert notes.ids() == [1, 2]


@feature("T-009", "T-010")
def test_an_inner_block_is_undone_by_itself(notes):
    with transaction.atomic():
        notes.add(1)
        with pytest.raises(UniqueViolation):
            with transaction.atomic():
                notes.add(2)
                notes.add(3, "note 1")
        notes.add(4)
    assert notes.ids() == [1, 4]


@feature("T-009")
def test_the_outer_block_undoes_an_inner_one_that_ended_well(notes):
    with pytest.raises(KeyError):
        with transaction.atomic():
            with transaction.atomic():
                notes.add(1)
            raise KeyError("own")
    assert notes.ids() == []


@feature("T-011")
def test_a_durable_block_cannot_be_inside_another(notes):
    with transaction.atomic(durable=True):
        notes.add(1)
        with pytest.raises(RuntimeError, match="durable"):
            with transaction.atomic(durable=True):
                pass
        notes.add(2)
    assert notes.ids() == [1, 2]


@feature("T-013", "T-051")
def test_a_caught_database_error_leaves_the_block_fit_for_rollback_only(notes):
    notes.add(1)
    with transaction.atomic():
        notes.add(2)
        with pytest.raises(IntegrityError):
            notes.add(1)
        assert transaction.get_rollback()
        with pytest.raises(TransactionManagementError, match="rolled back"):
            notes.ids()
    assert notes.ids() == [1]
    assert not notes.connection.needs_rollback


@feature("T-015", "T-036")
def test_ending_the_transaction_by_hand_inside_a_block_is_refused(notes):
    with transaction.atomic():
        for call in (
            transaction.commit,
            transaction.rollback,
            lambda: transaction.set_autocommit(False),
            lambda: transaction.set_autocommit(True),
        ):
            with pytest.raises(TransactionManagementError, match="atomic block"):
                call()
        notes.add(1)
    assert notes.ids() == [1]


@feature("T-016")
def test_without_a_savepoint_an_inner_failure_undoes_the_outer_block(notes):
    with transaction.atomic():
        notes.add(1)
        with pytest.raises(KeyError):
            with transaction.atomic(savepoint=False):
                notes.add(2)
                raise KeyError("own")
        assert transaction.get_rollback()
    assert notes.ids() == []


@feature("T-016")
def test_without_a_savepoint_the_nearest_block_that_has_one_is_undone(notes):
    with transaction.atomic():
        notes.add(1)
        with transaction.atomic():
            notes.add(2)
            with pytest.raises(KeyError):
                with transaction.atomic(savepoint=False):
                    raise KeyError("own")
        notes.add(3)
    assert notes.ids() == [1, 3]


@feature("T-018")
@pytest.mark.only("postgresql")
def test_with_autocommit_off_the_outermost_block_is_a_savepoint(notes):
    transaction.set_autocommit(False)
    try:
        notes.add(1)
        with pytest.raises(KeyError):
            with transaction.atomic():
                notes.add(2)
                raise KeyError("own")
        with transaction.atomic():
            notes.add(3)
        assert notes.ids() == [1, 3]
        transaction.rollback()
        assert notes.ids() == []
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)


@feature("T-049", "SL-015")
@pytest.mark.only("sqlite")
def test_sqlite_refuses_a_block_while_autocommit_is_off(notes):
    transaction.set_autocommit(False)
    try:
        with pytest.raises(TransactionManagementError, match="autocommit"):
            with transaction.atomic():
                pass
    finally:
        transaction.set_autocommit(True)


@feature("T-020")
def test_one_block_object_may_be_entered_while_it_is_open(notes):
    @transaction.atomic
    def add_down_to(number):
        notes.add(number)
        if number > 1:
            add_down_to(number - 1)

    add_down_to(3)
    block = transaction.atomic()
    with block:
        notes.add(4)
        with pytest.raises(KeyError):
            with block:
                notes.add(5)
                raise KeyError("own")
    assert notes.ids() == [1, 2, 3, 4]


@feature("T-021")
def test_a_failing_commit_rolls_back_and_shows_the_error(notes):
    notes.ask(
        "CREATE TABLE parts (id integer PRIMARY KEY, "
        "note_id integer REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    try:
        with pytest.raises(IntegrityError):
            with transaction.atomic():
                notes.add(1)
                notes.ask("INSERT INTO parts VALUES (1, 99)")
        assert notes.ids() == []
        notes.add(2)
        assert notes.ids() == [2]
    finally:
        notes.ask("DROP TABLE parts")


@feature("T-046", "T-045")
def test_a_block_can_be_undone_without_an_exception(notes):
    with transaction.atomic():
        notes.add(1)
        with transaction.atomic():
            notes.add(2)
            transaction.set_rollback(True)
            assert transaction.get_rollback()
        assert not transaction.get_rollback()
    assert notes.ids() == [1]


@feature("T-045")
def test_the_rollback_flag_exists_only_in_a_block(database):
    with pytest.raises(TransactionManagementError, match="atomic"):
        transaction.get_rollback()
    with pytest.raises(TransactionManagementError, match="atomic"):
        transaction.set_rollback(True)


# --- on_commit ----------------------------------------------------------------------------------------------


@feature("T-022", "T-023", "T-030")
def test_callbacks_run_after_the_outermost_commit(notes):
    seen = []
    transaction.on_commit(partial(seen.append, "at once"))
    assert seen == ["at once"]
    with transaction.atomic():
        transaction.on_commit(lambda: seen.append(notes.ids()))
        with transaction.atomic():
            notes.add(1)
        assert seen == ["at once"]
    assert seen == ["at once", [1]]
    with pytest.raises(TypeError, match="partial"):
        transaction.on_commit("no function")


@feature("T-024", "T-033")
def test_a_rollback_drops_the_callbacks(notes):
    seen = []
    with pytest.raises(KeyError):
        with transaction.atomic():
            transaction.on_commit(partial(seen.append, 1))
            raise KeyError("own")
    with transaction.atomic():
        transaction.on_commit(partial(seen.append, 2))
    assert seen == [2]


@feature("T-025", "T-026")
def test_callbacks_of_an_undone_inner_block_are_dropped_and_others_keep_their_order(notes):
    seen = []
    with transaction.atomic():
        transaction.on_commit(partial(seen.append, 1))
        with pytest.raises(KeyError):
            with transaction.atomic():
                with transaction.atomic():
                    transaction.on_commit(partial(seen.append, 2))
                transaction.on_commit(partial(seen.append, 3))
                raise KeyError("own")
        with transaction.atomic():
            transaction.on_commit(partial(seen.append, 4))
        transaction.on_commit(partial(seen.append, 5))
    assert seen == [1, 4, 5]


@feature("T-027")
def test_a_callback_that_raises_stops_the_later_ones_and_the_commit_stands(notes):
    seen = []

    def fail():
        raise KeyError("own")

    with pytest.raises(KeyError):
        with transaction.atomic():
            notes.add(1)
            transaction.on_commit(partial(seen.append, 1))
            transaction.on_commit(fail)
            transaction.on_commit(partial(seen.append, 2))
    assert seen == [1]
    assert notes.ids() == [1]


@feature("T-028", "T-029")
def test_a_robust_callback_is_logged_instead(notes, caplog):
    seen = []

    def fail():
        raise KeyError("own")

    with caplog.at_level(logging.ERROR, logger="rowsmith.db"):
        with transaction.atomic():
            transaction.on_commit(fail, robust=True)
            transaction.on_commit(partial(seen.append, 1))
        transaction.on_commit(fail, robust=True)
    assert seen == [1]
    assert [record.name for record in caplog.records] == ["rowsmith.db"] * 2


@feature("T-031", "T-034")
def test_a_callback_may_open_a_transaction_with_callbacks_of_its_own(notes):
    seen = []

    def more():
        assert transaction.get_autocommit()
        with transaction.atomic():
            notes.add(2)
            transaction.on_commit(lambda: seen.append(notes.ids()))
            assert seen == []
        seen.append("more")

    with transaction.atomic():
        notes.add(1)
        transaction.on_commit(more)
        transaction.on_commit(partial(seen.append, "last"))
    assert seen == [[1, 2], "more", "last"]


@feature("T-032")
def test_a_callback_means_nothing_while_autocommit_is_off(database):
    transaction.set_autocommit(False)
    try:
        with pytest.raises(TransactionManagementError, match="autocommit"):
            transaction.on_commit(print)
    finally:
        transaction.set_autocommit(True)


@feature("T-047")
def test_returning_to_a_savepoint_drops_the_callbacks_registered_since(notes):
    seen = []
    with transaction.atomic():
        transaction.on_commit(partial(seen.append, 1))
        sid = transaction.savepoint_create()
        transaction.on_commit(partial(seen.append, 2))
        transaction.savepoint_rollback(sid)
        transaction.on_commit(partial(seen.append, 3))
    assert seen == [1, 3]


# --- by hand ------------------------------------------------------------------------------------------------


@feature("T-035", "T-038")
def test_with_autocommit_off_the_caller_commits(notes):
    assert transaction.get_autocommit()
    transaction.set_autocommit(False)
    assert not transaction.get_autocommit()
    try:
        notes.add(1)
        transaction.commit()
        notes.add(2)
        transaction.rollback()
        assert notes.ids() == [1]
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)
    assert transaction.get_autocommit()
    assert notes.ids() == [1]


@feature("T-037")
def test_a_database_can_be_configured_without_autocommit(notes):
    settings = connections.settings["default"]
    import rowsmith.config as config

    config.configure({"default": {**settings, "AUTOCOMMIT": False}})
    connection = connections["default"]
    own = Notes(connection)
    assert not transaction.get_autocommit()
    own.add(1)
    transaction.rollback()
    own.add(2)
    transaction.commit()
    own.add(3)
    transaction.rollback()
    assert own.ids() == [2]
    transaction.rollback()
    transaction.set_autocommit(True)
    config.configure({"default": settings})


@feature("T-039", "T-041", "T-040")
def test_savepoints_by_hand(notes):
    with transaction.atomic():
        notes.add(1)
        sid = transaction.savepoint_create()
        notes.add(2)
        transaction.savepoint_rollback(sid)
        notes.add(3)
        transaction.savepoint_commit(sid)
        with pytest.warns(DeprecationWarning, match="savepoint_create"):
            later = transaction.savepoint()
        assert later != sid
    assert notes.ids() == [1, 3]


@feature("T-039")
def test_a_savepoint_that_was_never_made_never_becomes_sql(notes):
    with transaction.atomic():
        with pytest.raises(TransactionManagementError, match="no savepoint"):
            transaction.savepoint_rollback("x; DROP TABLE notes")
        notes.add(1)
    assert notes.ids() == [1]


@feature("T-042", "T-048")
def test_savepoints_do_nothing_in_autocommit(notes):
    assert transaction.savepoint_create() is None
    transaction.savepoint_commit(None)
    transaction.savepoint_rollback("anything")


@feature("T-043")
def test_savepoint_ids_can_be_counted_anew(notes):
    with transaction.atomic():
        first = transaction.savepoint_create()
        transaction.savepoint_commit(first)
        transaction.clean_savepoints()
        assert transaction.savepoint_create() == first


@feature("T-044", "T-052")
def test_an_error_can_be_undone_to_a_savepoint_and_the_flag_taken_back(notes):
    with transaction.atomic():
        notes.add(1)
        sid = transaction.savepoint_create()
        with pytest.raises(IntegrityError):
            notes.add(1)
        transaction.savepoint_rollback(sid)
        assert transaction.get_rollback()
        transaction.set_rollback(False)
        notes.add(2)
    assert notes.ids() == [1, 2]


@feature("T-054", "XC-009")
def test_misuse_is_a_programming_error():
    assert issubclass(TransactionManagementError, ProgrammingError)
    assert transaction.TransactionManagementError is TransactionManagementError


def test_code_can_mark_the_block_around_it_for_rollback(notes):
    with transaction.atomic():
        notes.add(1)
        with pytest.raises(KeyError):
            with transaction.mark_for_rollback_on_error():
                raise KeyError("own")
        assert transaction.get_rollback()
    assert notes.ids() == []
    with pytest.raises(KeyError):
        with transaction.mark_for_rollback_on_error():
            raise KeyError("own")


@feature("T-004")
def test_a_handler_can_be_exempted_from_transactions_around_requests():
    @transaction.non_atomic_requests
    def bare():
        pass

    @transaction.non_atomic_requests(using="other")
    @transaction.non_atomic_requests(using="default")
    def called():
        pass

    assert bare._non_atomic_requests == {"default"}
    assert called._non_atomic_requests == {"default", "other"}


@feature("T-019")
def test_blocks_on_two_databases_know_nothing_of_each_other(notes, tmp_path):
    import rowsmith.config as config

    before = connections.settings["default"]
    config.configure({"default": before, "other": f"sqlite:///{tmp_path / 'other.db'}"})
    here, there = Notes(connections["default"]), Notes(connections["other"])
    there.create()
    with transaction.atomic():
        here.add(1)
        with pytest.raises(KeyError):
            with transaction.atomic(using="other"):
                there.add(1)
                assert connections["other"].in_atomic_block
                raise KeyError("own")
        assert not connections["other"].in_atomic_block
    assert (here.ids(), there.ids()) == ([1], [])
    config.configure({"default": before})


# --- coroutines ---------------------------------------------------------------------------------------------


@feature("AS-011", "T-003")
async def test_a_block_of_a_coroutine_commits_nests_and_rolls_back(notes):
    seen = []

    async def told():
        seen.append("told")

    async with transaction.atomic():
        await aio.run(notes.add, 1)
        with pytest.raises(IntegrityError):
            async with transaction.atomic():
                await aio.run(notes.add, 1)
        transaction.on_commit(partial(seen.append, "plain"))
        transaction.on_commit(told)
        await aio.run(notes.add, 2)
    assert seen == ["plain", "told"]
    assert await aio.run(notes.ids) == [1, 2]
    with pytest.raises(RuntimeError, match="durable"):
        async with transaction.atomic():
            async with transaction.atomic(durable=True):
                pass


@feature("AS-011")
async def test_a_coroutine_function_can_be_decorated(notes):
    @transaction.atomic
    async def add(number, fail=False):
        await aio.run(notes.add, number)
        if fail:
            raise KeyError("own")
        return number

    assert await add(1) == 1
    with pytest.raises(KeyError):
        await add(2, fail=True)
    assert await aio.run(notes.ids) == [1]


@pytest.mark.plain
def test_a_coroutine_cannot_be_awaited_after_a_plain_transaction(database):
    async def told():
        pass

    with pytest.raises(TypeError, match="async with"):
        with transaction.atomic():
            transaction.on_commit(told)


@feature("T-053")
@pytest.mark.plain
def test_a_block_cannot_be_nested_from_another_thread(notes):
    import contextvars
    import threading

    errors = []

    def other():
        try:
            with transaction.atomic():
                pass
        except DatabaseError as error:
            errors.append(error)

    with transaction.atomic():
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(other,))
        thread.start()
        thread.join()
    assert isinstance(errors[0], TransactionManagementError)
    assert "another thread" in str(errors[0])
