"""Relations to rows whose key has several columns: the lines, the bill and the labels of each tenant's orders."""

from __future__ import annotations

import pickle
from datetime import date

import pytest

from rowsmith import models
from rowsmith.exceptions import (
    FieldError,
    IntegrityError,
    ObjectDoesNotExist,
    ProtectedError,
    RestrictedError,
    ValidationError,
)
from rowsmith.models import Count, Exists, F, FilteredRelation, OuterRef, Prefetch, Q, Subquery
from rowsmith.testing import recorded_statements
from rowsmith.transaction import atomic


class Kin(models.Model):
    class Meta:
        abstract = True
        app_label = "kin"


class Tenant(Kin):
    name = models.CharField(max_length=10)


class Label(Kin):
    pk = models.CompositePrimaryKey("color", "text")
    color = models.IntegerField()
    text = models.CharField(max_length=10)


class Order(Kin):
    pk = models.CompositePrimaryKey("tenant_id", "number")
    tenant = models.ForeignKey(Tenant, models.CASCADE)
    number = models.IntegerField()
    note = models.TextField(default="")
    labels = models.ManyToManyField(Label, related_name="orders")
    similar = models.ManyToManyField("self")
    carriers = models.ManyToManyField("Carrier", through="Delivery", related_name="orders")


class Line(Kin):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    amount = models.IntegerField(default=1)


class Remark(Kin):
    """Belongs to a tenant, and perhaps to one of its orders, with which it shares the tenant's column."""

    tenant = models.ForeignKey(Tenant, models.CASCADE)
    order = models.ForeignKey(
        Order, models.SET_NULL, null=True, from_fields=("tenant_id", None), related_name="remarks"
    )


class Bill(Kin):
    order = models.OneToOneField(Order, models.PROTECT)
    total = models.IntegerField(default=0)


class Receipt(Kin):
    """One of an order, and known by its key."""

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True)
    text = models.TextField(default="")


class Copy(Kin):
    receipt = models.ForeignKey(Receipt, models.CASCADE, related_name="copies")


class Page(Kin):
    order = models.ForeignKey(Order, models.CASCADE)
    number = models.IntegerField()
    color = models.IntegerField(default=0)

    class Meta(Kin.Meta):
        unique_together = [("order", "number")]
        ordering = ["order", "-number"]
        constraints = [models.UniqueConstraint(fields=["order", "color"], name="page_color")]
        indexes = [models.Index(fields=["-order", "color"], name="page_by_order")]


class Step(Kin):
    """A weak entity: its key begins with that of its order."""

    pk = models.CompositePrimaryKey("order_tenant_id", "order_number", "place")
    order = models.ForeignKey(Order, models.CASCADE, related_name="steps")
    place = models.IntegerField()


class Proof(Kin):
    step = models.ForeignKey(Step, models.CASCADE)


class Watch(Kin):
    label = models.ForeignKey(Label, models.DB_SET_NULL, null=True)
    order = models.ForeignKey(Order, models.DO_NOTHING, null=True)


class Pin(Kin):
    label = models.ForeignKey(Label, models.DB_CASCADE)


class Hold(Kin):
    order = models.ForeignKey(Order, models.RESTRICT)


class Carrier(Kin):
    name = models.CharField(max_length=10)


class Delivery(Kin):
    order = models.ForeignKey(Order, models.CASCADE)
    carrier = models.ForeignKey(Carrier, models.CASCADE)
    days = models.IntegerField(default=2)


ALL = (Tenant, Label, Order, Line, Remark, Bill, Receipt, Copy, Page, Step, Proof, Watch, Pin, Hold, Carrier, Delivery)


@pytest.fixture
def kin(tables):
    """Two tenants; the orders (1, 1), (1, 2) and (2, 1) of the first and the second."""
    tables(*ALL)
    one, two = Tenant.objects.create(name="one"), Tenant.objects.create(name="two")
    return {
        "one": one,
        "two": two,
        "a": Order.objects.create(tenant=one, number=1, note="a"),
        "b": Order.objects.create(pk=(one.pk, 2), note="b"),
        "c": Order.objects.create(tenant=two, number=1, note="c"),
    }


