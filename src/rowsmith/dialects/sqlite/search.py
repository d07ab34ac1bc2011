"""Search as SQLite does it: with FTS5, triggers that keep it current, and the table of its words for ranking.

FTS5 counts documents by whole numbers; where the keys of rows are none, a table beside it has a number for each.

A document whose texts are columns of the table itself is an external-content table: nothing is stored twice, and
triggers tell it the old texts and the new ones. One with texts of other tables keeps a copy of them, which makes it
safe to take out and put back the same row any number of times, whatever led to it.

source:  https://www.sqlite.org/fts5.html
"""

from __future__ import annotations

from collections.abc import Iterable
from json import dumps

from rowsmith.dialects.definitions import DefinitionRenderer
from rowsmith.dialects.renderer import Renderer
from rowsmith.dialects.searching import affected_rows, text_of, watched_columns
from rowsmith.sql.search import ALIKE, DECIMALS, SIMILARITY, WEIGHTS, CreateDocuments, Fits, Phrase, Rank, Search, Word

_TOKENIZERS = {"english": "porter unicode61 remove_diacritics 2", "simple": "unicode61 remove_diacritics 2"}
_LAST = "\U0010ffff"
_NOTHING = '""'
"""What MATCH never finds."""

# What is asked for ---------------------------------------------------------------------------------------------------


def match_text(search: Search) -> str:
    """A search in the language of MATCH. Every word is letters and digits between quotes."""
    if not search.required:
        return _NOTHING
    text = " AND ".join(f"({_any_of(group)})" for group in search.required)
    return f"({text}) NOT ({_any_of(search.excluded)})" if search.excluded else text


def _any_of(phrases: Iterable[Phrase]) -> str:
    return " OR ".join(map(_phrase, phrases)) or _NOTHING


def _phrase(phrase: Phrase) -> str:
    words = " ".join(word.text for word in phrase.words)
    return f'"{words}" *' if phrase.words[-1].prefix else f'"{words}"'


def forms_text(search: Search) -> str:
    """The words that count for the rank, as JSON: the first and the last form of each, and whether others will do."""
    return dumps([[*_forms(word), word.fuzzy] for word in search.wanted])


def _forms(word: Word) -> tuple[str, str]:
    """The first and the last form that a word may have."""
    return word.form, word.form + _LAST if word.prefix else word.form


def groups_text(search: Search) -> str:
    """The groups of a search, one of which each document must have, as JSON: what MATCH finds, and words for which
    others will do."""
    groups = []
    for group in search.required:
        fuzzy = [_forms(phrase.words[0]) for phrase in group if phrase.words[0].fuzzy]
        exact = [phrase for phrase in group if not phrase.words[0].fuzzy]
        groups.append({"exact": _any_of(exact), "fuzzy": fuzzy})
    return dumps(groups)


def excluded_text(search: Search) -> str:
    return _any_of(search.excluded)


