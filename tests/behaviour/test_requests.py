"""Requests in a transaction of their own: middleware for ASGI and WSGI that reads ATOMIC_REQUESTS."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from rowsmith import asgi, config, models, transaction, wsgi
from rowsmith.db import connections
from rowsmith.transaction import non_atomic_requests

feature = pytest.mark.feature


class Guest(models.Model):
    name = models.CharField(max_length=20)


@pytest.fixture
def guests(tables):
    tables(Guest)
    config.configure({"default": {**connections.settings["default"], "ATOMIC_REQUESTS": True}})


async def call(app, path="/", **scope):
    """The status and body of a response, and how many guests there were when it began."""
    sent, seen = [], []
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if not requests:
            await asyncio.Event().wait()  # the client stays
        return requests.pop()

    async def send(message):
        if message["type"] == "http.response.start":
            seen.append(await Guest.objects.acount() if not connections["default"].in_atomic_block else None)
        sent.append(message)

    await app(
        {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "root_path": "", **scope},
        receive,
        send,
    )
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]), seen[0]


def application(handler):
    return Starlette(routes=[Route("/", handler)], middleware=[Middleware(asgi.AtomicRequests)])


async def welcome(request):
    assert connections["default"].in_atomic_block
    await Guest.objects.acreate(name="Ann")
    async with transaction.atomic():
        await Guest.objects.acreate(name="Bob")
    return PlainTextResponse("hello")


@feature("T-003", "T-006")
async def test_a_request_is_a_transaction_that_commits_before_its_response(guests):
    assert await call(application(welcome)) == (200, b"hello", 2)
    assert not connections["default"].in_atomic_block


@feature("T-003")
async def test_an_error_rolls_the_request_back(guests):
    async def fail(request):
        await welcome(request)
        raise LookupError("nobody home")

    with pytest.raises(LookupError):
        await call(application(fail))
    assert await Guest.objects.acount() == 0


@feature("T-003")
async def test_a_response_that_tells_of_a_failure_rolls_the_request_back(guests):
    async def refuse(request):
        await welcome(request)
        raise HTTPException(409)

    status, _, seen = await call(application(refuse))
    assert (status, seen) == (409, 0)


@feature("T-005", "T-006")
async def test_what_is_streamed_later_runs_outside(guests):
    inside = []

    async def parts():
        for part in (b"a", b"b", b"c"):
            inside.append(connections["default"].in_atomic_block)
            yield part

    async def later():
        # In the task of the request, where the transaction was opened and another task has ended it.
        inside.append(connections["default"].in_atomic_block)
        await Guest.objects.acreate(name="Cid")

    async def stream(request):
        await welcome(request)
        return StreamingResponse(parts(), background=BackgroundTask(later))

    assert await call(application(stream)) == (200, b"abc", 2)
    assert inside[1:] == [False, False, False]
    assert await Guest.objects.acount() == 3


@feature("T-003", "T-004")
async def test_a_handler_can_be_exempt(guests):
    seen = []

    @non_atomic_requests
    async def outside(request):
        seen.append(connections["default"].in_atomic_block)
        return PlainTextResponse("")

    await call(application(outside))

    async def plain(scope, receive, send):
        seen.append(connections["default"].in_atomic_block)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    await call(asgi.AtomicRequests(plain))
    await call(asgi.AtomicRequests(non_atomic_requests(plain)))
    await call(asgi.AtomicRequests(plain, handler_of=lambda scope: outside))
    assert seen == [False, True, False, False]


@feature("T-003")
async def test_other_kinds_of_scope_and_other_databases_are_left_alone(guests):
    seen = []

    async def lifespan(scope, receive, send):
        seen.append(connections["default"].in_atomic_block)

    await asgi.AtomicRequests(lifespan)({"type": "lifespan"}, None, None)
    config.configure({"default": {**connections.settings["default"], "ATOMIC_REQUESTS": False}})

    async def plain(scope, receive, send):
        seen.append(connections["default"].in_atomic_block)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    await call(asgi.AtomicRequests(plain))
    assert seen == [False, False]


# WSGI


def wsgi_call(app):
    started = []

    def start_response(status, headers, exc_info=None):
        started.append((status, Guest.objects.count()))
        return written.append

    written = []
    body = app({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, start_response)
    return started, b"".join([*written, *body])


def wsgi_welcome(environ, start_response):
    assert connections["default"].in_atomic_block
    Guest.objects.create(name="Ann")
    write = start_response("200 OK", [])
    write(b"hel")
    return [b"lo"]


@pytest.mark.plain
@feature("T-003")
def test_a_wsgi_request_is_a_transaction(guests):
    assert wsgi_call(wsgi.AtomicRequests(wsgi_welcome)) == ([("200 OK", 1)], b"hello")

    def refuse(environ, start_response):
        Guest.objects.create(name="Bob")
        start_response("200 OK", [])
        start_response("503 Sorry", [])
        return [b""]

    assert wsgi_call(wsgi.AtomicRequests(refuse)) == ([("503 Sorry", 1)], b"")

    def fail(environ, start_response):
        Guest.objects.create(name="Bob")
        raise LookupError

    with pytest.raises(LookupError):
        wsgi_call(wsgi.AtomicRequests(fail))
    assert Guest.objects.count() == 1


@pytest.mark.plain
@feature("T-003", "T-004", "T-005")
def test_wsgi_streams_and_exempt_handlers_run_outside(guests):
    inside = []

    def stream(environ, start_response):
        start_response("200 OK", [])
        for part in (b"a", b"b"):
            inside.append(connections["default"].in_atomic_block)
            yield part

    assert wsgi_call(wsgi.AtomicRequests(stream)) == ([("200 OK", 0)], b"ab")

    def plain(environ, start_response):
        inside.append(connections["default"].in_atomic_block)
        start_response("200 OK", [])
        return []

    wsgi_call(wsgi.AtomicRequests(non_atomic_requests(plain)))
    wsgi_call(wsgi.AtomicRequests(plain, handler_of=lambda environ: non_atomic_requests(using="default")(plain)))
    assert inside == [False, False, False, False]
