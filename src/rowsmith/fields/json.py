"""JSON: documents as a field, and the null of documents as an expression."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any, overload

from rowsmith.exceptions import ValidationError
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.fields.base import Field, G, S
from rowsmith.lookups.json import DOCUMENTS, KeyTransformFactory
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class JSONField(Field[S, G]):
    """A JSON document; `encoder` and `decoder` are the classes that `json.dumps` and `json.loads` take as `cls`."""

    prep_types = frozenset({dict, list, str, int, float, bool})
    empty_strings_allowed = False
    default_error_messages = {"invalid": "Value must be valid JSON."}
    description = "A JSON object"
    class_lookups = DOCUMENTS

    @overload
    def __init__(
        self: JSONField[Any, Any],
        verbose_name: str | None = ...,
        name: str | None = ...,
        encoder: Callable[..., Any] | None = ...,
        decoder: Callable[..., Any] | None = ...,
        **options: Any,
    ) -> None: ...
    @overload
    def __init__(
        self,
        verbose_name: str | None = ...,
        name: str | None = ...,
        encoder: Callable[..., Any] | None = ...,
        decoder: Callable[..., Any] | None = ...,
        **options: Any,
    ) -> None: ...
    def __init__(
        self,
        verbose_name: str | None = None,
        name: str | None = None,
        encoder: Callable[..., Any] | None = None,
        decoder: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        if encoder and not callable(encoder):
            raise ValueError("The encoder parameter must be a callable object.")
        if decoder and not callable(decoder):
            raise ValueError("The decoder parameter must be a callable object.")
        self.encoder, self.decoder = encoder, decoder
        super().__init__(verbose_name, name, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if self.encoder is not None:
            keywords["encoder"] = self.encoder
        if self.decoder is not None:
            keywords["decoder"] = self.decoder
        return name, path, args, keywords

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        try:
            json.dumps(value, cls=self.encoder)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from None

    def value_to_string(self, instance: Any) -> Any:
        return self.value_from_object(instance)

    def get_transform(self, name: str) -> Any:
        """A registered transform; any other name is a key."""
        return super().get_transform(name) or KeyTransformFactory(name)


class JSONNull(Expression):
    """The document null, which is a value: a row that holds it does have one."""

    allowed_default = True

    def __repr__(self) -> str:
        return "JSONNull()"

    @property
    def output_field(self) -> Any:
        return Expression.field_of_type(types.Json())

    def fingerprint(self, values: list[Any]) -> Hashable:
        return JSONNull

    def resolve(self, scope: Scope) -> Resolved:
        return Resolved(sql.JsonNull(type=types.Json()), scope.field_for(types.Json()))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build it again."""
        return "rowsmith.models.JSONNull", (), {}
