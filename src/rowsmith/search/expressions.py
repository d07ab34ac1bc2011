"""What queries ask of a search: whether a row fits it, how well, and where it stands in a text."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.names import F
from rowsmith.expressions.singles import single
from rowsmith.fields.text import TextField
from rowsmith.records import replace
from rowsmith.search.highlighting import Marking, sought_text
from rowsmith.search.parsing import parse
from rowsmith.sql import search as sql
from rowsmith.sql import types


class _OfDocument(Expression):
    """Something that is told of the row's document and a search.

    place:  the name of a field in the table that has the documents.
    """

    def __init__(self, documents: sql.CreateDocuments, search: sql.Search, fuzzy: bool, place: str) -> None:
        self.documents = documents
        self.search = search
        self.fuzzy = fuzzy
        self.place = place

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.documents.name!r}, {self.search!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        values.append(self.search)
        return (type(self), self.documents, self.fuzzy, self.place)

    def _node(self, scope: Scope, kind: Any) -> Any:
        key = scope.name(self.place).node
        if self.place != "pk":
            key = replace(key, name=self.documents.key)
        return kind(key, scope.value(self.search, types.Unknown()), documents=self.documents, fuzzy=self.fuzzy)


class Fits(_OfDocument):
    """Whether the row is one that the search finds."""

    conditional = True

    def resolve(self, scope: Scope) -> Resolved:
        return Resolved(self._node(scope, sql.Fits), scope.field_for(types.Boolean()))


class Rank(_OfDocument):
    """How well the row fits; the higher the better."""

    def resolve(self, scope: Scope) -> Resolved:
        return Resolved(self._node(scope, sql.Rank), scope.field_for(types.Float()))


class Highlight(Expression):
    """A text with what a search finds in it between marks; what else it holds is safe to put into a page of HTML.

        Article.objects.search(text).annotate(shown=Highlight("title", text))

    text:         what was searched for.
    start, stop:  the marks.
    html:         whether the text is to be escaped; leave it out for other places than pages.
    prefix:       whether the last word may be a beginning, as in `search()`.
    fuzzy:        whether words that are spelled alike will do, as there.
    language:     that of the index.
    """

    def __init__(
        self,
        expression: Any,
        text: str,
        *,
        start: str = "<mark>",
        stop: str = "</mark>",
        html: bool = True,
        prefix: bool = False,
        fuzzy: bool = False,
        language: str = "english",
    ) -> None:
        self.expression = F(expression) if isinstance(expression, str) else expression
        self.search = parse(text, language, prefix=prefix, fuzzy=fuzzy)
        self.marking = Marking(start, stop, html, language)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.expression!r}, {self.search!r})"

    def get_source_expressions(self) -> list[Any]:
        return [self.expression]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        [self.expression] = expressions

    def fingerprint(self, values: list[Any]) -> Hashable:
        values.append(self.search)
        return (type(self), self.marking, self.expression.fingerprint(values))

    def resolve(self, scope: Scope) -> Resolved:
        search = scope.value(self.search, types.Unknown())
        operand = single(self.expression.resolve(scope).node, self)
        return Resolved(sql.Sought(search, operand, encode=sought_text), ShownText(self.marking))


class Snippet(Highlight):
    """As Highlight, of a longer text no more than `words` words, those around what the search finds.

    ellipsis:  what stands for what is left out.
    """

    def __init__(self, expression: Any, text: str, *, words: int = 30, ellipsis: str = "…", **options: Any) -> None:
        super().__init__(expression, text, **options)
        if words < 1:
            raise ValueError(f"Snippet shows one word at least, not {words}.")
        self.marking = replace(self.marking, words=words, ellipsis=ellipsis)


class ShownText(TextField[str, str]):
    """The field of a text that is shown with marks."""

    def __init__(self, marking: Marking) -> None:
        super().__init__()
        self.marking = marking

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """The text with its marks."""
        return None if value is None else self.marking.shown(value)
