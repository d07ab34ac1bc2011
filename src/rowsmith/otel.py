"""OpenTelemetry: spans, durations and pool figures with the stable names of its semantic conventions, on request.

Nothing is imported from OpenTelemetry, and no statement costs more, until `instrument()` is called. It needs
`opentelemetry-api`: pip install 'rowsmith[otel]'.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from rowsmith.db import connections
from rowsmith.db.instrumentation import observers
from rowsmith.exceptions import Error, ImproperlyConfigured

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider, Observation
    from opentelemetry.trace import TracerProvider

SCOPE = "rowsmith"
BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}

_stop: list[Callable[[], None]] = []


def instrument(
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    *,
    query_text: bool = True,
    sqlcommenter: bool | Mapping[str, str] = False,
) -> None:
    """Make a span of every statement, of all databases, from now on; once more has no effect.

    query_text:    tell the text of statements, which holds placeholders for values, never the values.
    sqlcommenter:  append the span's `traceparent` to the statement as a comment, and these further tags. Each text is
                   then another one, so that nothing is prepared or planned ahead for it on the server.
    """
    if _stop:
        return
    try:
        from opentelemetry import metrics, trace
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured("OpenTelemetry is not installed: pip install 'rowsmith[otel]'.") from error
    tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
    meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
    duration = meter.create_histogram(
        "db.client.operation.duration",
        unit="s",
        description="Duration of database client operations.",
        explicit_bucket_boundaries_advisory=BUCKETS,
    )
    meter.create_observable_up_down_counter(
        "db.client.connection.count",
        [lambda _: _connections(metrics.Observation)],
        unit="{connection}",
        description="Connections of a pool by what they do.",
    )
    tags = dict(sqlcommenter) if isinstance(sqlcommenter, Mapping) else {}

    told: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()

    def observe(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        connection = context["connection"]
        common = told.get(connection)
        if common is None:
            common = told[connection] = _attributes(connection)
        operation, summary = _summary(sql)
        attributes: dict[str, Any] = {**common, "db.operation.name": operation, "db.query.summary": summary}
        if query_text:
            attributes["db.query.text"] = sql
        if many and hasattr(params, "__len__") and len(params) != 1:
            attributes["db.operation.batch.size"] = len(params)
        measured: dict[str, Any] = {**common, "db.operation.name": operation}
        began = time.perf_counter()
        with tracer.start_as_current_span(
            summary, kind=trace.SpanKind.CLIENT, attributes=attributes, record_exception=False
        ) as span:
            try:
                if sqlcommenter:
                    comment = _comment(span, tags)
                    # In statements of the user's a percent sign begins a placeholder.
                    own = context["cursor"] is not None and params is not None
                    sql = f"{sql} {comment.replace('%', '%%') if own else comment}"
                return execute(sql, params, many, context)
            except BaseException as error:
                failure = _failure(error)
                span.set_attributes(failure)
                measured["error.type"] = failure["error.type"]
                raise
            finally:
                duration.record(time.perf_counter() - began, measured)

    observers.append(observe)
    _stop.append(lambda: observers.remove(observe))
    connections.note_watchers()


def uninstrument() -> None:
    """Stop it."""
    while _stop:
        _stop.pop()()
    connections.note_watchers()


def _attributes(connection: Any) -> dict[str, Any]:
    """What is the same for all statements of one database."""
    settings = connection.settings
    found: dict[str, Any] = {"db.system.name": connection.vendor, "db.namespace": str(settings.name)}
    if connection.vendor == "postgresql":
        found["db.namespace"] = f"{settings.name}|{_schema(settings.options)}"
    if settings.host:
        found["server.address"] = str(settings.host)
        port = int(settings.port or 0)
        if port and port != DEFAULT_PORTS.get(connection.vendor):
            found["server.port"] = port
    return found


def _schema(options: Mapping[str, Any]) -> str:
    """The first schema of the search path that the settings ask for."""
    match = re.search(r"search_path\s*=\s*\"?([^\s,\"]+)", str(options.get("options", "")))
    return match[1] if match else "public"


@lru_cache(maxsize=2048)
def _summary(sql: str) -> tuple[str, str]:
    """The operation of a statement, and it together with the first table that it names."""
    words = sql.split(None, 1)
    operation = words[0].upper() if words else "UNKNOWN"
    match = re.search(r"\b(?:FROM|INTO|UPDATE|TABLE)\s+(?:ONLY\s+)?\"?([\w.]+)\"?", sql, re.IGNORECASE)
    return operation, f"{operation} {match[1]}" if match else operation


def _failure(error: BaseException) -> dict[str, str]:
    found = {"error.type": f"{type(error).__module__}.{type(error).__qualname__}"}
    cause = error.__cause__ if isinstance(error, Error) else None
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    if code:
        found["db.response.status_code"] = found["error.type"] = str(code)
    return found


def _comment(span: Any, tags: Mapping[str, str]) -> str:
    """The comment that stands behind a statement; nothing in it can end it."""
    held = span.get_span_context()
    parent = f"00-{held.trace_id:032x}-{held.span_id:016x}-{int(held.trace_flags):02x}"
    pairs = sorted({**tags, "traceparent": parent}.items())
    listed = ",".join(f"{quote(str(key), safe='')}='{quote(str(value), safe='')}'" for key, value in pairs)
    return f"/*{listed}*/"


def _connections(observation: Callable[..., Observation]) -> Iterable[Observation]:
    for connection in connections.all(initialized_only=True):
        figures = connection.figures
        common = {"db.client.connection.pool.name": connection.alias}
        yield observation(figures.idle, {**common, "db.client.connection.state": "idle"})
        yield observation(figures.in_use, {**common, "db.client.connection.state": "used"})
