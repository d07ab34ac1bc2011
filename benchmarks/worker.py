"""One contender's process: do the work asked for, and print what it took and what came out as JSON lines."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import importlib
import inspect
import json
import statistics
import sys
import time
import traceback
from typing import Any

from benchmarks.data import plain
from benchmarks.works import WORKS


class Timer:
    """Adds up the time inside `with timer:` blocks; the process's own CPU time is what counts."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    def __enter__(self) -> Timer:
        gc.collect()
        self._wall = time.perf_counter()
        self._cpu = time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.cpu += time.process_time() - self._cpu
        self.wall += time.perf_counter() - self._wall


def digest(result: Any) -> str:
    """A fingerprint of the rows that a piece of work returned."""
    rows = [[plain(value) for value in row] for row in result]
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16]


async def measure(contender: Any, key: str, quick: bool) -> dict[str, Any]:
    work = WORKS[key]
    method = getattr(contender, key)
    amount = work.amount(quick)

    async def once(size: int) -> tuple[Timer, Any]:
        timer = Timer()
        result = method(timer, size)
        if inspect.isawaitable(result):
            result = await result
        return timer, result

    await once(amount if amount <= 1000 else amount // 10)
    timers: list[Timer] = []
    result: Any = None
    for _ in range(work.repeats):
        # What the last run returned must be gone, or the garbage collector visits it again and again.
        result = None
        timer, result = await once(amount)
        timers.append(timer)
    cpu = statistics.median(timer.cpu for timer in timers)
    wall = statistics.median(timer.wall for timer in timers)
    return {"work": key, "cpu": cpu / amount, "wall": wall / amount, "digest": digest(result)}


def run(name: str, backend: str, url: str, keys: list[str], quick: bool) -> None:
    module = importlib.import_module(f"benchmarks.contenders.{name}")
    contender = module.open(backend, url)

    def report(line: dict[str, Any]) -> None:
        print(json.dumps(line), flush=True)

    def failed(key: str) -> dict[str, Any]:
        words = traceback.format_exc().strip().splitlines()
        return {"work": key, "error": words[-1][:300], "trace": "\n".join(words[-12:])}

    available = [key for key in keys if hasattr(contender, key)]

    async def asynchronously(only: list[str]) -> None:
        if hasattr(contender, "start"):
            await contender.start()
        try:
            for key in only:
                try:
                    report(await measure(contender, key, quick))
                except Exception:
                    report(failed(key))
        finally:
            if hasattr(contender, "stop"):
                await contender.stop()

    # Sync code must not run inside an event loop: the sync libraries would rightly refuse.
    waiting = [key for key in available if inspect.iscoroutinefunction(getattr(contender, key))]
    for key in available:
        if key not in waiting:
            try:
                report(drive(measure(contender, key, quick)))
            except Exception:
                report(failed(key))
    if waiting:
        asyncio.run(asynchronously(waiting))


def drive(coroutine: Any) -> Any:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("A sync contender waited.")


if __name__ == "__main__":
    _, name, backend, url, keys, quick = sys.argv
    run(name, backend, url, keys.split(","), quick == "quick")