@pytest.fixture
def lines(kin):
    """Two lines of the order a, one of b, none of c."""
    a, b = kin["a"], kin["b"]
    kin["lines"] = [
        Line.objects.create(order=a, amount=1),
        Line.objects.create(order_id=a.pk, amount=2),
        Line.objects.create(order_tenant_id=b.tenant_id, order_number=b.number, amount=3),
    ]
    return kin


def notes(queryset):
    return sorted(order.note for order in queryset)


def amounts(queryset):
    return sorted(line.amount for line in queryset)


def test_the_columns_and_the_tuple_are_the_same_value(lines):
    line = Line.objects.get(amount=2)
    assert line.order_id == lines["a"].pk == (line.order_tenant_id, line.order_number)
    assert line.order == lines["a"]
    line.order = lines["c"]
    assert (line.order_tenant_id, line.order_number) == lines["c"].pk
    line.order_number = 7
    with pytest.raises(Order.DoesNotExist):
        line.order
    assert pickle.loads(pickle.dumps(line)).order_id == (lines["two"].pk, 7)
    with pytest.raises(ValueError, match="must be a Order instance"):
        line.order = lines["one"]


def test_the_related_row_is_loaded_once(lines):
    line = Line.objects.get(amount=1)
    with recorded_statements() as seen:
        assert line.order.note == "a"
        assert line.order.note == "a"
    assert len(seen) == 1


def test_the_database_keeps_references_whole(kin):
    with pytest.raises(IntegrityError), atomic():
        Line.objects.create(order_id=(kin["one"].pk, 99))
    with pytest.raises(IntegrityError), atomic():
        Order.objects.create(pk=(99, 1))


def test_conditions_on_the_relation(lines):
    a, b, c = lines["a"], lines["b"], lines["c"]
    objects = Line.objects
    assert amounts(objects.filter(order=a)) == [1, 2]
    assert amounts(objects.filter(order=a.pk)) == [1, 2]
    assert amounts(objects.filter(order_id=b.pk)) == [3]
    assert amounts(objects.filter(order__pk=b.pk)) == [3]
    assert amounts(objects.exclude(order=a)) == [3]
    assert amounts(objects.filter(order__in=[a, c])) == [1, 2]
    assert amounts(objects.filter(order__in=[b.pk, c.pk])) == [3]
    assert amounts(objects.exclude(order__in=[b])) == [1, 2]
    assert amounts(objects.filter(order__in=Order.objects.filter(note="b"))) == [3]
    assert amounts(objects.filter(order__in=Order.objects.filter(note="b").values("pk"))) == [3]
    assert amounts(objects.filter(order=Order.objects.filter(note="b")[:1])) == [3]
    assert amounts(objects.filter(order__gt=a)) == [3]
    assert amounts(objects.filter(order__lte=a.pk)) == [1, 2]
    assert amounts(objects.filter(order__isnull=True)) == []
    assert amounts(objects.filter(order__number=1)) == [1, 2]
    assert amounts(objects.filter(order__tenant=lines["one"])) == [1, 2, 3]
    assert amounts(objects.filter(order__tenant__name="one", order__note="b")) == [3]
    assert amounts(objects.exclude(order__note="b")) == [1, 2]
    assert amounts(objects.filter(order=F("order"))) == [1, 2, 3]
    assert amounts(objects.filter(order=(F("order__tenant"), 2))) == [3]
    for wrong in (1, (1,), lines["one"], Order(number=1)):
        with pytest.raises(ValueError):
            objects.filter(order=wrong)
    with pytest.raises(ValueError):
        objects.filter(order__in=Tenant.objects.all())


def test_a_key_that_is_at_hand_is_not_joined(lines):
    question = Line.objects.filter(order__number=1, order__tenant=lines["one"]).values("order__pk")
    assert " JOIN " not in str(question.query)
    assert list(question) == [{"order__pk": lines["a"].pk}] * 2


