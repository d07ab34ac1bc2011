"""Annotations: what a model declares for type checkers, held against what it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_REVERSE = re.compile(r"(?:\w+\.)*Reverse\[\s*['\"]?(?P<model>[\w.]+)")


def reverse_accessors(model: Any) -> Iterator[tuple[str, str | None]]:
    """The names that a class body declares as `models.Reverse[...]`, and the model inside where it was written out."""
    # `inspect` has a function for this, and costs more to import than all models of most programs.
    for name, annotation in vars(model).get("__annotations__", {}).items():
        if isinstance(annotation, str):
            found = _REVERSE.match(annotation)
            if found is not None:
                yield name, found["model"].rpartition(".")[2]
        elif isinstance(annotation, type) and getattr(annotation, "declares_accessor", False):
            yield name, None
