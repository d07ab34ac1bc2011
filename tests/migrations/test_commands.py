"""The commands: what they do, what they say, and what they refuse."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rowsmith
from rowsmith.db import connections
from rowsmith.execution.schema import existing_tables
from rowsmith.management import CommandError, call_command
from rowsmith.migrations.executor import migrate_all
from rowsmith.migrations.recorder import MigrationRecorder

pytestmark = pytest.mark.plain

BOOK = """
class Author(models.Model):
    name = models.CharField(max_length=20)

class Book(models.Model):
    title = models.CharField(max_length=20)
    author = models.ForeignKey(Author, models.CASCADE)
"""

OTHER = """
class Other(models.Model):
    book = models.ForeignKey("shop.Book", models.CASCADE)
"""


def applied(alias="default"):
    return sorted(".".join(key) for key in MigrationRecorder(connections[alias]).applied_migrations())


def own_tables():
    return {name for name in existing_tables(connections["default"]) if name.startswith(("shop_", "other_"))}


# --- makemigrations ---


@pytest.mark.feature("MI-001", "MI-003", "MI-004", "CM-009")
def test_an_app_gets_its_first_migrations_when_it_is_named(project):
    project.models(BOOK)
    assert project.call("makemigrations") == "No changes detected\n"
    said = project.make("shop")
    assert said.splitlines()[0] == "Migrations for 'shop':" and said.splitlines()[1].endswith("0001_initial.py")
    assert "    + Create model Author\n    + Create model Book\n" in said
    assert (project.root / "shop/migrations/__init__.py").exists()
    project.models(BOOK + "    pages = models.IntegerField(null=True)\n")
    assert "+ Add field pages to Book" in project.call("makemigrations")
    assert project.files() == ["0001_initial", "0002_book_pages"]
    assert "No changes detected in app 'shop'" in project.make()


@pytest.mark.feature("MI-001")
def test_the_option_migration_modules_names_another_package_or_none(project):
    settings = connections.settings["default"]
    project.models(BOOK)
    project.write("history/__init__.py", "")
    rowsmith.configure({"default": settings}, migration_modules={"shop": f"{project.name}.history.shop"})
    project.make()
    assert (project.root / "history/shop/0001_initial.py").exists()
    assert "Applying shop.0001_initial... OK" in project.migrate()
    rowsmith.configure({"default": settings}, migration_modules={"shop": None})
    assert "No changes detected" in project.make()
    with pytest.raises(CommandError, match="does not have migrations"):
        project.migrate("shop")


@pytest.mark.feature("MI-004")
def test_names_tell_what_is_done_until_they_are_too_long(project):
    project.models(BOOK)
    project.make()
    many = "".join(f"    number_{n} = models.IntegerField(null=True)\n" for n in range(9))
    project.models(BOOK + many)
    project.make()
    assert project.files()[1] == "0002_book_number_0_book_number_1_book_number_2_and_more"
    project.migration(
        "0003_mine", "dependencies = [('shop', '0002_book_number_0_book_number_1_book_number_2_and_more')]"
    )
    project.models(BOOK)
    project.make(migration_name="given")
    assert project.files()[-1] == "0004_given"
    project.make(empty=True)
    assert re.fullmatch(r"0005_auto_\d{8}_\d{4}", project.files()[-1])


@pytest.mark.feature("CM-005", "CM-006", "CM-007")
def test_makemigrations_shows_checks_and_names(project):
    project.models(BOOK)
    with pytest.raises(SystemExit) as ended:
        project.make(check_changes=True)
    assert ended.value.code == 1 and not (project.root / "shop/migrations").exists()
    said = project.make("--dry-run", "-v", "3", "shop")
    assert "class Migration(migrations.Migration):" in said and "Full migrations file '0001_initial.py':" in said
    assert not (project.root / "shop/migrations").exists()
    with pytest.raises(CommandError, match="valid Python identifier"):
        project.make(name="not a name")
    project.make("shop", "--no-header")
    assert project.text("0001_initial").startswith("from rowsmith import migrations, models\n")
    project.make(check_changes=True)
    with pytest.raises(CommandError, match="at least one app label"):
        project.call("makemigrations", "--empty")
    with pytest.raises(SystemExit) as ended:
        project.call("makemigrations", "nowhere")
    assert ended.value.code == 2 and "nowhere" in project.errors
    project.make(empty=True, name="mine")
    assert "operations = []" in project.text("0002_mine")


@pytest.mark.feature("CM-008")
def test_makemigrations_for_scripts_and_updates(project):
    project.models(BOOK)
    said = project.make(scriptable=True)
    assert Path(said.strip()).name == "0001_initial.py" and "Create model Book" in project.errors
    project.models(BOOK + "    pages = models.IntegerField(null=True)\n")
    project.make()
    project.models(BOOK + "    pages = models.IntegerField(null=True)\n    year = models.IntegerField(null=True)\n")
    said = project.make(update=True)
    assert project.files() == ["0001_initial", "0002_book_pages_book_year"] and "Deleted" in said
    assert "No changes detected" in project.make()
    project.migrate()
    project.models(BOOK)
    with pytest.raises(CommandError, match=r"Cannot update applied migration 'shop\.0002_book_pages_book_year'"):
        project.make(update=True)
    project.migrate("shop", "0001")
    project.models("class Other(models.Model):\n    pass", app="other")
    project.migration("0001_initial", "dependencies = [('shop', '0002_book_pages_book_year')]", app="other")
    with pytest.raises(CommandError, match=r"that migrations other\.0001_initial depend on"):
        project.make("shop", update=True)


@pytest.mark.feature("MI-008", "CM-005")
def test_two_last_migrations_are_a_conflict_that_is_merged(project):
    project.models(BOOK)
    project.make()
    one = """
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AddField("Book", "{0}", models.IntegerField(null=True))]
    """
    project.migration("0002_a", one.format("a"))
    project.migration("0002_b", one.format("b"))
    for command in ("migrate", "makemigrations"):
        with pytest.raises(CommandError, match=r"0002_a, 0002_b in shop.*\n.*makemigrations --merge"):
            project.call(command)
    said = project.make(merge=True)
    assert "Merging shop" in said and "  Branch 0002_a\n    + Add field a to Book" in said
    assert project.files()[-1] == "0003_merge_0002_a_0002_b"
    assert 'dependencies = [\n        ("shop", "0002_a"),\n        ("shop", "0002_b"),\n    ]' in project.text(
        project.files()[-1]
    )
    project.migrate()
    assert len(applied()) == 4
    assert "No conflicts detected to merge." in project.make(merge=True)


@pytest.mark.feature("MI-020", "MI-021")
def test_what_rows_get_that_exist_is_asked(project, monkeypatch):
    project.models(BOOK)
    project.make()
    project.migrate()
    author = project.model("Author").objects.create(name="Ann")
    project.model("Book").objects.create(title="One", author_id=author.pk)
    text = BOOK + "    pages = models.IntegerField()\n    made = models.DateTimeField(auto_now_add=True)\n"
    project.models(text)
    with pytest.raises(SystemExit) as ended:
        project.make()
    assert ended.value.code == 3 and "not migrated" in project.errors
    answers = iter(["1", "3 + 4", "1", "timezone.now"])
    offered = []

    def prompt(text, type=None, default=None, **more):
        offered.append(default)
        return _as(type, next(answers))

    monkeypatch.setattr("click.prompt", prompt)
    said = project.call("makemigrations", "shop", interactive=True)
    assert "Provide a one-off default now" in said and offered[-1] == "timezone.now"
    assert "field=models.IntegerField(default=7),\n            preserve_default=False," in project.text(
        project.files()[-1]
    )
    assert "default=rowsmith.timezone.now" in project.text(project.files()[-1])
    project.migrate()
    [book] = project.model("Book").objects.all()
    assert book.pages == 7 and book.made is not None
    assert "No changes detected" in project.make()
    answers = iter(["2"])
    project.models(text + "    year = models.IntegerField()\n")
    with pytest.raises(SystemExit):
        project.call("makemigrations", "shop", interactive=True)
    nullable = text.replace("pages = models.IntegerField()", "pages = models.IntegerField(null=True)")
    project.models(nullable)
    project.make()
    project.migrate()
    project.model("Book").objects.update(pages=None)
    project.models(text)
    answers = iter(["1", "9"])
    project.call("makemigrations", "shop", interactive=True)
    project.migrate()
    assert project.model("Book").objects.get().pages == 9


def _as(type_, text):
    return int(text) if type_ is not None else text


@pytest.mark.feature("MI-022")
def test_renames_are_asked_and_keep_rows(project, monkeypatch):
    project.models(BOOK)
    project.make()
    project.migrate()
    author = project.model("Author").objects.create(name="Ann")
    project.model("Book").objects.create(title="One", author_id=author.pk)
    asked = []

    def confirm(text, **options):
        asked.append(text)
        return True

    monkeypatch.setattr("click.confirm", confirm)
    renamed = BOOK.replace("Author", "Writer").replace("title", "name").replace("author", "writer")
    project.models(renamed)
    project.call("makemigrations", "shop", interactive=True)
    assert [re.search(r"(model shop\.\w+|Book\.\w+) renamed", text)[1] for text in asked] == [
        "model shop.Author", "Book.title", "Book.author"
    ]  # fmt: skip
    project.migrate()
    [book] = project.model("Book").objects.all()
    assert (book.name, book.writer.name) == ("One", "Ann")
    monkeypatch.setattr("click.confirm", lambda text: False)
    project.models(
        renamed.replace(
            "name = models.CharField(max_length=20)\n    writer",
            "label = models.CharField(max_length=20, default='')\n    writer",
        )
    )
    said = project.call("makemigrations", "shop", interactive=True)
    assert "- Remove field name from Book" in said and "+ Add field label to Book" in said


@pytest.mark.feature("CM-004")
def test_mistakes_in_models_are_refused_first(project):
    project.models("class Book(models.Model):\n    title = models.CharField(max_length=-1)\n")
    for command in ("makemigrations", "migrate"):
        with pytest.raises(CommandError, match=r"max_length"):
            project.call(command)
    assert "Create model Book" in project.make("shop", "--skip-checks")


# --- migrate ---


@pytest.mark.feature("CM-010", "CM-012", "CM-018", "MI-006")
def test_migrate_goes_to_where_it_is_told(project):
    project.models(BOOK)
    project.models(
        "class Other(models.Model):\n    book = models.ForeignKey('shop.Book', models.CASCADE)", app="other"
    )
    project.make()
    assert existing_tables(connections["default"]) & {"rowsmith_migrations"} == set()
    project.models(BOOK + "    pages = models.IntegerField(null=True)\n")
    assert project.make("shop")
    said = project.migrate()
    assert said == (
        "Operations to perform:\n  Apply all migrations: other, shop\nRunning migrations:\n"
        "  Applying shop.0001_initial... OK\n  Applying other.0001_initial... OK\n"
        "  Applying shop.0002_book_pages... OK\n"
    )
    assert own_tables() == {"shop_author", "shop_book", "other_other"}
    row = MigrationRecorder(connections["default"]).applied_migrations()["shop", "0001_initial"]
    assert (row.app, row.name) == ("shop", "0001_initial") and row.applied.tzinfo is not None
    assert "Unapplying shop.0002_book_pages... OK" in project.migrate("shop", "0001")
    assert "pages" not in columns("shop_book")
    said = project.migrate("shop", "0002_b")
    assert "  Target specific migration: 0002_book_pages, from shop\n" in said
    said = project.migrate("shop", "zero")
    assert "  Unapply all migrations: shop\n" in said
    assert said.index("other.0001_initial") < said.index("shop.0001_initial")
    assert own_tables() == set() and applied() == []
    project.migrate("shop", "0001")
    assert applied() == ["shop.0001_initial"]
    with pytest.raises(CommandError, match="Cannot find a migration matching '0009' from app 'shop'"):
        project.migrate("shop", "0009")
    with pytest.raises(CommandError, match="App 'nowhere' does not have migrations"):
        project.migrate("nowhere")
    project.migrate()
    project.models(BOOK)
    said = project.migrate()
    assert "  No migrations to apply.\n  Your models in app(s): 'shop' have changes" in said


def columns(table):
    definitions = connections["default"].dialect.definitions()
    return [row[0] for row in connections["default"].fetch(definitions.columns_query(table), (), list)]


@pytest.mark.feature("CM-013", "CM-014", "CM-015")
def test_migrate_fakes_plans_and_checks(project):
    project.models(BOOK)
    project.make()
    with pytest.raises(SystemExit) as ended:
        project.migrate(check_unapplied=True)
    assert ended.value.code == 1 and own_tables() == set()
    assert project.migrate("--plan") == (
        "Planned operations:\nshop.0001_initial\n    Create model Author\n    Create model Book\n"
    )
    assert own_tables() == set()
    assert "Applying shop.0001_initial... FAKED" in project.migrate(fake=True)
    assert own_tables() == set() and applied() == ["shop.0001_initial"]
    assert "Unapplying shop.0001_initial... FAKED" in project.migrate("shop", "zero", fake=True)
    assert "Applying shop.0001_initial... OK" in project.migrate(fake_initial=True)
    project.migrate(check_unapplied=True)
    assert "Undo Create model Book" in project.migrate("shop", "zero", show_plan=True)
    project.migrate("shop", "zero", fake=True)
    project.models(BOOK + "    pages = models.IntegerField(null=True)\n")
    project.make()
    said = project.migrate(fake_initial=True)
    assert "shop.0001_initial... FAKED" in said and "shop.0002_book_pages... OK" in said
    assert "pages" in columns("shop_book")
    assert "No planned migration operations." in project.migrate(show_plan=True)


@pytest.mark.feature("CM-016")
def test_migrations_whose_files_are_gone_can_be_forgotten(project):
    project.models(BOOK)
    project.make()
    project.migrate()
    MigrationRecorder(connections["default"]).record_applied("shop", "0002_gone")
    with pytest.raises(CommandError, match="only when an app is specified"):
        project.migrate(prune=True)
    assert "  Pruning shop.0002_gone OK" in project.migrate("shop", prune=True)
    assert applied() == ["shop.0001_initial"]
    assert "No migrations to prune." in project.migrate("shop", prune=True)
    project.migration("0001_squashed_0002", "replaces = [('shop', '0001_initial'), ('shop', '0002_gone')]")
    MigrationRecorder(connections["default"]).record_applied("shop", "0002_gone")
    (project.root / "shop/migrations/0001_initial.py").unlink()
    project.reload()
    assert "Cannot use --prune" in project.migrate("shop", prune=True)
    assert "shop.0002_gone" in applied()


@pytest.mark.feature("CM-017", "MI-014")
def test_apps_without_migrations_get_their_tables_on_request(project):
    project.models(BOOK)
    project.models("class Plain(models.Model):\n    n = models.IntegerField()", app="other")
    project.models(BOOK + "    plain = models.ForeignKey('other.Plain', models.CASCADE, null=True)\n")
    project.make("shop")
    assert own_tables() == set()
    said = project.migrate(run_syncdb=True)
    assert "Synchronize unmigrated apps: other" in said and "Creating table other_plain" in said
    assert own_tables() == {"shop_author", "shop_book", "other_plain"}
    plain = project.model("Plain", "other").objects.create(n=1)
    author = project.model("Author").objects.create(name="Ann")
    project.model("Book").objects.create(title="One", author_id=author.pk, plain_id=plain.pk)
    with pytest.raises(CommandError, match="Can't use run_syncdb with app 'shop'"):
        project.migrate("shop", run_syncdb=True)
    project.migrate("other", run_syncdb=True)


# --- showmigrations, sqlmigrate ---


@pytest.mark.feature("CM-019")
def test_showmigrations_lists_and_plans(project):
    project.models(BOOK)
    project.models(
        "class Other(models.Model):\n    book = models.ForeignKey('shop.Book', models.CASCADE)", app="other"
    )
    project.models("class Bare(models.Model):\n    pass", app="bare")
    project.make("shop", "other")
    assert project.call("showmigrations") == (
        "bare\n (no migrations)\nother\n [ ] 0001_initial\nshop\n [ ] 0001_initial\n"
    )
    project.migrate("shop")
    assert project.call("showmigrations", "shop") == "shop\n [X] 0001_initial\n"
    assert re.search(
        r" \[X\] 0001_initial \(applied at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)",
        project.call("showmigrations", verbosity=2),
    )
    assert project.call("showmigrations", "--plan") == "[X]  shop.0001_initial\n[ ]  other.0001_initial\n"
    assert "... (shop.0001_initial)" in project.call("showmigrations", "--plan", "-v", "2")
    with pytest.raises(SystemExit) as ended:
        project.call("showmigrations", "nowhere")
    assert ended.value.code == 2


@pytest.mark.feature("CM-020")
def test_sqlmigrate_prints_what_would_be_sent(project):
    project.models(BOOK)
    project.make()
    said = project.call("sqlmigrate", "shop", "0001")
    assert said.startswith('BEGIN;\n--\n-- Create model Author\n--\nCREATE TABLE "shop_author"') and said.endswith(
        "COMMIT;\n"
    )
    assert own_tables() == set() and applied() == []
    backwards = project.call("sqlmigrate", "shop", "0001", backwards=True)
    assert backwards.index('DROP TABLE "shop_book"') < backwards.index('DROP TABLE "shop_author"')
    project.migration(
        "0002_py",
        """
        atomic = False
        dependencies = [("shop", "0001_initial")]
        operations = [migrations.RunPython(migrations.RunPython.noop), migrations.RunSQL("SELECT 1")]
        """,
    )
    said = project.call("sqlmigrate", "shop", "0002")
    assert "-- THIS OPERATION CANNOT BE WRITTEN AS SQL" in said and "SELECT 1;" in said and "BEGIN" not in said
    with pytest.raises(CommandError, match="0009"):
        project.call("sqlmigrate", "shop", "0009")


# --- squashmigrations, optimizemigration ---


def history_of_three(project):
    project.models(BOOK)
    project.make()
    project.models(BOOK + "    pages = models.IntegerField(null=True)\n")
    project.make()
    project.models(BOOK + "    leaves = models.IntegerField(null=True)\n")
    project.make()


@pytest.mark.feature("CM-021", "MI-050")
def test_a_squash_stands_for_migrations(project):
    history_of_three(project)
    assert len(project.files()) == 3
    last = project.files()[-1]
    said = project.call("squashmigrations", "shop", "0003", interactive=False)
    assert " - 0001_initial\n - 0002_book_pages\n" in said and "Optimized from 5 operations to 2 operations." in said
    squash = f"0001_squashed_{last}"
    text = project.text(squash)
    assert 'replaces = [\n        ("shop", "0001_initial"),' in text and "initial = True" in text
    assert "leaves" in text and "pages" not in text.split("operations", 1)[1]
    # On a new database it takes the place of what it stands for.
    assert f"Applying shop.{squash}... OK" in project.migrate()
    assert applied() == sorted(["shop.0001_initial", "shop.0002_book_pages", f"shop.{last}", f"shop.{squash}"])
    assert f" [X] {squash} (3 squashed migrations)" in project.call("showmigrations")
    project.migrate("shop", "zero")
    assert applied() == [] and own_tables() == set()
    # Where some are applied, they go on one by one, and then it counts.
    (project.root / f"shop/migrations/{squash}.py").rename(project.root / "kept.py")
    project.reload()
    project.migrate("shop", "0002")
    (project.root / "kept.py").rename(project.root / f"shop/migrations/{squash}.py")
    project.reload()
    said = project.migrate()
    assert f"Applying shop.{last}... OK" in said and squash not in said
    assert f"shop.{squash}" in applied()
    # Once they are all applied, their files may go.
    for name in ("0001_initial", "0002_book_pages", last):
        (project.root / f"shop/migrations/{name}.py").unlink()
    project.reload()
    assert "No migrations to apply" in project.migrate()
    assert "No changes detected" in project.make()


@pytest.mark.feature("CM-021", "MI-051")
def test_a_squash_of_a_squash(project):
    history_of_three(project)
    with pytest.raises(CommandError, match="Maybe it comes after"):
        project.call("squashmigrations", "shop", "0002", "0001", interactive=False)
    project.call("squashmigrations", "shop", "0002", interactive=False, squashed_name="first_two", no_optimize=True)
    assert "0001_first_two" in project.files()
    assert project.text("0001_first_two").count("migrations.AddField(") == 1
    said = project.call("squashmigrations", "shop", "0003", interactive=False, squashed_name="all")
    assert " - 0001_first_two\n" in said
    assert "Applying shop.0001_all... OK" in project.migrate()
    assert len(applied()) == 5
    project.migrate("shop", "zero")
    assert applied() == []
    with pytest.raises(CommandError, match="already exists"):
        project.call("squashmigrations", "shop", "0001_all", interactive=False, squashed_name="all")


@pytest.mark.feature("CM-021", "MI-052")
def test_functions_in_squashed_files_are_told(project):
    project.models(BOOK)
    project.make()
    project.migration(
        "0002_data",
        """
        def fill(apps, editor):
            pass
        dependencies = [("shop", "0001_initial")]
        operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
        """,
    )
    text = project.text("0002_data")
    place = project.root / "shop/migrations/0002_data.py"
    place.write_text(
        text.replace("    def fill(apps, editor):\n        pass\n", "").replace(
            "class Mig", "def fill(apps, editor):\n    pass\n\n\nclass Mig"
        )
    )
    project.reload()
    said = project.call("squashmigrations", "shop", "0002", interactive=False)
    assert "Manual porting required" in said
    written = project.text("0001_squashed_0002_data")
    assert "# Functions from the following migrations need manual copying" in written
    assert f"# {project.name}.shop.migrations.0002_data" in written
    assert "importlib.import_module(" in written
    assert "Applying shop.0001_squashed_0002_data... OK" in project.migrate()
    with pytest.raises(CommandError, match="is replaced by a squash already"):
        project.call("squashmigrations", "shop", "0001_initial", interactive=False)


@pytest.mark.feature("CM-022")
def test_a_migration_is_optimized(project):
    project.models(BOOK)
    project.make()
    project.migration(
        "0002_more",
        """
        dependencies = [("shop", "0001_initial")]
        operations = [
            migrations.AddField("Book", "pages", models.IntegerField(null=True)),
            migrations.AlterField("Book", "pages", models.BigIntegerField(null=True)),
            migrations.RenameField("Book", "pages", "leaves"),
        ]
        """,
    )
    with pytest.raises(SystemExit):
        project.call("optimizemigration", "shop", "0002", check=True)
    assert "Optimizing from 3 operations to 1 operations." in project.call("optimizemigration", "shop", "0002")
    text = project.text("0002_more")
    assert text.count("migrations.AddField(") == 1 and 'name="leaves"' in text and "RenameField" not in text
    assert "No optimizations possible." in project.call("optimizemigration", "shop", "0002")
    project.migrate()
    assert "leaves" in columns("shop_book")


# --- commands as such ---


@pytest.mark.feature("CM-002", "CM-003")
def test_commands_are_called_from_python(project):
    project.models(BOOK)
    out = io.StringIO()
    call_command("makemigrations", "shop", dry_run=True, stdout=out)
    assert "Create model Book" in out.getvalue()
    call_command("makemigrations", "shop", "--dry-run", verbosity=0, stdout=out)
    with pytest.raises(TypeError, match=r"makemigrations has no option 'dry_ran'. Did you mean 'dry_run'"):
        call_command("makemigrations", dry_ran=True)
    with pytest.raises(CommandError, match=r"Unknown command: 'migrat'. Did you mean migrate\?"):
        call_command("migrat")
    assert CommandError("x", returncode=7).returncode == 7 and CommandError("x").returncode == 1
    with pytest.raises(CommandError, match="No such option") as caught:
        call_command("migrate", "--nothing")
    assert caught.value.returncode == 2
    project.make()
    assert call_command("sqlmigrate", app_label="shop", migration_name="0001", stdout=out).startswith("BEGIN;")


@pytest.mark.feature("CM-001", "CM-003", "CF-005")
def test_the_command_line(project, tmp_path, bare):
    if bare.vendor != "sqlite":
        pytest.skip("One database is enough for a command line.")
    folder = tmp_path / "work"
    (folder / "till").mkdir(parents=True)
    (folder / "till/__init__.py").write_text("")
    (folder / "till/models.py").write_text(
        "from rowsmith import models\n\nclass Coin(models.Model):\n    worth = models.IntegerField()\n"
    )

    def run(*args, **environment):
        source = str(Path(rowsmith.__file__).resolve().parent.parent)
        return subprocess.run(
            [sys.executable, "-m", "rowsmith", *args],
            cwd=folder, capture_output=True, text=True, timeout=60, check=False,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": source, **environment},
        )  # fmt: skip

    done = run("migrate")
    assert done.returncode == 1 and "No database is configured" in done.stderr and "Traceback" not in done.stderr
    assert "Traceback" in run("migrate", "--traceback").stderr
    done = run("migrat")
    assert done.returncode == 1 and "Did you mean migrate?" in done.stderr
    assert run("migrate", "--nothing").returncode == 2
    (folder / "pyproject.toml").write_text(
        '[tool.rowsmith]\nmodels = ["till.models"]\n[tool.rowsmith.databases]\ndefault = "sqlite:///a.db"\n'
    )
    assert "Create model Coin" in run("makemigrations", "till").stdout
    done = run("migrate", "--force-color")
    assert "OK" in done.stdout and "\x1b[" in done.stdout
    assert "\x1b[" not in run("migrate", "--no-color").stdout and (folder / "a.db").exists()
    assert run("showmigrations", "-v", "0").stdout == "till\n [X] 0001_initial\n"
    assert run("migrate", "-v", "0").stdout == ""
    assert "[ ] 0001_initial" in run("showmigrations", DATABASE_URL="sqlite:///b.db").stdout
    done = run("migrate", DATABASE_URL="sqlite:////nowhere/at/all.db")
    assert done.returncode == 1 and done.stderr.startswith("OperationalError: ") and "Traceback" not in done.stderr
    (folder / "settings.py").write_text(
        "import rowsmith\nrowsmith.configure('sqlite:///c.db', models=['till.models'])\n"
    )
    assert "[ ] 0001_initial" in run("showmigrations", "--config", "settings").stdout
    assert "There is no module 'nowhere'" in run("showmigrations", "--config", "nowhere").stderr
    assert run("--version").stdout.strip().endswith(rowsmith.__version__)
    assert "migrate" in run("--help").stdout


def test_everything_is_migrated_by_one_call(project):
    project.models(BOOK)
    project.models("class Plain(models.Model):\n    n = models.IntegerField()", app="other")
    project.make("shop")
    state = migrate_all()
    assert own_tables() == {"shop_author", "shop_book"} and applied() == ["shop.0001_initial"]
    assert state.apps.get_model("shop", "Book")._meta.db_table == "shop_book"
    migrate_all(create_others=True)
    assert own_tables() == {"shop_author", "shop_book", "other_plain"}


@pytest.mark.feature("CM-028")
def test_flush_asks_first(project, monkeypatch):
    project.models(BOOK)
    project.make()
    project.migrate()
    project.model("Author").objects.create(name="Ann")
    asked = []

    def prompt(text, **options):
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr("click.prompt", prompt)
    answers = ["no", "yes"]
    assert "Flush cancelled." in project.call("flush")
    assert "deletes ALL rows" in asked[0] and "'default'" in asked[0]
    assert project.model("Author").objects.exists()
    project.call("flush")
    assert not project.model("Author").objects.exists() and applied() == ["shop.0001_initial"]


@pytest.mark.feature("O-021")
def test_a_model_that_needs_another_database_is_left_out(project, bare):
    elsewhere = "postgresql" if bare.vendor == "sqlite" else "sqlite"
    project.models(
        f"""
        class Here(models.Model):
            pass

        class There(models.Model):
            class Meta:
                required_db_vendor = "{elsewhere}"
        """
    )
    assert "Create model There" in project.make()
    project.migrate()
    assert own_tables() == {"shop_here"} and applied() == ["shop.0001_initial"]
    project.models("class Here(models.Model):\n    pass")
    project.make()
    project.migrate()
    project.migrate("shop", "zero")
    assert own_tables() == set()


@pytest.mark.feature("CM-029")
def test_what_empties_tables_and_sets_counters_is_printed(project, bare):
    project.models(BOOK)
    assert project.call("sqlflush") == "" and "No tables found." in project.errors
    project.make()
    project.migrate()
    project.model("Author").objects.create(pk=7, name="Ann")
    said = project.call("sqlflush")
    assert said.startswith("BEGIN;\n") and said.endswith("COMMIT;\n") and '"shop_author"' in said
    assert project.model("Author").objects.exists() and "rowsmith_migrations" not in said
    said = project.call("sqlsequencereset", "shop")
    if bare.vendor == "sqlite":
        # A key is counted up from the largest one by itself.
        assert said == "" and "No sequences found." in project.errors
    else:
        for statement in said.splitlines()[1:-1]:
            bare.fetch(statement.rstrip(";"), (), list)
    assert project.model("Author").objects.create(name="Bob").pk == 8
    with pytest.raises(CommandError, match="nowhere"):
        project.call("sqlsequencereset", "nowhere")


@pytest.mark.feature("CM-035")
def test_models_are_checked(project, bare):
    project.models(BOOK)
    assert project.call("check") == "System check identified no issues.\n"
    tagged = project.call("check", "--list-tags")
    assert (
        "models\n" in tagged
        and "security" not in tagged
        and "security" in project.call("check", "--list-tags", "--deploy")
    )
    assert "identified no issues" in project.call("check", "shop", database=["default"], verbosity=1)
    project.models("class Book(models.Model):\n    title = models.CharField(max_length=-1)\n", app="other")
    with pytest.raises(CommandError, match=r"(?s)max_length.*identified 1 issue\.") as caught:
        project.call("check")
    assert caught.value.returncode == 1
    assert "no issues" in project.call("check", "shop")
    assert "no issues" in project.call("check", "--deploy", "-t", "security")
    assert "1 issue." in project.call("check", "--fail-level", "CRITICAL") and "max_length" in project.errors
    for wrong in (["nowhere"], ["--tag", "nothing"], ["--database", "nowhere"], ["--fail-level", "LOUD"]):
        with pytest.raises(CommandError):
            project.call("check", *wrong)
    settings = connections.settings["default"]
    project.models(BOOK, app="other")
    rowsmith.configure({"default": settings}, debug=True)
    assert "debug is on" not in project.call("check") + project.errors
    project.call("check", deploy=True)
    assert "debug is on" in project.errors
    with pytest.raises(CommandError, match="debug is on"):
        project.call("check", deploy=True, fail_level="WARNING")
