"""Related managers: placeholder until the lead's arrive."""

from __future__ import annotations

from typing import Any


def reverse_manager(rel: Any) -> Any:
    raise NotImplementedError


def many_to_many_manager(rel: Any, reverse: bool) -> Any:
    raise NotImplementedError
