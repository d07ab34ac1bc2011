"""The two libraries under comparison, each as the names that a query may use and the way to run it."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import re
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.properties import program, rules, schema
from tests.properties.data import Row
from tests.properties.places import Place


class Undo(Exception):
    """Raised to leave an atomic block without keeping what it did."""


@dataclass(frozen=True)
class Failure:
    """An error as a result: its class, its ancestors by name, and its words."""

    kind: str
    ancestors: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class Side:
    """One library, looking at the shared database file."""

    name: str
    models: Mapping[str, Any]
    atomic: Callable[[], contextlib.AbstractContextManager[Any]]
    connection: Any

    def __init__(self, place: Place, *faces: Any) -> None:
        self.place = place
        self.names: dict[str, Any] = {
            **{name: value for face in faces for name, value in vars(face).items() if name[0].isupper()},
            **self.models,
            "walk": walk,
            "change": change,
            "change_many": change_many,
            "arranged": arranged,
            "judged": rules.judged,
        }

    def fill(self, rows: dict[str, list[Row]]) -> None:
        """Replace all rows of the database by these."""
        with self.atomic():
            with self.cursor() as cursor:
                for table in reversed(self.place.tables(cursor)):
                    cursor.execute(f"DELETE FROM {table}")
            for name, table in rows.items():
                manager = self.manager(name)
                if "." in name:
                    manager.bulk_create([manager.model(**row) for row in table])
                    continue
                key = schema.keys(name)[0]
                covered = {row[key] for child in schema.descendants(name) for row in rows[child]}
                new = [manager.model(**row) for row in table if row[key] not in covered]
                if not schema.TABLES[name].parents:
                    manager.bulk_create(new)
                    continue
                for instance in new:
                    instance.save(force_insert=(self.names["Model"],))

    def manager(self, name: str) -> Any:
        model, _, field = name.partition(".")
        found = self.models[model]
        return getattr(found, field).through.objects if field else found.objects

    def run(self, node: program.Node, writes: bool) -> Any:
        """The normalised result of a query, or a Failure. A writing one leaves the database as it was."""
        if not writes:
            return self._outcome(node)
        result: Any = None
        with self.cursor() as cursor:
            self.place.before_writing(cursor)
        try:
            with self.atomic():
                result = self._outcome(node)
                if not isinstance(result, Failure):
                    result = (result, self.place.comparable(self.snapshot()))
                raise Undo
        except Undo:
            pass
        except Exception as error:  # a deferred foreign key, checked when the block ends
            result = failure(error)
        return result

    def _outcome(self, node: program.Node) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return self.place.comparable(normalised(program.run(node, self.names)))
        except Exception as error:
            return failure(error)

    def snapshot(self) -> dict[str, list[str]]:
        """Every row of every table as stored, seen from inside the current transaction."""
        tables = {}
        with self.cursor() as cursor:
            for table in self.place.tables(cursor):
                names = self.place.columns(cursor, table)
                if names[0] == "id" and len(names) == 3 and names[1].endswith("_id"):
                    names = names[1:]  # links are a set: the order in which they got their keys says nothing
                columns = ", ".join(map(self.place.stored, names))
                cursor.execute(f'SELECT {columns} FROM "{table}"')
                tables[table] = sorted(", ".join(row) for row in cursor.fetchall())
        return tables

    def cursor(self) -> contextlib.AbstractContextManager[Any]:
        raise NotImplementedError

    def statements(self, node: program.Node, writes: bool) -> list[str]:
        """The SQL that running the query sends."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the database."""
        self.connection.close()

    def mistakes(self, model: str, node: program.Node, writes: bool) -> bool:
        """Is the answer known to be wrong?"""
        return False