def test_conditions_from_the_other_side(lines):
    objects = Order.objects
    assert notes(objects.filter(lines__amount=3)) == ["b"]
    assert notes(objects.filter(lines=lines["lines"][0])) == ["a"]
    assert notes(objects.filter(lines__in=lines["lines"])) == ["a", "a", "b"]
    assert notes(objects.exclude(lines__amount=1)) == ["b", "c"]
    assert notes(objects.filter(lines__isnull=True)) == ["c"]
    assert notes(objects.filter(~Q(lines__amount__gt=1))) == ["c"]
    assert notes(objects.filter(Exists(Line.objects.filter(order=OuterRef("pk"), amount=3)))) == ["b"]
    assert notes(Tenant.objects.filter(order__lines__amount=3).get().order_set.all()) == ["a", "b"]
    counted = objects.annotate(n=Count("lines")).order_by("note").values_list("note", "n")
    assert list(counted) == [("a", 2), ("b", 1), ("c", 0)]
    grouped = Line.objects.values("order").annotate(n=Count("pk")).order_by("order")
    assert list(grouped) == [{"order": lines["a"].pk, "n": 2}, {"order": lines["b"].pk, "n": 1}]
    largest = Line.objects.filter(order=OuterRef("pk")).order_by("-amount").values("amount")[:1]
    found = objects.annotate(largest=Subquery(largest)).order_by("note").values_list("largest", flat=True)
    assert list(found) == [2, 3, None]
    filtered = FilteredRelation("lines", condition=Q(lines__amount=2))
    assert notes(objects.annotate(second=filtered).filter(second__isnull=False)) == ["a"]


def test_loading_along_with_the_rows(lines):
    with recorded_statements() as seen:
        found = [line.order.tenant.name for line in Line.objects.select_related("order__tenant")]
    assert (found, len(seen)) == (["one"] * 3, 1)
    with recorded_statements() as seen:
        found = sorted(line.order.note for line in Line.objects.prefetch_related("order"))
    assert (found, len(seen)) == (["a", "a", "b"], 2)
    with recorded_statements() as seen:
        orders = Order.objects.order_by("note").prefetch_related("lines")
        found = [[line.amount for line in sorted(order.lines.all(), key=lambda line: line.amount)] for order in orders]
        assert orders[0].lines.all()[0].order is orders[0]
    assert (found, len(seen)) == ([[1, 2], [3], []], 2)
    last = Prefetch("lines", Line.objects.order_by("-amount")[:1], to_attr="last")
    orders = Order.objects.order_by("note").prefetch_related(last)
    assert [[line.amount for line in order.last] for order in orders] == [[2], [3], []]


def test_a_related_manager(lines):
    a, c = lines["a"], lines["c"]
    assert amounts(a.lines.all()) == [1, 2]
    c.lines.add(lines["lines"][2])
    assert amounts(c.lines.filter(amount__gt=1)) == [3]
    assert c.lines.create(amount=9).order_id == c.pk
    assert c.lines.get_or_create(amount=9)[1] is False
    assert c.lines.count() == 2
    with pytest.raises(ValueError, match="primary key"):
        Order(number=3).lines


def test_writing_the_relation(lines):
    a, b, c = lines["a"], lines["b"], lines["c"]
    assert Line.objects.filter(order=a).update(order=c) == 2
    assert Line.objects.filter(order=c).update(order=b.pk) == 2
    assert amounts(b.lines.all()) == [1, 2, 3]
    with pytest.raises(FieldError, match="several columns"):
        Line.objects.update(order=F("order"))
    made = Line.objects.bulk_create([Line(order=c, amount=5), Line(order_id=c.pk, amount=6)])
    made[0].order = a
    assert Line.objects.bulk_update(made, ["order"]) == 2
    assert amounts(a.lines.all()) == [5]
    line = made[1]
    line.order, line.amount = b, 60
    line.save(update_fields=["order"])
    line.refresh_from_db()
    assert (line.order, line.amount) == (b, 6)
    assert Line.objects.get_or_create(order=a)[1] is False
    assert Line.objects.update_or_create(order=a, defaults={"amount": 50})[0].amount == 50
    assert Line.objects.only("order").get(amount=50).order_id == a.pk
    assert Line.objects.defer("order").get(amount=50).order == a


