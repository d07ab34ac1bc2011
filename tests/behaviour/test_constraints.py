"""Constraints and indexes in real tables, and asked about before a row is written: one query for each."""

from __future__ import annotations

import pytest

from rowsmith import models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import CheckViolation, IntegrityError, ValidationError
from rowsmith.models import Deferrable, F, Q, Value
from rowsmith.models.expressions import RawSQL
from rowsmith.models.functions import Coalesce, Length, Lower
from rowsmith.testing import recorded_statements


class Hall(models.Model):
    name = models.CharField(max_length=20, null=True)
    floor = models.IntegerField(default=0)
    seats = models.IntegerField(null=True)
    is_open = models.BooleanField(default=True)
    area = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    twice = models.GeneratedField(
        expression=F("floor") * 2, output_field=models.IntegerField(), db_persist=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(seats__gte=1) & Q(seats__lt=100), name="some_seats"),
            models.CheckConstraint(condition=Q(twice__lt=Value(50)), name="low", violation_error_code="high"),
            models.UniqueConstraint(
                Lower("name"), F("floor").desc(), name="one_name", violation_error_message="%(name)s: taken"
            ),
            models.UniqueConstraint(fields=["seats"], condition=Q(is_open=False), name="one_closed"),
            models.UniqueConstraint(fields=["area", "is_open"], nulls_distinct=True, name="one_area"),
        ]
        indexes = [
            models.Index(Lower("name").desc(), F("floor"), name="room_by_name"),
            models.Index(fields=["-floor", "seats"], condition=Q(is_open=True), name="room_open"),
            models.Index(fields=["seats"], include=["floor"], name="room_seats"),
        ]


class Seat(models.Model):
    """A position that may be taken twice until the end of the transaction."""

    number = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="one_number", deferrable=Deferrable.DEFERRED)
        ]


class Slot(models.Model):
    """NULLs that are equal."""

    hour = models.IntegerField(null=True)
    word = models.TextField(null=True)
    owner = models.ForeignKey(Seat, models.CASCADE, null=True, blank=True)
    size = models.GeneratedField(expression=Length("word"), output_field=models.IntegerField(), db_persist=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "owner"], nulls_distinct=False, name="one_hour"),
            models.UniqueConstraint(fields=["size"], name="one_size"),
            models.CheckConstraint(condition=Q(RawSQL("hour < 24", (), models.BooleanField())), name="of_a_day"),
            models.CheckConstraint(
                condition=models.Case(
                    models.When(hour=13, then=Value(False)), default=Value(True), output_field=models.BooleanField()
                ),
                name="no_thirteen",
            ),
        ]


@pytest.fixture
def rooms(tables):
    tables(Hall)


@pytest.fixture
def slots(tables):
    tables(Seat, Slot)


def judged(instance, name):
    """What the constraint of that name says to the instance, and with how many statements."""
    [constraint] = [one for one in type(instance)._meta.constraints if one.name == name]
    with recorded_statements() as seen:
        try:
            constraint.validate(type(instance), instance)
        except ValidationError as error:
            return error.code, len(seen)
    return True, len(seen)


@pytest.mark.feature("C-006", "C-007", "C-009")
def test_the_database_keeps_checks(rooms):
    Hall.objects.create(seats=None)
    room = Hall.objects.create(seats=99, area=1)
    with pytest.raises(CheckViolation), transaction.atomic():
        Hall.objects.create(seats=100)
    room.seats = 0
    with pytest.raises(IntegrityError), transaction.atomic():
        room.save()
    assert Hall.objects.count() == 2


@pytest.mark.feature("C-001", "C-003", "C-004", "C-020", "C-021")
def test_each_constraint_asks_once_before_the_row_is_written(rooms):
    Hall.objects.create(name="Blue", floor=3, seats=5, is_open=False, area="1.50")
    assert judged(Hall(seats=100), "some_seats") == (None, 1)
    assert judged(Hall(seats=None), "some_seats") == (True, 1)
    # The generated column is computed from what it depends on, also where the instance holds an old value.
    assert judged(Hall(floor=25), "low") == ("high", 1)
    assert judged(Hall(floor=24, twice=99), "low") == (True, 1)
    assert judged(Hall(name="BLUE", floor=3), "one_name") == (None, 1)
    assert judged(Hall(name="BLUE", floor=4), "one_name") == (True, 1)
    assert judged(Hall(name=None, floor=3), "one_name") == (True, 1)
    assert judged(Hall(seats=5, is_open=False), "one_closed") == (None, 1)
    assert judged(Hall(seats=5, is_open=True), "one_closed") == (True, 1)
    assert judged(Hall(seats=None, is_open=False), "one_closed") == (True, 0)
    assert judged(Hall(area="1.50", is_open=False), "one_area") == ("unique_together", 1)
    assert judged(Hall(area=None, is_open=False), "one_area") == (True, 0)
    stored = Hall.objects.get()
    for constraint in Hall._meta.constraints:
        assert judged(stored, constraint.name)[0] is True


