"""Signals: telling whoever asked that something happens to a model, a connection or a setting."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from rowsmith import bridge
from rowsmith.imports import Later

if TYPE_CHECKING:
    import asyncio
    import concurrent.futures as futures
    import inspect
else:
    asyncio = Later("asyncio")
    futures = Later("concurrent.futures")
    inspect = Later("inspect")

__all__ = [
    "ModelSignal",
    "Signal",
    "class_prepared",
    "connection_created",
    "m2m_changed",
    "post_delete",
    "post_init",
    "post_migrate",
    "post_save",
    "pre_delete",
    "pre_init",
    "pre_migrate",
    "pre_save",
    "receiver",
    "setting_changed",
]

log = logging.getLogger("rowsmith.signals")

Receiver = Callable[..., Any]
Response = tuple[Receiver, Any]


class _Connection:
    """One receiver and whom it listens to. `sender` is None for everybody, and a label while it is a lazy one."""

    __slots__ = ("is_async", "key", "reference", "sender")

    def __init__(self, key: Any, reference: Callable[[], Receiver | None], sender: Any, is_async: bool) -> None:
        self.key = key
        self.reference = reference
        self.sender = sender
        self.is_async = is_async


class Signal:
    """Something that happens, which receivers can be connected to.

    changed:  called after receivers came or went, so that whoever sends can prepare for having none.
    """

    def __init__(self) -> None:
        self.changed: list[Callable[[], None]] = []
        # Replaced, never edited: sending reads it without a lock while other threads connect.
        self.receivers: tuple[_Connection, ...] = ()

    def connect(self, receiver: Receiver, sender: Any = None, weak: bool = True, dispatch_uid: Any = None) -> None:
        """Call `receiver(signal=, sender=, **kwargs)` at every send by `sender`, or by anybody when that is None.

        weak:          forget the receiver when nothing else holds it.
        dispatch_uid:  identifies the receiver instead of its identity, so that it is connected only once.
        raises:        TypeError when it cannot be called, ValueError when it does not take keywords.
        """
        if not callable(receiver):
            raise TypeError(f"A signal receiver must be callable, not {receiver!r}.")
        if not _takes_keywords(receiver):
            raise ValueError(f"The signal receiver {receiver!r} must accept keyword arguments (**kwargs).")
        key = (_identity(receiver) if dispatch_uid is None else dispatch_uid, _sender_key(sender))
        if any(connection.key == key for connection in self.receivers):
            return
        reference: Callable[[], Receiver | None]
        if weak:
            reference = (
                weakref.WeakMethod(receiver, self._forget)
                if inspect.ismethod(receiver)
                else weakref.ref(receiver, self._forget)
            )
        else:
            reference = _Strong(receiver)
        is_async = inspect.iscoroutinefunction(receiver) or inspect.iscoroutinefunction(
            getattr(receiver, "__call__", None)  # noqa: B004 - an instance with an async __call__
        )
        self._replace((*self.receivers, _Connection(key, reference, sender, is_async)))

    def disconnect(self, receiver: Receiver | None = None, sender: Any = None, dispatch_uid: Any = None) -> bool | None:
        """Undo `connect` with the same arguments; whether there was something to undo."""
        key = (_identity(receiver) if dispatch_uid is None else dispatch_uid, _sender_key(sender))
        left = tuple(connection for connection in self.receivers if connection.key != key)
        found = len(left) < len(self.receivers)
        if found:
            self._replace(left)
        return found

    def has_listeners(self, sender: Any = None) -> bool:
        """Whether a send by `sender` would reach anybody."""
        receivers = self.receivers
        return bool(receivers) and any(True for _ in self._live(sender))

    def send(self, sender: Any, **named: Any) -> list[Response]:
        """Call every receiver in the order of connection; an exception ends the round and is passed on."""
        if not self.receivers:
            return []
        responses: list[Response] = []
        for receiver, is_async in self._live(sender):
            if is_async:
                responses.append((receiver, _completed(receiver(signal=self, sender=sender, **named))))
            else:
                responses.append((receiver, receiver(signal=self, sender=sender, **named)))
        return responses

    def send_robust(self, sender: Any, **named: Any) -> list[Response]:
        """Like `send`, but an exception is logged and stands in for the response."""
        responses: list[Response] = []
        for receiver, is_async in self._live(sender):
            try:
                response = receiver(signal=self, sender=sender, **named)
                if is_async:
                    response = _completed(response)
            except Exception as error:
                _log(receiver, error)
                response = error
            responses.append((receiver, response))
        return responses

    async def asend(self, sender: Any, **named: Any) -> list[Response]:
        """Await async receivers side by side and run plain ones in a thread; the first exception is passed on."""
        return await self._gather(sender, named, robust=False)

    async def asend_robust(self, sender: Any, **named: Any) -> list[Response]:
        """Like `asend`, but an exception is logged and stands in for the response."""
        return await self._gather(sender, named, robust=True)

    async def _gather(self, sender: Any, named: dict[str, Any], robust: bool) -> list[Response]:
        receivers = list(self._live(sender))

        async def plain() -> list[Any]:
            def run() -> list[Any]:
                return [
                    _attempt(receiver, robust, signal=self, sender=sender, **named)
                    for receiver, is_async in receivers
                    if not is_async
                ]

            return await asyncio.to_thread(run)

        async def waiting(receiver: Receiver) -> Any:
            try:
                return await receiver(signal=self, sender=sender, **named)
            except Exception as error:
                if not robust:
                    raise
                _log(receiver, error)
                return error

        waits = [waiting(receiver) for receiver, is_async in receivers if is_async]
        if len(waits) < len(receivers):
            threaded, *awaited = await asyncio.gather(plain(), *waits)
        else:
            threaded, awaited = [], list(await asyncio.gather(*waits))
        sync_responses, async_responses = iter(threaded), iter(awaited)
        return [
            (receiver, next(async_responses) if is_async else next(sync_responses)) for receiver, is_async in receivers
        ]

    def _live(self, sender: Any) -> Iterable[tuple[Receiver, bool]]:
        """The receivers that listen to `sender` and still exist."""
        for connection in self.receivers:
            wanted = connection.sender
            if wanted is None or wanted is sender or self._matches(wanted, sender):
                receiver = connection.reference()
                if receiver is not None:
                    yield receiver, connection.is_async

    def _matches(self, wanted: Any, sender: Any) -> bool:
        return False

    def _forget(self, reference: Any) -> None:
        self._replace(tuple(connection for connection in self.receivers if connection.reference is not reference))

    def _replace(self, receivers: tuple[_Connection, ...]) -> None:
        self.receivers = receivers
        for react in self.changed:
            react()


class ModelSignal(Signal):
    """A signal sent by model classes; the sender may be named "app.Model" before the model exists."""

    def _matches(self, wanted: Any, sender: Any) -> bool:
        if not isinstance(wanted, str):
            return False
        label = getattr(getattr(sender, "_meta", None), "label_lower", None)
        return label is not None and _sender_key(wanted) == label

    def connect(self, receiver: Receiver, sender: Any = None, weak: bool = True, dispatch_uid: Any = None) -> None:
        if isinstance(sender, str) and sender.count(".") != 1:
            raise ValueError(f"A lazy sender is written 'app.Model', not {sender!r}.")
        super().connect(receiver, sender, weak, dispatch_uid)

    def disconnect(self, receiver: Receiver | None = None, sender: Any = None, dispatch_uid: Any = None) -> bool | None:
        found = super().disconnect(receiver, sender, dispatch_uid)
        return None if isinstance(sender, str) else found


class _Strong:
    """A reference that keeps what it refers to."""

    __slots__ = ("receiver",)

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def __call__(self) -> Receiver:
        return self.receiver


def _identity(receiver: Any) -> Any:
    if inspect.ismethod(receiver):
        return id(receiver.__self__), id(receiver.__func__)
    return id(receiver)


def _sender_key(sender: Any) -> Any:
    """What tells senders apart; a lazy one by its label, the model part without regard to case."""
    if isinstance(sender, str):
        app_label, _, name = sender.rpartition(".")
        return f"{app_label}.{name.lower()}"
    return id(sender) if sender is not None else None


def _takes_keywords(receiver: Receiver) -> bool:
    try:
        signature = inspect.signature(receiver)
    except (TypeError, ValueError):  # written in C, without a signature: give it the benefit of the doubt
        return True
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values())


def _attempt(receiver: Receiver, robust: bool, **named: Any) -> Any:
    try:
        return receiver(**named)
    except Exception as error:
        if not robust:
            raise
        _log(receiver, error)
        return error


def _log(receiver: Receiver, error: Exception) -> None:
    name = getattr(receiver, "__qualname__", repr(receiver))
    log.error("Error calling %s in Signal.send_robust() (%s)", name, error, exc_info=error)


def _completed(coroutine: Any) -> Any:
    """Run a coroutine to its end from plain code: on the loop that this code was called from, where there is one."""
    if bridge.inside():
        return bridge.wait(coroutine)
    if bridge.running_loop() is None:
        return asyncio.run(coroutine)
    with futures.ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, coroutine).result()


def receiver(signal: Signal | Iterable[Signal], **connection: Any) -> Callable[[Receiver], Receiver]:
    """Connect the decorated function to a signal, or to each of several; keywords go to `connect`."""

    def connect(function: Receiver) -> Receiver:
        for each in [signal] if isinstance(signal, Signal) else signal:
            each.connect(function, **connection)
        return function

    return connect


class_prepared = Signal()
pre_init = ModelSignal()
post_init = ModelSignal()
pre_save = ModelSignal()
post_save = ModelSignal()
pre_delete = ModelSignal()
post_delete = ModelSignal()
m2m_changed = ModelSignal()
pre_migrate = Signal()
post_migrate = Signal()
connection_created = Signal()
setting_changed = Signal()
