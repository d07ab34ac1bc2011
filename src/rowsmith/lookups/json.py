"""JSON: paths of keys into documents, and the lookups of documents and of what lies at the end of a path."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, ClassVar

from rowsmith.deprecation import discourage
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.names import F
from rowsmith.expressions.transforms import Transform
from rowsmith.lookups import comparison, text
from rowsmith.lookups.base import Given, Lookup, Unfit
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate


def part_type(type_: types.Type) -> types.JsonPart:
    """The type of what lies within a document of `type_`."""
    return types.JsonPart(type_.encoder, type_.decoder) if isinstance(type_, types.Json) else types.JsonPart()


def path_into(operand: sql.Expression, key: str, form: str = "value") -> sql.JsonPath:
    """One step further into a document."""
    type_: types.Type = types.Text() if form == "text" else part_type(operand.type)
    if isinstance(operand, sql.JsonPath) and operand.form == "value":
        return sql.JsonPath(operand.operand, (*operand.keys, key), form, type=type_)
    return sql.JsonPath(operand, (key,), form, type=type_)


def as_text(operand: Resolved) -> Resolved:
    """The text of what lies at the end of a path."""
    node = operand.node
    if isinstance(node, sql.JsonPath):
        node = replace(node, form="text", type=types.Text())
    return Resolved(node, Expression.field_of_type(types.Text()))


def bound(slot: sql.Expression) -> sql.Expression:
    """A value's place, with its type told to the database: text alone does not say that it is a document."""
    return replace(slot, cast=True) if isinstance(slot, sql.Parameter) else slot


