"""What a redirect makes of a request."""

import httpx
import pytest

from controller.lua.host.redirects import Hop, find_target, redirect
from controller.lua.host.request import Header

HERE = httpx.URL("https://jira.example/a/b?c=d")
CREDENTIALS: tuple[Header, ...] = (
    (b"Authorization", b"Bearer t"),
    (b"Cookie", b"s=1"),
    (b"Proxy-Authorization", b"Basic x"),
    (b"X-Api-Key", b"k"),
    (b"PRIVATE-TOKEN", b"k"),
    (b"X-Vault-Token", b"k"),
    (b"apikey", b"k"),
    (b"X-Client-Secret", b"k"),
    (b"X-Session-Id", b"k"),
)
HARMLESS: tuple[Header, ...] = (
    (b"Accept", b"*/*"),
    (b"User-Agent", b"agent"),
    (b"X-Page", b"3"),
    (b"X-Tenant", b"s3cret-value"),
)


def hop(method: str = "GET", body: bytes = b"") -> Hop:
    return Hop(method, HERE, (*CREDENTIALS, *HARMLESS, (b"Content-Type", b"text/plain")), body)


def never(_value: bytes) -> bool:
    return False


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://other.example/x", "https://other.example/x"),
        ("//other.example/x", "https://other.example/x"),
        ("/x", "https://jira.example/x"),
        ("x", "https://jira.example/a/x"),
        ("../x?y", "https://jira.example/x?y"),
        ("?page=2", "https://jira.example/a/b?page=2"),
        ("http://u:p@other.example/#frag", "http://other.example/"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_locations_are_resolved_against_the_url(location: str, target: str) -> None:
    assert str(find_target(HERE, 302, location)) == target


@pytest.mark.parametrize("status", [200, 300, 304, 305, 306, 400, 500])
def test_other_answers_are_final(status: int) -> None:
    assert find_target(HERE, status, "/x") is None


def test_a_redirect_to_nowhere_is_final() -> None:
    assert find_target(HERE, 302, None) is None


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://a:b:c/", "http://x:99999/", "http://a%2eb/"]
)
def test_a_location_that_is_no_url_is_the_server_s_fault(location: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="no URL"):
        find_target(HERE, 302, location)


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "DELETE", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "HEAD", "HEAD"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_methods_change_as_browsers_change_them(status: int, method: str, becomes: str) -> None:
    after = redirect(hop(method, b"body"), status, httpx.URL("https://jira.example/x"), never)

    names = {name.lower() for name, _ in after.headers}
    kept = becomes == method
    assert after.method == becomes
    assert after.body == (b"body" if kept else b"")
    assert (b"content-type" in names) is kept


@pytest.mark.parametrize(
    "target",
    ["https://jira.example/x", "https://JIRA.example:443/x?y", "https://jira.example"],
)
def test_the_same_origin_gets_all_headers(target: str) -> None:
    assert redirect(hop(), 302, httpx.URL(target), never).headers == hop().headers


@pytest.mark.parametrize(
    "target",
    [
        "https://other.example/",
        "https://sub.jira.example/",
        "https://jira.example:8443/",
        "http://jira.example/",
        "https://jira.example./",
    ],
)
def test_another_origin_gets_no_credentials(target: str) -> None:
    after = redirect(hop(), 302, httpx.URL(target), never)

    assert after.headers == (*HARMLESS, (b"Content-Type", b"text/plain"))


def test_a_header_that_holds_a_secret_is_a_credential_whatever_its_name() -> None:
    target = httpx.URL("https://other.example/")

    after = redirect(hop(), 302, target, lambda value: b"s3cret" in value)

    assert b"X-Tenant" not in dict(after.headers)


def test_what_was_left_out_stays_out_on_the_way_back() -> None:
    away = redirect(hop(), 302, httpx.URL("https://other.example/"), never)

    back = redirect(away, 302, HERE, never)

    assert back.headers == away.headers


def test_a_body_that_holds_a_secret_never_leaves_its_origin() -> None:
    asked = hop("POST", b"client_secret=s3cret")
    away, home = httpx.URL("https://other.example/"), httpx.URL("https://jira.example/x")

    with pytest.raises(httpx.RemoteProtocolError, match="to another origin"):
        redirect(asked, 307, away, lambda value: b"s3cret" in value)

    assert redirect(asked, 307, home, lambda value: b"s3cret" in value).body == asked.body
    assert redirect(asked, 302, away, lambda value: b"s3cret" in value).body == b""
