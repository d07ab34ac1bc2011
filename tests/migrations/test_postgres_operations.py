"""Operations of PostgreSQL: extensions, collations, and indexes and constraints of tables in use."""

from __future__ import annotations

import datetime

import pytest

from rowsmith import config, models
from rowsmith import migrations as m
from rowsmith.exceptions import IntegrityError, NotSupportedError
from rowsmith.migrations.serializer import serialize
from rowsmith.models import Q
from rowsmith.models.functions import Lower
from rowsmith.postgres import operations as o
from rowsmith.postgres.constraints import ExclusionConstraint
from rowsmith.postgres.fields import ArrayField, DecimalRangeField, IntegerRangeField, Range
from rowsmith.postgres.functions import RandomUUID
from rowsmith.postgres.indexes import GinIndex, HnswIndex, OpClass
from rowsmith.postgres.operations import HStoreExtension
from rowsmith.postgres.search import SearchQuery, SearchVector, SearchVectorField
from rowsmith.postgres.validators import KeysValidator
from rowsmith.vectors import VectorField


def extensions(connection):
    return {name for (name,) in connection.fetch("SELECT extname::text FROM pg_extension", (), list)}


def collations(connection):
    columns = "collname::text, collprovider::text, collisdeterministic"
    query = f"SELECT {columns} FROM pg_collation WHERE collname LIKE 'ours%'"
    return sorted(connection.fetch(query, (), list))


class Refusing:
    def allow_migrate(self, db, app_label, **hints):
        return hints.get("wanted", False)


@pytest.mark.only("postgresql")
@pytest.mark.feature("PG-043")
def test_extensions_are_made_once_and_dropped_again(history):
    known = {
        o.BloomExtension: "bloom", o.BtreeGinExtension: "btree_gin", o.BtreeGistExtension: "btree_gist",
        o.CITextExtension: "citext", o.CryptoExtension: "pgcrypto", o.HStoreExtension: "hstore",
        o.TrigramExtension: "pg_trgm", o.UnaccentExtension: "unaccent",
    }  # fmt: skip
    before = extensions(history.connection)
    operation = o.CreateExtension("isn")
    history(operation)
    assert "isn" in extensions(history.connection)
    assert history.sql(o.CreateExtension("isn")) == []
    history(o.CreateExtension("isn"))
    history.undo()
    assert "isn" not in extensions(history.connection)
    assert history.sql(o.CreateExtension("isn")) == ['CREATE EXTENSION IF NOT EXISTS "isn";']
    for kind, name in known.items():
        made = kind()
        assert made.name == name and made.migration_name_fragment == f"create_extension_{name}"
        assert made.describe() == f"Creates extension {name}" and made.reversible
        if name != "pgcrypto":
            history(made)
    # It is left out of servers that are built without a library of ciphers.
    assert extensions(history.connection) >= set(known.values()) - {"pgcrypto"}
    config.exchange(config.changed(routers=[Refusing()]))
    assert history.sql(o.CreateExtension("isn")) == []
    assert history.sql(o.CreateExtension("isn", hints={"wanted": True})) != []
    for name in extensions(history.connection) - before:
        with history.connection.cursor() as cursor:
            cursor.execute(f'DROP EXTENSION "{name}"')


@pytest.mark.only("postgresql")
@pytest.mark.feature("PG-043")
def test_extensions_are_made_without_migrations(database):
    o.CreateExtension("isn").create()
    o.CreateExtension("isn").create(using="default")
    assert "isn" in extensions(database)
    o.CreateExtension("isn").drop()
    o.CreateExtension("isn").drop()
    assert "isn" not in extensions(database)


@pytest.mark.only("postgresql")
async def test_extensions_are_awaited(database):
    await o.CreateExtension("isn").acreate()
    await o.CreateExtension("isn").adrop()


