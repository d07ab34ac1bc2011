"""The autodetector: what has changed, as operations in an order that works."""

from __future__ import annotations

import functools
import re

import pytest

from rowsmith import migrations as m
from rowsmith import models
from rowsmith.migrations.autodetector import MigrationAutodetector
from rowsmith.migrations.exceptions import NodeNotFoundError
from rowsmith.migrations.graph import MigrationGraph
from rowsmith.migrations.questioner import MigrationQuestioner
from rowsmith.migrations.state import ModelState, ProjectState

pytestmark = pytest.mark.plain


def key():
    return models.BigAutoField(primary_key=True)


def model(name, app="shop", options=None, bases=None, managers=None, **fields):
    return ModelState(app, name, {"id": key(), **fields}, options, bases, managers)


def state(*found):
    made = ProjectState()
    for one in found:
        made.add_model(one)
    return made


def changes(old, new, graph=None, **answers):
    questioner = MigrationQuestioner(answers, specified_apps={"shop", "other", "third"})
    return MigrationAutodetector(state(*old), state(*new), questioner).changes(graph or MigrationGraph())


def described(old, new, **answers):
    found = changes(old, new, **answers)
    assert set(found) <= {"shop"}
    return [operation.describe() for migration in found.get("shop", ()) for operation in migration.operations]


NOTE = {"word": models.CharField(max_length=9)}


@pytest.mark.feature("MI-019", "MI-023", "MI-028")
def test_what_can_change_is_detected():
    old = model("Note", **NOTE)
    for new, expected in [
        ([], ["Delete model Note"]),
        ([old, model("Other")], ["Create model Other"]),
        ([model("Note", **NOTE, n=models.IntegerField(null=True))], ["Add field n to Note"]),
        ([model("Note")], ["Remove field word from Note"]),
        ([model("Note", word=models.CharField(max_length=8))], ["Alter field word on Note"]),
        ([model("Note", word=models.CharField(max_length=9, help_text="x"))], ["Alter field word on Note"]),
        ([model("Note", options={"ordering": ["word"]}, **NOTE)], ["Change Meta options on Note"]),
        ([model("Note", options={"db_table": "n"}, **NOTE)], ["Rename table for Note to n"]),
        ([model("Note", options={"db_table_comment": "n"}, **NOTE)], ["Alter Note table comment"]),
        ([model("Note", options={"unique_together": {("id", "word")}}, **NOTE)],
         ["Alter unique_together for Note (1 constraint(s))"]),
        ([model("Note", managers=[("objects", Kept())], **NOTE)], ["Change managers on Note"]),
        ([model("Note", options={"indexes": [models.Index(fields=["word"], name="i")]}, **NOTE)],
         ["Create index i on field(s) word of model Note"]),
        ([model("Note", options={"constraints": [models.UniqueConstraint(fields=["word"], name="u")]}, **NOTE)],
         ["Create constraint u on model Note"]),
    ]:  # fmt: skip
        assert described([old], new) == expected
        assert described(new, new) == []
    author = model("Author")
    book = model("Book", author=models.ForeignKey("shop.author", models.CASCADE))
    ordered = model(
        "Book", options={"order_with_respect_to": "author"}, author=models.ForeignKey("shop.author", models.CASCADE)
    )
    assert described([author, book], [author, ordered]) == ["Set order_with_respect_to on Book to author"]
    protected = model("Book", author=models.ForeignKey("shop.author", models.PROTECT))
    assert described([author, book], [author, protected]) == ["Alter field author on Book"]


class Kept(models.Manager):
    use_in_migrations = True


@pytest.mark.feature("MI-023")
def test_rules_that_have_another_name_or_other_words():
    def ruled(index="i", constraint="u", message=None, fields=("word",)):
        rules = {
            "indexes": [models.Index(fields=["word"], name=index)],
            "constraints": [models.UniqueConstraint(fields=fields, name=constraint, violation_error_message=message)],
        }
        return model("Note", options=rules, **NOTE)

    assert described([ruled()], [ruled(index="j")]) == ["Rename index i on Note to j"]
    assert described([ruled()], [ruled(message="No")]) == ["Alter constraint u on Note"]
    assert described([ruled()], [ruled(constraint="v")]) == [
        "Remove constraint u from model Note", "Create constraint v on model Note"
    ]  # fmt: skip
    assert described([ruled()], [ruled(fields=("word", "id"))]) == [
        "Remove constraint u from model Note", "Create constraint u on model Note"
    ]  # fmt: skip


