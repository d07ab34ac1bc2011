"""Serializers: how a value is written as Python that makes it again."""

from __future__ import annotations

import builtins
import datetime
import decimal
import enum
import functools
import importlib.util
import inspect
import math
import os
import pathlib
import re
import sys
import types
import uuid
import zoneinfo
from collections.abc import Iterable, Iterator
from typing import Any

from rowsmith.fields.base import Field
from rowsmith.fields.choices import Choices
from rowsmith.fields.on_delete import OnDelete, SetValue
from rowsmith.migrations.migration import SwappableTuple
from rowsmith.migrations.operations import Operation
from rowsmith.models import Model
from rowsmith.queryset.manager import BaseManager

Written = tuple[str, set[str]]
"""Python, and the import lines that it needs."""


WIDTH = 80
"""A list in an option that is longer goes over several lines."""


class BaseSerializer:
    """Writes one value; derived classes say how."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def serialize(self) -> Written:
        raise NotImplementedError(f"{type(self).__name__} needs a method serialize() that returns (text, imports).")


def quoted(text: str) -> str:
    """A text as Python writes it, in double quotes where that needs no more of them."""
    shown = repr(text)
    if shown[0] == "'" and '"' not in shown:
        return '"' + shown[1:-1].replace("\\'", "'") + '"'
    return shown


def path_of(path: str) -> Written:
    """What a dotted path of a class or function is written as."""
    module, _, name = path.rpartition(".")
    if module == "rowsmith.models":
        return f"models.{name}", {"from rowsmith import models"}
    if module in ("rowsmith.migrations", "builtins", ""):
        return (
            (f"migrations.{name}", {"from rowsmith import migrations"}) if module.startswith("r") else (name, set())
        )
    # A class inside of another one is imported with the module that holds both.
    parts = module.split(".")
    while len(parts) > 1 and not _is_module(".".join(parts)):
        parts.pop()
    return path, {f"import {'.'.join(parts)}"}


def _is_module(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def deconstructed(path: str, args: Iterable[Any], kwargs: dict[str, Any]) -> Written:
    """The call that builds a value again."""
    name, imports = path_of(path)
    parts = []
    for value in args:
        text, needed = serialize(value)
        parts.append(text)
        imports |= needed
    for key, value in sorted(kwargs.items()):
        text, needed = serialize(value)
        # Not every key is a name.
        parts.append(f"{key}={text}" if key.isidentifier() else f"**{{{quoted(key)}: {text}}}")
        imports |= needed
    return f"{name}({', '.join(parts)})", imports


def _members(values: Iterable[Any]) -> tuple[list[str], set[str]]:
    texts, imports = [], set[str]()
    for value in values:
        text, needed = serialize(value)
        texts.append(text)
        imports |= needed
    return texts, imports


class PlainSerializer(BaseSerializer):
    """Numbers, truth and nothing: as Python shows them."""

    def serialize(self) -> Written:
        return repr(self.value), set()


class TextSerializer(BaseSerializer):
    def serialize(self) -> Written:
        return quoted(str(self.value)), set()


class FloatSerializer(BaseSerializer):
    def serialize(self) -> Written:
        if math.isfinite(self.value):
            return repr(self.value), set()
        return f'float("{self.value}")', set()


class ListSerializer(BaseSerializer):
    def serialize(self) -> Written:
        texts, imports = _members(self.value)
        return f"[{', '.join(texts)}]", imports


class TupleSerializer(BaseSerializer):
    def serialize(self) -> Written:
        texts, imports = _members(self.value)
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})", imports


class SetSerializer(BaseSerializer):
    def serialize(self) -> Written:
        texts, imports = _members(self.value)
        return (f"{{{', '.join(sorted(texts))}}}" if texts else "set()"), imports


class FrozensetSerializer(BaseSerializer):
    def serialize(self) -> Written:
        texts, imports = _members(self.value)
        return f"frozenset([{', '.join(sorted(texts))}])", imports


class DictSerializer(BaseSerializer):
    def serialize(self) -> Written:
        keys, imports = _members(self.value.keys())
        values, more = _members(self.value.values())
        pairs = [f"{key}: {value}" for key, value in zip(keys, values, strict=True)]
        return f"{{{', '.join(pairs)}}}", imports | more


class DateSerializer(BaseSerializer):
    """Dates, times and spans; instants that know their zone as they are in UTC."""

    def serialize(self) -> Written:
        value = self.value
        if isinstance(value, datetime.datetime) and value.tzinfo is not None:
            value = value.astimezone(datetime.UTC)
        return repr(value), {"import datetime"}


class DecimalSerializer(BaseSerializer):
    def serialize(self) -> Written:
        return repr(self.value).replace("'", '"'), {"from decimal import Decimal"}


class ChoicesSerializer(BaseSerializer):
    def serialize(self) -> Written:
        return serialize(self.value.value)


class EnumSerializer(BaseSerializer):
    """Members by name, as values may change; flags as the combination of theirs."""

    def serialize(self) -> Written:
        name, imports = path_of(_importable(type(self.value)))
        members = [self.value]
        if isinstance(self.value, enum.Flag):
            members = list(self.value) or [self.value]
        if any(member.name is None for member in members):
            return f"{name}({self.value.value!r})", imports
        return " | ".join(f"{name}[{quoted(str(member.name))}]" for member in members), imports


class UuidSerializer(BaseSerializer):
    def serialize(self) -> Written:
        return f"uuid.{self.value!r}".replace("'", '"'), {"import uuid"}


class PathSerializer(BaseSerializer):
    """Paths as pure ones, which are the same on every system."""

    def serialize(self) -> Written:
        value = self.value
        if isinstance(value, pathlib.PurePath):
            kind = "PureWindowsPath" if isinstance(value, pathlib.PureWindowsPath) else "PurePosixPath"
            return f"pathlib.{kind}({quoted(value.as_posix())})", {"import pathlib"}
        return serialize(os.fspath(value))


class ZoneSerializer(BaseSerializer):
    def serialize(self) -> Written:
        return f"zoneinfo.ZoneInfo(key={quoted(self.value.key)})", {"import zoneinfo"}


class PatternSerializer(BaseSerializer):
    def serialize(self) -> Written:
        pattern, imports = serialize(self.value.pattern)
        flags = self.value.flags ^ re.compile(type(self.value.pattern)()).flags
        more = ""
        if flags:
            names = [f"re.{flag.name}" for flag in re.RegexFlag(flags)]
            more = f", flags={' | '.join(names)}"
        return f"re.compile({pattern}{more})", {"import re", *imports}


class PartialSerializer(BaseSerializer):
    def serialize(self) -> Written:
        function, imports = serialize(self.value.func)
        texts, more = _members(self.value.args)
        parts = [function, *texts]
        for key, value in self.value.keywords.items():
            text, needed = serialize(value)
            parts.append(f"{key}={text}")
            more |= needed
        name = type(self.value).__name__
        return f"functools.{name}({', '.join(parts)})", {"import functools", *imports, *more}


class OnDeleteSerializer(BaseSerializer):
    def serialize(self) -> Written:
        if isinstance(self.value, SetValue):
            return deconstructed("rowsmith.models.SET", (self.value.value,), {})
        return path_of(f"rowsmith.models.{self.value.name}")


class FieldSerializer(BaseSerializer):
    def serialize(self) -> Written:
        _, path, args, kwargs = self.value.deconstruct()
        return deconstructed(path, args, kwargs)


class OperationSerializer(BaseSerializer):
    def serialize(self) -> Written:
        text, imports = OperationWriter(self.value, indentation=0).serialize()
        return text.rstrip(","), imports


class OperationWriter:
    """One operation as a call, an argument a line."""

    def __init__(self, operation: Any, indentation: int = 2) -> None:
        self.operation = operation
        self.indentation = indentation

    def serialize(self) -> Written:
        name, args, kwargs = self.operation.deconstruct()
        kind = type(self.operation)
        imports: set[str] = set()
        if kind.__module__.startswith("rowsmith.migrations."):
            called = f"migrations.{name}"
            imports.add("from rowsmith import migrations")
        else:
            module = kind.__module__
            if module.startswith("rowsmith.postgres."):
                module = "rowsmith.postgres.operations"
            called = f"{module}.{name}"
            imports.add(f"import {module}")
        lines = [f"{called}("]
        parameters = list(inspect.signature(type(self.operation).__init__).parameters)[1:]
        given: list[tuple[str | None, Any]] = [(None, value) for value in args[len(parameters) :]]
        given = [*zip(parameters, args, strict=False), *given, *kwargs.items()]
        for key, value in given:
            expand = key in self.operation.serialization_expand_args
            written, needed = self._argument(value, expand)
            imports |= needed
            first, *rest = written
            lines.append(f"    {first if key is None else f'{key}={first}'}")
            lines += [f"    {line}" for line in rest]
            lines[-1] += ","
        lines.append("),")
        if len(lines) == 2:
            lines = [f"{called}(),"]
        pad = "    " * self.indentation
        return "\n".join(f"{pad}{line}" if line else line for line in lines), imports

    def _argument(self, value: Any, expand: bool) -> tuple[list[str], set[str]]:
        """An argument over one line, or a member a line where it has many."""
        if not expand or not isinstance(value, list | tuple | dict) or not value:
            text, imports = serialize(value)
            return text.split("\n"), imports
        brackets = "[]" if isinstance(value, list) else "()" if isinstance(value, tuple) else "{}"
        opening, closing = brackets[0], brackets[1]
        lines, imports = [opening], set[str]()
        for item in value.items() if isinstance(value, dict) else value:
            if isinstance(value, dict):
                key, needed = serialize(item[0])
                text, more = serialize(item[1])
                if len(text) > WIDTH and isinstance(item[1], list):
                    each, more = self._argument(item[1], expand=True)
                    text = "\n".join(each)
                text, needed = f"{key}: {text}", needed | more
            elif hasattr(item, "state_forwards"):
                text, needed = OperationWriter(item, indentation=0).serialize()
                text = text.rstrip(",")
            else:
                text, needed = serialize(item)
            imports |= needed
            lines += [f"    {line}" for line in f"{text},".split("\n")]
        return [*lines, closing], imports


class DeconstructibleSerializer(BaseSerializer):
    def serialize(self) -> Written:
        return deconstructed(*self.value.deconstruct()[-3:])


class SwappableSerializer(BaseSerializer):
    def serialize(self) -> Written:
        return f"migrations.swappable_dependency({quoted(self.value.setting)})", {"from rowsmith import migrations"}


class TypeSerializer(BaseSerializer):
    def serialize(self) -> Written:
        if self.value is Model:
            return path_of("rowsmith.models.Model")
        if self.value is types.NoneType:
            return "types.NoneType", {"import types"}
        if self.value.__module__ == builtins.__name__:
            return str(self.value.__name__), set()
        return path_of(_importable(self.value))


class FunctionSerializer(BaseSerializer):
    """Functions by the name by which they are imported; methods of classes too."""

    def serialize(self) -> Written:
        value: Any = self.value
        owner = getattr(value, "__self__", None)
        if isinstance(owner, type):
            name, imports = path_of(_importable(owner))
            return f"{name}.{value.__name__}", imports
        if getattr(value, "__name__", None) == "<lambda>":
            raise ValueError(
                "Cannot serialize function: lambda. Write a function with a name at the top of a module."
            )
        if getattr(value, "__module__", None) in (None, builtins.__name__):
            if getattr(builtins, getattr(value, "__name__", ""), None) is value:
                return self.value.__name__, set()
            raise ValueError(f"Cannot serialize function {value!r}: No module.")
        path = _importable(value)
        if not all(part.isidentifier() for part in value.__module__.split(".")):
            # A migration's own module, whose name begins with a number.
            text = f"importlib.import_module({quoted(value.__module__)}).{value.__qualname__}"
            return text, {"import importlib", f"import {value.__module__}"}
        return path_of(path)


class RangeSerializer(BaseSerializer):
    """Ranges as PostgreSQL's driver has them: by the constructor of their class."""

    def serialize(self) -> Written:
        kind = type(self.value)
        path = f"{kind.__module__}.{kind.__qualname__}"
        if self.value.isempty:
            return deconstructed(path, (), {"empty": True})
        return deconstructed(path, (self.value.lower, self.value.upper, self.value.bounds), {})


