"""Places: the order of rows among those of the same parent, as `Meta.order_with_respect_to` asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rowsmith.execution.writing import in_one_transaction
from rowsmith.expressions import Max, Q
from rowsmith.fields.order import ORDER


def siblings(relation: Any, instance: Any) -> dict[str, Any]:
    """The conditions that the rows with the same parent as `instance` meet."""
    conditions: dict[str, Any] = {}
    for field in relation.local_related_fields:
        value = getattr(instance, field.attname)
        conditions.update({f"{field.attname}__isnull": True} if value is None else {field.attname: value})
    return conditions


def take_places(options: Any, instances: Sequence[Any], alias: str, *, keep: bool) -> None:
    """Put new rows behind the last ones of their parents, with one query.

    options:  those of the model whose table keeps the places.
    keep:     leave those alone that have a place already.
    """
    relation = options.order_with_respect_to
    names = [field.attname for field in relation.local_related_fields]
    waiting = [one for one in instances if not keep or getattr(one, ORDER) is None]
    groups = {tuple(getattr(one, name) for name in names): siblings(relation, one) for one in waiting}
    if not groups:
        return
    rows = options.model._base_manager.using(alias).filter(_of_any(names, groups)).order_by()
    last: dict[tuple[Any, ...], int] = {
        tuple(key): place for *key, place in rows.values_list(*names).annotate(last=Max(ORDER))
    }
    for one in waiting:
        key = tuple(getattr(one, name) for name in names)
        place = last[key] = last.get(key, -1) + 1
        setattr(one, ORDER, place)


def _of_any(names: Sequence[str], groups: dict[tuple[Any, ...], dict[str, Any]]) -> Q:
    """The condition of all groups together; a list of keys where a key is a single column."""
    if len(names) > 1:
        found = Q()
        for conditions in groups.values():
            found |= Q(*conditions.items())
        return found
    [name] = names
    found = Q((f"{name}__in", [key for (key,) in groups if key is not None]))
    return found | Q((f"{name}__isnull", True)) if (None,) in groups else found


def keys_in_order(parent: Any, child: Any) -> Any:
    """The keys of a parent's rows of the model `child`, as a queryset in their order."""
    return _children(parent, child, parent._state.db).values_list("pk", flat=True)


def arrange(parent: Any, child: Any, keys: Iterable[Any], using: str | None = None) -> None:
    """Give the parent's rows the places in which their keys are listed; keys of other rows mean nothing."""
    rows = _children(parent, child, using or parent._state.db)
    with in_one_transaction(rows.db):
        present = set(rows.order_by().values_list("pk", flat=True))
        moved = []
        for place, key in enumerate(keys):
            key = child._meta.pk.to_python(key)
            if key in present:
                moved.append(child(pk=key, **{ORDER: place}))
        if moved:
            rows.bulk_update(moved, [ORDER])


def _children(parent: Any, child: Any, alias: str | None) -> Any:
    relation = child._meta.order_with_respect_to
    rows = child._default_manager.all() if alias is None else child._default_manager.using(alias)
    return rows.filter(**{relation.name: parent})


def neighbour(instance: Any, is_next: bool) -> Any:
    """The instance behind or before this one among those of the same parent; DoesNotExist at the ends."""
    model = instance.__class__
    rows = model._default_manager.using(instance._state.db).filter(
        **siblings(model._meta.order_with_respect_to, instance)
    )
    here = model._base_manager.using(instance._state.db).filter(pk=instance.pk).values(ORDER)[:1]
    operator, order = ("gt", ORDER) if is_next else ("lt", f"-{ORDER}")
    found = rows.filter(**{f"{ORDER}__{operator}": here}).order_by(order).first()
    if found is None:
        which = "last" if is_next else "first"
        raise model.DoesNotExist(f"{instance!r} is the {which} {model._meta.object_name} of its parent.")
    return found
