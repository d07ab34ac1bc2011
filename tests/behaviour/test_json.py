"""JSON documents: paths of keys, containment, and the null of documents beside the NULL of the database."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import IntegrityError, NotSupportedError, ValidationError
from rowsmith.models import Case, F, JSONNull, OuterRef, Q, Subquery, Value, When
from rowsmith.models.fields.json import KT, HasAnyKeys, HasKey, HasKeys, KeyTextTransform, KeyTransform
from rowsmith.models.functions import Cast, Coalesce, JSONObject, Lower
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements


class Kennel(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "documents"


class Dog(models.Model):
    name = models.CharField(max_length=200)
    data = models.JSONField(null=True)
    kennel = models.ForeignKey(Kennel, models.CASCADE, null=True, related_name="dogs")

    class Meta:
        app_label = "documents"


class Strict(models.Model):
    data = models.JSONField()

    class Meta:
        app_label = "documents"


class Coded(models.Model):
    class Encoder(json.JSONEncoder):
        def default(self, value):
            return str(value)

    class Decoder(json.JSONDecoder):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, parse_float=Decimal, **kwargs)

    data = models.JSONField(encoder=Encoder, decoder=Decoder)

    class Meta:
        app_label = "documents"


class Indexed(models.Model):
    data = models.JSONField()

    class Meta:
        app_label = "documents"
        indexes = [
            models.Index(F("data__size"), name="documents_by_size"),
            models.Index(KT("data__owner__name"), name="documents_by_name"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(data__size="it's"), name="documents_size"),
            models.UniqueConstraint(Lower(KT("data__owner__name")), F("data__size"), name="documents_once"),
        ]


DOGS = {
    "rufus": {"breed": "labrador", "owner": {"name": "Bob", "pets": [{"name": "Fishy"}, {"name": "Cat"}]}, "age": 7},
    "meg": {"breed": "collie", "owner": None, "age": 3, "tame": True},
    "fred": {},
    "list": [1, 2, [3, "four"]],
    "text": "Bob",
    "number": 7,
    "none": None,
    "null": JSONNull(),
}


@pytest.fixture
def dogs(tables):
    tables(Kennel, Dog)
    for name, data in DOGS.items():
        Dog.objects.create(name=name, data=data)


def found(*conditions, **lookups):
    return list(Dog.objects.filter(*conditions, **lookups).order_by("pk").values_list("name", flat=True))


def excluded(**lookups):
    return list(Dog.objects.exclude(**lookups).order_by("pk").values_list("name", flat=True))


@pytest.mark.feature("Q-070", "Q-071", "Q-076")
def test_none_is_stored_as_null_of_the_database_and_null_within_a_document_stays_there(tables):
    tables(Kennel, Dog, Strict)
    outer = Dog.objects.create(name="outer", data=None)
    inner = Dog.objects.create(name="inner", data={"a": None, "b": [None]})
    null = Dog.objects.create(name="null", data=JSONNull())
    assert found(data__isnull=True) == ["outer"]
    for dog in (outer, null):
        dog.refresh_from_db()
        assert dog.data is None
    inner.refresh_from_db()
    assert inner.data == {"a": None, "b": [None]}
    strict = Strict.objects.create(data=JSONNull())
    strict.refresh_from_db()
    assert strict.data is None
    assert list(Strict.objects.values_list("data", flat=True)) == [None]


@pytest.mark.feature("Q-072", "Q-073")
def test_none_in_a_filter_is_the_null_of_documents_and_says_that_there_are_clearer_ways(dogs):
    for _ in range(2):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            assert found(data=None) == ["null"]
        [warning] = seen
        assert issubclass(warning.category, DeprecationWarning)
        assert "JSONNull()" in str(warning.message) and "isnull" in str(warning.message)
        assert warning.filename == __file__
    assert found(data__isnull=True) == ["none"]
    assert "null" in found(data__isnull=False) and "none" not in found(data__isnull=False)


@pytest.mark.feature("Q-074")
def test_the_text_null_as_a_value_is_the_older_spelling(tables):
    tables(Kennel, Dog)
    Dog.objects.create(name="older", data=Value("null"))
    Dog.objects.create(name="newer", data=JSONNull())
    Dog.objects.create(name="typed", data=Value(None, models.JSONField()))
    Dog.objects.create(name="word", data="null")
    assert found(data=Value("null")) == ["older", "newer", "typed"]
    assert found(data=Value(None, models.JSONField())) == ["older", "newer", "typed"]
    assert list(Dog.objects.order_by("pk").values_list("data", flat=True)) == [None, None, None, "null"]
    Dog.objects.filter(name="word").update(data=Value("null"))
    assert found(data=JSONNull()) == ["older", "newer", "typed", "word"]


@pytest.mark.feature("Q-075", "E-024")
def test_json_null_is_an_expression_that_stores_and_finds_the_null_of_documents(dogs):
    assert found(data=JSONNull()) == ["null"]
    assert found(data__owner=JSONNull()) == ["meg"]
    assert found(~Q(data=JSONNull()), data__isnull=False)[-1] == "number"
    Dog.objects.filter(name="text").update(data=JSONNull())
    assert found(data=JSONNull()) == ["text", "null"]
    dog = Dog.objects.get(name="none")
    dog.data = JSONNull()
    dog.save()
    assert dog.data is None
    assert found(data=JSONNull()) == ["text", "none", "null"]
    [row] = Dog.objects.filter(name="meg").annotate(nothing=JSONNull()).values("nothing")
    assert row == {"nothing": None}
    assert isinstance(JSONNull().output_field, models.JSONField)
    assert JSONNull() == JSONNull() and hash(JSONNull()) == hash(JSONNull()) and JSONNull() != Value(None)
    with pytest.raises(TypeError):
        Dog.objects.create(name="nested", data={"a": JSONNull()})


@pytest.mark.feature("Q-077", "Q-086")
def test_names_behind_the_field_are_keys_and_numbers_are_indices(dogs):
    assert found(data__breed="collie") == ["meg"]
    assert found(data__owner__name="Bob") == ["rufus"]
    assert found(data__owner__pets__0__name="Fishy") == ["rufus"]
    assert found(data__0=1) == ["list"]
    assert found(data__2__1="four") == ["list"]
    assert found(data__owner__pets=[{"name": "Fishy"}, {"name": "Cat"}]) == ["rufus"]
    assert found(data__age=7) == ["rufus"]
    assert found(data__age="7") == []
    assert found(data__tame=True) == ["meg"]
    assert found(data__tame=False) == []
    assert found(data__in=[7, "Bob", []]) == ["text", "number"]
    assert found(data__no_such_lookup="x") == []
    assert found(data__no_such_lookup__nor_this__isnull=False) == []


@pytest.mark.feature("Q-078", "Q-079", "Q-084")
def test_a_null_behind_a_key_is_not_a_missing_key(dogs):
    assert found(data__owner=None) == ["meg"]
    assert found(data__owner=JSONNull()) == ["meg"]
    assert found(data__owner__iexact=None) == ["meg"]
    assert found(data__owner__isnull=True) == ["fred", "list", "text", "number", "none", "null"]
    assert found(data__owner__isnull=False) == ["rufus", "meg"]
    assert found(data__owner__pets__isnull=False) == ["rufus"]


@pytest.mark.feature("Q-080")
def test_negative_indices_count_from_the_end(dogs):
    assert found(**{"data__-1": [3, "four"]}) == ["list"]
    assert found(**{"data__-1__-1": "four"}) == ["list"]
    assert found(**{"data__owner__pets__-1__name": "Cat"}) == ["rufus"]
    assert found(**{"data__-9": 1}) == []


@pytest.mark.feature("Q-081")
def test_what_looks_like_a_number_is_an_index_of_an_array(tables):
    tables(Kennel, Dog)
    Dog.objects.create(name="array", data=["zero"])
    Dog.objects.create(name="object", data={"0": "zero"})
    assert found(data__0="zero") == ["array"]
    assert found(data__has_key="0") == ["object"]


@pytest.mark.feature("Q-082")
def test_kt_is_the_text_at_the_end_of_a_path(dogs):
    rows = Dog.objects.annotate(owner=KT("data__owner__name"), age=KT("data__age")).order_by("pk")
    assert list(rows.values_list("owner", "age"))[:3] == [("Bob", "7"), (None, "3"), (None, None)]
    assert list(rows.filter(owner="Bob").values_list("name", flat=True)) == ["rufus"]
    assert list(rows.filter(owner__startswith="B").values_list("name", flat=True)) == ["rufus"]
    by_breed = Dog.objects.filter(data__breed__isnull=False).order_by(KT("data__breed"))
    assert [dog.name for dog in by_breed] == ["meg", "rufus"]
    [pet] = Dog.objects.annotate(pet=KT("data__owner__pets__0__name")).filter(pet__isnull=False)
    assert pet.pet == "Fishy"
    [older] = Dog.objects.annotate(age=Cast(KT("data__age"), models.IntegerField())).filter(age__gt=5)
    assert older.age == 7
    with pytest.raises(ValueError, match="at least one key"):
        KT("data")


@pytest.mark.feature("Q-083")
def test_every_lookup_of_text_and_of_order_works_behind_a_key(dogs):
    assert found(data__breed__icontains="LAB") == ["rufus"]
    assert found(data__breed__endswith="lie") == ["meg"]
    assert found(data__breed__iendswith="LIE") == ["meg"]
    assert found(data__breed__iexact="COLLIE") == ["meg"]
    assert found(data__breed__regex=r"^.*lie$") == ["meg"]
    assert found(data__breed__iregex=r"^.*LIE$") == ["meg"]
    assert found(data__breed__startswith="lab") == ["rufus"]
    assert found(data__breed__istartswith="LAB") == ["rufus"]
    assert found(data__age__lt=7) == ["meg"]
    assert found(data__age__lte=7) == ["rufus", "meg"]
    assert found(data__age__gt=3) == ["rufus"]
    assert found(data__age__gte=3) == ["rufus", "meg"]
    assert found(data__age__range=(4, 9)) == ["rufus"]
    assert found(data__age__in=[3, 4, None]) == ["meg"]
    assert found(data__breed__in=["collie", "labrador", True]) == ["rufus", "meg"]
    assert found(data__age__in=[]) == []
    assert found(data__owner__pets__in=[[{"name": "Fishy"}, {"name": "Cat"}]]) == ["rufus"]
    assert found(data__owner__has_key="pets") == ["rufus"]
    assert found(data__owner__has_keys=["pets", "name"]) == ["rufus"]
    assert found(data__owner__has_any_keys=["x", "name"]) == ["rufus"]


@pytest.mark.feature("Q-085")
def test_rows_without_the_path_are_neither_found_nor_left_over(dogs):
    assert found(data__breed="collie") == ["meg"]
    assert excluded(data__breed="collie") == ["rufus", "none"]
    both = Dog.objects.filter(~Q(data__breed="collie") | Q(data__breed__isnull=True))
    assert both.count() == len(DOGS) - 1


@pytest.mark.feature("Q-085")
def test_excluding_behind_a_key(dogs):
    assert excluded(data__owner=None) == ["rufus"]
    assert excluded(data__owner__isnull=True) == ["rufus", "meg"]
    assert excluded(data__has_key="owner") == ["fred", "list", "text", "number", "none", "null"]
    assert excluded(data__age__in=[7]) == ["meg", "none"]


@pytest.mark.only("postgresql")
@pytest.mark.feature("Q-087", "Q-088", "Q-089", "Q-090")
def test_containment_on_postgresql(tables):
    tables(Kennel, Dog)
    for name, data in {
        "rufus": {"breed": "labrador", "tricks": ["sit", "dance"], "contains": 1},
        "meg": {"breed": "collie", "tricks": ["sit"]},
        "fred": {},
        "list": [1, 2, 3],
    }.items():
        Dog.objects.create(name=name, data=data)
    assert found(data__contains={"breed": "collie"}) == ["meg"]
    assert found(data__contains={"breed": "collie", "tricks": ["sit"]}) == ["meg"]
    assert found(data__contains={"tricks": ["dance"]}) == ["rufus"]
    assert found(data__contains={"tricks": ["sit"]}) == ["rufus", "meg"]
    assert found(data__contains=[3, 1]) == ["list"]
    assert found(data__contains={}) == ["rufus", "meg", "fred"]
    assert found(data__tricks__contains=["dance"]) == ["rufus"]
    assert found(data__contained_by={"breed": "collie", "tricks": ["sit"], "more": 1}) == ["meg", "fred"]
    assert found(data__tricks__contained_by=["sit", "beg"]) == ["meg"]
    assert found(data__contains={"contains": 1}) == ["rufus"]
    assert found(data__contains=F("data")) == ["rufus", "meg", "fred", "list"]
    assert excluded(data__contains={"tricks": ["dance"]}) == ["meg", "fred", "list"]


@pytest.mark.only("sqlite")
@pytest.mark.feature("Q-088", "Q-090")
def test_containment_is_not_supported_on_sqlite(dogs):
    for lookup in ("contains", "contained_by"):
        with pytest.raises(NotSupportedError, match="contained_by"):
            found(**{f"data__{lookup}": {"breed": "collie"}})


@pytest.mark.feature("Q-091")
def test_keys_of_the_topmost_object(dogs):
    assert found(data__has_key="owner") == ["rufus", "meg"]
    assert found(data__has_keys=["breed", "tame"]) == ["meg"]
    assert found(data__has_any_keys=["tame", "age"]) == ["rufus", "meg"]
    assert found(data__has_any_keys=["x", "y"]) == []
    assert found(data__has_keys=["x"]) == []
    assert found(HasKey(F("data"), "tame")) == ["meg"]
    assert found(HasKeys(F("data"), ["breed", "tame"]) | HasAnyKeys(F("data"), ["x"])) == ["meg"]
    with pytest.raises(ValueError, match="list of keys"):
        found(data__has_keys="breed")


@pytest.mark.only("postgresql")
@pytest.mark.feature("Q-092")
def test_postgresql_takes_one_step_by_an_arrow_and_more_by_a_path(dogs):
    with recorded_statements() as seen:
        found(data__breed="collie")
        found(data__owner__name="Bob")
    assert """"data" -> 'breed')""" in seen[0]
    assert """"data" #> ARRAY['owner', 'name'])""" in seen[1]


