"""Lookups and transforms of the user's: registered, derived, written, and used as expressions."""

from __future__ import annotations

import copy
import pickle

import pytest

from rowsmith import models
from rowsmith.exceptions import EmptyResultSet, FieldError, FullResultSet, IntegrityError, ValidationError
from rowsmith.models import Case, CharField, Count, Exists, F, Field, IntegerField, Max, OuterRef, Q, Sum, Value, When
from rowsmith.models import lookups as face
from rowsmith.models.lookups import (
    Contains,
    EndsWith,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IExact,
    In,
    IRegex,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Lookup,
    Range,
    Regex,
    StartsWith,
    Transform,
)
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements


class Team(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "custom_lookups"


class Player(models.Model):
    name = models.CharField(max_length=20)
    alias = models.CharField(max_length=20, null=True)
    score = models.IntegerField(null=True)
    bonus = models.IntegerField(default=0)
    born = models.DateField(null=True)
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="players")

    class Meta:
        app_label = "custom_lookups"


class NotEqual(Lookup):
    lookup_name = "ne"

    def as_sql(self, compiler, connection):
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} <> {right}", (*left_params, *right_params)


class AbsoluteValue(Transform):
    lookup_name = "abs"
    function = "ABS"


class AbsoluteLess(Lookup):
    lookup_name = "lt"

    def as_sql(self, compiler, connection):
        left, left_params = compiler.compile(self.lhs.lhs)
        right, right_params = self.process_rhs(compiler, connection)
        params = (*left_params, *right_params, *left_params, *right_params)
        return f"{left} < {right} AND {left} > -({right})", params


class UpperCase(Transform):
    lookup_name = "upper_case"
    function = "UPPER"
    bilateral = True


class Times(Transform):
    lookup_name = "times_two"

    def as_sql(self, compiler, connection):
        text, params = compiler.compile(self.lhs)
        return f"({text} * %s)", (*params, 2)


class Holding(Lookup):
    """Looks at its value while it writes SQL, so that each value needs a text of its own."""

    lookup_name = "holding"

    def as_sql(self, compiler, connection):
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} LIKE {right}", (*left_params, *(f"%{param}%" for param in right_params))


class Ranked(models.Model):
    score = models.IntegerField(default=0)
    least = models.IntegerField(default=0)

    class Meta:
        app_label = "custom_lookups"
        indexes = [models.Index(AbsoluteValue("score"), name="ranked_by_size")]
        constraints = [
            models.CheckConstraint(condition=Q(GreaterThan(F("score"), F("least"))), name="ranked_above"),
            models.UniqueConstraint(AbsoluteValue("score") * 2, F("least"), name="ranked_once"),
        ]


@pytest.fixture
def players(tables):
    tables(Team, Player)
    red, blue = Team.objects.create(name="red"), Team.objects.create(name="blue")
    Player.objects.create(name="Ann", alias="ann", score=3, bonus=2, team=red)
    Player.objects.create(name="Bob", alias="BOB", score=-5, bonus=5, team=red)
    Player.objects.create(name="Cyd", score=None, team=blue)


@pytest.fixture
def register():
    """`register(owner, lookup)`, taken back after the test."""
    taken = []

    def do(owner, lookup, name=None):
        owner.register_lookup(lookup, lookup_name=name)
        taken.append((owner, lookup, name))

    yield do
    for owner, lookup, name in reversed(taken):
        owner._unregister_lookup(lookup, lookup_name=name)


def found(*conditions, **lookups):
    return list(Player.objects.filter(*conditions, **lookups).order_by("pk").values_list("name", flat=True))


