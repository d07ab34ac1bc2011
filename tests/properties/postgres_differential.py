"""rowsmith.postgres beside Django's: the same questions about one table of one server must have the same answers.

`python -m tests.properties.postgres_differential --server URL --count 600 --seed 1` prints the questions whose answers
differ. Questions are Python expressions, evaluated with the names of one library and then with those of the other.
"""

from __future__ import annotations

import argparse
import datetime
import random
import sys
import warnings
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

TABLE = "postgres_differential"
UTC = datetime.UTC
NOW = datetime.datetime(2024, 3, 1, 12, tzinfo=UTC)
DAY = datetime.timedelta(days=1)

FIELDS = """
class Row(models.Model):
    name = models.CharField(max_length=60, default="")
    body = models.TextField(null=True)
    n = models.IntegerField(null=True)
    f = models.FloatField(default=0)
    d = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    day = models.DateField(null=True)
    at = models.DateTimeField(null=True)
    flag = models.BooleanField(default=False)
    ints = ArrayField(models.IntegerField(), null=True)
    texts = ArrayField(models.CharField(max_length=10), default=list)
    grid = ArrayField(ArrayField(models.IntegerField()), default=list)
    data = HStoreField(null=True)
    span = IntegerRangeField(null=True)
    nums = DecimalRangeField(null=True)
    days = DateRangeField(null=True)
    ats = DateTimeRangeField(null=True)
    vector = SearchVectorField(null=True)

    class Meta:
        app_label = "differential"
        db_table = TABLE
"""


def django_names(url: str) -> dict[str, Any]:
    """What questions are asked with on Django's side; makes the table anew."""
    import django
    from django.conf import settings

    parts = urlsplit(url)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": parts.path.strip("/"), "USER": parts.username,
                "PASSWORD": parts.password or "", "HOST": parts.hostname, "PORT": parts.port or 5432,
            }
        },
        INSTALLED_APPS=["django.contrib.postgres"], USE_TZ=True, TIME_ZONE="UTC",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )  # fmt: skip
    from django.db import connection

    with connection.cursor() as cursor:
        for extension in ("hstore", "pg_trgm", "unaccent"):
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
    django.setup()
    from django.contrib.postgres import aggregates, expressions, fields, search
    from django.db import models
    from django.db.models import functions
    from psycopg.types.range import Range

    names = _names(models, functions, fields, search, aggregates, expressions)
    names["Range"] = Range
    exec(FIELDS, names)
    with connection.schema_editor() as editor:
        editor.create_model(names["Row"])
    return names


def rowsmith_names(url: str) -> dict[str, Any]:
    """What questions are asked with on our side."""
    import rowsmith
    from rowsmith import models
    from rowsmith.models import functions
    from rowsmith.postgres import aggregates, expressions, fields, search

    rowsmith.configure(url)
    names = _names(models, functions, fields, search, aggregates, expressions)
    exec(FIELDS, names)
    return names


def _names(models: Any, *modules: Any) -> dict[str, Any]:
    names: dict[str, Any] = {"models": models, "TABLE": TABLE, "__name__": "tests.properties.postgres_differential"}
    for module in modules:
        names |= {name: getattr(module, name) for name in dir(module) if name[0].isupper()}
    for name in ("F", "Q", "Value", "OuterRef", "Count", "Max", "Func", "Exists", "Subquery"):
        names[name] = getattr(models, name)
    names |= {"NOW": NOW, "DAY": DAY, "Decimal": Decimal}
    for field in (models.CharField, models.TextField):
        field.register_lookup(names["Lower"])
    return names


WORDS = [
    "cat",
    "cats",
    "dog",
    "doggy",
    "the",
    "rat",
    "Rat",
    "brûlée",
    "brulee",
    "it's",
    "a-b",
    "",
    "NULL",
    'x"y',
    "b\\c",
]