class SqliteSearch(Renderer):
    """Whether a row fits a search, and how well."""

    def fits(self, node: Fits) -> str:
        found = self._found(node)
        if not node.documents.numbered:
            found = f"SELECT key FROM {self.quote(node.documents.name + '_rows')} WHERE number IN ({found})"
        return f"{self.render(node.key)} IN ({found})"

    def _found(self, node: Fits | Rank) -> str:
        """What selects the documents that fit, by their numbers."""
        name = self.quote(node.documents.name)
        if not node.fuzzy:
            return f"SELECT rowid FROM {name} WHERE {name} MATCH {self.searched(node.search, match_text)}"
        places = self.quote(f"{node.documents.name}_places")
        groups = self.searched(node.search, groups_text)
        number = self.searched(node.search, lambda search: len(search.required))
        excluded = self.searched(node.search, excluded_text)
        return (
            f"WITH groups AS MATERIALIZED (SELECT key AS number, value FROM json_each({groups})), "
            "wanted(number, low, high) AS MATERIALIZED (SELECT groups.number, json_extract(w.value, '$[0]'), "
            "json_extract(w.value, '$[1]') FROM groups CROSS JOIN json_each(groups.value, '$.fuzzy') AS w), "
            f"near AS MATERIALIZED (SELECT number, low, high FROM wanted UNION {self._near(node, 'number, ')}) "
            "SELECT doc FROM ("
            f"SELECT near.number, p.doc FROM near CROSS JOIN {places} AS p "
            "WHERE p.term >= near.low AND p.term <= near.high "
            f"UNION SELECT groups.number, {name}.rowid FROM groups CROSS JOIN {name} "
            f"WHERE {name} MATCH json_extract(groups.value, '$.exact')"
            f") GROUP BY doc HAVING COUNT(*) = {number} "
            f"AND doc NOT IN (SELECT rowid FROM {name} WHERE {name} MATCH {excluded})"
        )

    def _near(self, node: Fits | Rank, kept: str) -> str:
        """What selects the words of documents that are most like those `wanted` which no document has."""
        words = self.quote(f"{node.documents.name}_words")
        like = "ROWSMITH_SIMILARITY(v.term, w.low)"
        known = f"SELECT 1 FROM {words} AS x WHERE x.term >= wanted.low AND x.term <= wanted.high"
        return (
            f"SELECT {kept}term, term FROM (SELECT w.*, v.term, ROW_NUMBER() OVER "
            f"(PARTITION BY {kept}w.low ORDER BY {like} DESC, v.term) AS place FROM "
            f"(SELECT DISTINCT * FROM wanted WHERE NOT EXISTS ({known})) AS w "
            f"CROSS JOIN {words} AS v WHERE {like} >= {SIMILARITY}) WHERE place <= {ALIKE}"
        )

    def rank(self, node: Rank) -> str:
        documents = node.documents
        places, sizes = self.quote(f"{documents.name}_places"), self.quote(f"{documents.name}_docsize")
        counts = ", ".join(
            f"{WEIGHTS[part.weight]}, SUM(p.col = '{_inner(column)}')"
            for column, part in zip(_columns(documents), documents.parts, strict=True)
        )
        asked = (
            "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') "
            f"FROM json_each({self.searched(node.search, forms_text)})"
        )
        forms = f"forms(low, high) AS MATERIALIZED ({asked})"
        if node.fuzzy:
            wanted = (
                "SELECT json_extract(value, '$[0]') AS low, json_extract(value, '$[1]') AS high "
                f"FROM json_each({self.searched(node.search, forms_text)}) WHERE json_extract(value, '$[2]')"
            )
            near = self._near(node, "")
            forms = f"wanted AS MATERIALIZED ({wanted}), forms(low, high) AS MATERIALIZED ({asked} UNION {near})"
        # Where others will do, to find them twice costs more than it saves.
        found = "" if node.fuzzy else f"AND p.doc IN ({self._found(node)})"
        scores = (
            "SELECT doc, SUM(score) AS score FROM ("
            f"SELECT p.doc, ROWSMITH_WORD_RANK({counts}) AS score "
            f"FROM forms CROSS JOIN {places} AS p WHERE p.term >= forms.low AND p.term <= forms.high "
            f"{found} GROUP BY p.doc, p.term) GROUP BY doc"
        )
        number, numbered = "k.value", f"json_each(json_array({self.render(node.key)})) AS k"
        if not documents.numbered:
            number = "m.number"
            numbered += f" CROSS JOIN {self.quote(documents.name + '_rows')} AS m ON m.key = k.value"
        # The detour of the key makes it worthwhile to SQLite to give the scores an index, which it makes once.
        return (
            f"COALESCE((WITH {forms}, scores AS MATERIALIZED ({scores}) "
            "SELECT ROUND(scores.score / ROWSMITH_LOG_LENGTH(s.sz) / (SELECT COUNT(*) FROM forms), "
            f"{DECIMALS}) FROM {numbered} CROSS JOIN scores CROSS JOIN {sizes} AS s "
            f"WHERE scores.doc = {number} AND s.id = {number}), 0.0)"
        )


# Definitions ---------------------------------------------------------------------------------------------------------


