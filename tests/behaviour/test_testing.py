"""What rowsmith.testing offers to tests of programs: cases that leave nothing behind, and what they ask and count."""

from __future__ import annotations

import asyncio
import json
import unittest

import pytest

from rowsmith import config, models, transaction
from rowsmith.apps import Apps, apps
from rowsmith.db import connections
from rowsmith.exceptions import IntegrityError
from rowsmith.testing import (
    CaptureQueriesContext,
    TestCase,
    TransactionTestCase,
    isolate_apps,
    override_configuration,
    skipIfDBFeature,
    skipUnlessDBFeature,
)
from tests.behaviour.library import Author, Book, Tag, names, titles

pytestmark = pytest.mark.plain


def outcome(case):
    """(tests run, failures, errors, skipped) of all tests of a class, and what they said."""
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    result = unittest.TestResult()
    suite.run(result)
    said = "\n".join(text for _, text in (*result.failures, *result.errors, *result.skipped))
    return (result.testsRun, len(result.failures), len(result.errors), len(result.skipped)), said


def passes(case):
    counted, said = outcome(case)
    assert counted[0] > 0 and counted[1:] == (0, 0, 0), said


@pytest.mark.feature("TT-001", "TT-005")
def test_tests_begin_with_the_same_rows_and_leave_none(empty_library):
    class Case(TestCase):
        @classmethod
        def setUpTestData(cls):
            cls.ann = Author.objects.create(name="Ann")
            cls.book = Book.objects.create(title="Sea", author=cls.ann)

        def setUp(self):
            self.bob = Author.objects.create(name="Bob")

        def test_one(self):
            self.ann.name = "Anna"
            self.ann.save()
            assert self.book.author is self.ann  # copied together
            assert names(Author.objects.order_by("pk")) == ["Anna", "Bob"]

        test_two = test_one

        def test_what_others_changed_is_as_it_was(self):
            assert (self.ann.name, Author.objects.get(pk=self.ann.pk).name) == ("Ann", "Ann")
            assert titles(self.ann.book_set.all()) == ["Sea"]

    passes(Case)
    assert not Author.objects.exists()


@pytest.mark.feature("TT-001")
def test_coroutines_are_tests_as_well(empty_library):
    class Case(TestCase):
        @classmethod
        def setUpTestData(cls):
            cls.ann = Author.objects.create(name="Ann")

        def setUp(self):
            Author.objects.create(name="Bob")

        async def test_one(self):
            await Author.objects.acreate(name="Cid")
            assert [author.name async for author in Author.objects.order_by("pk")] == ["Ann", "Bob", "Cid"]
            async with transaction.atomic():
                await Author.objects.filter(name="Cid").aupdate(name="Dan")
            self.ann.name = "Anna"
            await self.ann.asave()

        async def test_two(self):
            assert await Author.objects.acount() == 2
            await asyncio.gather(*[Author.objects.acount() for _ in range(3)])
            self.addCleanup(lambda: Author.objects.count())

        def test_three(self):
            assert names(Author.objects.order_by("pk")) == ["Ann", "Bob"]

    passes(Case)
    assert not Author.objects.exists()


@pytest.mark.feature("TT-002", "TT-008")
def test_commits_are_undone_by_emptying_the_tables(empty_library):
    seen = []

    class Case(TransactionTestCase):
        reset_sequences = True

        def test_one(self):
            transaction.on_commit(lambda: seen.append("at once"))
            seen.append(Author.objects.create(name="Ann").pk)
            with transaction.atomic():
                Tag.objects.create(label="blue")
            assert not connections["default"].in_atomic_block

        async def test_two(self):
            seen.append((await Author.objects.acreate(name="Bob")).pk)

    passes(Case)
    assert seen == ["at once", 1, 1]
    assert not Author.objects.exists() and not Tag.objects.exists()


