"""The %s placeholders of users' statements, rewritten for drivers that spell them otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from rowsmith.exceptions import ProgrammingError

_PLACE = re.compile(r"%(?:\((?P<name>[^)]*)\))?(?P<kind>.?)", re.DOTALL)


@lru_cache(maxsize=512)
def question_marks(sql: str) -> str:
    """`%s` becomes `?` and `%%` becomes `%`; anything else after a percent sign is an error, as in the
    drivers."""

    def spelled(match: re.Match[str]) -> str:
        if match["name"] is None and match["kind"] == "s":
            return "?"
        return _percent(match)

    return _PLACE.sub(spelled, sql)


@lru_cache(maxsize=512)
def named_colons(sql: str) -> tuple[str, tuple[str, ...]]:
    """`%(key)s` becomes `?`, and the keys come along in the order of their places."""
    names: list[str] = []

    def spelled(match: re.Match[str]) -> str:
        if match["name"] is not None and match["kind"] == "s":
            names.append(match["name"])
            return "?"
        return _percent(match)

    return _PLACE.sub(spelled, sql), tuple(names)


def bound(sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
    """Text with question marks and the values for them, from a sequence or a mapping."""
    if isinstance(parameters, Mapping):
        text, names = named_colons(sql)
        missing = [name for name in names if name not in parameters]
        if missing:
            raise ProgrammingError(f"The statement has a place for {missing[0]!r}, which the parameters lack.")
        return text, [parameters[name] for name in names]
    return question_marks(sql), parameters


def _percent(match: re.Match[str]) -> str:
    if match["name"] is None and match["kind"] == "%":
        return "%"
    raise ProgrammingError(
        f"{match[0]!r} is no placeholder here. Write %s for a value, and %% for a percent sign when the "
        "statement has parameters."
    )
