"""Letters without their accents, as PostgreSQL's `unaccent` writes them by its standard rules.

Those rules are a table; here they are told by what Unicode says of a character: the letters that it is composed of, or
the letter that its name names. Both agree on the Latin and Greek letters and on the punctuation of European languages.
"""

from __future__ import annotations

import re
import unicodedata

_NAMED = re.compile(r"LATIN (CAPITAL|SMALL) (?:LETTER|LIGATURE) (?:DOTLESS |LONG )?([A-Z]|AE|OE|OI|HV)(?: WITH .*)?")
_UNTOUCHED = "ǢǣǼǽǾǿƟȠɋẛϓϔ\u0374"
_ALONE: dict[str, str] = {
    "Ð": "D", "ð": "d", "Þ": "TH", "þ": "th", "ß": "ss", "ẞ": "SS", "Ŋ": "N", "ŋ": "n", "ĸ": "q", "ŉ": "'n",
    "Ɖ": "D", "Ɛ": "E", "Ɩ": "I", "Ʉ": "U", "ȸ": "db", "ȹ": "qp", "Ỻ": "LL", "ỻ": "ll", "Ỽ": "V", "ỽ": "v",
    "ẚ": "a", "Ŀ": "L", "ŀ": "l", "¼": " 1/4", "½": " 1/2", "¾": " 3/4", "µ": "μ",
    "‚": ",", "„": ",,", "‹": "<", "›": ">", "«": "<<", "»": ">>", "¡": "!", "¿": "?", "×": "*", "÷": "/", "⁄": "/",
    "±": "+/-", "©": "(C)", "®": "(R)", "…": "...", "‖": "||", "․": ".", "‥": "..", "‼": "!!", "⁅": "[", "⁆": "]",
    "⁇": "??", "⁈": "?!", "⁉": "!?", "⁎": "*",
    **dict.fromkeys("\xad‐‑‒–—―−", "-"),
    **dict.fromkeys("‘’‛′", "'"),
    **dict.fromkeys("“”‟″", '"'),
    **{letter: letter for letter in _UNTOUCHED},
}  # fmt: skip
_MARKS = range(0x300, 0x363)
"""The marks that stand behind a letter."""


class _Letters(dict[int, str]):
    """What stands for each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _plain(chr(code))
        return found


def _plain(character: str) -> str:
    if character in _ALONE:
        return _ALONE[character]
    if ord(character) in _MARKS:
        return ""
    name = unicodedata.name(character, "")
    bare = "".join([part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)])
    if bare != character:
        plain = bare.isalpha() and (bare.isascii() or name.startswith("GREEK") or character in "Ёё")
        return bare if plain else character
    named = _NAMED.fullmatch(name)
    if named is None:
        return character
    return named[2] if named[1] == "CAPITAL" else named[2].lower()


_LETTERS = _Letters()


def unaccent(text: object) -> str | None:
    """The text without accents; NULL in, NULL out."""
    if text is None:
        return None
    text = text if isinstance(text, str) else str(text)
    return text if text.isascii() else text.translate(_LETTERS)
