"""
Secrets taken out of text by their value, whatever the way they got in.

Knows each secret as it is, in JSON, percent-encoded, and in base64 at any
alignment, so that `Authorization: Basic …` does not carry one out.
"""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, urlsplit

REDACTED = "[redacted]"
SHORTEST = 4
"""Shorter secrets are left alone: hiding every `on` would hide the text."""

# Stands for a replaced secret until all are replaced, so that a secret which
# is a part of the word "redacted" cannot eat the mark.
_MARK = "\ue000"


HARMLESS_DIGITS = 6


class Redactor:
    """Replaces every known secret; made once for a run."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        # Longest first: one secret may begin with another.
        self._needles = tuple(sorted(found, key=lambda form: (-len(form), form)))
        self.longest = max(map(len, self._needles), default=0)
        """Characters of the longest form: what must be looked at beyond a cut."""

    def __call__(self, text: str) -> str:
        """Replace every secret by `[redacted]`."""
        before = text
        for needle in self._needles:
            text = text.replace(needle, _MARK)
        return text if text is before else text.replace(_MARK, REDACTED)

    def finds(self, text: str) -> bool:
        """Say whether the text holds a secret."""
        return any(needle in text for needle in self._needles)


def redact_url(url: str) -> str:
    """
    Write a URL for people: no user, no password, no fragment, no telling values in its query.

    Short numbers stay: which page failed is what a reader wants to know.
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "the URL"
    query = "&".join(_keep_name(pair) for pair in parts.query.split("&")) if parts.query else ""
    return parts._replace(netloc=host, query=query, fragment="").geturl()


def _keep_name(pair: str) -> str:
    name, given, value = pair.partition("=")
    if value.isdecimal() and len(value) <= HARMLESS_DIGITS:
        return pair
    return f"{name}={REDACTED}" if value else name + given


def _forms(secret: str) -> Iterator[str]:
    lines = {line for line in secret.splitlines() if len(line) >= 2 * SHORTEST}
    for text in {secret, secret.strip()} | lines:
        if len(text) < SHORTEST:
            continue
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        # Libraries differ in what they escape: strictly, in a path, in a form, as httpx does.
        spellings = (
            quote(text, safe=""),
            quote(text),
            quote_plus(text),
            quote(text, safe="!$&'()*+,;=:@/"),
            quote(text, safe="!$&'()*+,;=:@/?[]"),
        )
        for escaped in spellings:
            yield escaped
            yield _lower_escapes(escaped)
        yield from _base64_forms(text.encode(errors="surrogatepass"))


def _base64_forms(secret: bytes) -> Iterator[str]:
    """
    Spell what of the secret's base64 does not depend on its neighbours.

    What stands before shifts it by 0, 1 or 2 bytes; the characters that share
    bits with a neighbour are left off.
    """
    for shift in range(3):
        first = -(-shift * 8 // 6)
        last = (shift + len(secret)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(shift) + secret).decode()[first:last]


def _lower_escapes(escaped: str) -> str:
    head, *rest = escaped.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])
