"""What all formats share: objects to records, and records to objects.

A record is `{"model": "shop.order", "pk": 1, "fields": {"customer": 7, "tags": [1, 2]}}`. A format writes records and
reads them; what a record says of an object, and how an object is made of it, is said here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.exceptions import FieldDoesNotExist, ObjectDoesNotExist, ValidationError, did_you_mean
from rowsmith.migrations.places import registry

NATIVE = (int, float, Decimal, datetime, date, time)
"""The types that records hold as they are; values of others are held as the text that their field makes of them."""

Record = dict[str, Any]


class SerializerDoesNotExist(KeyError):
    """There is no format of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


class SerializationError(Exception):
    """An object cannot be written in this format."""


class DeserializationError(Exception):
    """A record cannot be made an object."""


class M2MDeserializationError(DeserializationError):
    """The keys of a many-to-many field cannot be read."""


class Serializer:
    """Writes objects in one format. A format of one's own says what `write` does with the records.

    internal_use_only:  the format is none to be offered to others.
    """

    internal_use_only = False

    def serialize(
        self,
        queryset: Iterable[Any],
        *,
        stream: IO[str] | None = None,
        fields: Collection[str] | None = None,
        use_natural_foreign_keys: bool = False,
        use_natural_primary_keys: bool = False,
        progress: Callable[[int], Any] | None = None,
        **options: Any,
    ) -> Any:
        """Write all objects, and return the text; with a `stream`, what the stream has as `getvalue()`, if anything.

        fields:                    names of the fields to write; all by default. The key is written at any rate.
        use_natural_foreign_keys:  refer by `natural_key()` to objects that have it.
        use_natural_primary_keys:  leave out the key of objects that have `natural_key()`.
        progress:                  called with the number of objects written so far.
        options:                   of the format.
        """
        self.stream: Any = io.StringIO() if stream is None else stream
        self.options = options
        self.selected_fields = fields
        self.use_natural_foreign_keys = use_natural_foreign_keys
        self.use_natural_primary_keys = use_natural_primary_keys
        self.write(self._records(queryset, progress))
        return self.getvalue()

    def write(self, records: Iterator[Record]) -> None:
        """Write records to `self.stream`, with `self.options`."""
        raise NotImplementedError

    def getvalue(self) -> Any:
        """What was written, as far as the stream keeps it."""
        return self.stream.getvalue() if hasattr(self.stream, "getvalue") else None

    def _records(self, objects: Iterable[Any], progress: Callable[[int], Any] | None) -> Iterator[Record]:
        for number, obj in enumerate(objects, 1):
            yield self.get_dump_object(obj)
            if progress is not None:
                progress(number)

    def get_dump_object(self, obj: Any) -> Record:
        """The record of one object."""
        record: Record = {"model": obj._meta.label_lower}
        if not self.use_natural_primary_keys or not natural_key(obj):
            record["pk"] = self.value_of(obj, obj._meta.pk)
        record["fields"] = dict(self._fields(obj))
        return record

    def _fields(self, obj: Any) -> Iterator[tuple[str, Any]]:
        meta = obj._meta.concrete_model._meta
        # Without its key a child is found by its parent.
        link = meta.pk if self.use_natural_primary_keys and getattr(meta.pk, "remote_field", None) else None
        for field in meta.local_fields:
            if not (field.serialize or field is link) or not self._is_selected(field):
                continue
            if field.remote_field is None:
                yield field.name, self.value_of(obj, field)
            else:
                yield field.name, self.reference_of(obj, field)
        for field in meta.local_many_to_many:
            if field.serialize and self._is_selected(field) and field.remote_field.through._meta.auto_created:
                yield field.name, self.references_of(obj, field)

    def _is_selected(self, field: Any) -> bool:
        names = self.selected_fields
        return names is None or field.name in names or field.attname in names

    def value_of(self, obj: Any, field: Any) -> Any:
        """The value of a field as it stands in a record."""
        value = field.value_from_object(obj)
        if value is None or isinstance(value, NATIVE):
            return value
        if is_composite(field):
            return [self.value_of(obj, member) for member in field.members]
        return field.value_to_string(obj)

    def reference_of(self, obj: Any, field: Any) -> Any:
        """What refers to the object of a relation: its key, or its natural key."""
        if self.use_natural_foreign_keys and hasattr(field.related_model, "natural_key"):
            related = getattr(obj, field.name)
            natural = natural_key(related) if related is not None else None
            if natural:
                return list(natural)
        return self.value_of(obj, field)

    def references_of(self, obj: Any, field: Any) -> list[Any]:
        """What refers to the objects of a many-to-many relation."""
        related = getattr(obj, field.name).all().select_related(None)
        model = field.related_model
        if self.use_natural_foreign_keys and hasattr(model, "natural_key"):
            return [list(natural_key(one) or ()) or self.value_of(one, model._meta.pk) for one in related]
        return [self.value_of(one, model._meta.pk) for one in related.only("pk")]


