"""OpenTelemetry: what spans and figures say of statements, and that nothing is paid for them when nobody asks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rowsmith import otel
from rowsmith.db import connections
from rowsmith.exceptions import IntegrityError, ProgrammingError
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Tag, names

trace = pytest.importorskip("opentelemetry.sdk.trace")


@pytest.fixture
def told(empty_library):
    """(start instrumentation, the spans so far, the points of a metric)."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = trace.TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider(metric_readers=[reader])

    class Told:
        tracer = tracers.get_tracer("test")

        def start(self, **options):
            otel.instrument(tracers, meters, **options)

        @property
        def spans(self):
            return list(exporter.get_finished_spans())

        def points(self, name):
            found = reader.get_metrics_data().resource_metrics[0].scope_metrics
            return [
                point
                for scope in found
                for metric in scope.metrics
                if metric.name == name
                for point in metric.data.data_points
            ]

    yield Told()
    otel.uninstrument()
    meters.shutdown()


def test_a_statement_is_a_span_with_the_stable_names(told, database):
    told.start()
    told.start()  # once more has no effect
    Author.objects.create(name="Ann")
    assert names(Author.objects.filter(name="Ann")) == ["Ann"]
    insert, select = told.spans[-2:]
    assert [insert.name, select.name] == ["INSERT behaviour_author", "SELECT behaviour_author"]
    assert select.kind.name == "CLIENT"
    attributes = dict(select.attributes)
    assert attributes["db.system.name"] == database.vendor
    assert attributes["db.operation.name"] == "SELECT"
    assert attributes["db.query.text"].startswith("SELECT") and "Ann" not in attributes["db.query.text"]
    assert str(database.settings.name) in attributes["db.namespace"]
    if database.vendor == "postgresql":
        assert attributes["db.namespace"].endswith("|public")
        assert attributes["server.address"] == "127.0.0.1"
        assert attributes["server.port"] == int(database.settings.port)


def test_spans_stand_inside_of_the_program_s_own(told):
    told.start(query_text=False)
    with told.tracer.start_as_current_span("request") as request:
        Author.objects.count()
    count = next(span for span in told.spans if span.name.startswith("SELECT"))
    assert count.parent.span_id == request.get_span_context().span_id
    assert "db.query.text" not in count.attributes


def test_failures_are_told_by_the_codes_of_the_database(told, database):
    told.start()
    Tag.objects.create(label="blue")
    with pytest.raises(IntegrityError):
        Tag.objects.create(label="blue")
    failed = next(span for span in told.spans if "error.type" in span.attributes)
    expected = {"postgresql": "23505", "sqlite": "SQLITE_CONSTRAINT_UNIQUE"}[database.vendor]
    assert failed.attributes["db.response.status_code"] == failed.attributes["error.type"] == expected
    assert not failed.status.is_ok


def test_durations_are_measured_and_connections_counted(told):
    told.start()
    for _ in range(3):
        Author.objects.count()
    points = told.points("db.client.operation.duration")
    assert sum(point.count for point in points if point.attributes["db.operation.name"] == "SELECT") == 3
    assert points[0].explicit_bounds == otel.BUCKETS
    states = {
        point.attributes["db.client.connection.state"]: point.value
        for point in told.points("db.client.connection.count")
        if point.attributes["db.client.connection.pool.name"] == "default"
    }
    assert set(states) == {"idle", "used"}


def test_comments_tell_the_database_of_the_span(told, database):
    told.start(sqlcommenter={"route": "/books/*/'; --%s"})
    with recorded_statements() as seen:
        assert Author.objects.filter(name="100%").count() == 0
        with database.cursor() as cursor:
            cursor.execute("SELECT %s", ["x%"])
            assert cursor.fetchone() == ("x%",)
    [count] = [span for span in told.spans if span.name == "SELECT behaviour_author"]
    held = count.get_span_context()
    assert f"traceparent='00-{held.trace_id:032x}-{held.span_id:016x}-{int(held.trace_flags):02x}'*/" in seen[0]
    assert "/*route='%2Fbooks%2F%2A%2F%27%3B%20--%25s'," in seen[0]


def test_an_error_of_the_server_leaves_as_it_would_without(told, database):
    told.start()
    with pytest.raises(Exception) as caught, database.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere_at_all")
    assert type(caught.value).__module__ == "rowsmith.exceptions"
    if database.vendor == "postgresql":
        assert isinstance(caught.value, ProgrammingError)


def test_nothing_is_watched_before_and_after(told):
    connection = connections["default"]
    assert not connection._special
    told.start()
    assert connection._special
    otel.uninstrument()
    assert not connection._special
    Author.objects.count()
    assert not [span for span in told.spans if span.name.startswith("SELECT")]


def test_nothing_of_it_is_imported_before_it_is_asked_for():
    program = "import rowsmith, rowsmith.models, rowsmith.otel, sys; print([m for m in sys.modules if 'opentele' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