def test_an_order_that_is_saved_after_it_was_assigned(kin):
    order = Order(tenant=kin["one"])
    line = Line(order=order)
    with pytest.raises(ValueError, match="unsaved related object 'order'"):
        line.save()
    order.number = 5
    order.save()
    line.save()
    assert Line.objects.get().order == order


@pytest.mark.feature("PK-015")
def test_validation(lines):
    line = Line(order=lines["a"])
    line.full_clean()
    for wrong in (Line(), Line(order_id=(77, 7))):
        with pytest.raises(ValidationError) as caught:
            wrong.full_clean()
        assert set(caught.value.message_dict) == {"order"}
    Bill.objects.create(order=lines["a"])
    with pytest.raises(ValidationError):
        Bill(order=lines["a"]).full_clean()


def test_columns_that_are_shared(kin):
    a, one, two = kin["a"], kin["one"], kin["two"]
    remark, alone = Remark.objects.create(order=a), Remark.objects.create(tenant=one)
    assert remark.tenant == one
    assert (alone.order, alone.order_id, alone.tenant) == (None, None, one)
    objects = Remark.objects
    assert list(objects.filter(order=None)) == [alone]
    assert list(objects.filter(order__isnull=False)) == [remark]
    assert list(objects.exclude(order=a)) == [alone]
    # What the other columns say is no order while one is missing.
    assert list(objects.filter(order__tenant=one)) == [remark]
    assert list(objects.filter(tenant=one).order_by("pk")) == [remark, alone]
    assert [row.order for row in objects.order_by("pk").select_related("order")] == [a, None]
    assert [row.order for row in objects.order_by("pk").prefetch_related("order")] == [a, None]
    a.remarks.clear()
    remark.refresh_from_db()
    assert (remark.order, remark.tenant) == (None, one)
    a.remarks.set([remark])
    objects.filter(pk=remark.pk).update(order=None)
    remark.refresh_from_db()
    assert (remark.order, remark.tenant) == (None, one)
    alone.order = kin["c"]
    assert alone.tenant == two


def test_one_to_one(kin):
    a = kin["a"]
    bill = Bill.objects.create(order=a, total=7)
    assert Order.objects.get(pk=a.pk).bill == bill
    with recorded_statements() as seen:
        assert Order.objects.select_related("bill").get(pk=a.pk).bill.total == 7
    assert len(seen) == 1
    found = [getattr(order, "bill", None) for order in Order.objects.order_by("note").prefetch_related("bill")]
    assert found == [bill, None, None]
    assert notes(Order.objects.filter(bill__total=7)) == ["a"]
    assert notes(Order.objects.filter(bill=None)) == ["b", "c"]
    with pytest.raises(ObjectDoesNotExist):
        kin["b"].bill
    with pytest.raises(IntegrityError), atomic():
        Bill.objects.create(order=a)