@pytest.mark.feature("TT-003", "TT-004")
def test_callbacks_of_a_block_are_captured_and_called(empty_library, caplog):
    done = []

    class Case(TestCase):
        def test_captured(self):
            with self.captureOnCommitCallbacks() as callbacks:
                transaction.on_commit(lambda: done.append("never"))
            assert len(callbacks) == 1 and done == []

        def test_executed_with_those_that_they_register(self):
            def first():
                done.append("first")
                transaction.on_commit(lambda: done.append("second"))

            with self.captureOnCommitCallbacks(execute=True) as callbacks:
                transaction.on_commit(first)
                assert done == []
            assert done == ["first", "second"] and len(callbacks) == 2

        def test_robust_ones_are_logged(self):
            with self.captureOnCommitCallbacks(execute=True):
                transaction.on_commit(lambda: 1 / 0, robust=True)

        def test_nothing_is_called_when_the_block_fails(self):
            with pytest.raises(ValueError), self.captureOnCommitCallbacks(execute=True):
                transaction.on_commit(lambda: done.append("no"))
                raise ValueError
            assert "no" not in done

    passes(Case)
    assert "never" not in done
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.feature("TT-006")
def test_deferred_constraints_are_checked_at_the_end(empty_library):
    class Case(TestCase):
        def test_dangling(self):
            Book.objects.create(title="Sea", author_id=99)

    counted, said = outcome(Case)
    assert counted == (1, 0, 1, 0)
    assert "ForeignKeyViolation" in said


@pytest.mark.feature("TT-007")
def test_other_databases_are_out_of_bounds(second):
    class Default(TestCase):
        def test_stray(self):
            Author.objects.using("second").count()

    counted, said = outcome(Default)
    assert counted == (1, 1, 0, 0) and "'second'" in said and "databases" in said

    class Both(TestCase):
        databases = "__all__"

        def test_both(self):
            for alias in ("default", "second"):
                Author.objects.using(alias).create(name="Ann")

    passes(Both)
    assert not Author.objects.exists() and not Author.objects.using("second").exists()

    class Wrong(TestCase):
        databases = {"secnd"}

        def test_never(self):
            pass

    counted, said = outcome(Wrong)
    assert counted[2] == 1 and "Did you mean 'second'" in said


@pytest.mark.feature("T-012")
def test_the_block_around_a_test_is_none_for_durable_blocks(empty_library):
    class Case(TestCase):
        def test_durable(self):
            with transaction.atomic(durable=True):
                Author.objects.create(name="Ann")
            with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
                with transaction.atomic(durable=True):
                    pass
            with pytest.raises(IntegrityError), transaction.atomic():
                Tag.objects.bulk_create([Tag(label="x"), Tag(label="x")])
            assert Author.objects.count() == 1

    passes(Case)


@pytest.mark.feature("TT-009", "TT-010")
def test_queries_are_counted_and_rows_compared(shelf):
    class Case(TestCase):
        def test_right(self):
            with self.assertNumQueries(2):
                Author.objects.count()
                list(Tag.objects.all())
            self.assertNumQueries(1, Author.objects.count)
            self.assertQuerySetEqual(Tag.objects.all(), ["blue", "deep", "green", "unused"], transform=str)
            self.assertQuerySetEqual(Author.objects.all(), ["Cid", "Ann", "Bob"], transform=str, ordered=False)
            self.assertQuerySetEqual(Author.objects.filter(name="Ann"), [shelf.ann])

        def test_wrong_count(self):
            with self.assertNumQueries(1):
                Author.objects.count()
                Tag.objects.count()

        def test_wrong_rows(self):
            self.assertQuerySetEqual(Author.objects.order_by("pk"), ["Ann"], transform=str)

        def test_no_order(self):
            with self.assertRaisesRegex(ValueError, "non-ordered"):
                self.assertQuerySetEqual(Author.objects.all(), ["Ann", "Bob", "Cid"], transform=str)

    counted, said = outcome(Case)
    assert counted == (4, 2, 0, 0), said
    assert "2 queries executed, 1 expected" in said and "behaviour_tag" in said