class IterableSerializer(BaseSerializer):
    def serialize(self) -> Written:
        return TupleSerializer(tuple(self.value)).serialize()


def _importable(value: Any) -> str:
    """The dotted path by which a class or a function is imported; ValueError when there is none."""
    name = value.__qualname__
    if "<" in name:
        raise ValueError(
            f"Could not find {'type' if isinstance(value, type) else 'function'} {value.__name__} in "
            f"{value.__module__}: {name} is defined inside of a function. Move it to the top of the module, and use "
            "that one."
        )
    module = value.__module__
    if module.startswith("rowsmith.fields."):
        module = "rowsmith.models"
    return f"{module}.{name}"


class _Registry:
    """Serializers by the types that they write, the latest first."""

    def __init__(self) -> None:
        self.kinds: dict[Any, type[BaseSerializer]] = {}

    def register(self, type_: Any, serializer: type[BaseSerializer]) -> None:
        if not (isinstance(serializer, type) and issubclass(serializer, BaseSerializer)):
            raise ValueError(f"{serializer!r} must inherit from rowsmith.migrations.serializer.BaseSerializer.")
        self.kinds.pop(type_, None)
        # What was registered last is asked first.
        self.kinds = {type_: serializer, **self.kinds}

    def unregister(self, type_: Any) -> None:
        del self.kinds[type_]

    def find(self, value: Any) -> BaseSerializer | None:
        for type_, serializer in self.kinds.items():
            if isinstance(value, type_):
                return serializer(value)
        return None


