"""`http.request` sent from one place to another."""

import time

import pytest

from controller.errors import BlockedAddressError
from controller.lua.host.base import Value
from tests.fakes.http_source import (
    HttpSource,
    dripping,
    head,
    page,
    redirecting,
)
from tests.lua.host.world import Names, World

LIMIT = 1024 * 1024
SHORT: Value = {b"timeout": 0.3}


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