@pytest.mark.feature("Q-093")
def test_paths_sort_by_their_values_on_both_databases(tables):
    tables(Kennel, Dog)
    for number in (10, 9, 100):
        Dog.objects.create(name=str(number), data={"n": number})
    assert list(Dog.objects.order_by("data__n").values_list("name", flat=True)) == ["9", "10", "100"]
    assert list(Dog.objects.order_by("-data__n").values_list("name", flat=True)) == ["100", "10", "9"]
    assert list(Dog.objects.order_by(KT("data__n")).values_list("name", flat=True)) == ["10", "100", "9"]


@pytest.mark.feature("Q-094")
def test_words_at_the_end_of_a_path_on_sqlite(tables, world):
    tables(Kennel, Dog)
    for name, value in {"t": "true", "f": "false", "n": "null", "T": True, "x": "5", "y": 5}.items():
        Dog.objects.create(name=name, data={"a": value})
    read = list(Dog.objects.order_by("pk").values_list("data__a", flat=True))
    if world.vendor == "sqlite":
        assert read == [True, False, None, True, "5", 5]
        assert found(data__a=True) == ["t", "T"] and found(data__a="true") == ["t", "T"]
        assert found(data__a=None) == ["n"]
    else:
        assert read == ["true", "false", "null", True, "5", 5]
        assert found(data__a=True) == ["T"] and found(data__a="true") == ["t"]
        assert found(data__a=None) == []
    assert found(data__a=5) == ["y"] and found(data__a="5") == ["x"]


