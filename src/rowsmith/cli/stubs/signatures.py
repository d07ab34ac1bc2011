"""Signatures: the methods of a class written as a stub, with names in their types replaced."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any, get_overloads

from rowsmith.queryset.manager import BaseManager, forwarded_names
from rowsmith.queryset.queryset import QuerySet


def method(name: str, function: Callable[..., Any], types: Mapping[str, str], indent: str = "    ") -> list[str]:
    """The lines that declare one method, an overload at a time.

    types:  what takes the place of a name in its annotations, such as `Self`.
    """
    overloads = get_overloads(function)
    lines: list[str] = []
    for one in overloads or [function]:
        if overloads:
            lines.append(f"{indent}@overload")
        kind = "async def" if inspect.iscoroutinefunction(one) else "def"
        lines.append(f"{indent}{kind} {name}{_signature(one, types)}: ...")
    return lines


def _signature(function: Callable[..., Any], types: Mapping[str, str]) -> str:
    parts: list[str] = []
    seen_star = False
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            seen_star = True
        elif parameter.kind is parameter.KEYWORD_ONLY and not seen_star:
            parts.append("*")
            seen_star = True
        stars = "*" * (parameter.kind is parameter.VAR_POSITIONAL) + "**" * (parameter.kind is parameter.VAR_KEYWORD)
        text = f"{stars}{parameter.name}"
        if parameter.annotation is not parameter.empty:
            text += f": {replaced(annotation(parameter.annotation), types)}"
        if parameter.default is not parameter.empty:
            text += " = ..." if parameter.annotation is not parameter.empty else "=..."
        parts.append(text)
    result = inspect.signature(function).return_annotation
    told = "" if result is inspect.Signature.empty else f" -> {replaced(annotation(result), types)}"
    return f"({', '.join(parts)}){told}"


def annotation(given: Any) -> str:
    """An annotation as it was written, whether it is kept as text or as an object."""
    if isinstance(given, str):
        return given
    if isinstance(given, type) and not hasattr(given, "__args__"):
        return "None" if given is type(None) else given.__qualname__
    return "None" if given is None else str(given).replace("typing.", "")


def replaced(text: str, types: Mapping[str, str]) -> str:
    """`text` with whole names replaced."""
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda found: types.get(found[0], found[0]), text)


def forwarded(queryset_class: type) -> Iterator[tuple[str, FunctionType]]:
    """The methods that a manager takes over from its queryset."""
    for name in forwarded_names(BaseManager, queryset_class):
        yield name, getattr(queryset_class, name)


HEADER = '''"""The methods of managers for type checkers; written by `python -m rowsmith.cli.stubs.signatures`."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any, Generic, Literal, overload

from rowsmith.execution.fetch_modes import FetchMode
from rowsmith.execution.raw import Parameters
from rowsmith.expressions.attributes import Attribute
from rowsmith.expressions.combinable import Shaped
from rowsmith.queryset.generic import M
from rowsmith.queryset.queryset import QuerySet
from rowsmith.queryset.raw import RawQuerySet
from rowsmith.queryset.refining import Condition

class ManagerMethods(Generic[M]):
'''


def manager_methods() -> str:
    """The stub of what every manager takes over from QuerySet."""
    types = {"Self": "QuerySet[M]", "R": "M"}
    lines = [line for name, function in forwarded(QuerySet) for line in method(name, function, types)]
    return HEADER + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(manager_methods(), end="")