@pytest.mark.feature("L-001")
def test_lookups_are_registered_on_classes_on_instances_and_by_decorator(players, register):
    register(Field, NotEqual)
    assert found(score__ne=3) == ["Bob"]
    assert found(name__ne="Ann") == ["Bob", "Cyd"]
    score = Player._meta.get_field("score")
    register(score, NotEqual, "differs")
    assert found(score__differs=3) == ["Bob"]
    with pytest.raises(FieldError):
        found(bonus__differs=3)

    @IntegerField.register_lookup
    class Double(Lookup):
        lookup_name = "twice"

        def as_sql(self, compiler, connection):
            left, left_params = self.process_lhs(compiler, connection)
            right, right_params = self.process_rhs(compiler, connection)
            return f"{left} = 2 * {right}", (*left_params, *right_params)

    assert found(bonus__twice=1) == ["Ann"]

    class Triple(Double):
        def as_sql(self, compiler, connection):
            left, left_params = self.process_lhs(compiler, connection)
            right, right_params = self.process_rhs(compiler, connection)
            return f"{left} = 5 * {right}", (*left_params, *right_params)

    IntegerField.register_lookup(Triple)
    assert found(bonus__twice=1) == ["Bob"]
    IntegerField._unregister_lookup(Triple)
    with pytest.raises(FieldError):
        found(bonus__twice=1)


@pytest.mark.feature("L-002")
def test_a_lookup_of_one_field_goes_before_that_of_its_class(players, register):
    class Never(NotEqual):
        def as_sql(self, compiler, connection):
            return "1 = 0", ()

    score = Player._meta.get_field("score")
    register(IntegerField, NotEqual)
    assert found(score__ne=3) == ["Bob"]
    score.register_lookup(Never)
    assert found(score__ne=3) == [] and found(bonus__ne=2) == ["Bob", "Cyd"]
    score._unregister_lookup(Never)
    assert found(score__ne=3) == ["Bob"]
    score.register_lookup(Never, lookup_name="exact")
    assert found(score=3) == []
    score._unregister_lookup(Never, lookup_name="exact")
    assert found(score=3) == ["Ann"]


@pytest.mark.feature("L-003")
def test_a_name_is_looked_for_in_the_hierarchy_of_classes(register):
    class Base(models.IntegerField):
        pass

    class Derived(Base):
        pass

    class Other(NotEqual):
        pass

    register(Base, NotEqual)
    assert Derived().get_lookup("ne") is NotEqual
    assert Derived().get_lookup("exact") is Exact
    assert Derived().get_lookup("nothing") is None and Derived().get_transform("nothing") is None
    register(Derived, Other)
    assert Derived().get_lookup("ne") is Other and Base().get_lookup("ne") is NotEqual
    register(Base, AbsoluteValue)
    assert Derived().get_transform("abs") is AbsoluteValue and Derived().get_lookup("abs") is None
    assert Derived().get_transform("ne") is None
    assert Derived.get_lookups()["ne"] is Other and Derived().get_lookups()["abs"] is AbsoluteValue
    assert set(Derived.get_lookups()) - set(IntegerField.get_lookups()) == {"ne", "abs"}
    assert models.DateField().get_transform("year").lookup_name == "year"


@pytest.mark.feature("L-004")
def test_a_path_is_a_field_then_transforms_then_a_lookup(players, register):
    register(IntegerField, AbsoluteValue)
    register(IntegerField, Times)
    assert found(score__abs=5) == ["Bob"]
    assert found(score__abs__exact=5) == ["Bob"]
    assert found(score__abs__times_two__gte=10) == ["Bob"]
    assert found(score__times_two__abs__in=[6]) == ["Ann"]
    assert list(Team.objects.filter(players__score__abs=5).values_list("name", flat=True)) == ["red"]
    assert found(score__times_two__isnull=True) == ["Cyd"]


@pytest.mark.feature("L-005")
def test_a_lookup_needs_a_name_without_double_underscores_and_its_sql(players, register):
    class Nameless(Lookup):
        pass

    class Spoiled(Lookup):
        lookup_name = "a__b"

    class Unwritten(Lookup):
        lookup_name = "unwritten"

    for wrong in (Nameless, Spoiled):
        with pytest.raises(ValueError, match="double underscores"):
            Field.register_lookup(wrong)
    register(Field, Unwritten)
    with pytest.raises(NotImplementedError, match="as_sql"):
        found(score__unwritten=1)
    register(Field, NotEqual)
    with recorded_statements() as seen:
        assert found(score__ne=3) == ["Bob"]
    assert "<>" in seen[0]