KEYS = [
    "plain", "a b", "a.b", "$", "$.x", "[0]", "[#-1]", "%", "%s", "%%", "'", "''", '"', '"; --', "\\", "\\'",
    "a'b\"c\\d", "é", "\u2028", "😀", "", "\t", "\n", "null", "true", "1a", "-", "+1", " 1", "{}", "a,b", ":x", "?",
    "$1", "*", "`",
]  # fmt: skip


@pytest.mark.feature("Q-077", "Q-091")
def test_a_key_may_hold_every_character(tables):
    tables(Kennel, Dog)
    for number, key in enumerate(KEYS):
        Dog.objects.create(name=f"{number}", data={key: number, "in": {key: {"deep": [number]}}})
    for number, key in enumerate(KEYS):
        expected = [str(number)]
        assert found(**{f"data__{key}": number}) == expected, key
        assert found(**{f"data__{key}__isnull": False}) == expected, key
        assert found(**{f"data__in__{key}__deep__0": number}) == expected, key
        assert found(data__has_key=key) == expected, key
        assert found(data__in__has_key=key) == expected, key
        assert found(data__has_any_keys=[key, "none of them"]) == expected, key
        assert found(data__has_keys=[key, "in"]) == expected, key
        [read] = Dog.objects.filter(data__has_key=key).values_list(f"data__{key}", flat=True)
        assert read == number, key
        [deep] = Dog.objects.filter(data__has_key=key).annotate(t=KeyTextTransform(key, "data")).values_list("t")
        assert deep == (str(number),), key


