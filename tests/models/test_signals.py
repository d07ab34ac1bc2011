"""Signals: who is told, in which order, and what becomes of errors."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from rowsmith import bridge, models
from rowsmith.signals import ModelSignal, Signal, receiver


class Sender(models.Model):
    pass


@pytest.mark.feature("SG-001")
def test_receivers_must_be_callable_and_take_keywords():
    with pytest.raises(TypeError, match="callable"):
        Signal().connect("text")
    with pytest.raises(ValueError, match="keyword"):
        Signal().connect(lambda sender: None)


@pytest.mark.feature("SG-002", "SG-005")
def test_receivers_run_in_order_and_once():
    signal, seen = Signal(), []

    def first(**named):
        seen.append("first")
        return 1

    def second(sender, value, **named):
        seen.append((sender, value))
        return 2

    for function in (first, second, first):
        signal.connect(function)
    assert signal.send("me", value=5) == [(first, 1), (second, 2)]
    assert seen == ["first", ("me", 5)]


@pytest.mark.feature("SG-002")
def test_a_dispatch_uid_stands_for_the_receiver():
    signal, seen = Signal(), []

    def one(**named):
        seen.append(1)

    def two(**named):
        seen.append(2)

    signal.connect(one, dispatch_uid="x")
    signal.connect(two, dispatch_uid="x")
    signal.send(None)
    assert seen == [1]
    assert signal.disconnect(dispatch_uid="x") is True
    assert signal.disconnect(dispatch_uid="x") is False


@pytest.mark.feature("SG-003")
def test_weak_receivers_vanish():
    signal = Signal()

    class Listener:
        def hear(self, **named):
            return "heard"

    listener = Listener()
    signal.connect(listener.hear)
    signal.connect(lambda **named: "kept", weak=False)
    assert [response for _, response in signal.send(None)] == ["heard", "kept"]
    del listener
    gc.collect()
    assert [response for _, response in signal.send(None)] == ["kept"]


@pytest.mark.feature("SG-001", "SG-004")
def test_receivers_may_listen_to_one_sender():
    signal, seen = Signal(), []

    def note(sender, **named):
        seen.append(sender)

    signal.connect(note, sender=Sender)
    assert signal.has_listeners(Sender)
    assert not signal.has_listeners(int)
    signal.send(Sender)
    signal.send(int)
    assert seen == [Sender]
    assert signal.disconnect(note) is False
    assert signal.disconnect(note, sender=Sender) is True
    assert not signal.receivers


@pytest.mark.feature("SG-005")
def test_send_passes_errors_on_and_send_robust_returns_them(caplog):
    signal = Signal()

    def fail(**named):
        raise RuntimeError("no")

    def work(**named):
        return "yes"

    signal.connect(fail)
    signal.connect(work)
    with pytest.raises(RuntimeError):
        signal.send(None)
    with caplog.at_level(logging.ERROR, "rowsmith.signals"):
        [(_, error), (_, answer)] = signal.send_robust(None)
    assert isinstance(error, RuntimeError)
    assert answer == "yes"
    assert "fail" in caplog.text


@pytest.mark.feature("SG-006")
def test_async_receivers_are_awaited_side_by_side():
    signal, running, most = Signal(), 0, 0

    async def slow(**named):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return "async"

    async def other(**named):
        return await slow()

    def plain(**named):
        return "plain"

    for function in (slow, plain, other):
        signal.connect(function)
    answers = asyncio.run(signal.asend(None))
    assert [answer for _, answer in answers] == ["async", "plain", "async"]
    assert most == 2
    assert [answer for _, answer in signal.send(None)] == ["async", "plain", "async"]

    async def inside():
        return signal.send(None)

    assert [answer for _, answer in asyncio.run(inside())] == ["async", "plain", "async"]


@pytest.mark.feature("AS-017")
def test_an_async_receiver_runs_on_the_loop_that_asave_was_called_from():
    signal = Signal()
    loops = []

    @receiver(signal)
    async def note(**named):
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())

    async def sender():
        await bridge.run(signal.send, None)
        return asyncio.get_running_loop()

    assert [asyncio.run(sender())] == loops


@pytest.mark.feature("SG-006")
def test_asend_robust_returns_errors():
    signal = Signal()

    async def fail(**named):
        raise ValueError("async")

    def fail_too(**named):
        raise ValueError("plain")

    signal.connect(fail)
    signal.connect(fail_too)
    answers = asyncio.run(signal.asend_robust(None))
    assert [str(answer) for _, answer in answers] == ["async", "plain"]
    with pytest.raises(ValueError):
        asyncio.run(signal.asend(None))


@pytest.mark.feature("SG-007")
def test_the_decorator_connects_to_one_or_several():
    one, two = Signal(), Signal()

    @receiver([one, two], sender=Sender)
    def note(**named):
        return "noted"

    @receiver(one)
    def also(**named):
        return "too"

    assert one.send(Sender) == [(note, "noted"), (also, "too")]
    assert two.send(Sender) == [(note, "noted")]
    assert two.send(int) == []


@pytest.mark.feature("SG-008", "SG-004")
def test_a_model_may_be_named_before_it_exists():
    signal, seen = ModelSignal(), []

    def note(sender, **named):
        seen.append(sender)

    label = Sender._meta.app_label
    signal.connect(note, sender=f"{label}.LateComer")

    class LateComer(models.Model):
        pass

    signal.send(LateComer)
    signal.send(Sender)
    assert seen == [LateComer]
    assert signal.disconnect(note, sender=f"{label}.latecomer") is None
    assert not signal.receivers
    with pytest.raises(ValueError, match=r"'app.Model'"):
        signal.connect(note, sender="LateComer")


@pytest.mark.feature("SG-028")
def test_all_signals_are_importable():
    import rowsmith.signals as signals

    for name in (
        "class_prepared", "pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed",
        "pre_migrate", "post_migrate", "connection_created", "setting_changed",
    ):  # fmt: skip
        assert isinstance(getattr(signals, name), Signal)