class Django(Side):
    """The oracle."""

    name = "django"

    def __init__(self, place: Place) -> None:
        import django
        from django.conf import settings

        if not settings.configured:
            settings.configure(
                DATABASES={"default": place.django_settings()},
                INSTALLED_APPS=["tests.properties.oracle.Shop"],
                USE_TZ=True,
                TIME_ZONE="UTC",
                DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            )
            django.setup()
        from django.db import connection, models, transaction
        from django.db.models import functions

        from tests.properties import oracle

        self.connection = connection
        if self.connection.settings_dict["NAME"] != place.django_settings()["NAME"]:
            self.connection.close()
            self.connection.settings_dict.update(place.django_settings())
        self.models = oracle.shop()
        self.atomic = transaction.atomic
        super().__init__(place, models, functions)

    def create_tables(self) -> None:
        with self.connection.schema_editor() as editor:
            for model in self.models.values():
                editor.create_model(model)

    def cursor(self) -> contextlib.AbstractContextManager[Any]:
        return self.connection.cursor()

    def statements(self, node: program.Node, writes: bool) -> list[str]:
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(self.connection) as captured:
            self.run(node, writes)
        return [query["sql"] for query in captured.captured_queries]

    def mistakes(self, model: str, node: program.Node, writes: bool) -> bool:
        """Does Django take a table for another one that has the same name?

        Excluding by a to-many relation, it looks for the outer table by its name and may find one that another
        relation has joined: a right subquery is tied by a foreign key, or to the key of the model's own table.
        Of a key of several columns it ties the first alone, and it counts the columns behind such a key wrong when it
        orders or groups by their numbers. Where a condition asks for a column that is at hand, it takes the table that
        it did not have to join for one that has a row; and a row that lacks one column of several it does not exclude.
        Prefetching many-to-many, it reads the parent's key by the name of the table of links, though the links
        of these parents may be under an alias.
        """
        own = {f'"{schema.APP}_{name.lower()}"' for name in (model, *schema.ancestors(model))}
        key = r'(?:id|code|number|\w+_ptr_id)'
        tied = re.compile(rf'\b[U-Z]\d+\."{key}" = \(("\w+"|T\d+)\."{key}"\)')
        by_room, by_place = (
            re.compile(rf'\b[U-Z]\d+\."{name}" = \(("\w+"|[T-Z]\d+)\."{name}"\)') for name in ("room", "place")
        )
        counted = re.compile(r'\."room", ("\w+"|T\d+)\."place".* FROM .*(ORDER|GROUP) BY .*\b\d')
        read = re.compile(r'\(("\w+"|T\d+)\.("\w+")\) AS "_prefetch_related_val_')
        joined = re.compile(r'INNER JOIN "shop_shelf"( [TU]\d+)? ON .*WHERE .*("shop_item"|[TU]\d+)\."(room|place)"')
        for sql in self.statements(node, writes):
            if joined.search(sql) or sql.count('"room" IS NOT NULL') > sql.count('"place" IS NOT NULL'):
                return True
            if len(by_room.findall(sql)) > len(by_place.findall(sql)) or counted.search(sql):
                return True
            if any(outer not in own for outer in tied.findall(sql)):
                return True
            for table, column in read.findall(sql):
                if set(re.findall(rf'("\w+"|T\d+)\.{column} IN \(', sql)) != {table}:
                    return True
        return False


class ReversedDjango(Django):
    """Django once more, on a database that returns unordered rows the other way round.

    Compared with Django it must agree always: what it finds are queries whose answer SQL leaves open.
    """

    name = "django, unordered rows reversed"

    @contextlib.contextmanager
    def _reversed(self) -> Iterator[None]:
        with self.connection.cursor() as cursor:
            cursor.execute("PRAGMA reverse_unordered_selects = ON")
        try:
            yield
        finally:
            with self.connection.cursor() as cursor:
                cursor.execute("PRAGMA reverse_unordered_selects = OFF")

    def run(self, node: program.Node, writes: bool) -> Any:
        with self._reversed():
            return super().run(node, writes)