@pytest.mark.feature("E-007", "Q-062")
def test_a_path_is_a_name_like_any_other(dogs):
    assert list(Dog.objects.filter(data__breed__isnull=False).order_by("pk").values("name", "data__breed")) == [
        {"name": "rufus", "data__breed": "labrador"},
        {"name": "meg", "data__breed": "collie"},
    ]
    [pets] = Dog.objects.filter(name="rufus").values_list("data__owner__pets", flat=True)
    assert pets == [{"name": "Fishy"}, {"name": "Cat"}]
    [dog] = Dog.objects.annotate(owner=F("data__owner")).filter(owner__name="Bob")
    assert dog.owner["name"] == "Bob"
    assert found(data__age=F("data__age")) == ["rufus", "meg"]
    assert found(data__age__lt=F("data__age")) == []
    ages = Dog.objects.filter(data__age__isnull=False).order_by("data__age")
    assert [dog.name for dog in ages] == ["meg", "rufus"]
    assert [dog.name for dog in ages.reverse()] == ["rufus", "meg"]
    made = Dog.objects.filter(name="meg").annotate(made=JSONObject(breed="data__breed", owner="data__owner"))
    assert made.get().made == {"breed": "collie", "owner": None}
    nested = KeyTransform("name", KeyTransform("owner", "data"))
    assert list(Dog.objects.annotate(n=nested).filter(n="Bob").values_list("n", flat=True)) == ["Bob"]


