"""Findings: what checks tell of definitions."""

from __future__ import annotations

from typing import Any

from rowsmith.exceptions import ImproperlyConfigured
from rowsmith.records import Record

DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50


class CheckMessage(Record):
    """One finding: what is wrong, how to mend it, and about what."""

    level: int
    msg: str
    hint: str | None = None
    obj: Any = None
    id: str | None = None

    def __str__(self) -> str:
        about = self.obj._meta.label if hasattr(self.obj, "_meta") else str(self.obj) if self.obj is not None else "?"
        code = f"({self.id}) " if self.id else ""
        hint = f"\n\tHINT: {self.hint}" if self.hint else ""
        return f"{about}: {code}{self.msg}{hint}"

    def is_serious(self, level: int = ERROR) -> bool:
        return self.level >= level


class CheckFailed(ImproperlyConfigured):
    """Models with mistakes were about to be used; `messages` are the findings."""

    def __init__(self, messages: list[CheckMessage]) -> None:
        self.messages = messages
        super().__init__("\n".join(["The models have mistakes:", *(str(message) for message in messages)]))


def error(msg: str, obj: Any, id: str, hint: str | None = None) -> CheckMessage:
    return CheckMessage(ERROR, msg, hint, obj, id)


def warning(msg: str, obj: Any, id: str, hint: str | None = None) -> CheckMessage:
    return CheckMessage(WARNING, msg, hint, obj, id)
