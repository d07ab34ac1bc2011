"""The pytest plugin, seen from outside: runs of pytest on small projects."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

import rowsmith

pytest_plugins = ["pytester"]

# An installation from before the plugin does not announce it.
ANNOUNCED = any(entry.value == "rowsmith.testing.plugin" for entry in entry_points(group="pytest11"))
ARGUMENTS = ("-p", "no:cacheprovider", *(() if ANNOUNCED else ("-p", "rowsmith.testing.plugin")))

# The runs are elsewhere, and are to use the same library as these tests.
SOURCE = str(Path(rowsmith.__file__).resolve().parent.parent)

MODELS = """
    from rowsmith import models

    class Author(models.Model):
        name = models.CharField(max_length=40, unique=True)

        class Meta:
            app_label = "library"

    class Book(models.Model):
        title = models.CharField(max_length=80)
        author = models.ForeignKey(Author, models.CASCADE)

        class Meta:
            app_label = "library"
"""


@pytest.fixture(autouse=True)
def same_library(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", SOURCE)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The database of a program, of which no test may see or change anything."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'program.db'}"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def project(pytester, url):
    """`project(tests, *arguments)` runs pytest on a project that has these tests, and returns the outcome."""
    pytester.makepyfile(library=MODELS)
    pytester.makepyfile(conftest=f"import rowsmith\nimport library\nrowsmith.configure({url!r}, models=['library'])\n")
    pytester.makeini("[pytest]\nasyncio_mode = auto\n")

    def run(tests, *arguments, plugins=()):
        pytester.makepyfile(test_project=tests)
        return pytester.runpytest_subprocess(*ARGUMENTS, *plugins, *arguments)

    return run


def test_what_a_test_writes_is_rolled_back(project):
    project("""
        import pytest
        from rowsmith import transaction
        from library import Author

        @pytest.fixture
        def ann(db):
            return Author.objects.create(name="Ann")

        @pytest.mark.parametrize("number", range(3))
        def test_a_row_is_there_once(ann, number):
            Author.objects.create(name="Bob")
            with transaction.atomic(durable=True, isolation="serializable"):
                Author.objects.create(name="Cid")
            assert Author.objects.count() == 3

        @pytest.mark.rowsmith
        def test_by_marker():
            assert not Author.objects.exists()
            assert transaction.run(Author.objects.create, name="Ann").pk

        def test_an_error_leaves_nothing(db):
            with pytest.raises(Exception), transaction.atomic():
                Author.objects.create(name=None)
            assert not Author.objects.exists()
    """).assert_outcomes(passed=5)


@pytest.mark.parametrize("framework", ["asyncio", "anyio"])
def test_coroutines_are_rolled_back_with_their_fixtures(project, framework):
    fixture = {"asyncio": "pytest_asyncio.fixture", "anyio": "pytest.fixture"}[framework]
    imported = "import pytest_asyncio" if framework == "asyncio" else ""
    project(
        f"""
        import asyncio
        import pytest
        {imported}
        from rowsmith import transaction
        from rowsmith.exceptions import SynchronousOnlyOperation
        from library import Author

        pytestmark = pytest.mark.{framework}

        @pytest.fixture
        def ann(db):
            return Author.objects.create(name="Ann")

        @{fixture}
        async def bob(ann):
            return await Author.objects.acreate(name="Bob")

        @pytest.mark.parametrize("number", range(3))
        async def test_all_see_the_same(ann, bob, number):
            assert {{author.name async for author in Author.objects.all()}} == {{"Ann", "Bob"}}
            async with transaction.atomic():
                await asyncio.gather(*[Author.objects.acreate(name=str(n)) for n in range(5)])
            assert await Author.objects.acount() == 7

        @pytest.mark.rowsmith
        async def test_plain_calls_are_refused_on_a_loop():
            with pytest.raises(SynchronousOnlyOperation):
                Author.objects.count()
            assert await Author.objects.acount() == 0

        async def test_two_blocks_at_once_are_refused(db):
            inside, done = asyncio.Event(), asyncio.Event()

            async def hold():
                async with transaction.atomic():
                    inside.set()
                    await done.wait()

            task = asyncio.create_task(hold())
            await inside.wait()
            with pytest.raises(transaction.TransactionManagementError, match="transactional_db"):
                async with transaction.atomic():
                    pass
            done.set()
            await task
        """,
        plugins=() if framework == "asyncio" else ("-p", "no:asyncio"),
    ).assert_outcomes(passed=5)


def test_tests_that_commit_leave_empty_tables(project):
    project("""
        import asyncio
        import threading
        import pytest
        import rowsmith
        from rowsmith import transaction
        from library import Author

        @pytest.mark.parametrize("number", range(2))
        def test_threads_see_what_was_committed(transactional_db, number):
            called = []
            with transaction.atomic():
                Author.objects.create(name="Ann")
                transaction.on_commit(lambda: called.append(1))
            found = []
            thread = threading.Thread(target=lambda: found.extend(Author.objects.all()))
            thread.start()
            thread.join()
            assert (len(found), called) == (1, [1])

        @pytest.mark.rowsmith(transaction=True, reset_sequences=True)
        @pytest.mark.parametrize("number", range(2))
        async def test_tasks_have_transactions_of_their_own(number):
            async def add(n):
                async with transaction.atomic():
                    await Author.objects.acreate(name=str(n))

            await asyncio.gather(*[add(n) for n in range(4)])
            assert {a.pk async for a in Author.objects.all()} == {1, 2, 3, 4}

        def test_nothing_is_left(db):
            assert not Author.objects.exists()

        def test_committing_wins(db, transactional_db):
            assert not rowsmith.connection.in_atomic_block
            Author.objects.create(name="Ann")

        def test_nothing_is_left_again(db):
            assert not Author.objects.exists()
    """).assert_outcomes(passed=7)


def test_functions_that_wait_for_the_commit_can_be_called(project):
    project("""
        from rowsmith import transaction

        def test_callbacks(db, capture_on_commit_callbacks):
            called = []
            with capture_on_commit_callbacks(execute=True) as callbacks:
                with transaction.atomic():
                    transaction.on_commit(lambda: called.append(1))
            assert (len(callbacks), called) == (1, [1])
    """).assert_outcomes(passed=1)


def test_statements_are_counted(project):
    outcome = project("""
        import pytest
        from library import Author

        def test_exact(db, assert_num_queries, assert_max_queries, no_queries):
            with assert_num_queries(2) as queries:
                Author.objects.count()
                list(Author.objects.all())
            assert "COUNT" in queries[0]["sql"]
            with assert_max_queries(2):
                Author.objects.count()
            with no_queries():
                Author.objects.filter(name="Ann")

        async def test_of_coroutines(db, assert_num_queries):
            with assert_num_queries(1):
                await Author.objects.acount()

        def test_too_many(db, assert_num_queries):
            with assert_num_queries(1):
                Author.objects.count()
                Author.objects.exists()

        def test_more_than_allowed(db, assert_max_queries):
            with assert_max_queries(1):
                Author.objects.count()
                Author.objects.exists()

        def test_any(db, no_queries):
            with no_queries():
                Author.objects.count()
    """)
    outcome.assert_outcomes(passed=2, failed=3)
    outcome.stdout.fnmatch_lines(["*2 queries were sent, 1 expected:*", "*1. SELECT COUNT*"])
    outcome.stdout.fnmatch_lines(["*2 queries were sent, at most 1 expected:*"])
    outcome.stdout.fnmatch_lines(["*1 queries were sent, 0 expected:*"])


N_PLUS_ONE = """
    import pytest
    from library import Author, Book

    @pytest.fixture
    def books(db):
        for name in ("Ann", "Bob", "Cid"):
            Book.objects.create(title=name, author=Author.objects.create(name=name))

    def test_one_by_one(books):
        for book in Book.objects.all():
            book.author.name

    def test_together(books):
        for book in Book.objects.select_related("author"):
            book.author.name

    async def test_one_by_one_in_a_coroutine(books):
        async for book in Book.objects.all():
            (await book.aload("author")).name
