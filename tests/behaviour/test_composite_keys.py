"""Orders that are numbered for each tenant: a primary key of two columns."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldDoesNotExist, FieldError, IntegrityError, ValidationError
from rowsmith.keys import uuid7
from rowsmith.models import Case, Count, Exists, F, Max, OuterRef, Q, Subquery, Value, When, Window
from rowsmith.models.functions import Coalesce, FirstValue, Length, RowNumber
from rowsmith.testing import recorded_statements
from rowsmith.transaction import atomic


class Order(models.Model):
    pk = models.CompositePrimaryKey("tenant", "number")
    tenant = models.IntegerField()
    number = models.CharField(max_length=10)
    note = models.TextField(null=True)
    total = models.IntegerField(default=0)

    class Meta:
        app_label = "composite"


class Sample(models.Model):
    """A key of every kind of value that a list has to carry."""

    pk = models.CompositePrimaryKey("code", "day", "price", "data", "flag")
    code = models.UUIDField()
    day = models.DateField()
    price = models.DecimalField(max_digits=8, decimal_places=2)
    data = models.BinaryField(max_length=10)
    flag = models.BooleanField()

    class Meta:
        app_label = "composite"


class Plain(models.Model):
    name = models.CharField(max_length=10)

    class Meta:
        app_label = "composite"


@pytest.fixture
def orders(tables):
    """The orders (1, a), (1, b) and (2, a)."""
    tables(Order)
    return [
        Order.objects.create(pk=(1, "a"), note="first", total=5),
        Order.objects.create(tenant=1, number="b", total=7),
        Order.objects.create(tenant=2, number="a", note="third", total=9),
    ]


def keys(queryset):
    return sorted(row.pk for row in queryset)


@pytest.mark.feature("PK-005")
def test_the_members_of_a_key_are_ordinary_fields():
    meta = Order._meta
    assert [field.name for field in meta.pk_fields] == ["tenant", "number"]
    assert [field.primary_key for field in meta.pk_fields] == [False, False]
    assert [field.name for field in Plain._meta.pk_fields] == ["id"]
    assert meta.pk.name == "pk"
    assert meta.pk.column is None
    assert [field.name for field in meta.concrete_fields] == ["tenant", "number", "note", "total"]


@pytest.mark.feature("PK-001")
def test_the_table_has_the_key_and_no_column_for_it(orders):
    with pytest.raises(IntegrityError), atomic():
        Order.objects.bulk_create([Order(tenant=1, number="a")])
    Order.objects.create(tenant=2, number="b")
    assert set(Order.objects.values().first()) == {"tenant", "number", "note", "total"}


@pytest.mark.feature("PK-004")
def test_the_key_of_an_instance_is_a_tuple():
    order = Order(pk=(3, "x"))
    assert (order.pk, order.tenant, order.number) == ((3, "x"), 3, "x")
    order.pk = [4, "y"]
    assert order.pk == (4, "y")
    order.pk = None
    assert order.pk == (None, None)
    assert Order(5, "z").pk == (5, "z")
    for wrong in ((1,), (1, "a", 2), 7, "ab"):
        with pytest.raises(ValueError, match="The key of Order"):
            order.pk = wrong
        with pytest.raises(ValueError, match="The key of Order"):
            Order(pk=wrong)


@pytest.mark.feature("PK-016")
def test_a_key_is_set_when_all_of_it_is():
    assert Order(pk=(1, "a"))._is_pk_set()
    assert not Order(tenant=1, number=None)._is_pk_set()
    assert Order(pk=(1, "a")) == Order(pk=(1, "a"), note="other")
    assert Order(pk=(1, "a")) != Order(pk=(1, "b"))
    assert Order(tenant=1, number=None) != Order(tenant=1, number=None)
    assert len({Order(pk=(1, "a")), Order(pk=(1, "a")), Order(pk=(2, "a"))}) == 2
    with pytest.raises(TypeError, match="cannot be hashed"):
        hash(Order(tenant=1, number=None))


@pytest.mark.feature("PK-002", "PK-003")
@pytest.mark.parametrize(
    "names, options",
    [
        (("tenant",), {}),
        ((), {}),
        (("tenant", "tenant"), {}),
        (("tenant", 1), {}),
        (("tenant", "number"), {"default": (1, 2)}),
        (("tenant", "number"), {"db_default": 1}),
        (("tenant", "number"), {"db_column": "key"}),
        (("tenant", "number"), {"primary_key": False}),
        (("tenant", "number"), {"blank": False}),
    ],
)
def test_a_key_that_cannot_be(names, options):
    with pytest.raises(ValueError, match="CompositePrimaryKey"):
        models.CompositePrimaryKey(*names, **options)


def test_a_key_is_called_pk():
    with pytest.raises(ValueError, match="must be named 'pk'"):

        class Odd(models.Model):
            key = models.CompositePrimaryKey("a", "b")
            a = models.IntegerField()
            b = models.IntegerField()

            class Meta:
                app_label = "composite"


@pytest.mark.feature("PK-006")
def test_conditions_compare_the_whole_key(orders):
    objects = Order.objects
    assert keys(objects.filter(pk=(1, "b"))) == [(1, "b")]
    assert keys(objects.filter(pk=[1, "b"])) == [(1, "b")]
    assert keys(objects.exclude(pk=(1, "b"))) == [(1, "a"), (2, "a")]
    assert objects.get(pk=(2, "a")).note == "third"
    assert keys(objects.filter(pk__in=[(1, "a"), (2, "a"), (2, "z")])) == [(1, "a"), (2, "a")]
    assert keys(objects.filter(pk__in=[(1, "a"), (1, None)])) == [(1, "a")]
    assert keys(objects.exclude(pk__in={(1, "a"), (2, "a")})) == [(1, "b")]
    assert keys(objects.filter(pk__in=[])) == []
    assert keys(objects.exclude(pk__in=[])) == [(1, "a"), (1, "b"), (2, "a")]
    assert keys(objects.filter(pk__gt=(1, "a"))) == [(1, "b"), (2, "a")]
    assert keys(objects.filter(pk__gte=(1, "b"))) == [(1, "b"), (2, "a")]
    assert keys(objects.filter(pk__lt=(2, "a"))) == [(1, "a"), (1, "b")]
    assert keys(objects.filter(pk__lte=(1, "a"))) == [(1, "a")]
    assert keys(objects.filter(pk__gt=(1, None))) == [(2, "a")]
    assert keys(objects.filter(pk__isnull=True)) == []
    assert len(objects.filter(pk__isnull=False)) == 3
    assert keys(objects.filter(Q(pk=(1, "a")) | Q(pk=(2, "a")))) == [(1, "a"), (2, "a")]


@pytest.mark.feature("PK-006")
@pytest.mark.parametrize(
    "condition",
    [{"pk": 1}, {"pk": (1,)}, {"pk": (1, "a", 2)}, {"pk": None}, {"pk__in": [1]}, {"pk__in": [(1,)]}, {"pk__gt": 3}],
)
def test_what_is_no_key_is_refused_by_the_call(condition):
    with pytest.raises(ValueError):
        Order.objects.filter(**condition)


def test_a_key_offers_no_other_lookups():
    for name in ("range", "contains", "tenant", "regex"):
        with pytest.raises(FieldError, match=f"Unsupported lookup '{name}'"):
            Order.objects.filter(**{f"pk__{name}": (1, "a")})
    with pytest.raises(TypeError, match="must be iterable"):
        Order.objects.filter(pk__in=1)


def test_numbers_beyond_the_column_match_as_numbers_do(orders):
    large = 2**70
    assert keys(Order.objects.filter(pk=(large, "a"))) == []
    assert len(Order.objects.filter(pk__lt=(large, "a"))) == 3
    assert keys(Order.objects.filter(pk__gte=(large, "a"))) == []
    assert len(Order.objects.filter(pk__gt=(-large, "a"))) == 3
    assert keys(Order.objects.filter(pk__in=[(large, "a"), (1, "a")])) == [(1, "a")]


def test_equal_questions_share_one_plan_whatever_the_number_of_keys(orders):
    from rowsmith.query.shape import cache

    list(Order.objects.filter(pk__in=[(1, "a")]))
    list(Order.objects.filter(pk=(1, "a")))
    planned = cache.info().planned
    for size in range(2, 6):
        assert len(Order.objects.filter(pk__in=[(1, "a")] * size)) == 1
    assert len(Order.objects.filter(pk=(2, "a"))) == 1
    assert cache.info().planned == planned


def test_a_key_may_consist_of_anything(tables):
    tables(Sample)
    made = [
        Sample.objects.create(
            code=UUID(int=number), day=date(2026, 1, number), price=Decimal(number) / 4, data=b"\0\xff'\""[:number],
            flag=bool(number % 2),
        )
        for number in (1, 2, 3)
    ]  # fmt: skip
    for sample in made:
        assert Sample.objects.get(pk=sample.pk) == sample
        assert list(Sample.objects.filter(pk__in=[sample.pk])) == [sample]
    assert len(Sample.objects.filter(pk__in=[sample.pk for sample in made])) == 3
    assert len(Sample.objects.filter(pk__lte=made[1].pk)) == 2
    assert sorted(Sample.objects.in_bulk([made[0].pk]), key=str) == [
        (UUID(int=1), date(2026, 1, 1), Decimal("0.25"), b"\0", True)
    ]


@pytest.mark.feature("PK-008")
def test_values_order_and_deferring(orders):
    objects = Order.objects.order_by("pk")
    assert list(objects.values("pk")) == [{"pk": (1, "a")}, {"pk": (1, "b")}, {"pk": (2, "a")}]
    assert list(objects.values("pk", "total"))[1] == {"pk": (1, "b"), "total": 7}
    assert list(objects.values_list("total", "pk"))[0] == (5, (1, "a"))
    assert list(objects.values_list("pk")) == [((1, "a"),), ((1, "b"),), ((2, "a"),)]
    assert list(objects.values_list("pk", flat=True)) == [(1, "a"), (1, "b"), (2, "a")]
    assert objects.values_list("pk", "note", named=True)[0]._asdict() == {"pk": (1, "a"), "note": "first"}
    assert [row.pk for row in Order.objects.order_by("-pk")] == [(2, "a"), (1, "b"), (1, "a")]
    assert [row.pk for row in Order.objects.order_by(F("pk").desc())] == [(2, "a"), (1, "b"), (1, "a")]
    assert [row.pk for row in objects.reverse()] == [(2, "a"), (1, "b"), (1, "a")]
    assert Order.objects.order_by("pk").totally_ordered
    assert not Order.objects.order_by("tenant").totally_ordered
    for deferred in (objects.only("pk"), objects.only("note"), objects.defer("pk", "tenant"), objects.defer("number")):
        assert not {"tenant", "number"} & deferred[0].get_deferred_fields()
    [row, *_] = objects.only("pk")
    assert row.get_deferred_fields() == {"note", "total"}
    assert row.note == "first"


@pytest.mark.feature("PK-009")
def test_keys_from_querysets(orders):
    objects = Order.objects
    assert keys(objects.filter(pk__in=objects.filter(tenant=1))) == [(1, "a"), (1, "b")]
    assert keys(objects.filter(pk__in=objects.values("pk").filter(tenant=1))) == [(1, "a"), (1, "b")]
    assert keys(objects.filter(pk__in=objects.values("tenant", "number").filter(tenant=2))) == [(2, "a")]
    assert keys(objects.exclude(pk__in=objects.filter(tenant=1))) == [(2, "a")]
    assert keys(objects.filter(pk=objects.filter(tenant=2)[:1])) == [(2, "a")]
    assert keys(objects.filter(pk__gt=objects.filter(pk=(1, "a"))[:1])) == [(1, "b"), (2, "a")]
    assert keys(objects.filter(pk__in=objects.none())) == []
    for wrong in (objects.values("tenant"), objects.values("tenant", "number", "note")):
        with pytest.raises(ValueError, match="2 columns"):
            objects.filter(pk__in=wrong)
        with pytest.raises(ValueError, match="2 columns"):
            objects.filter(pk=wrong[:1])
    others = Order.objects.filter(pk=OuterRef("pk")).values("total")
    assert list(objects.annotate(same=Subquery(others)).order_by("pk").values_list("same", flat=True)) == [5, 7, 9]


@pytest.mark.feature("PK-010")
def test_reading_by_key(orders):
    objects = Order.objects
    assert objects.in_bulk([(1, "a"), (9, "z")]) == {(1, "a"): orders[0]}
    assert set(objects.in_bulk()) == {(1, "a"), (1, "b"), (2, "a")}
    assert objects.values("total").in_bulk([(1, "b")]) == {(1, "b"): {"total": 7}}
    with pytest.raises(ValueError, match="unique"):
        objects.in_bulk(["a"], field_name="number")
    assert objects.contains(orders[0])
    assert not objects.filter(tenant=2).contains(orders[0])
    assert objects.first().pk == (1, "a")
    assert objects.last().pk == (2, "a")
    assert objects.latest("pk").pk == (2, "a")
    assert objects.earliest("pk").pk == (1, "a")
    assert objects.distinct().count() == 3
    assert objects.filter(pk__gt=(1, "a")).exists()
    assert [row.pk for row in objects.order_by("pk").iterator(chunk_size=2)] == [(1, "a"), (1, "b"), (2, "a")]
    row = Order(pk=(1, "a"))
    row.refresh_from_db()
    assert row.note == "first"
    assert pickle.loads(pickle.dumps(row)).pk == (1, "a")
    assert copy.copy(row) == row


@pytest.mark.feature("RW-016")
def test_raw_rows_need_every_column_of_the_key(orders):
    rows = list(Order.objects.raw("SELECT number, tenant FROM composite_order ORDER BY tenant, number"))
    assert [row.pk for row in rows] == [(1, "a"), (1, "b"), (2, "a")]
    assert rows[2].note == "third"
    with pytest.raises(FieldDoesNotExist, match="'number'"):
        list(Order.objects.raw("SELECT tenant FROM composite_order"))


@pytest.mark.feature("PK-010")
def test_saving_and_deleting_one_row(orders):
    order = Order.objects.get(pk=(1, "a"))
    order.note = "changed"
    order.save()
    assert Order.objects.count() == 3
    assert Order.objects.get(pk=(1, "a")).note == "changed"
    order.total = F("total") + 1
    order.save()
    assert order.total == 6
    order.note = "left out"
    order.save(update_fields=["total"])
    assert Order.objects.get(pk=(1, "a")).note == "changed"
    with pytest.raises(ValueError, match="tenant"):
        order.save(update_fields=["tenant"])
    order.number = "c"
    order.save()
    assert keys(Order.objects.all()) == [(1, "a"), (1, "b"), (1, "c"), (2, "a")]
    assert order.delete() == (1, {"composite.Order": 1})
    assert order.pk == (None, None)
    with pytest.raises(ValueError, match="can't be deleted"):
        order.delete()
    with pytest.raises(IntegrityError), atomic():
        Order(tenant=1, number=None).save()
    with pytest.raises(Order.NotUpdated), atomic():
        Order(pk=(8, "x")).save(force_update=True)


@pytest.mark.feature("PK-010")
def test_writing_many_rows(orders):
    made = Order.objects.bulk_create([Order(pk=(3, str(number))) for number in range(3)])
    assert [row.pk for row in made] == [(3, "0"), (3, "1"), (3, "2")]
    for row in made:
        row.note = f"n{row.number}"
    assert Order.objects.bulk_update(made, ["note"]) == 3
    assert list(Order.objects.filter(tenant=3).order_by("pk").values_list("note", flat=True)) == ["n0", "n1", "n2"]
    changed = [Order(pk=(3, "0"), note="new"), Order(pk=(3, "9"), note="added")]
    for unique in (["tenant", "number"], ["pk"]):
        Order.objects.bulk_create(changed, update_conflicts=True, unique_fields=unique, update_fields=["note"])
        assert dict(Order.objects.filter(tenant=3).values_list("number", "note"))["0"] == "new"
    Order.objects.bulk_create(changed, ignore_conflicts=True)
    assert Order.objects.filter(tenant=3).count() == 4
    for name in ("tenant", "pk"):
        with pytest.raises(ValueError, match="primary key"):
            Order.objects.bulk_update(made, [name])
        with pytest.raises(ValueError, match="primary key"):
            Order.objects.bulk_create(
                changed, update_conflicts=True, unique_fields=["pk"], update_fields=[name]
            )
    with pytest.raises(ValueError, match="primary key"):
        Order.objects.bulk_update([Order(tenant=1, number=None)], ["note"])
    assert Order.objects.filter(pk__in=[(3, "0"), (3, "1")]).delete() == (2, {"composite.Order": 2})
    assert Order.objects.filter(tenant=3).delete() == (2, {"composite.Order": 2})


@pytest.mark.feature("PK-010")
def test_getting_or_creating(orders):
    assert Order.objects.get_or_create(pk=(1, "a")) == (orders[0], False)
    made, created = Order.objects.get_or_create(pk=(4, "x"), defaults={"note": "n"})
    assert (made.pk, made.note, created) == ((4, "x"), "n", True)
    changed, created = Order.objects.update_or_create(pk=(4, "x"), defaults={"note": "m"})
    assert (changed.note, created) == ("m", False)
    assert Order.objects.get(pk=(4, "x")).note == "m"
    assert Order.objects.update_or_create(tenant=4, number="y", defaults={"note": "m"})[1]


@pytest.mark.feature("A-051")
def test_counting_keys(orders):
    objects = Order.objects
    assert objects.aggregate(n=Count("pk")) == {"n": 3}
    assert objects.aggregate(n=Count("pk", filter=Q(tenant=1))) == {"n": 2}
    assert objects.aggregate(n=Count("pk", filter=Q(pk=(1, "a")))) == {"n": 1}
    rows = objects.values("tenant").annotate(n=Count("pk")).order_by("tenant")
    assert list(rows) == [{"tenant": 1, "n": 2}, {"tenant": 2, "n": 1}]
    for question in (
        lambda: objects.aggregate(n=Max("pk")),
        lambda: objects.annotate(n=Max("pk")),
    ):
        with pytest.raises(ValueError, match="composite primary key"):
            question()
    assert objects.all()[:2].aggregate(n=Count("pk")) == {"n": 2}
    assert objects.aggregate(n=Count("pk", distinct=True)) == {"n": 3}
    assert objects.filter(tenant=9).aggregate(n=Count("pk", distinct=True)) == {"n": 0}
    assert objects.values("pk").distinct().count() == 3


@pytest.mark.feature("PK-011")
def test_a_key_is_compared_and_otherwise_no_expression(orders):
    objects = Order.objects
    assert len(objects.filter(pk=F("pk"))) == 3
    assert keys(objects.filter(pk=(1, F("number")))) == [(1, "a"), (1, "b")]
    assert keys(objects.annotate(key=F("pk")).filter(key=(1, "a"))) == [(1, "a")]
    assert objects.annotate(key=F("pk")).get(tenant=2).key == (2, "a")
    assert list(objects.order_by("pk").values(key=F("pk")))[0] == {"key": (1, "a")}
    branch = Case(When(pk=(1, "a"), then=Value(1)), default=Value(0))
    assert list(objects.annotate(n=branch).order_by("pk").values_list("n", flat=True)) == [1, 0, 0]
    for expression in (Length("pk"), F("pk") + 1, Coalesce("pk", 1), Case(When(tenant=1, then=F("pk")))):
        with pytest.raises(ValueError, match="composite primary keys"):
            objects.annotate(n=expression)
    with pytest.raises(FieldError, match="a column holds a single value"):
        objects.update(note=F("pk"))


def test_a_key_is_compared_with_as_many_columns_only():
    plain = Plain.objects.filter(pk=OuterRef("pk"))
    with pytest.raises(ValueError, match="2 columns"):
        Order.objects.annotate(found=Exists(plain))
    with pytest.raises(ValueError, match="cannot be compared with 2"):
        Plain.objects.annotate(found=Exists(Order.objects.filter(pk=OuterRef("pk"))))
    with pytest.raises(ValueError, match="'note' is one column"):
        Order.objects.filter(note=F("pk"))


def test_windows_over_keys(orders):
    number = Window(RowNumber(), partition_by="tenant", order_by=F("pk").desc())
    found = Order.objects.annotate(n=number).order_by("pk").values_list("pk", "n")
    assert list(found) == [((1, "a"), 2), ((1, "b"), 1), ((2, "a"), 1)]
    each = Window(RowNumber(), partition_by=[F("pk")])
    assert set(Order.objects.annotate(n=each).values_list("n", flat=True)) == {1}
    with pytest.raises(ValueError, match="composite primary keys"):
        Order.objects.annotate(n=Window(FirstValue("pk")))


@pytest.mark.feature("PK-012")
def test_the_key_is_updated_member_by_member(orders):
    with pytest.raises(FieldError, match="updated individually: tenant, number"):
        Order.objects.update(pk=(1, "z"))
    assert Order.objects.filter(pk=(1, "a")).update(number="z", tenant=7) == 1
    assert keys(Order.objects.all()) == [(1, "b"), (2, "a"), (7, "z")]


def test_combined_queries(orders):
    first, second = Order.objects.filter(pk=(1, "a")), Order.objects.filter(tenant=2)
    assert [row.pk for row in first.union(second).order_by("-pk")] == [(2, "a"), (1, "a")]
    assert sorted(first.values_list("pk", flat=True).union(second.values_list("pk", flat=True))) == [(1, "a"), (2, "a")]
    both = first.values("pk", "total").union(second.values("pk", "total")).order_by("total")
    assert list(both) == [{"pk": (1, "a"), "total": 5}, {"pk": (2, "a"), "total": 9}]
    assert len(Order.objects.filter(pk__in=first.union(second))) == 2
    assert keys(first | second) == [(1, "a"), (2, "a")]


def test_locked_rows(orders):
    with atomic():
        assert Order.objects.select_for_update().get(pk=(1, "a")).note == "first"


@pytest.mark.feature("PK-015")
def test_validation_looks_at_the_members(orders):
    wrong = Order(tenant="zz", number="a" * 20, note="n")
    for exclude in (None, {"pk"}):
        with pytest.raises(ValidationError) as caught:
            wrong.clean_fields(exclude=exclude)
        assert set(caught.value.message_dict) == {"tenant", "number"}
    wrong.clean_fields(exclude={"tenant", "number"})
    twin = Order(pk=(1, "a"), note="n")
    with pytest.raises(ValidationError) as caught:
        twin.validate_unique()
    assert set(caught.value.message_dict) == {"__all__"}
    for exclude in ({"pk"}, {"tenant"}, {"number"}):
        twin.validate_unique(exclude=exclude)
    Order.objects.get(pk=(1, "a")).validate_unique()


def test_a_save_sends_one_statement(orders):
    order = Order.objects.get(pk=(1, "a"))
    with recorded_statements() as seen:
        order.save()
        order.save()
    assert len(seen) == 2


class Based(models.Model):
    pk = models.CompositePrimaryKey("a", "b")
    a = models.IntegerField(default=1)
    b = models.IntegerField(default=2)

    class Meta:
        abstract = True


class First(Based):
    class Meta:
        app_label = "composite"


class Second(Based):
    class Meta:
        app_label = "composite"


class Proxy(First):
    class Meta:
        app_label = "composite"
        proxy = True


def test_a_key_can_be_inherited(tables):
    tables(First, Second)
    First.objects.create()
    with recorded_statements() as seen:
        # A key with defaults is taken to be new.
        Second(b=3).save()
    assert len(seen) == 1
    assert First.objects.get().pk == (1, 2)
    assert Proxy.objects.get(pk=(1, 2)).pk == (1, 2)
    assert Second.objects.get().pk == (1, 3)


class Ticket(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    place = models.IntegerField()

    class Meta:
        app_label = "composite"


class Shared(models.Model):
    pk = models.CompositePrimaryKey("tenant", "id")
    tenant = models.IntegerField()
    id = models.UUIDField(default=uuid7)

    class Meta:
        app_label = "composite"


def test_keys_made_by_the_client_keep_rows_in_the_order_in_which_they_were_made(tables):
    tables(Ticket, Shared)
    with recorded_statements() as seen:
        first = Ticket.objects.create(place=0)
        Ticket(place=1).save()
    assert len(seen) == 2
    Ticket.objects.bulk_create([Ticket(place=place) for place in range(2, 200)])
    assert [ticket.place for ticket in Ticket.objects.order_by("pk")] == list(range(200))
    assert Ticket.objects.get(pk=first.pk) == first
    assert [ticket.place for ticket in Ticket.objects.order_by("pk").filter(pk__gt=first.pk)[:3]] == [1, 2, 3]
    made = [Shared.objects.create(tenant=1) for _ in range(3)]
    assert list(Shared.objects.order_by("pk")) == made
