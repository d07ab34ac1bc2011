"""Reading: a shape is compiled once for each database, then bound and run at every call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Hashable, Iterable
from contextlib import closing
from typing import Any

from rowsmith import bridge, config
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db.connection import Connection
from rowsmith.db.handler import connections
from rowsmith.exceptions import NotSupportedError, TransactionManagementError
from rowsmith.loading.instances import Making, instance_loader
from rowsmith.loading.rows import row_loader
from rowsmith.loading.source import Loader
from rowsmith.metadata.deferred import deferred_class
from rowsmith.query.layout import Instance, Layout
from rowsmith.query.planner import Plan, counting, existing, plan
from rowsmith.query.query import Query
from rowsmith.query.shape import Shape, Values, cache
from rowsmith.signals import post_init, pre_init
from rowsmith.sql.nodes import Node
from rowsmith.sql.statement import Binder, binder

config.on_change.append(cache.clear)


class Compiled:
    """A statement of one shape on one database: its text, what binds values to it, and what loads its rows.

    announced:  loading runs code of the user's, which may ask the database itself.
    """

    __slots__ = ("announced", "bind", "load", "text")

    def __init__(self, text: str, bind: Binder, load: Loader, announced: bool = False) -> None:
        self.announced = announced
        self.text = text
        self.bind = bind
        self.load = load


def _announced(model: Any) -> bool:
    """Whether instances of a model are to be made by `from_db`: somebody overrode or listens to their construction."""
    return bool(model._made_by_hand or pre_init.receivers or post_init.receivers)


def _listeners_changed() -> None:
    # Loaders have the choice between plain and announced construction compiled in.
    connections.outdate()


pre_init.changed.append(_listeners_changed)
post_init.changed.append(_listeners_changed)


def loader(layout: Layout, width: int, connection: Connection, label: str) -> Loader:
    """The function that loads rows of `width` columns."""
    codec_of = connection.dialect.codec
    if layout.instance is None:
        return row_loader(layout, width, codec_of, connection, label)
    alias = connection.alias if connection.alias != DEFAULT_DB_ALIAS else None
    making = Making(alias, deferred_class, _announced, connection.alias)
    return instance_loader(layout, width, codec_of, connection, making, label)


def compile_plan(planned: Plan, connection: Connection, width: int, label: str) -> Compiled:
    """A plan in the spelling of one database. `width` is the number of the query's values."""
    statement = connection.dialect.render(planned.tree)
    load = loader(planned.layout, len(planned.tree.outputs), connection, label)
    instance = planned.layout.instance
    announced = instance is not None and _announces(instance)
    return Compiled(statement.text, binder(statement.bindings, width), load, announced)


def _announces(instance: Instance) -> bool:
    """Whether loading an instance, or any selected along with it, is listened to or overridden."""
    return _announced(instance.model) or any(_announces(related.instance) for related in instance.related)


def compile_tree(tree: Node, connection: Connection, width: int, load: Loader) -> Compiled:
    """A statement with a loader of its own."""
    statement = connection.dialect.render(tree)
    return Compiled(statement.text, binder(statement.bindings, width), load)


def rows_of(shape: Shape, connection: Connection) -> Compiled:
    """The statement for the rows of a shape."""
    compiled: Compiled | None = shape.compiled.get(_place(shape, connection))
    if compiled is None:
        query = shape.query
        check_database(query, connection)
        compiled = compile_plan(plan(_lockable(query, connection)), connection, query.width, query.options.label)
        shape.compiled[_place(shape, connection)] = compiled
    shape.used = True
    return compiled


def check_database(query: Query, connection: Connection) -> None:
    """ValueError for a query that holds a queryset which was bound to another database."""
    if query.database is not None and query.database != connection.alias:
        raise ValueError(
            f"Subqueries aren't allowed across different databases: this query runs on {connection.alias!r}, and one "
            f"inside it is bound to {query.database!r}. Evaluate that one first: list(inner)."
        )


