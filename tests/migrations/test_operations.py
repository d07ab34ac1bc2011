"""Operations: what each does to the models, to the database and to other operations."""

from __future__ import annotations

import pytest

from rowsmith import migrations as m
from rowsmith import models
from rowsmith.db import connections
from rowsmith.exceptions import DatabaseError, FieldDoesNotExist, IntegrityError
from rowsmith.execution.schema import existing_tables
from rowsmith.migrations import OperationCategory
from rowsmith.migrations.exceptions import IrreversibleError
from rowsmith.migrations.optimizer import optimize
from rowsmith.migrations.recorder import MigrationRecorder
from rowsmith.migrations.state import ModelState, ProjectState
from rowsmith.models.functions import Lower
from tests.migrations.test_schema import shape, shelf


def key():
    return ("id", models.BigAutoField(primary_key=True))


def note(history, **options):
    history(m.CreateModel("Note", [key(), ("word", models.CharField(max_length=9))], options))
    return history.model("Note")


def columns(connection, table):
    definitions = connection.dialect.definitions()
    return [row[0] for row in connection.fetch(definitions.columns_query(table), (), list)]


def own_tables(connection):
    return {name for name in existing_tables(connection) if name.startswith("shop_")}


# --- models ---


@pytest.mark.feature("MI-029")
def test_a_model_is_created_with_all_that_it_says(history):
    history(
        m.CreateModel("Base", [key(), ("n", models.IntegerField())]),
        m.CreateModel(
            "Child", [("base_ptr", models.OneToOneField("shop.base", models.CASCADE, parent_link=True, primary_key=True,
                                                       auto_created=True, serialize=False)),
                      ("more", models.IntegerField())],
            bases=("shop.base",),
        ),
        m.CreateModel("Proxy", [], {"proxy": True}, bases=("shop.base",)),
        m.CreateModel("Elsewhere", [key()], {"managed": False}),
    )  # fmt: skip
    assert own_tables(history.connection) == {"shop_base", "shop_child"}
    child = history.model("Child").objects.create(n=1, more=2)
    assert history.model("Proxy").objects.get().pk == child.pk
    history.undo()
    assert own_tables(history.connection) == set()


@pytest.mark.plain
@pytest.mark.feature("MI-029")
def test_a_model_is_not_created_of_what_is_there_twice():
    field, manager = models.IntegerField(), models.Manager()
    for arguments in (
        {"fields": [("a", field), ("a", field)]},
        {"fields": [], "bases": ("shop.Base", "shop.base")},
        {"fields": [], "bases": (models.Model, models.Model)},
        {"fields": [], "managers": [("objects", manager), ("objects", manager)]},
    ):
        with pytest.raises(ValueError, match="Found duplicate value"):
            m.CreateModel("Note", **arguments)


@pytest.mark.feature("MI-030", "MI-048")
def test_a_model_is_renamed_with_its_links_and_those_who_refer_to_it(history):
    shelf(history)
    history(m.RenameModel("Book", "Volume"))
    connection = history.connection
    assert own_tables(connection) == {"shop_author", "shop_tag", "shop_volume", "shop_volume_tags"}
    assert columns(connection, "shop_volume_tags") == ["id", "volume_id", "tag_id"]
    one, two = history.model("Volume").objects.order_by("pk")
    assert two.sequel_of == one and one.tags.get().word == "sea"
    history(m.RenameModel("Tag", "Word"))
    assert columns(connection, "shop_volume_tags") == ["id", "volume_id", "word_id"]
    assert history.model("Volume").objects.get(pk=1).tags.get().word == "sea"
    history(m.RenameModel("Volume", "vOLUME"))
    assert history.model("vOLUME").objects.count() == 2
    # A new model may take the old name, with indexes and constraints of the same names.
    history(m.CreateModel("Book", [key(), ("title", models.CharField(max_length=20, db_index=True, unique=True))]))
    history(m.DeleteModel("Book"))


