"""Stemming: the words of English that differ by their endings alone, brought to one form by Porter's algorithm.

It is the one that both databases have, with the two departures that Porter himself made later: -bli becomes -ble, and
-logi becomes -log. Here it serves to find in a text what the database has found.

source:  M. F. Porter, An algorithm for suffix stripping, 1980; https://tartarus.org/martin/PorterStemmer/
"""

from __future__ import annotations

import re
from functools import lru_cache

_CONSONANT = "(?:[^aeiouy]|(?<![^aeiou])y|^y)"
_VOWEL = "(?:[aeiou]|(?<=[^aeiou])y)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace("C", f"{_CONSONANT}+").replace("V", f"{_VOWEL}+"))


_MEASURE_1 = _pattern("^(?:C)?VC")
_MEASURE_EXACTLY_1 = _pattern("^(?:C)?VC(?:V)?$")
_MEASURE_2 = _pattern("^(?:C)?VCVC")
_HAS_VOWEL = re.compile(_VOWEL)
_DOUBLE = re.compile(r"([^aeiou])\1$")
_SHORT = re.compile(rf"{_CONSONANT}{_VOWEL}[^aeiouwxy]$")

_STEP_2 = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize", "bli": "ble", "alli": "al",
    "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize", "ation": "ate", "ator": "ate", "alism": "al",
    "iveness": "ive", "fulness": "ful", "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble",
    "logi": "log",
}  # fmt: skip
_STEP_3 = {"icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": ""}
_STEP_4 = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
    "ous", "ive", "ize",
)  # fmt: skip


def _longest(word: str, endings: tuple[str, ...]) -> str | None:
    return next((ending for ending in endings if word.endswith(ending)), None)


_ENDINGS_2, _ENDINGS_3, _ENDINGS_4 = (
    tuple(sorted(endings, key=len, reverse=True)) for endings in (_STEP_2, _STEP_3, _STEP_4)
)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The form under which a folded word is kept; very short and very long ones stay as they are."""
    if not 3 <= len(word.encode()) <= 64:
        return word
    word = _plural(word)
    word = _past(word)
    if word.endswith("y") and _HAS_VOWEL.search(word[:-1]):
        word = word[:-1] + "i"
    word = _replaced(word, _ENDINGS_2, _STEP_2)
    word = _replaced(word, _ENDINGS_3, _STEP_3)
    ending = _longest(word, _ENDINGS_4)
    if ending is not None:
        rest = word[: -len(ending)]
        if _MEASURE_2.match(rest) and (ending != "ion" or rest[-1] in "st"):
            word = rest
    if word.endswith("e"):
        rest = word[:-1]
        if _MEASURE_2.match(rest) or (_MEASURE_1.match(rest) and not _SHORT.search(rest)):
            word = rest
    if word.endswith("ll") and _MEASURE_2.match(word[:-1]):
        word = word[:-1]
    return word


def _plural(word: str) -> str:
    if (word.endswith("sses") and word != "sses") or (word.endswith("ies") and word != "ies"):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _MEASURE_1.match(word[:-3]) else word
    rest = word[:-2] if word.endswith("ed") else word[:-3] if word.endswith("ing") else ""
    if not _HAS_VOWEL.search(rest):
        return word
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if _DOUBLE.search(rest) and rest[-1] not in "lsz":
        return rest[:-1]
    if _MEASURE_EXACTLY_1.match(rest) and _SHORT.search(rest):
        return rest + "e"
    return rest


def _replaced(word: str, endings: tuple[str, ...], by: dict[str, str]) -> str:
    ending = _longest(word, endings)
    if ending is not None and _MEASURE_1.match(word[: -len(ending)]):
        return word[: -len(ending)] + by[ending]
    return word