@pytest.mark.feature("L-006", "L-013", "L-015")
def test_both_sides_come_with_their_parameters_as_often_as_they_are_written(players, register):
    register(IntegerField, AbsoluteValue)
    register(AbsoluteValue, AbsoluteLess)
    for limit, names in ((4, ["Ann"]), (6, ["Ann", "Bob"]), (1, [])):
        assert found(score__abs__lt=limit) == names
    assert found(score__abs__lt=F("bonus") + 2) == ["Ann", "Bob"]
    assert found(score__lt=1) == ["Bob"]

    class Same(Lookup):
        lookup_name = "same"

        def as_sql(self, compiler, connection):
            left, left_params = compiler.compile(self.lhs)
            right, right_params = self.process_rhs(compiler, connection)
            return f"{left} = {right}", (*left_params, *right_params)

    class Quoted(Transform):
        lookup_name = "shown"
        output_field = CharField()

        def as_sqlite(self, compiler, connection):
            text, params = compiler.compile(self.lhs)
            return f"('<' || {text} || %s)", (*params, ">")

        def as_postgresql(self, compiler, connection):
            text, params = compiler.compile(self.lhs)
            return f"concat('<', {text}, '>')", params

    register(IntegerField, Quoted)
    register(CharField, Same)
    assert found(bonus__shown__same="<5>") == ["Bob"]


@pytest.mark.feature("L-007")
def test_plain_values_are_prepared_by_the_field_unless_told_otherwise(players, register):
    class Raw(NotEqual):
        lookup_name = "raw_ne"
        prepare_rhs = False

    class Half(NotEqual):
        lookup_name = "half_ne"

        def get_prep_lookup(self):
            return int(self.rhs) // 2

    for lookup in (NotEqual, Raw, Half):
        register(IntegerField, lookup)
    assert found(score__ne="3") == ["Bob"]
    with pytest.raises(ValueError):
        found(score__ne="three")
    assert found(score__raw_ne=3) == ["Bob"]
    assert found(score__half_ne=7) == ["Bob"]
    assert found(score__half_ne=-10) == ["Ann"]

    class Shouting(Exact):
        lookup_name = "shouted"

        def get_prep_lookup(self):
            return str(self.rhs).upper()

    register(CharField, Shouting)
    assert found(alias__shouted="bob") == ["Bob"]


@pytest.mark.feature("L-008", "Q-098")
def test_lookups_are_expressions(players):
    assert found(GreaterThan(F("bonus"), F("score"))) == ["Bob"]
    assert found(LessThan(F("score"), 0) | Exact(F("name"), "Cyd")) == ["Bob", "Cyd"]
    assert found(LessThan(F("score"), 0) & Q(name="Bob")) == ["Bob"]
    assert found(~LessThan(F("score"), 0)) == ["Ann"]
    assert found(LessThan(F("score"), 0) ^ Q(bonus__gte=2)) == ["Ann"]
    assert found(Q(GreaterThanOrEqual(F("bonus"), 2), name__startswith="A")) == ["Ann"]
    rows = Player.objects.annotate(low=LessThan(F("score"), 0)).order_by("pk")
    assert list(rows.values_list("low", flat=True)) == [False, True, None]
    assert [player.name for player in rows.filter(low=True)] == ["Bob"]
    by_truth = Player.objects.order_by(LessThan(F("bonus"), 3), "pk")
    assert list(by_truth.values_list("name", flat=True)) == ["Bob", "Ann", "Cyd"]
    kinds = Player.objects.annotate(
        kind=Case(When(GreaterThan(F("bonus"), 3), then=Value("high")), default=Value("low"))
    ).order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["low", "high", "low"]
    assert Player.objects.aggregate(n=Count("pk", filter=GreaterThan(F("bonus"), 1)))["n"] == 2
    assert Player.objects.aggregate(n=Count("pk", filter=Q(Exact(F("bonus"), 5))))["n"] == 1
    rich = Player.objects.filter(GreaterThan(F("bonus"), 3), team=OuterRef("pk"))
    assert list(Team.objects.filter(Q(Exists(rich)) | Q(name="none")).values_list("name", flat=True)) == ["red"]
    assert [t.rich for t in Team.objects.annotate(rich=Exists(rich)).order_by("pk")] == [True, False]
    for lookup, expected in {
        IExact(F("alias"), "Bob"): ["Bob"],
        In(F("score"), [3, 4]): ["Ann"],
        Contains(F("name"), "nn"): ["Ann"],
        IContains(F("name"), "B"): ["Bob"],
        StartsWith(F("name"), "C"): ["Cyd"],
        EndsWith(F("name"), "d"): ["Cyd"],
        Range(F("score"), (0, 9)): ["Ann"],
        IsNull(F("score"), True): ["Cyd"],
        Regex(F("name"), "^A"): ["Ann"],
        IRegex(F("name"), "^a"): ["Ann"],
        LessThanOrEqual(F("score"), 3): ["Ann", "Bob"],
    }.items():
        assert found(lookup) == expected, lookup
    with pytest.raises(TypeError, match="write F"):
        GreaterThan("score", 1)


