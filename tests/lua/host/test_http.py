"""`http.request` against a server that behaves, and what the ledger makes of it."""

import gzip
import json
import zlib

import pytest

from controller.errors import CapabilityError
from controller.lua.host.base import Value
from tests.fakes.http_source import (
    Answer,
    Connection,
    HttpSource,
    Seen,
    failing,
    head,
    page,
    raw,
    redirecting,
    resetting,
)
from tests.lua.host.world import World

LIMIT = 1024 * 1024
SHORT: Value = {b"timeout": 0.3}


def test_an_answer_comes_back_whole() -> None:
    with HttpSource() as source, World() as world:
        source.on("/issues", page(b'{"a":1}', {"X-Total": "7", "ETag": '"e"'}))

        reply = world.get(f"{source.url}/issues?page=1")

    assert (reply.status, reply.ok, reply.body) == (200, True, b'{"a":1}')
    assert reply.headers["content-type"] == b"application/json"
    assert (reply.headers["x-total"], reply.headers["etag"]) == (b"7", b'"e"')
    assert "error" not in reply.answer
    assert source.seen[0].target == "/issues?page=1"


def test_method_headers_params_and_body_arrive_as_given() -> None:
    options: Value = {
        b"headers": {b"Content-Type": b"text/plain", b"X-Page": 3},
        b"params": {b"q": b"a b&c", b"n": 2},
        b"body": b"\x00\xff body",
    }
    with HttpSource() as source, World() as world:
        source.on("/", page(b""))

        world.ask("patch", source.url, options)

    [seen] = source.seen
    assert (seen.method, seen.target, seen.body) == ("PATCH", "/?q=a+b%26c&n=2", b"\x00\xff body")
    assert seen.header("x-page") == "3"
    assert seen.header("content-type") == "text/plain"
    assert seen.header("host") == f"127.0.0.1:{source.port}"
    assert seen.header("accept-encoding") == "gzip, deflate"
    assert (seen.header("user-agent") or "").startswith("context-harness-controller/")


def test_a_user_in_the_url_becomes_basic_authorization() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(b""))
        url = source.url.replace("://", "://me%40x:p%3Aw@")

        world.get(url)
        world.get(url, {b"headers": {b"Authorization": b"Bearer t"}})

    assert [seen.header("authorization") for seen in source.seen] == [
        "Basic bWVAeDpwOnc=",
        "Bearer t",
    ]


def test_repeated_headers_are_joined_and_names_are_in_lower_case() -> None:
    with HttpSource() as source, World() as world:
        answer = (
            b"HTTP/1.1 200 OK\r\nLINK: a\r\nLink: b\r\nX-Bin: caf\xe9\r\ncontent-length: 0\r\n\r\n"
        )
        source.on("/", raw(answer))

        headers = world.get(source.url).headers

    assert headers == {"link": b"a, b", "x-bin": b"caf\xe9", "content-length": b"0"}


@pytest.mark.parametrize("status", [201, 204, 304, 400, 401, 404, 429, 500, 503, 599])
def test_every_status_comes_back_as_it_is(status: int) -> None:
    body = b"" if status in (204, 304) else b'{"error":"no"}'
    with HttpSource() as source, World() as world:
        source.on("/", page(body, {"Retry-After": "5"}, status=status))

        reply = world.get(source.url)

    assert (reply.status, reply.ok, reply.body) == (status, 200 <= status < 300, body)
    assert reply.headers["retry-after"] == b"5"


def test_a_body_is_bytes_even_if_it_claims_to_be_json() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(b'{"broken": \xff', {"Content-Type": "application/json"}))

        assert world.get(source.url).body == b'{"broken": \xff'


def test_head_has_headers_and_no_body() -> None:
    with HttpSource() as source, World(limit_bytes=3) as world:
        source.on("/", page(b"longer than the limit"))

        reply = world.ask("HEAD", source.url)

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == b"21"


