"""Sessions: one leased connection and the transaction on it, for the block of code that holds them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from threading import Thread, current_thread, get_ident
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from rowsmith import bridge
from rowsmith.db import limits
from rowsmith.db.pool import Pool
from rowsmith.drivers.base import RawConnection, Result, Row
from rowsmith.exceptions import (
    CommitUnknown,
    ConnectionLost,
    Error,
    SynchronousOnlyOperation,
    TransactionManagementError,
)
from rowsmith.imports import Later

if TYPE_CHECKING:
    import inspect
else:
    inspect = Later("inspect")

T = TypeVar("T")

logger = logging.getLogger("rowsmith.db")

_running_loop = bridge.running_loop


class Holder:
    """Who holds a connection, since when and from which line, for the message of a full pool."""

    __slots__ = ("code", "line", "since", "what", "who")

    def __init__(self, what: str, site: FrameType | None = None) -> None:
        self.who: Any = bridge.current_task() or current_thread()
        self.what = what
        self.code = site.f_code if site is not None else None
        self.line = site.f_lineno if site is not None else 0
        self.since = time.monotonic()

    def __str__(self) -> str:
        name = repr(self.who.name) if isinstance(self.who, Thread) else repr(self.who.get_name())
        kind = "thread" if isinstance(self.who, Thread) else "task"
        place = f" at {self.code.co_filename}:{self.line}" if self.code is not None else ""
        return f"{kind} {name}: {self.what}{place} for {time.monotonic() - self.since:.1f} s"


class Block:
    """One atomic block that is open."""

    __slots__ = ("from_testcase", "savepoint")

    def __init__(self, savepoint: str | None, from_testcase: bool) -> None:
        self.savepoint = savepoint
        self.from_testcase = from_testcase


def would_block(alias: str) -> SynchronousOnlyOperation | None:
    """The error for plain code on an event loop, which it would block; None where that is allowed or not so."""
    if _running_loop() is None or bridge.inside() or "ROWSMITH_ALLOW_ASYNC_UNSAFE" in os.environ:
        return None
    return SynchronousOnlyOperation(
        f"A query on {alias!r} would block the event loop that runs here. Await the method's "
        "twin, whose name begins with 'a' (aget, acount, asave, async for ...), or write: "
        "await rowsmith.aio.run(func, *args)."
    )


class Session:
    """A lease of one thread, with the state of its transaction.

    With autocommit on, a session lives from the outermost `atomic` to its end. With autocommit off, it
    lives until autocommit is on again, and its transactions begin with the first statement after the last
    one ended.
    """

    __slots__ = (
        "_barred",
        "_counter",
        "_needs_rollback",
        "_owner",
        "_savepoints",
        "_send_command",
        "alias",
        "autocommit",
        "blocks",
        "callbacks",
        "closed",
        "pinned",
        "pool",
        "raw",
    )

    def __init__(
        self,
        alias: str,
        pool: Pool,
        raw: RawConnection,
        autocommit: bool,
        send_command: Callable[[RawConnection, str], None],
    ) -> None:
        self.alias = alias
        self.pool = pool
        self.raw = raw
        self.autocommit = autocommit
        self._send_command = send_command
        self.blocks: list[Block] = []
        self.callbacks: list[tuple[Callable[[], Any], bool]] = []
        self.closed = False
        # Does the session outlive its outermost atomic block?
        self.pinned = not autocommit
        self._needs_rollback = False
        # Savepoints that exist, oldest first, with the number of callbacks there were when they were made.
        self._savepoints: dict[str, int] = {}
        self._counter = 0
        # Is there anything to look at before a statement may run?
        self._barred = not autocommit
        self._remember_owner()

    def _remember_owner(self) -> None:
        self._owner: Any = get_ident()

    # --- statements ---

    def fetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        if self._barred or get_ident() != self._owner or _running_loop() is not None:
            self._clear_the_way()
        try:
            return self.raw.fetch(text, parameters, consume)
        except BaseException as error:
            self._failed(error)
            raise

    async def afetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        return await bridge.run(self.fetch, text, parameters, consume)

    def execute(self, text: str, parameters: Sequence[Any]) -> int:
        if self._barred or get_ident() != self._owner or _running_loop() is not None:
            self._clear_the_way()
        try:
            return self.raw.execute(text, parameters)
        except BaseException as error:
            self._failed(error)
            raise

    def execute_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        with self._statement():
            return self.raw.execute_many(text, rows)

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> Result:
        with self._statement():
            return self.raw.query(sql, parameters)

    def query_many(self, sql: str, rows: Iterable[Sequence[Any] | Mapping[str, Any]]) -> Result:
        with self._statement():
            return self.raw.query_many(sql, rows)

    def stream(self, text: str, parameters: Sequence[Any], chunk_size: int) -> Generator[list[Row], None, None]:
        with closing(self.raw.stream(text, parameters, chunk_size)) as chunks:
            while True:
                with self._statement():
                    chunk = limits.run(self.raw, next, chunks, None)
                if chunk is None:
                    return
                yield chunk

    def command(self, text: str) -> None:
        with self._statement():
            self._command(text)

    def in_time(self, send: Callable[..., T], text: str, parameters: Any) -> T:
        """`send(raw, text, parameters)` within the limits of time that hold here."""
        with self._statement():
            return limits.run(self.raw, send, self.raw, text, parameters)

    @contextmanager
    def _statement(self) -> Iterator[None]:
        """The checks before a statement, and what its failure means for the transaction."""
        if self._barred or get_ident() != self._owner or _running_loop() is not None:
            self._clear_the_way()
        try:
            yield
        except BaseException as error:
            self._failed(error)
            raise

    def _hold(self) -> None:
        """Have the connection alone, while the transaction changes its state."""
        self._check_owner()

    def _let_go(self) -> None:
        """Let others have the connection again."""

    def _failed(self, error: BaseException) -> None:
        # A failed statement leaves the transaction unusable on some servers, and a cancelled one in doubt
        # on all.
        if self.blocks and (isinstance(error, Error) or not isinstance(error, Exception)):
            self.needs_rollback = True

    def _clear_the_way(self) -> None:
        """Raise what keeps a statement from running here, or begin the transaction it needs."""
        self._check_owner()
        if self._needs_rollback:
            raise TransactionManagementError(
                "A statement failed in this atomic block, so it can only be rolled back. End the block "
                "first; to go on after an error, wrap what may fail in an atomic block of its own."
            )
        self._begin_if_idle()

    def _begin_if_idle(self) -> None:
        """With autocommit off, a transaction begins with the first statement after the last one ended."""
        if not self.autocommit and self.raw.is_idle():
            self.raw.begin()

    def _check_owner(self) -> None:
        if self.closed:
            raise TransactionManagementError(
                f"The transaction on {self.alias!r} that this code was started in has ended. Start the "
                "thread or task outside of the atomic block, or with context=contextvars.Context()."
            )
        if get_ident() != self._owner:
            raise TransactionManagementError(
                f"The transaction on {self.alias!r} belongs to another thread; a connection is used by "
                "one thread at a time. Start the thread without a copy of this context, and give it its "
                "own atomic block."
            )
        if _running_loop() is not None:
            raise SynchronousOnlyOperation(
                f"The transaction on {self.alias!r} was opened by plain code and would block the event "
                "loop that runs now. Write: async with transaction.atomic()."
            )

    # --- the flag ---

    @property
    def needs_rollback(self) -> bool:
        return self._needs_rollback

    @needs_rollback.setter
    def needs_rollback(self, value: bool) -> None:
        self._needs_rollback = value
        self._barred = value or self.closed or not self.autocommit

    @property
    def in_block_of_code(self) -> bool:
        """Is an atomic block open, apart from the one around a test?"""
        return any(not block.from_testcase for block in self.blocks)

    # --- atomic blocks ---

    def enter(self, savepoint: bool, from_testcase: bool) -> None:
        """Open an atomic block: the transaction itself, or a savepoint in it."""
        self._hold()
        try:
            self._check_may_nest()
            name = None
            if not self.blocks and self.autocommit:
                limits.run(self.raw, self.raw.begin)
            elif savepoint and not self._needs_rollback:
                self._begin_if_idle()
                name = self._make_savepoint()
            self.blocks.append(Block(name, from_testcase))
        finally:
            self._let_go()

    def exit(self, failed: bool) -> None:
        """Close the innermost atomic block: keep what it did, or undo it."""
        block = self.blocks.pop()
        try:
            self._hold()
        except BaseException:
            if self.blocks:
                # Cancelled while another task's statement had the connection: the block around has to
                # undo it.
                self.needs_rollback = True
            raise
        try:
            if self.blocks or not self.autocommit:
                self._exit_inner(block, failed)
            else:
                self._exit_outermost(failed)
        finally:
            self._let_go()

    def _exit_inner(self, block: Block, failed: bool) -> None:
        undo = failed or self._needs_rollback
        if block.savepoint is None:
            if undo:
                self.needs_rollback = True
            return
        if not undo:
            try:
                self._release(block.savepoint)
            except Error:
                self._undo_to(block.savepoint)
                raise
            return
        self.needs_rollback = False
        self._undo_to(block.savepoint)

    def _undo_to(self, savepoint: str) -> None:
        """Roll back to a savepoint and release it; when even that fails, the block around has to be
        rolled back."""
        try:
            self._roll_back_to(savepoint)
            self._release(savepoint)
        except BaseException as error:
            self.needs_rollback = True
            if not isinstance(error, Error):
                raise

    def _exit_outermost(self, failed: bool) -> None:
        if self.raw.is_broken():
            self._forget_transaction()
            if not failed:
                raise ConnectionLost(
                    f"The connection to {self.alias!r} was closed inside of the atomic block, so nothing that "
                    "the block did was kept."
                )
            return
        if failed or self._needs_rollback:
            self._roll_back()
            return
        callbacks = tuple(self.callbacks)
        try:
            limits.check()
            self.raw.commit()
        except ConnectionLost as error:
            self._roll_back()
            unknown = CommitUnknown(
                f"The connection to {self.alias!r} broke before the COMMIT was answered, so the transaction may have "
                "been kept. transaction.run(func, exactly_once=True) finds out on PostgreSQL."
            )
            unknown.callbacks = callbacks
            raise unknown from error
        except BaseException:
            self._roll_back()
            raise

    def _forget_transaction(self) -> None:
        self.callbacks.clear()
        self._savepoints.clear()
        self.needs_rollback = False

    def _roll_back(self) -> None:
        self._forget_transaction()
        if self.raw.is_broken():
            return
        try:
            self.raw.rollback()
        except Error:
            # The connection is of no use any more. Closing it ends the transaction too.
            logger.debug("ROLLBACK on %r failed.", self.alias, exc_info=True)

    def _check_may_nest(self) -> None:
        """Raise unless an atomic block may be opened from here."""

    # --- savepoints ---

    def savepoint(self) -> str:
        self._hold()
        try:
            self._begin_if_idle()
            return self._make_savepoint()
        finally:
            self._let_go()

    def savepoint_commit(self, name: str) -> None:
        self._hold()
        try:
            self._known(name)
            self._release(name)
        finally:
            self._let_go()

    def savepoint_rollback(self, name: str) -> None:
        self._hold()
        try:
            self._known(name)
            self._roll_back_to(name)
        finally:
            self._let_go()

    def clean_savepoints(self) -> None:
        if not self._savepoints:
            self._counter = 0

    def _known(self, name: str) -> None:
        if name not in self._savepoints:
            raise TransactionManagementError(
                f"There is no savepoint {name!r} in this transaction; "
                f"there are: {', '.join(self._savepoints) or 'none'}."
            )

    def _make_savepoint(self) -> str:
        self._counter += 1
        name = f"rowsmith_s{self._counter}"
        self._command(f"SAVEPOINT {name}")
        self._savepoints[name] = len(self.callbacks)
        return name

    def _release(self, name: str) -> None:
        self._command(f"RELEASE SAVEPOINT {name}")
        self._forget_from(name)

    def _roll_back_to(self, name: str) -> None:
        self._command(f"ROLLBACK TO SAVEPOINT {name}")
        kept = self._savepoints[name]
        del self.callbacks[kept:]
        self._forget_from(name)
        self._savepoints[name] = kept

    def _forget_from(self, name: str) -> None:
        """A savepoint that is released or returned to takes those made after it along."""
        names = list(self._savepoints)
        for later in names[names.index(name) :]:
            del self._savepoints[later]

    def _command(self, text: str) -> None:
        self._send_command(self.raw, text)

    # --- transactions by hand ---

    def commit(self) -> None:
        self._hold()
        try:
            if not self.raw.is_idle():
                self.raw.commit()
            self._savepoints.clear()
        finally:
            self._let_go()

    def rollback(self) -> None:
        self._hold()
        try:
            self._forget_transaction()
            if not self.raw.is_idle():
                self.raw.rollback()
        finally:
            self._let_go()

    # --- the end ---

    def end(self) -> None:
        """Give the connection back. Whoever still has this session in its context cannot use it any more."""
        self.closed = True
        self._barred = True
        raw = self.raw
        raw.holder = None
        if raw.is_idle():
            self.pool.release(raw)
        else:
            self.pool.release_after_error(raw)

    def run_callbacks(self) -> None:
        """Call what `on_commit` collected, in order. One that raises stops the rest, unless it was robust."""
        callbacks, self.callbacks = self.callbacks, []
        for callback, robust in callbacks:
            call_back(callback, robust)


class LoopSession(Session):
    """A lease of one task. Tasks started inside its block share the connection, one statement at a time."""

    __slots__ = ("_loop", "_turn")

    def _remember_owner(self) -> None:
        self._owner = bridge.current_task()
        self._loop = _running_loop()
        self._turn = bridge.lock()

    def fetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        self._take_turn()
        try:
            return self.raw.fetch(text, parameters, consume)
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            self._turn.release()

    async def afetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        self._check_owner()
        async with self._turn:
            if self._barred:
                await bridge.run(self._clear_the_way)
            try:
                return await self.raw.afetch(text, parameters, consume)
            except BaseException as error:
                self._failed(error)
                raise

    def execute(self, text: str, parameters: Sequence[Any]) -> int:
        self._take_turn()
        try:
            return self.raw.execute(text, parameters)
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            self._turn.release()

    @contextmanager
    def _statement(self) -> Iterator[None]:
        self._take_turn()
        try:
            yield
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            self._turn.release()

    def _take_turn(self) -> None:
        """Wait until no other task's statement is running, and see whether this one may."""
        self._check_owner()
        bridge.wait(self._turn.acquire())
        if self._barred:
            try:
                self._clear_the_way()
            except BaseException:
                self._turn.release()
                raise

    def _hold(self) -> None:
        self._check_owner()
        bridge.wait(self._turn.acquire())
        if self.closed:
            self._turn.release()
            self._check_owner()

    def _let_go(self) -> None:
        self._turn.release()

    def _check_owner(self) -> None:
        if self.closed:
            raise TransactionManagementError(
                f"The atomic block on {self.alias!r} that this task was started in has ended. Start the "
                "task outside of the block, await it inside, or start it with "
                "context=contextvars.Context()."
            )
        if _running_loop() is not self._loop:
            raise TransactionManagementError(
                f"The transaction on {self.alias!r} belongs to a task of an event loop, and cannot be "
                "used from another thread. Instead of a thread write: await rowsmith.aio.run(func, "
                "*args)."
            )

    def _check_may_nest(self) -> None:
        if bridge.current_task() is not self._owner:
            raise TransactionManagementError(
                f"A nested atomic block on {self.alias!r} was opened in a task that was started inside "
                "the block of another task. Savepoints of two tasks would undo each other: open the "
                "block in the task that opened the outer one, or start this task outside of it."
            )


def call_back(callback: Callable[[], Any], robust: bool) -> None:
    """Call one function given to `on_commit`; an awaitable that it returns is waited for."""
    try:
        result = callback()
        if inspect.isawaitable(result):
            if not bridge.inside():
                if hasattr(result, "close"):
                    result.close()
                raise TypeError(
                    f"on_commit() was given {callback!r}, which has to be awaited, in a transaction of "
                    "plain code. Write: async with transaction.atomic()."
                )
            bridge.wait(result)
    except Exception:
        if not robust:
            raise
        logger.exception("Error calling %r in on_commit() of a transaction.", callback)