class Rowsmith(Side):
    """The library under test."""

    name = "rowsmith"
    _models: Mapping[str, Any] | None = None

    def __init__(self, place: Place) -> None:
        import rowsmith
        from rowsmith import models, transaction
        from rowsmith.models import functions

        rowsmith.configure({"default": place.url})
        if Rowsmith._models is None:
            Rowsmith._models = schema.build(models, "tests.properties.ours")
        self.models = Rowsmith._models
        self.atomic = transaction.atomic
        self.connection = rowsmith.connections["default"]
        super().__init__(place, models, functions)

    def cursor(self) -> contextlib.AbstractContextManager[Any]:
        return self.connection.cursor()

    def statements(self, node: program.Node, writes: bool) -> list[str]:
        self.connection.force_debug_cursor = True
        start = len(self.connection.queries)
        try:
            self.run(node, writes)
            return [str(query["sql"]) for query in list(self.connection.queries)[start:]]
        finally:
            self.connection.force_debug_cursor = False


# --- what a random query may call beside the library's own names


def walk(found: Any, *paths: str) -> Any:
    """The instances with what their relations lead to, however it was loaded."""
    return [tree(instance, [path.split("__") for path in paths]) for instance in found]


def tree(instance: Any, paths: list[list[str]]) -> Any:
    if instance is None:
        return None
    branches = {}
    for name in sorted({path[0] for path in paths}):
        deeper = [path[1:] for path in paths if path[0] == name and len(path) > 1]
        try:
            value = getattr(instance, name)
        except Exception as error:
            branches[name] = failure(error).kind
            continue
        if hasattr(value, "all"):
            branches[name] = sorted((tree(item, deeper) for item in value.all()), key=repr)
        elif isinstance(value, list):
            branches[name] = [tree(item, deeper) for item in value]
        else:
            branches[name] = tree(value, deeper)
    return (normalised(instance), branches)


def change(instance: Any, save: dict[str, Any] | None = None, **values: Any) -> Any:
    """Set attributes, save, and hand the instance back as read again."""
    for name, value in values.items():
        setattr(instance, name, value)
    instance.save(**(save or {}))
    instance.refresh_from_db()
    return instance


def change_many(found: Any, fields: list[str], values: list[Any]) -> Any:
    """`bulk_update` of the instances, the values of one field after the other dealt out in turn."""
    instances = list(found)
    for i, instance in enumerate(instances):
        for field in fields:
            setattr(instance, field, values[i % len(values)])
    manager = type(instances[0]).objects if instances else None
    return manager.bulk_update(instances, fields) if manager is not None else 0


def arranged(book: Any, keys: list[Any]) -> Any:
    """`set_chapter_order`, and the order that comes of it."""
    book.set_chapter_order(keys)
    return list(book.get_chapter_order())


# --- results that can be compared


def failure(error: BaseException) -> Failure:
    ancestors = tuple(c.__name__ for c in type(error).__mro__ if c not in (object, BaseException, Exception))
    return Failure(type(error).__name__, ancestors, str(error)[:400])


def normalised(value: Any) -> Any:
    """A value that compares and prints the same for both libraries, types included where they matter."""
    match value:
        case None | str() | bytes() | Failure():
            return value
        case bool():
            return f"<{value}>"
        case int():
            return value
        case float():
            # Sums of floats depend on the order in which rows are added up.
            return f"<float {value if abs(value) > 1e-12 else 0:.9g}>"
        case decimal.Decimal():
            # Twelve digits: an aggregate is computed as a float, and libraries pad it differently.
            return f"<Decimal {float(value):.12g}>" if value.is_finite() else f"<Decimal {value}>"
        case datetime.datetime():
            return f"<datetime {value.isoformat()}>"
        case datetime.date() | datetime.time() | datetime.timedelta() | uuid.UUID():
            return f"<{type(value).__name__} {value}>"
        case dict():
            return {normalised(k): normalised(v) for k, v in value.items()}
        case tuple() if hasattr(value, "_fields"):
            return ("Row", tuple(value._fields), tuple(map(normalised, value)))
        case tuple():
            return tuple(map(normalised, value))
        case list() | set() | frozenset():
            return [normalised(item) for item in value]
    if hasattr(value, "_meta"):
        columns = {k: normalised(v) for k, v in sorted(vars(value).items()) if not k.startswith("_")}
        return (value._meta.object_name, columns)
    if hasattr(value, "__iter__"):
        return [normalised(item) for item in value]
    return f"<{type(value).__name__}>"