def is_composite(field: Any) -> bool:
    """Is a field the key, or a relation to the key, of several columns?"""
    return len(getattr(field, "members", ())) > 1


def natural_key(obj: Any) -> tuple[Any, ...] | None:
    """The natural key of an object that has one; an empty one stands for none."""
    told = getattr(obj, "natural_key", None)
    return (tuple(told()) or None) if told is not None else None


# Records to objects


class DeserializedObject:
    """An object that was read, and is not saved yet.

    object:           the instance.
    m2m_data:         keys by the name of a many-to-many field; None once they were saved.
    deferred_fields:  fields with the natural keys of objects that were not there yet.
    """

    def __init__(
        self,
        obj: Any,
        m2m_data: Mapping[str, list[Any]] | None = None,
        deferred_fields: Mapping[Any, Any] | None = None,
    ) -> None:
        self.object = obj
        self.m2m_data = m2m_data
        self.deferred_fields = deferred_fields or None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.object._meta.label}(pk={self.object.pk})>"

    def save(self, save_m2m: bool = True, using: str | None = None, **options: Any) -> None:
        """Write the row just as it was read, without calling the model's `save()`, and then its many-to-many links."""
        self.object.save_base(using=using, raw=True, **options)
        if save_m2m and self.m2m_data:
            for name, keys in self.m2m_data.items():
                self._link(name, keys)
        self.m2m_data = None

    def _link(self, name: str, keys: list[Any]) -> None:
        manager = getattr(self.object, name)
        manager._raw = True
        manager.set(keys)

    def save_deferred_fields(self, using: str | None = None) -> None:
        """Complete the object, once what it refers to is there."""
        alias = using or self.object._state.db or DEFAULT_DB_ALIAS
        links = {}
        for field, value in (self.deferred_fields or {}).items():
            if field.many_to_many:
                links[field.name] = _m2m_keys(field, value, alias)
            else:
                setattr(self.object, field.attname, _foreign_key(field, value, alias))
        self.deferred_fields = None
        self.object.save_base(using=using, raw=True)
        for name, keys in links.items():
            self._link(name, keys)


def objects_of(
    records: Iterable[Any],
    *,
    using: str = DEFAULT_DB_ALIAS,
    ignorenonexistent: bool = False,
    handle_forward_references: bool = False,
) -> Iterator[DeserializedObject]:
    """The objects of records, one by one as they are asked for.

    using:                      the database in which natural keys are looked up.
    ignorenonexistent:          leave out models and fields that there are not.
    handle_forward_references:  keep natural keys that are not there yet in `deferred_fields`.
    raises:                     DeserializationError, which names model, key and field.
    """
    for record in records:
        found = _object_of(record, using, ignorenonexistent, handle_forward_references)
        if found is not None:
            yield found