"""


def test_relations_loaded_one_by_one_are_reported(project):
    outcome = project(N_PLUS_ONE, "--n-plus-one=report")
    outcome.assert_outcomes(passed=3)
    outcome.stdout.fnmatch_lines(
        [
            "*loaded one by one (N+1)*",
            "*test_project.py:*: Book.author was loaded for 3 instances one by one, in *test_one_by_one*",
            "*Add .select_related('author') to the query*",
        ]
    )
    assert "together" not in outcome.stdout.str()


def test_relations_loaded_one_by_one_can_be_errors(project):
    outcome = project(N_PLUS_ONE, "--n-plus-one=error")
    outcome.assert_outcomes(passed=1, failed=2)
    outcome.stdout.fnmatch_lines(["*Book.author was loaded for 3 instances one by one*"])


def test_other_databases_are_out_of_bounds(pytester):
    pytester.makepyfile(library=MODELS)
    pytester.makepyfile(
        conftest="""
        import rowsmith
        rowsmith.configure({"default": "sqlite://", "archive": "sqlite://", "copy": {
            "ENGINE": "sqlite", "NAME": ":memory:", "TEST": {"MIRROR": "archive"}}}, models=["library"])
        """,
        test_project="""
        import pytest
        from library import Author

        def test_not_named(db):
            Author.objects.using("archive").count()

        @pytest.mark.rowsmith(databases=["default", "archive"])
        def test_named():
            Author.objects.using("archive").create(name="Ann")
            assert Author.objects.count() == 0

        @pytest.mark.rowsmith(databases="__all__")
        def test_all():
            assert Author.objects.using("archive").count() == 0

        @pytest.mark.rowsmith(databases=["nowhere"])
        def test_unknown():
            pass

        @pytest.mark.rowsmith(transactions=True)
        def test_wrong():
            pass
        """,
    )
    outcome = pytester.runpytest_subprocess(*ARGUMENTS)
    outcome.assert_outcomes(passed=2, failed=1, errors=2)
    outcome.stdout.fnmatch_lines(["*Write: @pytest.mark.rowsmith(databases=?'archive', 'default'?)*"])
    outcome.stdout.fnmatch_lines(["*takes databases=, transaction= and reset_sequences=, not transactions*"])


MIGRATION = """
from rowsmith import migrations, models