def test_paths_lead_on_from_relations_and_subqueries(tables):
    tables(Kennel, Dog)
    kennel = Kennel.objects.create(name="north")
    Kennel.objects.create(name="south")
    Dog.objects.create(name="rufus", data={"age": 7}, kennel=kennel)
    Dog.objects.create(name="meg", data={"age": 3}, kennel=kennel)
    assert list(Kennel.objects.filter(dogs__data__age=7).values_list("name", flat=True)) == ["north"]
    assert list(Kennel.objects.exclude(dogs__data__age=7).values_list("name", flat=True)) == ["south"]
    ages = Dog.objects.filter(kennel=OuterRef("pk")).order_by("data__age").values("data__age")[:1]
    youngest = Kennel.objects.annotate(youngest=Subquery(ages)).order_by("pk")
    assert list(youngest.values_list("youngest", flat=True)) == [3, None]
    oldest = Kennel.objects.annotate(t=models.Max(KT("dogs__data__age"))).order_by("pk")
    assert [kennel.t for kennel in oldest] == ["7", None]


def test_a_document_is_set_to_a_part_of_itself(dogs):
    Dog.objects.filter(name="rufus").update(data=F("data__owner__pets__0"))
    assert Dog.objects.get(name="rufus").data == {"name": "Fishy"}
    Dog.objects.filter(name="rufus").update(data=F("data__name"))
    assert Dog.objects.get(name="rufus").data == "Fishy"
    Dog.objects.filter(name="meg").update(data=Value({"a": [1]}, models.JSONField()))
    assert Dog.objects.get(name="meg").data == {"a": [1]}
    Dog.objects.filter(name="meg").update(data=F("data__missing"))
    assert found(data__isnull=True) == ["meg", "none"]


