"""Fixtures: dumped, found and loaded, as a whole or not at all."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import warnings
import zipfile

import pytest

from rowsmith import config
from rowsmith.db import connections
from rowsmith.exceptions import ImproperlyConfigured
from rowsmith.management import CommandError, call_command
from rowsmith.serializers import fixtures as loader
from rowsmith.signals import m2m_changed, post_save, pre_save
from tests.serialization.shop import Author, Book, Note, Novel, Tag

feature = pytest.mark.feature
pytestmark = pytest.mark.plain


def tags(*labels, first=100):
    return json.dumps(
        [{"model": "shop.tag", "pk": first + n, "fields": {"label": label}} for n, label in enumerate(labels)]
    )


@pytest.fixture
def place(full, tmp_path, monkeypatch):
    """An empty working directory, and a folder of fixtures of the app."""
    here, own = tmp_path / "here", tmp_path / "shop" / "fixtures"
    here.mkdir()
    own.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setattr(loader, "_app_folders", lambda: {"shop": own})
    Tag.objects.all().delete()
    return here, own


def load(*names, **options):
    out = io.StringIO()
    call_command("loaddata", *names, stdout=out, **options)
    return out.getvalue()


def dump(*names, **options):
    out = io.StringIO()
    call_command("dumpdata", *names, stdout=out, **options)
    return out.getvalue()


def labels():
    return sorted(Tag.objects.values_list("label", flat=True))


@feature("SZ-021", "SZ-022", "CM-027")
def test_where_fixtures_are_found(place, tmp_path):
    here, own = place
    (own / "deep").mkdir()
    (own / "deep" / "one.json").write_text(tags("own", first=1))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "two.jsonl").write_text('{"model": "shop.tag", "pk": 2, "fields": {"label": "more"}}\n')
    (here / "three.json").write_text(tags("here", first=3))
    config.configure({"default": connections.settings["default"]}, fixture_dirs=[str(tmp_path / "more")])
    assert load("deep/one", "two", "three.json") == "Installed 3 object(s) from 3 fixture(s)\n"
    assert labels() == ["here", "more", "own"]
    (tmp_path / "far.json").write_text(tags("far"))
    load(str(tmp_path / "far.json"))
    assert "far" in labels()
    with pytest.raises(CommandError, match="No fixture named 'three' found"):
        load("three", app_label="shop")
    with pytest.raises(CommandError, match="no app 'shp'"):
        load("three", app_label="shp")


@feature("SZ-022", "SZ-023", "SZ-028")
def test_names_that_cannot_be_loaded(place):
    here, _ = place
    (here / "two.json").write_text(tags("a"))
    (here / "two.jsonl").write_text("")
    (here / "fine.json").write_text(tags("fine"))
    with pytest.raises(CommandError, match="Multiple fixtures named 'two' in"):
        load("fine", "two")
    assert labels() == []
    load("two.json")
    assert labels() == ["a"]
    with pytest.raises(CommandError, match="No fixture named 'nothing' found"):
        load("nothing")
    with pytest.raises(CommandError, match="txt is not a known serialization format"):
        load("two.txt")
    with pytest.raises(CommandError, match="No database fixture specified"):
        load()


@feature("SZ-024")
def test_fixtures_may_be_compressed(place):
    here, _ = place
    (here / "a.json.gz").write_bytes(gzip.compress(tags("gz", first=1).encode()))
    (here / "b.json.bz2").write_bytes(bz2.compress(tags("bz2", first=2).encode()))
    (here / "c.json.xz").write_bytes(lzma.compress(tags("xz", first=3).encode()))
    (here / "d.json.lzma").write_bytes(lzma.compress(tags("lzma", first=4).encode(), lzma.FORMAT_ALONE))
    with zipfile.ZipFile(here / "e.json.zip", "w") as archive:
        archive.writestr("first.json", tags("zip", first=5))
        archive.writestr("second.json", tags("not", first=6))
    load("a", "b", "c.json.xz", "d", "e")
    assert labels() == ["bz2", "gz", "lzma", "xz", "zip"]


@feature("SZ-025")
def test_a_fixture_may_be_for_one_database(place):
    here, _ = place
    (here / "a.default.json").write_text(tags("default", first=1))
    (here / "b.other.json").write_text(tags("other", first=2))
    load("a")
    with pytest.raises(CommandError, match="No fixture named 'b' found"):
        load("b")
    assert labels() == ["default"]


@feature("SZ-026")
def test_all_is_loaded_or_nothing_and_references_are_checked_at_the_end(place):
    here, _ = place
    (here / "later.json").write_text(
        json.dumps(
            [
                {"model": "shop.book", "pk": 900, "fields": {"title": "first", "author": 901}},
                {"model": "shop.author", "pk": 901, "fields": {"name": "then"}},
            ]
        )
    )
    (here / "broken.json").write_text(
        json.dumps([{"model": "shop.book", "pk": 902, "fields": {"title": "x", "author": 12345}}])
    )
    (here / "fine.json").write_text(tags("fine"))
    load("later")
    assert Book.objects.get(pk=900).author.name == "then"
    with pytest.raises(CommandError, match="Problem installing fixture"):
        load("fine", "broken")
    assert labels() == [] and not Book.objects.filter(pk=902).exists()
    # Keys go on behind those that were loaded.
    assert Author.objects.create(name="new").pk > 901


@feature("SZ-027", "SG-023")
def test_receivers_of_signals_are_told_that_rows_are_loaded(place):
    here, _ = place
    text = dump("shop.book")
    (here / "books.json").write_text(text)
    seen = []

    def note(sender, **said):
        seen.append((said.get("action", "saved"), said["raw"]))

    tag = Tag.objects.create(label="red")
    data = json.loads(text)
    data[0]["fields"]["tags"] = [tag.pk]
    (here / "books.json").write_text(json.dumps(data))
    for signal in (pre_save, post_save):
        signal.connect(note, sender=Book)
    m2m_changed.connect(note, sender=Book.tags.through)
    Book.saved = 0
    try:
        load("books")
    finally:
        for signal in (pre_save, post_save):
            signal.disconnect(note, sender=Book)
        m2m_changed.disconnect(note, sender=Book.tags.through)
    assert Book.saved == 0
    assert {action for action, _ in seen} >= {"saved", "pre_add", "post_add"}
    assert all(raw is True for _, raw in seen)


@feature("SZ-028")
def test_empty_fixtures_and_folders_named_twice(place, tmp_path):
    here, own = place
    (here / "empty.json").write_text("[]")
    with pytest.warns(RuntimeWarning, match=r"No fixture data found for 'empty\.json'"):
        load("empty")
    for folders in ([str(tmp_path), str(tmp_path)], [str(own)]):
        config.configure({"default": connections.settings["default"]}, fixture_dirs=folders)
        with pytest.raises((CommandError, ImproperlyConfigured)):
            load("empty")
        with pytest.raises(ImproperlyConfigured):
            loader.load_fixtures("empty")


@feature("SZ-029")
def test_routers_decide_what_is_loaded_and_dumped(place):
    here, _ = place

    class NoTags:
        def allow_migrate(self, db, app_label, model_name=None, **hints):
            return model_name != "tag"

    Tag.objects.create(label="kept out")
    (here / "a.json").write_text(tags("x"))
    config.configure({"default": connections.settings["default"]}, routers=[NoTags()])
    assert load("a") == "Installed 0 object(s) (of 1) from 1 fixture(s)\n"
    assert "shop.tag" not in dump("shop")


@feature("CM-027")
def test_what_loading_may_leave_out(place, monkeypatch):
    here, _ = place
    (here / "a.json").write_text(
        json.dumps(
            [
                {"model": "shop.gone", "pk": 1, "fields": {}},
                {"model": "shop.tag", "pk": 1, "fields": {"label": "x", "old": 1}},
                {"model": "shop.note", "pk": 1, "fields": {"text": "y"}},
            ]
        )
    )
    with pytest.raises(CommandError, match=r"Problem installing fixture 'a\.json'.*shop\.gone"):
        load("a")
    load("a", ignorenonexistent=True, exclude=["shop.Note"])
    assert labels() == ["x"] and not Note.objects.exists()
    with pytest.raises(CommandError, match="Unknown model: shop.Nope"):
        load("a", exclude=["shop.Nope"])
    monkeypatch.setattr("sys.stdin", io.StringIO(tags("from stdin")))
    load("-", format="json")
    assert "from stdin" in labels()
    with pytest.raises(CommandError, match="--format"):
        load("-")


@feature("CM-023", "CM-024", "MG-007")
def test_dumping_takes_default_managers_unless_told_otherwise(place, tmp_path):
    Note.objects.create(text="shown")
    Note(text="hidden", hidden=True).save()
    assert [one["fields"]["text"] for one in json.loads(dump("shop.note"))] == ["shown"]
    assert len(json.loads(dump("shop.Note", use_base_manager=True))) == 2
    everything = json.loads(dump())
    assert {one["model"] for one in everything} == {"shop.author", "shop.book", "shop.novel", "shop.place", "shop.note"}
    assert "shop.note" not in dump("shop", exclude=["shop.note"])
    natural = json.loads(dump("shop.author", "shop.book", natural_foreign=True, natural_primary=True))
    assert natural[0] == {"model": "shop.author", "fields": {"name": "Ann", "friend": None}}
    assert natural[1]["fields"]["author"] == ["Ann"]
    assert dump("shop.author", format="xml").startswith("<?xml")
    assert '\n  "model"' in dump("shop.author", indent=2)
    for ending, opened in ((".json", open), (".json.gz", gzip.open), (".json.bz2", bz2.open), (".json.xz", lzma.open)):
        path = tmp_path / f"dump{ending}"
        dump("shop.author", output=path)
        with opened(path, "rt") as file:
            assert json.load(file)[0]["model"] == "shop.author"


@feature("CM-025")
def test_dumps_of_some_rows_and_dumps_that_are_refused(place):
    one, two = Note.objects.create(text="1"), Note.objects.create(text="2")
    Note.objects.create(text="3")
    found = json.loads(dump("shop.note", primary_keys=f"{one.pk},{two.pk}"))
    assert [row["pk"] for row in found] == [one.pk, two.pk]
    for names in ((), ("shop",), ("shop.note", "shop.tag")):
        with pytest.raises(CommandError, match="one model"):
            dump(*names, primary_keys="1")
    for name, message in (("nope", "No app with label 'nope'"), ("shop.nope", "Unknown model: shop.nope")):
        with pytest.raises(CommandError, match=message):
            dump(name)
    with pytest.raises(CommandError, match="Unknown serialization format"):
        dump("shop", format="jason")
    with pytest.warns(Warning, match="shop.BestSeller is a proxy model and won't be serialized"):
        assert dump("shop.bestseller") == "[]\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dump("shop.bestseller", "shop.novel")


@feature("CM-026", "SZ-026")
def test_a_dump_can_be_loaded_again(place):
    here, _ = place
    before = dump()
    (here / "all.json").write_text(before)
    Novel.objects.all().delete()
    Author.objects.all().delete()
    load("all")
    assert dump() == before