@pytest.mark.feature("MI-030")
def test_a_table_of_its_own_name_is_not_renamed(history):
    note(history, db_table="notes_of_old")
    before = shape(history)
    assert not [text for text in history.sql(m.RenameModel("Note", "Remark")) if not text.startswith("--")]
    history(m.RenameModel("Note", "Remark"))
    assert shape(history) == before
    history(m.DeleteModel("Remark"))
    assert "notes_of_old" not in existing_tables(history.connection)


@pytest.mark.feature("MI-031")
def test_tables_and_their_comments_are_altered(history):
    shelf(history)
    history(m.AlterModelTable("Book", "volumes"))
    assert {"volumes", "volumes_tags"} <= set(existing_tables(history.connection))
    history(m.AlterModelTable("Book", None))
    assert own_tables(history.connection) >= {"shop_book", "shop_book_tags"}
    history(m.AlterModelTableComment("Book", "What's read"))
    if history.connection.vendor == "postgresql":
        query = "SELECT obj_description('shop_book'::regclass)"
        assert history.connection.fetch(query, (), list) == [("What's read",)]
        history.undo()
        assert history.connection.fetch(query, (), list) == [(None,)]
    assert history.model("Book").objects.count() == 2


@pytest.mark.feature("MI-032", "O-019", "O-020")
def test_options_are_altered(history):
    history(
        m.CreateModel("Author", [key()]),
        m.CreateModel(
            "Book",
            [
                key(),
                ("author", models.ForeignKey("shop.author", models.CASCADE)),
                ("a", models.IntegerField(default=1)),
            ],
        ),
    )
    author = history.model("Author").objects.create()
    history.model("Book").objects.create(author=author)
    history(m.AlterUniqueTogether("Book", {("author", "a")}))
    with pytest.raises(IntegrityError):
        history.model("Book").objects.create(author_id=author.pk)
    history(m.AlterUniqueTogether("Book", set()))
    history.model("Book").objects.create(author_id=author.pk)
    history(m.AlterIndexTogether("Book", [["author", "a"]]))
    history(m.RenameIndex("Book", new_name="named", old_fields=("author", "a")))
    assert any("named" in line for line in shape(history))
    history(m.AlterOrderWithRespectTo("Book", "author"))
    assert "_order" in columns(history.connection, "shop_book")
    author = history.model("Author").objects.get()
    assert len(author.get_book_order()) == 2
    history(m.AlterOrderWithRespectTo("Book", None))
    assert "_order" not in columns(history.connection, "shop_book")
    before = shape(history)
    history(
        m.AlterModelOptions(
            "Book", {"ordering": ["-a"], "permissions": [("read", "Can read")], "verbose_name": "tome"}
        ),
        m.AlterModelManagers("Book", [("things", models.Manager())]),
    )
    book = history.model("Book")
    assert (book._meta.ordering, book._meta.verbose_name) == (["-a"], "tome")
    assert book._meta.permissions == [("read", "Can read")] and hasattr(book, "things")
    history(m.AlterModelOptions("Book", {}))
    assert history.model("Book")._meta.permissions == () and shape(history) == before


# --- fields ---


@pytest.mark.feature("MI-033", "MI-034")
def test_rows_get_the_default_of_a_new_field(history):
    note(history).objects.create(word="x")
    history(
        m.AddField("Note", "kept", models.IntegerField(default=3)),
        m.AddField("Note", "once", models.CharField(max_length=5, default="o'o"), preserve_default=False),
        m.AddField("Note", "none", models.IntegerField(null=True)),
        m.AddField("Note", "blank", models.CharField(max_length=5, blank=True)),
        m.AddField("Note", "data", models.JSONField(default=dict)),
        m.AddField("Note", "when", models.DateTimeField(auto_now_add=True)),
        m.AddField("Note", "raw", models.BinaryField(default=b"\x00'")),
        m.AddField("Note", "uid", models.UUIDField(default="12345678123456781234567812345678")),
    )
    row = history.model("Note").objects.get()
    assert (row.kept, row.once, row.none, row.blank, row.data, bytes(row.raw)) == (3, "o'o", None, "", {}, b"\x00'")
    assert row.uid.hex == "12345678123456781234567812345678" and row.when is not None
    fields = history.state.models["shop", "note"].fields
    assert fields["kept"].default == 3 and not fields["once"].has_default()
    # The default is the program's, not the database's.
    with pytest.raises(IntegrityError), history.connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_note (word) VALUES ('y')")
    history(m.RemoveField("Note", "kept"))
    with pytest.raises(FieldDoesNotExist):
        history.model("Note")._meta.get_field("kept")
    history.undo()
    assert history.model("Note").objects.get().kept == 3


