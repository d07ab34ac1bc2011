"""Text lookups: iexact, contains, startswith, endswith and regex, each with a form that ignores case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from rowsmith.expressions.base import Resolved
from rowsmith.lookups.base import Given, Lookup
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate


def checked_text(value: Any) -> str:
    """`value` as text that a database can hold; ValueError for NUL characters and lone surrogates."""
    text = value.decode() if isinstance(value, bytes) else str(value)
    if "\0" in text:
        raise ValueError("Text with NUL characters cannot be looked up: no database stores it.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"Text with a lone surrogate cannot be looked up: {error.reason}.") from None
    return text


def _escaped(value: Any) -> str:
    return checked_text(value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class Pattern(Lookup):
    """The text holds another at `position`: start, end or anywhere."""

    position: ClassVar[str]
    ignore_case: ClassVar[bool] = False

    @classmethod
    def prepare(cls) -> Callable[[Any], str]:
        if cls.position == "start":
            return lambda value: _escaped(value) + "%"
        if cls.position == "end":
            return lambda value: "%" + _escaped(value)
        return lambda value: "%" + _escaped(value) + "%"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return p.Like(left.node, given.slot(cls.prepare(), types.Text()), cls.ignore_case)

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return p.Contains(left.node, right.node, cls.position, cls.ignore_case)


class Contains(Pattern):
    lookup_name = "contains"
    position = "anywhere"


class IContains(Contains):
    lookup_name = "icontains"
    ignore_case = True


class StartsWith(Pattern):
    lookup_name = "startswith"
    position = "start"


class IStartsWith(StartsWith):
    lookup_name = "istartswith"
    ignore_case = True


class EndsWith(Pattern):
    lookup_name = "endswith"
    position = "end"


class IEndsWith(EndsWith):
    lookup_name = "iendswith"
    ignore_case = True


class IExact(Lookup):
    """Equal when case is ignored."""

    lookup_name = "iexact"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return p.SameText(left.node, given.slot(checked_text, types.Text()))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return p.SameText(left.node, right.node)


class Regex(Lookup):
    """Matches a regular expression in the database's own syntax."""

    lookup_name = "regex"
    ignore_case: ClassVar[bool] = False

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return p.Regex(left.node, given.slot(checked_text, types.Text()), cls.ignore_case)

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return p.Regex(left.node, right.node, cls.ignore_case)


class IRegex(Regex):
    lookup_name = "iregex"
    ignore_case = True


LOOKUPS = (Contains, IContains, StartsWith, IStartsWith, EndsWith, IEndsWith, IExact, Regex, IRegex)