def test_many_to_many(kin):
    a, b = kin["a"], kin["b"]
    red, blue = Label.objects.create(pk=(1, "red")), Label.objects.create(color=2, text="blue")
    green = Label.objects.create(pk=(2, "green"))
    a.labels.add(red, blue.pk)
    a.labels.add(red)
    b.labels.add(red)
    assert {label.text for label in a.labels.all()} == {"red", "blue"}
    assert notes(red.orders.all()) == ["a", "b"]
    assert notes(Order.objects.filter(labels=red)) == ["a", "b"]
    assert notes(Order.objects.filter(labels__in=[blue, green])) == ["a"]
    assert notes(Order.objects.filter(labels__text="blue")) == ["a"]
    assert notes(Order.objects.exclude(labels__text="blue")) == ["b", "c"]
    assert notes(Order.objects.exclude(labels=red)) == ["c"]
    assert [label.text for label in Label.objects.filter(orders=b)] == ["red"]
    with recorded_statements() as seen:
        orders = Order.objects.order_by("note").prefetch_related("labels")
        texts = [sorted(label.text for label in order.labels.all()) for order in orders]
    assert texts == [["blue", "red"], ["red"], []]
    assert len(seen) == 2
    labels = Label.objects.order_by("pk").prefetch_related("orders")
    assert [notes(label.orders.all()) for label in labels] == [["a", "b"], ["a"], []]
    a.labels.set([green, red])
    assert {label.text for label in a.labels.all()} == {"green", "red"}
    a.labels.remove(green, red.pk)
    assert a.labels.count() == 0
    red.orders.clear()
    assert Order.labels.through.objects.count() == 0
    a.labels.add(red, blue)
    a.similar.add(b, kin["c"])
    counts = Order.objects.annotate(n=Count("labels", distinct=True), m=Count("similar", distinct=True))
    assert list(counts.order_by("note").values_list("n", "m")) == [(2, 2), (0, 1), (0, 1)]
    assert Order.objects.aggregate(n=Count("labels", distinct=True), all=Count("labels")) == {"n": 2, "all": 2}
    with pytest.raises(TypeError, match="'Label' instance expected"):
        a.labels.add(kin["one"])


def test_many_to_many_with_itself_and_through_a_model(kin):
    a, b, c = kin["a"], kin["b"], kin["c"]
    a.similar.add(b)
    assert notes(b.similar.all()) == ["a"]
    assert notes(Order.objects.filter(similar=a)) == ["b"]
    b.similar.remove(a)
    assert not a.similar.exists()
    post = Carrier.objects.create(name="post")
    post.orders.add(a, c, through_defaults={"days": 3})
    assert notes(Order.objects.filter(carriers=post, delivery__days=3)) == ["a", "c"]
    assert a.carriers.get() == post
    assert [notes(carrier.orders.all()) for carrier in Carrier.objects.prefetch_related("orders")] == [["a", "c"]]


def test_deletion_takes_along_what_refers(lines):
    a, b = lines["a"], lines["b"]
    label = Label.objects.create(pk=(1, "red"))
    a.labels.add(label)
    remark = Remark.objects.create(order=a)
    step = Step.objects.create(order=a, place=1)
    Proof.objects.create(step=step)
    Step.objects.create(order=b, place=1)
    count, by_model = a.delete()
    assert by_model == {"kin.Line": 2, "kin.Order_labels": 1, "kin.Step": 1, "kin.Proof": 1, "kin.Order": 1}
    assert count == 6
    assert a.pk == (None, None)
    assert amounts(Line.objects.all()) == [3]
    remark.refresh_from_db()
    assert (remark.order, remark.tenant) == (None, lines["one"])
    assert Proof.objects.count() == 0
    assert Step.objects.get().order == b
    assert Tenant.objects.filter(name="one").delete()[1]["kin.Step"] == 1
    assert Order.objects.count() == 1


def test_deletion_that_the_database_carries_out(kin):
    label = Label.objects.create(pk=(1, "red"))
    watch, pin = Watch.objects.create(label=label), Pin.objects.create(label=label)
    with recorded_statements() as seen:
        assert label.delete() == (1, {"kin.Label": 1})
    assert not any("kin_pin" in statement or "kin_watch" in statement for statement in seen)
    watch.refresh_from_db()
    assert (watch.label, watch.label_color) == (None, None)
    assert not Pin.objects.filter(pk=pin.pk).exists()