@pytest.mark.feature("C-004", "C-018", "V-048")
def test_full_clean_sends_one_query_for_each(rooms):
    Hall.objects.create(name="Blue", floor=3, seats=5, area="1.50")
    room = Hall(name="blue", floor=3, seats=500, area="1.50")
    with recorded_statements() as seen, pytest.raises(ValidationError) as caught:
        room.full_clean()
    assert len(seen) == len(Hall._meta.constraints)
    messages = sorted(message for messages in caught.value.message_dict.values() for message in messages)
    assert "one_name: taken" in messages
    assert len(messages) == 3
    room.full_clean(exclude=["name", "seats", "area"])


@pytest.mark.feature("C-016", "C-017")
def test_nulls_may_be_equal(slots, database):
    place = Seat.objects.create(number=1)
    Slot.objects.create(hour=None, owner=None, word="abc")
    Slot.objects.create(hour=1, owner=place)
    assert judged(Slot(hour=None, owner=None), "one_hour") == ("unique_together", 1)
    assert judged(Slot(hour=1, owner=None), "one_hour") == (True, 1)
    assert judged(Slot(hour=None, owner=place), "one_hour") == (True, 1)
    assert judged(Slot(hour=1, owner=place), "one_hour") == ("unique_together", 1)
    if database.server_features.nulls_not_distinct:
        with pytest.raises(IntegrityError), transaction.atomic():
            Slot.objects.create(hour=None, owner=None)
    else:
        Slot.objects.create(hour=None, owner=None)


@pytest.mark.feature("C-021")
def test_uniqueness_of_a_generated_column(slots):
    Slot.objects.create(hour=1, word="abc")
    assert judged(Slot(word="xyz"), "one_size") == ("unique", 1)
    assert judged(Slot(word="xyzz"), "one_size") == (True, 1)
    assert judged(Slot(word=None), "one_size")[0] is True
    with pytest.raises(IntegrityError), transaction.atomic():
        Slot.objects.create(hour=2, word="xyz")
    with pytest.raises(ValidationError) as caught:
        Slot(hour=3, word="xyz").full_clean()
    assert list(caught.value.message_dict) == ["size"]


@pytest.mark.feature("C-008")
def test_what_the_user_wrote_in_sql_is_kept_by_the_database_alone(slots):
    assert judged(Slot(hour=30), "of_a_day") == (True, 0)
    assert judged(Slot(hour=13), "no_thirteen") == (None, 1)
    with pytest.raises(CheckViolation), transaction.atomic():
        Slot.objects.create(hour=30)
    with pytest.raises(CheckViolation), transaction.atomic():
        Slot.objects.create(hour=13)


@pytest.mark.feature("C-014")
def test_a_deferred_constraint_waits_for_the_commit(slots, database):
    one, two = Seat.objects.create(number=1), Seat.objects.create(number=2)
    with transaction.atomic():
        Seat.objects.filter(pk=one.pk).update(number=2)
        Seat.objects.filter(pk=two.pk).update(number=1)
    assert list(Seat.objects.order_by("pk").values_list("number", flat=True)) == [2, 1]
    if not database.server_features.deferrable_unique:
        return
    with pytest.raises(IntegrityError), transaction.atomic():
        Seat.objects.filter(pk=two.pk).update(number=2)
        assert Seat.objects.filter(number=2).count() == 2


@pytest.mark.feature("C-024", "C-025", "C-028", "C-029", "C-030")
def test_the_indexes_are_there(rooms):
    connection = connections["default"]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s",
                           [Hall._meta.db_table])  # fmt: skip
        else:
            cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [Hall._meta.db_table])
        found = dict(cursor.fetchall())
    assert "desc" in found["room_by_name"].lower()
    assert "lower" in found["room_by_name"].lower()
    assert "where" in found["room_open"].lower()
    assert ("INCLUDE (floor)" in found["room_seats"]) is (connection.vendor == "postgresql")


@pytest.mark.feature("C-020")
def test_expressions_of_several_kinds_can_be_unique(tables):
    class Kind(models.Model):
        first = models.CharField(max_length=9, null=True)
        second = models.CharField(max_length=9, null=True)
        number = models.DecimalField(max_digits=5, decimal_places=2, default=0)
        data = models.JSONField(default=dict)

        class Meta:
            constraints = [
                models.UniqueConstraint(Coalesce("first", "second"), "number", name="either"),
                models.UniqueConstraint(F("number") + Length("first"), name="sum_of"),
                models.UniqueConstraint(F("data__code"), name="one_code", condition=Q(data__kind="x")),
            ]

    tables(Kind)
    Kind.objects.create(first="a", second="b", number="1.5", data={"code": 1, "kind": "x"})
    assert judged(Kind(first=None, second="a", number="1.50"), "either") == (None, 1)
    assert judged(Kind(first="a", second=None, number="1.51"), "either") == (True, 1)
    assert judged(Kind(first="z", number="1.5"), "sum_of") == (None, 1)
    assert judged(Kind(first="zz", number="1.5"), "sum_of") == (True, 1)
    assert judged(Kind(data={"code": 1, "kind": "x"}), "one_code") == (None, 1)
    assert judged(Kind(data={"code": 1, "kind": "y"}), "one_code") == (True, 1)
    assert judged(Kind(data={"code": 2, "kind": "x"}), "one_code") == (True, 1)


