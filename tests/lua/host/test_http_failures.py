"""`http.request` against a server that is slow, broken, endless or not there."""

import gzip
import time
from itertools import repeat

import pytest

from controller.errors import ResponseTooLargeError
from controller.lua.host.base import Value
from tests.fakes.http_source import (
    Answer,
    Connection,
    HttpSource,
    Seen,
    dripping,
    endless,
    gzip_bomb,
    hanging,
    head,
    page,
    raw,
    resetting,
)
from tests.lua.host.world import World

LIMIT = 1024 * 1024
SHORT: Value = {b"timeout": 0.3}


def unannounced(connection: Connection, _asked: Seen) -> None:
    connection.send(head(200, {}), b"x" * (LIMIT + 1))
    connection.end()


@pytest.mark.parametrize(
    "answer",
    [
        page(b"x" * (LIMIT + 1)),
        raw(head(200, {"Content-Length": str(10**15)})),
        unannounced,
        endless,
        gzip_bomb(200),
        page(gzip.compress(b"x" * (LIMIT + 1)), {"Content-Encoding": "gzip"}),
    ],
    ids=["announced", "lying", "unannounced", "endless", "bomb", "packed"],
)
def test_one_byte_more_than_the_limit_is_refused_by_name(answer: Answer) -> None:
    with HttpSource() as source, World(limit_bytes=LIMIT) as world:
        source.on("/", answer)

        with pytest.raises(ResponseTooLargeError, match="larger than 1 MiB") as error:
            world.get(f"{source.url}/?token=hunter2")

    assert "max_response_size" in error.value.message
    assert "hunter2" not in error.value.message
    assert world.ledger.unsettled_count() == 1


@pytest.mark.parametrize(
    ("encoding", "packed", "problem"),
    [
        ("gzip", b"no gzip", "no valid gzip"),
        ("gzip", gzip.compress(b"x" * 10_000)[:-5], "ends too early"),
        ("deflate", b"\xff\xff", "no valid deflate"),
    ],
)
def test_a_body_that_does_not_decompress_is_a_failed_request(
    encoding: str, packed: bytes, problem: str
) -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(packed, {"Content-Encoding": encoding}))

        reply = world.get(source.url)

    assert (reply.status, reply.ok, reply.body, reply.headers) == (0, False, b"", {})
    assert problem in reply.error
    assert world.ledger.unsettled_count() == 1


def test_a_server_that_is_not_there_is_a_failed_request() -> None:
    with HttpSource() as gone:
        pass
    with World() as world:
        reply = world.get(f"{gone.url}/x?token=hunter2")

    assert (reply.status, reply.ok, reply.body, reply.headers) == (0, False, b"", {})
    assert reply.error == f"GET {gone.url}/x?token=[redacted]: connection refused"
    [failure] = world.ledger.unsettled()
    assert (failure.status, failure.error) == (0, reply.error)


def test_a_name_that_does_not_resolve_is_a_failed_request() -> None:
    with World() as world:
        reply = world.get("http://nowhere.example/")

    assert reply.error == "GET http://nowhere.example/: cannot resolve 'nowhere.example'"


@pytest.mark.parametrize(
    "answer",
    [
        resetting,
        raw(b""),
        raw(b"HTTP/1.1 200 OK\r\nContent-"),
        raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        raw(head(200, {f"X-{n}": "1" for n in range(20_000)})),
        raw(head(200, {f"X-{n}": "1" for n in range(600)})),
        raw(head(200, {"X-Long": "x" * 300_000})),
        raw(b"\x00" * 200_000),
    ],
    ids=[
        "reset",
        "nothing",
        "half-a-head",
        "no-http",
        "short-body",
        "short-chunk",
        "no-chunk",
        "two-lengths",
        "20000-headers",
        "600-headers",
        "long-header",
        "zeros",
    ],
)
def test_a_broken_answer_is_a_failed_request(answer: Answer) -> None:
    with HttpSource() as source, World() as world:
        source.on("/", answer)

        reply = world.get(source.url)

    assert (reply.status, reply.ok) == (0, False)
    assert reply.error.startswith(f"GET {source.url}: ")
    assert "bytearray" not in reply.error
    assert world.ledger.unsettled_count() == 1


@pytest.mark.parametrize(
    "answer",
    [
        hanging,
        dripping(repeat(b"H"), 0.05),
        dripping([head(200, {"Content-Length": "100"}), *[b"x"] * 100], 0.05),
        dripping(repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.05),
    ],
    ids=["silent", "dripping-head", "dripping-body", "continue-for-ever"],
)
def test_a_slow_server_ends_at_the_timeout_of_the_whole_request(answer: Answer) -> None:
    with HttpSource() as source, World() as world:
        source.on("/", answer)

        began = time.monotonic()
        reply = world.get(source.url, SHORT)

    assert time.monotonic() - began < 2
    assert (reply.status, reply.error) == (0, f"GET {source.url}: timed out after 0.3 seconds")


def test_a_request_does_not_outlast_the_script() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", hanging)

        began = time.monotonic()
        reply = world.ask("GET", source.url, None, seconds=0.2)
        late = world.ask("GET", source.url, None, seconds=-1.0)

    assert time.monotonic() - began < 2
    assert "timed out after 0.2 seconds" in reply.error
    assert "timed out after 0 seconds" in late.error
