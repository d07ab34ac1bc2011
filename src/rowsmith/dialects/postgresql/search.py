"""Search as PostgreSQL does it: a column of type tsvector, with an index, in the table itself.

Where all texts are columns of the table, it is a generated one; else triggers fill it, those on the other tables by
having it computed anew. Words are cut, folded and stemmed as SQLite does: by a configuration of ours over the stemmer
"porter", behind a function that leaves nothing but letters and digits.

source:  https://www.postgresql.org/docs/current/textsearch.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from json import dumps

from rowsmith.dialects.definitions import DefinitionRenderer
from rowsmith.dialects.renderer import Renderer
from rowsmith.dialects.searching import affected_rows, chain, text_of, watched_columns, ways_on
from rowsmith.records import replace
from rowsmith.sql import expressions as e
from rowsmith.sql.search import (
    ALIKE,
    DECIMALS,
    LANGUAGES,
    SIMILARITY,
    WEIGHTS,
    CreateDocuments,
    DocumentStep,
    Fits,
    Phrase,
    Rank,
    Search,
    Word,
)

# Where the stemmer "porter" lacks what Porter changed later, and SQLite has: such words are given to it in another
# form that ends up right. {b} and {e} stand for the beginning and the end of a word.
_EASED = (
    ("{b}([a-z]*[aeiouy][b-df-hj-np-tv-xz][a-z]*bl)(?:y|ies){e}", r"\1e"),
    ("{b}([a-z]*[aeiouy][b-df-hj-np-tv-xz][a-z]*log)(?:y|ies){e}", r"\1"),
    ("{b}([a-z]*[aeiouy][a-z]*k)k(?:ed|ing){e}", r"\1"),
    ("{b}([aeiou])s{e}", r"\1se"),
    ("{b}([a-z])s{e}", r"\1s0"),
)
_EASED_HERE = [(re.compile(pattern.format(b=r"\b", e=r"\b")), by) for pattern, by in _EASED]

Encoder = Callable[[Search], str]
Encoders = Mapping[str, Encoder]

_MAX_CHARACTERS = 262144
"""How much of one text is searched: a tsvector holds a megabyte at most."""

# What is asked for ---------------------------------------------------------------------------------------------------


def _eased(word: Word, language: str) -> str:
    text = word.text
    if language == "english" and not word.prefix:
        for pattern, by in _EASED_HERE:
            text = pattern.sub(by, text)
    return text


def _operand(word: Word, language: str) -> str:
    return f"'{_eased(word, language)}'{':*' if word.prefix else ''}"


def _phrase(phrase: Phrase, language: str) -> str:
    return "(" + " <-> ".join(_operand(word, language) for word in phrase.words) + ")"


def query_text(language: str) -> Encoder:
    """What turns a search into the language of to_tsquery(). Every word is letters and digits between quotes."""

    def encode(search: Search) -> str:
        if not search.required:
            return ""
        groups = ["(" + " | ".join(_phrase(phrase, language) for phrase in group) + ")" for group in search.required]
        return " & ".join([*groups, *("!" + _phrase(phrase, language) for phrase in search.excluded)])

    return encode


def words_text(language: str) -> Encoder:
    """What turns a search into a list of the words that count for the rank."""
    return lambda search: " | ".join(_operand(word, language) for word in search.wanted)


def fuzzy_query_text(language: str) -> Encoder:
    """The same as JSON, with words for which others will do: groups of phrases, each with its form then."""

    def encode(search: Search) -> str:
        def told(phrase: Phrase) -> list[str | None]:
            word = phrase.words[0]
            return [_phrase(phrase, language), word.form if word.fuzzy else None]

        groups = [["", [told(phrase) for phrase in group]] for group in search.required]
        return dumps([*groups, *(["!", [told(phrase)]] for phrase in search.excluded)])

    return encode


def fuzzy_words_text(language: str) -> Encoder:
    def encode(search: Search) -> str:
        return dumps([["", [[_operand(word, language), word.form if word.fuzzy else None] for word in search.wanted]]])

    return encode


class PostgresqlSearch(Renderer):
    """Whether a row fits a search, and how well."""

    def _query(self, node: Fits | Rank, exact: Encoders, fuzzy: Encoders) -> str:
        language = node.documents.language
        called = configuration(language)
        if not node.fuzzy:
            return f"to_tsquery('{called}', {self.searched(node.search, exact[language])}::text)"
        table, name = self.quote(node.documents.table), self.quote(node.documents.name)
        asked = f"to_tsquery('{called}', phrase->>0)"
        like = "similarity(word, phrase->>1)"
        all_words = f"ts_stat({self.string(f'SELECT {name} FROM {table}')})"
        near = (
            f"SELECT string_agg(quote_literal(word), ' | ') FROM (SELECT word FROM {all_words} "
            f"WHERE {like} >= {SIMILARITY}::real ORDER BY {like} DESC, word COLLATE \"C\" LIMIT {ALIKE}) AS alike"
        )
        lacking = f"phrase->>1 IS NOT NULL AND NOT EXISTS (SELECT FROM {table} AS d WHERE d.{name} @@ {asked})"
        alternatives = f"concat_ws(' | ', nullif({asked}::text, ''), CASE WHEN {lacking} THEN ({near}) END)"
        return (
            "(SELECT coalesce(string_agg(text, ' & '), '') FROM (SELECT "
            f"(part->>0) || '(' || string_agg(nullif({alternatives}, ''), ' | ') || ')' AS text "
            f"FROM jsonb_array_elements({self.searched(node.search, fuzzy[language])}::jsonb) "
            "WITH ORDINALITY AS p(part, n) "
            "CROSS JOIN jsonb_array_elements(part->1) AS phrase GROUP BY n, part ORDER BY n) AS parts)::tsquery"
        )

    def _document(self, node: Fits | Rank) -> str:
        assert isinstance(node.key, e.Column)
        return self.render(replace(node.key, name=node.documents.name))

    def fits(self, node: Fits) -> str:
        return f"{self._document(node)} @@ {self._query(node, _QUERY, _FUZZY_QUERY)}"

    def rank(self, node: Rank) -> str:
        weights = ",".join(str(WEIGHTS[letter]) for letter in "DCBA")
        query = self._query(node, _WORDS, _FUZZY_WORDS)
        rank = f"ts_rank('{{{weights}}}', {self._document(node)}, {query}, 1)"
        # Without the last digits, which depend on the order of adding up.
        return f"(ROUND({rank}::float8 * {10**DECIMALS}) / {10**DECIMALS})"


# The same object each time, so that equal values are bound once.
_QUERY, _WORDS, _FUZZY_QUERY, _FUZZY_WORDS = (
    {language: make(language) for language in LANGUAGES}
    for make in (query_text, words_text, fuzzy_query_text, fuzzy_words_text)
)

# Definitions ---------------------------------------------------------------------------------------------------------


_GAP = " || $$'-':1$$::tsvector || "


def configuration(language: str) -> str:
    return f"rowsmith_{language}"


class PostgresqlDocumentColumns(DefinitionRenderer):
    """The columns, functions and triggers of documents."""

    def create_documents(self, node: CreateDocuments) -> list[str]:
        table, name = self.quote(node.table), self.quote(node.name)
        index = f"CREATE INDEX {self.quote(node.name + '_gin')} ON {table} USING gin ({name})"
        if not any(part.steps for part in node.parts):
            vector = self._vector(node, "")
            column = f"ALTER TABLE {table} ADD COLUMN {name} tsvector GENERATED ALWAYS AS ({vector}) STORED"
            return [*self.drop_documents(node), *self._prepare(node), column, index]
        column = f"ALTER TABLE {table} ADD COLUMN {name} tsvector"
        # An index is not made while something is left to be checked of changed rows.
        checked = ["SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"]
        filled = [*self._triggers(node), *self.rebuild_documents(node), *checked]
        return [*self.drop_documents(node), *self._prepare(node), column, *filled, index]

    def rebuild_documents(self, node: CreateDocuments) -> list[str]:
        table, name = self.quote(node.table), self.quote(node.name)
        if any(part.steps for part in node.parts):
            return [f"UPDATE {table} SET {name} = NULL"]
        # A generated column is right as long as the functions are that it is made with.
        return [f"UPDATE {table} SET {self.quote(node.parts[0].column)} = {self.quote(node.parts[0].column)}"]

    def drop_documents(self, node: CreateDocuments) -> list[str]:
        functions = [f"{node.name}_{number}" for number, _ in enumerate(watched_columns(node))]
        functions.append(f"{node.name}_fill")
        return [
            # With the functions go their triggers, on whatever tables.
            *(f"DROP FUNCTION IF EXISTS {self.quote(function)}() CASCADE" for function in functions),
            f"ALTER TABLE IF EXISTS {self.quote(node.table)} DROP COLUMN IF EXISTS {self.quote(node.name)}",
        ]

    def _vector(self, node: CreateDocuments, row: str) -> str:
        """The document of a row."""
        called = configuration(node.language)
        vectors = []
        # In the order of the parts, as places are counted.
        for part in node.parts:
            text = text_of(self.quote, part, row, _joined) if row else self.quote(part.column)
            words = f"to_tsvector('{called}', {called}_words(coalesce(({text})::text, '')))"
            vectors.append(f"setweight({words}, '{part.weight}')")
        if len(vectors) == 1:
            return vectors[0]
        # What is no word keeps a place free between two texts: no phrase begins in one and ends in the other.
        return f"ts_delete({_GAP.join(vectors)}, '-')"

    def _triggers(self, node: CreateDocuments) -> list[str]:
        """Triggers that compute the document of a row, and those on other tables that have it computed anew.

        Which columns count is said in the functions: what triggers name, the server does not let be changed.
        """
        table, name = self.quote(node.table), self.quote(node.name)
        fill = self.quote(f"{node.name}_fill")
        watched = watched_columns(node)
        same = self._unchanged(watched[node.table])
        made = [
            _function(
                fill,
                f"IF TG_OP = 'UPDATE' AND NEW.{name} IS NOT NULL THEN IF {same} THEN RETURN NEW; END IF; END IF; "
                f"{self._held(ways_on(node, node.table, own=True))}"
                f"NEW.{name} := {self._vector(node, 'NEW')}; RETURN NEW;",
            ),
            f"CREATE TRIGGER {fill} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {fill}()",
        ]
        for number, (other, columns) in enumerate(watched.items()):
            changed = self.quote(f"{node.name}_{number}")
            before, after = (affected_rows(self.quote, node, other, row, own=False) for row in ("OLD", "NEW"))
            if not before:
                continue

            def refresh(keys: list[str], condition: str) -> str:
                listed = " UNION ".join(keys)
                return (
                    f"IF {condition} THEN UPDATE {table} SET {name} = NULL WHERE {self.quote(node.key)} IN ({listed}); "
                    "END IF; "
                )

            unless = f"IF TG_OP = 'UPDATE' THEN IF {self._unchanged(columns)} THEN RETURN NULL; END IF; END IF; "
            emptied = f"IF TG_OP = 'TRUNCATE' THEN UPDATE {table} SET {name} = NULL; RETURN NULL; END IF; "
            held = self._held(ways_on(node, other, own=False))
            body = refresh(before, "TG_OP <> 'INSERT'") + held + refresh(after, "TG_OP <> 'DELETE'")
            made.append(_function(changed, f"{emptied}{unless}{body}RETURN NULL;"))
            made.append(
                f"CREATE TRIGGER {changed} AFTER INSERT OR DELETE OR UPDATE ON {self.quote(other)} "
                f"FOR EACH ROW EXECUTE FUNCTION {changed}()"
            )
            if other != node.table:
                emptied_trigger = self.quote(f"{node.name}_{number}_emptied")
                made.append(
                    f"CREATE TRIGGER {emptied_trigger} AFTER TRUNCATE ON {self.quote(other)} "
                    f"FOR EACH STATEMENT EXECUTE FUNCTION {changed}()"
                )
        return made

    def _held(self, ways: Mapping[tuple[DocumentStep, ...], tuple[str, ...]]) -> str:
        """Hold the rows that a row begins to refer to: who changes them now is waited for, and who will, sees the row.

        Without it, of two transactions at once neither would see what the other does. A row that goes on referring to
        the same ones needs no more than its own lock: who changes them has it computed anew.
        """
        text = ""
        for steps, columns in ways.items():
            held = f"PERFORM 1 FROM {chain(self.quote, steps, 'NEW')} FOR SHARE; "
            text += (
                f"IF TG_OP = 'INSERT' THEN {held}ELSIF TG_OP = 'UPDATE' THEN IF NOT ({self._unchanged(columns)}) "
                f"THEN {held}END IF; END IF; "
            )
        return text

    def _unchanged(self, columns: Iterable[str]) -> str:
        before, after = (", ".join(f"{row}.{self.quote(column)}" for column in columns) for row in ("OLD", "NEW"))
        return f"ROW({before}) IS NOT DISTINCT FROM ROW({after})"

    def _prepare(self, node: CreateDocuments) -> list[str]:
        """What documents of a language share: the function that leaves nothing but words, and how these are kept."""
        called = configuration(node.language)
        dictionary = "rowsmith_porter" if node.language == "english" else "pg_catalog.simple"
        eased = "words"
        if node.language == "english":
            for pattern, by in _EASED:
                eased = f"regexp_replace({eased}, '{pattern.format(b=chr(92) + 'm', e=chr(92) + 'M')}', '{by}', 'g')"
        plain = "regexp_replace(lower(given COLLATE {0}), '[^a-z0-9]+', ' ', 'g')"
        wide = (
            "regexp_replace(lower(normalize("
            r"regexp_replace(normalize(given, NFD) COLLATE {0}, '[\u0300-\u036f]', '', 'g'), NFC)), "
            "'[^[:alnum:]]+', ' ', 'g')"
        )
        body = (
            f"SELECT {eased} FROM (SELECT CASE WHEN octet_length(given) = length(given) THEN {plain} ELSE {wide} END "
            f"AS words FROM (SELECT left($1, {_MAX_CHARACTERS}) AS given) AS cut) AS split"
        )
        kinds = (
            "asciiword, word, numword, email, url, host, sfloat, version, hword_numpart, hword_part, hword_asciipart, "
            "numhword, asciihword, hword, url_path, file, float, int, uint"
        )
        porter = (
            "IF NOT EXISTS (SELECT FROM pg_catalog.pg_ts_dict "
            "WHERE dictname = 'rowsmith_porter' AND pg_catalog.pg_ts_dict_is_visible(oid)) THEN "
            "CREATE TEXT SEARCH DICTIONARY rowsmith_porter (TEMPLATE = pg_catalog.snowball, LANGUAGE = 'porter'); "
            "END IF; "
        )
        return [
            *(["CREATE EXTENSION IF NOT EXISTS pg_trgm"] * node.fuzzy),
            "DO $do$ DECLARE rules text; BEGIN "
            # So that two who begin at the same time do not make it twice.
            "PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('rowsmith.search')); "
            f"IF EXISTS (SELECT FROM pg_catalog.pg_ts_config WHERE cfgname = '{called}' "
            "AND pg_catalog.pg_ts_config_is_visible(oid)) THEN RETURN; END IF; "
            f"{porter if node.language == 'english' else ''}"
            f"CREATE TEXT SEARCH CONFIGURATION {called} (PARSER = pg_catalog.default); "
            f"ALTER TEXT SEARCH CONFIGURATION {called} ADD MAPPING FOR {kinds} WITH {dictionary}; "
            # What a letter is, databases without an own locale do not know.
            "SELECT quote_ident(collname) INTO rules FROM pg_catalog.pg_collation "
            "WHERE collname IN ('pg_c_utf8', 'und-x-icu', 'default') AND collnamespace = 'pg_catalog'::regnamespace "
            "ORDER BY array_position(ARRAY['pg_c_utf8', 'und-x-icu', 'default']::name[], collname) LIMIT 1; "
            f"EXECUTE replace($body$CREATE FUNCTION {called}_words(text) RETURNS text "
            f"LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $sql${body}$sql$ $body$, '{{0}}', rules); "
            "END $do$"
        ]


def _function(name: str, body: str) -> str:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT "
        f"AS $body$BEGIN {body} END$body$"
    )


def _joined(text: str, rows: str, order: str) -> str:
    return f"SELECT string_agg({text}, ' ' ORDER BY {order}) FROM {rows}"
