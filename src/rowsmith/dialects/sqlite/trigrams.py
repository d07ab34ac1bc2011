"""How alike texts are by the groups of three letters that they share, with the answers of PostgreSQL's pg_trgm.

source: https://www.postgresql.org/docs/current/pgtrgm.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from struct import pack, unpack

_WORD = re.compile(r"[^\W_]+")

Groups = tuple[tuple[str, bool, bool], ...]
"""Trigrams in the order of the text, each with whether it begins a word and whether it ends one."""


def _in_order(text: str) -> Iterator[tuple[str, bool, bool]]:
    """The trigrams of each word, as if two blanks stood before it and one behind it."""
    for word in _WORD.findall(text):
        padded = f"  {word.lower()} "
        last = len(padded) - 3
        for place in range(last + 1):
            yield padded[place : place + 3], place == 0, place == last


@lru_cache(maxsize=512)
def _ordered(text: str) -> Groups:
    return tuple(_in_order(text))


@lru_cache(maxsize=512)
def _different(text: str) -> frozenset[str]:
    return frozenset([group for group, _, _ in _in_order(text)])


def _share(common: int, ours: int, theirs: int) -> float:
    """How large the part is that two sets have in common, of all that is in either."""
    return common / (ours + theirs - common)


def _single(value: float) -> float:
    """A number as PostgreSQL shows it when it has computed it in single precision."""
    [stored] = unpack("f", pack("f", value))
    for digits in range(1, 9):
        shown = float(f"{stored:.{digits}g}")
        if unpack("f", pack("f", shown))[0] == stored:
            return shown
    return float(f"{stored:.9g}")


def _similarity(one: str, other: str) -> float:
    ours, theirs = _different(one), _different(other)
    return _share(len(ours & theirs), len(ours), len(theirs)) if ours and theirs else 0.0


def _word_similarity(word: str, text: str, *, strict: bool) -> float:
    """The similarity of `word` and the stretch of `text` most like it; `strict` for a stretch of whole words.

    A stretch ends where it found one more trigram of the word, and is then shortened from its start as long as that
    makes it more similar: the stretches that the server looks at, which need not be all.
    """
    wanted, groups = _different(word), _ordered(text)
    if not wanted or not groups:
        return 0.0
    best = 0.0
    start = 0 if strict else -1
    last_seen: dict[str, int] = {}
    distinct = common = 0
    for end, (group, _, closes) in enumerate(groups):
        hit = group in wanted
        if (start >= 0 or hit) and group not in last_seen:
            distinct += 1
            common += hit
        if start >= 0 or hit:
            last_seen[group] = end
        if not (closes if strict else hit):
            continue
        if start < 0:
            start, distinct = end, 1
        current = _share(common, len(wanted), distinct)
        shorter_distinct, shorter_common, before = distinct, common, start
        for place in range(start, end + 1):
            candidate, opens, _ = groups[place]
            if opens or not strict:
                share = _share(shorter_common, len(wanted), shorter_distinct)
                if share > current:
                    current, start, distinct, common = share, place, shorter_distinct, shorter_common
            if last_seen.get(candidate) == place:
                shorter_distinct -= 1
                shorter_common -= candidate in wanted
        best = max(best, current)
        for place in range(before, start):
            left = groups[place][0]
            if last_seen.get(left) == place:
                del last_seen[left]
    return best


def similarity(one: object, other: object) -> float | None:
    """How alike two texts are, between 0 and 1; NULL in, NULL out."""
    if one is None or other is None:
        return None
    return _single(_similarity(str(one), str(other)))


def distance(one: object, other: object) -> float | None:
    """How different two texts are."""
    if one is None or other is None:
        return None
    return _opposite(_similarity(str(one), str(other)))


def word_similarity(word: object, text: object) -> float | None:
    """How alike a text and the most similar stretch of another are."""
    if word is None or text is None:
        return None
    return _single(_word_similarity(str(word), str(text), strict=False))


def word_distance(word: object, text: object) -> float | None:
    """How different they are."""
    if word is None or text is None:
        return None
    return _opposite(_word_similarity(str(word), str(text), strict=False))


def strict_word_similarity(word: object, text: object) -> float | None:
    """How alike a text and the most similar whole words of another are."""
    if word is None or text is None:
        return None
    return _single(_word_similarity(str(word), str(text), strict=True))


def strict_word_distance(word: object, text: object) -> float | None:
    """How different they are."""
    if word is None or text is None:
        return None
    return _opposite(_word_similarity(str(word), str(text), strict=True))


def _opposite(share: float) -> float:
    [stored] = unpack("f", pack("f", share))
    return _single(1.0 - stored)


# The thresholds that PostgreSQL begins with, in single precision as it keeps them.
_ALIKE, _WORD_ALIKE, _STRICT_WORD_ALIKE = (unpack("f", pack("f", number))[0] for number in (0.3, 0.6, 0.5))


def _reached(share: float, threshold: float) -> bool:
    stored: float = unpack("f", pack("f", share))[0]
    return stored >= threshold


def is_similar(one: object, other: object) -> bool | None:
    """Whether two texts are alike."""
    if one is None or other is None:
        return None
    return _reached(_similarity(str(one), str(other)), _ALIKE)


def is_word_similar(text: object, word: object) -> bool | None:
    """Whether a stretch of a text is like another."""
    if text is None or word is None:
        return None
    return _reached(_word_similarity(str(word), str(text), strict=False), _WORD_ALIKE)


def is_strict_word_similar(text: object, word: object) -> bool | None:
    """Whether whole words of a text are like another."""
    if text is None or word is None:
        return None
    return _reached(_word_similarity(str(word), str(text), strict=True), _STRICT_WORD_ALIKE)


FUNCTIONS = (
    ("ROWSMITH_SIMILARITY", 2, similarity),
    ("ROWSMITH_TRIGRAM_DISTANCE", 2, distance),
    ("ROWSMITH_WORD_SIMILARITY", 2, word_similarity),
    ("ROWSMITH_WORD_DISTANCE", 2, word_distance),
    ("ROWSMITH_STRICT_WORD_SIMILARITY", 2, strict_word_similarity),
    ("ROWSMITH_STRICT_WORD_DISTANCE", 2, strict_word_distance),
    ("ROWSMITH_SIMILAR", 2, is_similar),
    ("ROWSMITH_WORD_SIMILAR", 2, is_word_similar),
    ("ROWSMITH_STRICT_WORD_SIMILAR", 2, is_strict_word_similar),
)
