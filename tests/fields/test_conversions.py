"""Values become what a field holds, or an error that names the field; nothing else reaches the database."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
import warnings

import pytest

from rowsmith import models, timezone
from rowsmith.exceptions import ValidationError


def attached(field: models.Field, name: str = "value") -> models.Field:
    field.set_attributes_from_name(name)
    return field


@pytest.mark.feature("F-026")
@pytest.mark.parametrize(
    "field",
    [models.IntegerField(), models.FloatField(), models.BigAutoField(primary_key=True)],
    ids=lambda field: type(field).__name__,
)
def test_what_is_no_number_is_refused_by_name(field):
    attached(field, "age")
    with pytest.raises(ValueError, match="Field 'age' expected a number but got 'abc'"):
        field.get_prep_value("abc")
    with pytest.raises(TypeError, match="Field 'age' expected a number"):
        field.get_prep_value([])


@pytest.mark.feature("F-026")
@pytest.mark.parametrize(
    "field, wrong",
    [
        (models.BooleanField(), "maybe"),
        (models.DecimalField(max_digits=5, decimal_places=2), "many"),
        (models.DateField(), "yesterday"),
        (models.DateTimeField(), 5),
        (models.TimeField(), "noon"),
        (models.DurationField(), "long"),
        (models.UUIDField(), "x"),
        (models.BinaryField(), "text"),
        (models.IntegerField(), float("nan")),
        (models.IntegerField(), float("inf")),
        (models.DecimalField(), float("nan")),
        (models.DecimalField(), decimal.Decimal("Infinity")),
        (models.DecimalField(), decimal.Decimal("NaN")),
    ],
    ids=str,
)
def test_the_wrong_type_is_a_value_or_type_error_that_names_the_field(field, wrong):
    with pytest.raises((ValueError, TypeError), match="Field 'thing'"):
        attached(field, "thing").get_prep_value(wrong)


@pytest.mark.parametrize(
    "field, given, prepared",
    [
        (models.IntegerField(), "5", 5),
        (models.IntegerField(), True, 1),
        (models.IntegerField(), 5.0, 5),
        (models.CharField(), 5, "5"),
        (models.BooleanField(), "f", False),
        (models.DateField(), "2024-02-29", datetime.date(2024, 2, 29)),
        (models.TimeField(), "12:30", datetime.time(12, 30)),
        (models.DurationField(), "1 02:03:04.5", datetime.timedelta(1, 2 * 3600 + 3 * 60 + 4, 500000)),
        (models.DurationField(), "P1DT2H", datetime.timedelta(1, 7200)),
        (models.BinaryField(), bytearray(b"ab"), b"ab"),
        (models.BinaryField(), memoryview(b"ab"), b"ab"),
        (models.UUIDField(), "0" * 31 + "1", uuid.UUID(int=1)),
        (models.UUIDField(), 1, uuid.UUID(int=1)),
        (models.DecimalField(), "1.50", decimal.Decimal("1.50")),
        (models.GenericIPAddressField(), "2001:DB8::0:1", "2001:db8::1"),
        (models.GenericIPAddressField(unpack_ipv4=True), "::ffff:10.0.0.1", "10.0.0.1"),
    ],
    ids=str,
)
@pytest.mark.feature("F-081", "F-045")
def test_values_of_other_types_are_converted(field, given, prepared):
    found = attached(field).get_prep_value(given)
    assert found == prepared
    assert type(found) is type(prepared)


@pytest.mark.parametrize(
    "field", [models.IntegerField(), models.CharField(), models.DateTimeField(), models.UUIDField()]
)
def test_none_stays_none(field):
    assert attached(field).get_prep_value(None) is None


def test_prep_types_are_exactly_those_that_pass_unchanged():
    samples = {
        int: 5, str: "x", float: 1.5, bool: True, bytes: b"x", dict: {}, list: [], uuid.UUID: uuid.UUID(int=5),
        datetime.date: datetime.date(2024, 1, 1), datetime.time: datetime.time(1),
        datetime.timedelta: datetime.timedelta(1),
    }  # fmt: skip
    for field in (
        models.IntegerField(), models.CharField(), models.FloatField(), models.BooleanField(), models.BinaryField(),
        models.JSONField(), models.UUIDField(), models.DateField(), models.TimeField(), models.DurationField(),
    ):  # fmt: skip
        attached(field)
        assert field.prep_types
        for kind in field.prep_types:
            assert field.get_prep_value(samples[kind]) is samples[kind]


@pytest.mark.feature("F-012")
def test_members_of_enumerations_are_stored_by_value():
    class Size(models.TextChoices):
        SMALL = "s"

    class Level(models.IntegerChoices):
        LOW = 1

    class Plain(str, enum.Enum):  # noqa: UP042 - what many code bases still have
        A = "a"

    for field, member, value in (
        (models.CharField(), Size.SMALL, "s"),
        (models.IntegerField(), Level.LOW, 1),
        (models.CharField(), Plain.A, "a"),
    ):
        found = attached(field).get_prep_value(member)
        assert found == value
        assert type(found) is type(value)


@pytest.mark.feature("F-024")
def test_integers_beyond_64_bits_are_refused_before_they_are_written():
    with pytest.raises(ValueError, match="Field 'n' cannot store"):
        attached(models.BigIntegerField(), "n").get_db_prep_save(2**63, None)


@pytest.mark.feature("F-024", "F-025")
@pytest.mark.parametrize(
    "field, low, high",
    [
        (models.SmallIntegerField(), -(2**15), 2**15 - 1),
        (models.IntegerField(), -(2**31), 2**31 - 1),
        (models.BigIntegerField(), -(2**63), 2**63 - 1),
        (models.PositiveSmallIntegerField(), 0, 2**15 - 1),
        (models.PositiveIntegerField(), 0, 2**31 - 1),
        (models.PositiveBigIntegerField(), 0, 2**63 - 1),
    ],
    ids=str,
)
def test_validation_keeps_integers_within_their_column(field, low, high):
    attached(field)
    assert field.integer_range == (low, high)
    assert field.clean(low, None) == low
    assert field.clean(str(high), None) == high
    for outside, code in ((low - 1, "min_value"), (high + 1, "max_value")):
        with pytest.raises(ValidationError) as caught:
            field.clean(outside, None)
        assert caught.value.error_list[0].code == code


@pytest.mark.feature("F-029")
def test_booleans_read_the_documented_forms():
    field = attached(models.BooleanField())
    assert [field.to_python(value) for value in (True, 1, "t", "True", "1")] == [True] * 5
    assert [field.to_python(value) for value in (False, 0, "f", "False", "0")] == [False] * 5
    assert attached(models.BooleanField(null=True)).to_python("") is None
    with pytest.raises(ValidationError):
        field.to_python("yes")


@pytest.mark.feature("F-037")
def test_a_datetime_given_to_a_date_field_falls_on_the_day_of_the_default_zone():
    late = datetime.datetime(2024, 1, 1, 23, tzinfo=timezone.get_fixed_timezone(-120))
    assert attached(models.DateField()).to_python(late) == datetime.date(2024, 1, 2)


@pytest.mark.feature("F-037", "CF-014")
def test_a_naive_datetime_warns_and_is_read_in_the_default_zone():
    field = attached(models.DateTimeField())
    with pytest.warns(RuntimeWarning, match="naive"):
        found = field.get_prep_value(datetime.datetime(2024, 1, 1))
    assert found == datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    with pytest.warns(RuntimeWarning, match="naive"):
        assert field.get_prep_value(datetime.date(2024, 1, 1)).hour == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aware = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
        assert field.get_prep_value(aware) is aware


@pytest.mark.feature("F-039")
@pytest.mark.parametrize(
    "field, text, code",
    [
        (models.DateField(), "2024/01/01", "invalid"),
        (models.DateField(), "2023-02-29", "invalid_date"),
        (models.DateTimeField(), "soon", "invalid"),
        (models.DateTimeField(), "2023-02-29", "invalid_date"),
        (models.DateTimeField(), "2023-02-28 25:00", "invalid_datetime"),
        (models.TimeField(), "late", "invalid"),
        (models.TimeField(), "25:00", "invalid_time"),
    ],
)
def test_bad_dates_and_times_have_their_own_codes(field, text, code):
    with pytest.raises(ValidationError) as caught:
        attached(field).to_python(text)
    assert caught.value.code == code


@pytest.mark.feature("F-039")
@pytest.mark.parametrize(
    "text, expected",
    [
        ("2024-01-02", datetime.datetime(2024, 1, 2)),
        ("2024-01-02 3:04", datetime.datetime(2024, 1, 2, 3, 4)),
        ("2024-01-02T03:04:05.25Z", datetime.datetime(2024, 1, 2, 3, 4, 5, 250000, tzinfo=datetime.UTC)),
        ("2024-01-02 03:04:05-02:30", datetime.datetime(2024, 1, 2, 5, 34, 5, tzinfo=datetime.UTC)),
        ("2024-1-2 03:04:05.1234567", datetime.datetime(2024, 1, 2, 3, 4, 5, 123456)),
    ],
)
def test_iso_text_is_parsed(text, expected):
    assert attached(models.DateTimeField()).to_python(text) == expected


@pytest.mark.feature("F-040", "F-041")
def test_decimals_are_checked_for_their_digits():
    field = attached(models.DecimalField(max_digits=4, decimal_places=2))
    assert field.clean("12.34", None) == decimal.Decimal("12.34")
    for value, code in (("123.45", "max_digits"), ("1.234", "max_decimal_places"), ("123.4", "max_whole_digits")):
        with pytest.raises(ValidationError) as caught:
            field.clean(value, None)
        assert caught.value.error_list[0].code == code
    for value in ("NaN", "Infinity", "-Infinity"):
        with pytest.raises(ValidationError):
            field.clean(value, None)
    assert field.to_python(0.1) == decimal.Decimal("0.1")


@pytest.mark.feature("F-027", "F-028")
def test_binary_text_is_strict_base64():
    field = attached(models.BinaryField())
    assert not field.editable
    assert bytes(field.to_python("aGk=")) == b"hi"
    for wrong in ("aGk", "a*k=", "é"):
        with pytest.raises(ValidationError):
            field.to_python(wrong)
    holder = type("Holder", (), {"value": b"hi"})()
    assert field.value_to_string(holder) == "aGk="


@pytest.mark.feature("F-046")
def test_json_refuses_what_cannot_be_json():
    field = attached(models.JSONField())
    assert field.clean({"a": [1, None]}, None) == {"a": [1, None]}
    with pytest.raises(ValidationError):
        field.clean({"a": {1, 2}}, None)
    with pytest.raises(ValueError):
        models.JSONField(encoder="no callable")


@pytest.mark.feature("F-045")
def test_addresses_are_normalised_and_validated():
    field = attached(models.GenericIPAddressField(protocol="IPv4"))
    assert field.clean("10.0.0.1", None) == "10.0.0.1"
    with pytest.raises(ValidationError):
        field.clean("::1", None)
    with pytest.raises(ValueError):
        models.GenericIPAddressField(protocol="ipv4", unpack_ipv4=True)
    with pytest.raises(ValueError):
        models.GenericIPAddressField(protocol="ipx")


@pytest.mark.feature("F-043")
def test_text_fields_of_a_form_bring_their_length_and_validator():
    assert models.EmailField().max_length == 254
    assert models.URLField().max_length == 200
    assert models.SlugField().max_length == 50
    assert models.SlugField().db_index
    for field, good, bad in (
        (models.EmailField(), "a@example.com", "a@"),
        (models.URLField(), "https://example.com/x", "example"),
        (models.SlugField(), "a-b_c", "a b"),
        (models.SlugField(allow_unicode=True), "ä-b", "ä b"),
    ):
        attached(field)
        assert field.clean(good, None) == good
        with pytest.raises(ValidationError):
            field.clean(bad, None)


@pytest.mark.feature("F-031", "F-032")
def test_max_length_is_enforced_for_char_fields_only():
    with pytest.raises(ValidationError) as caught:
        attached(models.CharField(max_length=2)).clean("abc", None)
    assert caught.value.error_list[0].code == "max_length"
    assert attached(models.TextField(max_length=2)).clean("abc", None) == "abc"
