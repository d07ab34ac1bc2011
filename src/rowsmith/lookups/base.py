"""Lookup: a condition on one expression, which may follow a name after a double underscore."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from copy import copy
from typing import Any, ClassVar, NoReturn, Protocol

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Combinable, Shaped, kind_of
from rowsmith.expressions.compiling import Fixed, node_of
from rowsmith.expressions.protocol import VENDORS, overrides
from rowsmith.expressions.settled import Opened, Settled
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate


class Unfit(Exception):
    """This value needs another SQL than the shape that it met has; the query is planned for it alone."""


class Given(Protocol):
    """A plain value on the right of a lookup: one of many that will take the same place."""

    value: Any

    def unfit(self) -> None:
        """Let the query be planned anew for the next value."""

    def slot(self, prepare: Callable[[Any], Any] | None, type_: types.Type) -> sql.Parameter:
        """A place for what `prepare` makes of the value; it is prepared at each call, and refused there if wrong."""

    def slots(self, prepare: Callable[[Any], Any] | None, type_: types.Type) -> sql.ListParameter:
        """The same for a value that is a list."""


class Lookup(Expression):
    """A condition on one expression; `lookup_name` is how it is spelled in a keyword.

    What a lookup of the library means is said by `plain` and `expression`. A class of the user's may write itself
    instead, by `as_sql`.

    lhs:          the expression; resolved by the time that SQL is written.
    rhs:          what it is compared with: an expression, or a plain value.
    prepare_rhs:  whether plain values are prepared by the field on the left.
    """

    lookup_name: ClassVar[str]
    prepare_rhs: bool = True
    can_use_none_as_rhs: bool = False
    conditional = True
    keyed_by_parts = False
    known_state = frozenset({"lhs", "rhs", "output_field"})

    def __init__(self, lhs: Any, rhs: Any) -> None:
        if not isinstance(lhs, Shaped):
            raise TypeError(
                f"{type(self).__name__}() compares an expression, not {lhs!r}: write F({lhs!r}) for a field."
            )
        self.lhs = lhs
        self.rhs = rhs
        self.rhs = self.get_prep_lookup()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.lhs!r}, {self.rhs!r})"

    @property
    def output_field(self) -> Any:
        return Expression.field_of_type(types.Boolean())

    # What it means

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        """The condition against a plain value."""
        raise NotImplementedError(f"{cls.__name__} needs an as_sql(compiler, connection).")

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        """The condition against another expression."""
        raise NotImplementedError(f"{cls.__name__} needs an as_sql(compiler, connection).")

    @classmethod
    def item_side(cls, left: Resolved) -> Resolved:
        """What an item is like of a list on the right that mixes plain values and expressions."""
        return left

    # As an expression

    def get_source_expressions(self) -> list[Any]:
        if type(self.rhs) is Opaque:
            return [self.lhs, _inside(self.rhs)]
        return [self.lhs, self.rhs] if isinstance(self.rhs, Combinable) else [self.lhs]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.lhs, *right = expressions
        if right:
            self.rhs = Opaque(right[0]) if type(self.rhs) is Opaque else right[0]

    def fingerprint(self, values: list[Any]) -> Hashable:
        left = self.lhs.fingerprint(values)
        if type(self.rhs) is Opaque:
            return (type(self), left, Opaque)
        return (type(self), left, kind_of(self.rhs, values))

    def resolve(self, scope: Scope) -> Resolved:
        predicate = scope.compared(self, self.lhs, self.rhs)
        return Resolved(sql.Truth(predicate), scope.field_for(types.Boolean()))

    def _written(self, scope: Scope, plain: Any) -> Resolved:
        # What is on its right is looked at apart, there as in a keyword.
        resolved: Resolved = plain(self, scope)
        return resolved

    # What a class of the user's may override

    def rhs_is_direct_value(self) -> bool:
        """Whether the right side is a plain value."""
        return type(self.rhs) is Opaque or not isinstance(self.rhs, Shaped)

    def get_prep_lookup(self) -> Any:
        """The right side as the field on the left wants it."""
        field = getattr(self.lhs, "output_field", None)
        prepare = preparer(field)
        if not self.prepare_rhs or prepare is None or self.rhs is None or not self.rhs_is_direct_value():
            return self.rhs
        return prepare(self.rhs)

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """A plain value as SQL text with parameters."""
        return "%s", (value,)

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> tuple[str, tuple[Any, ...]]:
        """The left side as SQL text with parameters; to be repeated together."""
        result: tuple[str, tuple[Any, ...]] = compiler.compile(self.lhs if lhs is None else lhs)
        return result

    def process_rhs(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The right side as SQL text with parameters; to be repeated together."""
        if type(self.rhs) is Opaque:
            text, parameters = compiler.compile(_inside(self.rhs))
        elif isinstance(self.rhs, Combinable):
            text, parameters = compiler.compile(self.rhs)
        else:
            text, parameters = self.get_db_prep_lookup(self.rhs, connection)
        return text, tuple(parameters)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """The condition around the two sides as they were processed."""
        left = processed(self.process_lhs(compiler, connection), self.lhs)
        right = processed(self.process_rhs(compiler, connection), self.rhs)
        result: tuple[str, Any] = compiler.fragment(self.expression(left, right))
        return result