@pytest.mark.feature("L-009")
def test_the_face_offers_every_lookup():
    assert {name for name in face.__all__ if not name.startswith("Year")} == {
        "Contains", "EndsWith", "Exact", "GreaterThan", "GreaterThanOrEqual", "IContains", "IEndsWith", "IExact",
        "IRegex", "IStartsWith", "In", "IsNull", "LessThan", "LessThanOrEqual", "Lookup", "Range", "Regex",
        "StartsWith", "Transform",
    }  # fmt: skip
    assert all(issubclass(getattr(face, name), Lookup | Transform) for name in face.__all__)


@pytest.mark.feature("L-010")
def test_what_a_transform_returns_decides_what_may_follow(players, register):
    class Width(Transform):
        lookup_name = "width"
        function = "LENGTH"
        output_field = IntegerField()

    register(CharField, Width)
    register(IntegerField, AbsoluteValue)
    assert found(name__width=3, name__width__abs__gt=2) == ["Ann", "Bob", "Cyd"]
    with pytest.raises(FieldError, match="width"):
        found(name__width__width=1)
    assert AbsoluteValue(F("score")).lhs == F("score")
    with pytest.raises(TypeError, match="exactly 1"):
        AbsoluteValue("score", "bonus")
    assert list(Player.objects.filter(score__abs=5).values_list("score__abs", flat=True)) == [5]


@pytest.mark.feature("L-011")
def test_transforms_work_wherever_a_name_does(players, register, world):
    register(IntegerField, AbsoluteValue)
    assert found(score__abs__gt=3) == ["Bob"]
    known = Player.objects.filter(score__isnull=False).order_by("-score__abs", "name")
    assert list(known.values_list("name", flat=True)) == ["Bob", "Ann"]
    assert list(Player.objects.order_by("pk").values("score__abs")) == [
        {"score__abs": 3}, {"score__abs": 5}, {"score__abs": None},
    ]  # fmt: skip
    assert list(Player.objects.order_by("pk").values_list(F("score__abs") + 1, flat=True)) == [4, 6, None]
    assert Player.objects.aggregate(Max("score__abs"), s=Sum("score__abs")) == {"score__abs__max": 5, "s": 8}
    assert [t.high for t in Team.objects.annotate(high=Max("players__score__abs")).order_by("pk")] == [5, None]
    if world.vendor == "postgresql":
        names = Player.objects.order_by("score__abs").distinct("score__abs").values_list("name", flat=True)
        assert list(names) == ["Ann", "Bob", "Cyd"]


@pytest.mark.feature("L-011", "Q-098")
def test_indexes_and_constraints_hold_transforms_and_lookups(tables):
    tables(Ranked)
    Ranked.objects.create(score=3, least=-9)
    for wrong in ({"score": -3, "least": -9}, {"score": 1, "least": 2}):
        with pytest.raises(IntegrityError):
            Ranked.objects.create(**wrong)
        with pytest.raises(ValidationError):
            Ranked(**wrong).full_clean()
    Ranked(score=4, least=-9).full_clean()
    assert Ranked.objects.get().score == 3


