"""RawQuerySet: instances from a statement that the caller wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Generic, Self, overload

from rowsmith import bridge
from rowsmith.db.router import router
from rowsmith.execution.prefetch import prefetch_related_objects
from rowsmith.execution.raw import Parameters, fetch_raw
from rowsmith.queryset.generic import M


class RawQuerySet(Generic[M]):
    """The rows of one statement as instances, asked for when they are first read.

    Columns become fields by their names, in any order; further ones become attributes, and fields that are missing
    are loaded when they are read. Indexing and slicing happen in Python, after all rows were fetched.
    """

    def __init__(
        self,
        raw_query: str,
        model: Any = None,
        params: Parameters = (),
        translations: Mapping[str, str] | None = None,
        using: str | None = None,
    ) -> None:
        self.raw_query = raw_query
        self.model = model
        self.params = params
        self.translations = dict(translations or {})
        self._db = using
        self._prefetch: tuple[Any, ...] = ()
        self._result_cache: list[Any] | None = None
        self._columns: list[str] = []

    def __repr__(self) -> str:
        shown = f" with {self.params!r}" if self.params else ""
        return f"<{type(self).__name__}: {self.raw_query}{shown}>"

    @property
    def db(self) -> str:
        """The alias of the database that is asked."""
        return self._db or router.db_for_read(self.model)

    @property
    def columns(self) -> list[str]:
        """The names of the result's columns, translated; asks the database when that was not done yet."""
        self._fetch_all()
        return list(self._columns)

    def using(self, alias: str | None) -> Self:
        """The same statement on another database."""
        return self._like(self._prefetch, alias)

    def prefetch_related(self, *lookups: Any) -> Self:
        """Load related rows of all instances with one query a relation; None to undo it."""
        return self._like(() if lookups == (None,) else (*self._prefetch, *lookups), self._db)

    def _like(self, prefetch: tuple[Any, ...], alias: str | None) -> Self:
        other = type(self)(self.raw_query, self.model, self.params, self.translations, alias)
        other._prefetch = prefetch
        return other

    def _load(self) -> list[Any]:
        found = fetch_raw(self.model, self.raw_query, self.params, self.translations, self.db)
        self._columns = list(found.columns)
        if self._prefetch:
            prefetch_related_objects(found.instances, *self._prefetch)
        return found.instances

    def _fetch_all(self) -> list[Any]:
        if self._result_cache is None:
            self._result_cache = self._load()
        return self._result_cache

    def iterator(self) -> Iterator[M]:
        """The rows without keeping them for another iteration."""
        yield from self._load()

    def __iter__(self) -> Iterator[M]:
        return iter(self._fetch_all())

    async def __aiter__(self) -> AsyncIterator[M]:
        for row in await bridge.run(self._fetch_all):
            yield row

    def __len__(self) -> int:
        return len(self._fetch_all())

    def __bool__(self) -> bool:
        return bool(self._fetch_all())

    @overload
    def __getitem__(self, key: int) -> M: ...
    @overload
    def __getitem__(self, key: slice) -> list[M]: ...
    def __getitem__(self, key: int | slice) -> Any:
        return self._fetch_all()[key]