def _place(shape: Shape, connection: Connection) -> Hashable:
    """Where a shape keeps the statement for its rows.

    One that locks rows is kept where `fetch` does not look, so that each run asks `_runnable` for it first.
    """
    locks = shape.query.lock is not None and connection.features.locking is not None
    return (connection.epoch, "locking") if locks else connection.epoch


def _lockable(query: Query, connection: Connection) -> Query:
    """The query without its lock, where the database has no locks of rows."""
    lock, offered = query.lock, connection.features.locking
    if lock is None:
        return query
    if offered is None:
        return query.but(lock=None)
    for option in ("nowait", "skip_locked", "of", "no_key"):
        if getattr(lock, option) and option not in offered:
            raise NotSupportedError(
                f"{connection.vendor} has no {option!r} for select_for_update(); it has: "
                f"{', '.join(sorted(offered)) or 'no option'}."
            )
    return query


def _runnable(shape: Shape, connection: Connection) -> Compiled:
    """The statement for the rows of a shape, once it is sure that its locks would last."""
    locks = shape.query.lock is not None and connection.features.locking is not None
    if locks and connection.get_autocommit():
        raise TransactionManagementError(
            "select_for_update() cannot be used outside of a transaction: the locks would be gone at once. "
            "Write it inside: with transaction.atomic()."
        )
    return rows_of(shape, connection)


def _first_value(rows: Iterable[tuple[Any, ...]]) -> Any:
    for row in rows:
        return row[0]
    return None


def _derived(shape: Shape, connection: Connection, kind: str, tree: Callable[[Any], Node]) -> Compiled:
    key = (connection.epoch, kind)
    compiled: Compiled | None = shape.compiled.get(key)
    if compiled is None:
        check_database(shape.query, connection)
        compiled = compile_tree(tree(shape.query), connection, shape.query.width, _first_value)
        shape.compiled[key] = compiled
    shape.used = True
    return compiled


def count_of(shape: Shape, connection: Connection) -> Compiled:
    """The statement for the number of rows of a shape."""
    return _derived(shape, connection, "count", counting)


def existence_of(shape: Shape, connection: Connection) -> Compiled:
    """The statement that tells whether a shape has any row."""
    return _derived(shape, connection, "exists", existing)


def fetch(shape: Shape, values: Values, alias: str) -> list[Any]:
    """The loaded rows of a shape."""
    connection = connections[alias]
    compiled = shape.compiled.get(connection.epoch)
    if compiled is None:
        if shape.query.empty:
            return []
        compiled = _runnable(shape, connection)
    return connection.fetch(compiled.text, compiled.bind(values), compiled.load)


def afetch(shape: Shape, values: Values, alias: str) -> Awaitable[list[Any]]:
    """As `fetch`, for awaiting the driver directly: no code of the user runs in between."""
    connection = connections[alias]
    compiled = shape.compiled.get(connection.epoch)
    if compiled is None:
        if shape.query.empty:
            return _no_rows()
        compiled = _runnable(shape, connection)
    if compiled.announced:
        return bridge.run(connection.fetch, compiled.text, compiled.bind(values), compiled.load)
    # Handed on as it is: a coroutine around it would be one more step of every resumption.
    return connection.afetch(compiled.text, compiled.bind(values), compiled.load)


async def _no_rows() -> list[Any]:
    return []


def stream(shape: Shape, values: Values, alias: str, chunk_size: int) -> Generator[list[Any], None, None]:
    """The loaded rows in lists of at most `chunk_size`, from a server-side cursor where the database has one."""
    if shape.query.empty:
        return
    connection = connections[alias]
    compiled = _runnable(shape, connection)
    # Closed here and not by whoever collects garbage, as closing may wait, and may be cancelled.
    with closing(connection.stream(compiled.text, compiled.bind(values), chunk_size)) as chunks:
        for chunk in chunks:
            yield compiled.load(chunk)


def fetch_value(compiled: Compiled, values: Values, connection: Connection) -> Any:
    """The first column of the first row; None when there is none."""
    return connection.fetch(compiled.text, compiled.bind(values), compiled.load)
