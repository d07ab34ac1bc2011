"""Objects as text in every format, and back."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
import uuid
from decimal import Decimal

import pytest

from rowsmith import config, models, serializers
from rowsmith.db import connections
from rowsmith.exceptions import SuspiciousOperation
from rowsmith.serializers import DeserializationError, SerializerDoesNotExist, base, xml_serializer
from rowsmith.serializers.json import JSONEncoder
from tests.serialization.shop import Author, BestSeller, Book, Note, Novel, Place, Tag, everything

feature = pytest.mark.feature
FORMATS = ["json", "jsonl", "xml", "yaml", "python"]


def as_rows(objects):
    return [{f.attname: getattr(obj, f.attname) for f in obj._meta.local_concrete_fields} for obj in objects]


@feature("SZ-003", "SZ-006", "SZ-011", "SZ-012", "PK-018")
@pytest.mark.parametrize("format", FORMATS)
def test_what_is_written_can_be_read_again(full, tables, format):
    before = as_rows(everything())
    links = (set(full.tags.values_list("pk")), set(full.fans.values_list("pk")))
    text = serializers.serialize(format, everything())
    tables(*[type(full), Book, Author, Tag, Place, Note])
    assert everything() == []
    objects = list(serializers.deserialize(format, text))
    assert everything() == []
    for obj in objects:
        obj.save()
    assert as_rows(everything()) == before
    novel = Novel.objects.get()
    assert (set(novel.tags.values_list("pk")), set(novel.fans.values_list("pk"))) == links


@feature("SZ-004", "SZ-005", "SZ-006", "SZ-020", "PK-018")
def test_records_say_what_django_s_say(full):
    (book,) = serializers.serialize("python", Book.objects.all())
    assert (book["model"], book["pk"]) == ("shop.book", full.pk)
    assert book["fields"] == {
        "author": full.author_id,
        "title": 'Sea <&> "é"',
        "at": dt.datetime(2020, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC),
        "day": dt.date(2020, 1, 2),
        "hour": dt.time(3, 4, 5, 6000),
        "length": "1 00:00:03.500000",
        "price": Decimal("1.50"),
        "weight": 1.5,
        "sold": True,
        "code": "00000000-0000-0000-0000-000000000005",
        "cover": "AP8=",
        "facts": {"a": [1, None, "x"]},
        "address": "1.2.3.4",
        "tags": [Tag.objects.get().pk],
        "fans": [full.author_id],
    }
    assert serializers.serialize("python", [full]) == [{"model": "shop.novel", "pk": full.pk, "fields": {"pages": 3}}]
    (shown,) = serializers.serialize("python", BestSeller.objects.all())
    assert shown["model"] == "shop.bestseller"
    (place,) = serializers.serialize("python", Place.objects.all())
    assert place["pk"] == [1, "x"]
    (chosen,) = serializers.serialize("python", Book.objects.all(), fields=["title", "tags"])
    assert (set(chosen["fields"]), chosen["pk"]) == ({"title", "tags"}, full.pk)


@feature("SZ-001", "SZ-007")
def test_options_and_streams(full):
    author = Author.objects.get()
    stream, seen = io.StringIO(), []
    text = serializers.serialize("json", [author], stream=stream, indent=2, progress=seen.append)
    assert text == stream.getvalue()
    assert text == (
        f'[\n{{\n  "model": "shop.author",\n  "pk": {author.pk},\n  "fields": {{\n    "name": "Ann",\n'
        '    "friend": null\n  }\n}\n]\n'
    )
    assert seen == [1]
    assert serializers.serialize("json", []) == "[]\n"
    lines = serializers.serialize("jsonl", [*Tag.objects.all(), author]).splitlines()
    assert [json.loads(line)["model"] for line in lines] == ["shop.tag", "shop.author"]

    class Upper(JSONEncoder):
        def default(self, o):
            return str(o).upper()

    text = serializers.serialize("json", [full.book_ptr], fields=["price", "day"], cls=Upper)
    assert json.loads(text)[0]["fields"] == {"day": "2020-01-02", "price": "1.50"}


@feature("SZ-007")
def test_lines_are_read_one_by_one(full):
    class Stream:
        def __init__(self):
            self.read = 0

        def __iter__(self):
            for number in range(3):
                self.read += 1
                yield json.dumps({"model": "shop.tag", "pk": number, "fields": {"label": "x"}}) + "\n"

    stream = Stream()
    objects = serializers.deserialize("jsonl", stream)
    assert next(objects).object.pk == 0
    assert stream.read == 1


@feature("SZ-008")
def test_values_in_json():
    def shown(value):
        return json.loads(json.dumps(value, cls=JSONEncoder))

    at = dt.datetime(2020, 1, 2, 3, 4, 5, 123456)
    assert shown(at) == "2020-01-02T03:04:05.123"
    assert shown(at.replace(tzinfo=dt.UTC)) == "2020-01-02T03:04:05.123Z"
    assert shown(at.replace(microsecond=0, tzinfo=dt.timezone(dt.timedelta(hours=2)))) == "2020-01-02T03:04:05+02:00"
    assert shown(dt.date(2020, 1, 2)) == "2020-01-02"
    assert shown(dt.time(1, 2, 3, 4)) == "01:02:03.000"
    assert shown(dt.timedelta(days=1, hours=2, seconds=3.4)) == "P1DT02H00M03.400000S"
    assert shown(dt.timedelta(days=-1, seconds=3.4)) == "-P0DT23H59M56.600000S"
    assert shown([Decimal("1E+3"), uuid.UUID(int=1)]) == ["1E+3", "00000000-0000-0000-0000-000000000001"]
    with pytest.raises(ValueError, match="time zone"):
        shown(dt.time(1, tzinfo=dt.UTC))
    with pytest.raises(TypeError):
        shown(object())


@feature("SZ-009")
def test_the_shape_of_xml(full):
    text = serializers.serialize("xml", [Author.objects.get(), *Book.objects.all()], fields=["name", "friend", "tags"])
    assert text == (
        '<?xml version="1.0" encoding="utf-8"?>\n<rowsmith-objects version="1.0">'
        f'<object model="shop.author" pk="{full.author_id}"><field name="name" type="CharField">Ann</field>'
        '<field name="friend" rel="ManyToOneRel" to="shop.author"><None></None></field></object>'
        f'<object model="shop.book" pk="{full.pk}"><field name="tags" rel="ManyToManyRel" to="shop.tag">'
        f'<object pk="{Tag.objects.get().pk}"></object></field></object></rowsmith-objects>'
    )
    indented = serializers.serialize("xml", Tag.objects.all(), indent=2)
    assert indented.splitlines()[2:4] == [
        f'  <object model="shop.tag" pk="{Tag.objects.get().pk}">',
        '    <field name="label" type="CharField">blue</field>',
    ]
    with pytest.raises(ValueError, match=r"Author.name \(pk:None\) contains unserializable characters"):
        serializers.serialize("xml", [Author(name="a\x01")])


@feature("SZ-010")
@pytest.mark.parametrize(
    "document, error",
    [
        ("<!DOCTYPE x><a/>", xml_serializer.DTDForbidden),
        ('<!DOCTYPE x [<!ENTITY e "v">]><a>&e;</a>', xml_serializer.DTDForbidden),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><a/>', xml_serializer.DTDForbidden),
        ("<rowsmith-objects><object model='shop.tag'><field name='label'>a<b>c</b></field></object></rowsmith-objects>",
         SuspiciousOperation),
        ("<other/>", SuspiciousOperation),
        ("<rowsmith-objects><object/></rowsmith-objects>", DeserializationError),
        ("<rowsmith-objects>", DeserializationError),
    ],
)  # fmt: skip
def test_xml_that_is_not_read(full, document, error):
    with pytest.raises(error):
        list(serializers.deserialize("xml", document))


@feature("SZ-002", "XC-016")
def test_formats_by_name(full, monkeypatch):
    assert serializers.get_public_serializer_formats() == ["xml", "json", "yaml", "jsonl"]
    assert set(serializers.get_serializer_formats()) == set(FORMATS)
    assert serializers.get_serializer("json")().serialize([]) == "[]\n"
    assert list(serializers.get_deserializer("json")("[]")) == []
    for ask in (serializers.get_serializer, serializers.get_deserializer, serializers.unregister_serializer):
        with pytest.raises(SerializerDoesNotExist, match="no format 'jason'.*Did you mean 'json'") as caught:
            ask("jason")
        assert isinstance(caught.value, KeyError)
    assert issubclass(serializers.M2MDeserializationError, serializers.DeserializationError)
    assert issubclass(serializers.SerializationError, Exception)


@feature("SZ-003")
def test_yaml_needs_its_library_only_when_it_is_used(full, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "rowsmith.serializers.pyyaml", raising=False)
    assert "json" in serializers.get_public_serializer_formats()
    with pytest.raises(ImportError):
        serializers.serialize("yaml", [])


@feature("SZ-019")
def test_formats_of_ones_own(full, tmp_path, monkeypatch):
    (tmp_path / "own_format.py").write_text(
        "from rowsmith.serializers import base\n"
        "class Serializer(base.Serializer):\n"
        "    def write(self, records):\n"
        "        for record in records:\n"
        "            self.stream.write(f\"{record['model']} {record['pk']} {record['fields']['label']}\\n\")\n"
        "def Deserializer(stream_or_string, **options):\n"
        "    for line in stream_or_string.splitlines():\n"
        "        model, pk, label = line.split(' ', 2)\n"
        "        yield from base.objects_of([{'model': model, 'pk': pk, 'fields': {'label': label}}], **options)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    tag = Tag.objects.get()
    config.configure({"default": connections.settings["default"]}, serialization_modules={"json": "own_format"})
    assert serializers.serialize("json", [tag]) == f"shop.tag {tag.pk} blue\n"
    config.configure({"default": connections.settings["default"]})
    serializers.register_serializer("lines", "own_format")
    try:
        (obj,) = serializers.deserialize("lines", "shop.tag 7 red")
        assert (obj.object.pk, obj.object.label) == (7, "red")
    finally:
        serializers.unregister_serializer("lines")


def record(model="shop.book", pk=1, **fields):
    return json.dumps([{"model": model, "pk": pk, "fields": fields}])


@feature("SZ-013", "XC-016")
@pytest.mark.parametrize(
    "text, message",
    [
        (record("shop.boook"), "Invalid model identifier: 'shop.boook'.*Did you mean 'shop.book'"),
        (record(titel="x"), "shop.book, pk=1.*no field named 'titel'.*Did you mean 'title'"),
        (record(pk="x"), "shop.book, pk='x'.*key cannot be 'x'"),
        (record(day="x"), "shop.book, pk=1: field 'day' cannot be 'x'"),
        (record(author=["Zed"]), "shop.book, pk=1.*'author' refers to .'Zed'.*does not exist"),
        (record(tags=["Zed"]), "shop.book, pk=1.*'tags' cannot be"),
        (record(tags=5), "shop.book, pk=1.*'tags' cannot be 5"),
        (record(tags=[["x"]]), "shop.book, pk=1.*'tags' cannot be"),
        ("{", "no JSON"),
        ("5", "array of records"),
        ('[{"pk": 1, "fields": {}}]', "A record is"),
        ('[{"model": "shop.tag"}]', "A record is"),
        ("[3]", "A record is"),
    ],
)
def test_records_that_make_no_object(full, text, message):
    with pytest.raises(DeserializationError, match=message):
        list(serializers.deserialize("json", text))


@feature("SZ-013")
def test_what_there_is_not_can_be_left_out(full):
    tag = {"model": "shop.tag", "pk": 9, "fields": {"label": "x", "old": 1}}
    text = json.dumps([{"model": "shop.gone", "pk": 1, "fields": {}}, tag])
    (obj,) = serializers.deserialize("json", text, ignorenonexistent=True)
    assert (obj.object.label, repr(obj)) == ("x", "<DeserializedObject: shop.Tag(pk=9)>")


@feature("SZ-012")
def test_saving_what_was_read_calls_no_save(full):
    text = serializers.serialize("json", Book.objects.all())
    (obj,) = serializers.deserialize("json", text)
    Book.saved = 0
    obj.object.title = "changed"
    obj.save(save_m2m=False)
    assert (Book.saved, Book.objects.get().title) == (0, "changed")


@feature("SZ-014")
def test_objects_without_a_key_are_new_or_found_by_their_natural_key(full):
    for label in ("red", "green"):
        (obj,) = serializers.deserialize("json", json.dumps([{"model": "shop.tag", "fields": {"label": label}}]))
        obj.save()
    assert Tag.objects.count() == 3
    ann = Author.objects.get()
    (obj,) = serializers.deserialize("json", record("shop.author", None, name="Ann", friend=ann.pk))
    assert obj.object.pk == ann.pk
    obj.save()
    assert Author.objects.get().friend == ann


@feature("SZ-015", "SZ-016")
@pytest.mark.parametrize("format", FORMATS)
def test_natural_keys_in_place_of_keys(full, tables, format):
    options = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
    text = serializers.serialize(format, [Author.objects.get(), *Book.objects.all()], **options)
    if format == "python":
        author, book = text
        assert author == {"model": "shop.author", "fields": {"name": "Ann", "friend": None}}
        assert (book["pk"], book["fields"]["author"], book["fields"]["fans"]) == (full.pk, ["Ann"], [["Ann"]])
        assert book["fields"]["tags"] == [Tag.objects.get().pk]
    Author.objects.all().delete()
    zed, ann = Author.objects.create(name="Zed"), Author.objects.create(name="Ann")
    for obj in serializers.deserialize(format, text):
        obj.save()
    assert Author.objects.count() == 2
    book = Book.objects.get()
    assert (book.author, list(book.fans.all())) == (ann, [ann])
    assert zed != ann


@feature("SZ-015")
def test_an_empty_natural_key_is_none(full, monkeypatch):
    monkeypatch.setattr(Author, "natural_key", lambda self: ())
    options = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
    author, book = serializers.serialize("python", [Author.objects.get(), *Book.objects.all()], **options)
    assert author["pk"] == full.author_id == book["fields"]["author"]


@feature("SZ-017")
def test_references_to_what_comes_later(full):
    text = json.dumps(
        [
            {"model": "shop.author", "pk": 50, "fields": {"name": "Bob", "friend": ["Cid"]}},
            {"model": "shop.book", "pk": 60, "fields": {"title": "x", "fans": [["Cid"]]}},
            {"model": "shop.author", "pk": 51, "fields": {"name": "Cid"}},
        ]
    )
    with pytest.raises(DeserializationError, match="handle_forward_references"):
        list(serializers.deserialize("json", text))
    objects = list(serializers.deserialize("json", text, handle_forward_references=True))
    bob, book, cid = objects
    assert [field.name for field in bob.deferred_fields] == ["friend"]
    assert cid.deferred_fields is None
    for obj in objects:
        obj.save()
    for obj in (bob, book):
        obj.save_deferred_fields()
    assert Author.objects.get(name="Bob").friend.name == "Cid"
    assert [fan.name for fan in Book.objects.get(pk=60).fans.all()] == ["Cid"]


@feature("SZ-018", "CM-026")
def test_models_come_after_those_that_they_refer_to(full, monkeypatch):
    from rowsmith.serializers.ordering import sort_dependencies

    assert sort_dependencies([Book, Tag, Author]) == [Tag, Author, Book]
    key = Author.natural_key
    monkeypatch.setattr(key, "dependencies", ["shop.note"], raising=False)
    assert sort_dependencies([Book, Author, Note]) == [Note, Author, Book]
    monkeypatch.setattr(key, "dependencies", ["shop.book"], raising=False)
    with pytest.raises(RuntimeError, match=r"Can't resolve dependencies for shop.Author, shop.Book"):
        sort_dependencies([Book, Author])


@feature("SZ-006")
def test_links_with_fields_of_their_own_are_objects_of_their_own(full):
    assert base.natural_key(Tag(label="x")) is None
    through = Book.tags.through
    assert through._meta.auto_created
    assert isinstance(Book._meta.get_field("tags"), models.ManyToManyField)
