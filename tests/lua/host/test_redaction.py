"""Secrets leave no text, whatever they were wrapped in."""

import base64
import json
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.lua.host.redaction import Redactor, redact_url

TOKEN = "p@ss/w+rd ü 42"


@pytest.mark.parametrize(
    "wrapped",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        quote(TOKEN),
        quote_plus(TOKEN),
        quote(TOKEN, safe="")
        .replace("%2F", "%2f")
        .replace("%C3%BC", "%c3%bc")
        .replace("%2B", "%2b"),
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN, ensure_ascii=False)[1:-1],
    ],
)
def test_every_common_spelling_is_replaced(wrapped: str) -> None:
    assert Redactor([TOKEN])(f"before {wrapped} after") == "before [redacted] after"


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "someone@example.com"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_basic_authorization_carries_no_secret_out(
    user: str, encode: Callable[[bytes], bytes]
) -> None:
    header = encode(f"{user}:{TOKEN}".encode()).decode()

    cleaned = Redactor([TOKEN])(f"Authorization: Basic {header}")

    assert "[redacted]" in cleaned
    hidden = header.rstrip("=")[-12:-4]
    assert hidden not in cleaned


@given(st.text(min_size=8, max_size=40), st.binary(max_size=7), st.binary(max_size=7))
def test_base64_is_found_at_any_alignment(secret: str, before: bytes, after: bytes) -> None:
    plain = secret.encode(errors="surrogatepass")
    text = base64.b64encode(before + plain + after).decode()

    assert "[redacted]" in Redactor([secret])(text)


def test_short_secrets_are_left_alone() -> None:
    assert Redactor(["on", "abc", ""])("turn it on, abc") == "turn it on, abc"


def test_the_longer_of_two_secrets_wins() -> None:
    assert Redactor(["secret", "secret-and-more"])("a secret-and-more b") == "a [redacted] b"


def test_a_secret_that_is_part_of_the_mark_does_not_eat_it() -> None:
    assert Redactor(["password", "redacted", "acte"])("password acte") == "[redacted] [redacted]"


def test_lines_of_a_key_are_secrets_of_their_own() -> None:
    key = "-----BEGIN KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQ\n-----END KEY-----\n"

    assert "MIIE" not in Redactor([key])("line: MIIEvgIBADANBgkqhkiG9w0BAQ")


def test_without_secrets_text_is_the_same_object() -> None:
    text = "x" * 1000

    assert Redactor([])(text) is text
    assert Redactor(["absent-secret"])(text) is text


def test_finding_is_asked_without_replacing() -> None:
    redactor = Redactor([TOKEN])

    assert redactor.finds(f"Bearer {TOKEN}")
    assert not redactor.finds("Bearer of news")


def test_the_longest_form_is_known() -> None:
    assert Redactor([]).longest == 0
    assert Redactor(["secret"]).longest >= len("secret")


def test_ten_megabytes_are_looked_through_within_seconds() -> None:
    redactor = Redactor([f"secret-number-{n:04d}-xyz" for n in range(10)])
    text = "the quick brown fox jumps over the lazy dog " * 240_000

    began = time.process_time()
    redactor(text)

    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("https://u:p@a.example:8443/x", "https://a.example:8443/x"),
        (
            "https://a.example/x?a=v&b=&c&d=1234567",
            "https://a.example/x?a=[redacted]&b=&c&d=[redacted]",
        ),
        ("https://a.example/x?page=37&key=k", "https://a.example/x?page=37&key=[redacted]"),
        ("https://a.example/x?k=v=w#token", "https://a.example/x?k=[redacted]"),
        ("https://u:p@@a.example/", "https://a.example/"),
        ("nonsense", "nonsense"),
        ("http://[::1", "the URL"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_blanks_around_a_secret_hide_nothing_else() -> None:
    assert Redactor(["  a  ", " token \n"])("a bad token here") == "a bad [redacted] here"
