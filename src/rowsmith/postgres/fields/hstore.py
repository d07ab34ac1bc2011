"""HStore: texts by their keys in a column, with their lookups; needs the extension `hstore`."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from rowsmith.exceptions import ValidationError
from rowsmith.expressions.base import Resolved, Scope
from rowsmith.expressions.transforms import Transform
from rowsmith.fields.base import G, S
from rowsmith.fields.text import TextField
from rowsmith.lookups.base import Given
from rowsmith.lookups.json import bound
from rowsmith.lookups.text import checked_text
from rowsmith.postgres.common import TypedField
from rowsmith.postgres.fields.arrays import ArrayField
from rowsmith.postgres.operators import OperatorLookup, infix
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate

_TEXT: Any = TextField(null=True)
_TEXTS: Any = ArrayField(TextField(), null=True)


class HStoreField(TypedField[S, G]):
    """A mapping of texts to texts or None; other values are stored as their texts."""

    face = "rowsmith.postgres.fields"
    column_type = types.HStore()
    description = "Map of strings to strings/nulls"
    default_error_messages: ClassVar[dict[str, str]] = {
        "not_a_string": "The value of “%(key)s” is not a string or null.",
    }

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: HStoreField[Mapping[str, Any], dict[str, str | None]],
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: HStoreField[Mapping[str, Any] | None, dict[str, str | None] | None],
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Any) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    def get_transform(self, name: str) -> Any:
        """A registered transform; any other name is a key."""
        return super().get_transform(name) or _Key(name)

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        for key, item in value.items():
            if not isinstance(item, str) and item is not None:
                raise ValidationError(self.error_messages["not_a_string"], code="not_a_string", params={"key": key})

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def value_to_string(self, instance: Any) -> str:
        return json.dumps(self.value_from_object(instance))

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {_stored(key): None if item is None else _stored(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [_stored(item) for item in value]
        return value


def _stored(value: Any) -> str:
    return value if type(value) is str else str(value)


class _Key:
    """Makes the transform of one key."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *expressions: Any, **options: Any) -> Transform:
        return KeyTransform(self.name, *expressions, **options)


class KeyTransform(Transform):
    """The text of a key; NULL where there is none."""

    def __init__(self, key_name: str, *expressions: Any, **options: Any) -> None:
        super().__init__(*expressions, **options)
        self.key_name = key_name

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (super().fingerprint(values), self.key_name)

    def resolve(self, scope: Scope) -> Resolved:
        operand = self.lhs.resolve(scope).node
        key = sql.Ambient(sql.Constant(self.key_name), type=types.Text())
        return Resolved(sql.Infix("->", operand, key, type=types.Text()), _TEXT)


class KeysTransform(Transform):
    """All keys."""

    lookup_name = "keys"
    function = "akeys"
    result = types.Array(types.Text())
    output_field = _TEXTS

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        return sql.Native(self.sql_name, arguments, type=type_)


class ValuesTransform(KeysTransform):
    """All values."""

    lookup_name = "values"
    function = "avals"


class HStoreContains(OperatorLookup):
    """All pairs on the right are in the column."""

    lookup_name = "contains"
    postgres_operator = "@>"


class HStoreContainedBy(OperatorLookup):
    """All pairs of the column are on the right."""

    lookup_name = "contained_by"
    postgres_operator = "<@"


class HasKey(OperatorLookup):
    """The column has a key."""

    lookup_name = "has_key"
    postgres_operator = "?"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return infix(cls.postgres_operator, left.node, bound(given.slot(checked_text, types.Text())))


class HasKeys(OperatorLookup):
    """The column has all of several keys."""

    lookup_name = "has_keys"
    postgres_operator = "?&"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        if isinstance(given.value, str):
            raise ValueError(f"{cls.lookup_name} takes a list of keys, not {given.value!r}.")
        return infix(cls.postgres_operator, left.node, given.slot(_keys, types.Array(types.Text())))


class HasAnyKeys(HasKeys):
    """The column has one of several keys."""

    lookup_name = "has_any_keys"
    postgres_operator = "?|"


def _keys(values: Any) -> list[str]:
    return [checked_text(value) for value in values]


HStoreField.class_lookups = {
    each.lookup_name: each
    for each in (HStoreContains, HStoreContainedBy, HasKey, HasKeys, HasAnyKeys, KeysTransform, ValuesTransform)
}