@pytest.mark.only("postgresql")
@pytest.mark.feature("PG-044")
def test_collations_are_made_and_dropped(history):
    history(
        o.CreateCollation("ours_c", "C"),
        o.CreateCollation("ours_letters", "C.UTF-8", provider="builtin"),
    )
    assert collations(history.connection) == [("ours_c", "c", True), ("ours_letters", "b", True)]
    history(
        m.CreateModel(
            "Word",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("text", models.CharField(max_length=9, db_collation="ours_letters")),
            ],
        )
    )
    word = history.model("Word")
    word.objects.create(text="Äther")
    assert word.objects.filter(text__iexact="äTHER").exists()
    history.undo()
    history(o.RemoveCollation("ours_c", "C"))
    assert [name for name, *_ in collations(history.connection)] == ["ours_letters"]
    history.undo()
    history.undo()
    assert collations(history.connection) == []
    o.CreateCollation("ours_now", "C").create()
    o.RemoveCollation("ours_now", "C").drop()
    assert collations(history.connection) == []
    caseless = o.CreateCollation("ours_caseless", "und-u-ks-level2", provider="icu", deterministic=False)
    assert history.sql(caseless) == [
        'CREATE COLLATION "ours_caseless" (locale = "und-u-ks-level2", provider = "icu", deterministic = false);'
    ]
    with pytest.raises(NotSupportedError, match="icu"):
        history(o.CreateCollation("ours_wrong", "C", deterministic=False))
    with pytest.raises(ValueError, match="provider"):
        o.CreateCollation("ours_wrong", "C", provider="other")
    hostile = 'x"); DROP TABLE y; --'
    assert history.sql(o.CreateCollation(hostile, hostile)) == [
        'CREATE COLLATION "x""); DROP TABLE y; --" (locale = "x""); DROP TABLE y; --");'
    ]


PONY = m.CreateModel(
    "Pony",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("weight", models.IntegerField()),
        ("name", models.CharField(max_length=9, default="")),
    ],
)


def indexes(connection):
    query = "SELECT indexname::text FROM pg_indexes WHERE tablename = 'shop_pony'"
    return {name for (name,) in connection.fetch(query, (), list)} - {"shop_pony_pkey"}


@pytest.mark.only("postgresql")
@pytest.mark.feature("PG-045")
def test_indexes_are_made_and_dropped_while_tables_are_in_use(history):
    history(PONY)
    add = o.AddIndexConcurrently("Pony", models.Index(fields=["weight"], name="by_weight"))
    with pytest.raises(NotSupportedError, match="atomic = False"):
        history(add)
    history(add, atomic=False)
    assert indexes(history.connection) == {"by_weight"}
    assert history.sql(o.AddIndexConcurrently("Pony", models.Index(fields=["name"], name="by_name"))) == [
        'CREATE INDEX CONCURRENTLY "by_name" ON "shop_pony" ("name");'
    ]
    remove = o.RemoveIndexConcurrently("Pony", "by_weight")
    with pytest.raises(NotSupportedError, match="atomic = False"):
        history(remove)
    history(remove, atomic=False)
    assert indexes(history.connection) == set()
    history.undo()
    assert indexes(history.connection) == {"by_weight"}
    history.undo()
    assert indexes(history.connection) == set()
    assert [item.name for item in history.state.models["shop", "pony"].options["indexes"]] == []
    assert add.describe() == "Concurrently create index by_weight on field(s) weight of model Pony"
    assert remove.describe() == "Concurrently remove index by_weight from Pony"
    assert add.deconstruct()[0] == "AddIndexConcurrently" and not add.atomic


@pytest.mark.only("postgresql")
@pytest.mark.feature("PG-046")
def test_constraints_are_added_first_and_validated_later(history):
    history(PONY)
    ponies = history.model("Pony").objects
    ponies.create(weight=1)
    heavy = models.CheckConstraint(condition=Q(weight__gte=4), name="heavy")
    history(o.AddConstraintNotValid("Pony", heavy))
    with pytest.raises(IntegrityError):
        ponies.create(weight=2)
    with pytest.raises(IntegrityError):
        history(o.ValidateConstraint("Pony", "heavy"))
    ponies.update(weight=5)
    history(o.ValidateConstraint("Pony", "heavy"))
    query = "SELECT convalidated FROM pg_constraint WHERE conname = 'heavy'"
    assert history.connection.fetch(query, (), list) == [(True,)]
    history.undo()
    history.undo()
    ponies.create(weight=2)
    with pytest.raises(TypeError, match="CheckConstraint"):
        o.AddConstraintNotValid("Pony", models.UniqueConstraint(fields=["name"], name="names"))
    assert o.AddConstraintNotValid("Pony", heavy).migration_name_fragment == "pony_heavy_not_valid"
    assert o.ValidateConstraint("Pony", "heavy").migration_name_fragment == "pony_validate_heavy"