def fill(names: dict[str, Any], rnd: random.Random, count: int) -> None:
    """Rows with a little of everything."""
    Row, Range = names["Row"], names["Range"]

    def maybe(value: Any) -> Any:
        return value if rnd.random() < 0.85 else None

    def span(make: Any) -> Any:
        low, high = sorted((rnd.randrange(10), rnd.randrange(10)))
        kind = rnd.randrange(8)
        if kind == 0:
            return Range(empty=True)
        return Range(maybe(make(low)), maybe(make(high)), rnd.choice(["[)", "[]", "(]"]) if low < high else "[)")

    for _ in range(count):
        width = rnd.randrange(3)
        Row.objects.create(
            name=" ".join(rnd.choice(WORDS) for _ in range(rnd.randrange(4)))[:60],
            body=maybe(" ".join(rnd.choice(WORDS) for _ in range(rnd.randrange(9)))),
            n=maybe(rnd.randrange(6)), f=rnd.randrange(10) / 2, d=Decimal(rnd.randrange(1000)) / 100,
            day=maybe((NOW + rnd.randrange(10) * DAY).date()), at=maybe(NOW + rnd.randrange(10) * DAY),
            flag=rnd.random() < 0.5,
            ints=maybe([maybe(rnd.randrange(5)) for _ in range(rnd.randrange(4))]),
            texts=[rnd.choice(WORDS) for _ in range(rnd.randrange(4))],
            grid=[[rnd.randrange(4) for _ in range(width)] for _ in range(rnd.randrange(3))] if width else [],
            data=maybe({rnd.choice(WORDS): maybe(rnd.choice(WORDS)) for _ in range(rnd.randrange(4))}),
            span=maybe(span(int)), nums=maybe(span(Decimal)),
            days=maybe(span(lambda number: (NOW + number * DAY).date())),
            ats=maybe(span(lambda number: NOW + number * DAY)),
        )  # fmt: skip
    Row.objects.update(vector=names["SearchVector"]("name", weight="A") + names["SearchVector"]("body", weight="C"))