@pytest.mark.feature("MI-034")
def test_removing_takes_nothing_else_along(history):
    note(history).objects.create(word="x")
    history.connection.execute("CREATE VIEW on_notes AS SELECT word FROM shop_note", ())
    try:
        with pytest.raises(DatabaseError):
            history(m.RemoveField("Note", "word"))
        assert history.connection.fetch("SELECT word FROM on_notes", (), list) == [("x",)]
        assert "word" in columns(history.connection, "shop_note")
    finally:
        history.connection.execute("DROP VIEW on_notes", ())
    history.state = history.done[-1][0].mutate_state(history.done[-1][1])
    history(m.RemoveField("Note", "word"))
    with pytest.raises(IntegrityError):
        # Nobody knows what the row has had.
        history.undo()


@pytest.mark.feature("MI-035")
def test_null_gives_way_to_the_default(history):
    history(m.CreateModel("Note", [key(), ("n", models.IntegerField(null=True))]))
    history.model("Note").objects.bulk_create([history.model("Note")(n=n) for n in (None, 4)])
    with pytest.raises(IntegrityError):
        history(m.AlterField("Note", "n", models.IntegerField()))
    history.state = history.done[-1][0].mutate_state(history.done[-1][1])
    history(m.AlterField("Note", "n", models.IntegerField(default=7), preserve_default=False))
    assert list(history.model("Note").objects.order_by("pk").values_list("n", flat=True)) == [7, 4]
    assert not history.state.models["shop", "note"].fields["n"].has_default()
    history.undo()
    history.model("Note").objects.create(n=None)


@pytest.mark.feature("MI-036")
def test_a_field_is_renamed_wherever_it_is_named(history):
    history(
        m.CreateModel(
            "Author",
            [key(), ("name", models.CharField(max_length=9, unique=True)), ("a", models.IntegerField(default=0))],
            {
                "unique_together": {("name", "a")}, "ordering": ["-name"],
                "indexes": [models.Index(fields=["-name"], name="i"),
                            models.Index(Lower("name"), name="low")],
                "constraints": [
                    models.UniqueConstraint(fields=["name"], name="u"),
                    models.CheckConstraint(condition=models.Q(name__gt="") | models.Q(a=models.F("name")), name="c")
                    if history.connection.vendor == "sqlite"
                    else models.CheckConstraint(condition=~models.Q(name=""), name="c"),
                ],
            },
        ),
        m.CreateModel("Book", [key(), ("author", models.ForeignKey("shop.author", models.CASCADE, to_field="name"))]),
    )  # fmt: skip
    author = history.model("Author").objects.create(name="Ann")
    history.model("Book").objects.create(author=author)
    history(m.RenameField("Author", "name", "called"))
    author = history.model("Author")
    assert author._meta.unique_together == (("called", "a"),) and author._meta.ordering == ["-called"]
    assert author._meta.indexes[0].fields == ["-called"] and author._meta.constraints[0].fields == ("called",)
    assert "called" in columns(history.connection, "shop_author")
    assert history.model("Book").objects.get().author.called == "Ann"
    with pytest.raises(IntegrityError):
        author.objects.create(called="Ann")
    with pytest.raises(IntegrityError):
        author.objects.create(called="")
    history.undo()
    assert history.model("Book").objects.get().author.name == "Ann"
    note(history, db_table="n")
    history(m.AlterField("Note", "word", models.CharField(max_length=9, db_column="kept")))
    assert not [text for text in history.sql(m.RenameField("Note", "word", "text")) if not text.startswith("--")]


