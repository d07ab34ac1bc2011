"""Refining: the methods that make another queryset of one, without asking the database."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, overload

from rowsmith import config
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db.router import router
from rowsmith.deprecation import discourage
from rowsmith.execution.fetch_modes import FetchMode
from rowsmith.execution.prefetch import KEY
from rowsmith.expressions.aggregates import Aggregate
from rowsmith.expressions.attributes import Attribute, is_computed, name_of
from rowsmith.expressions.combinable import Shaped, kind_of
from rowsmith.expressions.names import F
from rowsmith.expressions.q import Q
from rowsmith.fields.dates import DateField, DateTimeField
from rowsmith.functions.truncate import TIME_KINDS, Trunc
from rowsmith.lookups.base import Unfit
from rowsmith.query import steps
from rowsmith.query.combining import uncombined
from rowsmith.query.extra import with_extra
from rowsmith.query.query import Query, RowForm
from rowsmith.query.shape import Shape, Values, cache, extend
from rowsmith.queryset.generic import M, R
from rowsmith.queryset.kinds import call_key
from rowsmith.queryset.limiting import timed
from rowsmith.queryset.view import QueryView
from rowsmith.sql.computed import has_window
from rowsmith.sql.select import Lock

if TYPE_CHECKING:
    from rowsmith.queryset.queryset import QuerySet

Condition = Shaped | tuple[str, Any]
"""What filter() takes by place: a Q, an expression that is a condition, or a lookup and its value."""

Build = Callable[..., Query]
"""Makes the next query of a query, the slots of the call and what the call says."""

_DATES = ("year", "month", "week", "day")
MAX_ROWS = 2**63 - 1
"""More rows than any table holds, and the largest number that databases take for a limit."""


class Refining(Shaped, Generic[M, R]):
    """A shape of query, its values, and what is done with the rows beside loading them."""

    __slots__ = ("_db", "_hints", "_known", "_prefetch", "_result_cache", "_shape", "_values", "model")

    if not TYPE_CHECKING:

        def __class_getitem__(cls, of: Any) -> type[Self]:
            """The class itself: what it is generic in counts for checkers alone."""
            return cls

    def __init__(self, model: Any = None, query: Any = None, using: str | None = None, hints: Any = None) -> None:
        self.model = model
        if query is None:
            self._shape: Shape = model._meta.root_shape or cache.root(model._meta)
            self._values: Values = ()
        else:
            self._shape, self._values = query._shape, query._values
        self._db = using
        # What routers are told; None for nothing.
        self._hints: dict[str, Any] | None = hints
        # The cache name and the instance of a relation that every row of a related manager has.
        self._known: tuple[str, Any] | None = None
        self._prefetch: tuple[Any, ...] = ()
        self._result_cache: list[Any] | None = None

    def _with(self, shape: Shape, values: Values) -> Self:
        """This queryset over another shape, with nothing loaded yet."""
        other = object.__new__(self.__class__)
        other.model = self.model
        other._shape = shape
        other._values = values
        other._db = self._db
        other._hints = self._hints
        other._known = self._known
        other._prefetch = self._prefetch
        other._result_cache = None
        return other

    def _step(self, key: Hashable | None, raw: Sequence[Any], build: Build, *said: Any) -> Self:
        """This queryset after one more call, for which `build(query, slots, *said)` makes the query."""
        child = self._shape.children.get(key)
        if child is not None:
            if not raw:
                return self._with(child, self._values)
            try:
                return self._with(child, self._values + child.prepare(raw))
            except Unfit:
                key = None
        shape, values = extend(self._shape, self._values, key, raw, build, *said)
        return self._with(shape, values)

    # What nesting and lookups ask

    @property
    def query(self) -> Any:
        """What this queryset asks; printed as SQL. It can be pickled, and given to another queryset of the model."""
        return QueryView(self)

    @query.setter
    def query(self, view: Any) -> None:
        if not isinstance(view, QueryView):
            raise TypeError(f"A queryset takes the query of another queryset, not {view!r}.")
        self._shape, self._values, self._result_cache = view._shape, view._values, None
        self.model = view._queryset.model

    @property
    def db(self) -> str:
        """The alias of the database that this queryset would use now."""
        if self._db is not None:
            return self._db
        if not router.active:
            return DEFAULT_DB_ALIAS
        if self._shape.query.lock is not None:
            return self._db_for_write
        return router.db_for_read(self.model, **self._hints or {})

    @property
    def _db_for_write(self) -> str:
        """The alias of the database that this queryset would write to."""
        if self._db is not None:
            return self._db
        return router.db_for_write(self.model, **self._hints or {}) if router.active else DEFAULT_DB_ALIAS

    def fingerprint(self, values: list[Any]) -> Hashable:
        values.extend(self._values)
        shape = self._shape
        if self._db is not None:
            return (shape, self.limited_to_one, self._db)
        # Where one value is asked for, a limit of one row is not like any other.
        return shape if shape.query.high is None else (shape, self.limited_to_one)

    def nested(self, exists: bool, *, in_order: bool = False) -> tuple[Query, Values]:
        """The query to put inside another one: of whole instances only their key is selected there.

        in_order:  whether the order of its rows matters there, slice or not.
        """
        query = self._shape.query
        if query.chosen is None and not exists:
            return self.selecting("pk").nested(False, in_order=in_order)
        if self._db is not None:
            query = query.but(database=self._db)
        if not (query.sliced or query.distinct_on or in_order):
            query = query.but(ordering=())
        return query.but(lock=None), self._values

    _query_for_lookup = True

    @property
    def repeatable(self) -> bool:
        """Whether the same calls with other values lead to this shape again."""
        return self._shape.kept

    @property
    def selects_instances(self) -> bool:
        """Whether rows are instances of the model, not chosen columns."""
        return self._shape.query.chosen is None

    @property
    def limited_to_one(self) -> bool:
        """Whether a slice leaves one row at most."""
        query = self._shape.query
        return query.high is not None and self._values[query.high] == 1

    def selecting(self, name: str) -> Self:
        """This queryset with a single column."""
        rows: Any = self.values_list(name, flat=True)
        return rows  # type: ignore[no-any-return]

    # Conditions

    def all(self) -> Self:
        """A fresh copy, with nothing loaded."""
        return self._with(self._shape, self._values)

    def filter(self, *args: Condition, **kwargs: Any) -> Self:
        """The rows that meet all conditions; conditions on many related rows must be met by one and the same."""
        key, raw = call_key("filter", args, kwargs)
        return self._step(key, raw, steps.filtered, args, kwargs, False)

    def exclude(self, *args: Condition, **kwargs: Any) -> Self:
        """The rows that do not meet all conditions."""
        key, raw = call_key("exclude", args, kwargs)
        return self._step(key, raw, steps.filtered, args, kwargs, True)

    def search(self, text: str, *, index: str | None = None, prefix: bool = False, fuzzy: bool = False) -> Self:
        """The rows that a text finds, as typed into a search box, best first: `web -query "a phrase" sty* cat OR dog`.

        Each row has its rank as `search_rank`. Where they are looked for, a SearchIndex in the model's Meta says.

        index:   the name of the index, where the model has several.
        prefix:  the last word may be the beginning of one, for searching while somebody types.
        fuzzy:   for a word that no row has, those will do that are spelled much alike.
        """
        chosen, owner = self.model._meta.search_index(index)
        found: Self = chosen.search(self, owner, text, prefix=prefix, fuzzy=fuzzy)
        return found

    def _linked_by(self, step: Any, key_field: Any, keys: list[Any]) -> Self:
        """The rows linked to one of `keys` by the table that `step` leads to; for prefetching."""
        key = ("linked", step.field, step.model, key_field.name)
        return self._step(key, (keys,), steps.linked, step, key_field, keys, KEY)

    def _referring_to(self, field: Any, rows: Any) -> Self:
        """The rows whose foreign key refers to `rows`, a queryset or instances, for deletions."""
        shape = getattr(rows, "_shape", None)
        whole = field.column is not None and field.db_constraint and field.target_field.primary_key and not field.null
        if shape is None or not (whole and shape.kept and steps.only_by_key(shape.query)):
            return self.filter(**{f"{field.name}__in": rows})
        values, key = rows._values, ("referring to", field.name, shape)
        return self._step(key, values, steps.referring_like, shape.query, len(values), field)

    def _linked_to(self, step: Any, key_field: Any, key: Any) -> Self:
        """The rows linked to one key; conditions of the next filter() may be met by the same link."""
        fingerprint = ("linked to", step.field, step.model, key_field.name)
        return self._step(fingerprint, (key,), steps.linked_to, step, key_field, key)

    def complex_filter(self, condition: Any) -> Self:
        """filter() with a Q or a mapping of lookups."""
        return self.filter(condition) if isinstance(condition, Q) else self.filter(**condition)

    def none(self) -> Self:
        """No rows, without asking."""
        return self._step(("none",), (), steps.nothing)

    # Order and number

    def order_by(self, *names: str | Shaped) -> Self:
        """Rows sorted by fields, paths over relations, annotations or expressions; no arguments for no order."""
        raw: list[Any] = []
        key = ("order_by", *[n if type(n) is str else kind_of(n, raw) for n in names])
        return self._step(key, raw, steps.ordered, names)

    def reverse(self) -> Self:
        """The opposite order."""
        return self._step(("reverse",), (), steps.reversed_query)

    def distinct(self, *names: str) -> Self:
        """Each row once; with names, the first row for each of their values (PostgreSQL)."""
        return self._step(("distinct", *names), (), steps.deduplicated, names)

    def _slice(self, low: int, high: int | None) -> Self:
        """The rows from `low` up to `high`, counted within the slice taken before."""
        query, values = self._shape.query, self._values
        start: int = values[query.low] if query.low is not None else 0
        room: int | None = values[query.high] if query.high is not None else None
        if start + low > MAX_ROWS:
            return self.none()
        limit = None if high is None or high > MAX_ROWS else max(0, high - low)
        if room is not None:
            room = max(0, room - low)
            limit = room if limit is None else min(limit, room)
        if limit == 0:
            return self.none()
        offset = start + low or None
        raw = [value for value in (offset, limit) if value is not None]
        key = ("slice", offset is not None, limit is not None)
        return self._step(key, raw, steps.sliced, offset, limit)

    def _unsliced(self) -> tuple[Self, slice | None]:
        """These rows without the slice that was taken of them, and the slice; for taking it of each group of rows."""
        query, values = self._shape.query, self._values
        if not query.sliced:
            return self, None
        low: int = 0 if query.low is None else values[query.low]
        part = slice(low, None if query.high is None else low + values[query.high])
        return self._step(("unsliced",), (), lambda q, s: q.but(low=None, high=None)), part

    @property
    def _can_number(self) -> bool:
        """Whether numbering the rows of each parent counts what this queryset would yield for that parent."""
        query = self._shape.query
        return not (query.distinct or query.combined is not None or has_window(query.where))

    def _numbered_within(self, name: str, part: slice) -> Self:
        """A part of the rows that share a value of `name`, for each such value; for prefetching."""
        low: int = part.start
        high: int | None = part.stop
        raw = [bound for bound in (low, high) if bound is not None]
        key = ("numbered within", name, high is None)
        return self._step(key, raw, steps.numbered, name, low, high)

    # What is loaded

    def select_related(self, *names: str | Attribute[Any, Any] | None) -> Self:
        """Load related instances along with these, by joins; None to undo it."""
        if not names:
            discourage("select_related() without names leaves in 2.0; name the relations: select_related('author').")
        chosen = None if names == (None,) else names
        return self._step(("related", names), (), steps.with_related, chosen)

    def defer(self, *names: str | Attribute[Any, Any] | None) -> Self:
        """Leave fields out until they are read; None to undo it."""
        chosen = None if names == (None,) else names
        return self._step(("defer", *names), (), steps.deferred, chosen)

    def only(self, *names: str | Attribute[Any, Any]) -> Self:
        """Load these fields and the key only."""
        if None in names:
            raise TypeError("Cannot pass None as an argument to only().")
        return self._step(("only", *names), (), steps.loading_only, names)

    def prefetch_related(self, *lookups: Any) -> Self:
        """Load related rows of all instances with one query a relation, after these; None to undo it."""
        uncombined(self._shape.query, "prefetch_related")
        if self._shape.query.chosen is not None and lookups != (None,):
            raise TypeError("Cannot call prefetch_related() after .values() or .values_list()")
        named = {found.name for found in self._shape.query.filtered}
        if any(str(getattr(lookup, "lookup", lookup)).split("__")[0] in named for lookup in lookups):
            raise ValueError("prefetch_related() is not supported with FilteredRelation.")
        other = self.all()
        other._prefetch = () if lookups == (None,) else (*self._prefetch, *map(name_of, lookups))
        return other

    def values(self, *names: str | Shaped, **expressions: Any) -> QuerySet[M, dict[str, Any]]:
        """Rows as dicts."""
        rows: QuerySet[M, dict[str, Any]] = self._choose(names, expressions, "dict")
        return rows

    @overload
    def values_list(
        self, *names: str | Shaped, flat: Literal[False] = ..., named: Literal[False] = ...
    ) -> QuerySet[M, tuple[Any, ...]]: ...
    @overload
    def values_list(self, *names: str | Shaped, flat: bool = ..., named: bool = ...) -> QuerySet[M, Any]: ...
    def values_list(self, *names: str | Shaped, flat: bool = False, named: bool = False) -> Any:
        """Rows as tuples, as named tuples, or with `flat` as the bare value of a single field."""
        if flat and named:
            raise TypeError("'flat' and 'named' can't be used together.")
        if flat and len(names) > 1:
            raise TypeError("'flat' is not valid when values_list is called with more than one field.")
        form: RowForm = "flat" if flat else "named" if named else "tuple"
        if not any(is_computed(name) for name in names):
            return self._choose(names, {}, form)
        expressions = {}
        order = []
        for position, name in enumerate(names):
            if is_computed(name):
                alias = getattr(name, "default_alias", None) or f"expression{position + 1}"
                expressions[alias] = name
                order.append(alias)
            else:
                order.append(name)
        return self._choose(tuple(order), expressions, form)

    def _choose(self, names: tuple[Any, ...], expressions: dict[str, Any], form: RowForm) -> Any:
        if form == "flat" and not names:
            discourage(
                "values_list(flat=True) without a field leaves in 2.0; name the field: values_list('pk', flat=True)."
            )
            names = ("pk" if self.model._meta.pk.column is None else self.model._meta.pk.attname,)
        raw: list[Any] = []
        if expressions:
            discourage_percent(expressions)
            keys = [(name, kind_of(value, raw)) for name, value in expressions.items()]
            key: Hashable = ("values", form, *names, *keys)
        else:
            key = ("values", form, *names)
        return self._step(key, raw, steps.choosing, names, expressions, form)

    def annotate(self, *args: Any, **kwargs: Any) -> Self:
        """Add the value of an expression to every row."""
        return self._annotate("annotate", args, kwargs, True)

    def alias(self, *args: Any, **kwargs: Any) -> Self:
        """Name an expression for use in later calls, without loading it."""
        return self._annotate("alias", args, kwargs, False)

    def _annotate(self, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any], selected: bool) -> Self:
        if "%" in "".join(kwargs):
            discourage_percent(kwargs)
        expressions = named_expressions(operation, args, kwargs) if args else kwargs
        raw: list[Any] = []
        kinds = [v.fingerprint(raw) if isinstance(v, Shaped) else kind_of(v, raw) for v in expressions.values()]
        return self._step((operation, *expressions, *kinds), raw, steps.annotated, expressions, selected)

    def extra(
        self,
        select: Mapping[str, str] | None = None,
        where: Sequence[str] | None = None,
        params: Sequence[Any] | None = None,
        tables: Sequence[str] | None = None,
        order_by: Sequence[str] | None = None,
        select_params: Sequence[Any] | None = None,
    ) -> Self:
        """Add fragments of SQL: `%s` stands for a value of `select_params` or `params`, `%%` for a percent sign.

        select:    columns by the name that they get in the result.
        where:     conditions that must all hold.
        tables:    more tables to read; the conditions say how they belong to the rows.
        order_by:  names of fields or of `select`, or `table.column`, with a leading `-` for descending.
        """
        for name, texts in (("where", where), ("tables", tables), ("order_by", order_by)):
            if isinstance(texts, str):
                raise TypeError(f"extra({name}=...) takes a sequence of strings, not a single one: [{texts!r}].")
        columns, conditions = dict(select or {}), tuple(where or ())
        of_columns, of_conditions = tuple(select_params or ()), tuple(params or ())
        more, names = tuple(tables or ()), tuple(order_by or ())
        raw = [*of_columns, *of_conditions]
        kinds = tuple([kind_of(value, []) for value in raw])
        key = ("extra", tuple(columns.items()), len(of_columns), conditions, more, names, kinds)
        return self._step(key, raw, with_extra, columns, of_columns, conditions, of_conditions, more, names)

    # Dates

    def dates(self, field_name: str, kind: str, order: str = "ASC") -> QuerySet[M, date]:
        """The distinct days on which a year, month, week or day begins that some row lies in."""
        _check_period(kind, _DATES, order)
        days: QuerySet[M, date] = self._periods(Trunc(field_name, kind, output_field=DateField()), field_name, order)
        return days

    def datetimes(
        self, field_name: str, kind: str, order: str = "ASC", tzinfo: tzinfo | None = None
    ) -> QuerySet[M, datetime]:
        """The distinct instants at which a period begins that some row lies in, seen in a zone."""
        _check_period(kind, (*_DATES, *TIME_KINDS), order)
        zone = tzinfo if config.current().use_tz else None
        start = Trunc(field_name, kind, output_field=DateTimeField(), tzinfo=zone)
        instants: QuerySet[M, datetime] = self._periods(start, field_name, order)
        return instants

    def _periods(self, start: Trunc, field_name: str, order: str) -> Any:
        rows = self.alias(plain_field=F(field_name)).filter(plain_field__isnull=False)
        starts = rows.annotate(datefield=start).values_list("datefield", flat=True)
        return starts.distinct().order_by("-datefield" if order == "DESC" else "datefield")

    def fetch_mode(self, mode: FetchMode) -> Self:
        """Instances that load what they lack alone, together with those that came with them, or not at all."""
        if not isinstance(mode, FetchMode):
            raise TypeError(f"fetch_mode() takes FETCH_ONE, FETCH_PEERS or FETCH_RAISE, not {mode!r}.")
        return self._step(("fetch mode", mode), (), lambda q, s: q.but(fetch_mode=mode))

    # Where and how

    def using(self, alias: str | None) -> Self:
        """The same question to another database."""
        other = self.all()
        other._db = alias
        return other

    def timeout(self, seconds: float) -> Self:
        """Let each statement take so many seconds at most; StatementTimeout ends one that takes longer."""
        limited: Self = timed(self, seconds)
        return limited

    def select_for_update(
        self, nowait: bool = False, skip_locked: bool = False, of: Sequence[str] = (), no_key: bool = False
    ) -> Self:
        """Lock the rows until the transaction ends, where the database can."""
        if nowait and skip_locked:
            raise ValueError("The nowait option cannot be used with skip_locked.")
        if isinstance(of, str):
            raise TypeError(f"of takes a sequence of names, not a single one: select_for_update(of=({of!r},)).")
        lock = Lock(tuple(of), nowait, skip_locked, no_key)
        return self._step(("lock", lock), (), steps.locked, lock)

    @property
    def ordered(self) -> bool:
        """Whether an order was asked for, in a call or in Meta."""
        return steps.is_ordered(self._shape.query)

    @property
    def totally_ordered(self) -> bool:
        """Whether the order is by fields that no two rows share, so that it leaves nothing to chance."""
        return steps.is_totally_ordered(self._shape.query)


def _check_period(kind: str, kinds: tuple[str, ...], order: str) -> None:
    if kind not in kinds:
        raise ValueError(f"'kind' must be one of {', '.join(map(repr, kinds))}, not {kind!r}.")
    if order not in ("ASC", "DESC"):
        raise ValueError(f"'order' must be either 'ASC' or 'DESC', not {order!r}.")


def named_expressions(operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The expressions of annotate() or aggregate() by name; positional ones have names of their own."""
    named: dict[str, Any] = {}
    for argument in args:
        if not isinstance(argument, Aggregate):
            raise TypeError(
                f"{operation}() takes expressions with a keyword name; only aggregates of one field have a name of "
                f"their own, not {argument!r}."
            )
        name = argument.default_alias
        if name in named or name in kwargs:
            raise ValueError(f"The named annotation {name!r} conflicts with the default name for another annotation.")
        named[name] = argument
    return {**named, **kwargs}


def discourage_percent(names: Iterable[str]) -> None:
    """Warn of names that will be refused."""
    if "%" in "".join(names):
        discourage("Names of annotations with a percent sign leave in 2.0; choose another, such as 'share_percent'.")