registry = _Registry()

for _types, _serializer in reversed(
    [
        (SwappableTuple, SwappableSerializer),
        (OnDelete, OnDeleteSerializer),
        (Field, FieldSerializer),
        (BaseManager, DeconstructibleSerializer),
        (Operation, OperationSerializer),
        (type, TypeSerializer),
        (Choices, ChoicesSerializer),
        (enum.Enum, EnumSerializer),
        (float, FloatSerializer),
        ((bool, int, complex, types.NoneType, types.EllipsisType, range, slice, bytes), PlainSerializer),
        (str, TextSerializer),
        (decimal.Decimal, DecimalSerializer),
        ((datetime.date, datetime.time, datetime.timedelta, datetime.timezone), DateSerializer),
        (uuid.UUID, UuidSerializer),
        (zoneinfo.ZoneInfo, ZoneSerializer),
        (frozenset, FrozensetSerializer),
        (list, ListSerializer),
        (set, SetSerializer),
        (tuple, TupleSerializer),
        (dict, DictSerializer),
        ((functools.partial, functools.partialmethod), PartialSerializer),
        (re.Pattern, PatternSerializer),
        ((types.FunctionType, types.BuiltinFunctionType, types.MethodType), FunctionSerializer),
        (functools._lru_cache_wrapper, FunctionSerializer),
        (os.PathLike, PathSerializer),
    ]
):
    registry.register(_types, _serializer)