@pytest.mark.feature("MI-025", "MI-065")
def test_what_links_rows_is_not_altered_into_something_else(history):
    shelf(history)
    state = history.state
    history(
        m.CreateModel(
            "Link",
            [key(), ("book", models.ForeignKey("shop.book", models.CASCADE)),
             ("tag", models.ForeignKey("shop.tag", models.CASCADE))],
        )
    )  # fmt: skip
    for field in (
        models.IntegerField(null=True),
        models.ManyToManyField("shop.tag", through="shop.Link"),
        models.ForeignKey("shop.tag", models.CASCADE, null=True),
    ):
        with pytest.raises(ValueError, match="not of compatible types"):
            history(m.AlterField("Book", "tags", field))
    with pytest.raises(ValueError, match="not of compatible types"):
        history(m.AlterField("Book", "pages", models.ManyToManyField("shop.tag")))
    assert state is not None


# --- indexes and constraints ---


@pytest.mark.feature("MI-037")
def test_indexes_come_go_and_get_other_names(history):
    note(history)
    with pytest.raises(ValueError, match="name"):
        m.AddIndex("Note", models.Index(fields=["word"]))
    with pytest.raises(ValueError, match="requires one of old_name and old_fields"):
        m.RenameIndex("Note", new_name="x")
    with pytest.raises(ValueError, match="mutually exclusive"):
        m.RenameIndex("Note", new_name="x", old_name="y", old_fields=("z",))
    history(m.AddIndex("Note", models.Index(fields=["-word"], name="first")))
    history(m.RenameIndex("Note", new_name="second", old_name="first"))
    assert any('"second"' in line or " second " in line for line in shape(history))
    assert history.state.models["shop", "note"].options["indexes"][0].name == "second"
    history.undo()
    history(m.RemoveIndex("Note", "first"))
    assert not any("first" in line for line in shape(history))
    with pytest.raises(ValueError, match="No index named"):
        history(m.RemoveIndex("Note", "never"))


@pytest.mark.feature("MI-038")
def test_constraints_come_go_and_change_their_words(history):
    note(history)
    history(m.AddConstraint("Note", models.CheckConstraint(condition=~models.Q(word="bad"), name="good")))
    with pytest.raises(IntegrityError):
        history.model("Note").objects.create(word="bad")
    other = models.CheckConstraint(condition=~models.Q(word="bad"), name="good", violation_error_message="No!")
    assert not [text for text in history.sql(m.AlterConstraint("Note", "good", other)) if not text.startswith("--")]
    history(m.AlterConstraint("Note", "good", other))
    assert history.model("Note")._meta.constraints[0].violation_error_message == "No!"
    history(m.RemoveConstraint("Note", "good"))
    history.model("Note").objects.create(word="bad")


# --- SQL and Python ---


@pytest.mark.feature("MI-039", "MI-040")
def test_sql_is_run_as_it_is_written(history):
    note(history)
    script = """
        INSERT INTO shop_note (word) VALUES ('a;b'); -- one; two
        /* ; */ INSERT INTO shop_note (word) VALUES ('it''s');
    """
    history(
        m.RunSQL(script, "DELETE FROM shop_note"),
        m.RunSQL(
            ["INSERT INTO shop_note (word) VALUES ('c')", ("INSERT INTO shop_note (word) VALUES (%s)", ["100%"])], ""
        ),
        m.RunSQL("ALTER TABLE shop_note ADD COLUMN n integer", m.RunSQL.noop,
                 state_operations=[m.AddField("Note", "n", models.IntegerField(null=True))]),
    )  # fmt: skip
    words = [(row.word, row.n) for row in history.model("Note").objects.order_by("pk")]
    assert words == [("a;b", None), ("it's", None), ("c", None), ("100%", None)]
    with pytest.raises(ValueError, match="pairs"):
        history(m.RunSQL([("SELECT 1", [], [])]))
    assert history.sql(m.RunSQL("SELECT 1; SELECT 2")) == (
        ["SELECT 1; SELECT 2;"] if history.connection.vendor == "postgresql" else ["SELECT 1;", "SELECT 2;"]
    )
    if history.connection.vendor == "sqlite":
        history(
            m.RunSQL(
                "CREATE TRIGGER t AFTER INSERT ON shop_note BEGIN UPDATE shop_note SET n = CASE WHEN 1 THEN 2 END; "
                "UPDATE shop_note SET n = n + 1; END; INSERT INTO shop_note (word) VALUES ('z')"
            )
        )
        assert history.model("Note").objects.get(word="z").n == 3