def test_cookies_are_not_kept_between_requests() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(b"", {"Set-Cookie": "session=1"}))

        world.get(source.url)
        world.get(source.url)

    assert [seen.header("cookie") for seen in source.seen] == [None, None]


def test_requests_share_a_connection() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(b"x" * 100_000))
        source.on("/from", redirecting("/"))

        for _ in range(5):
            world.get(source.url)
        world.get(f"{source.url}/from")

    assert source.connections == 1


def closing_unasked(connection: Connection, _asked: Seen) -> None:
    """Close instead of answering, as a server does whose patience with an idle connection ends."""
    connection.end()


@pytest.mark.parametrize("answer", [closing_unasked, resetting])
def test_a_get_that_meets_a_closing_connection_is_sent_again(answer: Answer) -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(b"1"), answer, page(b"2"), answer, answer)

        bodies = [world.get(source.url).body for _ in range(2)]
        last = world.get(source.url)

    assert bodies == [b"1", b"2"]
    assert last.status == 0


def test_a_post_that_meets_a_closing_connection_is_not_sent_again() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(b"1"), closing_unasked, page(b"2"))

        statuses = [world.ask("POST", source.url).status for _ in range(2)]

    assert statuses == [200, 0]
    assert len(source.seen) == 2


def test_a_connection_that_the_server_closed_is_replaced() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", raw(head(200, {"Content-Length": "2"}), b"ok"), page(b"again"))

        first, second = world.get(source.url), world.get(source.url)

    assert (first.body, second.body) == (b"ok", b"again")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"plain text")),
        ("deflate", zlib.compress(b"plain text")),
        ("identity", b"plain text"),
    ],
)
def test_compressed_bodies_arrive_plain(encoding: str, packed: bytes) -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(packed, {"Content-Encoding": encoding}))

        assert world.get(source.url).body == b"plain text"


def test_a_body_as_large_as_the_limit_arrives() -> None:
    with HttpSource() as source, World(limit_bytes=LIMIT) as world:
        source.on("/", page(b"x" * LIMIT))

        assert world.get(source.url).body == b"x" * LIMIT


def test_arguments_without_sense_are_refused_and_not_entered() -> None:
    with World() as world:
        with pytest.raises(CapabilityError):
            world.get("http://a.example/", {b"headers": {b"X": b"a\r\nb"}})

        assert world.ledger.requests == 0


def test_errors_hold_no_secret() -> None:
    secret = "hunter2-hunter2"
    with World(secrets=(secret,)) as world:
        reply = world.get(f"http://user:{secret}@nowhere.example/{secret}?token={secret}")

    [failure] = world.ledger.unsettled()
    assert secret not in reply.error
    assert secret not in repr(failure)
    assert "http://nowhere.example/[redacted]?token=[redacted]" in reply.error


def test_a_page_that_fails_by_post_is_owed_until_it_succeeds() -> None:
    def ask(world: World, page_number: int) -> None:
        body = json.dumps({"page": page_number}).encode()
        world.ask("POST", f"{source.url}/search", {b"body": body})

    with HttpSource() as source, World() as world:
        ok = page(b"[]")
        source.on("/search", ok, ok, failing(502), ok, ok)
        for number in (1, 2, 3, 4):
            ask(world, number)

        owed = world.ledger.unsettled()
        ask(world, 3)

    assert [(failure.method, failure.status) for failure in owed] == [("POST", 502)]
    assert world.ledger.unsettled() == ()
    assert (world.ledger.requests, world.ledger.failed) == (5, 1)


def test_a_status_that_the_script_expects_owes_nothing() -> None:
    with HttpSource() as source, World() as world:
        reply = world.get(f"{source.url}/gone", {b"expect": [404, 410]})

    assert (reply.status, reply.ok) == (404, False)
    assert world.ledger.unsettled() == ()


def test_a_refused_credential_shows_in_the_ledger() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", failing(401))

        world.get(source.url)

    assert world.ledger.credentials_rejected()
