"""Which proxy a URL goes through."""

import pytest

from controller.errors import InvalidSpecError
from controller.lua.host.proxies import parse_proxies

CORPORATE = {"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://secure:3128"}


def chosen(variables: dict[str, str], scheme: str, host: str, port: int = 443) -> str | None:
    return parse_proxies(variables).choose(scheme, host, port)


def test_without_variables_everything_goes_straight() -> None:
    assert chosen({}, "https", "example.com") is None
    assert chosen({"HTTP_PROXY": ""}, "http", "example.com") is None


def test_each_scheme_has_its_proxy() -> None:
    assert chosen(CORPORATE, "http", "example.com") == "http://proxy:3128"
    assert chosen(CORPORATE, "https", "example.com") == "http://secure:3128"


def test_one_proxy_can_stand_for_all() -> None:
    assert chosen({"all_proxy": "http://p"}, "https", "example.com") == "http://p"


def test_lower_case_wins() -> None:
    both = {"http_proxy": "http://lower", "HTTP_PROXY": "http://upper"}

    assert chosen(both, "http", "example.com") == "http://lower"
    assert chosen(dict(reversed(both.items())), "http", "example.com") == "http://lower"


def test_a_proxy_without_a_scheme_is_spoken_to_in_http() -> None:
    assert chosen({"http_proxy": "proxy:3128"}, "http", "example.com") == "http://proxy:3128"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "x.localhost", "2130706433"])
def test_this_machine_is_never_reached_through_a_proxy(host: str) -> None:
    assert chosen({"ALL_PROXY": "http://p"}, "http", host) is None


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("*", "example.com"),
        ("example.com", "example.com"),
        ("example.com", "EXAMPLE.com."),
        ("example.com", "a.example.com"),
        (".example.com", "a.example.com"),
        ("*.example.com", "a.b.example.com"),
        ("x, example.com ,y", "example.com"),
        ("example.com:443", "example.com"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3"),
        ("fd00::/8", "fd00::1"),
        ("fd00::1", "fd00::1"),
        ("[fd00::1]:443", "fd00::1"),
        ("[fd00::1]", "fd00::1"),
    ],
)
def test_no_proxy_exempts(entry: str, host: str) -> None:
    assert chosen({**CORPORATE, "NO_PROXY": entry}, "https", host) is None


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("", "example.com"),
        (",", "example.com"),
        ("example.com", "badexample.com"),
        (".example.com", "example.com"),
        ("*.example.com", "example.com"),
        ("example.com:8443", "example.com"),
        ("10.0.0.0/8", "11.1.2.3"),
        ("10.0.0.0/8", "example.com"),
        ("fd00::/8", "10.0.0.1"),
    ],
)
def test_no_proxy_exempts_nothing_else(entry: str, host: str) -> None:
    assert chosen({**CORPORATE, "NO_PROXY": entry}, "https", host) == "http://secure:3128"


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:1", "http://[::bad", "http://", "ftp://x"])
def test_a_variable_that_names_no_proxy_is_refused_by_name_and_not_shown(value: str) -> None:
    with pytest.raises(InvalidSpecError, match="https_proxy names no http proxy") as caught:
        parse_proxies({"HTTPS_PROXY": value})

    assert value not in str(caught.value)