@pytest.mark.feature("MI-041", "MI-013")
def test_python_is_called_with_the_models_of_its_time(history):
    note(history)

    def fill(apps, editor):
        apps.get_model("shop", "Note").objects.using(editor.connection.alias).create(word="x")
        with pytest.raises(LookupError):
            apps.get_model("other", "Thing")

    def clear(apps, editor):
        apps.get_model("shop", "Note").objects.all().delete()

    with pytest.raises(ValueError, match="callable"):
        m.RunPython("fill")
    with pytest.raises(ValueError, match="callable"):
        m.RunPython(fill, "clear")
    history(
        m.RunPython(fill, clear),
        m.AddField("Note", "n", models.IntegerField(default=1)),
        m.RunPython(lambda apps, editor: apps.get_model("shop", "Note").objects.update(n=5), m.RunPython.noop),
        # What rows wait to be checked for does not stand in the way of this.
        m.AlterField("Note", "n", models.BigIntegerField(default=1)),
    )
    assert history.model("Note").objects.get().n == 5
    history.undo()
    assert history.model("Note").objects.count() == 0


@pytest.mark.feature("MI-043")
def test_database_and_state_are_told_apart(history):
    note(history)
    history(
        m.SeparateDatabaseAndState(
            database_operations=[
                m.RunSQL("ALTER TABLE shop_note RENAME TO shop_remark", "ALTER TABLE shop_remark RENAME TO shop_note")
            ],
            state_operations=[m.RenameModel("Note", "Remark")],
        )
    )  # fmt: skip
    assert history.model("Remark").objects.count() == 0
    history.undo()
    assert history.model("Note").objects.count() == 0
    history(m.SeparateDatabaseAndState(database_operations=[m.AddField("Note", "n", models.IntegerField(null=True))]))
    assert "n" in columns(history.connection, "shop_note") and "n" not in history.state.models["shop", "note"].fields
    history.undo()
    assert "n" not in columns(history.connection, "shop_note")


@pytest.mark.feature("MI-044")
def test_what_cannot_be_undone_is_told_before_anything_is(history):
    note(history)
    history(m.AddField("Note", "n", models.IntegerField(null=True)), m.RunSQL("SELECT 1"))
    with pytest.raises(IrreversibleError, match="Raw SQL operation"):
        history.undo()
    assert "n" in columns(history.connection, "shop_note")


@pytest.mark.feature("MI-045", "MI-046")
def test_an_operation_of_ones_own(history):
    class LoadExtension(m.Operation):
        reversible = True
        category = OperationCategory.ADDITION

        def __init__(self, name, *, times=1):
            self.name = name
            self.times = times

        def state_forwards(self, app_label, state):
            pass

        def database_forwards(self, app_label, schema_editor, from_state, to_state):
            schema_editor.execute(f"CREATE TABLE {schema_editor.quote_name(self.name)} (a integer)")

        def database_backwards(self, app_label, schema_editor, from_state, to_state):
            schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(self.name)}")

        def describe(self):
            return f"Load {self.name}"

        @property
        def migration_name_fragment(self):
            return f"load_{self.name}"

    operation = LoadExtension("shop_x", times=2)
    assert operation.deconstruct() == ("LoadExtension", ["shop_x"], {"times": 2})
    assert operation == LoadExtension("shop_x", times=2) and operation.formatted_description() == "+ Load shop_x"
    assert (operation.reduces_to_sql, operation.atomic, operation.elidable) == (True, False, False)
    history(operation)
    assert "shop_x" in existing_tables(history.connection)
    assert history.done[-1][0].suggest_name() == "load_shop_x"
    history.undo()
    assert "shop_x" not in existing_tables(history.connection)
    plain = m.Operation()
    for method in ("database_forwards", "database_backwards"):
        with pytest.raises(NotImplementedError, match=method):
            getattr(plain, method)("shop", None, None, None)
    assert plain.reduce(operation, "shop") is False and plain.references_model("x", "shop") is True
    assert [category.value for category in OperationCategory] == ["+", "-", "~", "p", "s", "?"]
    shown = {
        m.CreateModel("A", []): "+ Create model A",
        m.DeleteModel("A"): "- Delete model A",
        m.AlterModelOptions("A", {}): "~ Change Meta options on A",
        m.RunPython(m.RunPython.noop): "p Raw Python operation",
        m.RunSQL(""): "s Raw SQL operation",
        m.SeparateDatabaseAndState(): "? Custom state/database change combination",
        m.RenameField("A", "b", "c"): "~ Rename field b on A to c",
    }
    assert {one.formatted_description() for one in shown} == set(shown.values())


