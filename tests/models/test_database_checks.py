"""What one database lacks is told by a check, and left out of its tables."""

from __future__ import annotations

import itertools

import pytest

from rowsmith import checks, config, models
from rowsmith.apps import Apps
from rowsmith.dialects.postgresql import FEATURES as POSTGRESQL
from rowsmith.dialects.postgresql import Dialect as Postgresql
from rowsmith.dialects.sqlite import FEATURES as SQLITE
from rowsmith.dialects.sqlite import Dialect as Sqlite
from rowsmith.exceptions import ImproperlyConfigured
from rowsmith.execution.checking import findings, raise_errors
from rowsmith.execution.schema import SchemaEditor
from rowsmith.metadata.database_checks import check_database, is_wanted
from rowsmith.metadata.findings import CheckFailed
from rowsmith.models import Deferrable, F, Q
from rowsmith.models.functions import Lower
from rowsmith.records import replace

_numbers = itertools.count()


def made(fields=None, **options):
    """A model with a name of its own."""
    meta = type("Meta", (), {"apps": Apps(), "app_label": "checked", **options})
    return type(f"Made{next(_numbers)}", (models.Model,), {"__module__": __name__, "Meta": meta, **(fields or {})})


def columns():
    return {"a": models.IntegerField(), "b": models.IntegerField(null=True)}


def generated(db_persist):
    return {
        "a": models.IntegerField(),
        "g": models.GeneratedField(expression=F("a") + 1, output_field=models.IntegerField(), db_persist=db_persist),
    }


def unique(*expressions, **options):
    return {"constraints": [models.UniqueConstraint(*expressions, name="rule", **options)]}


def index(*expressions, **options):
    return {"indexes": [models.Index(*expressions, name="by", **options)]}


CASES = [
    ({"condition": Q(a=1), "fields": ["a"]}, unique, "partial_indexes", "models.W036", False),
    ({"expressions": [Lower("a")]}, unique, "expression_indexes", "models.W044", False),
    ({"deferrable": Deferrable.DEFERRED, "fields": ["a"]}, unique, "deferrable_unique", "models.W038", False),
    ({"include": ["b"], "fields": ["a"]}, unique, "covering_indexes", "models.W039", True),
    ({"nulls_distinct": False, "fields": ["b"]}, unique, "nulls_not_distinct", "models.W047", True),
    ({"condition": Q(a=1), "fields": ["a"]}, index, "partial_indexes", "models.W037", False),
    ({"expressions": [F("a").desc()]}, index, "expression_indexes", "models.W043", False),
    ({"include": ["b"], "fields": ["a"]}, index, "covering_indexes", "models.W040", True),
]


def ddl(dialect, model):
    connection = type("C", (), {"dialect": dialect, "alias": "none", "server_features": dialect.features})()
    with SchemaEditor(connection, collect_sql=True) as editor:
        editor.create_model(model)
    return editor.collected_sql


@pytest.mark.feature("CK-009", "C-013", "C-014", "C-015", "C-016", "C-023", "C-028", "C-029", "C-030")
@pytest.mark.parametrize("options, kind, feature, code, kept", CASES, ids=[case[3] for case in CASES])
@pytest.mark.parametrize("dialect, features", [(Sqlite, SQLITE), (Postgresql, POSTGRESQL)])
def test_what_an_index_cannot_say_is_told_and_left_out(dialect, features, options, kind, feature, code, kept):
    options = dict(options)
    meta = kind(*options.pop("expressions", ()), **options)
    able, unable = replace(features, **{feature: True}), replace(features, **{feature: False})
    model = made(columns(), **meta)
    assert check_database([model], able, "x") == []
    [found] = check_database([model], unable, "x")
    assert (found.id, found.level, found.obj) == (code, checks.WARNING, model)
    assert ("won't be created" in found.hint) is not kept
    text = "\n".join(ddl(dialect(unable), model))
    assert ('"rule"' in text or '"by"' in text or "UNIQUE" in text) is kept
    for clause in ("WHERE", "INCLUDE", "NULLS NOT", "DEFERRABLE"):
        assert clause not in text
    # A model that says it needs the feature has no table there, so there is nothing to tell.
    needy = made(columns(), required_db_features=[feature], **meta)
    assert check_database([needy], unable, "x") == []
    assert not is_wanted(needy, unable, "x")
    assert is_wanted(needy, able, "x")


@pytest.mark.feature("C-015", "C-030")
def test_operator_classes_are_written_where_there_are_some():
    model = made({"word": models.TextField()}, **index(fields=["word"], opclasses=["text_pattern_ops"]))
    assert '("word" text_pattern_ops)' in "\n".join(ddl(Postgresql(), model))
    assert '("word")' in "\n".join(ddl(Sqlite(), model))
    assert check_database([model], SQLITE, "sqlite") == []