@pytest.mark.feature("TT-011")
def test_the_configuration_is_another_for_a_while(shelf):
    @override_configuration(default_tablespace="here")
    def inside():
        return config.current().default_tablespace

    with transaction.atomic():
        Author.objects.create(name="Dan")
        with override_configuration(routers=[], debug=True) as changed:
            assert config.current() is changed and changed.debug
            assert Author.objects.filter(name="Dan").exists()  # the transaction goes on
        assert not config.current().debug
        assert inside() == "here"
    with pytest.raises(TypeError, match="use_tz"):
        override_configuration(use_tz=False)


@pytest.mark.feature("TT-011")
def test_models_of_a_test_have_a_registry_of_their_own():
    @isolate_apps("here", kwarg_name="registry")
    def inside(registry):
        assert isinstance(registry, Apps)

        class Author(models.Model):
            class Meta:
                app_label = "behaviour"

        assert registry.get_model("behaviour.Author") is Author

    inside()
    assert apps.get_model("behaviour.Author") is Author


@pytest.mark.feature("TT-011")
def test_tests_are_left_out_by_what_the_database_can_do(database, empty_library):
    @skipUnlessDBFeature("array_parameters")
    class Case(TestCase):
        def test_arrays(self):
            assert database.vendor == "postgresql"

        @skipIfDBFeature("lateral")
        async def test_none(self):
            raise AssertionError

    counted, _ = outcome(Case)
    assert counted == (2, 0, 0, 1 if database.vendor == "postgresql" else 2)
    with pytest.raises(ValueError, match="no feature 'arrays'"):
        skipIfDBFeature("arrays")
    with CaptureQueriesContext(database) as captured:
        Author.objects.count()
    assert len(captured) == 1


@pytest.mark.feature("TT-008")
@pytest.mark.parametrize("base", [TestCase, TransactionTestCase])
def test_fixtures_are_there_in_each_test(empty_library, base, tmp_path):
    path = tmp_path / "tags.json"
    label = Tag._meta.label_lower
    path.write_text(json.dumps([{"model": label, "pk": 7, "fields": {"label": "from a file"}}]))

    class Case(base):
        fixtures = [str(path)]

        def test_one(self):
            self.assertEqual(Tag.objects.get(pk=7).label, "from a file")
            Tag.objects.all().delete()

        async def test_two(self):
            self.assertEqual((await Tag.objects.aget(pk=7)).label, "from a file")
            await Tag.objects.all().adelete()

    passes(Case)
    assert not Tag.objects.exists()
    Case.fixtures = ["nowhere"]
    assert "No fixture named 'nowhere' found" in said_by(Case)


def said_by(case):
    try:
        return outcome(case)[1]
    except Exception as error:
        return str(error)


@pytest.mark.feature("TT-008")
def test_rows_from_before_the_class_come_back_after_each_test(empty_library, monkeypatch):
    registry = Apps()
    registry.all_models["behaviour"] = {model._meta.model_name: model for model in (Author, Tag)}
    monkeypatch.setattr("rowsmith.testing.snapshots.registry", lambda: registry)
    kept = Author.objects.create(name="kept", born=None)

    class Case(TransactionTestCase):
        serialized_rollback = True

        def test_one(self):
            self.assertEqual(Author.objects.get(), kept)
            Author.objects.create(name="more")

        def test_two(self):
            self.assertEqual(Author.objects.get().name, "kept")
            Author.objects.all().delete()

    passes(Case)
    assert Author.objects.get().name == "kept"
    assert Author.objects.create(name="next").pk > kept.pk


@pytest.mark.feature("TT-008")
def test_only_tables_of_available_apps_are_emptied(empty_library):
    class Case(TransactionTestCase):
        available_apps = ["elsewhere"]

        def test_one(self):
            Tag.objects.create(label="stays")

    passes(Case)
    assert Tag.objects.get().label == "stays"