@pytest.mark.feature("L-012")
def test_a_bilateral_transform_meets_the_right_side_too(players, register):
    register(CharField, UpperCase)
    assert found(name__upper_case="bOB") == ["Bob"]
    assert found(name__upper_case__startswith="b") == ["Bob"]
    assert found(name__upper_case__in=["bob", "ANN"]) == ["Ann", "Bob"]
    assert found(name__upper_case=F("alias")) == ["Ann", "Bob"]
    assert found(name__upper_case__gt="b") == ["Bob", "Cyd"]
    assert found(name__upper_case__range=("B", "bz")) == ["Bob"]
    assert found(alias__upper_case__isnull=True) == ["Cyd"]
    assert found(Exact(UpperCase(F("name")), "bob")) == ["Bob"]
    register(CharField, NotEqual)
    assert found(name__upper_case__ne="bOB") == ["Ann", "Cyd"] and found(name__upper_case__ne="ANN") == ["Bob", "Cyd"]
    assert found(name__upper_case__ne=F("alias")) == []
    with pytest.raises(NotImplementedError, match="Bilateral"):
        found(name__upper_case__in=Player.objects.values("alias"))


@pytest.mark.feature("L-014")
def test_a_spelling_for_one_database_goes_first(players, register, world):
    class Vendor(NotEqual):
        lookup_name = "vendor"

        def as_sql(self, compiler, connection):
            raise AssertionError("the databases have spellings of their own")

        def as_sqlite(self, compiler, connection):
            return "'sqlite' = %s", self.process_rhs(compiler, connection)[1]

        def as_postgresql(self, compiler, connection):
            return "'postgresql' = %s", self.process_rhs(compiler, connection)[1]

    register(CharField, Vendor)
    assert len(found(name__vendor=world.vendor)) == 3
    assert found(name__vendor="mysql") == []


class CoordinatesField(models.CharField):
    def get_lookup(self, name):
        if name.startswith("x"):
            try:
                place = int(name[1:])
            except ValueError:
                pass
            else:
                return character_lookup(place)
        return super().get_lookup(name)

    def get_transform(self, name):
        if name.startswith("c") and name[1:].isdigit():
            return CharacterFactory(int(name[1:]))
        return super().get_transform(name)


def character_lookup(place):
    class Character(Lookup):
        lookup_name = f"x{place}"

        def as_sql(self, compiler, connection):
            left, left_params = self.process_lhs(compiler, connection)
            right, right_params = self.process_rhs(compiler, connection)
            return f"SUBSTR({left}, {place}, 1) = {right}", (*left_params, *right_params)

    return Character


class CharacterFactory:
    def __init__(self, place):
        self.place = place

    def __call__(self, *args):
        return CharacterAt(self.place, *args)