def test_documents_and_parts_of_documents_meet_in_one_expression(dogs):
    def values(expression):
        rows = Dog.objects.filter(data__age__isnull=False).annotate(x=expression).order_by("pk")
        return list(rows.values_list("x", flat=True))

    text, document = Value("none", models.JSONField()), Value({"a": 1}, models.JSONField())
    assert values(Coalesce(F("data__tame"), text)) == ["none", True]
    assert values(Coalesce(F("data__tame"), document)) == [{"a": 1}, True]
    assert values(Coalesce(F("data__tame"), F("data"))) == [DOGS["rufus"], True]
    assert values(Case(When(data__age=7, then=F("data__breed")), default=text)) == ["labrador", "none"]
    assert values(Case(When(data__age=7, then=F("data__owner__name")), default=F("data"))) == ["Bob", DOGS["meg"]]
    assert values(Case(When(data__age=7, then=F("data__breed")))) == ["labrador", None]


def test_documents_are_indexed_and_constrained_by_their_keys(tables):
    tables(Indexed)
    Indexed.objects.create(data={"size": 1, "owner": {"name": "a"}})
    with pytest.raises(IntegrityError):
        Indexed.objects.create(data={"size": 1, "owner": {"name": "A"}})
    with pytest.raises(IntegrityError):
        Indexed.objects.create(data={"size": "it's", "owner": {"name": "b"}})
    with pytest.raises(ValidationError, match="documents_size"):
        Indexed(data={"size": "it's"}).full_clean()
    Indexed.objects.create(data={"size": 2, "owner": {"name": "c"}})


def test_encoders_and_decoders_serve_paths_too(tables):
    tables(Coded)
    Coded.objects.create(data={"price": 1.5, "when": Decimal("2.5")})
    assert list(Coded.objects.values_list("data__price", "data__when")) == [(Decimal("1.5"), "2.5")]
    assert Coded.objects.filter(data__when=Decimal("2.5")).exists()
    assert Coded.objects.filter(data__price=1.5, data__when__in=[Decimal("2.5")]).exists()


def test_a_path_asked_again_is_not_planned_again(dogs):
    def ask(breed, age):
        found(data__breed=breed, data__age__gt=age)
        found(data__breed__in=[breed])
        found(data__has_key=breed)
        found(data__breed__icontains=breed)
        list(Dog.objects.order_by("data__breed").values_list("data__breed"))
        list(Dog.objects.annotate(t=KT("data__breed")).filter(t=breed))
        found(data=JSONNull())
        found(data__owner=None)

    ask("collie", 1)
    planned = cache.info().planned
    ask("labrador", 5)
    assert cache.info().planned == planned


def test_values_that_no_document_holds_are_refused(dogs):
    for wrong in (float("nan"), float("inf"), {1, 2}, object()):
        with pytest.raises((TypeError, ValueError)):
            found(data__age=wrong)
    assert found(data__age=10**30) == [] and found(data__99999999999=1) == []
    assert found(data__age__in=(age for age in (7, 8))) == ["rufus"]
    with pytest.raises(TypeError, match="iterable"):
        found(data__age__in=7)