_BY_NAME: dict[str, type[BaseSerializer]] = {"psycopg.types.range.Range": RangeSerializer}
"""The serializers of classes of libraries that need not be installed."""


def serializer_for(value: Any) -> BaseSerializer:
    """What writes a value.

    raises:  ValueError when nothing can.
    """
    if not isinstance(value, type) and callable(getattr(value, "deconstruct", None)):
        found = registry.find(value)
        return found if found is not None else DeconstructibleSerializer(value)
    found = registry.find(value)
    if found is not None:
        return found
    for kind in type(value).__mro__:
        known = _BY_NAME.get(f"{kind.__module__}.{kind.__qualname__}")
        if known is not None:
            return known(value)
    if inspect.isroutine(value):
        return FunctionSerializer(value)
    if isinstance(value, Iterator | types.GeneratorType) or type(value).__name__ in ("dict_keys", "dict_values"):
        return IterableSerializer(value)
    raise ValueError(
        f"Cannot serialize: {value!r}. There are some values that cannot be written into migration files: give its "
        "class a method deconstruct() or the decorator @rowsmith.migrations.deconstructible, or register a serializer "
        "by MigrationWriter.register_serializer()."
    )


def serialize(value: Any) -> Written:
    """A value as Python, and the import lines that it needs."""
    return serializer_for(value).serialize()
