"""Options of Meta that decide where a model has a table, and whether it is used at all."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import config, models
from rowsmith.apps import Apps, apps
from rowsmith.db import connections
from rowsmith.exceptions import ImproperlyConfigured
from rowsmith.execution.schema import existing_tables
from rowsmith.metadata.checks import check_models
from rowsmith.records import replace


class Needy(models.Model):
    class Meta:
        required_db_features = ["row_locks_that_nobody_has", "array_parameters"]


class NeedsArrays(models.Model):
    class Meta:
        required_db_features = ["array_parameters"]


class OnSqlite(models.Model):
    class Meta:
        required_db_vendor = "sqlite"


class Anywhere(models.Model):
    class Meta:
        permissions = [("may_fly", "Can fly")]
        default_permissions = ("view",)


class Visitor(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "swapping"
        swappable = "VISITOR_MODEL"


class BetterVisitor(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "swapping"


class Guest(models.Model):
    class Meta:
        app_label = "swapping"
        swappable = "GUEST_MODEL"


class Badge(models.Model):
    visitor = models.ForeignKey(Visitor, models.CASCADE)
    guest = models.ForeignKey(Guest, models.CASCADE)

    class Meta:
        app_label = "swapping"


@pytest.fixture
def swapped(database):
    """GUEST_MODEL is configured to be BetterVisitor."""
    current = config.current()
    config.install(replace(current, swapped_models={"GUEST_MODEL": "swapping.BetterVisitor"}))
    apps.clear_cache()
    yield
    config.install(current)
    apps.clear_cache()


@pytest.mark.feature("O-021")
def test_a_model_has_no_table_where_it_requires_another_database(database):
    made = (NeedsArrays, OnSqlite, Anywhere)
    rowsmith.create_tables(*made)
    try:
        tables = existing_tables(connections["default"])
        assert (NeedsArrays._meta.db_table in tables) is (database.vendor == "postgresql")
        assert (OnSqlite._meta.db_table in tables) is (database.vendor == "sqlite")
        assert Anywhere._meta.db_table in tables
    finally:
        rowsmith.drop_tables(*made)
    [message] = check_models([Needy])
    assert message.id == "rowsmith.E106"
    assert "row_locks_that_nobody_has" in message.msg


@pytest.mark.feature("O-020")
def test_permissions_are_told_and_nothing_more(database):
    assert Anywhere._meta.permissions == [("may_fly", "Can fly")]
    assert Anywhere._meta.default_permissions == ("view",)
    assert OnSqlite._meta.permissions == ()
    assert OnSqlite._meta.default_permissions == ("add", "change", "delete", "view")
    assert Anywhere._meta.original_attrs["permissions"] == [("may_fly", "Can fly")]
    assert not [name for name in existing_tables(connections["default"]) if "permission" in name]


@pytest.mark.feature("O-027")
def test_a_swappable_model_is_used_while_nothing_takes_its_place(tables):
    tables(Visitor)
    assert Visitor._meta.swapped is None
    assert Visitor.objects.create(name="Ann").pk
    assert Visitor in apps.get_models()
    assert check_models([Visitor, Guest, Badge]) == []


@pytest.mark.feature("O-027", "F-068")
def test_a_swapped_model_has_no_manager_and_no_table(swapped):
    assert Guest._meta.swapped == "swapping.BetterVisitor"
    assert BetterVisitor._meta.swapped is None
    with pytest.raises(AttributeError, match=r"swapped for 'swapping\.BetterVisitor'"):
        Guest.objects
    assert Guest not in apps.get_models()
    assert Guest in apps.get_models(include_swapped=True)
    rowsmith.create_tables(Guest, BetterVisitor)
    try:
        tables = existing_tables(connections["default"])
        assert BetterVisitor._meta.db_table in tables
        assert Guest._meta.db_table not in tables
        BetterVisitor.objects.create(name="Bo")
    finally:
        rowsmith.drop_tables(BetterVisitor)
    [message] = check_models([Guest, Badge])
    assert message.id == "fields.E301"
    assert "swapping.BetterVisitor" in message.hint


@pytest.mark.feature("O-027")
def test_a_model_may_be_swapped_for_itself(database):
    current = config.current()
    config.install(replace(current, swapped_models={"VISITOR_MODEL": "swapping.visitor"}))
    try:
        assert Visitor._meta.swapped is None
    finally:
        config.install(current)
    with pytest.raises(ImproperlyConfigured, match="mapping"):
        config.configure("sqlite://", swapped_models=["swapping.Visitor"])


@pytest.mark.feature("F-068")
def test_a_foreign_key_says_whether_it_follows_the_configuration():
    shared = {"apps": Apps(), "app_label": "swapping2"}

    class Target(models.Model):
        Meta = type("Meta", (), {**shared, "swappable": "TARGET_MODEL"})

    class Pointing(models.Model):
        follows = models.ForeignKey(Target, models.CASCADE, related_name="+")
        stays = models.ForeignKey(Target, models.CASCADE, related_name="+", swappable=False)
        Meta = type("Meta", (), shared)

    assert Pointing._meta.get_field("follows").swappable is True
    assert Pointing._meta.get_field("stays").swappable is False
    assert Pointing._meta.get_field("stays").clone().swappable is False
