"""Paths: names joined by double underscores, split into relations, a field, and what is left for lookups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rowsmith.exceptions import UnknownName, did_you_mean
from rowsmith.fields.composite import FieldGroup
from rowsmith.metadata.ancestry import continued
from rowsmith.records import Record

SEPARATOR = "__"


class Path(Record):
    """What a path of names leads to.

    steps:     the joins on the way.
    field:     the concrete field at its end.
    relation:  the relation at its end, when the path names one and no field behind it.
    rest:      the names that are left: transforms, and a lookup perhaps.
    """

    steps: tuple[Any, ...]
    field: Any
    relation: Any
    rest: tuple[str, ...]

    @property
    def multiple(self) -> bool:
        """Whether one row may meet several at the end."""
        return any(step.multiple for step in self.steps)


def choices(options: Any, extra: Iterable[str] = ()) -> str:
    """Every name that a query of this model may use, for messages."""
    return ", ".join(sorted({*(name for name in options.names if not name.endswith("+")), *extra}))


def unknown(options: Any, name: str, path: str, extra: Iterable[str] = ()) -> UnknownName:
    """The error for a name that the model does not have."""
    names = [*options.names, *extra]
    within = f" (in {path!r})" if path != name else ""
    return UnknownName(
        f"Cannot resolve keyword {name!r} into field: {options.object_name} has none of that name{within}."
        f"{did_you_mean(name, names)} Choices are: {choices(options, extra)}."
    )


def parse(options: Any, path: str, extra: Iterable[str] = ()) -> Path:
    """Follow `path` from the model with `options`; raises UnknownName when its first name leads nowhere."""
    if not isinstance(path, str):
        raise UnknownName(f"A field is named by a string, not by {path!r}.")
    names = path.split(SEPARATOR)
    steps: list[Any] = []
    # How many of the steps, at their end, lead up to ancestors: what follows may need no more than the key at hand.
    up = 0
    field: Any = None
    relation: Any = None
    current = options
    for position, name in enumerate(names):
        found = current.pk if name == "pk" else current.names.get(name)
        if found is None:
            if position == 0:
                raise unknown(options, name, path, extra)
            return Path(tuple(steps), field, relation, tuple(names[position:]))
        if not found.is_relation:
            _extend(steps, up, current.way_to(found.model))
            return Path(tuple(steps), found, None, tuple(names[position + 1 :]))
        relation = found
        by_key = name == getattr(found, "attname", None) and name != found.name
        taken = current.steps_along(found)
        before = len(steps) - up
        _extend(steps, up, taken)
        up = len(steps) - before if found.forward and found.remote_field.parent_link else 0
        field = found if found.forward else taken[-1].model._meta.pk
        if by_key:
            # `author_id` is the key itself; nothing can be joined behind it.
            return Path(tuple(steps), field, relation, tuple(names[position + 1 :]))
        current = taken[-1].model._meta
    return Path(tuple(steps), field, relation, ())


def _extend(steps: list[Any], up: int, taken: tuple[Any, ...]) -> None:
    if up and taken:
        steps[-up:] = continued(tuple(steps[-up:]), taken)
    else:
        steps.extend(taken)


def is_forward(step: Any) -> bool:
    """Whether the step goes from a foreign key to the row that it names, so that its target need not be joined."""
    source, target = step.pairs[0]
    if step.multiple:
        return False
    if len(step.pairs) > 1 or step.forward:
        return bool(step.forward)
    while source.is_relation:
        # A key may itself be a link to another row of the same key.
        source = source.target_field
        if source == target:
            return True
    return False


def trimmed(path: Path) -> tuple[tuple[Any, ...], Any]:
    """The steps that must be joined and the field to read at their end, without joins to a key that is at hand."""
    steps, field = list(path.steps), path.field
    if path.relation is not None and path.relation.forward and steps and steps[-1].field is path.relation:
        # The path ends on a forward relation: its own columns hold the key, or others of the same value.
        sources = [source for source, _ in steps.pop().pairs]
        return trimmed(Path(tuple(steps), _together(sources), None, ()))
    while steps and is_forward(steps[-1]):
        known = [
            next((source for source, target in steps[-1].pairs if target is member or target == member), None)
            for member in field.members
        ]
        if None in known or (len(known) > 1 and not steps[-1].whole):
            break
        field = _together(known)
        steps.pop()
    return tuple(steps), field


def _together(fields: list[Any]) -> Any:
    """One field as it is; several as one."""
    return fields[0] if len(fields) == 1 else FieldGroup(fields)
