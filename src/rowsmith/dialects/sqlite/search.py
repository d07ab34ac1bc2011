"""Search as SQLite does it: with FTS5, triggers that keep it current, and the table of its words for ranking.

A document whose texts are columns of the table itself is an external-content table: nothing is stored twice, and
triggers tell it the old texts and the new ones. One with texts of other tables keeps a copy of them, which makes it
safe to take out and put back the same row any number of times, whatever led to it.

source:  https://www.sqlite.org/fts5.html
"""

from __future__ import annotations

from json import dumps

from rowsmith.dialects.definitions import DefinitionRenderer
from rowsmith.dialects.renderer import Renderer
from rowsmith.dialects.searching import affected_rows, text_of, watched_columns
from rowsmith.sql.search import DECIMALS, WEIGHTS, CreateDocuments, Fits, Phrase, Rank, Search

_TOKENIZERS = {"english": "porter unicode61 remove_diacritics 2", "simple": "unicode61 remove_diacritics 2"}
_LAST = "\U0010ffff"

# What is asked for ---------------------------------------------------------------------------------------------------


def match_text(search: Search) -> str:
    """A search in the language of MATCH. Every word is letters and digits between quotes."""
    if not search.required:
        return ""
    groups = [" OR ".join(map(_phrase, group)) for group in search.required]
    text = " AND ".join(f"({group})" for group in groups)
    if search.excluded:
        text = f"({text}) NOT ({' OR '.join(map(_phrase, search.excluded))})"
    return text


def _phrase(phrase: Phrase) -> str:
    words = " ".join(word.text for word in phrase.words)
    return f'"{words}" *' if phrase.words[-1].prefix else f'"{words}"'


def forms_text(search: Search) -> str:
    """The words that count for the rank: the first and the last form of each, as JSON."""
    return dumps([[word.form, word.form + _LAST if word.prefix else word.form] for word in search.wanted])