class CharacterAt(Transform):
    output_field = CharField()

    def __init__(self, place, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.place = place

    def as_sql(self, compiler, connection):
        text, params = compiler.compile(self.lhs)
        return f"SUBSTR({text}, {self.place}, 1)", params


class Place(models.Model):
    coords = CoordinatesField(max_length=20)

    class Meta:
        app_label = "custom_lookups"


@pytest.mark.feature("L-016")
def test_a_field_makes_lookups_and_transforms_of_their_names(tables):
    tables(Place)
    for coords in ("abc", "xbz"):
        Place.objects.create(coords=coords)
    assert [place.coords for place in Place.objects.filter(coords__x1="x")] == ["xbz"]
    assert [place.coords for place in Place.objects.filter(coords__x3="c")] == ["abc"]
    assert [place.coords for place in Place.objects.filter(coords__c3__in=["z"])] == ["xbz"]
    assert list(Place.objects.order_by("-coords__c3").values_list("coords__c3", flat=True)) == ["z", "c"]
    with pytest.raises(FieldError):
        Place.objects.filter(coords__xy="x")


@pytest.mark.feature("L-017")
def test_a_name_that_a_field_does_not_offer_is_an_error_that_helps(players):
    with pytest.raises(FieldError, match="'startwith' for CharField.*Did you mean.*startswith"):
        found(name__startwith="A")
    with pytest.raises(FieldError, match="relation"):
        found(team__startswith="A")
    with pytest.raises(FieldError, match="Did you mean 'name'"):
        found(team__nam="red")
    assert found(team__in=[1], team__isnull=False, team__gt=0, team__lte=1) == ["Ann", "Bob"]


class Nothing(Lookup):
    lookup_name = "nothing"

    def as_sql(self, compiler, connection):
        raise EmptyResultSet


class All(Lookup):
    lookup_name = "all"

    def as_sql(self, compiler, connection):
        raise FullResultSet


@pytest.mark.feature("L-018")
def test_a_lookup_may_say_that_it_matches_nothing_or_everything(players, register):
    register(IntegerField, Nothing)
    register(IntegerField, All)
    everybody = ["Ann", "Bob", "Cyd"]
    assert found(bonus__nothing=1) == [] and found(~Q(bonus__all=1)) == []
    with recorded_statements() as seen:
        assert found(bonus__all=1) == everybody
        assert found(~Q(bonus__nothing=1) | Q(name="Ann")) == everybody
    assert not any("WHERE" in statement for statement in seen)
    with recorded_statements() as seen:
        assert found(Q(score__nothing=1) | Q(name="Ann")) == ["Ann"]
        assert found(Q(score__all=1) & Q(name="Ann")) == ["Ann"]
    assert seen[0].split("WHERE")[1] == seen[1].split("WHERE")[1]
    assert Player.objects.filter(score__nothing=1).count() == 0 and not Player.objects.filter(score__nothing=1).exists()
    rows = Player.objects.annotate(a=All(F("score"), 1), n=Nothing(F("score"), 1)).order_by("pk")
    assert rows.values_list("a", "n")[0] == (True, False)


@pytest.mark.feature("L-019")
def test_the_right_side_is_a_value_an_expression_or_a_queryset(players, register):
    register(IntegerField, NotEqual)
    assert found(score=3) == ["Ann"]
    assert found(bonus=-F("score")) == ["Bob"]
    assert found(score=Player.objects.filter(name="Bob").values("score")[:1]) == ["Bob"]
    assert found(score__ne=Player.objects.filter(name="Bob").values("score")[:1]) == ["Ann"]
    assert found(bonus__ne=F("score") * -1) == ["Ann"]
    for rows in (Player.objects.values("score"), Player.objects.values("score")[:2]):
        with pytest.raises(ValueError, match="limited to one row"):
            found(score=rows)
    assert found(score__in=Player.objects.values("score")[:2]) != []


def test_queries_with_lookups_of_the_users_are_not_planned_again(players, register):
    register(Field, NotEqual)
    register(IntegerField, AbsoluteValue)
    register(AbsoluteValue, AbsoluteLess)
    register(CharField, UpperCase)

    def ask(n):
        found(score__ne=n)
        found(score__abs__lt=n)
        found(name__upper_case=str(n))
        found(GreaterThan(F("score"), n))
        list(Player.objects.annotate(x=NotEqual(F("score"), n)).order_by("score__abs"))

    ask(1)
    planned = cache.info().planned
    ask(7)
    assert cache.info().planned == planned


def test_a_lookup_that_looks_at_its_value_is_planned_for_each_and_never_wrong(players, register):
    register(CharField, Holding)
    assert found(name__holding="nn") == ["Ann"]
    assert found(name__holding="o") == ["Bob"]
    assert found(name__holding="y") == ["Cyd"]

    class Sized(Lookup):
        lookup_name = "sized"

        def as_sql(self, compiler, connection):
            left, left_params = self.process_lhs(compiler, connection)
            return (f"{left} > 2" if self.rhs == "big" else f"{left} <= 2"), left_params

        def get_prep_lookup(self):
            return self.rhs

    register(IntegerField, Sized)
    assert found(bonus__sized="big") == ["Bob"]
    assert found(bonus__sized="small") == ["Ann", "Cyd"]

    class Kind(Lookup):
        lookup_name = "kind"
        prepare_rhs = False

        def as_sql(self, compiler, connection):
            left, left_params = self.process_lhs(compiler, connection)
            return (f"{left} > 2" if isinstance(self.rhs, str) and len(self.rhs) > 3 else f"{left} <= 2"), left_params

    register(IntegerField, Kind)
    assert found(bonus__kind="long") == ["Bob"]
    assert found(bonus__kind="-") == ["Ann", "Cyd"]
    assert found(bonus__kind=12345) == ["Ann", "Cyd"]


class Upper:
    """Meets the left side in capitals."""

    def process_lhs(self, compiler, connection, lhs=None):
        text, params = super().process_lhs(compiler, connection, lhs)
        return f"UPPER({text})", params


class UpperIn(Upper, In):
    lookup_name = "upper_in"


class UpperContains(Upper, Contains):
    lookup_name = "upper_contains"


class OneMoreBetween(Range):
    lookup_name = "one_more_between"

    def process_lhs(self, compiler, connection, lhs=None):
        text, params = super().process_lhs(compiler, connection, lhs)
        return f"({text} + %s)", (*params, 1)


class Listed(In):
    lookup_name = "listed"

    def get_prep_lookup(self):
        return self.rhs.split(",")


class Missing(IsNull):
    lookup_name = "missing"

    def as_sql(self, compiler, connection):
        text, params = super().as_sql(compiler, connection)
        return f"({text})", params


def test_lookups_are_derived_from_those_of_the_library(players, register):
    for lookup in (UpperIn, UpperContains, Listed):
        register(CharField, lookup)
    register(IntegerField, OneMoreBetween)
    register(IntegerField, Missing)
    assert found(name__upper_in=["ANN", "Bob"]) == ["Ann"]
    assert found(name__upper_in=[]) == []
    assert found(alias__upper_in=Player.objects.filter(name="Bob").values("alias")) == ["Bob"]
    assert found(name__upper_contains="O") == ["Bob"] and found(name__upper_contains="%") == []
    assert found(name__upper_contains=F("alias"), bonus=5) == ["Bob"]
    assert found(score__one_more_between=(4, 9)) == ["Ann"] and found(score__one_more_between=("-4", 3)) == ["Bob"]
    assert found(name__listed="Ann,Cyd") == ["Ann", "Cyd"]
    assert found(score__missing=True) == ["Cyd"] and found(score__missing=False) == ["Ann", "Bob"]


def test_queries_with_lookups_of_the_users_are_pickled_and_copied(players, register):
    register(IntegerField, NotEqual)
    rows = Player.objects.filter(score__ne=3)
    again = Player.objects.all()
    again.query = pickle.loads(pickle.dumps(rows.query))
    assert [player.name for player in again] == ["Bob"]
    assert [player.name for player in copy.deepcopy(rows)] == ["Bob"]
    assert [player.name for player in pickle.loads(pickle.dumps(rows))] == ["Bob"]
    assert found(pk__in=rows) == ["Bob"] and (rows | Player.objects.filter(score__ne=-5)).count() == 2
    assert [player.name for player in Player.objects.exclude(score__ne=3).order_by("pk")] == ["Ann", "Cyd"]
    assert rows.update(bonus=9) == 1 and rows.delete()[0] == 1


def test_no_way_of_looking_at_a_value_goes_unnoticed(players, register):
    def lookup(name, decide):
        class Decided(Lookup):
            lookup_name = name

            def as_sql(self, compiler, connection):
                left, left_params = self.process_lhs(compiler, connection)
                _, right_params = self.process_rhs(compiler, connection)
                return f"{left} {'>' if decide(self.rhs, right_params) else '<='} 2", left_params

        return Decided

    def caught(rhs, params):
        try:
            return rhs > 2
        except Exception:
            return False

    ways = {
        "compared": lambda rhs, params: rhs > 2,
        "in_a_list": lambda rhs, params: params[0] in (5, 6),
        "as_text": lambda rhs, params: "5" in str(params),
        "formatted": lambda rhs, params: f"{rhs}" == "5",
        "hashed": lambda rhs, params: rhs in {5: "five"},
        "caught": caught,
        "counted": lambda rhs, params: len(range(rhs)) > 2,
        "added": lambda rhs, params: sum(params) > 2,
    }
    for name, decide in ways.items():
        register(IntegerField, lookup(name, decide))
        for _ in range(2):
            assert found(**{f"bonus__{name}": 1}) == ["Ann", "Cyd"], name
            assert found(**{f"bonus__{name}": 5}) == ["Bob"], name

    class Typed(Exact):
        lookup_name = "typed"

        def as_sql(self, compiler, connection):
            return super().as_sql(compiler, connection) if type(self.rhs) is int else ("1 = 0", ())

    register(IntegerField, Typed)
    assert found(bonus__typed=5) == ["Bob"] and found(bonus__typed=2) == ["Ann"]
