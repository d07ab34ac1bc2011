"""Cascade: deleting rows together with what refers to them, as each relation's on_delete says.

Rows are named by queries for as long as possible: `DELETE ... WHERE fk IN (SELECT ...)` loads nothing. Instances are
loaded where somebody wants to see them (signals), or where one deletion depends on another (RESTRICT, cycles).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any, Protocol

from rowsmith.db.handler import connections
from rowsmith.exceptions import ProtectedError, RestrictedError
from rowsmith.execution.writing import delete_statement, in_one_transaction
from rowsmith.fields.on_delete import CASCADE, PROTECT, RESTRICT, SET_DEFAULT, SET_NULL, SetValue
from rowsmith.metadata.ancestry import key_of
from rowsmith.query.writes import deleted
from rowsmith.signals import Signal, post_delete, pre_delete
from rowsmith.sql.modify import DeleteTogether
from rowsmith.sql.statement import Binder, binder

Deleted = tuple[int, dict[str, int]]


def referring(model: Any) -> Iterator[Any]:
    """The foreign keys to a model's own table whose rows rowsmith itself must look after."""
    for rel in model._meta.own_reverse:
        action = getattr(rel, "on_delete", None)
        if (
            # A relation without a constraint of its own says nothing of deletion.
            (rel.one_to_many or rel.one_to_one)
            and action is not None
            and action.database is None
            and action.name != "DO_NOTHING"
        ):
            yield rel


def listened(model: Any) -> bool:
    """Whether anybody wants to see a model's instances as they are deleted."""
    if model._meta.auto_created:
        return False
    return bool(
        (pre_delete.receivers and pre_delete.has_listeners(model))
        or (post_delete.receivers and post_delete.has_listeners(model))
    )


def rows_of(model: Any, alias: str) -> Any:
    """Every row of a model, in no order."""
    return model._base_manager.using(alias).order_by()


def parts_of(model: Any, keep_parents: bool = False) -> Mapping[Any, tuple[str, ...]]:
    """The models of whose rows a deletion takes one for each row of `model`, with the attributes that tell them."""
    meta = model._meta
    own = {model: tuple(field.attname for field in meta.pk_fields)}
    if keep_parents or not meta.links:
        return own
    return {**own, **{table: names for table, names in meta.tables.items() if table is not meta.concrete_model}}


def delete_instances(model: Any, instances: list[Any], alias: str, *, keep_parents: bool = False) -> Deleted:
    """Delete instances and what depends on them; their keys are None afterwards."""
    lazy = _Lazy(alias)
    keys = {
        part: [key_of([getattr(instance, name) for name in names]) for instance in instances]
        for part, names in parts_of(model, keep_parents).items()
    }
    if lazy.add_parts(keys):
        result = lazy.run()
    else:
        result = _Loaded(alias, instances[0]).run(model, instances, keep_parents=keep_parents)
    for instance in instances:
        setattr(instance, model._meta.pk.attname, None)
    return result


def delete_queryset(queryset: Any, alias: str, origin: Any) -> Deleted:
    """Delete the rows of a queryset and what depends on them.

    origin:  the queryset on which delete() was called.
    """
    model = queryset.model
    shape, values = queryset._shape, queryset._values
    key = (connections[alias].epoch, "cascade")
    watched = bool(pre_delete.receivers or post_delete.receivers)
    known: KnownDeletion | None = None if watched else shape.compiled.get(key)
    if known is not None:
        return known.run(values, alias)
    spread = bool(model._meta.links)
    if spread or (any(True for _ in referring(model)) and not queryset._own_table_only):
        # The condition looks at other tables, whose rows may be gone before it is asked again.
        with in_one_transaction(alias):
            return _by_keys(queryset, alias, origin)
    lazy = _Lazy(alias)
    if not listened(model) and lazy.add_referrers(model, queryset, frozenset({model})):
        if any(field.model is model for field, _, _ in lazy.updates):
            # Rows that lose what they refer to might not meet the condition any more.
            with in_one_transaction(alias):
                return _by_keys(queryset, alias, origin)
        lazy.deletes.append((model, queryset))
        if not watched and lazy.repeatable(values):
            shape.compiled[key] = lazy.known()
        return lazy.run()
    return _Loaded(alias, origin).run(model, list(queryset))


class KnownDeletion(Protocol):
    """A deletion that was planned before, and serves every later one of its shape."""

    def run(self, values: Any, alias: str) -> Deleted:
        """Delete; how many rows there were."""


class _InTurn:
    """One DELETE after the other: each one's model label, text, and what binds its values."""

    def __init__(self, deletes: list[tuple[str, str, Binder]]) -> None:
        self.deletes = deletes

    def run(self, values: Any, alias: str) -> Deleted:
        connection = connections[alias]
        counts: Counter[str] = Counter()
        with in_one_transaction(alias) if len(self.deletes) > 1 else nullcontext():
            for label, text, bind in self.deletes:
                counts[label] += connection.execute(text, bind(values))
        return _summed(counts)


