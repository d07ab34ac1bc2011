"""Generated fields as definitions: what they take, what is refused, and the tables that they make."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.dialects.postgresql import Dialect as Postgresql
from rowsmith.dialects.sqlite import Dialect as Sqlite
from rowsmith.models import F, Q
from tests.models.test_tables import statements


class Line(models.Model):
    price = models.IntegerField()
    amount = models.PositiveIntegerField()
    data = models.JSONField()
    total = models.GeneratedField(
        expression=F("price") * F("amount"), output_field=models.PositiveIntegerField(), db_persist=True, db_index=True
    )
    cheap = models.GeneratedField(
        expression=Q(price__lt=5) | Q(amount=0), output_field=models.BooleanField(), db_persist=False, db_column="low"
    )


def made(**options):
    return models.GeneratedField(
        **{"expression": F("a"), "output_field": models.IntegerField(), "db_persist": True, **options}
    )


@pytest.mark.feature("G-001", "G-003")
@pytest.mark.parametrize(
    "options, told",
    [
        ({"db_persist": None}, "True .stored. or False"),
        ({"db_persist": 1}, "not 1"),
        ({"output_field": None}, "IntegerField"),
        ({"output_field": models.IntegerField}, "instance"),
        ({"output_field": models.ForeignKey("self", models.CASCADE)}, "no relation"),
        ({"expression": "a"}, "expression"),
        ({"expression": 5}, "expression"),
        ({"editable": True}, "editable"),
        ({"blank": False}, "blank"),
        ({"default": 1}, "default"),
        ({"default": None}, "default"),
        ({"db_default": 1}, "database default"),
    ],
)
def test_what_cannot_be_a_generated_field_is_refused(options, told):
    with pytest.raises(ValueError, match=told):
        made(**options)


@pytest.mark.feature("G-001")
def test_all_arguments_are_keywords_and_needed():
    with pytest.raises(TypeError):
        models.GeneratedField(F("a"), models.IntegerField(), True)
    with pytest.raises(TypeError, match="expression"):
        models.GeneratedField(output_field=models.IntegerField(), db_persist=True)
    with pytest.raises(TypeError, match="output_field"):
        models.GeneratedField(expression=F("a"), db_persist=True)
    with pytest.raises(ValueError, match="db_persist"):
        models.GeneratedField(expression=F("a"), output_field=models.IntegerField())


@pytest.mark.feature("G-001", "G-008")
def test_it_can_be_taken_apart_and_built_again():
    field = Line._meta.get_field("total")
    name, path, args, keywords = field.deconstruct()
    assert (name, path, args) == ("total", "rowsmith.models.GeneratedField", [])
    assert set(keywords) == {"expression", "output_field", "db_persist", "db_index"}
    twin = field.clone()
    assert twin.deconstruct()[1:] == (path, args, keywords)
    assert twin.editable is False
    assert twin.blank is True


@pytest.mark.feature("G-002", "G-006")
@pytest.mark.parametrize("dialect", [Sqlite, Postgresql])
def test_the_columns_of_both_databases(dialect):
    create, *indexes = statements(dialect, Line)
    assert '"total" integer unsigned' in create or '"total" integer' in create
    assert 'GENERATED ALWAYS AS (("price" * "amount")) STORED CHECK ("total" >= 0)' in create
    assert 'GENERATED ALWAYS AS (("price" < 5 OR "amount" = 0)) VIRTUAL' in create
    assert '"low" bool' in create
    assert any('("total")' in index for index in indexes)


@pytest.mark.feature("G-003", "V-001", "V-002")
def test_the_constructor_takes_a_value_for_it_but_needs_none():
    assert vars(Line(price=1, amount=2, data={})).keys() == {"_adding", "id", "price", "amount", "data"}
    assert Line(total=5).total == 5
    assert Line(1, 2, 3, {}, 4, True).cheap is True
    with pytest.raises(IndexError):
        Line(1, 2, 3, {}, 4, True, 6)


@pytest.mark.feature("G-001")
def test_an_abstract_model_gives_each_child_a_field_of_its_own():
    class Base(models.Model):
        a = models.IntegerField()
        twice = made(expression=F("a") * 2)

        class Meta:
            abstract = True

    class FirstDoubled(Base):
        pass

    class SecondDoubled(Base):
        pass

    assert FirstDoubled.twice.field.output_field is not SecondDoubled.twice.field.output_field
    assert FirstDoubled.twice.field.output_field.model is FirstDoubled
