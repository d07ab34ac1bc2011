"""Reading: iteration, the result cache, and the methods that ask for rows or facts about them."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, Self, overload

import rowsmith
from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db.handler import connections
from rowsmith.db.router import router
from rowsmith.exceptions import NotSupportedError
from rowsmith.execution import reading
from rowsmith.execution.aggregation import aggregate
from rowsmith.execution.prefetch import prefetch_related_objects
from rowsmith.expressions.combinable import Shaped
from rowsmith.loading.rows import named_row
from rowsmith.query import steps
from rowsmith.query.combining import uncombined
from rowsmith.query.query import Query
from rowsmith.query.shape import extend
from rowsmith.queryset.combining import Combining
from rowsmith.queryset.generic import M, R
from rowsmith.queryset.kinds import call_key
from rowsmith.queryset.refining import Condition, Refining, discourage_percent, named_expressions

MAX_GET_RESULTS = 21
"""How many rows get() looks at before it says that there are too many."""

REPR_SIZE = 20
"""How many rows repr() shows."""

CHUNK_SIZE = 2000
"""How many rows iterator() fetches at a time unless told otherwise."""


_LOADING = frozenset({"__iter__", "_fetch_all", "_load", "count", "exists", "first", "get", "iterator", "last"})
"""The methods whose override changes how rows are loaded."""


class Reading(Combining[M, R]):
    """What a queryset can tell."""

    __slots__ = ()

    # Loading

    def _load(self) -> list[R]:
        """The rows, asked for anew."""
        rows = reading.fetch(self._shape, self._values, self._db or (self.db if router.active else DEFAULT_DB_ALIAS))
        if self._known is not None:
            self._tell_known(rows)
        if self._prefetch and rows:
            prefetch_related_objects(rows, *self._prefetch)
        return rows

    def _tell_known(self, rows: list[Any]) -> None:
        """Give the rows of a related manager the instance that they all refer to."""
        assert self._known is not None
        if self._shape.query.chosen is None:
            name, instance = self._known
            if self._shape.query.related is not None:
                # What was selected along with a row is the row's own, and may be of another class than the instance.
                rows = [row for row in rows if name not in row.__dict__]
            for row in rows:
                setattr(row, name, instance)

    def _fetch_all(self) -> list[R]:
        """The rows, asked for once."""
        rows = self._result_cache
        if rows is None:
            rows = self._result_cache = self._load()
        return rows

    async def _afetch_all(self) -> list[Any]:
        if self._result_cache is None:
            if self._prefetch or self._overridden or router.active:
                # Code of the user's may run, and routers may ask databases themselves.
                await bridge.run(self._fetch_all)
            else:
                rows = await reading.afetch(self._shape, self._values, self._db or DEFAULT_DB_ALIAS)
                if self._known is not None:
                    self._tell_known(rows)
                self._result_cache = rows
        return self._result_cache  # type: ignore[return-value]

    _overridden = False
    """Whether a subclass has its own way of loading, which the awaitable twins must take as well."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        bases = cls.__mro__[: cls.__mro__.index(Reading)]
        theirs = [base for base in bases if not base.__module__.startswith("rowsmith.queryset.")]
        cls._overridden = any(not _LOADING.isdisjoint(base.__dict__) for base in theirs)

    def __iter__(self) -> Iterator[R]:
        rows = self._result_cache
        return iter(self._fetch_all() if rows is None else rows)

    async def __aiter__(self) -> AsyncIterator[R]:
        for row in await self._afetch_all():
            yield row

    def __len__(self) -> int:
        # list() asks for this as well, once it has the rows.
        rows = self._result_cache
        return len(self._fetch_all() if rows is None else rows)

    def __bool__(self) -> bool:
        return bool(self._fetch_all())

    def __contains__(self, item: object) -> bool:
        return item in self._fetch_all()

    def __repr__(self) -> str:
        if self._result_cache is None and bridge.running_loop() is not None and not bridge.inside():
            # A query here would block the event loop; the question is shown instead of its answer.
            return f"<{type(self).__name__} of {self.model._meta.label}: {self.query}>"
        rows = list(self[: REPR_SIZE + 1])
        shown = ", ".join(map(repr, rows[:REPR_SIZE]))
        more = ", '...(remaining elements truncated)...'" if len(rows) > REPR_SIZE else ""
        return f"<{type(self).__name__} [{shown}{more}]>"

    @overload
    def __getitem__(self, key: int) -> R: ...
    @overload
    def __getitem__(self, key: slice) -> Self: ...
    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            return self._sliced(key)
        if not isinstance(key, int):
            raise TypeError(f"QuerySet indices must be integers or slices, not {type(key).__name__}.")
        if key < 0:
            raise ValueError("Negative indexing is not supported.")
        if self._result_cache is not None:
            return self._result_cache[key]
        rows = self._slice(key, key + 1)._load()
        if not rows:
            raise IndexError(f"The query has no row at index {key}.")
        return rows[0]

    def _sliced(self, key: slice) -> Any:
        for bound in (key.start, key.stop):
            if bound is not None and (not isinstance(bound, int) or bound < 0):
                if isinstance(bound, int):
                    raise ValueError("Negative indexing is not supported.")
                raise TypeError(f"QuerySet slices take integers, not {type(bound).__name__}.")
        if self._result_cache is not None:
            return self._result_cache[key]
        part = self._slice(key.start or 0, key.stop)
        if key.step is None:
            return part
        # What is no step, such as 0, is refused before the database is asked.
        range(1)[:: key.step]
        return list(part)[:: key.step]

    # Pickling

    def __getstate__(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "rows": self._fetch_all(),
            "db": self._db,
            "version": rowsmith.__version__,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        Refining.__init__(self, state["model"], using=state["db"])
        if state.get("version") != rowsmith.__version__:
            warnings.warn(
                f"Pickled queryset's rowsmith version {state.get('version')} does not match the current version "
                f"{rowsmith.__version__}.",
                RuntimeWarning,
                stacklevel=2,
            )
        self._result_cache = state["rows"]

    # Single rows

    def _getting(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        """The query of get()."""
        query = self._shape.query
        if args or kwargs:
            uncombined(query, "get(...) with filters")
        if not args and not kwargs and (query.sliced or query.cap is not None):
            return self
        key, raw = call_key("get", args, kwargs)

        def build(query: Query, slots: Any) -> Query:
            narrowed = steps.filtered(query, slots, args, kwargs, False) if args or kwargs else query
            return steps.capped(narrowed, MAX_GET_RESULTS, unordered=not narrowed.distinct_on)

        shape, values = extend(self._shape, self._values, key, raw, build)
        return self._with(shape, values)

    def _single(self, rows: list[R]) -> R:
        if len(rows) == 1:
            return rows[0]
        name = self.model._meta.object_name
        if not rows:
            raise self.model.DoesNotExist(f"{name} matching query does not exist.")
        many = f"more than {MAX_GET_RESULTS - 1}" if len(rows) == MAX_GET_RESULTS else str(len(rows))
        raise self.model.MultipleObjectsReturned(
            f"get() returned more than one {name} -- it returned {many}!"
        )

    def get(self, *args: Condition, **kwargs: Any) -> R:
        """The one row that meets the conditions; DoesNotExist or MultipleObjectsReturned when there is not just one."""
        return self._single(self._getting(args, kwargs)._load())

    async def aget(self, *args: Condition, **kwargs: Any) -> R:
        """As `get`."""
        if self._overridden or router.active:
            return await bridge.run(self.get, *args, **kwargs)
        found = self._getting(args, kwargs)
        if found._prefetch or found._known is not None or found._result_cache is not None:
            return self._single(await found._afetch_all())
        return self._single(await reading.afetch(found._shape, found._values, found._db or DEFAULT_DB_ALIAS))

    def _ends(self, reverse: bool) -> Self:
        """The query of first() and last()."""
        query = self._shape.query
        if query.sliced:
            if reverse:
                raise TypeError("Cannot reverse a query once a slice has been taken.")
            return self._slice(0, 1)
        if isinstance(query.grouping, tuple) and not steps.is_ordered(query):
            keys = {node.name for node in query.grouping if hasattr(node, "name")}
            if not keys.issuperset(field.column for field in self.model._meta.pk_fields):
                raise TypeError(
                    "Cannot use first() or last() on a grouped queryset without an order: its groups have no key to "
                    "order by. Call order_by() first."
                )
        return self._step(
            ("ends", reverse), (), lambda q, s: steps.capped(q, 1, by_key=True, reverse=reverse)
        )

    def first(self) -> R | None:
        """The first row, in key order unless another was asked for; None when there is none."""
        rows = self._ends(False)._load()
        return rows[0] if rows else None

    def last(self) -> R | None:
        """The last row, in key order unless another was asked for; None when there is none."""
        rows = self._ends(True)._load()
        return rows[0] if rows else None

    def _latest(self, fields: tuple[Any, ...], reverse: bool) -> R:
        names = fields or self.model._meta.get_latest_by
        if not names:
            raise ValueError(
                "earliest() and latest() require either fields as positional arguments or 'get_latest_by' in the "
                "model's Meta."
            )
        if isinstance(names, str):
            names = (names,)
        if self._shape.query.sliced:
            raise TypeError("Cannot change a query once a slice has been taken.")
        ordered = self.order_by(*names)
        return (ordered.reverse() if reverse else ordered)._slice(0, 1).get()

    def latest(self, *fields: str | Shaped) -> R:
        """The last row by `fields`, or by Meta.get_latest_by."""
        return self._latest(fields, True)

    def earliest(self, *fields: str | Shaped) -> R:
        """The first row by `fields`, or by Meta.get_latest_by."""
        return self._latest(fields, False)

    # Facts

    def count(self) -> int:
        """How many rows there are."""
        if self._result_cache is not None:
            return len(self._result_cache)
        if self._shape.query.empty:
            return 0
        connection = connections[self.db]
        compiled = reading.count_of(self._shape, connection)
        return int(reading.fetch_value(compiled, self._values, connection))

    def exists(self) -> bool:
        """Whether there is any row."""
        if self._result_cache is not None:
            return bool(self._result_cache)
        if self._shape.query.empty:
            return False
        connection = connections[self.db]
        compiled = reading.existence_of(self._shape, connection)
        return reading.fetch_value(compiled, self._values, connection) is not None

    def contains(self, obj: Any) -> bool:
        """Whether an instance is among the rows."""
        uncombined(self._shape.query, "contains")
        if self._shape.query.chosen is not None:
            raise TypeError("Cannot call QuerySet.contains() after .values() or .values_list().")
        if not hasattr(obj, "_meta"):
            raise TypeError("'obj' must be a model instance.")
        if obj._meta.concrete_model is not self.model._meta.concrete_model:
            return False
        if not obj._is_pk_set():
            raise ValueError("QuerySet.contains() cannot be used on unsaved objects.")
        if self._result_cache is not None:
            return obj in self._result_cache
        if self._shape.query.sliced:
            return obj in list(self)
        return self.filter(pk=obj.pk).exists()

    def in_bulk(self, id_list: Any = None, *, field_name: str = "pk") -> dict[Any, R]:
        """The rows by their key, or by another unique field; keys that are not there are left out."""
        query = self._shape.query
        if query.sliced:
            raise TypeError("Cannot use 'limit' or 'offset' with in_bulk().")
        meta = self.model._meta
        attname = meta.pk.attname if field_name == "pk" else meta.get_field(field_name).attname
        unique = {meta.pk.attname} | {f.attname for f in meta.concrete_fields if f.unique} | {
            meta.get_field(constraint.fields[0]).attname
            for constraint in meta.total_unique_constraints
            if len(constraint.fields) == 1
        }
        if attname not in unique and query.distinct_on != (field_name,):
            raise ValueError(f"in_bulk()'s field_name must be a unique field but {field_name!r} isn't.")
        queryset = self
        if id_list is not None:
            keys = list(id_list)
            if not keys:
                return {}
            queryset = self.filter(**{f"{field_name}__in": keys}).order_by()
        if query.chosen is None:
            return {getattr(row, attname): row for row in queryset._load()}
        with_key = queryset._step(
            ("bulk key", attname),
            (),
            lambda q, s: q.but(
                chosen=(*(steps.choosing(q, s, (attname,), {}, q.form).chosen or ()), *(q.chosen or ())), form="tuple"
            ),
        )
        names = tuple(item.key for item in query.chosen)
        forms: dict[str, Callable[[list[Any]], Any]] = {
            "dict": lambda row: dict(zip(names, row, strict=True)),
            "flat": lambda row: row[0],
            "named": lambda row: named_row(names)(*row),
        }
        made = forms.get(query.form, tuple)
        rows: list[Any] = with_key._load()
        return {key: made(row) for key, *row in rows}

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The values of aggregates over all rows, by name."""
        if self._shape.query.distinct_on:
            raise NotSupportedError("aggregate() + distinct(fields) not implemented.")
        discourage_percent(kwargs)
        expressions = named_expressions("aggregate", args, kwargs)
        return aggregate(self._shape, self._values, expressions, self.db)

    # Streams

    def iterator(self, chunk_size: int | None = None) -> Iterator[R]:
        """The rows one by one, without keeping them; `chunk_size` of them are fetched at a time."""
        if chunk_size is None:
            if self._prefetch:
                raise ValueError(
                    "chunk_size must be provided when using QuerySet.iterator() after prefetch_related()."
                )
        elif chunk_size <= 0:
            raise ValueError("Chunk size must be strictly positive.")
        return self._streamed(chunk_size or CHUNK_SIZE)

    def _streamed(self, chunk_size: int) -> Iterator[Any]:
        with closing(reading.stream(self._shape, self._values, self.db, chunk_size)) as chunks:
            for rows in chunks:
                if self._known is not None:
                    self._tell_known(rows)
                if self._prefetch:
                    prefetch_related_objects(rows, *self._prefetch)
                yield from rows

    def aiterator(self, chunk_size: int = CHUNK_SIZE) -> AsyncIterator[R]:
        """As `iterator`."""
        # Not a generator itself, so that a wrong argument is refused by the call and not by the first row.
        return _astreamed(self.iterator(chunk_size), chunk_size)

    # SQL

    def sql_with_params(self) -> tuple[str, Sequence[Any]]:
        """The statement that this queryset would run, and its parameters."""
        connection = connections[self.db]
        compiled = reading.rows_of(self._shape, connection)
        return compiled.text, compiled.bind(self._values)


async def _astreamed(rows: Iterator[Any], chunk_size: int) -> AsyncIterator[Any]:
    """Rows that come `chunk_size` at a time through the bridge."""
    try:
        while chunk := await bridge.run(lambda: list(islice(rows, chunk_size))):
            for row in chunk:
                yield row
    finally:
        await bridge.run(getattr(rows, "close", lambda: None))