def processed(written: tuple[str, Any], side: Any) -> Resolved:
    """One side of a lookup, written already."""
    if type(side) is Opaque:
        side = _inside(side)
    type_: types.Type = types.Unknown()
    if isinstance(side, Expression):
        node = node_of(side)
        type_ = getattr(node, "type", type_)
    return Resolved(sql.Spelled((), type=type_, spell=Fixed(*written)))


class Opaque:
    """The right side of a lookup while its SQL is written for values of a kind: whoever looks at it is noticed."""

    __slots__ = ("_settled",)

    def __init__(self, settled: Settled) -> None:
        object.__setattr__(self, "_settled", settled)

    def __getattribute__(self, name: str) -> Any:
        if name in ("__reduce_ex__", "__reduce__"):
            # A query that holds it may be pickled and copied.
            return lambda *_: (Opaque, (_inside(self),))
        if name == "__deepcopy__":
            raise AttributeError(name)
        # isinstance() asks for __class__.
        raise Opened

    def _opened(self, *_: Any) -> NoReturn:
        raise Opened

    __str__ = __repr__ = __format__ = __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __add__ = __radd__ = _opened
    __bool__ = __len__ = __iter__ = __int__ = __float__ = __getitem__ = __contains__ = __hash__ = _opened
    __mul__ = __rmul__ = __mod__ = __rmod__ = __index__ = __neg__ = __sub__ = __rsub__ = _opened


def _inside(opaque: Any) -> Settled:
    settled: Settled = object.__getattribute__(opaque, "_settled")
    return settled


def against(lookup: Lookup, right: Settled) -> Lookup:
    """A lookup of the user's with a place in the stead of its value."""
    twin = copy(lookup)
    twin.rhs = Opaque(right)
    return twin


_HOOKS = (
    "as_sql", "process_lhs", "process_rhs", "get_prep_lookup", "get_db_prep_lookup", "prepare_rhs", "__init__",
    *(f"as_{vendor}" for vendor in VENDORS),
)  # fmt: skip


def follows_protocol(lookup: type[Lookup]) -> bool:
    """Whether a class of the user's overrides a part of what a lookup does."""
    return overrides(lookup, *_HOOKS) or any(hasattr(lookup, f"as_{vendor}") for vendor in VENDORS)


def preparer(field: Any) -> Callable[[Any], Any] | None:
    """What turns a caller's value into one of `field`'s; None when the field is not known."""
    if field is None:
        return None
    prepare: Callable[[Any], Any] | None = getattr(field, "get_lookup_value", None)
    return prepare if prepare is not None else getattr(field, "get_prep_value", None)
