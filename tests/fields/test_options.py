"""The options of fields: what they take, what they imply, and how a field is taken apart and built again."""

from __future__ import annotations

import copy
import pickle

import pytest

from rowsmith import models
from rowsmith.exceptions import ValidationError
from rowsmith.sql import types


class Key(models.Model):
    name = models.CharField(max_length=5, unique=True)


def callable_default():
    return 5


@pytest.mark.feature("F-022")
def test_unknown_options_name_the_nearest():
    with pytest.raises(TypeError, match=r"CharField has no option 'max_lenght'. Did you mean 'max_length'"):
        models.CharField(max_lenght=5)
    with pytest.raises(TypeError, match="Did you mean 'decimal_places'"):
        models.DecimalField(decimal_place=5)
    with pytest.raises(TypeError, match="Did you mean 'related_name'"):
        models.ForeignKey(Key, models.CASCADE, relatd_name="x")


@pytest.mark.feature("F-022")
@pytest.mark.parametrize("cls", [models.IntegerField, models.TextField, models.BooleanField, models.JSONField])
def test_the_common_options_go_with_every_field(cls):
    field = cls(auto_created=True, serialize=False, db_tablespace="fast", max_length=5)
    assert (field.auto_created, field.serialize, field.db_tablespace, field.max_length) == (True, False, "fast", 5)


FIELDS = [
    models.CharField("Full name", max_length=5, unique=True),
    models.TextField(blank=True, null=True, db_collation="NOCASE"),
    models.SlugField(),
    models.SlugField(db_index=False, max_length=5, allow_unicode=True),
    models.EmailField(),
    models.URLField(max_length=500),
    models.IntegerField(default=callable_default, choices={1: "one"}),
    models.PositiveSmallIntegerField(db_default=5),
    models.BigAutoField(primary_key=True),
    models.BooleanField(default=False, help_text="?"),
    models.DecimalField(max_digits=5, decimal_places=2),
    models.FloatField(db_column="f", db_comment="a number"),
    models.DateField(auto_now=True),
    models.DateTimeField(auto_now_add=True, unique_for_date="x"),
    models.TimeField(editable=False),
    models.DurationField(db_index=True),
    models.UUIDField(primary_key=True, default=callable_default),
    models.BinaryField(editable=True, max_length=10),
    models.JSONField(default=dict),
    models.GenericIPAddressField(protocol="ipv4"),
    models.ForeignKey(Key, models.PROTECT, related_name="+", to_field="name", db_index=False),
    models.ForeignKey("app.Later", models.SET("x"), db_constraint=False),
    models.OneToOneField(Key, models.CASCADE, primary_key=True),
    models.ManyToManyField(Key, symmetrical=False, db_table="links"),
]


@pytest.mark.feature("F-084", "F-089")
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: type(field).__name__)
def test_a_field_is_rebuilt_from_its_parts(field):
    _, path, args, keywords = field.deconstruct()
    assert path == f"rowsmith.models.{type(field).__name__}"
    rebuilt = getattr(models, path.rpartition(".")[2])(*args, **keywords)
    assert rebuilt.deconstruct() == field.deconstruct()
    assert field.clone().deconstruct() == field.deconstruct()


@pytest.mark.feature("F-084")
def test_defaults_are_left_out():
    assert models.CharField().deconstruct() == (None, "rowsmith.models.CharField", [], {})
    assert models.IntegerField(null=False, blank=False).deconstruct()[3] == {}
    assert models.DateField(auto_now=True).deconstruct()[3] == {"auto_now": True}
    assert models.SlugField().deconstruct()[3] == {}


@pytest.mark.feature("F-089")
def test_fields_are_ordered_by_creation_and_equal_to_their_copies():
    first, second = models.IntegerField(), models.IntegerField()
    assert first < second
    assert first != second
    assert copy.copy(first) == first
    assert copy.deepcopy(first) == first
    assert pickle.loads(pickle.dumps(first)) == first
    assert hash(copy.deepcopy(first)) == hash(first)
    attached = Key._meta.get_field("name")
    assert pickle.loads(pickle.dumps(attached)) is attached


@pytest.mark.feature("F-020", "F-014")
def test_a_primary_key_is_unique():
    field = models.CharField(primary_key=True)
    assert field.unique
    assert not field.null