@pytest.mark.feature("MI-022")
def test_renames_are_asked_for_what_looks_the_same():
    old, new = model("Note", a=models.IntegerField(null=True)), model("Note", b=models.IntegerField(null=True))
    assert described([old], [new], ask_rename=True) == ["Rename field a on Note to b"]
    assert described([old], [new]) == ["Remove field a from Note", "Add field b to Note"]
    other = model("Note", b=models.BigIntegerField(null=True))
    assert described([old], [other], ask_rename=True) == ["Remove field a from Note", "Add field b to Note"]
    kept = model("Note", b=models.IntegerField(null=True, db_column="a"))
    assert described([old], [kept], ask_rename=True) == ["Alter field a on Note", "Rename field a on Note to b"]
    remark = model("Remark", a=models.IntegerField(null=True))
    assert described([old], [remark], ask_rename_model=True) == ["Rename model Note to Remark"]
    assert described([old], [remark]) == ["Create model Remark", "Delete model Note"]
    # Relations follow without being asked for.
    book, other_book = (model("Book", n=models.ForeignKey(f"shop.{to}", models.CASCADE)) for to in ("note", "remark"))
    assert described([old, book], [remark, other_book], ask_rename_model=True) == ["Rename model Note to Remark"]


@pytest.mark.feature("MI-024")
def test_relations_order_models_and_apps():
    author = model("Author")
    book = model("Book", author=models.ForeignKey("shop.author", models.CASCADE))
    assert described([], [book, author]) == ["Create model Author", "Create model Book"]
    favourite = model("Author", favourite=models.ForeignKey("shop.book", models.CASCADE, null=True))
    found = described([], [favourite, book])
    assert set(found[:2]) == {"Create model Author", "Create model Book"}
    assert found[2:] == ["Add field author to Book"] or found[2:] == ["Add field favourite to Author"]
    found = described([favourite, book], [])
    assert set(found) >= {"Delete model Author", "Delete model Book"} and found[0].startswith("Remove field")
    # Two apps that need each other: one of them in two steps.
    there = model("Shelf", "other", book=models.ForeignKey("shop.book", models.CASCADE))
    here = model("Room", shelf=models.ForeignKey("other.shelf", models.CASCADE))
    found = changes([], [author, book, there, here])
    assert len(found["other"]) == 1 and len(found["shop"]) in (1, 2)
    by_key = {one.key: one for items in found.values() for one in items}
    graph = MigrationGraph()
    for one in by_key.values():
        graph.add_node(one.key, one)
    for one in by_key.values():
        for parent in one.dependencies:
            graph.add_dependency(one, one.key, parent)
    made = graph.make_state()
    assert set(made.apps.all_models["shop"]) == {"author", "book", "room"}


@pytest.mark.feature("MI-024")
def test_an_app_that_is_there_already_is_depended_on():
    graph = MigrationGraph()
    for name in ("0001_initial", "0002_more"):
        graph.add_node(("other", name), m.Migration(name, "other"))
    graph.add_dependency(None, ("other", "0002_more"), ("other", "0001_initial"))
    there = model("Shelf", "other")
    here = model("Room", shelf=models.ForeignKey("other.shelf", models.CASCADE))
    [migration] = changes([there], [there, here], graph)["shop"]
    assert migration.dependencies == [("other", "0002_more")] and migration.name == "0001_initial"
    with pytest.raises(NodeNotFoundError):
        graph.forwards_plan(("other", "0003"))


@pytest.mark.feature("MI-025")
def test_what_links_rows_goes_and_comes_back():
    tag = model("Tag")
    link = model(
        "Link", note=models.ForeignKey("shop.note", models.CASCADE), tag=models.ForeignKey("shop.tag", models.CASCADE)
    )
    plain = model("Note", tags=models.ManyToManyField("shop.tag"))
    for other in (
        model("Note", tags=models.ManyToManyField("shop.tag", through="shop.Link")),
        model("Note", tags=models.IntegerField(null=True)),
    ):
        assert described([tag, link, plain], [tag, link, other]) == [
            "Remove field tags from Note",
            "Add field tags to Note",
        ]
    named = model("Note", tags=models.ManyToManyField("shop.tag", related_name="notes"))
    assert described([tag, link, plain], [tag, link, named]) == ["Alter field tags on Note"]