def fill(apps, schema_editor):
    apps.get_model("library", "Author").objects.create(name="made by the migration")


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Author", [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=40, unique=True)),
        ]),
        migrations.CreateModel("Book", [
            ("id", models.BigAutoField(primary_key=True)),
            ("title", models.CharField(max_length=80)),
            ("author", models.ForeignKey("library.Author", models.CASCADE)),
        ]),
        migrations.RunPython(fill),
    ]
"""


@pytest.mark.parametrize("arguments, rows", [((), 1), (("--reuse-db",), 1), (("--no-migrations",), 0)])
def test_tables_are_made_by_migrations(project, pytester, arguments, rows):
    package = pytester.mkpydir("library_migrations")
    (package / "0001_initial.py").write_text(MIGRATION)
    tests = f"""
        from library import Author, Book

        def test_what_the_migration_made_is_there(db):
            assert Author.objects.count() == {rows}
            Book.objects.create(title="Sea", author=Author.objects.create(name="Ann"))

        def test_it_is_there_again(db):
            assert Author.objects.count() == {rows}
    """
    for _ in range(2 if arguments == ("--reuse-db",) else 1):
        project(tests, *arguments).assert_outcomes(passed=2)


def test_each_worker_has_databases_of_its_own(project):
    project(
        """
        import pytest
        from library import Author

        @pytest.mark.rowsmith(transaction=True)
        @pytest.mark.parametrize("number", range(12))
        def test_alone(number):
            Author.objects.create(name="Ann")
            assert Author.objects.count() == 1
        """,
        "-n", "2",
    ).assert_outcomes(passed=12)  # fmt: skip


def test_a_run_without_databases_needs_none(pytester):
    pytester.makepyfile("""
        import sys

        def test_nothing_is_imported():
            assert "rowsmith.models" not in sys.modules and "rowsmith.db" not in sys.modules
    """)
    pytester.runpytest_subprocess(*ARGUMENTS).assert_outcomes(passed=1)
