"""Values that are written into definitions, which take no parameters: they mean what they mean in a query."""

from __future__ import annotations

import datetime as dt
import decimal
import itertools
import uuid

import pytest

from rowsmith import models
from rowsmith.exceptions import CheckViolation, ValidationError
from rowsmith.models import Case, F, Q, Value, When
from rowsmith.models.functions import Cast, Coalesce, Concat, Replace

_labels = itertools.count()

WORDS = [
    "it's", 'a "b"', "100%", "?", "%s", "%(x)s", "{0}", "back\\slash", "new\nline", ";--", "/* x */", "$1",
    "日本 😀", " ",
]  # fmt: skip

ZONE = dt.timezone(dt.timedelta(hours=5, minutes=30))

VALUES = [
    *[(models.TextField, {}, word) for word in WORDS],
    (models.CharField, {"max_length": 9}, ""),
    (models.IntegerField, {}, -5),
    (models.BigIntegerField, {}, -(2**63)),
    (models.BigIntegerField, {}, 2**63 - 1),
    (models.FloatField, {}, -1.5e-300),
    (models.FloatField, {}, 1e300),
    (models.FloatField, {}, 0.1),
    (models.DecimalField, {"max_digits": 20, "decimal_places": 5}, decimal.Decimal("-1234567890.12345")),
    (models.DecimalField, {"max_digits": 12, "decimal_places": 3}, decimal.Decimal("1E-3")),
    (models.BooleanField, {}, True),
    (models.BooleanField, {}, False),
    (models.DateField, {}, dt.date(1, 1, 1)),
    (models.DateField, {}, dt.date(9999, 12, 31)),
    (models.TimeField, {}, dt.time(23, 59, 59, 999999)),
    (models.DateTimeField, {}, dt.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=ZONE)),
    (models.DurationField, {}, dt.timedelta(days=-3, microseconds=7)),
    (models.UUIDField, {}, uuid.UUID(int=5)),
    (models.BinaryField, {}, b"\x00\xff'\""),
    (models.BinaryField, {}, b""),
    (models.JSONField, {}, {"it's": ['"', None, 1.5, True, "\\", "%s ?"]}),
    (models.JSONField, {}, "text"),
    (models.JSONField, {}, []),
    (models.GenericIPAddressField, {}, "::1"),
]


def made(**fields):
    constraints = fields.pop("constraints", [])
    meta = type("Meta", (), {"app_label": f"awkward{next(_labels)}", "constraints": constraints})
    return type("Awkward", (models.Model,), {"__module__": __name__, "Meta": meta, **fields})


@pytest.mark.feature("G-011")
@pytest.mark.parametrize("kind, options, value", VALUES, ids=lambda v: "" if isinstance(v, dict) else repr(v)[-20:])
def test_every_value_can_be_a_default_of_the_database(tables, kind, options, value):
    model = made(plain=kind(**options, db_default=value), number=models.IntegerField(default=0))
    tables(model)
    row = model.objects.create()
    row.refresh_from_db()
    assert (bytes(row.plain) if isinstance(value, bytes) else row.plain) == value
    if kind not in (models.JSONField, models.BinaryField):
        assert model.objects.filter(plain=value).count() == 1


@pytest.mark.feature("G-002", "G-011")
@pytest.mark.parametrize("word", WORDS)
def test_every_text_can_be_part_of_what_is_computed(tables, word):
    model = made(
        word=models.TextField(),
        joined=models.GeneratedField(
            expression=Concat("word", Value(word)), output_field=models.TextField(), db_persist=True
        ),
        cut=models.GeneratedField(
            expression=Replace("word", Value(word), Value("")), output_field=models.TextField(), db_persist=False
        ),
        chosen=models.GeneratedField(
            expression=Case(When(word__contains=word, then=Value(word)), default=Value("other")),
            output_field=models.TextField(),
            db_persist=True,
        ),
        is_it=models.GeneratedField(
            expression=Q(word__in=[word, "x"]), output_field=models.BooleanField(), db_persist=False
        ),
        default=models.TextField(db_default=Concat(Value(word), Value("!"))),
    )
    tables(model)
    row = model.objects.create(word=f"a{word}b")
    assert (row.joined, row.cut, row.chosen) == (f"a{word}b{word}", "ab", word)
    assert (row.is_it, row.default) == (False, f"{word}!")
    assert model.objects.create(word=word).is_it is True
    assert model.objects.get(joined=f"a{word}b{word}", chosen=word) == row


@pytest.mark.feature("C-006")
@pytest.mark.parametrize("word", WORDS)
def test_every_text_can_be_part_of_a_rule(tables, word):
    allowed = ~Q(word__endswith=word) | Q(word=word) | Q(word__in=["x", word])
    rule = models.CheckConstraint(condition=allowed, name="rule")
    condition = Q(word__startswith=word)
    partial = models.UniqueConstraint(fields=["number"], condition=condition, name=f"partial{next(_labels)}")
    model = made(word=models.TextField(), number=models.IntegerField(default=0), constraints=[rule, partial])
    tables(model)
    model.objects.create(word=word)
    with pytest.raises(CheckViolation):
        model.objects.create(word=f"a{word}")
    for constraint, broken in ((rule, model(word=f"a{word}", number=1)), (partial, model(word=word))):
        with pytest.raises(ValidationError, match=constraint.name):
            constraint.validate(model, broken)
        constraint.validate(model, model(word=f"{word}a", number=5))


@pytest.mark.feature("G-002")
def test_numbers_and_moments_in_what_is_computed(tables):
    model = made(
        number=models.IntegerField(null=True),
        exact=models.DecimalField(max_digits=9, decimal_places=2, default=decimal.Decimal("2.50")),
        day=models.DateField(default=dt.date(2024, 3, 1)),
        at=models.DateTimeField(default=dt.datetime(2024, 3, 1, tzinfo=dt.UTC)),
        less=models.GeneratedField(
            expression=F("number") - Value(-5) * -2, output_field=models.IntegerField(), db_persist=True
        ),
        share=models.GeneratedField(
            expression=F("exact") * decimal.Decimal("-0.1"),
            output_field=models.DecimalField(max_digits=12, decimal_places=4),
            db_persist=True,
        ),
        ratio=models.GeneratedField(
            expression=Cast("number", models.FloatField()) / 3.0, output_field=models.FloatField(), db_persist=False
        ),
        is_old=models.GeneratedField(
            expression=Q(day__lt=dt.date(2025, 1, 1)) & Q(at__gte=dt.datetime(2024, 3, 1, 5, 30, tzinfo=ZONE)),
            output_field=models.BooleanField(),
            db_persist=True,
        ),
        known=models.GeneratedField(
            expression=Coalesce("number", Value(-1)), output_field=models.IntegerField(), db_persist=False
        ),
    )
    tables(model)
    row = model.objects.create(number=4)
    assert (row.less, row.share, row.is_old, row.known) == (-6, decimal.Decimal("-0.25"), True, 4)
    assert abs(row.ratio - 4 / 3) < 1e-9
    row = model.objects.create()
    assert (row.less, row.ratio, row.known) == (None, None, -1)
    assert model.objects.filter(share__lt=decimal.Decimal("-0.2")).count() == 2