class KeyTransform(Transform):
    """The value of a key, or of an index, of a document."""

    def __init__(self, key_name: Any, *expressions: Any, **options: Any) -> None:
        super().__init__(*expressions, **options)
        self.key_name = str(key_name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key_name!r}, {self.lhs!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (super().fingerprint(values), self.key_name)

    def resolve(self, scope: Scope) -> Resolved:
        operand = self.lhs.resolve(scope)
        field = operand.field if isinstance(operand.node.type, types.Json) else None
        return Resolved(path_into(operand.node, self.key_name), field or scope.field_for(types.Json()))


class KeyTextTransform(KeyTransform):
    """The same as text."""

    def resolve(self, scope: Scope) -> Resolved:
        operand = self.lhs.resolve(scope)
        return Resolved(path_into(operand.node, self.key_name, "text"), scope.field_for(types.Text()))


class KT(KeyTextTransform):
    """The text at the end of a path such as `data__owner__name`."""

    def __init__(self, lookup: str) -> None:
        path, separator, key = lookup.rpartition("__")
        if not separator:
            raise ValueError(f"KT() takes a field and at least one key, such as 'data__name', not {lookup!r}.")
        super().__init__(key, F(path))


class KeyTransformFactory:
    """Makes the transform of one key."""

    def __init__(self, key_name: str) -> None:
        self.key_name = key_name

    def __call__(self, *expressions: Any, **options: Any) -> KeyTransform:
        return KeyTransform(self.key_name, *expressions, **options)


# Documents


class JsonExact(comparison.Exact):
    """Equal to a document; None is the document null."""

    can_use_none_as_rhs = True

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        if given.value is None:
            _discourage_none()
            # The next call has to be told, too.
            given.unfit()
            return p.Comparison("=", left.node, sql.JsonNull(type=types.Json()))
        return super().plain(left, given)

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return p.Comparison("=", left.node, as_document(right.node))


def as_document(node: sql.Expression, *, part: bool = False) -> sql.Expression:
    """An expression beside a document, or a part of one: the text of a Value stands for a document."""
    if isinstance(node, sql.Parameter | sql.Ambient):
        if isinstance(node.type, types.Text | types.Varchar):
            return bound(replace(node, type=types.JsonText(part)))
        if part and isinstance(node.type, types.Json):
            return bound(replace(node, type=part_type(node.type)))
        if part and not isinstance(node.type, types.Unknown):
            return bound(replace(node, type=types.JsonPart()))
    return node


def _discourage_none() -> None:
    discourage(
        "Comparing a JSONField with None finds the document null, and leaves in 2.0; write JSONNull() for it, or "
        "isnull=True to find rows without a document."
    )


class Holding(Lookup):
    """Documents that hold one another."""

    @classmethod
    def holds(cls, left: sql.Expression, right: sql.Expression) -> Predicate:
        """The condition between two documents."""
        return p.JsonContains(left, right)

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        type_ = types.Json(*_coders(left.node.type))
        return cls.holds(left.node, bound(given.slot(None, type_)))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return cls.holds(left.node, as_document(right.node))


def _coders(type_: types.Type) -> tuple[Any, Any]:
    return (type_.encoder, type_.decoder) if isinstance(type_, types.Json) else (None, None)


class DataContains(Holding):
    """The document on the left holds that on the right."""

    lookup_name = "contains"


class ContainedBy(Holding):
    """The other way around."""

    lookup_name = "contained_by"

    @classmethod
    def holds(cls, left: sql.Expression, right: sql.Expression) -> Predicate:
        return p.JsonContains(right, left)


class HasKey(Lookup):
    """The object has a key."""

    lookup_name = "has_key"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return p.JsonHasKeys(left.node, given.slot(text.checked_text, types.Text()))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return p.JsonHasKeys(left.node, right.node)


class HasKeys(Lookup):
    """The object has all of several keys."""

    lookup_name = "has_keys"
    any: ClassVar[bool] = False

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        if isinstance(given.value, str):
            raise ValueError(f"{cls.lookup_name} takes a list of keys, not {given.value!r}.")
        return p.JsonHasKeys(left.node, given.slots(_keys, types.Text()), cls.any)


class HasAnyKeys(HasKeys):
    """The object has one of several keys."""

    lookup_name = "has_any_keys"
    any = True


def _keys(values: Any) -> list[str]:
    return [text.checked_text(value) for value in values]


# Parts of documents


def _part(left: Resolved) -> types.JsonPart:
    return part_type(left.node.type)


class KeyCompare(comparison.Compare):
    """One comparison operator between parts of documents."""

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return p.Comparison(cls.operator, left.node, bound(given.slot(None, _part(left))))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return p.Comparison(cls.operator, left.node, as_document(right.node, part=True))


class KeyExact(KeyCompare, comparison.Exact):
    """Equal; None is null, not a missing key."""

    can_use_none_as_rhs = True

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        if given.value is None:
            return is_null_document(left)
        return super().plain(left, given)


def is_null_document(left: Resolved) -> Predicate:
    """The value of the key is null."""
    return p.Comparison("=", left.node, sql.JsonNull(type=_part(left)))


class KeyGreaterThan(KeyCompare, comparison.GreaterThan):
    pass


class KeyGreaterThanOrEqual(KeyCompare, comparison.GreaterThanOrEqual):
    pass


class KeyLessThan(KeyCompare, comparison.LessThan):
    pass


class KeyLessThanOrEqual(KeyCompare, comparison.LessThanOrEqual):
    pass


class KeyRange(comparison.Range):
    """Between two values, both included."""

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        def limit(index: int) -> Callable[[Any], Any]:
            def prepared(values: Any) -> Any:
                pair = tuple(values)
                if len(pair) != 2:
                    raise ValueError(f"A range takes two values, low and high, not {len(pair)}.")
                return pair[index]

            return prepared

        low, high = (bound(given.slot(limit(index), _part(left))) for index in (0, 1))
        return p.Between(left.node, low, high)


class KeyIn(comparison.In):
    """Equal to one of several values."""

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        if not isinstance(given.value, Iterable):
            raise TypeError(f"The value of an in lookup must be iterable, not {given.value!r}.")

        def prepared(values: Any) -> list[Any]:
            found = [value for value in values if value is not None]
            if not found:
                raise Unfit
            return found

        try:
            return p.InList(left.node, given.slots(prepared, _part(left)))
        except Unfit:
            return p.NEVER

    @classmethod
    def expressions(cls, left: Resolved, choices: list[Resolved]) -> Predicate:
        nodes = tuple([as_document(choice.node, part=True) for choice in choices])
        return p.InExpressions(left.node, nodes) if nodes else p.NEVER


class KeyText(Lookup):
    """A text lookup, on the text of the value."""

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return super().plain(as_text(left), given)

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return super().expression(as_text(left), right)


class KeyIExact(KeyText, text.IExact):
    can_use_none_as_rhs = True

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return is_null_document(left) if given.value is None else super().plain(left, given)


class KeyIContains(KeyText, text.IContains):
    pass


class KeyStartsWith(KeyText, text.StartsWith):
    pass


class KeyIStartsWith(KeyText, text.IStartsWith):
    pass


class KeyEndsWith(KeyText, text.EndsWith):
    pass


class KeyIEndsWith(KeyText, text.IEndsWith):
    pass


class KeyRegex(KeyText, text.Regex):
    pass


class KeyIRegex(KeyText, text.IRegex):
    pass


DOCUMENTS = {
    kind.lookup_name: kind for kind in (JsonExact, DataContains, ContainedBy, HasKey, HasKeys, HasAnyKeys)
}
"""The lookups of a document."""

KeyTransform.class_lookups = {
    kind.lookup_name: kind
    for kind in (
        KeyExact, KeyGreaterThan, KeyGreaterThanOrEqual, KeyLessThan, KeyLessThanOrEqual, KeyRange, KeyIn, KeyIExact,
        KeyIContains, KeyStartsWith, KeyIStartsWith, KeyEndsWith, KeyIEndsWith, KeyRegex, KeyIRegex,
    )
}  # fmt: skip
