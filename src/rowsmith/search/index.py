"""SearchIndex: which texts of a model are searched, declared in Meta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from rowsmith.exceptions import FieldDoesNotExist, FieldError, did_you_mean
from rowsmith.expressions.names import F
from rowsmith.metadata.deconstruction import Deconstructible
from rowsmith.metadata.names import digest
from rowsmith.search.expressions import Fits, Rank
from rowsmith.search.parsing import parse
from rowsmith.sql import types
from rowsmith.sql.search import LANGUAGES, WEIGHTS, CreateDocuments, DocumentPart, DocumentStep

RANK = "search_rank"
"""The annotation that `search()` adds."""


class SearchIndex(Deconstructible):
    """The texts of a model that `objects.search()` looks in. The database itself keeps what it needs for that current.

    fields:    names of text fields, those along relations among them, such as `author__name`; as a mapping, each with
               its weight from "A", which counts most, to "D". Names alone weigh "D".
    language:  "english", where the endings of words do not count, or "simple" for any other.
    fuzzy:     whether `search(..., fuzzy=True)` may look for words that are spelled much alike; PostgreSQL needs its
               extension pg_trgm for that, which is created with the index.
    name:      what the table or the column is called that the database searches.
    """

    searched = True
    max_name_length = 40

    # What is asked of every index.
    expressions: tuple[Any, ...] = ()
    fields_orders: tuple[tuple[str, str], ...] = ()
    include: tuple[str, ...] = ()
    opclasses: tuple[str, ...] = ()
    condition: Any = None
    db_tablespace: str | None = None
    contains_expressions = False

    def __init__(
        self,
        *,
        fields: Mapping[str, str] | Sequence[str],
        language: str = "english",
        fuzzy: bool = False,
        name: str | None = None,
    ) -> None:
        if isinstance(fields, str) or not fields:
            raise ValueError(
                "SearchIndex(fields=...) takes the names of text fields, such as {'title': 'A', 'author__name': 'C'}, "
                f"not {fields!r}."
            )
        weights = dict(fields) if isinstance(fields, Mapping) else dict.fromkeys(fields, "D")
        for field, weight in weights.items():
            if weight not in WEIGHTS:
                raise ValueError(f"The weight of {field!r} is one of {', '.join(WEIGHTS)}, not {weight!r}.")
        if language not in LANGUAGES:
            raise ValueError(
                f"SearchIndex has the languages {' and '.join(map(repr, LANGUAGES))}, not {language!r}; 'simple' is "
                "for any language, and takes words as they are."
            )
        self.fields = weights
        self.language = language
        self.fuzzy = fuzzy
        self.name = name or ""

    def set_name_with_model(self, model: Any) -> None:
        """Give an unnamed index a name that is the same in every process."""
        table = str(model._meta.db_table).strip('"').replace(".", "_").replace('"', "")
        self.name = f"{table}_search"
        if len(self.name) > self.max_name_length:
            self.name = f"{table[:25]}_{digest(table, length=6)}_search"

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        keywords: dict[str, Any] = {"fields": self.fields, "name": self.name}
        if self.language != "english":
            keywords["language"] = self.language
        if self.fuzzy:
            keywords["fuzzy"] = True
        return "rowsmith.search.SearchIndex", (), keywords

    def __repr__(self) -> str:
        return f"<SearchIndex: fields={self.fields!r} language={self.language!r} name={self.name!r}>"

    # What is kept

    def documents(self, model: Any) -> CreateDocuments:
        """The documents of a model's rows.

        raises:  FieldError for names that are no text.
        """
        meta = model._meta
        if len(meta.pk_fields) != 1:
            raise FieldError(f"{meta.label} has a key of several columns; a SearchIndex needs a single one.")
        parts = tuple(_part(model, name, weight) for name, weight in self.fields.items())
        [key] = meta.pk_fields
        numbered = isinstance(key.sql_type, types.Integer | types.Serial)
        return CreateDocuments(self.name, meta.db_table, key.column, self.language, parts, self.fuzzy, numbered)

    @cached_property
    def _known(self) -> dict[Any, CreateDocuments]:
        return {}

    def documents_of(self, model: Any) -> CreateDocuments:
        """As `documents`, worked out once."""
        found = self._known.get(model)
        if found is None:
            found = self._known[model] = self.documents(model)
        return found

    # What is asked

    def search(self, queryset: Any, owner: Any, text: str, *, prefix: bool, fuzzy: bool) -> Any:
        """The rows of a queryset that a text finds, the best first.

        owner:  the model that declares the index: that of the queryset, or an ancestor.
        """
        if fuzzy and not self.fuzzy:
            raise FieldError(
                f"The SearchIndex {self.name!r} is not for fuzzy searches; declare it with "
                "SearchIndex(..., fuzzy=True)."
            )
        search = parse(text, self.language, prefix=prefix, fuzzy=fuzzy)
        documents = self.documents_of(owner)
        place = "pk" if owner is queryset.model._meta.concrete_model else _own_field(owner)
        ranked = queryset.annotate(**{RANK: Rank(documents, search, fuzzy, place)})
        if not search.required:
            return ranked.none()
        found = ranked.filter(Fits(documents, search, fuzzy, place))
        return found.order_by(F(RANK).desc(), "pk")


def _own_field(model: Any) -> str:
    """A field by which queries of derived models get to the model's own table."""
    name: str = next(field.name for field in model._meta.local_concrete_fields if not field.primary_key)
    return name


def _part(model: Any, path: str, weight: str) -> DocumentPart:
    """The text that a path of names leads to, with the joins on the way."""
    steps: list[Any] = []
    current, field = model, None
    for position, name in enumerate(path.split("__")):
        if position and not getattr(field, "is_relation", False):
            raise FieldError(
                f"SearchIndex of {model.__name__}: {path!r} asks for {name!r} of a field that is no relation."
            )
        meta = current._meta
        try:
            field = meta.get_field(name)
        except FieldDoesNotExist:
            known = sorted(meta.names)
            raise FieldError(
                f"SearchIndex of {model.__name__}: {current.__name__} has no field {name!r} (in {path!r})."
                f"{did_you_mean(name, known)} It has: {', '.join(known)}."
            ) from None
        if field.is_relation:
            steps.extend(meta.steps_along(field))
            current = field.related_model
    if field is None or field.is_relation or not isinstance(field.sql_type, types.Text | types.Varchar):
        raise FieldError(f"SearchIndex of {model.__name__}: {path!r} is no text; texts are what is searched.")
    steps.extend(current._meta.way_to(field.model))
    return DocumentPart(field.column, weight, tuple(_step(step) for step in steps))


def _step(step: Any) -> DocumentStep:
    meta = step.model._meta
    pairs = tuple((here.column, there.column) for here, there in step.pairs)
    return DocumentStep(meta.db_table, pairs, tuple(field.column for field in meta.pk_fields))