class Questions:
    """Random questions."""

    def __init__(self, rnd: random.Random) -> None:
        self.rnd = rnd

    def pick(self, *choices: str) -> str:
        return self.rnd.choice(choices)

    def ints(self) -> str:
        return repr([self.rnd.randrange(5) for _ in range(self.rnd.randrange(4))])

    def texts(self) -> str:
        return repr([self.rnd.choice(WORDS) for _ in range(self.rnd.randrange(3))])

    def word(self) -> str:
        return repr(self.rnd.choice(WORDS))

    def pair(self, kind: str) -> str:
        low, high = sorted((self.rnd.randrange(10), self.rnd.randrange(10)))
        one, other = (_of(kind, number) for number in (low, high))
        if self.rnd.random() < 0.3:
            return f"({one}, {other})"
        bounds = self.pick("[)", "[]", "(]", "()") if low < high else "[)"
        return f"Range({self.pick(one, one, 'None')}, {self.pick(other, other, 'None')}, {bounds!r})"

    def condition(self) -> str:
        """One lookup, as the arguments of filter()."""
        kind = self.rnd.randrange(8)
        if kind == 0:
            lookup = self.pick("", "__contains", "__contained_by", "__overlap", "__gt", "__lte", "__exact")
            return f"ints{lookup}={self.pick(self.ints(), self.ints(), 'F(chr(105)+chr(110)+chr(116)+chr(115))')}"
        if kind == 1:
            lookup = self.pick("", "__contains", "__contained_by", "__overlap", "__gte", "__lt")
            return f"texts{lookup}={self.texts()}"
        if kind == 2:
            return self.pick(
                f"ints__len={self.rnd.randrange(4)}", f"ints__len__gt={self.rnd.randrange(3)}", "ints__isnull=True",
                f"ints__{self.rnd.randrange(4)}={self.rnd.randrange(5)}", f"ints__0_2={self.ints()}",
                "ints__1__isnull=True",
                f"texts__0__icontains={self.word()}", f"texts__1__in={self.texts()}",
                f"grid__0__1={self.rnd.randrange(4)}",
                f"ints__in=[{self.ints()}, {self.ints()}]", f"texts__0_1__overlap={self.texts()}", "grid__len=2",
                "ints__0__gte=F('n')", "ints__contains=[F('n')]", f"grid__contains=[[{self.rnd.randrange(4)}]]",
                f"ints__0__lt={self.rnd.randrange(4)}", "texts__len=F('n')", "grid__0_1=[[1, 2]]",
            )  # fmt: skip
        if kind == 3:
            return self.pick(
                f"data__contains={{{self.word()}: {self.word()}}}",
                f"data__contained_by={{{self.word()}: {self.word()}}}",
                f"data__has_key={self.word()}", f"data__has_keys={self.texts()}",
                f"data__has_any_keys={self.texts()}",
                f"data__cat={self.word()}", f"data__dog__icontains={self.word()}", f"data__cat__isnull={self.flag()}",
                f"data__keys__contains={self.texts()}", f"data__values__overlap={self.texts()}",
                f"data__rat__in={self.texts()}",
                "data__keys__len=2", "data={}", f"data__the__gt={self.word()}", "data__isnull=True",
            )  # fmt: skip
        if kind in (4, 5):
            name, of = self.rnd.choice([("span", "int"), ("nums", "Decimal"), ("days", "date"), ("ats", "at")])
            single = _of(of, self.rnd.randrange(10))
            return self.pick(
                *(f"{name}__{lookup}={self.pair(of)}" for lookup in (
                    "contains", "contained_by", "overlap", "fully_lt", "fully_gt", "not_lt", "not_gt", "adjacent_to",
                    "lt", "gte", "exact",
                )),
                f"{name}__contains={single}", f"{name}__startswith={single}", f"{name}__endswith__gt={single}",
                f"{name}__isempty={self.flag()}", f"{name}__lower_inc={self.flag()}",
                f"{name}__upper_inf={self.flag()}",
                f"{name}__lower_inf={self.flag()}", f"{name}__upper_inc={self.flag()}",
                f"{name}__startswith__isnull=True",
                f"{name}__in=[{self.pair(of)}, {self.pair(of)}]", "span__contains=F('n')", "span__overlap=F('span')",
            )  # fmt: skip
        if kind == 6:
            return self.pick(
                f"n__contained_by={self.pair('int')}", f"f__contained_by={self.pair('Decimal')}",
                f"d__contained_by={self.pair('Decimal')}", f"day__contained_by={self.pair('date')}",
                f"at__contained_by={self.pair('at')}", "n__contained_by=F('span')", "day__contained_by=F('days')",
            )  # fmt: skip
        field = self.pick("name", "body")
        return self.pick(
            f"{field}__search={self.word()}", f"{field}__search={self.query()}", f"vector={self.word()}",
            f"vector={self.query()}", f"{field}__trigram_similar={self.word()}",
            f"{field}__trigram_word_similar={self.word()}",
            f"{field}__trigram_strict_word_similar={self.word()}", f"{field}__unaccent={self.word()}",
            f"{field}__unaccent__icontains={self.word()}", f"{field}__unaccent__lower={self.word()}",
            f"{field}__unaccent__lower__trigram_similar={self.word()}", f"{field}__unaccent__in={self.texts()}",
            f"{field}__unaccent__startswith={self.word()}", f"{field}__search=F('name')",
        )  # fmt: skip

    def flag(self) -> str:
        return self.pick("True", "False")

    def query(self) -> str:
        config = self.pick("", ", config='english'", ", config='simple'")
        kind = self.pick("plain", "phrase", "websearch")
        one = f"SearchQuery({self.word()}{config}, search_type={kind!r})"
        raw = f"SearchQuery({self.pick('cat', 'cat & !dog', 'do:*', 'rat | cat:A')!r}{config}, search_type='raw')"
        other = f"SearchQuery({self.word()})"
        return self.pick(one, one, raw, f"{one} & {other}", f"{one} | {other}", f"~{one}", f"~({one} | {other})")

    def vector(self) -> str:
        return self.pick(
            "SearchVector('name')", "SearchVector('name', 'body', config='english')", "F('vector')",
            "SearchVector('name', weight='A') + SearchVector('body', weight='D')", "SearchVector('name', 'n')",
            "SearchVector('body', config='simple')",
        )  # fmt: skip

    def annotation(self) -> str:
        return self.pick(
            f"SearchRank({self.vector()}, {self.query()})",
            f"SearchRank({self.vector()}, {self.word()}, cover_density=True, normalization=2)",
            f"SearchRank({self.vector()}, {self.query()}, weights=[0.1, 0.2, 0.4, 1.0])",
            f"SearchHeadline('body', {self.query()}, start_sel='<', stop_sel='>', max_words=5, min_words=1)",
            f"SearchHeadline('body', {self.word()}, config='simple', highlight_all=True)",
            f"TrigramSimilarity('name', {self.word()})", f"TrigramDistance('body', {self.word()})",
            f"TrigramWordSimilarity({self.word()}, 'name')", f"TrigramStrictWordDistance({self.word()}, 'body')",
            "F('data__cat')", "F('ints__0')", "F('span__startswith')", "F('texts__0_2')", "F('grid__0__0')",
            "F('ints__len')",
            "ArraySubquery(Row.objects.filter(n=OuterRef('n')).order_by('pk').values('f'))",
            "ArraySubquery(Row.objects.filter(n__lt=OuterRef('n')).order_by('-pk').values('name')[:2])",
        )  # fmt: skip

    def aggregate(self) -> str:
        filtered = self.pick("", "", ", filter=Q(flag=True)", ", filter=Q(n__gt=2)", ", filter=Q(n=99)")
        order = self.pick("order_by='pk'", "order_by='-pk'", "order_by=['flag', '-pk']", "order_by=F('pk').desc()")
        default = self.pick("", "", ", default=Value([])")
        return self.pick(
            f"ArrayAgg({self.pick('n', 'name', 'd', 'day', 'at', 'flag', 'f')!r}, {order}{filtered})",
            f"ArrayAgg('n', distinct=True, order_by='n'{filtered})", f"ArrayAgg('f', {order}{filtered}{default})",
            f"JSONBAgg({self.pick('n', 'name', 'flag')!r}, {order}{filtered})", f"BoolAnd('flag'{filtered})",
            f"BoolOr('flag'{filtered})", f"BoolOr(Q(n__gt=3){filtered})", f"Corr('f', 'n'{filtered})",
            f"CovarPop('f', 'n', sample=True{filtered})", f"CovarPop('f', 'n'{filtered})",
            f"RegrCount('f', 'n'{filtered})",
            f"RegrSlope('f', 'n'{filtered})", f"RegrIntercept('f', 'n'{filtered})", f"RegrR2('f', 'n'{filtered})",
            f"RegrAvgX('f', 'n'{filtered}, default=5.5)", f"RegrSXY('f', 'n'{filtered})",
            f"RegrSYY('n', 'f'{filtered})",
        )  # fmt: skip

    def __iter__(self) -> Iterator[str]:
        while True:
            kind = self.rnd.randrange(10)
            rows = "Row.objects"
            for _ in range(self.rnd.randrange(1, 3)):
                condition = self.condition()
                rows += self.pick(f".filter({condition})", f".filter({condition})", f".exclude({condition})",
                                  f".filter(~Q({condition}) | Q(n=1))")  # fmt: skip
            if kind < 5:
                yield f"list({rows}.order_by('pk').values_list('pk', flat=True))"
            elif kind < 7:
                yield f"list({rows}.annotate(x={self.annotation()}).order_by('pk').values_list('pk', 'x'))"
            elif kind == 7:
                found = f"search={self.pick(self.word(), self.query())}"
                searched = f"Row.objects.annotate(search={self.vector()}).filter({found})"
                yield f"list({searched}.order_by('pk').values_list('pk'))"
            elif kind == 8:
                yield f"{rows}.aggregate(x={self.aggregate()})"
            else:
                groups = "Row.objects.values('flag')"
                after = self.pick("", ".filter(x__isnull=False)")
                yield f"list({groups}.annotate(x={self.aggregate()}){after}.order_by('flag').values_list('flag', 'x'))"


