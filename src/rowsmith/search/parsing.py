"""Parsing: what people type into a search box, as a Search.

    web style -query "a phrase" sty* cat OR dog

Every text is a search: signs that mean nothing where they stand separate words, as all signs do. Nothing of the text
ever becomes syntax of a database, for a Search holds letters and digits only.
"""

from __future__ import annotations

import re

from rowsmith.records import replace
from rowsmith.search.words import STOP_WORDS, form_of, words_in
from rowsmith.sql.search import Phrase, Search, Word

MAX_WORDS = 64
"""How many words of a text are searched for; what comes behind them does not count."""
MAX_LENGTH = 200
"""How long a word may be; longer ones are cut."""
MAX_TEXT = 10_000
"""How much of a text is read."""

_TOKEN = re.compile(
    r"""
    (?P<minus>(?<![^\s(|])-)?          # an exclusion begins a word
    (?:
        "(?P<quoted>[^"]*)(?:"|$)      # a quotation that is not closed ends with the text
      | (?P<either>\|+)
      | (?P<bare>[^\s"|]+)
    )
    """,
    re.VERBOSE,
)


class _Draft:
    """A search while it is read."""

    def __init__(self) -> None:
        self.groups: list[list[Phrase]] = []
        self.excluded: list[Phrase] = []
        self.joining = False
        self.left = MAX_WORDS

    def add(self, phrase: Phrase, exclude: bool) -> None:
        """One more phrase, as far as there is room."""
        phrase = Phrase(phrase.words[: self.left])
        if not phrase.words:
            return
        self.left -= len(phrase.words)
        if exclude:
            self.excluded.append(phrase)
        elif self.joining and self.groups:
            self.groups[-1].append(phrase)
        else:
            self.groups.append([phrase])
        self.joining = False


def parse(text: str, language: str = "english", *, prefix: bool = False, fuzzy: bool = False) -> Search:
    """What a text that somebody typed searches for.

    prefix:  its last word may be the beginning of one, as while it is typed.
    fuzzy:   for single words that no document has, others will do that are spelled much alike.
    """
    if not isinstance(text, str):
        raise TypeError(f"A search is a text, such as 'web style', not {text!r}.")
    text = text[:MAX_TEXT]
    draft = _Draft()

    def words(text: str) -> list[Word]:
        return [word_of(word[:MAX_LENGTH], language) for word, _, _ in words_in(text)]

    for token in _TOKEN.finditer(text):
        exclude = token["minus"] is not None
        if token["quoted"] is not None:
            draft.add(Phrase(tuple(words(token["quoted"]))), exclude)
        elif token["either"] is not None or (token["bare"] == "OR" and not exclude):
            draft.joining = True
        else:
            draft.add(_side_by_side(words(token["bare"]), token["bare"]), exclude)
    required = [tuple(dict.fromkeys(group)) for group in draft.groups]
    if prefix and text and not text[-1].isspace() and text[-1] != '"':
        required = _with_prefix(required, text)
    required = _without_stop_words(required, STOP_WORDS[language])
    if fuzzy:
        required = [tuple(map(_as_fuzzy, group)) for group in required]
    wanted = _wanted(required, STOP_WORDS[language])
    return Search(tuple(dict.fromkeys(required)), tuple(dict.fromkeys(draft.excluded)), wanted)


def word_of(folded: str, language: str) -> Word:
    """A folded word to be searched for."""
    return Word(folded, form_of(folded, language))


def _side_by_side(words: list[Word], text: str) -> Phrase:
    """Words that signs alone separate, such as well-known; a star makes the last one a beginning."""
    if words and text.rstrip(".,;:!?)").endswith("*"):
        words[-1] = replace(words[-1], prefix=True)
    return Phrase(tuple(words))


def _with_prefix(required: list[tuple[Phrase, ...]], text: str) -> list[tuple[Phrase, ...]]:
    """The same, its last word being a beginning, when it is the last of the text."""
    if not required:
        return required
    last = required[-1][-1]
    found = [word[:MAX_LENGTH] for word, _, _ in words_in(text.split()[-1])]
    if not found or last.words[-1].text != found[-1]:
        return required
    phrase = Phrase((*last.words[:-1], replace(last.words[-1], prefix=True)))
    return [*required[:-1], (*required[-1][:-1], phrase)]


def _without_stop_words(required: list[tuple[Phrase, ...]], stop: frozenset[str]) -> list[tuple[Phrase, ...]]:
    """The groups that say something; all of them when none does."""

    def says_nothing(group: tuple[Phrase, ...]) -> bool:
        return all(
            len(phrase.words) == 1 and phrase.words[0].text in stop and not phrase.words[0].prefix for phrase in group
        )

    return [group for group in required if not says_nothing(group)] or required


def _wanted(required: list[tuple[Phrase, ...]], stop: frozenset[str]) -> tuple[Word, ...]:
    """The words that say something, or all when none does; of a word and a beginning of one form, the word."""
    words = [word for group in required for phrase in group for word in phrase.words]
    chosen = [word for word in words if word.text not in stop or word.prefix] or words
    whole = {word.form: word for word in chosen if not word.prefix}
    return tuple({**{word.form: word for word in chosen}, **whole}.values())


def _as_fuzzy(phrase: Phrase) -> Phrase:
    """Others will do for a single word, or for a beginning."""
    return Phrase((replace(phrase.words[0], fuzzy=True),)) if len(phrase.words) == 1 else phrase
