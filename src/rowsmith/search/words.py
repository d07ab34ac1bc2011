"""Words: where they stand in a text, and how they are folded so that spellings alike are one word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from rowsmith.search.stemming import stem

_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_ACCENT = re.compile(r"[\u0300-\u036f]")



def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Words that say little of a text: alone they find nothing unless there are no others, and they do not count for ranks.
STOP_WORDS: dict[str, frozenset[str]] = {
    "english": _listed(
        """
        a about an and are as at be been but by can did do does for from had has have he her his how i if in into is it
        its me my no not of on or our she so than that the their them then there these they this those to was we were
        what when where which who why will with would you your
        """
    ),
    "simple": frozenset(),
}


def folded(word: str) -> str:
    """A word in small letters without accents."""
    if word.isascii():
        return word.lower()
    # Put together again, as marks that are no accents belong to their letters.
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", word))).lower()


def words_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of a text, folded, with its start and its end."""
    for found in _WORD.finditer(text):
        yield folded(found[0]), found.start(), found.end()


def form_of(word: str, language: str) -> str:
    """What a folded word is compared by."""
    return stem(word) if language == "english" else word