@pytest.mark.only("postgresql")
def test_indexes_and_exclusions_are_added_by_migrations(history):
    o.TrigramExtension().create()
    history(PONY)
    history(
        m.AddField("Pony", "span", IntegerRangeField(null=True)),
        m.AddConstraint("Pony", ExclusionConstraint(name="apart", expressions=[("span", "&&")])),
        m.AddIndex("Pony", GinIndex(OpClass("name", "gin_trgm_ops"), name="alike")),
    )
    history.model("Pony").objects.create(weight=1, span=(1, 3))
    with pytest.raises(IntegrityError):
        history.model("Pony").objects.create(weight=1, span=(2, 3))
    assert indexes(history.connection) == {"apart", "alike"}
    history(m.RemoveConstraint("Pony", "apart"), m.RemoveIndex("Pony", "alike"))
    assert indexes(history.connection) == set()
    history.undo()
    assert indexes(history.connection) == {"apart", "alike"}


@pytest.mark.only("sqlite")
@pytest.mark.feature("PG-043")
def test_other_databases_have_no_extensions(history):
    history(o.CreateExtension("hstore"), o.TrigramExtension(), o.CreateCollation("ours", "C"))
    assert history.sql(o.HStoreExtension()) == []
    history.undo()
    o.HStoreExtension().create()


@pytest.mark.parametrize(
    "value",
    [
        Range(1, 5, "[]"), Range(None, datetime.date(2024, 1, 2)), Range(empty=True), HStoreExtension(),
        ArrayField(models.CharField(max_length=3), size=4, default=list), IntegerRangeField(default=Range(1, 2)),
        DecimalRangeField(default_bounds="(]"), VectorField(dimensions=3), SearchVectorField(null=True),
        GinIndex(OpClass(Lower("name"), name="gin_trgm_ops"), name="i", fastupdate=False),
        HnswIndex(fields=["name"], name="i", m=3, opclasses=["vector_l2_ops"]),
        ExclusionConstraint(name="c", expressions=[("span", "&&")], condition=Q(name="a"), include=["name"]),
        SearchVector("name", weight="A", config="english") + SearchVector("name", config="english"),
        SearchQuery("a", config="english", search_type="raw"), KeysValidator(["a"], strict=True), RandomUUID(),
        o.CreateCollation("c", "C", provider="builtin"),
        o.AddConstraintNotValid("Pony", models.CheckConstraint(condition=Q(pk=1), name="c")),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_postgresqls_alone_is_written_into_migrations(value):
    text, imports = serialize(value)
    names = {}
    exec("\n".join(sorted(imports)), names)
    again = eval(text, names)
    assert type(again) is type(value)
    if isinstance(value, models.Field):
        assert repr(again.deconstruct()[1:]) == repr(value.deconstruct()[1:])
    else:
        assert again == value


@pytest.mark.only("postgresql")
def test_arrays_are_altered_with_their_elements(history):
    key = ("id", models.BigAutoField(primary_key=True))
    history(m.CreateModel("Word", [key, ("parts", ArrayField(models.CharField(max_length=3)))]))
    history.model("Word").objects.create(parts=["abc"])
    history(m.AlterField("Word", "parts", ArrayField(models.CharField(max_length=9), null=True)))
    history.model("Word").objects.create(parts=["abcdefghi"])
    history(m.AddField("Word", "spans", ArrayField(IntegerRangeField(), default=list)))
    history(m.AddField("Word", "size", IntegerRangeField(default=Range(1, 4))))
    word = history.model("Word").objects.order_by("pk").first()
    assert (word.parts, word.spans, word.size) == (["abc"], [], Range(1, 4))
    history(m.AlterField("Word", "parts", ArrayField(models.TextField(), null=True)))
    assert history.model("Word").objects.filter(parts__contains=["abc"]).count() == 1
