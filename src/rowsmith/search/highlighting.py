"""Highlighting: where the words of a search stand in a text, shown whole or in part.

It is done here, on the texts that are read, and so alike for every database: words are told apart and compared as the
databases do it, signs of HTML are escaped, and no more rows are looked at than are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from json import dumps, loads

from rowsmith.dialects.sqlite.trigrams import similarity
from rowsmith.records import Record
from rowsmith.search.words import form_of, words_in
from rowsmith.sql.search import SIMILARITY, Search

END = "\x1f"
"""What separates a sought text from the text behind it."""

Span = tuple[int, int]


def sought_text(search: Search) -> str:
    """What a search wants, as text: phrases of words, each with whether it is a beginning and whether others do."""
    phrases = dict.fromkeys(phrase for group in search.required for phrase in group)
    return dumps([[[word.form, word.prefix, word.fuzzy] for word in phrase.words] for phrase in phrases]) + END


@lru_cache(maxsize=256)
def _phrases(sought: str) -> list[list[tuple[str, bool, bool]]]:
    phrases: list[list[tuple[str, bool, bool]]] = loads(sought)
    return phrases


class Marking(Record):
    """How a text is shown.

    start, stop:  what stands around what was sought.
    escaped:      whether signs of HTML in the text are escaped.
    language:     that of the search.
    words:        how many words are shown at most, around what was sought; None for the whole text.
    ellipsis:     what stands for what is left out.
    """

    start: str
    stop: str
    escaped: bool
    language: str
    words: int | None = None
    ellipsis: str = "…"

    def shown(self, value: str) -> str:
        """What the database sent, which is what is sought and the text, as it is to be shown."""
        sought, _, text = value.partition(END)
        words = list(words_in(text))
        forms = [form_of(word, self.language) for word, _, _ in words]
        found = list(_places(forms, _phrases(sought)))
        first, last = 0, len(words)
        if self.words is not None and len(words) > self.words:
            first, last = _window(found, len(words), self.words)
        start = 0 if first == 0 else words[first][1]
        end = len(text) if last == len(words) else words[last - 1][2]
        spans = [(words[a][1], words[b - 1][2]) for a, b, _ in found if first <= a and b <= last]
        return (
            (self._plain(self.ellipsis) if start else "")
            + self._marked(text, start, end, _joined(spans))
            + (self._plain(self.ellipsis) if end < len(text) else "")
        )

    def _marked(self, text: str, start: int, end: int, spans: Iterable[Span]) -> str:
        pieces = []
        for a, b in spans:
            pieces += [self._plain(text[start:a]), self.start, self._plain(text[a:b]), self.stop]
            start = b
        return "".join([*pieces, self._plain(text[start:end])])

    def _plain(self, text: str) -> str:
        return escape(text) if self.escaped else text


def _places(
    forms: Sequence[str], phrases: Iterable[Sequence[tuple[str, bool, bool]]]
) -> Iterable[tuple[int, int, int]]:
    """Where phrases stand: the first word of each, the one behind its last, and the number of the phrase."""
    for number, phrase in enumerate(phrases):
        (first, prefix, fuzzy), *_ = phrase
        if fuzzy and not any(form == first or (prefix and form.startswith(first)) for form in forms):
            alike = {form for form in set(forms) if (similarity(form, first) or 0) >= SIMILARITY}
            yield from ((place, place + 1, number) for place, form in enumerate(forms) if form in alike)
        size = len(phrase)
        for place in range(len(forms) - size + 1):
            if all(
                form.startswith(wanted) if prefix else form == wanted
                for form, (wanted, prefix, _) in zip(forms[place : place + size], phrase, strict=True)
            ):
                yield place, place + size, number


def _window(found: Sequence[tuple[int, int, int]], count: int, size: int) -> Span:
    """The `size` words of `count` that have most of the phrases, then most places; with room before the first."""
    ordered = sorted(place for place in found if place[1] - place[0] <= size)
    best, chosen = (0, 0), (0, 0)
    held: Counter[int] = Counter()
    behind = 0
    for begin, _, number in ordered:
        while behind < len(ordered) and ordered[behind][1] <= begin + size:
            held[ordered[behind][2]] += 1
            behind += 1
        if (score := (len(held), held.total())) > best:
            best, chosen = score, (begin, ordered[behind - 1][1])
        held[number] -= 1
        if held[number] <= 0:
            del held[number]
    begin, end = chosen
    first = min(max(begin - (size - (end - begin)) // 2, 0), count - size)
    return first, first + size


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap being one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
