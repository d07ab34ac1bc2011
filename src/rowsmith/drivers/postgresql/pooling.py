"""What cannot work where a pooler hands connections of the server out for a transaction each, such as PgBouncer."""

from __future__ import annotations

import re

from rowsmith.exceptions import NotSupportedError

_START = r"^(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_TRACKED = "client_encoding|datestyle|timezone|standard_conforming_strings|application_name"

_REFUSED: tuple[tuple[str, str, str], ...] = (
    (
        rf"{_START}SET\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b|(?:SESSION\s+)?(?:{_TRACKED})\b|TIME\s+ZONE\b)",
        "SET changes a connection that others use next",
        "SET LOCAL inside of an atomic block",
    ),
    (
        r"\bset_config\s*\([^()]*,\s*(?:false|'f(?:alse)?'|0)\s*\)",
        "set_config(..., false) changes a connection that others use next",
        "set_config(..., true) inside of an atomic block",
    ),
    (
        r"\bpg_(?:try_)?advisory_(?:lock|unlock)(?:_shared|_all)?\s*\(",
        "an advisory lock of a session would stay with a connection that others use next",
        "pg_advisory_xact_lock() inside of an atomic block",
    ),
    (
        rf"{_START}(?:UN)?LISTEN\b",
        "LISTEN hears only while it keeps one connection",
        "a database of the configuration that goes to the server itself",
    ),
    (
        rf"{_START}(?:PREPARE(?!\s+TRANSACTION\b)|EXECUTE|DEALLOCATE)\b",
        "a prepared statement is there on one connection of the server only",
        "the statement itself",
    ),
    (
        r"\bWITH\s+HOLD\b",
        "a cursor that outlives its transaction stays with one connection of the server",
        "a cursor inside of an atomic block, or iterator()",
    ),
    (
        rf"{_START}CREATE\s+(?:(?:GLOBAL|LOCAL)\s+)?TEMP(?:ORARY)?\s+(?!.*\bON\s+COMMIT\s+DROP\b)",
        "a temporary table stays with one connection of the server",
        "CREATE TEMPORARY TABLE ... ON COMMIT DROP inside of an atomic block",
    ),
    (rf"{_START}LOAD\b", "LOAD acts on one connection of the server", "shared_preload_libraries on the server"),
)
_PATTERNS = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), why, instead) for pattern, why, instead in _REFUSED]


def check_pooled(sql: str) -> None:
    """Raise NotSupportedError for a statement that needs a session of its own."""
    for pattern, why, instead in _PATTERNS:
        if pattern.search(sql):
            raise NotSupportedError(
                f"With pooling='transaction' this cannot work: {why}. Write {instead}. The statement was: {sql[:200]}"
            )
