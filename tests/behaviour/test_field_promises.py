"""What fields promise beyond their values: nulls, uniqueness, automatic dates, keys, conversions for forms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from rowsmith import models
from rowsmith.exceptions import DataError, IntegrityError, NotNullViolation, UniqueViolation, ValidationError
from rowsmith.metadata.checks import check_models
from rowsmith.metadata.registry import Apps
from rowsmith.signals import post_delete, pre_delete
from rowsmith.sql import types
from rowsmith.testing import recorded_statements


class Member(models.Model):
    name = models.CharField(max_length=20)
    email = models.CharField(max_length=50, unique=True, blank=True, null=True)
    title = models.CharField(max_length=20, blank=True)
    weight = models.FloatField(null=True, blank=True)

    def clean(self):
        self.title = self.title or f"Member {self.name}"


class Ticket(models.Model):
    text = models.CharField(max_length=20)
    made = models.DateField(auto_now_add=True)
    changed = models.DateField(auto_now=True)


class Small(models.Model):
    key = models.SmallAutoField(primary_key=True)


class Usual(models.Model):
    key = models.AutoField(primary_key=True)


class Big(models.Model):
    key = models.BigAutoField(primary_key=True)


class Verbs(models.Model):
    """Its fields are called like methods, and its author has taken care."""

    delete = models.CharField(max_length=10)
    clean = models.IntegerField(default=3)

    def get_absolute_url(self):
        raise AssertionError("nobody calls this")


class Worker(models.Model):
    name = models.CharField(max_length=10)


class Colleague(Worker):
    class Meta:
        proxy = True


class Artist(models.Model):
    name = models.CharField(max_length=10)


class Album(models.Model):
    artist = models.ForeignKey(Artist, models.CASCADE)

    def delete(self, *args, **kwargs):
        raise AssertionError("nobody calls this for rows that go along")


class Song(models.Model):
    artist = models.ForeignKey(Artist, models.CASCADE)
    album = models.ForeignKey(Album, models.RESTRICT)


class Award(models.Model):
    artist = models.ForeignKey(Artist, models.PROTECT, related_name="awards")


@pytest.mark.feature("F-001", "M-021", "M-033")
def test_unique_text_may_be_missing_in_many_rows(tables):
    tables(Member)
    for name in ("Ann", "Bob"):
        Member.objects.create(name=name)
    assert Member.objects.filter(email=None).count() == Member.objects.filter(email__isnull=True).count() == 2
    Member.objects.create(name="Cid", email="")
    with pytest.raises(UniqueViolation):
        Member.objects.create(name="Dan", email="")
    assert Member.objects.filter(email="").count() == 1
    assert not models.CharField().null and Member._meta.get_field("email").null
    with pytest.raises(NotNullViolation):
        Member.objects.create(name=None)
    # The option is about the database alone: validation asks for `blank`.
    with pytest.raises(ValidationError, match="required"):
        models.CharField(null=True).clean(None, None)


@pytest.mark.feature("F-002")
def test_what_may_be_blank_is_supplied_by_clean(tables):
    tables(Member)
    member = Member(name="Ann")
    member.full_clean()
    assert member.title == "Member Ann"
    with pytest.raises(IntegrityError):
        Member.objects.create(name="Bob", title=None)
    with pytest.raises(ValidationError):
        Member(name="").full_clean()


@pytest.mark.feature("F-044")
def test_a_float_comes_back_as_a_float(tables):
    tables(Member)
    for number in (0.1, -2.5e300, 3, 5e-324, None):
        key = Member.objects.create(name="x", weight=number).pk
        found = Member.objects.get(pk=key).weight
        assert found == number and type(found) in (float, type(None))
        assert Member.objects.values_list("weight", flat=True).get(pk=key) == number
    assert Member.objects.filter(weight=0.1).count() == 1


@pytest.fixture
def days(monkeypatch):
    """The day that automatic dates take for today; set it by `days.today = ...`."""

    class Days:
        today = date(2020, 1, 1)

    monkeypatch.setattr(models.DateField, "current", lambda field: Days.today)
    return Days


@pytest.mark.feature("F-034", "F-036")
def test_automatic_dates(tables, days):
    tables(Ticket)

    def found():
        ticket = Ticket.objects.get()
        return ticket.text, ticket.made.year, ticket.changed.year

    ticket = Ticket(text="a", made=date(1999, 1, 1), changed=date(1999, 1, 1))
    ticket.save()
    assert found() == ("a", 2020, 2020)
    days.today = date(2021, 1, 1)
    ticket.changed = date(1999, 1, 1)
    ticket.save()
    assert found() == ("a", 2020, 2021)
    days.today = date(2022, 1, 1)
    Ticket.objects.update(text="b")
    assert found() == ("b", 2020, 2021)
    ticket.text = "c"
    ticket.save(update_fields=["text"])
    assert found() == ("c", 2020, 2021)
    ticket.save(update_fields=["text", "changed"])
    assert found() == ("c", 2020, 2022)


@pytest.mark.feature("F-023")
def test_automatic_keys(tables):
    tables(Small, Usual, Big)
    for model, bits in ((Small, 16), (Usual, 32), (Big, 64)):
        row = model()
        assert row.key is None
        row.save()
        assert row.key == row.pk == 1 and model.objects.get().key == 1
        assert model._meta.pk.sql_type.bits == bits
    top = Big.objects.create(key=9223372036854775807)
    assert Big.objects.get(pk=top.pk) == top
    with pytest.raises((ValueError, OverflowError, DataError)):
        Big.objects.create(key=9223372036854775808)
    for field in (models.AutoField, models.SmallAutoField, models.BigAutoField):
        key = models.CharField(max_length=5, primary_key=True)
        body = {"__module__": __name__, "code": key, "number": field(), "Meta": _elsewhere()}
        broken = type("Broken", (models.Model,), body)
        assert [found.id for found in check_models([broken])] == ["fields.E100"]


def _elsewhere():
    return type("Meta", (), {"apps": Apps(), "app_label": "broken"})


@pytest.mark.feature("M-018", "M-058")
def test_fields_may_hide_methods_and_nobody_asks_for_an_address(tables):
    tables(Verbs)
    verbs = Verbs.objects.create(delete="me")
    assert (verbs.delete, verbs.clean) == ("me", 3)
    assert Verbs.objects.get(delete="me").delete == "me"
    assert str(verbs) and repr(verbs)
    assert Verbs.objects.all().delete()[0] == 1


@pytest.mark.feature("M-081")
def test_rows_are_of_the_class_that_was_asked(tables):
    tables(Worker)
    Colleague.objects.create(name="Ann")
    assert [type(row) for row in Worker.objects.all()] == [Worker]
    assert [type(row) for row in Colleague.objects.all()] == [Colleague]
    assert type(Worker.objects.get()) is type(Worker.objects.first()) is Worker
    assert Worker.objects.get() == Colleague.objects.get()


@pytest.fixture
def music(tables):
    tables(Artist, Album, Song, Award)


@pytest.mark.feature("F-056")
def test_referrers_go_along_in_python_with_signals(music):
    ann = Artist.objects.create(name="Ann")
    album = Album.objects.create(artist=ann)
    told = []

    def listen(sender, instance, signal, **kwargs):
        told.append(("before" if signal is pre_delete else "after", sender, instance.pk))

    for signal in (pre_delete, post_delete):
        signal.connect(listen)
    try:
        assert ann.delete() == (2, {Album._meta.label: 1, Artist._meta.label: 1})
    finally:
        for signal in (pre_delete, post_delete):
            signal.disconnect(listen)
    assert {(when, sender) for when, sender, _ in told} == {
        (when, sender) for when in ("before", "after") for sender in (Artist, Album)
    }
    assert ("before", Album, album.pk) in told


@pytest.mark.feature("F-057")
def test_protected_rows_are_named(music):
    ann = Artist.objects.create(name="Ann")
    awards = {Award.objects.create(artist=ann) for _ in range(2)}
    for delete in (ann.delete, Artist.objects.all().delete):
        with pytest.raises(models.ProtectedError) as caught:
            delete()
        assert set(caught.value.protected_objects) == awards
    Award.objects.all().delete()
    assert ann.delete()[0] == 1


@pytest.mark.feature("F-058")
def test_restricted_rows_may_go_along_on_another_path(music):
    one, two = (Artist.objects.create(name=name) for name in ("one", "two"))
    album = Album.objects.create(artist=one)
    song = Song.objects.create(artist=two, album=album)
    for delete in (one.delete, Album.objects.all().delete):
        with pytest.raises(models.RestrictedError) as caught:
            delete()
        assert set(caught.value.restricted_objects) == {song}
    Song.objects.update(artist=one)
    assert one.delete() == (3, {Artist._meta.label: 1, Album._meta.label: 1, Song._meta.label: 1})


@pytest.mark.feature("F-083")
def test_conversions_for_forms_and_files():
    field = Ticket._meta.get_field("made")
    ticket = Ticket(made=date(2020, 1, 2))
    assert field.to_python("2020-01-02") == field.clean("2020-01-02", ticket) == date(2020, 1, 2)
    assert field.value_from_object(ticket) == date(2020, 1, 2)
    assert field.value_to_string(ticket) == "2020-01-02"
    with pytest.raises(ValidationError):
        field.to_python("tomorrow")
    with pytest.raises(ValidationError):
        Ticket._meta.get_field("text").clean("x" * 21, ticket)


@pytest.mark.feature("F-082")
def test_values_are_read_by_the_field(tables):
    tables(Mirrored)
    Mirrored.objects.create(word="abc")
    assert Mirrored.objects.get().word == "cba!"
    assert Mirrored.objects.values("word").get() == {"word": "cba!"}
    assert Mirrored.objects.values_list("word", flat=True)[0] == "cba!"
    assert Mirrored.objects.aggregate(top=models.Max("word")) == {"top": "cba!"}
    assert Mirrored.objects.annotate(again=models.F("word")).get().again == "cba!"


class Backwards(models.CharField):
    def from_db_value(self, value, expression, connection):
        assert connection.vendor in ("sqlite", "postgresql")
        return None if value is None else value[::-1] + "!"


class Mirrored(models.Model):
    word = Backwards(max_length=10)


@pytest.mark.feature("Q-109")
def test_rows_are_deleted_unseen_where_nobody_minds(tables):
    tables(Quiet, Loose, Kept)
    row = Quiet.objects.create()
    Kept.objects.create(quiet=row)
    Quiet.objects.create()
    with recorded_statements() as seen:
        assert Quiet.objects.all().delete()[0] == 2
    assert [statement.split()[0] for statement in seen] == ["DELETE"]
    assert not Kept.objects.exists()
    Quiet.objects.create()

    def listen(**kwargs):
        pass

    pre_delete.connect(listen, sender=Quiet)
    try:
        with recorded_statements() as seen:
            Quiet.objects.all().delete()
    finally:
        pre_delete.disconnect(listen, sender=Quiet)
    assert [statement.split()[0] for statement in seen] == ["SELECT", "DELETE"]


class Quiet(models.Model):
    pass


class Loose(models.Model):
    quiet = models.ForeignKey(Quiet, models.DO_NOTHING, db_constraint=False)


class Kept(models.Model):
    quiet = models.ForeignKey(Quiet, models.DB_CASCADE)


class Friend(models.Model):
    name = models.CharField(max_length=10)
    friends = models.ManyToManyField("self", through="Bond", through_fields=("one", "other"), symmetrical=True)


class Bond(models.Model):
    one = models.ForeignKey(Friend, models.CASCADE, related_name="bonds")
    other = models.ForeignKey(Friend, models.CASCADE, related_name="+")
    since = models.IntegerField()


@pytest.mark.feature("F-077")
def test_friends_through_a_model_share_the_defaults_of_both_rows(tables):
    tables(Friend, Bond)
    ann, bob, cid = (Friend.objects.create(name=name) for name in ("Ann", "Bob", "Cid"))
    ann.friends.add(bob, through_defaults={"since": 1999})
    bob.friends.create(name="Dan", through_defaults={"since": 2001})
    cid.friends.set([ann], through_defaults={"since": 2002})
    rows = Bond.objects.order_by("since", "one__name").values_list("one__name", "other__name", "since")
    assert list(rows) == [
        ("Ann", "Bob", 1999),
        ("Bob", "Ann", 1999),
        ("Bob", "Dan", 2001),
        ("Dan", "Bob", 2001),
        ("Ann", "Cid", 2002),
        ("Cid", "Ann", 2002),
    ]
    assert [friend.name for friend in ann.friends.order_by("name")] == ["Bob", "Cid"]
    bob.friends.remove(ann)
    assert [friend.name for friend in ann.friends.all()] == ["Cid"]


@pytest.mark.feature("M-020")
@pytest.mark.parametrize(
    "field, kind, default, given, converted, refused",
    [
        (models.IntegerField(), types.Integer, None, "7", 7, "seven"),
        (models.CharField(max_length=3), types.Varchar, "", 5, "5", "four"),
        (models.TextField(), types.Text, "", 5, "5", ""),
        (models.BooleanField(), types.Boolean, None, "True", True, "maybe"),
        (models.FloatField(), types.Float, None, "1.5", 1.5, "much"),
        (models.DecimalField(max_digits=4, decimal_places=1), types.Decimal, None, "1.5", Decimal("1.5"), "1.55"),
        (models.DateField(), types.Date, None, "2020-01-02", date(2020, 1, 2), "2020-13-01"),
        (models.UUIDField(), types.Uuid, None, "0" * 32, UUID(int=0), "0"),
        (models.EmailField(), types.Varchar, "", "a@example.org", "a@example.org", "nobody"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, models.Field) else "",
)
def test_a_field_class_decides_type_default_and_validation(field, kind, default, given, converted, refused):
    assert isinstance(field.sql_type, kind)
    assert field.get_default() == default
    assert field.clean(given, None) == converted
    with pytest.raises(ValidationError):
        field.clean(refused, None)