def _object_of(record: Any, using: str, ignoring: bool, forward: bool) -> DeserializedObject | None:
    if not isinstance(record, Mapping) or "model" not in record or "fields" not in record:
        raise DeserializationError(f'A record is {{"model": ..., "pk": ..., "fields": {{...}}}}, not {record!r:.200}.')
    model = _model(record["model"], ignoring)
    if model is None:
        return None
    meta, where = model._meta, f"{record['model']}, pk={record.get('pk')!r}"
    data: dict[str, Any] = {}
    links: dict[str, list[Any]] = {}
    deferred: dict[Any, Any] = {}
    if record.get("pk") is not None:
        data[meta.pk.attname] = _read(meta.pk, record["pk"], f"{where}: key")
    for name, value in record["fields"].items():
        field = _field(meta, name, ignoring, where)
        if field is None:
            continue
        try:
            if field.many_to_many and field.remote_field is not None:
                links[field.name] = _m2m_keys(field, value, using)
            elif field.remote_field is not None:
                data[field.attname] = _foreign_key(field, value, using)
            else:
                data[field.name] = _read(field, value, f"{where}: field {name!r}")
        except ObjectDoesNotExist as error:
            if not forward:
                raise DeserializationError(
                    f"({where}): field {name!r} refers to {value!r}, which does not exist. Load that before, or with "
                    f"handle_forward_references=True. ({error})"
                ) from error
            deferred[field] = value
        except (ValidationError, TypeError, ValueError) as error:
            kind = M2MDeserializationError if field.many_to_many else DeserializationError
            raise kind(f"({where}): field {name!r} cannot be {value!r}: {error}") from error
    return DeserializedObject(_instance(model, data, using), links, deferred)


def model_or_none(label: Any) -> Any:
    """The model with a label, if there is one."""
    try:
        return registry().get_model(label)
    except (LookupError, AttributeError, ValueError, TypeError):
        return None


def _model(label: Any, ignoring: bool) -> Any:
    model = model_or_none(label)
    if model is None and not ignoring:
        known = [one._meta.label_lower for one in registry().get_models(include_auto_created=True)]
        raise DeserializationError(f"Invalid model identifier: {label!r}.{did_you_mean(str(label), known)}")
    return model


def _field(meta: Any, name: str, ignoring: bool, where: str) -> Any:
    try:
        field = meta.get_field(name)
    except FieldDoesNotExist as error:
        if ignoring:
            return None
        names = [one.name for one in (*meta.local_fields, *meta.local_many_to_many)]
        raise DeserializationError(
            f"({where}): {meta.object_name} has no field named {name!r}.{did_you_mean(name, names)}"
        ) from error
    return field


def _read(field: Any, value: Any, what: str) -> Any:
    try:
        return field.to_python(value)
    except (ValidationError, TypeError, ValueError) as error:
        raise DeserializationError(f"({what} cannot be {value!r}: {error})") from error


def _foreign_key(field: Any, value: Any, using: str) -> Any:
    if value is None:
        return None
    model = field.remote_field.model
    target = field.target_field
    manager = model._default_manager
    if isinstance(value, list | tuple) and hasattr(manager, "get_by_natural_key"):
        related = manager.db_manager(using).get_by_natural_key(*value)
        return getattr(related, target.attname)
    if isinstance(value, list | tuple) and not is_composite(target):
        raise ValueError(f"{model._meta.label} has no manager with get_by_natural_key()")
    return target.to_python(value)


def _m2m_keys(field: Any, values: Any, using: str) -> list[Any]:
    model = field.remote_field.model
    manager, key = model._default_manager, model._meta.pk
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError("it takes a list of keys")
    keys = []
    for value in values:
        if isinstance(value, list | tuple) and hasattr(manager, "get_by_natural_key"):
            keys.append(manager.db_manager(using).get_by_natural_key(*value).pk)
        else:
            keys.append(key.to_python(value))
    return keys


def _instance(model: Any, data: dict[str, Any], using: str) -> Any:
    """The object; one that comes without its key, and is there under its natural key, gets that row's."""
    meta, manager = model._meta, model._default_manager
    if data.get(meta.pk.attname) is None and hasattr(model, "natural_key") and hasattr(manager, "get_by_natural_key"):
        natural = natural_key(model(**data))
        if natural:
            try:
                found = manager.db_manager(using).get_by_natural_key(*natural)
            except ObjectDoesNotExist:
                pass
            else:
                data[meta.pk.attname] = found.pk
    return model(**data)
