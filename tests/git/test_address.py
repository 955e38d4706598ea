import pytest

from controller.errors import InvalidSpecError
from controller.git.address import (
    is_loopback,
    parse_address,
    scrub_addresses,
    without_userinfo,
)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://host/repo", "no address of a registry"),
        ("repo", "no address of a registry"),
        ("--upload-pack=touch", "no address of a registry"),
        ("ext::sh -c touch", "no address|blanks"),
        ("https:///repo", "names no host"),
        ("https://ada:secret@host/repo", "holds credentials"),
        ("https://token@host/repo", "holds credentials"),
        ("ssh://git:secret@host/repo", "holds credentials"),
        ("http://example.org/repo", "plain http"),
        ("http://127.0.0.1.example.org/repo", "plain http"),
        ("https://host:port/repo", "no address"),
        ("https://host/re po", "blanks or control"),
        ("https://host/repo\x07", "blanks or control"),
        ("https://[::1/repo", "no address"),
    ],
)
def test_an_address_that_may_not_be_visited_is_refused(url: str, words: str) -> None:
    with pytest.raises(InvalidSpecError, match=words) as refused:
        parse_address(url, insecure=False)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "scheme", "host"),
    [
        ("https://Git.Example.org/a.git", "https", "git.example.org"),
        ("ssh://git@host:2222/a.git", "ssh", "host"),
        ("http://127.0.0.1:8080/a", "http", "127.0.0.1"),
        ("http://[::1]/a", "http", "::1"),
        ("http://localhost/a", "http", "localhost"),
        ("file:///srv/a%20b", "file", ""),
    ],
)
def test_an_address_is_taken_apart(url: str, scheme: str, host: str) -> None:
    found = parse_address(url, insecure=False)

    assert (found.scheme, found.host, found.url) == (scheme, host, url)


def test_the_short_form_of_ssh_is_written_out() -> None:
    found = parse_address("git@github.com:team/registry.git", insecure=False)

    assert found.url == "ssh://git@github.com/team/registry.git"


def test_plain_http_to_other_machines_must_be_asked_for() -> None:
    found = parse_address("http://git.internal/a", insecure=True)

    assert found.host == "git.internal"


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://host:443/other", True),
        ("https://HOST/a", True),
        ("http://host/a", False),
        ("https://host:8443/a", False),
        ("https://host.evil.org/a", False),
        ("https://[::1/a", False),
    ],
)
def test_a_login_belongs_to_one_origin(url: str, same: bool) -> None:
    assert parse_address("https://host/a", insecure=False).has_origin_of(url) is same


def test_messages_show_neither_userinfo_nor_query() -> None:
    assert without_userinfo("https://ada:s@host/a?token=t#f") == "https://host/a"
    assert without_userinfo("https://[::1/a") == "the address"
    assert scrub_addresses("cannot open 'https://ada:s@h/a?t=1' now") == (
        "cannot open 'https://h/a' now"
    )


def test_a_name_is_not_taken_for_this_machine() -> None:
    assert is_loopback("127.8.8.8")
    assert not is_loopback("localhost.example.org")


def test_the_command_that_prints_host_keys_names_the_port() -> None:
    usual = parse_address("ssh://git@git.example.com/x.git", insecure=False)
    other = parse_address("ssh://git@git.example.com:2222/x.git", insecure=False)

    assert usual.keyscan() == "ssh-keyscan git.example.com"
    assert other.keyscan() == "ssh-keyscan -p 2222 git.example.com"