class SqliteSearch(Renderer):
    """Whether a row fits a search, and how well."""

    def fits(self, node: Fits) -> str:
        name = self.quote(node.documents.name)
        search = self.searched(node.search, match_text)
        return f"{self.render(node.key)} IN (SELECT rowid FROM {name} WHERE {name} MATCH {search})"

    def rank(self, node: Rank) -> str:
        documents = node.documents
        name = self.quote(documents.name)
        places, sizes = self.quote(f"{documents.name}_places"), self.quote(f"{documents.name}_docsize")
        columns = zip(_columns(documents), documents.parts, strict=True)
        weights = " ".join(f"WHEN '{_inner(column)}' THEN {WEIGHTS[part.weight]}" for column, part in columns)
        order = " ".join(f"WHEN '{_inner(column)}' THEN {number}" for number, column in enumerate(_columns(documents)))
        forms = self.searched(node.search, forms_text)
        found = f"SELECT rowid FROM {name} WHERE {name} MATCH {self.searched(node.search, match_text)}"
        # Each word counts as in ts_rank(): the place of largest weight for itself, the others by their number.
        scores = (
            "SELECT doc, SUM(score) AS score FROM ("
            "SELECT doc, MAX(weight) + SUM(weight / (n * n)) "
            "- MAX(CASE WHEN weight = heaviest THEN weight / (n * n) END) AS score "
            "FROM (SELECT *, MAX(weight) OVER (PARTITION BY doc, term) AS heaviest FROM ("
            f"SELECT p.doc, p.term, CASE p.col {weights} END AS weight, "
            f"ROW_NUMBER() OVER (PARTITION BY p.doc, p.term ORDER BY CASE p.col {order} END, p.offset) AS n "
            f"FROM json_each({forms}) AS f CROSS JOIN {places} AS p "
            "WHERE p.term >= json_extract(f.value, '$[0]') AND p.term <= json_extract(f.value, '$[1]') "
            f"AND p.doc IN ({found})"
            ")) GROUP BY doc, term) GROUP BY doc"
        )
        key = self.render(node.key)
        count = self.searched(node.search, lambda search: len(search.wanted))
        # The detour of the key makes it worthwhile to SQLite to give the scores an index, which it makes once.
        return (
            f"COALESCE((WITH scores AS MATERIALIZED ({scores}) "
            f"SELECT ROUND(scores.score / 1.64493406685 / ROWSMITH_LOG_LENGTH(s.sz) / MAX({count}, 1), {DECIMALS}) "
            f"FROM json_each(json_array({key})) AS k CROSS JOIN scores CROSS JOIN {sizes} AS s "
            "WHERE scores.doc = k.value AND s.id = k.value), 0.0)"
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
            f"CREATE VIRTUAL TABLE {self.quote(node.name + '_words')} USING {vocabulary}, 'row')",
            *(self._following(node, columns) if _is_external(node) else self._refreshing(node, columns)),
            *self.rebuild_documents(node),
        ]

    def rebuild_documents(self, node: CreateDocuments) -> list[str]:
        name = self.quote(node.name)
        if _is_external(node):
            return [f"INSERT INTO {name} ({name}) VALUES ('rebuild')"]
        columns = ", ".join(map(self.quote, _columns(node)))
        return [f"DELETE FROM {name}", f"INSERT INTO {name} (rowid, {columns}) {self._source(node)}"]

    def drop_documents(self, node: CreateDocuments) -> list[str]:
        triggers = [f"{node.name}_{number}" for number in range(3 * len(watched_columns(node)))]
        return [
            *(f"DROP TRIGGER IF EXISTS {self.quote(trigger)}" for trigger in triggers),
            *(f"DROP TABLE IF EXISTS {self.quote(node.name + end)}" for end in ("_words", "_places", "")),
        ]

    def _source(self, node: CreateDocuments) -> str:
        """What selects the key and the texts of all rows."""
        texts = (text_of(self.quote, part, "r", _joined) for part in node.parts)
        return f"SELECT {', '.join((f'r.{self.quote(node.key)}', *texts))} FROM {self.quote(node.table)} r"

    def _following(self, node: CreateDocuments, columns: str) -> list[str]:
        """Triggers that tell what a row of the table was and what it is."""
        name, table = self.quote(node.name), self.quote(node.table)
        own = [self.quote(part.column) for part in node.parts]
        told = (self.quote(node.key), *own)
        before, after = (", ".join(f"{row}.{column}" for column in told) for row in ("OLD", "NEW"))
        forget = f"INSERT INTO {name} ({name}, rowid, {columns}) VALUES ('delete', {before});"
        learn = f"INSERT INTO {name} (rowid, {columns}) VALUES ({after});"
        changing = ", ".join(dict.fromkeys(told))
        events = (("INSERT", learn), ("DELETE", forget), (f"UPDATE OF {changing}", f"{forget} {learn}"))
        return [
            f"CREATE TRIGGER {self.quote(f'{node.name}_{number}')} AFTER {event} ON {table} BEGIN {body} END"
            for number, (event, body) in enumerate(events)
        ]

    def _refreshing(self, node: CreateDocuments, columns: str) -> list[str]:
        """Triggers on every table that a text comes from, which make the documents anew that it is part of."""
        name, key = self.quote(node.name), self.quote(node.key)
        made: list[str] = []
        for table, watched in watched_columns(node).items():
            changing = ", ".join(map(self.quote, watched))
            for event, rows in (
                ("INSERT", ("NEW",)), ("DELETE", ("OLD",)), (f"UPDATE OF {changing}", ("OLD", "NEW")),
            ):  # fmt: skip
                keys = " UNION ".join(text for row in rows for text in affected_rows(self.quote, node, table, row))
                body = (
                    f"DELETE FROM {name} WHERE rowid IN ({keys}); "
                    f"INSERT INTO {name} (rowid, {columns}) {self._source(node)} WHERE r.{key} IN ({keys});"
                )
                trigger = self.quote(f"{node.name}_{len(made)}")
                made.append(f"CREATE TRIGGER {trigger} AFTER {event} ON {self.quote(table)} BEGIN {body} END")
        return made


def _columns(node: CreateDocuments) -> list[str]:
    """What FTS5 calls the texts."""
    if _is_external(node):
        return [part.column for part in node.parts]
    return [f"c{number}" for number, _ in enumerate(node.parts)]


def _is_external(node: CreateDocuments) -> bool:
    """Whether FTS5 can read the texts in the table itself: columns of its own, whose names mean nothing to FTS5."""
    taken = {"rank", "rowid", node.name.lower()}
    return not any(part.steps or part.column.lower() in taken for part in node.parts)


def _inner(name: str) -> str:
    """A name between the quotes of an option."""
    return name.replace("'", "''")


def _joined(text: str, rows: str, order: str) -> str:
    # The rows are put in order before they are joined: FTS5 counts places, and so do ranks.
    return f"(SELECT group_concat(t, ' ') FROM (SELECT {text} AS t FROM {rows} ORDER BY {order}))"
