"""Annotations: what a model declares for type checkers, held against what it has."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

if sys.version_info >= (3, 14):
    import annotationlib

_REVERSE = re.compile(r"(?:\w+\.)*Reverse\[\s*['\"]?(?P<model>[\w.]+)")


def reverse_accessors(model: Any) -> Iterator[tuple[str, str | None]]:
    """The names that a class body declares as `models.Reverse[...]`, and the model inside where it was written out."""
    for name, annotation in _annotations(model).items():
        if isinstance(annotation, str):
            found = _REVERSE.match(annotation)
            if found is not None:
                yield name, found["model"].rpartition(".")[2]
        elif isinstance(annotation, type) and getattr(annotation, "declares_accessor", False):
            yield name, None


def _annotations(model: Any) -> Mapping[str, Any]:
    """Those of the class body itself, without evaluating names that may not be defined yet."""
    if sys.version_info >= (3, 14):
        return annotationlib.get_annotations(model, format=annotationlib.Format.STRING)
    return inspect.get_annotations(model)