@pytest.mark.feature("MI-026")
def test_models_without_tables_of_ours():
    loose = model("Loose", options={"managed": False}, n=models.IntegerField())
    proxy = ModelState("shop", "Proxy", {}, {"proxy": True}, bases=("shop.note",))
    note = model("Note", **NOTE)
    assert described([note], [note, loose, proxy]) == ["Create model Loose", "Create proxy model Proxy"]
    more = model("Loose", options={"managed": False}, n=models.IntegerField(), m=models.IntegerField())
    assert described([note, loose], [note, more]) == []
    ordered = ModelState("shop", "Proxy", {}, {"proxy": True, "ordering": ["word"]}, bases=("shop.note",))
    assert described([note, proxy], [note, ordered]) == ["Change Meta options on Proxy"]
    assert described([note, proxy], [note]) == ["Delete model Proxy"]


@pytest.mark.feature("MI-027", "MI-056")
def test_equal_definitions_are_no_change():
    def first():
        return model(
            "Note",
            a=models.CharField(
                max_length=3, choices=[("a", "A")], validators=[re_validator()], default=functools.partial(int, "3")
            ),
            b=models.GeneratedField(
                expression=models.F("n") + 1, output_field=models.IntegerField(), db_persist=True
            ),
            n=models.IntegerField(db_default=models.Value(3)),
            options={
                "indexes": [models.Index(models.F("n").desc(), name="i", condition=models.Q(n__gt=1))],
                "constraints": [models.CheckConstraint(condition=models.Q(n__gt=1) | ~models.Q(n=3), name="c")],
                "ordering": [models.F("n").desc()],
            },
        )  # fmt: skip

    def re_validator():
        from rowsmith.validators import RegexValidator

        return RegexValidator(re.compile("^a"))

    assert described([first()], [first()]) == []


@pytest.mark.feature("MI-009")
def test_dependencies_may_name_the_ends_of_an_app(project):
    project.models("class Note(models.Model):\n    pass")
    project.models(
        "class Other(models.Model):\n    note = models.ForeignKey('shop.Note', models.CASCADE)", app="other"
    )
    project.make()
    project.migration("0002_more", "dependencies = [('shop', '0001_initial')]")
    text = project.text("0001_initial", "other")
    place = project.root / "other/migrations/0001_initial.py"
    for said, before in [
        ('("shop", "__first__")', ("shop", "0001_initial")),
        ('("shop", "__latest__")', ("shop", "0002_more")),
        ('migrations.swappable_dependency("shop.Note")', ("shop", "0001_initial")),
    ]:
        place.write_text(text.replace('("shop", "0001_initial")', said))
        project.reload()
        from rowsmith.migrations.loader import MigrationLoader

        graph = MigrationLoader(None).graph
        assert graph.parents["other", "0001_initial"] == {before}
    project.migration("0003_late", "dependencies = [('shop', '0002_more')]\nrun_before = [('other', '0001_initial')]")
    graph = MigrationLoader(None).graph
    assert ("shop", "0003_late") in graph.parents["other", "0001_initial"]
    assert graph.forwards_plan(("other", "0001_initial"))[-2:] == [("shop", "0003_late"), ("other", "0001_initial")]


@pytest.mark.feature("MI-019", "MI-026", "PK-014")
def test_fields_of_unusual_kinds():
    place = model("Place", a=models.IntegerField(), b=models.IntegerField())
    composite = ModelState(
        "shop",
        "Place",
        {"pk": models.CompositePrimaryKey("a", "b"), "a": models.IntegerField(), "b": models.IntegerField()},
    )
    assert described([place], [composite]) == ["Remove field id from Place", "Add field pk to Place"]
    assert described([composite], [place]) == ["Remove field pk from Place", "Add field id to Place"]
    assert described([composite], [composite]) == []
