"""Protocol: which classes write or resolve themselves, by what they override, and what of them can change the SQL."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import Any
from uuid import UUID

on_change: list[Callable[[], None]] = []
"""What must hear that a lookup was registered or a class learned to write itself: what was planned is stale."""

VENDORS = ("sqlite", "postgresql", "mysql")
"""The databases of which a class may know a spelling of its own, as_<vendor>."""

_PLAIN: dict[type, Any] = {}
_PLAIN_KEYS: dict[type, Any] = {}
"""The own `resolve` and `fingerprint` of classes that learned to write themselves after they were made."""


def changed() -> None:
    """Tell everybody that what was planned so far is stale."""
    for listener in on_change:
        listener()


class ExpressionType(ABCMeta):
    """Watches classes of expressions for what they override: at their definition, and when it is attached later.

    It is one of abstract classes only so that a class may be both; most are made and asked as plain ones.
    """

    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> ExpressionType:
        abstract = any(type(base) is ABCMeta for base in bases)
        make: Any = ABCMeta.__new__ if abstract else type.__new__
        cls: ExpressionType = make(mcs, name, bases, namespace, **options)
        return cls

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> None:
        super().__init__(name, bases, namespace)
        if not is_ours(cls):
            _adopt(cls)

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name.startswith("as_"):
            _adopt(cls)
            changed()

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        if name.startswith("as_"):
            changed()


def is_ours(cls: type) -> bool:
    """Whether a class is one of the library's own, which resolve to nodes that every dialect knows, or Python's."""
    return cls.__module__.startswith("rowsmith.") or cls.__module__ in ("builtins", "typing", "abc")


def _adopt(cls: type) -> None:
    for name, ours, plain in (("resolve", by_protocol, _PLAIN), ("fingerprint", _fingerprint, _PLAIN_KEYS)):
        own = vars(cls).get(name)
        if own is None or (is_ours(cls) and own is not ours):
            if own is not None:
                plain[cls] = own
            type.__setattr__(cls, name, ours)
    if not is_ours(cls) and "__new__" not in vars(cls):
        type.__setattr__(cls, "__new__", _remembering)


def _remembering(cls: type, *args: Any, **kwargs: Any) -> Any:
    """`__new__` of the user's classes, which keeps what they were built from."""
    instance: Any = object.__new__(cls)
    instance._constructor_args = (args, kwargs)
    return instance


def _fingerprint(self: Any, values: list[Any]) -> Hashable:
    """`fingerprint` of classes that may override parts of the public protocol."""
    cls = type(self)
    if cls.keyed_by_parts and writes_itself(cls):
        parts = [None if part is None else part.fingerprint(values) for part in self.get_source_expressions()]
        return (cls, *parts, _state(self, ()))
    return (cls, _plain(cls, "fingerprint", _fingerprint, _PLAIN_KEYS)(self, values), _state(self, self.known_state))


def plain_resolve(cls: type) -> Any:
    """The `resolve` of the built-in class that `cls` is, or is derived from."""
    return _plain(cls, "resolve", by_protocol, _PLAIN)


def _plain(cls: type, name: str, ours: Any, replaced: Mapping[type, Any]) -> Any:
    """A method as it would be without the protocol."""
    for base in cls.__mro__:
        own = replaced.get(base) or vars(base).get(name, ours)
        if own is not ours:
            return own
    raise NotImplementedError


def overrides(cls: type, *names: str) -> bool:
    """Whether a class of the user's, from `cls` up, defines one of `names`."""
    if is_ours(cls):
        return False  # so are all classes that it is derived from
    return any(name in vars(base) for base in cls.__mro__ if not is_ours(base) for name in names)


def writes_itself(cls: type) -> bool:
    """Whether SQL text comes from the class and not from a node that the dialect spells."""
    if overrides(cls, "as_sql", "template", "arg_joiner", "_resolve_output_field"):
        return True
    return any(hasattr(cls, f"as_{vendor}") for vendor in VENDORS)


def asks_for_types(cls: type) -> bool:
    """Whether code of the user's calls `type()`, which tells of a value without looking at it."""
    members = (member for base in cls.__mro__ if not is_ours(base) for member in vars(base).values())
    functions = (member for member in members if isinstance(member, FunctionType))
    return any("type" in f.__code__.co_names for f in functions if not str(f.__module__).startswith("rowsmith."))


def by_protocol(self: Any, scope: Any) -> Any:
    """`resolve` of classes that may override parts of the public protocol."""
    cls = type(self)
    plain = plain_resolve(cls)
    if overrides(cls, "resolve_expression"):
        done = self.resolve_expression(scope)
        if type(done) is not cls:
            return done.resolve(scope)
    elif writes_itself(cls):
        done = self
    else:
        return self._converted(plain(self, scope))
    return self._converted(done._written(scope, plain) if writes_itself(cls) else plain(done, scope))


UNREPEATABLE = object
"""Makes a key that equals no other: what has it is planned anew each time."""

_EXACT = (str, bytes, int, type(None), tzinfo, UUID, Enum, type, FunctionType, BuiltinFunctionType)
_SHOWN = (float, Decimal, date, time, timedelta)
"""Types whose values may be equal and yet be written differently."""


def frozen(value: Any) -> Hashable:
    """A hashable snapshot of a value that a class of the user's keeps; equal to no other where that is impossible."""
    if isinstance(value, _EXACT):
        return (type(value), value)
    if isinstance(value, _SHOWN):
        return (type(value), repr(value))
    if isinstance(value, list | tuple):
        return (type(value), *map(frozen, value))
    if isinstance(value, set | frozenset):
        return (type(value), frozenset(map(frozen, value)))
    if isinstance(value, Mapping):
        return (type(value), *((frozen(key), frozen(item)) for key, item in value.items()))
    if hasattr(value, "fingerprint"):
        values: list[Any] = []
        key: Hashable = value.fingerprint(values)
        return (key, frozen(values))
    if hasattr(value, "deconstruct"):
        return (type(value), repr(value.deconstruct()[1:]))
    return UNREPEATABLE()


def _state(instance: Any, known: Collection[str]) -> Hashable:
    """What an instance keeps beside its parts, and beside the attributes in `known`."""
    places = {id(source): place for place, source in enumerate(instance.get_source_expressions())}

    def snapshot(value: Any) -> Hashable:
        if id(value) in places:
            return places[id(value)]
        if isinstance(value, list | tuple) and any(id(item) in places for item in value):
            return tuple(map(snapshot, value))
        return frozen(value)

    names = {name for base in type(instance).__mro__ for name in vars(base).get("__slots__", ())}
    names.update(vars(instance))
    names.difference_update(known, ("_constructor_args",))
    return tuple([(name, snapshot(getattr(instance, name, None))) for name in sorted(names)])