class SqliteDocumentTables(DefinitionRenderer):
    """The tables and triggers of documents."""

    def create_documents(self, node: CreateDocuments) -> list[str]:
        name, columns = self.quote(node.name), ", ".join(map(self.quote, _columns(node)))
        tokenizer = _TOKENIZERS[node.language]
        content = ""
        if _is_external(node):
            content = f", content='{_inner(node.table)}', content_rowid='{_inner(node.key)}'"
        vocabulary = f"fts5vocab('{_inner(node.name)}'"
        return [
            # Those of a table that was dropped by other means are still there.
            *self.drop_documents(node),
            f"CREATE VIRTUAL TABLE {name} USING fts5({columns}{content}, tokenize='{tokenizer}')",
            f"CREATE VIRTUAL TABLE {self.quote(node.name + '_places')} USING {vocabulary}, 'instance')",
            *self._numbers(node),
            *([f"CREATE VIRTUAL TABLE {self.quote(node.name + '_words')} USING {vocabulary}, 'row')"] * node.fuzzy),
            *(self._following(node, columns) if _is_external(node) else self._refreshing(node, columns)),
            *self.rebuild_documents(node),
        ]

    def rebuild_documents(self, node: CreateDocuments) -> list[str]:
        name = self.quote(node.name)
        if _is_external(node):
            return [f"INSERT INTO {name} ({name}) VALUES ('rebuild')"]
        columns = ", ".join(map(self.quote, _columns(node)))
        numbered = self._numbering(node, f"SELECT {self.quote(node.key)} FROM {self.quote(node.table)}")
        forgotten = [] if node.numbered else [f"DELETE FROM {self.quote(node.name + '_rows')}"]
        filled = f"INSERT INTO {name} (rowid, {columns}) {self._source(node)}"
        return [f"DELETE FROM {name}", *forgotten, *numbered, filled]

    def drop_documents(self, node: CreateDocuments) -> list[str]:
        triggers = [f"{node.name}_{number}" for number in range(3 * len(watched_columns(node)))]
        return [
            *(f"DROP TRIGGER IF EXISTS {self.quote(trigger)}" for trigger in triggers),
            *(f"DROP TABLE IF EXISTS {self.quote(node.name + end)}" for end in ("_words", "_places", "_rows", "")),
        ]

    def _numbers(self, node: CreateDocuments) -> list[str]:
        """The table of numbers for keys that are none."""
        rows = self.quote(f"{node.name}_rows")
        return [] if node.numbered else [f"CREATE TABLE {rows} (number INTEGER PRIMARY KEY, key NOT NULL UNIQUE)"]

    def _numbering(self, node: CreateDocuments, keys: str) -> list[str]:
        """What gives numbers to keys that have none."""
        rows = self.quote(f"{node.name}_rows")
        # OR IGNORE would mean in a trigger what the statement says that fired it.
        known = f"SELECT key FROM {rows}"
        return [] if node.numbered else [f"INSERT INTO {rows} (key) SELECT * FROM ({keys}) EXCEPT {known}"]

    def _number(self, node: CreateDocuments, keys: str) -> str:
        """The numbers of keys."""
        rows = self.quote(f"{node.name}_rows")
        return keys if node.numbered else f"SELECT number FROM {rows} WHERE key IN ({keys})"

    def _source(self, node: CreateDocuments) -> str:
        """What selects the key and the texts of all rows."""
        texts = (text_of(self.quote, part, "r", _joined) for part in node.parts)
        key = f"r.{self.quote(node.key)}"
        if not node.numbered:
            key = f"(SELECT number FROM {self.quote(node.name + '_rows')} WHERE key = {key})"
        return f"SELECT {', '.join((key, *texts))} FROM {self.quote(node.table)} r"

    def _following(self, node: CreateDocuments, columns: str) -> list[str]:
        """Triggers that tell what a row of the table was and what it is."""
        name, table = self.quote(node.name), self.quote(node.table)
        own = [self.quote(part.column) for part in node.parts]
        told = (self.quote(node.key), *own)
        before, after = (", ".join(f"{row}.{column}" for column in told) for row in ("OLD", "NEW"))
        forget = f"INSERT INTO {name} ({name}, rowid, {columns}) VALUES ('delete', {before});"
        learn = f"INSERT INTO {name} (rowid, {columns}) VALUES ({after});"
        events = (("INSERT", "", learn), ("DELETE", "", forget), ("UPDATE", self._changed(told), f"{forget} {learn}"))
        return [
            f"CREATE TRIGGER {self.quote(f'{node.name}_{number}')} AFTER {event} ON {table} {when}BEGIN {body} END"
            for number, (event, when, body) in enumerate(events)
        ]

    def _changed(self, quoted: Iterable[str]) -> str:
        """When a column has got another value; whoever saves a row sets all of them."""
        return f"WHEN {' OR '.join(f'OLD.{column} IS NOT NEW.{column}' for column in dict.fromkeys(quoted))} "

    def _refreshing(self, node: CreateDocuments, columns: str) -> list[str]:
        """Triggers on every table that a text comes from, which make the documents anew that it is part of."""
        name, key = self.quote(node.name), self.quote(node.key)
        made: list[str] = []
        for table, watched in watched_columns(node).items():
            changed = self._changed(map(self.quote, watched))
            for event, when, rows in (
                ("INSERT", "", ("NEW",)), ("DELETE", "", ("OLD",)), ("UPDATE", changed, ("OLD", "NEW")),
            ):  # fmt: skip
                keys = " UNION ".join(text for row in rows for text in affected_rows(self.quote, node, table, row))
                body = " ".join(
                    f"{statement};"
                    for statement in (
                        *self._numbering(node, keys),
                        f"DELETE FROM {name} WHERE rowid IN ({self._number(node, keys)})",
                        f"INSERT INTO {name} (rowid, {columns}) {self._source(node)} WHERE r.{key} IN ({keys})",
                    )
                )
                trigger = self.quote(f"{node.name}_{len(made)}")
                made.append(f"CREATE TRIGGER {trigger} AFTER {event} ON {self.quote(table)} {when}BEGIN {body} END")
        return made


def _columns(node: CreateDocuments) -> list[str]:
    """What FTS5 calls the texts."""
    if _is_external(node):
        return [part.column for part in node.parts]
    return [f"c{number}" for number, _ in enumerate(node.parts)]


def _is_external(node: CreateDocuments) -> bool:
    """Whether FTS5 can read the texts in the table itself: columns of its own, whose names mean nothing to FTS5."""
    taken = {"rank", "rowid", node.name.lower()}
    return node.numbered and not any(part.steps or part.column.lower() in taken for part in node.parts)


def _inner(name: str) -> str:
    """A name between the quotes of an option."""
    return name.replace("'", "''")


def _joined(text: str, rows: str, order: str) -> str:
    # The rows are put in order before they are joined: FTS5 counts places, and so do ranks.
    return f"(SELECT group_concat(t, ' ') FROM (SELECT {text} AS t FROM {rows} ORDER BY {order}))"
