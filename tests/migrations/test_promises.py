"""What other parts of the library promise about migrations."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import migrations as m
from rowsmith import models, signals
from rowsmith.apps import Apps
from rowsmith.db import connections
from rowsmith.exceptions import IntegrityError
from rowsmith.execution.schema import existing_tables
from rowsmith.management import CommandError
from rowsmith.metadata.registry import isolated
from rowsmith.migrations import exceptions
from rowsmith.migrations.autodetector import MigrationAutodetector
from rowsmith.migrations.loader import MigrationLoader
from rowsmith.migrations.questioner import MigrationQuestioner
from rowsmith.migrations.recorder import MigrationRecorder
from rowsmith.migrations.state import ProjectState
from tests.migrations.conftest import empty

pytestmark = pytest.mark.plain

NOTE = """
class Note(models.Model):
    kind = models.CharField(max_length=1, choices=[("a", "A"), ("b", "B")])
"""


def rows(connection, table):
    return connection.fetch(f"SELECT * FROM {connection.ops.quote_name(table)} ORDER BY id", (), list)


@pytest.mark.feature("M-025", "MI-011")
def test_another_order_of_choices_is_a_migration_that_sends_nothing(project):
    project.models(NOTE)
    project.make()
    project.migrate()
    project.models(NOTE.replace('("a", "A"), ("b", "B")', '("b", "B"), ("a", "A")'))
    assert "~ Alter field kind on Note" in project.make()
    assert project.files() == ["0001_initial", "0002_alter_note_kind"]
    assert "ALTER" not in project.call("sqlmigrate", "shop", "0002")
    assert "Applying shop.0002_alter_note_kind... OK" in project.migrate()
    assert "No changes detected" in project.make()


@pytest.mark.feature("C-022", "MI-017")
@pytest.mark.parametrize(
    "constraint",
    [
        "models.CheckConstraint(condition=models.Q(pages__gt=5), name='long')",
        "models.UniqueConstraint(fields=['pages'], name='lone')",
        "models.UniqueConstraint(fields=['pages'], condition=models.Q(pages__lt=9), name='lone')",
    ],
)
def test_a_constraint_that_rows_break_fails_and_nothing_is_kept(project, bare, constraint):
    text = """
    class Book(models.Model):
        pages = models.IntegerField()
    """
    project.models(text)
    project.make()
    project.migrate()
    project.model("Book").objects.bulk_create([project.model("Book")(pages=3), project.model("Book")(pages=3)])
    more = f"""
        old = models.IntegerField(null=True)
        class Meta:
            constraints = [{constraint}]
    """
    project.models(text + more)
    project.make()
    with pytest.raises(IntegrityError):
        project.migrate()
    assert list(MigrationRecorder(bare).applied_migrations()) == [("shop", "0001_initial")]
    assert rows(bare, "shop_book") == [(1, 3), (2, 3)]
    bare.execute("DELETE FROM shop_book", ())
    project.migrate()
    with pytest.raises(IntegrityError):
        project.model("Book").objects.bulk_create([project.model("Book")(pages=3), project.model("Book")(pages=3)])


@pytest.mark.feature("PK-014")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "pk = models.CompositePrimaryKey('a', 'b')"),
        ("pk = models.CompositePrimaryKey('a', 'b')", ""),
        ("pk = models.CompositePrimaryKey('a', 'b')", "pk = models.CompositePrimaryKey('a', 'c')"),
    ],
)
def test_a_key_of_several_columns_stays_as_it_is(project, before, after):
    text = """
    class Place(models.Model):
        {}
        a = models.IntegerField()
        b = models.IntegerField()
        c = models.IntegerField()
    """
    project.models(text.format(before))
    project.make()
    project.migrate()
    project.models(text.format(after))
    changes = detected(project)
    assert any("pk" in str(operation.deconstruct()) for operation in changes)
    with pytest.raises(ValueError, match=r"key of several columns|keys"):
        carried_out(project, changes)


def detected(project):

    loader = MigrationLoader(None)
    detector = MigrationAutodetector(
        loader.project_state(), ProjectState.from_apps(isolated.get()), MigrationQuestioner(specified_apps={"shop"})
    )
    found = detector.changes(loader.graph)
    return [operation for migration in found["shop"] for operation in migration.operations]


def carried_out(project, operations):

    loader = MigrationLoader(connections["default"])
    state = loader.project_state()
    migration = type("Migration", (m.Migration,), {"operations": operations})("0002", "shop")
    with connections["default"].schema_editor() as editor:
        migration.apply(state, editor)


@pytest.mark.feature("G-009")
@pytest.mark.parametrize("change", [{"expression": "models.F('a') + 2"}, {"db_persist": "NEW"}, None])
def test_a_generated_field_is_altered_by_dropping_and_adding_it(project, bare, change):
    stored = not (bare.vendor == "postgresql" and not bare.server_features.virtual_columns)
    text = """
    class Sum(models.Model):
        a = models.IntegerField()
        b = models.GeneratedField(expression={expression}, output_field=models.IntegerField(), db_persist={persist})
    """
    first = {"expression": "models.F('a') + 1", "persist": "True"}
    project.models(text.format(**first))
    project.make()
    project.migrate()
    project.model("Sum").objects.create(a=1)
    if change is None:
        project.models(
            """
            class Sum(models.Model):
                a = models.IntegerField()
                b = models.IntegerField(null=True)
            """
        )
    elif "expression" in change:
        project.models(text.format(**{**first, **change}))
    else:
        if not stored:
            pytest.skip("This server stores all generated columns.")
        project.models(text.format(**{**first, "persist": "False"}))
    assert "Alter field b on Sum" in project.make()
    with pytest.raises(ValueError, match="GeneratedField"):
        project.migrate()
    for name in project.files()[1:]:
        (project.root / "shop" / "migrations" / f"{name}.py").unlink()
    project.migration(
        "0002_again",
        """
        dependencies = [("shop", "0001_initial")]
        operations = [
            migrations.RemoveField("Sum", "b"),
            migrations.AddField("Sum", "b", models.GeneratedField(
                expression=models.F("a") + 7, output_field=models.IntegerField(), db_persist=True)),
        ]
        """,
    )
    project.migrate()
    assert rows(bare, "shop_sum") == [(1, 1, 8)]


@pytest.mark.feature("G-016", "MI-020")
def test_a_default_of_the_database_fills_rows_and_nobody_is_asked(project, bare):
    text = "class Note(models.Model):\n    word = models.CharField(max_length=9)\n"
    project.models(text)
    project.make()
    project.migrate()
    project.model("Note").objects.create(word="x")
    project.models(text + "    n = models.IntegerField()\n")
    with pytest.raises(SystemExit) as ended:
        project.make()
    assert ended.value.code == 3
    project.models(
        "from rowsmith.models.functions import Now\n"
        + text
        + "    n = models.IntegerField(db_default=7)\n    day = models.DateTimeField(db_default=Now())\n"
    )
    project.make()
    project.migrate()
    [note] = project.model("Note").objects.all()
    assert (note.word, note.n, note.day is not None) == ("x", 7, True)


@pytest.mark.feature("SG-025", "SG-026", "CM-028")
def test_signals_tell_of_migrating_and_of_flushing(project):
    project.models(NOTE)
    project.models("class Other(models.Model):\n    pass\n", app="other")
    project.make()
    told = []

    def note(signal, sender, **named):
        told.append((signal, sender, named))

    for signal in (signals.pre_migrate, signals.post_migrate):
        signal.connect(note)
    mine = []

    def only(sender, **named):
        mine.append(sender.label)

    signals.post_migrate.connect(only, sender=isolated.get().get_app_config("shop"))
    try:
        project.migrate(verbosity=0)
        assert [(signal is signals.pre_migrate, sender.label) for signal, sender, _ in told] == [
            (True, "shop"), (True, "other"), (False, "shop"), (False, "other")
        ]  # fmt: skip
        named = told[0][2]
        assert set(named) == {"app_config", "verbosity", "interactive", "stdout", "using", "plan", "apps"}
        assert (named["using"], named["verbosity"], named["interactive"]) == ("default", 0, True)
        assert [(str(migration), backwards) for migration, backwards in named["plan"]] == [
            ("other.0001_initial", False), ("shop.0001_initial", False)
        ]  # fmt: skip
        with pytest.raises(LookupError):
            named["apps"].get_model("shop", "Note")
        assert told[2][2]["apps"].get_model("shop", "Note")._meta.db_table == "shop_note"
        assert mine == ["shop"]
        told.clear()
        project.migrate("shop", "zero")
        assert [(str(one), back) for one, back in told[0][2]["plan"]] == [("shop.0001_initial", True)]
        project.migrate()
        told.clear()
        project.migrate()
        assert [signal for signal, *_ in told] == [signals.pre_migrate] * 2 + [signals.post_migrate] * 2
        assert all(named["plan"] == [] for *_, named in told)
        told.clear()
        project.model("Note").objects.create(kind="a")
        project.call("flush", interactive=False)
        assert [signal for signal, *_ in told] == [signals.post_migrate] * 2
        assert not project.model("Note").objects.exists()
        assert project.model("Note").objects.create(kind="a").pk == 1
        assert len(MigrationRecorder(connections["default"]).applied_migrations()) == 2
    finally:
        for signal in (signals.pre_migrate, signals.post_migrate):
            signal.disconnect(note)
        signals.post_migrate.disconnect(only, sender=isolated.get().get_app_config("shop"))


@pytest.mark.feature("XC-015", "MI-002", "MI-005", "MI-007")
def test_what_goes_wrong_with_migrations_has_a_name(project, bare):
    project.models(NOTE)
    project.make()
    project.write("shop/migrations/0002_none.py", "")
    with pytest.raises(exceptions.BadMigrationError, match="0002_none"):
        project.migrate()
    project.migration("0002_none", "dependencies = [('shop', '0003_other')]")
    project.migration("0003_other", "dependencies = [('shop', '0002_none')]")
    with pytest.raises(exceptions.CircularDependencyError, match=r"shop\.0002_none"):
        project.migrate()
    project.migration("0003_other", "dependencies = [('shop', '0009_nowhere')]")
    with pytest.raises(exceptions.NodeNotFoundError, match="0009_nowhere") as caught:
        project.migrate()
    assert isinstance(caught.value, LookupError) and caught.value.node == ("shop", "0009_nowhere")
    project.migration("0002_none", "dependencies = [('shop', '0001_initial')]")
    project.migration("0003_other", "dependencies = [('shop', '0002_none')]")
    MigrationRecorder(bare).record_applied("shop", "0003_other")
    with pytest.raises(exceptions.InconsistentMigrationHistory, match=r"shop\.0003_other is .* before .*0002_none"):
        project.migrate()
    with pytest.raises(exceptions.InconsistentMigrationHistory):
        project.make()
    MigrationRecorder(bare).record_unapplied("shop", "0003_other")
    with pytest.raises(CommandError, match="More than one migration"):
        project.migrate("shop", "000")

    with pytest.raises(exceptions.AmbiguityError, match=r"0002_none, 0003_other"):
        MigrationLoader(None).get_migration_by_prefix("shop", "000")
    project.migration(
        "0003_other",
        "dependencies = [('shop', '0002_none')]\noperations = [migrations.RunPython(migrations.RunPython.noop)]",
    )
    project.migrate()
    with pytest.raises(exceptions.IrreversibleError, match=r"shop\.0003_other"):
        project.migrate("shop", "0002")
    project.migration(
        "0004_child",
        "dependencies = [('shop', '0003_other')]\n"
        "operations = [migrations.CreateModel('Child', [], bases=('shop.nobody',))]",
    )
    with pytest.raises(exceptions.InvalidBasesError, match=r"shop\.nobody"):
        project.migrate()


@pytest.mark.feature("XC-015")
def test_a_table_of_migrations_that_cannot_be_made_is_told(bare):
    if bare.vendor == "sqlite":
        bare.execute("CREATE VIEW taken AS SELECT 1", ())
    recorder = MigrationRecorder(bare)
    recorder.has_table = lambda: False
    recorder_twin = MigrationRecorder(bare)
    recorder_twin.ensure_schema()
    with pytest.raises(exceptions.MigrationSchemaMissing, match="rowsmith_migrations"):
        recorder.ensure_schema()
    if bare.vendor == "sqlite":
        bare.execute("DROP VIEW taken", ())


@pytest.mark.feature("MG-029", "MI-012")
def test_managers_go_into_migrations_when_they_say_so(project):
    text = """
    class Sold(models.QuerySet):
        def dear(self):
            return self.filter(price__gt=self.limit)
        limit = 10

    class Goods(models.Manager):
        use_in_migrations = True
        def __init__(self, least=0):
            super().__init__()
            self.least = least
        def get_queryset(self):
            return super().get_queryset().filter(price__gte=self.least)

    class SoldManager(models.Manager.from_queryset(Sold)):
        use_in_migrations = True

    class Plain(models.Manager):
        pass

    class Thing(models.Model):
        price = models.IntegerField()
        goods = Goods(least=5)
        sold = SoldManager()
        plain = Plain()

        def save(self, *args, **kwargs):
            raise AssertionError("history knows no save()")
        def hello(self):
            return "hello"
    """
    project.models(text)
    project.make()
    written = project.text("0001_initial")
    assert f'("goods", {project.name}.shop.models.Goods(least=5)),' in written
    assert f'("sold", {project.name}.shop.models.SoldManager()),' in written
    assert f"import {project.name}.shop.models" in written and "plain" not in written
    project.migration(
        "0002_data",
        """
        def fill(apps, editor):
            Thing = apps.get_model("shop", "Thing")
            assert not hasattr(Thing, "hello")
            for price in (1, 7, 20):
                Thing(price=price).save()
            assert [thing.price for thing in Thing.goods.order_by("price")] == [7, 20]
            assert [thing.price for thing in Thing.sold.dear()] == [20]
            assert not hasattr(Thing, "plain")
        dependencies = [("shop", "0001_initial")]
        operations = [migrations.RunPython(fill)]
        """,
    )
    project.migrate()
    assert "No changes detected" in project.make()
    project.models(text.replace("least=5", "least=6"))
    assert "Change managers on Thing" in project.make()
    made = "sold = models.Manager.from_queryset(Sold)()\n        sold.use_in_migrations = True"
    project.models(text.replace("sold = SoldManager()", made))
    with pytest.raises(ValueError, match="ManagerFromSold"):
        project.make()


class ShopElsewhere:
    """The app `shop` is in the database `other` alone."""

    def allow_migrate(self, db, app_label, **hints):
        if app_label == "shop":
            return db == "other"
        return None


@pytest.fixture
def other(bare, tmp_path):
    """Another database, empty; its settings and those of the default one."""

    settings = connections.settings["default"]
    if bare.vendor == "sqlite":
        second = {**settings, "NAME": str(tmp_path / "other.db")}
    else:
        bare.execute("DROP SCHEMA IF EXISTS other CASCADE", ())
        bare.execute("CREATE SCHEMA other", ())
        second = {**settings, "OPTIONS": {"options": "-c search_path=other"}}
    rowsmith.configure({"default": settings, "other": second})
    yield {"default": settings, "other": second}
    rowsmith.configure({"default": settings})
    if bare.vendor == "postgresql":
        connections["default"].execute("DROP SCHEMA IF EXISTS other CASCADE", ())
    empty(connections["default"])


def tables_of(alias):

    return {name for name in existing_tables(connections[alias]) if name.startswith(("shop_", "rowsmith_"))}


@pytest.mark.feature("DB-006", "DB-007", "CM-010", "CM-011")
def test_commands_act_on_one_database(project, other):
    project.models(NOTE)
    project.make()
    project.migrate()
    assert tables_of("default") == {"shop_note", "rowsmith_migrations"} and tables_of("other") == set()
    assert "[X]" in project.call("showmigrations") and "[ ]" in project.call("showmigrations", database="other")
    project.migrate("--database", "other")
    assert tables_of("other") == {"shop_note", "rowsmith_migrations"}
    project.migrate("shop", "zero")
    assert tables_of("default") == {"rowsmith_migrations"} and "shop_note" in tables_of("other")
    project.model("Note").objects.using("other").create(kind="a")
    assert 'CREATE TABLE "shop_note"' in project.call("sqlmigrate", "shop", "0001", database="other")
    with pytest.raises(CommandError, match="nowhere"):
        project.migrate(database="nowhere")
    project.call("flush", database="other", interactive=False)
    assert not project.model("Note").objects.using("other").exists()
    rowsmith.configure({"default": {}, "other": other["other"]})
    with pytest.raises(CommandError, match="--database: other"):
        project.migrate()
    assert "No migrations to apply" in project.migrate(database="other")


@pytest.mark.feature("DB-008")
def test_makemigrations_asks_the_databases_that_may_have_an_app(project, other):
    project.models(NOTE)
    project.make()
    project.migration("0002_more", "dependencies = [('shop', '0001_initial')]")
    # A history with a gap, in the other database alone.
    MigrationRecorder(connections["other"]).record_applied("shop", "0002_more")
    assert "No changes detected" in project.make()
    rowsmith.configure(other, routers=[type("Nothing", (), {})()])
    with pytest.raises(exceptions.InconsistentMigrationHistory, match="'other'"):
        project.make()
    nowhere = type("Never", (), {"allow_migrate": lambda self, db, app_label, **hints: db == "default"})
    rowsmith.configure(other, routers=[nowhere()])
    assert "No changes detected" in project.make()
    MigrationRecorder(connections["default"]).record_applied("shop", "0002_more")
    with pytest.raises(exceptions.InconsistentMigrationHistory, match="'default'"):
        project.make()


@pytest.mark.feature("DB-018", "DB-019", "MI-047")
def test_what_a_router_refuses_is_recorded_and_not_done(project, other):
    asked = []

    class Asking(ShopElsewhere):
        def allow_migrate(self, db, app_label, **hints):
            asked.append((db, app_label, hints))
            return super().allow_migrate(db, app_label, **hints)

    rowsmith.configure(other, routers=[Asking()])
    project.models(NOTE)
    assert "Create model Note" in project.make()
    project.migration(
        "0002_data",
        """
        def fill(apps, editor):
            apps.get_model("shop", "Note").objects.using(editor.connection.alias).create(kind="b")
        dependencies = [("shop", "0001_initial")]
        operations = [
            migrations.RunPython(fill, migrations.RunPython.noop, hints={"what": "rows"}),
            migrations.RunSQL("INSERT INTO shop_note (kind) VALUES ('a')", "", hints={"how": "sql"}),
            migrations.AddField("note", "n", models.IntegerField(null=True)),
            migrations.AddIndex("note", models.Index(fields=["n"], name="by_n")),
            migrations.AddConstraint("note", models.UniqueConstraint(fields=["n"], name="one_n")),
            migrations.RenameModel("note", "remark"),
        ]
        """,
    )
    project.migrate()
    assert tables_of("default") == {"rowsmith_migrations"}
    assert len(MigrationRecorder(connections["default"]).applied_migrations()) == 2
    project.migrate(database="other")
    assert tables_of("other") == {"rowsmith_migrations", "shop_remark"}
    kinds = connections["other"].fetch("SELECT kind, n FROM shop_remark ORDER BY id", (), list)
    assert kinds == [("b", None), ("a", None)]
    hints = [given for _, _, given in asked]
    assert {"what": "rows"} in hints and {"how": "sql"} in hints
    assert any(given.get("model_name") == "note" and given["model"].__name__ == "Note" for given in hints)
    project.migrate("shop", "zero")
    assert MigrationRecorder(connections["default"]).applied_migrations() == {}
    assert tables_of("other") == {"rowsmith_migrations", "shop_remark"}
    project.migrate("shop", "zero", database="other")
    assert tables_of("other") == {"rowsmith_migrations"}


@pytest.mark.feature("CF-005")
def test_the_commands_import_the_modules_that_the_option_names(project, bare, monkeypatch, tmp_path):
    coin = "from rowsmith import models\nclass Coin(models.Model):\n    worth = models.IntegerField()\n"
    project.write("till/models.py", coin)
    settings = connections.settings["default"]
    rowsmith.configure({"default": settings}, models=[f"{project.name}.till.models"])
    assert "Create model Coin" in project.call("makemigrations", "till")
    project.migrate()
    assert "till_coin" in existing_tables(connections["default"])
    rowsmith.configure({"default": settings}, models=[f"{project.name}.nowhere"])
    with pytest.raises(CommandError, match="nowhere"):
        project.migrate()
    rowsmith.configure({"default": settings}, models=[f"{project.name}.till.models", f"{project.name}.again.models"])
    project.write(
        "again/models.py",
        "from rowsmith import models\nclass Coin(models.Model):\n    class Meta:\n        app_label = 'till'\n",
    )
    with pytest.raises(RuntimeError, match=r"till\.Coin"):
        project.migrate()


def test_apps_keep_their_configs():
    registry = Apps()

    class Pin(models.Model):
        class Meta:
            apps = registry
            app_label = "pins"

    assert registry.get_app_config("pins") is registry.get_app_configs()[0]
    assert registry.get_app_config("pins").get_model("pin") is Pin