class _Together:
    """All DELETEs in one statement, which costs one round trip and needs no transaction."""

    def __init__(self, labels: list[str], text: str, bind: Binder) -> None:
        self.labels = labels
        self.text = text
        self.bind = bind

    def run(self, values: Any, alias: str) -> Deleted:
        [counts] = connections[alias].fetch(self.text, self.bind(values), list)
        return _summed(Counter(dict(zip(self.labels, counts, strict=True))))


def _summed(counts: Counter[str]) -> Deleted:
    return counts.total(), {label: count for label, count in counts.items() if count}


def _by_keys(queryset: Any, alias: str, origin: Any) -> Deleted:
    model = queryset.model
    parts = parts_of(model)
    if not any(map(listened, parts)):
        rows = list(dict.fromkeys(queryset.values_list(*(name for names in parts.values() for name in names))))
        if not rows:
            return 0, {}
        lazy = _Lazy(alias)
        keys: dict[Any, list[Any]] = {}
        start = 0
        for part, names in parts.items():
            end = start + len(names)
            keys[part] = [key_of(row[start:end]) for row in rows]
            start = end
        if lazy.add_parts(keys):
            return lazy.run()
    return _Loaded(alias, origin).run(model, list(queryset))


class _Lazy:
    """A deletion written as statements only."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.deletes: list[tuple[Any, Any]] = []
        self.updates: list[tuple[Any, Any, Any]] = []
        self.protected: list[tuple[Any, Any]] = []

    def add_parts(self, keys: Mapping[Any, list[Any]]) -> bool:
        """Add the deletion of rows told by their keys, by model, those of children before those of their parents.

        False when it takes loaded instances.
        """
        if any(map(listened, keys)):
            return False
        above = frozenset(model._meta.concrete_model for model in keys)
        for model, its in keys.items():
            rows = rows_of(model, self.alias).filter(pk__in=its)
            if not self.add_referrers(model, rows, above):
                return False
            self.deletes.append((model, rows))
        return True

    def add_referrers(self, model: Any, rows: Any, above: frozenset[Any]) -> bool:
        """Add what must happen before `rows` of a model are deleted; False when it takes loaded instances."""
        for rel in referring(model):
            related, field = rel.related_model, rel.field
            action = rel.on_delete
            if rel.parent_link and related in above:
                # The children's own rows, which go first.
                continue
            if action == CASCADE and any(link is not field for _, link in related._meta.links):
                # Rows of other tables go with each of them, and could not be told any more.
                return False
            referrers = rows_of(related, self.alias)._referring_to(field, rows)
            if action == CASCADE:
                if related in above or listened(related):
                    return False
                if not self.add_referrers(related, referrers, above | {related}):
                    return False
                self.deletes.append((related, referrers))
            elif action == PROTECT:
                self.protected.append((rel, referrers))
            elif action == RESTRICT:
                return False
            else:
                self.updates.append((field, new_value(action, field), referrers))
        return True

    def repeatable(self, values: Any) -> bool:
        """Whether the same statements serve every later deletion of this shape."""
        return not (self.updates or self.protected) and all(
            rows._values == values and not rows._shape.query.empty for _, rows in self.deletes
        )

    def known(self) -> KnownDeletion:
        """This deletion in a form that can be bound to other values later."""
        connection = connections[self.alias]
        labels = [model._meta.label for model, _ in self.deletes]
        tables = {model._meta.db_table for model, _ in self.deletes}
        # A row that two parts of one statement delete would be counted by either of them.
        if 1 < len(tables) == len(self.deletes) and connection.features.deletes_together:
            trees = tuple(deleted(rows._shape.query) for _, rows in self.deletes)
            statement = connection.dialect.render(DeleteTogether(trees))
            width = self.deletes[-1][1]._shape.query.width
            return _Together(labels, statement.text, binder(statement.bindings, width))
        return _InTurn(
            [(model._meta.label, *delete_statement(rows._shape, self.alias)) for model, rows in self.deletes]
        )

    def run(self) -> Deleted:
        """Run the statements; how many rows were deleted."""
        if len(self.deletes) == 1 and not self.updates and not self.protected:
            [(model, rows)] = self.deletes
            count = rows._delete_rows(self.alias)
            return count, {model._meta.label: count} if count else {}
        counts: Counter[str] = Counter()
        with in_one_transaction(self.alias):
            for rel, rows in self.protected:
                refuse(rel, rows)
            for field, value, rows in self.updates:
                rows.update(**{field.name: value})
            for model, rows in self.deletes:
                counts[model._meta.label] += rows._delete_rows(self.alias)
        return _summed(counts)


def new_value(action: Any, field: Any) -> Any:
    """What a referrer's foreign key becomes."""
    if action == SET_NULL:
        return None
    if action == SET_DEFAULT:
        return field.get_default()
    assert isinstance(action, SetValue)
    return action.resolve()