# --- transactions ---


@pytest.mark.feature("MI-015", "MI-016", "MI-017", "MI-018", "MI-042")
def test_a_migration_is_kept_whole_or_not_at_all(history):
    note(history)
    assert history.connection.features.can_rollback_ddl is True
    before = shape(history)

    def fail(apps, editor):
        assert editor.connection.in_atomic_block is editor.atomic_migration
        apps.get_model("shop", "Note").objects.create(word="lost")
        raise RuntimeError("on purpose")

    for atomic in (None, True):
        with pytest.raises(RuntimeError, match="on purpose"):
            history(m.AddField("Note", "n", models.IntegerField(null=True)), m.RunPython(fail, atomic=atomic))
        history.state = history.done[-1][0].mutate_state(history.done[-1][1])
        assert shape(history) == before and history.model("Note").objects.count() == 0

    def in_a_block(apps, editor):
        assert editor.connection.in_atomic_block and not editor.atomic_migration
        apps.get_model("shop", "Note").objects.create(word="lost")
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        history(
            m.AddField("Note", "n", models.IntegerField(null=True)),
            m.RunPython(in_a_block, atomic=True),
            atomic=False,
        )
    assert "n" in columns(history.connection, "shop_note")
    assert history.connection.fetch("SELECT count(*) FROM shop_note", (), list) == [(0,)]
    history.connection.execute("ALTER TABLE shop_note DROP COLUMN n", ())
    history.state = history.done[-1][0].mutate_state(history.done[-1][1])
    with pytest.raises(RuntimeError, match="on purpose"):
        history(m.RunPython(fail), atomic=False)
    assert history.model("Note").objects.count() == 1


# --- fewer ---


def reduced(*operations):
    return [operation.describe() for operation in optimize(operations, "shop")]


