"""Models: the classes that a stub adds for one model, and the attributes that it adds to it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from rowsmith.cli.stubs import names, values
from rowsmith.cli.stubs.imports import OURS, Imports
from rowsmith.cli.stubs.signatures import annotation, forwarded, method, replaced
from rowsmith.fields.composite import CompositePrimaryKey
from rowsmith.queryset.manager import BaseManager, Manager
from rowsmith.queryset.queryset import QuerySet

_STRICT = frozenset(
    {"filter", "exclude", "get", "aget", "get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create",
     "create", "acreate", "update", "aupdate", "order_by", "values", "values_list", "only", "defer", "select_related",
     "annotate", "alias"}
)  # fmt: skip


class ModelStub:
    """What is written about one model.

    imports:  those of the module that the model is in.
    hops:     how many relations away names are known.
    """

    def __init__(self, model: Any, imports: Imports, hops: int) -> None:
        self.model = model
        self.meta = model._meta
        self.imports = imports
        self.hops = hops
        self.name = model.__qualname__
        self.prefix = f"_{self.name}"

    # What stands beside the class

    def beside(self) -> list[str]:
        """The typed dicts, querysets and managers of the model."""
        lines = [
            *self._typed_dict("Filters", names.filters(self.model, self.hops, self.imports.model)),
            *self._typed_dict("Values", self._assigned()),
        ]
        readable = dict(names.readable(self.model, self.hops))
        ordering = [*readable, *(f"-{name}" for name in readable), "?"]
        lines += [
            f"{self.prefix}Names = {_literal(readable)}",
            f"{self.prefix}Order = {_literal(ordering)}",
            f"{self.prefix}Loadable = {_literal(names.loadable(self.model, self.hops))}",
            f"{self.prefix}Related = {_literal(names.selectable(self.model, self.hops))}",
        ]
        querysets: dict[type, str] = {}
        for manager in self.meta.managers:
            kind = manager._queryset_class
            if kind not in querysets:
                querysets[kind] = f"{self.prefix}{'' if not querysets else len(querysets) + 1}QuerySet"
                lines += self._queryset(kind, querysets[kind], readable)
            lines += self._manager(manager, querysets[kind], readable)
        lines += self._related_manager()
        return lines

    def _typed_dict(self, kind: str, entries: Iterable[tuple[str, str]]) -> list[str]:
        lines = [f"class {self.prefix}{kind}(TypedDict, total=False, closed=True):"]
        # The first to say something of a name is the most exact.
        known = {name: value for name, value in reversed(list(entries)) if name.isidentifier()}
        lines += [f"    {name}: {value}" for name, value in reversed(known.items())]
        return lines if len(lines) > 1 else [*lines, "    pass"]

    def _assigned(self) -> Iterator[tuple[str, str]]:
        for field in self.meta.fields:
            if field.generated or isinstance(field, CompositePrimaryKey):
                continue
            if field.is_relation and field.attname != field.name:
                yield (
                    field.name,
                    " | ".join(
                        [self.imports.model(field.related_model), *(["None"] if field.null else []), values.SHAPED]
                    ),
                )
            yield field.attname, values.assigned(field)
        if self.meta.pk.name != "pk":
            yield "pk", "Any"
        elif isinstance(self.meta.pk, CompositePrimaryKey):
            yield "pk", values.taken(self.meta.pk)
        for name in sorted(self.meta.property_names - {"pk"}):
            found = getattr(self.model, name, None)
            if isinstance(found, property) and found.fset is not None:
                yield name, "Any"

    def _queryset(self, kind: type, name: str, readable: dict[str, str]) -> list[str]:
        return [f"class {name}({self._open(kind)}):", *self._strict("Self", self._open(kind), readable)]

    def _open(self, kind: type) -> str:
        """A queryset whose keywords nobody knows, such as one with annotations."""
        if kind is QuerySet or not _importable(kind):
            return f"_models.QuerySet[{self.name}]"
        return self.imports.name(kind.__module__, kind.__qualname__)

    def manager_name(self, manager: Any) -> str:
        """What the class of one of the model's managers is called."""
        return f"{self.prefix}Manager" if manager.name == "objects" else f"{self.prefix}_{manager.name}_Manager"

    def _manager(self, manager: Any, queryset: str, readable: dict[str, str]) -> list[str]:
        kind = manager._queryset_class
        base = next(found for found in type(manager).__mro__ if _importable(found))
        parent = (
            f"_models.Manager[{self.name}]"
            if base in (Manager, BaseManager)
            else self.imports.name(base.__module__, base.__qualname__)
        )
        lines = [f"class {self.manager_name(manager)}({parent}):"]
        lines.append(f"    def get_queryset(self) -> {queryset}: ...")
        lines.append(f"    def all(self) -> {queryset}: ...")
        types = {**OURS, "Self": queryset, "M": self.name, "R": self.name}
        for name, function in forwarded(kind):
            if name in _STRICT:
                continue
            if function.__module__.startswith("rowsmith."):
                if "Self" in annotation(function.__annotations__.get("return", "")):
                    lines += method(name, function, types)
            elif not _importable(next(owner for owner in type(manager).__mro__ if name in vars(owner))):
                lines += self._users_method(name, function, {"Self": queryset})
        return [*lines, *self._strict(queryset, self._open(kind), readable)]

    def _users_method(self, name: str, function: FunctionType, types: dict[str, str]) -> list[str]:
        """A method of a user's queryset, as the manager has it."""
        words: dict[str, str] = {}
        for text in map(annotation, function.__annotations__.values()):
            spelled = self.imports.annotation(text, function)
            if spelled != text:
                words[text] = spelled
        lines = method(name, function, {})
        for text, spelled in sorted(words.items(), key=lambda item: -len(item[0])):
            lines = [line.replace(text, spelled) for line in lines]
        return [replaced(line, types) for line in lines]

    def _related_manager(self) -> list[str]:
        default = self.manager_name(self.meta.default_manager)
        through = "through_defaults: Mapping[str, Any] | None = ..."
        defaults = "defaults: Mapping[str, Any] | None = ..."
        wanted = f"**kwargs: Unpack[{self.prefix}Filters]"
        lines = [f"class {self.prefix}RelatedManager({default}, _RelatedManager[{self.name}]):"]
        for kind, prefix in (("def", ""), ("async def", "a")):
            lines += [
                f"    {kind} {prefix}create(self, *, {through}, **kwargs: Unpack[{self.prefix}Values]) -> "
                f"{self.name}: ...",
                f"    {kind} {prefix}get_or_create(self, {defaults}, *, {through}, {wanted}) -> "
                f"tuple[{self.name}, bool]: ...",
                f"    {kind} {prefix}update_or_create(self, {defaults}, create_{defaults}, *, {through}, {wanted}) -> "
                f"tuple[{self.name}, bool]: ...",
            ]
        return lines

    def _strict(self, result: str, open_: str, readable: dict[str, str]) -> list[str]:
        """The methods that know every name, of a queryset or a manager."""
        wanted = f"**kwargs: Unpack[{self.prefix}Filters]"
        given = f"Unpack[{self.prefix}Values]"
        defaults = "defaults: Mapping[str, Any] | None = ..."
        lines = [
            f"    def filter(self, *args: _Condition, {wanted}) -> {result}: ...",
            f"    def exclude(self, *args: _Condition, {wanted}) -> {result}: ...",
            f"    def order_by(self, *names: {self.prefix}Order | _Shaped) -> {result}: ...",
            f"    def only(self, *names: {self.prefix}Loadable | _Attribute[Any, Any]) -> {result}: ...",
            f"    def defer(self, *names: {self.prefix}Loadable | _Attribute[Any, Any] | None) -> {result}: ...",
            f"    def select_related(self, *names: {self.prefix}Related | _Attribute[Any, Any] | None) -> "
            f"{result}: ...",
            f"    def annotate(self, *args: Any, **kwargs: Any) -> {open_}: ...",
            f"    def alias(self, *args: Any, **kwargs: Any) -> {open_}: ...",
            f"    def values(self, *names: {self.prefix}Names | _Shaped, **expressions: Any) -> "
            f"_models.QuerySet[{self.name}, dict[str, Any]]: ...",
        ]
        for kind, prefix in (("def", ""), ("async def", "a")):
            lines += [
                f"    {kind} {prefix}get(self, *args: _Condition, {wanted}) -> {self.name}: ...",
                f"    {kind} {prefix}get_or_create(self, {defaults}, {wanted}) -> tuple[{self.name}, bool]: ...",
                f"    {kind} {prefix}update_or_create(self, {defaults}, create_{defaults}, {wanted}) -> "
                f"tuple[{self.name}, bool]: ...",
                f"    {kind} {prefix}create(self, **kwargs: {given}) -> {self.name}: ...",
                f"    {kind} {prefix}update(self, **changes: {given}) -> int: ...",
            ]
        by_type: dict[str, list[str]] = {}
        for name, held in readable.items():
            by_type.setdefault(held, []).append(name)
        for held, found in by_type.items():
            lines += [
                "    @overload",
                f"    def values_list(self, name: {_literal(found)}, *, flat: Literal[True], "
                f"named: Literal[False] = ...) -> _models.QuerySet[{self.name}, {held}]: ...",
            ]
        for options, row in (
            ("flat: Literal[False] = ..., named: Literal[False] = ...", "tuple[Any, ...]"),
            ("flat: bool = ..., named: bool = ...", "Any"),
        ):
            lines += [
                "    @overload",
                f"    def values_list(self, *names: {self.prefix}Names | _Shaped, {options}) -> "
                f"_models.QuerySet[{self.name}, {row}]: ...",
            ]
        return lines

    # What is added to the class

    def inside(self, defined: frozenset[str]) -> list[str]:
        """The attributes of the model that its source does not have, or not with these types.

        defined:  the names of the methods that its source defines.
        """
        lines = [*self._columns(), *self._accessors()]
        lines += [f"{manager.name}: ClassVar[{self.manager_name(manager)}]" for manager in self.meta.managers]
        if "__init__" not in defined:
            lines.append(f"def __init__(self, *args: Any, **kwargs: Unpack[{self.prefix}Values]) -> None: ...")
        return lines

    def _columns(self) -> Iterator[str]:
        for field in self.meta.local_fields:
            held, taken = values.read(field), values.taken(field)
            none = " | None" if field.null else ""
            computed = field.generated or isinstance(field, CompositePrimaryKey)
            if computed or (field.auto_created and not field.is_relation):
                yield f"{field.name}: _models.Field[{taken}, {held}] = ..."
            if field.is_relation:
                target = self.imports.model(field.related_model)
                kind = "OneToOneField" if field.one_to_one else "ForeignKey"
                yield f"{field.name}: _models.{kind}[{target}{none}, {target}{none}] = ..."
                if field.attname != field.name:
                    yield f"{field.attname}: _models.Field[{taken}{none}, {held}{none}] = ..."
            elif field.choices is not None:
                yield f"def get_{field.name}_display(self) -> str: ..."
            for direction in ("next", "previous"):
                if hasattr(self.model, f"get_{direction}_by_{field.name}"):
                    yield f"def get_{direction}_by_{field.name}(self, **conditions: Any) -> {self.name}: ..."
        for field in self.meta.local_many_to_many:
            manager = self._related_to(field.related_model)
            yield f"{field.name}: _models.ManyToManyField[{manager}, {manager}] = ..."

    def _accessors(self) -> Iterator[str]:
        for rel in self.meta.all_reverse:
            accessor = None if rel.hidden else rel.get_accessor_name()
            if accessor is None or rel.model is not self.model:
                continue
            if rel.multiple:
                yield f"{accessor}: {self._related_to(rel.related_model)}"
            else:
                yield f"{accessor}: {self.imports.model(rel.related_model)}"

    def _related_to(self, model: Any) -> str:
        made = self.imports.made(model, f"_{model.__qualname__}RelatedManager")
        return made or f"_RelatedManager[{self.imports.model(model)}]"


def _importable(kind: type) -> bool:
    """Whether a class is found again under its own name."""
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is kind


def _literal(found: Iterable[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in dict.fromkeys(found))
    return f"Literal[{quoted}]" if quoted else "Literal[None]"
