"""The bridge: plain code that waits."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextvars import ContextVar

import pytest

from rowsmith import aio, bridge
from rowsmith.exceptions import SynchronousOnlyOperation

feature = pytest.mark.feature
word: ContextVar[str] = ContextVar("word", default="nothing")


async def echo(value):
    await asyncio.sleep(0)
    return value


@feature("AS-012")
def test_plain_code_waits_for_coroutines_and_gets_their_results():
    def plain(first, *, second):
        return bridge.wait(echo(first)) + bridge.wait(echo(second))

    assert asyncio.run(aio.run(plain, 1, second=2)) == 3


@feature("AS-012")
def test_coroutines_and_plain_code_may_nest():
    def inner(value):
        return bridge.wait(echo(value)) + 1

    def outer():
        return bridge.wait(aio.run(inner, 1)) + bridge.wait(aio.run(inner, 10))

    assert asyncio.run(aio.run(outer)) == 13


@feature("AS-016")
def test_context_variables_are_seen_on_both_sides():
    async def coroutine():
        assert word.get() == "plain"
        word.set("coroutine")

    def plain():
        assert word.get() == "task"
        word.set("plain")
        bridge.wait(coroutine())
        assert word.get() == "coroutine"
        word.set("last")

    async def main():
        word.set("task")
        await aio.run(plain)
        return word.get()

    assert asyncio.run(main()) == "last"


def test_exceptions_pass_through():
    async def fail():
        await asyncio.sleep(0)
        raise KeyError("own")

    def plain():
        with pytest.raises(KeyError):
            bridge.wait(fail())
        raise ValueError("other")

    with pytest.raises(ValueError, match="other"):
        asyncio.run(aio.run(plain))


def test_cancellation_arrives_where_the_plain_code_waits():
    seen = []

    def plain():
        try:
            bridge.wait(asyncio.sleep(60))
        except asyncio.CancelledError:
            seen.append(bridge.wait(echo("cleaned up")))
            raise

    async def main():
        task = asyncio.create_task(aio.run(plain))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert seen == ["cleaned up"]


@feature("AS-009")
def test_waiting_elsewhere_is_refused_with_the_cure():
    with pytest.raises(SynchronousOnlyOperation, match=r"rowsmith\.aio\.run"):
        bridge.wait(echo(1))

    async def main():
        assert not bridge.inside()
        assert await aio.run(bridge.inside)
        assert bridge.running_loop() is asyncio.get_running_loop()
        bridge.wait(echo(1))

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(main())
    assert bridge.running_loop() is None


def test_tasks_interleave_in_plain_code():
    seen = []

    def plain(name):
        for number in range(3):
            seen.append((name, number))
            bridge.wait(asyncio.sleep(0))

    async def main():
        await asyncio.gather(aio.run(plain, "a"), aio.run(plain, "b"))

    asyncio.run(main())
    assert seen == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_the_ground_floor_does_not_import_asyncio():
    code = "import sys, rowsmith.bridge, rowsmith.config, rowsmith.drivers.sqlite; print('asyncio' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
