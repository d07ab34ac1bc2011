"""Instances: loaders for whole models, with the instances selected along with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import ref

from rowsmith.loading.source import CodecOf, Loader, Source
from rowsmith.query.layout import Instance, Item, Layout, Related


class Making:
    """How instances of one database are made.

    alias:      the database, or None for the default one, which instances need not remember.
    deferred:   the class of a model's instances that lack columns.
    announced:  whether a model's construction is listened to or overridden, so that `from_db` must make instances.
    """

    def __init__(
        self, alias: str | None, deferred: Callable[[Any], Any], announced: Callable[[Any], bool], name: str
    ) -> None:
        self.alias = alias
        self.deferred = deferred
        self.announced = announced
        self.name = name


def instance_loader(
    layout: Layout, width: int, codec_of: CodecOf, connection: Any, making: Making, label: str
) -> Loader:
    """The loader for instances: one loop that unpacks, converts and stores.

    width:  how many columns a row has; those behind the layout's items are only there for the order.
    """
    assert layout.instance is not None
    source = Source(codec_of, connection)
    writer = _Writer(source, layout.items, making, layout.mode)
    target = ", ".join(f"c{number}" for number in range(len(layout.items)))
    target += "," if width == len(layout.items) else ", *_"
    source.add("def load(rows):", 0)
    source.add("result = []")
    source.add("append = result.append")
    if layout.mode is not None and layout.mode.has_peers:
        for number in range(_instances(layout.instance)):
            source.add(f"peers{number} = []")
    source.add(f"for {target} in rows:")
    name = writer.instance(layout.instance, 2)
    for annotation, span in zip(layout.names, layout.spans, strict=True):
        values = [source.conversion(layout.items[number], f"c{number}") for number in span]
        source.store(name, annotation, source.tuple_of(values, range(len(span))), 2)
    source.add(f"append({name})", 2)
    source.add("return result")
    return source.compile(label)


def _instances(instance: Instance) -> int:
    """How many instances one row holds at most."""
    return 1 + sum(_instances(related.instance) for related in instance.related)


class _Writer:
    """Writes the lines that make instances out of the columns of one row."""

    def __init__(self, source: Source, items: tuple[Item, ...], making: Making, mode: Any) -> None:
        self.source = source
        self.mode = mode
        self.items = items
        self.making = making
        self.count = 0

    def instance(self, instance: Instance, depth: int) -> str:
        """Write what makes one instance; the name of the variable that holds it."""
        source, number = self.source, self.count
        name = f"obj{number}"
        self.count += 1
        if self.making.announced(instance.model):
            self._through_from_db(instance, name, depth)
        else:
            self._directly(instance, name, depth)
        if self.mode is not None:
            source.add(f"{name}._fetch_mode = {source.name(self.mode, 'mode')}", depth)
            if self.mode.has_peers:
                source.add(f"{name}._peers = peers{number}", depth)
                source.add(f"peers{number}.append({source.name(ref, 'ref')}({name}))", depth)
        for related in instance.related:
            self._related(related, name, depth)
        return name

    def _directly(self, instance: Instance, name: str, depth: int) -> None:
        source = self.source
        cls = self.making.deferred(instance.model) if instance.deferred else instance.model
        class_name = source.name(cls, "class")
        new = source.name(cls.__new__, "new")
        source.add(f"{name} = {new}({class_name})", depth)
        for value, field in zip(self._values(instance), instance.fields, strict=True):
            attname = field.attname
            if getattr(field, "descriptor_class", None) is None:
                source.store(name, attname, value, depth)
            else:
                source.add(f"setattr({name}, {attname!r}, {value})", depth)
        if self.making.alias is not None:
            source.add(f"{name}._database = {self.making.alias!r}", depth)

    def _through_from_db(self, instance: Instance, name: str, depth: int) -> None:
        source = self.source
        model = source.name(instance.model, "class")
        names = source.name([field.attname for field in instance.fields], "names")
        values = ", ".join(self._values(instance))
        # Overridden methods that were written without this argument go on to work; the mode is set afterwards anyhow.
        told = self.mode is not None and instance.model._takes_fetch_mode
        mode = f", fetch_mode={source.name(self.mode, 'mode')}" if told else ""
        source.add(f"{name} = {model}.from_db({self.making.name!r}, {names}, [{values}]{mode})", depth)

    def _values(self, instance: Instance) -> Iterator[str]:
        """The expression for the value of each field."""
        for number, field in zip(instance.places, instance.fields, strict=True):
            # Of fields that share a column each has conversions of its own.
            yield self.source.conversion(Item(field.read_type, field), f"c{number}")

    def _related(self, related: Related, parent: str, depth: int) -> None:
        source, inner = self.source, related.instance
        if related.optional:
            source.add(f"if c{inner.key} is None:", depth)
            source.store(parent, related.cache_name, "None", depth + 1)
            source.add("else:", depth)
            depth += 1
        child = self.instance(inner, depth)
        source.store(parent, related.cache_name, child, depth)
        if related.back is not None:
            source.add(f"{child}.{related.back} = {parent}", depth)