def refuse(rel: Any, rows: Iterable[Any]) -> None:
    """Raise ProtectedError when there are rows that a relation protects."""
    protected = set(rows)
    if protected:
        model = rel.model._meta.object_name
        source = f"{rel.related_model._meta.object_name}.{rel.field.name}"
        raise ProtectedError(
            f"Cannot delete some instances of model {model!r} because they are referenced through protected foreign "
            f"keys: {source!r}.",
            protected,
        )


class _Loaded:
    """A deletion of loaded instances, with signals, in an order that respects who refers to whom.

    origin:  the instance or the queryset on which delete() was called.
    """

    def __init__(self, alias: str, origin: Any) -> None:
        self.alias = alias
        self.origin = origin
        self.instances: dict[Any, dict[Any, Any]] = {}
        self.after: dict[Any, dict[Any, None]] = {}
        self.updates: list[tuple[Any, Any, list[Any]]] = []
        self.protected: list[tuple[Any, list[Any]]] = []
        self.restricted: list[tuple[Any, list[Any]]] = []

    def run(self, model: Any, instances: list[Any], *, keep_parents: bool = False) -> Deleted:
        """Collect, check, and delete; how many rows were deleted."""
        counts: Counter[str] = Counter()
        with in_one_transaction(self.alias):
            self.collect(model, instances, keep_parents=keep_parents)
            self.check()
            order = self.order()
            if pre_delete.receivers:
                for kind in order:
                    self.announce(pre_delete, kind)
            for field, value, referrers in self.updates:
                keys = [referrer.pk for referrer in referrers]
                rows_of(field.model, self.alias).filter(pk__in=keys).update(**{field.name: value})
            for kind in order:
                rows = self.instances[kind]
                count = rows_of(kind, self.alias).filter(pk__in=list(rows))._delete_rows(self.alias)
                if count:
                    counts[kind._meta.label] += count
                if post_delete.receivers:
                    self.announce(post_delete, kind)
        for field, value, referrers in self.updates:
            for referrer in referrers:
                setattr(referrer, field.attname, getattr(value, "pk", value))
        for kind, rows in self.instances.items():
            for instance in rows.values():
                setattr(instance, kind._meta.pk.attname, None)
        return counts.total(), dict(counts)

    def announce(self, signal: Signal, kind: Any) -> None:
        """Tell who listens of each instance of one model."""
        if not kind._meta.auto_created:
            for instance in self.instances[kind].values():
                signal.send(sender=kind, instance=instance, using=self.alias, origin=self.origin)

    def collect(self, model: Any, instances: Iterable[Any], *, keep_parents: bool = False) -> None:
        """Add instances and, level by level, what their deletion takes along."""
        known = self.instances.setdefault(model, {})
        new = [instance for instance in instances if instance.pk not in known]
        known.update((instance.pk, instance) for instance in new)
        if not new:
            return
        for rel in referring(model):
            related, field = rel.related_model, rel.field
            referrers = list(rows_of(related, self.alias).filter(**{f"{field.name}__in": new}))
            if not referrers:
                continue
            action = rel.on_delete
            if action == CASCADE:
                if related is not model:
                    self.after.setdefault(model, {})[related] = None
                self.collect(related, referrers)
            elif action == PROTECT:
                self.protected.append((rel, referrers))
            elif action == RESTRICT:
                self.after.setdefault(model, {})[related] = None
                self.restricted.append((rel, referrers))
            else:
                self.updates.append((field, new_value(action, field), referrers))
        for parent, link in model._meta.links if not keep_parents else ():
            self.after.setdefault(parent, {})[model] = None
            self.collect(parent, [getattr(instance, link.name) for instance in new])

    def check(self) -> None:
        """Raise for rows that must not lose what they refer to."""
        for rel, referrers in self.protected:
            refuse(rel, referrers)
        for rel, referrers in self.restricted:
            going = self.instances.get(rel.related_model, {})
            staying = {referrer for referrer in referrers if referrer.pk not in going}
            if staying:
                model = rel.model._meta.object_name
                source = f"{rel.related_model._meta.object_name}.{rel.field.name}"
                raise RestrictedError(
                    f"Cannot delete some instances of model {model!r} because they are referenced through restricted "
                    f"foreign keys: {source!r}.",
                    staying,
                )

    def order(self) -> list[Any]:
        """The models, those that refer before those that are referred to; cycles in the order they were met."""
        done: list[Any] = []
        visiting: set[Any] = set()

        def visit(model: Any) -> None:
            if model in visiting:
                return
            visiting.add(model)
            for earlier in self.after.get(model, ()):
                visit(earlier)
            if model in self.instances:
                done.append(model)

        for model in list(self.instances):
            visit(model)
        return done
