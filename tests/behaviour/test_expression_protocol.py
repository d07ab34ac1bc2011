"""Expressions of the user's: functions, aggregates and classes that write themselves, written against the protocol."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod

import pytest

from rowsmith import models
from rowsmith.exceptions import EmptyResultSet, FieldError, NotSupportedError, ProgrammingError
from rowsmith.models import (
    Aggregate,
    Case,
    Count,
    Expression,
    F,
    Func,
    JSONField,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from rowsmith.models.expressions import RawSQL
from rowsmith.models.functions import Coalesce, Length, Lower, RowNumber, Upper
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements


class Author(models.Model):
    name = models.CharField(max_length=30)
    alias = models.CharField(max_length=30, null=True)
    age = models.IntegerField(default=0)

    class Meta:
        app_label = "protocol"


class Novel(models.Model):
    title = models.CharField(max_length=30)
    pages = models.IntegerField(default=0)
    author = models.ForeignKey(Author, models.CASCADE, related_name="novels")

    class Meta:
        app_label = "protocol"


@pytest.fixture
def authors(tables):
    tables(Author, Novel)
    ann = Author.objects.create(name="Ann", alias="A", age=30)
    bob = Author.objects.create(name="Bob", age=40)
    for title, pages, author in (("Sea", 100, ann), ("Sky", 300, ann), ("Sun", 200, bob)):
        Novel.objects.create(title=title, pages=pages, author=author)


def values(expression):
    return list(Author.objects.annotate(x=expression).order_by("pk").values_list("x", flat=True))


class Joined(Func):
    """Texts with something between them, and a percent sign at the end."""

    template = "(%(expressions)s || '%%%%' || '%(mark)s')"
    arg_joiner = " || "
    output_field = models.CharField()


class Plus(Expression):
    """A sum, written from scratch."""

    output_field = models.IntegerField()

    def __init__(self, left, right, note=None):
        super().__init__()
        self.left = left
        self.right = Value(right) if isinstance(right, int) else right
        self.note = note

    def get_source_expressions(self):
        return [self.left, self.right]

    def set_source_expressions(self, expressions):
        self.left, self.right = expressions

    def as_sql(self, compiler, connection):
        left, left_params = compiler.compile(self.left)
        right, right_params = compiler.compile(self.right)
        return f"({left} + {right} + %s)", (*left_params, *right_params, 1)


class Largest(Aggregate):
    function = "MAX"
    template = "%(function)s(%(distinct)s%(expressions)s)"
    allow_distinct = True
    window_compatible = True


class Spread(Aggregate):
    """The distance between the largest and the smallest."""

    output_field = models.IntegerField()

    def as_sql(self, compiler, connection):
        text, params = compiler.compile(self.source_expressions[0])
        return f"(MAX({text}) - MIN({text}))", (*params, *params)


@pytest.mark.feature("E-016")
def test_a_function_is_called_with_fields_and_values(authors):
    assert values(Func("name", function="LOWER")) == ["ann", "bob"]
    assert values(Func(F("name"), function="UPPER", output_field=models.CharField())) == ["ANN", "BOB"]
    assert values(Func("name", Value("n"), Value("m"), function="REPLACE")) == ["Amm", "Bob"]
    assert values(Func("age", function="ABS")) == [30, 40]
    assert values(Func("name", Value("!"), template="(%(expressions)s)", arg_joiner=" || ")) == ["Ann!", "Bob!"]
    assert values(Func("age", 5, template="(%(expressions)s * %(times)s)", arg_joiner=" + ", times=1)) == [35, 45]
    assert values(Joined("name", Value("-"), mark="#")) == ["Ann-%#", "Bob-%#"]
    assert values(Joined("name", mark="a")) == ["Ann%a", "Bob%a"]
    assert values(Joined("name", mark="b")) == ["Ann%b", "Bob%b"]
    with pytest.raises(FieldError, match="output_field"):
        values(Func("name", "age", function="COALESCE"))
    with pytest.raises(FieldError, match="Did you mean 'name'"):
        values(Func("nam", function="LOWER"))
    with pytest.raises(ValueError, match="not the name of a function"):
        Func("name", function="LOWER(name); --")


@pytest.mark.feature("E-017")
def test_the_number_of_arguments_and_percent_signs(authors):
    class Two(Func):
        arity = 2

    with pytest.raises(TypeError, match="exactly 2 arguments"):
        Two("name")
    percent = Func("name", template="%(expressions)s || '100%%%%'", output_field=models.CharField())
    assert values(percent) == ["Ann100%", "Bob100%"]
    quoted = Func("name", Value("%s"), template="(%(expressions)s)", arg_joiner=" || '%%s' || ")
    assert values(quoted) == ["Ann%s%s", "Bob%s%s"]

    class Wrong(Func):
        def as_sql(self, compiler, connection):
            return "%s + %s", (1,)

    with pytest.raises(ProgrammingError, match="2 placeholders for 1"):
        values(Wrong(output_field=models.IntegerField()))


@pytest.mark.feature("E-018")
def test_a_database_may_be_given_another_spelling(authors, world):
    class Shout(Func):
        function = "LOWER"

        def as_sqlite(self, compiler, connection, **extra_context):
            return self.as_sql(compiler, connection, function="UPPER", **extra_context)

        def as_postgresql(self, compiler, connection, **extra_context):
            return super().as_sql(
                compiler, connection, template="%(function)s(%(expressions)s, '%(mark)s')", function="CONCAT", mark="!"
            )

    assert values(Shout("name")) == (["ANN", "BOB"] if world.vendor == "sqlite" else ["Ann!", "Bob!"])
    assert values(Length(Shout("name"))) == ([3, 3] if world.vendor == "sqlite" else [4, 4])

    class Seen(Func):
        output_field = models.CharField()

        def as_sql(self, compiler, connection):
            assert connection.ops.quote_name("a b") == '"a b"' and compiler.connection is connection
            return f"'{connection.vendor}'", ()

    assert values(Seen()) == [world.vendor] * 2


@pytest.mark.feature("E-019", "E-020")
def test_aggregates_of_the_users(authors):
    assert Largest.function == "MAX" and Largest.window_compatible and Largest.allow_distinct
    assert Aggregate.empty_result_set_value is None and Count.empty_result_set_value == 0
    assert not Aggregate.allow_order_by and not Max.allow_distinct
    assert Author.objects.aggregate(x=Largest("age"))["x"] == 40
    assert Author.objects.aggregate(x=Largest("age", distinct=True, filter=Q(age__lt=35)))["x"] == 30
    assert Author.objects.filter(age=0).aggregate(x=Largest("age"), y=Largest("age", default=7)) == {"x": None, "y": 7}
    assert Author.objects.aggregate(Largest("age"))["age__largest"] == 40
    rows = Author.objects.annotate(most=Largest("novels__pages"), spread=Spread("novels__pages")).order_by("pk")
    assert list(rows.values_list("most", "spread")) == [(300, 200), (200, 0)]
    assert [author.name for author in rows.filter(spread__gt=0)] == ["Ann"]
    assert [author.name for author in rows.filter(most__lt=250).order_by("spread")] == ["Bob"]
    assert list(rows.order_by("-spread").values_list("name", flat=True)) == ["Ann", "Bob"]
    grouped = Novel.objects.values("author__name").annotate(x=Spread("pages")).order_by("x").values_list("x", flat=True)
    assert list(grouped) == [0, 200]
    with_window = Novel.objects.annotate(x=Window(Largest("pages"), partition_by="author")).order_by("pk")
    assert list(with_window.values_list("x", flat=True)) == [300, 300, 200]
    with pytest.raises(FieldError, match="aggregate"):
        Author.objects.annotate(x=Largest(Sum("novels__pages")))


@pytest.mark.feature("E-049")
def test_what_an_expression_says_of_itself(authors):
    assert Expression.filterable and Expression.constraint_validation_compatible
    assert not Expression.window_compatible and not Expression.set_returning
    assert not Expression.allows_composite_expressions and Expression.empty_result_set_value is NotImplemented
    assert Value(1).allowed_default and Lower(Value("a")).allowed_default and (Value(1) + 2).allowed_default
    assert not F("name").allowed_default and not Lower("name").allowed_default
    assert RawSQL("1", ()).allowed_default and not Case(When(Q(age=1), then=Value(1))).allowed_default
    assert Sum("age").contains_aggregate and (Sum("age") + 1).contains_aggregate
    assert Coalesce(Max("age"), 0).contains_aggregate and not Lower("name").contains_aggregate
    window = Window(RowNumber())
    assert window.contains_over_clause and (window + 1).contains_over_clause and not F("age").contains_over_clause
    assert Sum.window_compatible and RowNumber.window_compatible


@pytest.mark.feature("E-050")
def test_what_cannot_be_part_of_a_condition_is_refused_there(authors):
    class Secret(Func):
        function = "LENGTH"
        filterable = False
        output_field = models.IntegerField()

        def as_sql(self, compiler, connection):
            return super().as_sql(compiler, connection, function="LENGTH")

    class Veiled(Secret):
        output_field = models.BooleanField()

    assert values(Secret("name")) == [3, 3]
    rows = Author.objects.annotate(x=Secret("name"))
    for lookups in ({"x": 3}, {"x__gt": 1}, {"age": Secret("name")}):
        with pytest.raises(NotSupportedError, match="filterable"):
            rows.filter(**lookups)
    with pytest.raises(NotSupportedError, match="filterable"):
        Author.objects.filter(Veiled("name"))

    class Faulty(models.Model):
        fine = models.IntegerField(db_default=Value(1) + 2)
        wrong = models.IntegerField(db_default=F("fine") + 1)

        class Meta:
            app_label = "protocol"

    from rowsmith import checks

    found = [message for message in checks.run_checks() if message.obj in tuple(Faulty._meta.fields)]
    assert [message.id for message in found] == ["fields.E012"]


@pytest.mark.feature("E-051")
def test_resolving_gives_a_copy(authors):
    seen = []

    class Doubled(Func):
        output_field = models.IntegerField()

        def resolve_expression(self, query=None, allow_joins=True, reuse=None, summarize=False, for_save=False):
            copy = super().resolve_expression(query, allow_joins, reuse, summarize, for_save)
            seen.append((copy is self, copy.get_source_expressions()[0].output_field.name))
            return copy

        def as_sql(self, compiler, connection):
            text, params = compiler.compile(self.source_expressions[0])
            return f"{text} * 2", params

    expression = Doubled("age")
    assert values(expression) == [60, 80]
    assert expression.source_expressions == [F("age")]
    assert set(seen) == {(False, "age")}

    class Local(Func):
        output_field = models.CharField()

        def resolve_expression(self, query=None, allow_joins=True, reuse=None, summarize=False, for_save=False):
            return super().resolve_expression(query, False, reuse, summarize, for_save)

    assert values(Local("name", function="LOWER")) == ["ann", "bob"]
    with pytest.raises(FieldError, match="Joined field references are not permitted"):
        Novel.objects.annotate(x=Local("author__name", function="LOWER"))

    class Swapped(Func):
        def resolve_expression(self, query=None, allow_joins=True, reuse=None, summarize=False, for_save=False):
            return Upper(self.source_expressions[0]).resolve_expression(query, allow_joins, reuse, summarize, for_save)

    assert values(Swapped("name")) == ["ANN", "BOB"]


@pytest.mark.feature("E-052")
def test_every_part_of_the_protocol_may_be_overridden(authors):
    plus = Plus(F("age"), 5)
    assert values(plus) == [36, 46]
    assert plus.get_source_expressions() == [F("age"), Value(5)]
    other = plus.copy()
    other.set_source_expressions([F("age"), Value(1)])
    assert values(other) == [32, 42] and values(plus) == [36, 46]
    assert values(Plus(Plus(F("age"), 1), F("age") * 2)) == [93, 123]

    class Named(Func):
        function = "LOWER"
        output_field = models.CharField()

        def convert_value(self, value, expression, connection):
            return f"<{value}>"

    assert values(Named("name")) == ["<ann>", "<bob>"]
    [author] = Author.objects.annotate(x=Named("name")).filter(age=30)
    assert author.x == "<ann>"

    class Constant(Func):
        output_field = models.IntegerField()

        def as_sql(self, compiler, connection):
            return "7", ()

        def get_group_by_cols(self):
            return []

    with recorded_statements() as seen:
        rows = Novel.objects.values("author_id").annotate(x=Constant("title"), n=Count("pk")).order_by("author_id")
        assert list(rows.values_list("x", "n")) == [(7, 2), (7, 1)]
    assert "title" not in seen[0]

    class Backwards(Func):
        function = "LENGTH"
        output_field = models.IntegerField()

        def asc(self, **options):
            return super().desc(**options)

    assert Backwards("name").asc().descending
    assert F("age").asc().reverse_ordering().descending and not F("age").desc().reverse_ordering().descending
    relabeled = F("age").relabeled_clone({"protocol_author": "x"})
    assert relabeled == F("age") and F("age").get_group_by_cols() == [F("age")]
    assert (F("age") + Sum("age")).get_group_by_cols() == [F("age")]
    assert [type(part) for part in (F("age") + Lower("name")).flatten()][1:3] == [F, Lower]


@pytest.mark.feature("E-053")
def test_a_spelling_is_attached_to_a_class_that_exists(authors, world):
    def spelled(self, compiler, connection, **extra_context):
        return self.as_sql(compiler, connection, template="%(function)s(%(expressions)s || 'xx')", **extra_context)

    assert values(Length("name")) == [3, 3]
    setattr(Length, f"as_{world.vendor}", spelled)
    try:
        assert values(Length("name")) == [5, 5]
        assert Author.objects.filter(age__gt=Length("name") + 30).count() == 1
    finally:
        delattr(Length, f"as_{world.vendor}")
    assert values(Length("name")) == [3, 3]

    def upper(self, compiler, connection):
        text, params = super(Case, self).as_sql(compiler, connection)
        return f"UPPER({text})", params

    case = Case(When(age__gt=35, then=Value("old")), default=Value("young"))
    setattr(Case, f"as_{world.vendor}", upper)
    try:
        assert values(case) == ["YOUNG", "OLD"]
    finally:
        delattr(Case, f"as_{world.vendor}")
    assert values(case) == ["young", "old"]


@pytest.mark.feature("E-054")
def test_expressions_are_equal_when_built_alike_and_can_be_taken_apart():
    for make in (
        lambda: Plus(F("age"), 5, note="x"),
        lambda: Joined("name", mark="a"),
        lambda: Func("name", function="LOWER"),
        lambda: Case(When(age=1, then=Value(2)), default=Value(3)),
        lambda: Sum("age", filter=Q(age__gt=1), default=0),
        lambda: Value(1, models.FloatField()),
        lambda: F("age") + 1,
        lambda: F("age").desc(nulls_last=True),
        lambda: RawSQL("a = %s", (1,)),
        lambda: Largest("age", distinct=True),
        lambda: Lower("name"),
    ):
        expression = make()
        assert expression == make() and hash(expression) == hash(make()), expression
        path, args, kwargs = expression.deconstruct()
        again = type(expression)(*args, **kwargs)
        assert again == expression, expression
        assert path.endswith(type(expression).__qualname__)
    assert Plus(F("age"), 5) != Plus(F("age"), 6) != Plus(F("n"), 6)
    assert Plus(F("age"), 5, note="x") != Plus(F("age"), 5, note="y")
    assert Joined("name", mark="a") != Joined("name", mark="b")
    assert Plus(F("age"), 5).deconstruct() == (f"{__name__}.Plus", (F("age"), 5), {})
    assert Lower("name").deconstruct()[0] == "rowsmith.models.functions.Lower"
    assert F("age").deconstruct() == ("rowsmith.models.F", ("age",), {})
    assert Value(1).deconstruct() == ("rowsmith.models.Value", (1,), {})
    again = pickle.loads(pickle.dumps(Plus(F("age"), 5)))
    assert again == Plus(F("age"), 5) and again.deconstruct() == Plus(F("age"), 5).deconstruct()


def test_expressions_of_the_users_work_everywhere(authors):
    plus = Plus(F("age"), 9)
    assert Author.objects.filter(age__lt=plus).count() == 2
    assert list(Author.objects.order_by(-plus).values_list("name", flat=True)) == ["Bob", "Ann"]
    assert Author.objects.aggregate(s=Sum(plus))["s"] == 90
    assert Author.objects.annotate(x=plus).filter(x=40).get().name == "Ann"
    oldest = Author.objects.filter(pk=OuterRef("author")).annotate(x=Plus(F("age"), OuterRef("pages"))).values("x")
    novels = Novel.objects.annotate(x=Subquery(oldest)).order_by("pk")
    assert list(novels.values_list("x", flat=True)) == [131, 331, 241]
    assert values(Case(When(Q(age__gt=plus), then=Value("a")), default=Joined("name", mark="b"))) == ["Ann%b", "Bob%b"]
    groups = Author.objects.values(x=Joined("alias", mark="#")).annotate(n=Count("pk")).order_by("x")
    assert list(groups.values_list("n", flat=True)) == [1, 1]
    Author.objects.update(age=plus)
    assert list(Author.objects.order_by("pk").values_list("age", flat=True)) == [40, 50]
    made = Author.objects.create(name=Upper(Value("cyd")), age=Plus(Value(1), 2))
    assert (made.name, made.age) == ("CYD", 4)
    assert Author.objects.exclude(age__gte=Plus(Value(30), 9)).get() == made


def test_expressions_of_the_users_are_not_planned_again(authors):
    def ask(n):
        values(Plus(F("age"), n))
        values(Joined("name", Value(str(n)), mark="#"))
        list(Author.objects.filter(age__gt=Plus(F("age"), n)).order_by(Plus(F("age"), n)))
        list(Author.objects.annotate(x=Spread("novels__pages", filter=Q(novels__pages__gt=n))))

    ask(1)
    planned = cache.info().planned
    ask(2)
    assert cache.info().planned == planned
    values(Joined("name", mark="other"))
    assert cache.info().planned > planned


def test_what_looks_at_values_is_planned_for_each_and_never_wrong(authors):
    class Sized(Func):
        output_field = models.CharField()

        def as_sql(self, compiler, connection):
            text, params = compiler.compile(self.source_expressions[0])
            size = self.source_expressions[1].value
            return f"SUBSTR({text}, 1, {int(size)})", params

    class Formatted(Func):
        output_field = models.CharField()

        def as_sql(self, compiler, connection):
            text, params = compiler.compile(self.source_expressions[0])
            _, more = compiler.compile(self.source_expressions[1])
            return f"{text} || %s", (*params, *(f"<{param}>" for param in more))

    assert values(Sized("name", Value(1))) == ["A", "B"] and values(Sized("name", Value(2))) == ["An", "Bo"]
    assert values(Formatted("name", Value("x"))) == ["Ann<x>", "Bob<x>"]
    assert values(Formatted("name", Value("y"))) == ["Ann<y>", "Bob<y>"]
    assert list(Author.objects.order_by(Formatted("name", Value("q"))).values_list("name", flat=True)) == ["Ann", "Bob"]

    class Listed(Func):
        def __init__(self, *expressions, words, **extra):
            super().__init__(*expressions, **extra)
            self.words = words

        def as_sql(self, compiler, connection):
            return "%s", (",".join(self.words),)

    assert values(Listed(words=["a", "b"], output_field=models.CharField())) == ["a,b"] * 2
    assert values(Listed(words=["a"], output_field=models.CharField())) == ["a"] * 2


def test_parameters_of_every_kind_travel(authors):
    class Given(Func):
        def as_sql(self, compiler, connection):
            return "%s", (self.given,)

        def __init__(self, given, output_field):
            super().__init__(output_field=output_field)
            self.given = given

    import datetime
    import decimal

    for given, field in (
        (5, models.IntegerField()),
        (1.5, models.FloatField()),
        (True, models.BooleanField()),
        (decimal.Decimal("1.50"), models.DecimalField(max_digits=5, decimal_places=2)),
        (datetime.date(2020, 1, 2), models.DateField()),
        (datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC), models.DateTimeField()),
        (datetime.timedelta(hours=1), models.DurationField()),
        ("a%s'", models.TextField()),
        (b"\0", models.BinaryField()),
    ):
        assert values(Given(given, field)) == [given, given]


def test_an_expression_that_stands_for_nothing(authors):
    class Never(Func):
        output_field = models.IntegerField()

        def as_sql(self, compiler, connection):
            raise EmptyResultSet

    assert values(Never()) == [None, None]
    assert values(Coalesce(Never(), 5)) == [5, 5]


def test_json_of_a_function_of_the_users(authors, world):
    class Made(Func):
        output_field = JSONField()

        def as_sql(self, compiler, connection):
            return ("%s::jsonb" if connection.vendor == "postgresql" else "%s"), ('{"a": [1, 2]}',)

    assert values(Made()) == [{"a": [1, 2]}] * 2
    assert Author.objects.annotate(x=Made()).filter(x__a__1=2).count() == 2
    with recorded_statements() as seen:
        assert list(Author.objects.annotate(x=Made()).order_by("pk").values_list("x__a__0", flat=True)) == [1, 1]
    assert len(seen) == 1


def test_values_find_their_places_beside_subqueries(authors):
    class Marked(Value):
        def as_sql(self, compiler, connection):
            return f"'{self.value}!'", ()

    class Quoted(RawSQL):
        def as_sql(self, compiler, connection):
            text, params = super().as_sql(compiler, connection)
            return f"({text} || '?')", params

    class Held(Func):
        """Holds an expression that is no part of it."""

        output_field = models.IntegerField()

        def __init__(self, *expressions, held, **extra):
            super().__init__(*expressions, **extra)
            self.held = held

        def as_sql(self, compiler, connection):
            text, params = compiler.compile(self.source_expressions[0])
            return f"({text} + {self.held.value})", params

    for n in (100, 200, 300):
        rows = Author.objects.annotate(
            a=Marked(str(n)),
            b=Subquery(Novel.objects.filter(author=OuterRef("pk"), pages__gte=n).order_by("pages").values("pages")[:1]),
            c=Quoted("%s", (str(n),), output_field=models.TextField()),
            d=Held("age", held=Value(n)),
            e=Plus(Subquery(Novel.objects.filter(pages=n).values("pages")[:1]), n),
        ).order_by("pk")
        least = {100: (100, 200), 200: (300, 200), 300: (300, None)}[n]
        for row, age, pages in zip(rows, (30, 40), least, strict=True):
            assert (row.a, row.b, row.c, row.d, row.e) == (f"{n}!", pages, f"{n}?", age + n, n + n + 1)


def test_a_copy_may_be_changed_without_the_original(authors):
    class Changing(Func):
        function = "LOWER"

        def as_sql(self, compiler, connection):
            copy = self.copy()
            copy.extra["function"] = "UPPER"
            copy.source_expressions[0] = self.source_expressions[0]
            assert isinstance(self.output_field, models.CharField)
            return super(Changing, copy).as_sql(compiler, connection)

    expression = Changing("name", note=1)
    assert values(expression) == ["ANN", "BOB"] and expression.extra == {"note": 1}
    assert values(Max("name", template="%(function)s(%(expressions)s)")) == ["Ann", "Bob"]
    assert values(Count("name", template="%(function)s(%(expressions)s) + 10", function="COUNT")) == [11, 11]


def test_a_lookup_of_the_users_as_an_expression_has_the_value_of_its_call(authors):
    class Differs(models.Lookup):
        lookup_name = "differs"

        def as_sql(self, compiler, connection):
            left, left_params = self.process_lhs(compiler, connection)
            right, right_params = self.process_rhs(compiler, connection)
            return f"{left} <> {right}", (*left_params, *right_params)

    for n, expected in ((30, [False, True]), (40, [True, False]), (1, [True, True])):
        assert values(Differs(F("age"), n)) == expected
        assert list(Author.objects.filter(Differs(F("age"), n)).order_by("pk").values_list("age", flat=True)) == [
            age for age, differs in zip((30, 40), expected, strict=True) if differs
        ]


def test_attributes_of_the_users_are_their_own(authors):
    class Busy(Func):
        function = "LOWER"

        def __init__(self, *expressions, **extra):
            super().__init__(*expressions, **extra)
            self.name, self.result, self.aggregates, self.call_count = "x; --", F("age"), ["a"], {"b": [1]}

    class Late(Func):
        def __init__(self, *expressions, function):
            super().__init__(*expressions)
            self.function = function

    assert values(Busy("name")) == ["ann", "bob"]
    assert values(Late("name", function="UPPER")) == ["ANN", "BOB"]
    assert values(Late("name", function="LOWER")) == ["ann", "bob"]


class FirstOf(Expression):
    """Resolves its parts itself, in the list that its copy keeps."""

    template = "COALESCE( %(expressions)s )"

    def __init__(self, expressions, output_field):
        super().__init__(output_field=output_field)
        self.expressions = expressions

    def resolve_expression(self, query=None, allow_joins=True, reuse=None, summarize=False, for_save=False):
        copy = self.copy()
        copy.is_summary = summarize
        for place, expression in enumerate(self.expressions):
            copy.expressions[place] = expression.resolve_expression(query, allow_joins, reuse, summarize, for_save)
        return copy

    def as_sql(self, compiler, connection, template=None):
        texts, params = [], []
        for expression in self.expressions:
            text, more = compiler.compile(expression)
            texts.append(text)
            params.extend(more)
        return (template or self.template) % {"expressions": ",".join(texts)}, params

    def get_source_expressions(self):
        return self.expressions

    def set_source_expressions(self, expressions):
        self.expressions = expressions


@pytest.mark.feature("E-051", "E-052")
def test_an_expression_that_resolves_its_parts_itself(authors):
    for word in ("none", "nothing"):
        expression = FirstOf([F("alias"), Lower(Value(word.upper())), Value("never")], models.CharField())
        for _ in range(2):
            assert values(expression) == ["A", word]
        assert expression.expressions[0] == F("alias")
        assert Author.objects.filter(name__gt=expression).count() == 1
        nested = FirstOf([expression, Value("x")], models.CharField())
        assert list(Novel.objects.annotate(x=Value(1)).values_list("x", flat=True)) == [1, 1, 1]
        assert values(Upper(nested)) == ["A", word.upper()]

    class Sized(Func):
        function = "LENGTH"

        def _resolve_output_field(self):
            return models.IntegerField()

    assert list(Author.objects.annotate(x=Sized("name")).filter(x__gt=2).values_list("x", flat=True)) == [3, 3]


def test_an_order_that_looks_at_values_may_hold_a_subquery(authors):
    class Shown(Func):
        output_field = models.IntegerField()

        def as_sql(self, compiler, connection):
            text, params = compiler.compile(self.source_expressions[0])
            factor = self.source_expressions[1].value
            return f"{text} * {int(factor)}", params

    for factor, names in ((1, ["Bob", "Ann"]), (-1, ["Ann", "Bob"])):
        for pages in (100, 200):
            most = Novel.objects.filter(author=OuterRef("pk"), pages__gte=pages).order_by("-pages").values("pages")[:1]
            rows = Author.objects.order_by(Shown(Subquery(most), Value(factor)))
            assert [author.name for author in rows] == names


def test_a_class_of_expressions_may_be_abstract(authors):
    class Base(Func, ABC):
        output_field = models.CharField()

        @abstractmethod
        def word(self):
            """The name of the function."""

        def as_sql(self, compiler, connection):
            return super().as_sql(compiler, connection, function=self.word())

    class Big(Base):
        def word(self):
            return "UPPER"

    with pytest.raises(TypeError, match="abstract"):
        Base("name")
    assert values(Big("name")) == ["ANN", "BOB"] and isinstance(Big("name"), Base) and not isinstance(F("name"), Base)