@pytest.mark.plain
@pytest.mark.feature("MI-049")
def test_operations_come_to_fewer():
    create = m.CreateModel("A", [("a", models.IntegerField()), ("b", models.IntegerField())])
    [made] = optimize(
        [
            create,
            m.AddField("A", "c", models.IntegerField()),
            m.AlterField("A", "a", models.BigIntegerField()),
            m.RenameField("A", "a", "d"),
            m.RemoveField("A", "b"),
            m.AlterModelOptions("A", {"ordering": ["d"]}),
            m.AddIndex("A", models.Index(fields=["d"], name="i")),
            m.RenameIndex("A", new_name="j", old_name="i"),
            m.AddConstraint("A", models.UniqueConstraint(fields=["d"], name="u")),
            m.RemoveConstraint("A", "u"),
            m.AlterUniqueTogether("A", [("c", "d")]),
            m.AlterModelTable("A", "t"),
            m.RenameModel("A", "B"),
        ],
        "shop",
    )
    assert isinstance(made, m.CreateModel) and made.name == "B" and [name for name, _ in made.fields] == ["d", "c"]
    assert isinstance(dict(made.fields)["d"], models.BigIntegerField)
    assert made.options["ordering"] == ["d"] and made.options["db_table"] == "t"
    assert made.options["indexes"][0].name == "j" and "constraints" not in made.options
    assert made.options["unique_together"] == {("c", "d")}
    assert reduced(create, m.AddField("A", "c", models.IntegerField()), m.DeleteModel("A")) == []
    other = m.CreateModel("O", [("a", models.ForeignKey("shop.A", models.CASCADE))])
    target = m.CreateModel("A", [])
    link = m.AddField("O", "a", models.ForeignKey("shop.A", models.CASCADE))
    assert reduced(m.CreateModel("O", []), target, link) == [
        "Create model A", "Create model O"
    ]  # fmt: skip
    # What others need stays in its place.
    assert reduced(target, other, m.AddField("A", "o", models.ForeignKey("shop.O", models.CASCADE))) == [
        "Create model A", "Create model O", "Add field o to A"
    ]  # fmt: skip
    python = m.RunPython(m.RunPython.noop)
    assert len(optimize([create, python, m.DeleteModel("A")], "shop")) == 3
    assert reduced(create, m.RunPython(m.RunPython.noop, elidable=True), m.DeleteModel("A")) == []
    assert len(optimize([create, m.RunSQL("SELECT 1"), m.AddField("A", "c", models.IntegerField())], "shop")) == 3
    assert reduced(
        m.AddField("X", "a", models.IntegerField()), m.RenameField("X", "a", "b"), m.RemoveField("X", "b")
    ) == []  # fmt: skip
    assert reduced(m.AlterField("X", "a", models.IntegerField()), m.RemoveField("X", "a")) == [
        "Remove field a from X"
    ]
    assert reduced(m.RenameModel("A", "B"), m.RenameModel("B", "C")) == ["Rename model A to C"]
    assert reduced(m.AddIndex("A", models.Index(fields=["a"], name="i")), m.RemoveIndex("A", "i")) == []
    assert reduced(
        m.AlterField("X", "a", models.IntegerField()), m.RenameField("X", "a", "b")
    ) == ["Rename field a on X to b", "Alter field b on X"]  # fmt: skip


# --- state ---


@pytest.mark.plain
@pytest.mark.feature("MI-010", "MI-012")
def test_a_state_is_what_the_files_say(history):
    class Mixin:
        def shout(self):
            return "!"

    state = ProjectState()
    state.add_model(
        ModelState("shop", "Note", [key(), ("word", models.CharField(max_length=9))], bases=(Mixin, models.Model))
    )
    later = state.clone()
    later.add_field("shop", "Note", "n", models.IntegerField())
    assert set(state.models["shop", "note"].fields) == {"id", "word"}
    assert later.apps.get_model("shop.Note")().shout() == "!"
    with pytest.raises(FieldDoesNotExist):
        state.apps.get_model("shop", "note")._meta.get_field("n")
    # The classes of models that have nothing to do with what changes stay what they are.
    later.add_model(ModelState("shop", "Other", [key()]))
    kept = later.apps.get_model("shop", "Note")
    later.add_field("shop", "Other", "n", models.IntegerField())
    assert later.apps.get_model("shop", "Note") is kept
    with pytest.raises(KeyError, match=r"shop\.Nothing"):
        later.remove_field("shop", "Nothing", "n")
    with pytest.raises(KeyError, match="no field 'm'"):
        later.remove_field("shop", "Note", "m")
    later.add_field("shop", "Note", "far", models.ForeignKey("elsewhere.Thing", models.CASCADE))
    with pytest.raises(ValueError, match=r"shop\.Note\.far refers to elsewhere\.thing"):
        assert later.apps


@pytest.mark.feature("MI-006")
def test_the_table_of_migrations(bare):
    recorder = MigrationRecorder(bare)
    assert recorder.applied_migrations() == {} and not recorder.has_table()
    recorder.record_applied("shop", "0001_initial")
    assert columns(bare, "rowsmith_migrations") == ["id", "app", "name", "applied"]
    assert set(recorder.applied_migrations()) == {("shop", "0001_initial")}
    recorder.record_unapplied("shop", "0001_initial")
    assert recorder.applied_migrations() == {} and connections["default"] is bare
