"""A small tree of Python expressions: what a random query is made of, printed, run and cut smaller."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any


class Node:
    """One expression. `str(node)` is Python source; `run(node, names)` evaluates it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Lit(Node):
    value: Any

    def __str__(self) -> str:
        return literal(self.value)


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Seq(Node):
    items: tuple[Node, ...]

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`target.name(*args, **kwargs)`, or `name(...)` without a target."""

    target: Node | None
    name: str
    args: tuple[Node, ...] = ()
    kwargs: tuple[tuple[str, Node], ...] = ()

    def __str__(self) -> str:
        parts = [str(a) for a in self.args]
        plain = all(k.isidentifier() for k, _ in self.kwargs)
        if plain and len({k for k, _ in self.kwargs}) == len(self.kwargs):
            parts += [f"{k}={v}" for k, v in self.kwargs]
        elif self.kwargs:
            parts.append("**{" + ", ".join(f"{k!r}: {v}" for k, v in self.kwargs) + "}")
        head = f"{wrapped(self.target)}." if self.target is not None else ""
        return f"{head}{self.name}({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class Get(Node):
    """`target.name`"""

    target: Node
    name: str

    def __str__(self) -> str:
        return f"{wrapped(self.target)}.{self.name}"


@dataclass(frozen=True, slots=True)
class Bin(Node):
    op: str
    left: Node
    right: Node

    def __str__(self) -> str:
        return f"{wrapped(self.left)} {self.op} {wrapped(self.right)}"


@dataclass(frozen=True, slots=True)
class Not(Node):
    inner: Node

    def __str__(self) -> str:
        return f"~{wrapped(self.inner)}"


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`target[start]`, or `target[start:stop:step]` when `slice`."""

    target: Node
    start: int | None
    stop: int | None = None
    step: int | None = None
    slice: bool = False

    def __str__(self) -> str:
        if not self.slice:
            return f"{wrapped(self.target)}[{self.start}]"
        parts = ["" if self.start is None else str(self.start), "" if self.stop is None else str(self.stop)]
        if self.step is not None:
            parts.append(str(self.step))
        return f"{wrapped(self.target)}[{':'.join(parts)}]"


def wrapped(node: Node) -> str:
    return f"({node})" if isinstance(node, (Bin, Not)) else str(node)


def literal(value: Any) -> str:
    if isinstance(value, decimal.Decimal):
        return f"Decimal({str(value)!r})"
    if isinstance(value, uuid.UUID):
        return f"UUID({str(value)!r})"
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return repr(value)
    if isinstance(value, float) and value != value:
        return "float('nan')"
    return repr(value)


BASE_NAMES: Mapping[str, Any] = {
    "datetime": datetime,
    "Decimal": decimal.Decimal,
    "UUID": uuid.UUID,
}


def run(node: Node, names: Mapping[str, Any]) -> Any:
    """Evaluate the source that `str(node)` prints: what a person reads is what is run."""
    return eval(compile(str(node), "<query>", "eval"), {**BASE_NAMES, **names})


def same(node: Node) -> Iterator[Node]:
    """The query with its conditions spelled differently: every spelling must have the same answer."""
    spelled = rewritten(node, exclusive)
    if spelled != node:
        yield spelled
    for spelling in (turned, negated, spread):
        for base in (node, spelled):
            other = rewritten(base, spelling)
            if other != base:
                yield other


def rewritten(node: Node, rule: Callable[[Node], Node]) -> Node:
    """The expression with the rule applied to every part, from the inside out."""

    def inner(part: Node) -> Node:
        return rewritten(part, rule)

    match node:
        case Call(target, name, args, kwargs):
            node = Call(
                None if target is None else inner(target),
                name,
                tuple(map(inner, args)),
                tuple((key, inner(value)) for key, value in kwargs),
            )
        case Get(target, name):
            node = Get(inner(target), name)
        case Bin(op, left, right):
            node = Bin(op, inner(left), inner(right))
        case Not(operand):
            node = Not(inner(operand))
        case Index(target, _, _, _, _):
            node = replace(node, target=inner(target))
        case Seq(items):
            node = Seq(tuple(map(inner, items)))
    return rule(node)