def test_protected_and_restricted_rows(kin):
    a, b = kin["a"], kin["b"]
    bill, hold = Bill.objects.create(order=a), Hold.objects.create(order=b)
    with pytest.raises(ProtectedError, match=r"'Bill\.order'"):
        a.delete()
    with pytest.raises(RestrictedError, match=r"'Hold\.order'"):
        Order.objects.filter(number=2).delete()
    bill.delete()
    hold.delete()
    assert Order.objects.filter(tenant=kin["one"]).delete()[0] == 2


def test_deletion_that_is_listened_to(lines):
    from rowsmith.signals import pre_delete

    seen = []

    def note(sender, instance, **_):
        seen.append((sender.__name__, instance.pk))

    key = lines["b"].pk
    pre_delete.connect(note, sender=Line)
    try:
        assert Order.objects.filter(pk__in=[key]).delete() == (2, {"kin.Line": 1, "kin.Order": 1})
    finally:
        pre_delete.disconnect(note, sender=Line)
    assert seen == [("Line", lines["lines"][2].pk)]


def test_keys_that_hold_the_key_of_another(kin):
    step = Step.objects.create(order=kin["a"], place=4)
    assert step.pk == (*kin["a"].pk, 4)
    proof = Proof.objects.create(step=step)
    assert proof.step_id == step.pk
    assert list(Proof.objects.filter(step__order=kin["a"])) == [proof]
    assert list(Proof.objects.filter(step__order__note="a")) == [proof]
    assert list(Proof.objects.filter(step__order__tenant=kin["one"])) == [proof]
    assert Proof.objects.select_related("step__order__tenant").get().step.order.tenant == kin["one"]
    assert notes(Order.objects.filter(steps__proof=proof)) == ["a"]


def test_a_key_that_is_a_relation(kin):
    a = kin["a"]
    receipt = Receipt.objects.create(order=a)
    assert receipt.pk == a.pk
    receipt.text = "changed"
    receipt.save()
    assert Receipt.objects.get(pk=a.pk).text == "changed"
    assert Receipt.objects.in_bulk([a.pk]) == {a.pk: receipt}
    assert a.receipt == receipt
    copy = Copy.objects.create(receipt=receipt)
    assert copy.receipt_id == a.pk
    assert Copy.objects.filter(receipt__order=a).get() == copy
    assert Copy.objects.filter(receipt__order__note="a").get() == copy
    assert Copy.objects.select_related("receipt__order").get().receipt.order.note == "a"
    assert notes(Order.objects.filter(receipt__copies=copy)) == ["a"]
    assert Receipt.objects.annotate(n=Count("copies")).get().n == 1
    assert a.delete()[1] == {"kin.Copy": 1, "kin.Receipt": 1, "kin.Order": 1}


class Shift(Kin):
    pk = models.CompositePrimaryKey("room", "day")
    room = models.IntegerField()
    day = models.DateField()


def test_neighbours_by_a_date_that_is_part_of_the_key(tables):
    tables(Shift)
    days = [Shift.objects.create(pk=(room, date(2026, 1, day))) for day, room in ((1, 5), (2, 3), (2, 4), (3, 1))]
    assert [day.get_next_by_day() for day in days[:3]] == days[1:]
    assert days[2].get_previous_by_day() == days[1]


# Joins without columns of their own


class Place(Kin):
    country = models.CharField(max_length=5)
    zone = models.CharField(max_length=5)
    name = models.CharField(max_length=10)

    class Meta(Kin.Meta):
        unique_together = [("country", "zone")]


class Visit(Kin):
    country = models.CharField(max_length=5, null=True)
    zone = models.CharField(max_length=5, null=True)
    place = models.ForeignObject(
        Place, models.DO_NOTHING, from_fields=("country", "zone"), to_fields=("country", "zone"), related_name="visits",
        null=True,
    )  # fmt: skip


class Call(Kin):
    tenant = models.IntegerField()
    number = models.IntegerField()
    order = models.ForeignObject(
        Order, models.CASCADE, from_fields=("tenant", "number"), to_fields=("tenant", "number"), related_name="calls"
    )