@pytest.mark.feature("F-018", "M-022", "V-050")
def test_error_messages_are_replaced_by_key():
    field = models.CharField(max_length=2, error_messages={"blank": "Say it!", "max_length": "Too long."})
    field.set_attributes_from_name("x")
    for value, message in (("", "Say it!"), ("abc", "Too long.")):
        with pytest.raises(ValidationError) as caught:
            field.clean(value, None)
        assert caught.value.messages == [message]
    with pytest.raises(ValidationError) as caught:
        field.clean(None, None)
    assert caught.value.code == "null"


@pytest.mark.feature("F-017")
def test_what_is_not_editable_is_not_validated():
    field = models.CharField(editable=False)
    field.set_attributes_from_name("x")
    assert field.clean("", None) == ""


@pytest.mark.feature("F-021")
def test_validators_run_after_conversion_and_skip_empty_values():
    seen = []
    field = models.IntegerField(validators=[seen.append], blank=True, null=True)
    field.set_attributes_from_name("x")
    field.clean("5", None)
    field.clean(None, None)
    assert seen == [5]


@pytest.mark.feature("F-035")
def test_automatic_dates_are_not_edited():
    field = models.DateTimeField(auto_now=True)
    assert not field.editable
    assert field.blank


@pytest.mark.feature("M-034", "M-035", "M-030")
def test_verbose_names_come_from_the_first_argument_or_the_name():
    class Person(models.Model):
        first_name = models.CharField()
        last = models.CharField("family name", help_text="as in the passport")
        friend = models.ForeignKey("self", models.CASCADE, verbose_name="best friend")

    names = {field.name: field.verbose_name for field in Person._meta.fields}
    assert names == {"id": "ID", "first_name": "first name", "last": "family name", "friend": "best friend"}


@pytest.mark.feature("F-080", "F-066", "F-055")
def test_a_foreign_key_has_the_type_of_what_it_refers_to():
    class Note(models.Model):
        by_id = models.ForeignKey(Key, models.CASCADE, related_name="+")
        by_name = models.ForeignKey(Key, models.CASCADE, to_field="name", related_name="+")

    by_id, by_name = Note._meta.get_field("by_id"), Note._meta.get_field("by_name")
    assert by_id.sql_type == types.Integer(64)
    assert by_name.sql_type == types.Varchar(5)
    assert (by_id.attname, by_id.column, by_id.db_index) == ("by_id_id", "by_id_id", True)
    assert by_name.target_field is Key._meta.get_field("name")


@pytest.mark.feature("M-036")
def test_on_delete_is_required_and_checked():
    with pytest.raises(TypeError):
        models.ForeignKey(Key)
    with pytest.raises(TypeError, match="on_delete must be one of CASCADE"):
        models.ForeignKey(Key, "cascade")


def test_a_relation_must_name_a_model():
    for wrong in (5, None, object, "a.b.c", ""):
        with pytest.raises(TypeError, match="must name a model"):
            models.ForeignKey(wrong, models.CASCADE)


@pytest.mark.feature("F-075")
def test_options_of_many_to_many_that_contradict_each_other():
    with pytest.raises(ValueError):
        models.ManyToManyField(Key, through="x", db_table="y")
    with pytest.raises(ValueError):
        models.ManyToManyField(Key, through="x", db_constraint=False)


@pytest.mark.feature("M-019", "F-086", "F-080")
def test_a_custom_field_borrows_the_column_of_a_built_in_one():
    class Upper(models.Field):
        description = "Text in capitals (%(max_length)s)"

        def get_internal_type(self):
            return "CharField"

        def get_prep_value(self, value):
            return None if value is None else str(value).upper()

    class Sign(models.Model):
        text = Upper(max_length=7)

    field = Sign._meta.get_field("text")
    assert field.sql_type == types.Varchar(7)
    assert field.get_prep_value("ab") == "AB"
    assert field.description % field.__dict__ == "Text in capitals (7)"


@pytest.mark.feature("F-085")
def test_attributes_that_need_no_alter_are_listed():
    assert {"blank", "choices", "help_text", "verbose_name", "validators"} <= set(models.Field.non_db_attrs)
