"""XML: a document of objects and their fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from rowsmith.exceptions import SuspiciousOperation
from rowsmith.serializers import base
from rowsmith.serializers.json import JSONEncoder

ROOT = "rowsmith-objects"

# What XML 1.0 has no form for, escaped or not.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class ForbiddenXML(ValueError):
    """Something in an XML document that is never read, as it could make the reader do more than read."""


class DTDForbidden(ForbiddenXML):
    """A document type declaration."""


class EntitiesForbidden(ForbiddenXML):
    """A declaration of an entity."""


class ExternalReferenceForbidden(ForbiddenXML):
    """A reference to another document."""


class Serializer(base.Serializer):
    """Writes a document. Option: `indent`, how far each level stands in."""

    def get_dump_object(self, obj: Any) -> base.Record:
        record = super().get_dump_object(obj)
        record["object"] = obj
        return record

    def value_of(self, obj: Any, field: Any) -> Any:
        value = field.value_from_object(obj)
        if value is None:
            return None
        if base.is_composite(field):
            return json.dumps([self.value_of(obj, member) for member in field.members])
        told = field.value_to_string(obj)
        # A document in a JSON field is no text.
        return told if isinstance(told, str) else json.dumps(told, cls=JSONEncoder, ensure_ascii=False)

    def write(self, records: Iterator[base.Record]) -> None:
        self.stream.write('<?xml version="1.0" encoding="utf-8"?>\n')
        self.stream.write(f'<{ROOT} version="1.0">')
        for record in records:
            self._write_object(record)
        self._new_line(0)
        self.stream.write(f"</{ROOT}>")

    def _new_line(self, level: int) -> None:
        indent = self.options.get("indent")
        if indent is not None:
            self.stream.write("\n" + " " * (indent * level))

    def _write_object(self, record: base.Record) -> None:
        obj = record["object"]
        key = "" if record.get("pk") is None else f" pk={quoteattr(str(record['pk']))}"
        self._new_line(1)
        self.stream.write(f"<object model={quoteattr(record['model'])}{key}>")
        for name, value in record["fields"].items():
            self._new_line(2)
            self._write_field(obj, obj._meta.get_field(name), value)
        self._new_line(1)
        self.stream.write("</object>")

    def _write_field(self, obj: Any, field: Any, value: Any) -> None:
        name = quoteattr(field.name)
        if field.remote_field is None:
            self.stream.write(f'<field name={name} type="{field.get_internal_type()}">')
            self._write_value(obj, field, value)
        else:
            kind, to = type(field.remote_field).__name__, field.remote_field.model._meta.label_lower
            self.stream.write(f'<field name={name} rel="{kind}" to="{to}">')
            if field.many_to_many:
                for one in value:
                    self._write_reference(obj, field, one)
            else:
                self._write_value(obj, field, value)
        self.stream.write("</field>")

    def _write_reference(self, obj: Any, field: Any, value: Any) -> None:
        if isinstance(value, list):
            self.stream.write("<object>")
            self._write_value(obj, field, value)
        else:
            self.stream.write(f"<object pk={quoteattr(str(value))}>")
        self.stream.write("</object>")

    def _write_value(self, obj: Any, field: Any, value: Any) -> None:
        if value is None:
            self.stream.write("<None></None>")
        elif isinstance(value, list):
            for part in value:
                self.stream.write(f"<natural>{self._escaped(obj, field, str(part))}</natural>")
        else:
            self.stream.write(self._escaped(obj, field, value))

    def _escaped(self, obj: Any, field: Any, text: str) -> str:
        control = _CONTROLS.search(text)
        if control is not None:
            raise ValueError(
                f"{obj._meta.object_name}.{field.name} (pk:{obj.pk}) contains unserializable characters: XML has no "
                f"form for {control.group()!r}."
            )
        return escape(text)


def Deserializer(stream_or_string: IO[Any] | str | bytes, **options: Any) -> Iterator[base.DeserializedObject]:
    """The objects of a document."""
    return base.objects_of(_records(stream_or_string), **options)


def _records(stream_or_string: IO[Any] | str | bytes) -> Iterator[base.Record]:
    reader = _Reader()
    if isinstance(stream_or_string, str | bytes):
        yield from reader.feed(stream_or_string, True)
        return
    while chunk := stream_or_string.read(65536):
        yield from reader.feed(chunk, False)
    yield from reader.feed("", True)


class _Reader:
    """Makes records of the events of a parser."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse(DTDForbidden, "a document type declaration")
        self._parser.EntityDeclHandler = self._refuse(EntitiesForbidden, "the declaration of an entity")
        self._parser.UnparsedEntityDeclHandler = self._refuse(EntitiesForbidden, "the declaration of an entity")
        self._parser.ExternalEntityRefHandler = self._refuse(ExternalReferenceForbidden, "a reference elsewhere")
        self._done: list[base.Record] = []
        self._record: base.Record | None = None
        # Of the field that is open: its attributes, its text, and what stands for None, natural keys and links.
        self._field: dict[str, str] | None = None
        self._content: list[str] = []
        self._is_none = False
        self._natural: list[str] | None = None
        self._links: list[Any] | None = None
        self._way: list[str] = []

    def feed(self, data: str | bytes, last: bool) -> list[base.Record]:
        """The records that are complete after this part of the document."""
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            raise base.DeserializationError(f"This is no XML: {error}") from error
        done, self._done = self._done, []
        return done

    def _refuse(self, kind: type[ForbiddenXML], what: str) -> Any:
        def refuse(*_: Any) -> None:
            raise kind(f"The document has {what}, which is never read.")

        return refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        way = [*self._way, name]
        match way[1:]:
            case [] if name == ROOT:
                pass
            case ["object"]:
                if "model" not in attributes:
                    raise base.DeserializationError("An <object> lacks its attribute 'model'.")
                self._record = {"model": attributes["model"], "pk": attributes.get("pk"), "fields": {}}
            case ["object", "field"]:
                if "name" not in attributes:
                    raise base.DeserializationError("A <field> lacks its attribute 'name'.")
                self._field, self._content, self._is_none = attributes, [], False
                self._natural = None
                self._links = [] if attributes.get("rel") == "ManyToManyRel" else None
            case ["object", "field", "None"]:
                self._is_none = True
            case ["object", "field", "object"] if self._links is not None:
                self._links.append(attributes.get("pk"))
                self._natural = None
            case ["object", "field", "natural"] | ["object", "field", "object", "natural"]:
                self._natural = [*(self._natural or ()), ""]
            case _:
                raise SuspiciousOperation(f"Unexpected element <{name}> in <{' <'.join(self._way)}>.")
        self._way = way

    def _text(self, data: str) -> None:
        if self._way[-1] == "natural" and self._natural:
            self._natural[-1] += data
        elif self._way[-1] == "field":
            self._content.append(data)

    def _end(self, name: str) -> None:
        match self._way[1:]:
            case ["object"]:
                assert self._record is not None
                self._done.append(self._with_documents(self._record))
            case ["object", "field", "object"] if self._links is not None and self._natural is not None:
                self._links[-1] = self._natural
            case ["object", "field"]:
                assert self._record is not None and self._field is not None
                self._record["fields"][self._field["name"]] = self._value()
        self._way.pop()

    def _value(self) -> Any:
        if self._links is not None:
            return self._links
        if self._is_none:
            return None
        return self._natural if self._natural is not None else "".join(self._content)

    def _with_documents(self, record: base.Record) -> base.Record:
        """The record with what is JSON inside of it read."""
        model = base.model_or_none(record["model"])
        if model is None:
            return record
        if base.is_composite(model._meta.pk) and record["pk"] is not None:
            record["pk"] = json.loads(record["pk"])
        for name, value in record["fields"].items():
            field = model._meta.fields_map.get(name)
            if isinstance(value, str) and field is not None and field.remote_field is None:
                if field.get_internal_type() == "JSONField":
                    record["fields"][name] = json.loads(value)
            elif isinstance(value, str) and base.is_composite(field):
                record["fields"][name] = json.loads(value)
        return record