@pytest.fixture
def visits(tables):
    tables(Place, Visit)
    here, there = (Place.objects.create(country="x", zone=zone, name=zone * 2) for zone in ("n", "s"))
    rows = [("x", "n"), ("x", "n"), ("x", "s"), ("x", None), ("y", "n"), (None, None)]
    return here, there, [Visit.objects.create(country=country, zone=zone) for country, zone in rows]


@pytest.mark.feature("PK-013")
def test_a_foreign_object_finds_rows_by_any_columns(visits):
    here, there, made = visits
    assert made[0].place == here
    assert (made[3].place, made[5].place) == (None, None)
    with pytest.raises(Place.DoesNotExist):
        made[4].place
    visit = Visit(place=there)
    assert (visit.country, visit.zone) == ("x", "s")
    objects = Visit.objects.order_by("pk")
    assert list(objects.filter(place=here)) == made[:2]
    assert list(objects.filter(place=("x", "s"))) == made[2:3]
    assert list(objects.filter(place__in=[here, there])) == made[:3]
    assert list(objects.filter(place__in=Place.objects.filter(name="ss"))) == made[2:3]
    assert list(objects.filter(place__name="nn")) == made[:2]
    assert list(objects.filter(place__isnull=True)) == [made[3], made[5]]
    assert list(objects.filter(place=None)) == [made[3], made[5]]
    assert list(objects.exclude(place=here)) == made[2:]
    assert list(objects.exclude(place__name="nn")) == made[2:]
    found = [visit.place for visit in objects.select_related("place")]
    assert found == [here, here, there, None, None, None]
    assert [visit.place for visit in objects.filter(country="x").prefetch_related("place")] == [here, here, there, None]
    assert objects.values_list("place", flat=True)[2] == ("x", "s")


@pytest.mark.feature("PK-013")
def test_a_foreign_object_from_the_other_side(visits):
    here, there, made = visits
    assert set(here.visits.all()) == set(made[:2])
    assert here.visits.create().zone == "n"
    assert set(Place.objects.filter(visits=made[2])) == {there}
    assert list(Place.objects.annotate(n=Count("visits")).order_by("name").values_list("n", flat=True)) == [3, 1]
    assert [place.visits.count() for place in Place.objects.order_by("name").prefetch_related("visits")] == [3, 1]
    assert Place.objects.filter(visits__zone="s").get() == there
    assert Visit.objects.filter(place=here).update(place=there) == 3
    assert there.visits.count() == 4


def test_a_foreign_object_to_a_key(kin, tables):
    tables(*ALL, Call)
    one = Tenant.objects.create(name="x")
    order = Order.objects.create(tenant=one, number=3, note="n")
    call = Call.objects.create(order=order)
    Call.objects.create(tenant=one.pk, number=99)
    assert (call.tenant, call.number) == order.pk
    assert Call.objects.get(order__note="n").order == order
    assert list(order.calls.all()) == [call]
    assert Call.objects.filter(order__number__gt=1).count() == 2


def test_constraints_and_indexes_over_a_relation_hold_all_of_its_columns(kin):
    one, two = kin["a"], kin["b"]
    page = Page.objects.create(order=one, number=1)
    page.full_clean()
    Page(order=two, number=1).full_clean()
    for twin, named in ((Page(order=one, number=1, color=5), "number"), (Page(order=one, number=2), "color")):
        with pytest.raises(ValidationError, match=f"(?i){named}"):
            twin.full_clean()
        with pytest.raises(IntegrityError), atomic():
            twin.save()
    Page(order=one, number=2).full_clean(exclude={"order"})
    [changed] = Page.objects.bulk_create(
        [Page(order=one, number=1, color=3)],
        update_conflicts=True,
        unique_fields=["order", "number"],
        update_fields=["color"],
    )
    assert (changed.pk, Page.objects.get().color) == (page.pk, 3)
    Page.objects.bulk_create([Page(order=two, number=1), Page(order=one, number=2)])
    assert [(page.order_number, page.number) for page in Page.objects.all()] == [(1, 2), (1, 1), (2, 1)]
