"""`http.request` against a server that behaves, and one that does not."""

import gzip
import json
import time
import zlib
from itertools import repeat

import pytest

from controller.errors import BlockedAddressError, CapabilityError, ResponseTooLargeError
from controller.lua.host.base import Value
from tests.fakes.http_source import (
    Answer,
    Connection,
    HttpSource,
    Seen,
    dripping,
    endless,
    failing,
    gzip_bomb,
    hanging,
    head,
    page,
    raw,
    redirecting,
    resetting,
)
from tests.lua.host.world import Names, World

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

        with pytest.raises(ResponseTooLargeError, match="1048576 bytes") as error:
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


def test_the_timeout_is_for_all_redirects_together() -> None:
    with HttpSource() as source, World() as world:
        slow = dripping([head(302, {"Location": "/", "Connection": "close"}), b"x"], 0.08)
        source.on("/", slow)

        began = time.monotonic()
        reply = world.get(source.url, SHORT)

    assert time.monotonic() - began < 2
    assert "timed out" in reply.error


def test_ten_redirects_are_followed_and_eleven_are_not() -> None:
    with HttpSource() as source, World() as world:
        source.on("/10", *[redirecting("/10")] * 10, page(b"there"))
        source.on("/11", *[redirecting("/11")] * 11, page(b"there"))

        near, far = world.get(f"{source.url}/10"), world.get(f"{source.url}/11")

    assert (near.status, near.body) == (200, b"there")
    assert (far.status, far.error) == (0, f"GET {source.url}/11: more than 10 redirects")
    assert [failure.url for failure in world.ledger.unsettled()] == [f"{source.url}/11"]


def test_a_post_that_is_redirected_becomes_a_get() -> None:
    with HttpSource() as source, World() as world:
        source.on("/from", redirecting("/to", 303))
        source.on("/to", page(b"done"))
        options: Value = {b"body": b"x", b"headers": {b"Content-Type": b"text/plain"}}

        reply = world.ask("POST", f"{source.url}/from", options)

    to = source.seen[1]
    assert (reply.body, to.method, to.body, to.header("content-type")) == (
        b"done",
        "GET",
        b"",
        None,
    )


def test_credentials_do_not_follow_to_another_origin() -> None:
    headers: Value = {
        b"Authorization": b"Bearer t",
        b"X-Api-Key": b"k",
        b"X-Tenant": b"tenant-s3cret",
        b"X-Page": b"1",
    }
    with HttpSource() as here, HttpSource() as there, World(secrets=("tenant-s3cret",)) as world:
        here.on("/same", redirecting("/other"))
        here.on("/other", redirecting(f"{there.url}/"))
        there.on("/", page(b"got it"))

        reply = world.get(f"{here.url}/same", {b"headers": headers})

    assert reply.body == b"got it"
    names = ("authorization", "x-api-key", "x-tenant", "x-page")
    assert [here.seen[1].header(n) for n in names] == ["Bearer t", "k", "tenant-s3cret", "1"]
    assert [there.seen[0].header(n) for n in names] == [None, None, None, "1"]


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://10.0.0.1/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0/",
        "http://rebind.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
    ],
)
def test_a_redirect_to_where_the_source_may_not_go_is_refused(target: str) -> None:
    names = Names({"rebind.example": [["192.168.0.1"]]})
    with HttpSource() as source, World(names=names) as world:
        source.on("/", redirecting(target))

        with pytest.raises(BlockedAddressError, match="is refused"):
            world.get(source.url)

    assert world.ledger.unsettled_count() == 1


def test_a_redirect_to_a_host_that_is_not_listed_is_refused() -> None:
    names = Names({"a.example": [["127.0.0.1"]], "evil.example": [["127.0.0.1"]]})
    with HttpSource() as source, World(names=names, allowed_hosts=("a.example",)) as world:
        source.on("/", redirecting(f"http://evil.example:{source.port}/"))

        with pytest.raises(BlockedAddressError, match=r"'evil\.example' is not in"):
            world.get(f"http://a.example:{source.port}/")

    assert len(source.seen) == 1


@pytest.mark.parametrize("location", ["http://[::1", "http://x:99999/"])
def test_a_redirect_to_nonsense_is_a_failed_request(location: str) -> None:
    with HttpSource() as source, World() as world:
        source.on("/", redirecting(location))

        assert "no URL" in world.get(source.url).error


def test_a_redirect_with_a_huge_body_is_followed_on_a_new_connection() -> None:
    with HttpSource() as source, World() as world:
        source.on("/", page(b"x" * 10_000_000, {"Location": "/to"}, status=302))
        source.on("/to", page(b"there"))

        assert world.get(source.url).body == b"there"

    assert source.connections == 2


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
