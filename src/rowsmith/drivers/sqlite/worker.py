"""A SQLite connection used from an event loop: a thread of its own runs its statements, one hop an
operation."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

from rowsmith import bridge
from rowsmith.drivers.base import Result, Row
from rowsmith.drivers.sqlite.connection import DirectConnection
from rowsmith.exceptions import OperationalError

T = TypeVar("T")

logger = logging.getLogger("rowsmith.pool")

PATIENCE = 1.0
"""Seconds that a cancelled operation is waited for before its connection is given up."""


class _Job:
    """One call on its way through the worker."""

    __slots__ = ("args", "cancelled", "done", "func", "future", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.func = func
        self.args = args
        self.cancelled = False
        self.done = False

    def run(self) -> None:
        if self.cancelled:
            self._report(_settle, None, None)
            return
        try:
            result = self.func(*self.args)
        except BaseException as error:
            self._report(_settle, None, error)
        else:
            self._report(_settle, result, None)

    def _report(self, settle: Callable[..., None], result: Any, error: BaseException | None) -> None:
        try:
            self.loop.call_soon_threadsafe(settle, self, result, error)
        except RuntimeError:
            pass  # the loop was closed meanwhile, so nobody waits any more


def _settle(job: _Job, result: Any, error: BaseException | None) -> None:
    job.done = True
    if job.future.done():
        return
    if error is not None:
        job.future.set_exception(error)
    else:
        job.future.set_result(result)


class _Errand:
    """A call that nobody waits for."""

    __slots__ = ("func",)

    def __init__(self, func: Callable[[], Any]) -> None:
        self.func = func

    def run(self) -> None:
        try:
            self.func()
        except Exception:
            logger.debug("Tidying a SQLite connection failed.", exc_info=True)


class Worker:
    """A daemon thread that makes calls in the order they come."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[_Job | _Errand | None] = SimpleQueue()
        self._stopped = False
        self._last_words: Callable[[], None] | None = None
        threading.Thread(target=self._loop, name=name, daemon=True).start()

    def submit(self, func: Callable[..., Any], *args: Any) -> _Job:
        if self._stopped:
            raise OperationalError("This SQLite connection was closed.")
        job = _Job(asyncio.get_running_loop(), func, args)
        self._jobs.put(job)
        return job

    def call(self, func: Callable[..., T], *args: Any) -> Awaitable[T]:
        """Call `func` on the thread. Cancelling gives the answer up, not the call."""
        return self.submit(func, *args).future

    def post(self, func: Callable[[], Any]) -> None:
        """Have `func` called after what was asked for before; nobody waits for it."""
        if not self._stopped:
            self._jobs.put(_Errand(func))

    def stop(self, last_words: Callable[[], None] | None = None) -> None:
        """End the thread after what it is doing, with one last call that nobody waits for."""
        if not self._stopped:
            self._stopped = True
            self._last_words = last_words
            self._jobs.put(None)

    def _loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
            del job  # or the last job's arguments and loop would live until the next one
        if self._last_words is not None:
            self._last_words()


class WorkerConnection:
    """The face of a `DirectConnection` towards tasks."""

    __slots__ = (
        "_direct",
        "_limit",
        "_lost",
        "_worker",
        "era",
        "holder",
        "native",
        "opened_at",
        "returned_at",
        "text",
        "usual_limit",
    )

    def __init__(self, direct: DirectConnection, worker: Worker) -> None:
        self._direct = direct
        self._worker = worker
        self._lost = False
        self._limit: float | None = None
        self.usual_limit = direct.usual_limit
        self.native = direct.native
        self.opened_at = direct.opened_at
        self.returned_at = direct.returned_at
        self.era = 0
        self.holder: Any = None
        self.text = ""

    async def _hop(self, func: Callable[..., T], *args: Any) -> T:
        if self._limit is None:
            job = self._worker.submit(func, *args)
        else:
            job = self._worker.submit(self._direct.run_limited, self._limit, func, *args)
        try:
            result: T = await job.future
        except asyncio.CancelledError:
            await self._interrupt(job)
            raise
        except GeneratorExit:
            # The coroutine is thrown away and may not wait; what the thread does next, nobody will know.
            self._lost = True
            raise
        return result

    async def _interrupt(self, job: _Job) -> None:
        """Stop what the job is doing and wait until the thread is done with it, or give the connection up."""
        job.cancelled = True
        rounds = 0
        while not job.done:
            self.native.interrupt()
            try:
                await asyncio.sleep(0.0005 if rounds < 20 else 0.01)
            except asyncio.CancelledError:
                pass  # being cancelled once more changes nothing: the first one is on its way out already
            rounds += 1
            if rounds * 0.01 > PATIENCE:
                # Most likely it waits for a lock, which cannot be interrupted.
                self._lost = True
                return

    def _wait(self, func: Callable[..., T], *args: Any) -> T:
        return bridge.wait(self._hop(func, *args))

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        self._limit = seconds
        try:
            yield
        finally:
            self._limit = None

    def fetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        # The rows travel in one hop; user code that turns them into objects runs where the caller is.
        return consume(bridge.wait(self._hop(self._direct.fetch, text, parameters, list)))

    async def afetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        return consume(await self._hop(self._direct.fetch, text, parameters, list))

    def execute(self, text: str, parameters: Sequence[Any]) -> int:
        return self._wait(self._direct.execute, text, parameters)

    def execute_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        return self._wait(self._direct.execute_many, text, rows)

    def stream(self, text: str, parameters: Sequence[Any], chunk_size: int) -> Generator[list[Row], None, None]:
        chunks = self._direct.stream(text, parameters, chunk_size)
        try:
            while chunk := self._wait(next, chunks, None):
                yield chunk
        finally:
            if not self._lost:
                # Left early or after an error, in a task or by the garbage collector: nobody waits for this.
                self._worker.post(chunks.close)

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> Result:
        return self._wait(self._direct.query, sql, parameters)

    def query_many(self, sql: str, rows: Iterable[Sequence[Any] | Mapping[str, Any]]) -> Result:
        return self._wait(self._direct.query_many, sql, rows)

    def command(self, text: str) -> None:
        self._wait(self._direct.command, text)

    def begin(self) -> None:
        self._wait(self._direct.begin)

    def commit(self) -> None:
        self._wait(self._direct.commit)

    def rollback(self) -> None:
        self._wait(self._direct.rollback)

    def is_idle(self) -> bool:
        return not self._lost and self._direct.is_idle()

    def is_broken(self) -> bool:
        return self._lost or self._direct.is_broken()

    def ping(self) -> bool:
        return not self._lost

    def close(self) -> None:
        self.abandon()

    def abandon(self) -> None:
        self._lost = True
        self._worker.stop(self._direct.close)