@pytest.mark.feature("C-007")
@pytest.mark.parametrize(
    "condition",
    [Q(number__lt=2**40), Q(number__lt=2**100), Q(number__gt=-(2**100)), ~Q(number=2**70), Q(number__gte=-0.5),
     ~Q(number__gt=2**100), Q(number__in=[1, 2**90]), Q(number__range=(0, 2**90))],
    ids=str,
)  # fmt: skip
def test_a_rule_lets_a_missing_value_pass_whatever_it_is_compared_with(tables, condition):
    class Bounded(models.Model):
        number = models.IntegerField(null=True)

        class Meta:
            app_label = "constraints_bounded"
            constraints = [models.CheckConstraint(condition=condition, name="bound")]

    tables(Bounded)
    for number in (1, None):
        Bounded.objects.create(number=number)
        assert judged(Bounded(number=number), "bound") == (True, 1)


@pytest.mark.feature("C-017")
def test_a_condition_that_is_unknown_is_not_met(tables):
    class Partial(models.Model):
        number = models.IntegerField()
        weight = models.IntegerField(null=True)
        grade = models.IntegerField(db_default=Value(2) + 1)

        class Meta:
            app_label = "constraints_partial"
            constraints = [
                models.UniqueConstraint(fields=["number"], condition=Q(weight__gt=1), name="heavy"),
                models.CheckConstraint(condition=Q(grade__gt=3) | Q(weight=0), name="good"),
            ]

    tables(Partial)
    Partial.objects.create(number=1, weight=None, grade=9)
    Partial.objects.create(number=1, weight=None, grade=9)
    Partial.objects.create(number=1, weight=2, grade=9)
    assert judged(Partial(number=1, weight=None), "heavy") == (True, 1)
    assert judged(Partial(number=1, weight=2), "heavy") == (None, 1)
    # What the database will fill in counts, and an expression that reads no column; others cannot be told.
    assert judged(Partial(number=1, weight=1), "good") == (None, 1)
    assert judged(Partial(number=1, weight=0), "good") == (True, 1)
    assert judged(Partial(number=1, weight=1, grade=Value(2) * 2), "good") == (True, 1)
    assert judged(Partial(number=1, weight=1, grade=F("grade") + 1), "good") == (True, 0)


@pytest.mark.feature("C-005")
def test_constraints_are_equal_by_what_they_say_and_can_be_built_again():
    for constraint in (*Hall._meta.constraints, *Slot._meta.constraints, *Seat._meta.constraints):
        twin = constraint.clone()
        assert twin is not constraint
        assert twin == constraint
        path, args, keywords = constraint.deconstruct()
        assert path.rpartition(".")[2] == type(constraint).__name__
        assert type(constraint)(*args, **keywords) == constraint
    one = models.UniqueConstraint(fields=["a"], name="x")
    assert one != models.UniqueConstraint(fields=["a"], name="x", nulls_distinct=True)
    assert one != models.UniqueConstraint(fields=["b"], name="x")
    assert one != models.CheckConstraint(condition=Q(a=1), name="x")
    assert one != "x"


class NoOther(models.BaseConstraint):
    """A constraint of the user's own that is kept by nobody but full_clean()."""

    def validate(self, model, instance, exclude=None, using="default"):
        if model._default_manager.using(using).exclude(pk=instance.pk).exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)


class Single(models.Model):
    class Meta:
        constraints = [
            NoOther(name="alone", violation_error_code="many", violation_error_message="%(name)s, please")
        ]


@pytest.mark.feature("C-001", "C-004")
def test_a_constraint_of_the_users_own_is_asked_too(tables):
    tables(Single)
    Single.objects.create().full_clean()
    with pytest.raises(ValidationError, match="alone, please") as caught:
        Single().full_clean()
    assert [error.code for error in caught.value.error_dict["__all__"]] == ["many"]
    with pytest.raises(TypeError):
        models.BaseConstraint("name")
    with pytest.raises(TypeError):
        models.BaseConstraint()
    with pytest.raises(NotImplementedError, match="validate"):
        models.BaseConstraint(name="x").validate(Single, Single())
