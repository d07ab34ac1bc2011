"""Serialization: objects written as text in several formats, and read again."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from rowsmith import config
from rowsmith.exceptions import ImproperlyConfigured, did_you_mean
from rowsmith.serializers.base import (
    DeserializationError,
    DeserializedObject,
    M2MDeserializationError,
    SerializationError,
    Serializer,
    SerializerDoesNotExist,
)

__all__ = [
    "DeserializationError",
    "DeserializedObject",
    "M2MDeserializationError",
    "SerializationError",
    "SerializerDoesNotExist",
    "deserialize",
    "get_deserializer",
    "get_public_serializer_formats",
    "get_serializer",
    "get_serializer_formats",
    "register_serializer",
    "serialize",
    "unregister_serializer",
]

_modules: dict[str, str] = {
    "xml": "rowsmith.serializers.xml_serializer",
    "python": "rowsmith.serializers.python",
    "json": "rowsmith.serializers.json",
    "yaml": "rowsmith.serializers.pyyaml",
    "jsonl": "rowsmith.serializers.jsonl",
}


def register_serializer(format: str, serializer_module: str) -> None:
    """Have a format written and read by a module that has a `Serializer` and a `Deserializer`."""
    _modules[format] = serializer_module


def unregister_serializer(format: str) -> None:
    """Forget a format.

    raises:  SerializerDoesNotExist.
    """
    if format not in _modules:
        raise _missing(format)
    del _modules[format]


def get_serializer_formats() -> list[str]:
    """The names of all formats."""
    return list(_known())


def get_public_serializer_formats() -> list[str]:
    """The names of the formats that may be offered to others."""
    return [format for format, module in _known().items() if not _is_internal(module)]


def get_serializer(format: str) -> type[Serializer]:
    """The class that writes a format.

    raises:  SerializerDoesNotExist; ImportError when it needs a library that is not there.
    """
    found: type[Serializer] = _module(format).Serializer
    return found


def get_deserializer(format: str) -> Any:
    """What reads a format: called with a stream or text, it gives DeserializedObjects.

    raises:  SerializerDoesNotExist; ImportError when it needs a library that is not there.
    """
    return _module(format).Deserializer


def serialize(format: str, queryset: Iterable[Any], **options: Any) -> Any:
    """The objects as text in a format; see `Serializer.serialize` for the options.

    raises:  SerializerDoesNotExist.
    """
    return get_serializer(format)().serialize(queryset, **options)


def deserialize(format: str, stream_or_string: Any, **options: Any) -> Iterator[DeserializedObject]:
    """The objects of a text or stream in a format, unsaved, one by one; see `base.objects_of` for the options.

    raises:  SerializerDoesNotExist; DeserializationError.
    """
    found: Iterator[DeserializedObject] = get_deserializer(format)(stream_or_string, **options)
    return found


def _known() -> dict[str, str]:
    try:
        configured = config.current().serialization_modules
    except ImproperlyConfigured:
        configured = {}
    return {**_modules, **configured}


def _module(format: str) -> ModuleType:
    module = _known().get(format)
    if module is None:
        raise _missing(format)
    return importlib.import_module(module)


def _is_internal(module: str) -> bool:
    try:
        return bool(getattr(importlib.import_module(module).Serializer, "internal_use_only", False))
    except ImportError:
        return False


def _missing(format: str) -> SerializerDoesNotExist:
    known = sorted(_known())
    return SerializerDoesNotExist(
        f"There is no format {format!r}.{did_you_mean(format, known)} Formats: {', '.join(known)}."
    )
