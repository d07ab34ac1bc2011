"""Indexes of PostgreSQL by their access methods, and the operator classes of their members."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from rowsmith.expressions.func import Func
from rowsmith.metadata.indexes import Index
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_NAME = re.compile(r"\w+(\.\w+)?")


class OpClass(Func):
    """An expression in an index or a constraint that is compared by the operator class `name`."""

    arity = 1

    def __init__(self, expression: Any, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of an operator class.")
        super().__init__(expression)
        self.name = self.opclass = name

    def __repr__(self) -> str:
        return f"OpClass({self.expressions[0]!r}, name={self.name!r})"

    def fingerprint(self, values: list[Any]) -> Any:
        return (super().fingerprint(values), self.name)

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        # The class is a matter of the index; what is computed stays the same.
        return arguments[0]


class PostgresIndex(Index):
    """An index with options of its access method."""

    parameters: ClassVar[tuple[str, ...]] = ()
    """The options, as they are called both here and in the database."""

    @property
    def max_name_length(self) -> int:  # type: ignore[override]
        """How long a name may be: the suffix says more than that of other indexes."""
        return Index.max_name_length - len(Index.suffix) + len(self.suffix)

    @property
    def storage(self) -> tuple[tuple[str, str], ...]:
        """The options that were given, as the database writes them."""
        given = [(name, getattr(self, name)) for name in self.parameters]
        return tuple([(name, _written(value)) for name, value in given if value is not None])

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, keywords = super().deconstruct()
        given = {name: getattr(self, name) for name in self.parameters}
        return path, args, {**keywords, **{name: value for name, value in given.items() if value is not None}}


def _written(value: Any) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(int(value))


class BloomIndex(PostgresIndex):
    """A small index of many columns, for equality in any of them; needs the extension `bloom`.

    length:   bits of a row's signature.
    columns:  bits of each column in it.
    """

    suffix = "bloom"

    def __init__(
        self, *expressions: Any, length: int | None = None, columns: Sequence[int] = (), **options: Any
    ) -> None:
        super().__init__(*expressions, **options)
        if len(self.fields) > 32:
            raise ValueError("Bloom indexes support a maximum of 32 fields.")
        if not isinstance(columns, list | tuple):
            raise ValueError("BloomIndex.columns must be a list or tuple.")
        if len(columns) > len(self.fields):
            raise ValueError("BloomIndex.columns cannot have more values than fields.")
        if not all(0 < bits <= 4095 for bits in columns):
            raise ValueError("BloomIndex.columns must contain integers from 1 to 4095.")
        if length is not None and not 0 < length <= 4096:
            raise ValueError("BloomIndex.length must be None or an integer from 1 to 4096.")
        self.length, self.columns = length, columns

    @property
    def storage(self) -> tuple[tuple[str, str], ...]:
        length = [] if self.length is None else [("length", str(int(self.length)))]
        return (*length, *[(f"col{number}", str(int(bits))) for number, bits in enumerate(self.columns, 1)])

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, keywords = super().deconstruct()
        if self.length is not None:
            keywords["length"] = self.length
        if self.columns:
            keywords["columns"] = self.columns
        return path, args, keywords


class BrinIndex(PostgresIndex):
    """A tiny index for large tables whose rows lie in the order of the column.

    autosummarize:    whether ranges of pages are summed up as they fill.
    pages_per_range:  how many pages one entry is about.
    """

    suffix = "brin"
    parameters = ("autosummarize", "pages_per_range")

    def __init__(
        self, *expressions: Any, autosummarize: bool | None = None, pages_per_range: int | None = None, **options: Any
    ) -> None:
        if pages_per_range is not None and pages_per_range <= 0:
            raise ValueError("pages_per_range must be None or a positive integer.")
        self.autosummarize, self.pages_per_range = autosummarize, pages_per_range
        super().__init__(*expressions, **options)


class BTreeIndex(PostgresIndex):
    """The usual index.

    fillfactor:         how full its pages are packed, in percent.
    deduplicate_items:  whether equal values are kept once.
    """

    suffix = "btree"
    parameters = ("fillfactor", "deduplicate_items")

    def __init__(
        self, *expressions: Any, fillfactor: int | None = None, deduplicate_items: bool | None = None, **options: Any
    ) -> None:
        self.fillfactor, self.deduplicate_items = fillfactor, deduplicate_items
        super().__init__(*expressions, **options)


class GinIndex(PostgresIndex):
    """An index of what values are made of: words, elements, keys.

    fastupdate:              whether new entries wait in a list until there are some.
    gin_pending_list_limit:  how large that list may get, in kilobytes.
    """

    suffix = "gin"
    parameters = ("fastupdate", "gin_pending_list_limit")

    def __init__(
        self,
        *expressions: Any,
        fastupdate: bool | None = None,
        gin_pending_list_limit: int | None = None,
        **options: Any,
    ) -> None:
        self.fastupdate, self.gin_pending_list_limit = fastupdate, gin_pending_list_limit
        super().__init__(*expressions, **options)


class GistIndex(PostgresIndex):
    """An index of what overlaps or is near.

    buffering:   whether it is built by way of a buffer.
    fillfactor:  how full its pages are packed, in percent.
    """

    suffix = "gist"
    parameters = ("buffering", "fillfactor")

    def __init__(
        self, *expressions: Any, buffering: bool | None = None, fillfactor: int | None = None, **options: Any
    ) -> None:
        self.buffering, self.fillfactor = buffering, fillfactor
        super().__init__(*expressions, **options)


class HashIndex(PostgresIndex):
    """An index for equality alone.

    fillfactor:  how full its pages are packed, in percent.
    """

    suffix = "hash"
    parameters = ("fillfactor",)

    def __init__(self, *expressions: Any, fillfactor: int | None = None, **options: Any) -> None:
        self.fillfactor = fillfactor
        super().__init__(*expressions, **options)


class SpGistIndex(PostgresIndex):
    """An index of what a space can be parted by.

    fillfactor:  how full its pages are packed, in percent.
    """

    suffix = "spgist"
    parameters = ("fillfactor",)

    def __init__(self, *expressions: Any, fillfactor: int | None = None, **options: Any) -> None:
        self.fillfactor = fillfactor
        super().__init__(*expressions, **options)


class VectorIndex(PostgresIndex):
    """An index that finds most of the nearest vectors, and finds them fast; needs the extension `vector`.

    Its operator class says which distance it is for: `vector_l2_ops`, `vector_ip_ops`, `vector_cosine_ops`,
    `vector_l1_ops`.
    """

    of_vectors = True


class HnswIndex(VectorIndex):
    """A graph of neighbours, in layers.

    m:                how many neighbours each has.
    ef_construction:  how many candidates are looked at for them.
    """

    suffix = "hnsw"
    parameters = ("m", "ef_construction")

    def __init__(
        self, *expressions: Any, m: int | None = None, ef_construction: int | None = None, **options: Any
    ) -> None:
        self.m, self.ef_construction = m, ef_construction
        super().__init__(*expressions, **options)


class IvfflatIndex(VectorIndex):
    """Lists of vectors around centres; to be made once there are rows.

    lists:  how many lists.
    """

    suffix = "ivfflat"
    parameters = ("lists",)

    def __init__(self, *expressions: Any, lists: int | None = None, **options: Any) -> None:
        self.lists = lists
        super().__init__(*expressions, **options)