@pytest.mark.feature("CK-009", "CK-010", "G-006")
@pytest.mark.parametrize(
    "db_persist, features, code",
    [
        (True, {"stored_columns": False, "virtual_columns": False}, "fields.E220"),
        (False, {"virtual_columns": False}, "fields.E221"),
        (True, {"stored_columns": False}, "fields.E222"),
        (True, {"virtual_columns": False}, None),
        (False, {"stored_columns": False}, None),
    ],
)
def test_kinds_of_generated_columns_that_a_database_lacks_are_errors(db_persist, features, code):
    found = check_database([made(generated(db_persist))], replace(SQLITE, **features), "x")
    assert [message.id for message in found] == ([code] if code else [])


@pytest.mark.feature("G-006")
def test_virtual_columns_and_equal_nulls_depend_on_the_version_of_the_server():
    dialect = Postgresql()
    assert not dialect.features_of(170004).virtual_columns
    assert dialect.features_of(170004).stored_columns
    assert dialect.features_of(180000).virtual_columns
    assert not dialect.features_of(140012).nulls_not_distinct
    assert Sqlite().features_of(0) is Sqlite().features


@pytest.mark.feature("CK-009")
@pytest.mark.parametrize(
    "fields, options, feature, code",
    [
        ({"data": models.JSONField()}, {}, "json", "fields.E180"),
        ({"word": models.CharField(max_length=3, db_collation="C")}, {}, "column_collations", "fields.E190"),
        ({"word": models.CharField(max_length=3, db_comment="x")}, {}, "comments", "fields.W163"),
        ({"at": models.FloatField(db_default=models.functions.Pi())}, {}, "expression_defaults", "fields.E011"),
        ({}, {"db_table_comment": "x"}, "comments", "models.W046"),
        (
            {},
            {"constraints": [models.CheckConstraint(condition=Q(id__gt=0), name="rule")]},
            "check_constraints",
            "models.W027",
        ),
        (
            {"on": models.ForeignKey("self", models.DB_SET_DEFAULT, db_default=1)},
            {},
            "set_default_on_delete",
            "fields.E324",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_things_that_a_database_may_lack(fields, options, feature, code):
    model = made(fields, **options)
    assert check_database([model], replace(POSTGRESQL, **{feature: False}), "x")[0].id == code
    assert check_database([model], POSTGRESQL, "x") == []
    unmanaged = made({}, managed=False, **options)
    assert check_database([unmanaged], replace(POSTGRESQL, **{feature: False}), "x") == []


@pytest.mark.feature("CK-009")
def test_run_checks_asks_the_databases_that_are_named(database):
    model = made(columns(), **unique(fields=["a"], include=["b"]))
    expected = [] if database.vendor == "postgresql" else ["models.W039"]
    assert [message.id for message in findings([model])] == []
    assert [message.id for message in findings([model], ["default"])] == expected


@pytest.mark.feature("CK-011")
def test_findings_are_silenced_by_id(database):
    model = made(columns(), db_table_comment="x", **unique(fields=["a"], include=["b"]))
    bad = made(generated(True) | {"h": models.GeneratedField(
        expression=F("g"), output_field=models.IntegerField(), db_persist=True)})  # fmt: skip
    with pytest.raises(CheckFailed):
        raise_errors([bad], "default")
    current = config.current()
    config.install(
        replace(current, silenced_checks=("models.W039", "models.W046", "rowsmith.E103", "own.W003"))
    )
    try:
        assert findings([model, bad], ["default"]) == []
        raise_errors([bad], "default")

        @checks.register("own")
        def mine(app_configs, databases, **kwargs):
            return [checks.Warning("quiet", id="own.W003"), checks.Warning("loud", id="own.W004")]

        assert [message.id for message in checks.run_checks(tags=["own"])] == ["own.W004"]
        checks._registered.pop()
    finally:
        config.install(current)
    with pytest.raises(ImproperlyConfigured, match="silenced_checks"):
        config.configure("sqlite://", silenced_checks="models.W039")


@pytest.mark.feature("CK-011")
def test_deployment_checks_are_run_on_request(database, monkeypatch):
    monkeypatch.delenv("ROWSMITH_ALLOW_ASYNC_UNSAFE", raising=False)
    current = config.current()
    config.install(replace(current, debug=True, echo=True))
    try:
        assert checks.run_checks(tags=["security"]) == []
        found = checks.run_checks(tags=["security"], include_deployment_checks=True)
        assert [message.id for message in found] == ["rowsmith.W201", "rowsmith.W201"]
        monkeypatch.setenv("ROWSMITH_ALLOW_ASYNC_UNSAFE", "1")
        config.install(replace(current, debug=False, echo=False))
        found = checks.run_checks(tags=["security"], include_deployment_checks=True)
        assert [message.id for message in found] == ["rowsmith.W202"]
    finally:
        config.install(current)