def _of(kind: str, number: int) -> str:
    return {
        "int": str(number), "Decimal": f"Decimal({number})", "date": f"(NOW + {number} * DAY).date()",
        "at": f"NOW + {number} * DAY",
    }[kind]  # fmt: skip


def answer(question: str, names: dict[str, Any]) -> Any:
    """What one library answers: values, or the word error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _plain(eval(question, names))
    except Exception as error:
        return ("error", f"{type(error).__name__}: {error}".splitlines()[0])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if hasattr(value, "isempty"):
        return ("range", value.isempty or (value.lower, value.upper, value.bounds))
    return value


def is_error(found: Any) -> bool:
    return isinstance(found, tuple) and found[:1] == ("error",)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rnd = random.Random(options.seed)
    theirs, ours = django_names(options.server), rowsmith_names(options.server)
    fill(ours, rnd, 60)
    mismatches = alone = refused = 0
    for _, question in zip(range(options.count), Questions(rnd), strict=False):
        one, other = answer(question, ours), answer(question, theirs)
        if is_error(other):
            # Some that have an answer are errors there, such as a pair of bounds for `n__contained_by`.
            refused += is_error(one)
            alone += not is_error(one)
        elif one != other:
            mismatches += 1
            print(f"{question}\n    ours:   {one!r}\n    theirs: {other!r}")
    told = f"{mismatches} mismatches, {alone} that we alone answer, {refused} that neither does"
    print(f"{options.count} questions of seed {options.seed}: {told}")
    ours["Row"].objects.all().delete()
    import rowsmith

    rowsmith.drop_tables(ours["Row"])
    return mismatches > 0


if __name__ == "__main__":
    sys.exit(main())