def exclusive(node: Node) -> Node:
    """a ^ b as (a & ~b) | (~a & b)."""
    match node:
        case Bin("^", a, b):
            return Bin("|", Bin("&", a, Not(b)), Bin("&", Not(a), b))
    return node


def turned(node: Node) -> Node:
    """The operands of and, or and xor, and the conditions of one call, the other way round."""
    match node:
        case Bin("&" | "|" | "^" as op, left, right) if not queryset(node):
            return Bin(op, right, left)
        case Call(target, "filter" | "exclude" as name, args, kwargs) if args and kwargs:
            return Call(target, name, (Call(None, "Q", (), kwargs[::-1]), *args[::-1]))
        case Call(target, "filter" | "exclude" | "Q" as name, args, kwargs):
            return Call(target, name, args[::-1], kwargs[::-1])
    return node


def spread(node: Node) -> Node:
    """Q(a=1, b=2) as Q(Q(a=1), Q(b=2)), in an order that no library sorts."""
    match node:
        case Call(target, "filter" | "exclude" | "Q" as name, args, kwargs) if len(kwargs) > 1:
            return Call(target, name, (*[Call(None, "Q", (), (pair,)) for pair in kwargs[::-1]], *args))
    return node


def negated(node: Node) -> Node:
    """exclude(...) as filter(~...), and a negation pushed inward over and and or."""
    match node:
        case Call(target, "exclude", args, kwargs) if args or kwargs:
            whole: Node | None = Call(None, "Q", (), kwargs) if kwargs else None
            for arg in args[::-1]:
                whole = arg if whole is None else Bin("&", arg, whole)
            assert whole is not None
            return Call(target, "filter", (Not(whole),))
        case Not(Bin("|", a, b)):
            return Bin("&", Not(a), Not(b))
        case Not(Bin("&", a, b)):
            return Bin("|", Not(a), Not(b))
    return node


def queryset(node: Node) -> bool:
    """Is this a combination of querysets, whose operands may differ in more than conditions?"""
    while isinstance(node, (Bin, Call, Index, Get, Not)):
        match node:
            case Bin(_, left, _):
                node = left
            case Not(inner):
                node = inner
            case Get(_, _):
                return True
            case Call(target, _, _, _) | Index(target, _, _, _, _):
                if target is None:
                    return False
                node = target
    return False


def smaller(node: Node) -> Iterator[Node]:
    """Expressions with one part less, boldest cuts first."""
    match node:
        case Call(target, _, args, kwargs):
            if isinstance(target, (Call, Index)):
                yield target
            for i in range(len(kwargs)):
                yield replace(node, kwargs=kwargs[:i] + kwargs[i + 1 :])
            for i in range(len(args)):
                yield replace(node, args=args[:i] + args[i + 1 :])
            if target is not None:
                for cut in smaller(target):
                    # A chain may lose a link in its middle, but never turn into something else than a chain.
                    yield replace(node, target=cut)
            for i, arg in enumerate(args):
                for cut in smaller(arg):
                    yield replace(node, args=(*args[:i], cut, *args[i + 1 :]))
            for i, (key, value) in enumerate(kwargs):
                for cut in smaller(value):
                    yield replace(node, kwargs=(*kwargs[:i], (key, cut), *kwargs[i + 1 :]))
        case Get(target, _):
            for cut in smaller(target):
                yield replace(node, target=cut)
        case Bin(_, left, right):
            yield left
            yield right
            for cut in smaller(left):
                yield replace(node, left=cut)
            for cut in smaller(right):
                yield replace(node, right=cut)
        case Not(inner):
            yield inner
            for cut in smaller(inner):
                yield replace(node, inner=cut)
        case Index(target, _, _, _, _):
            for cut in smaller(target):
                yield replace(node, target=cut)
        case Seq(items):
            for i in range(len(items)):
                yield Seq(items[:i] + items[i + 1 :])
            for i, item in enumerate(items):
                for cut in smaller(item):
                    yield Seq((*items[:i], cut, *items[i + 1 :]))
        case Lit(value) if isinstance(value, list):
            for i in range(len(value)):
                yield Lit(value[:i] + value[i + 1 :])
