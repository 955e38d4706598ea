"""
The arguments of `http.request`, read and checked before anything is sent.

No CR, LF or NUL reaches a header, and no header that frames the message: a
value out of somebody's wiki must not be able to write a second request.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import httpx

from controller.errors import CapabilityError
from controller.lua.host.arguments import (
    argument,
    as_bytes,
    as_list,
    as_map,
    as_number,
    as_text,
    spell,
)
from controller.lua.host.base import Value
from controller.lua.host.inflate import ACCEPTED
from controller.lua.host.redaction import redact_url

TIMEOUT: Final = 30.0
MAX_TIMEOUT: Final = 24 * 3600.0
MAX_URL: Final = 64 * 1024
MAX_HEADERS: Final = 200
SCHEMES: Final = ("http", "https")

_WHAT: Final = "http.request"
_HOST: Final = re.compile(rb"[A-Za-z0-9._:-]{1,253}")
_METHOD: Final = re.compile(r"[A-Z]{1,20}")
_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
_FORBIDDEN_METHODS: Final = ("CONNECT", "TRACE")
_FORBIDDEN_HEADERS: Final = (
    b"transfer-encoding",
    b"upgrade",
    b"te",  # codespell:ignore te
    b"trailer",
    b"expect",
)
# Scripts set these out of habit; the host knows the right value.
_OURS: Final = (b"content-length", b"connection", b"keep-alive", b"proxy-connection")

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the script wants it."""

    method: str
    url: httpx.URL
    headers: tuple[Header, ...]
    body: bytes
    timeout: float
    expected: frozenset[int]

    @property
    def shown(self) -> str:
        """The URL without user, password and query values."""
        return redact_url(str(self.url))

    @property
    def host(self) -> str:
        """Host and port, as one origin of failures."""
        return self.url.netloc.decode("ascii").lower()


def read_request(arguments: Sequence[Value], agent: str) -> Asked:
    """
    Read method, URL and options; `agent` names us where the script does not.

    Raises:
        CapabilityError: One of them cannot be sent as given.
    """
    options = as_map(argument(arguments, 2), f"{_WHAT}: the options")
    url = _read_url(as_text(argument(arguments, 1), f"{_WHAT}: the URL"), options)
    body = options.get("body")
    return Asked(
        method=_read_method(argument(arguments, 0)),
        url=url,
        headers=_read_headers(options.get("headers"), url, agent),
        body=b"" if body is None else as_bytes(body, f"{_WHAT}: the body"),
        timeout=_read_timeout(options.get("timeout")),
        expected=_read_expected(options.get("expect")),
    )


def parse_url(text: str) -> httpx.URL:
    """
    Read an absolute http or https URL.

    Raises:
        CapabilityError: It is none.
    """
    if len(text) > MAX_URL:
        raise CapabilityError(f"{_WHAT}: the URL is longer than {MAX_URL} characters")
    shown = redact_url(text)
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise CapabilityError(f"{_WHAT}: '{shown}' is no URL") from error
    if url.scheme not in SCHEMES:
        raise CapabilityError(f"{_WHAT}: '{shown}' is no http or https URL")
    if not is_well_formed(url):
        raise CapabilityError(f"{_WHAT}: '{shown}' names no host that can be reached")
    return url


def is_well_formed(url: httpx.URL) -> bool:
    """
    Say whether host and port can be connected to.

    Escapes in a host are refused: whoever decodes them later sees another name
    than the guard.
    """
    return _HOST.fullmatch(url.raw_host) is not None and url.port != 0 and (url.port or 1) < 65536


def _read_method(value: Value) -> str:
    method = as_text(value, f"{_WHAT}: the method").upper()
    if not _METHOD.fullmatch(method) or method in _FORBIDDEN_METHODS:
        raise CapabilityError(f"{_WHAT}: the method '{method[:20]!a}' cannot be sent")
    return method


def _read_url(text: str, options: Mapping[str, Value]) -> httpx.URL:
    url = parse_url(text)
    params = as_map(options.get("params"), f"{_WHAT}: options.params")
    if not params:
        return url
    pairs = [(name, _word(value, f"options.params.{name}")) for name, value in params.items()]
    query = b"&".join(part for part in (url.query, urlencode(pairs).encode()) if part)
    return parse_url(str(url.copy_with(query=query)))


def _read_headers(value: Value, url: httpx.URL, agent: str) -> tuple[Header, ...]:
    given = as_map(value, f"{_WHAT}: options.headers")
    if len(given) > MAX_HEADERS:
        raise CapabilityError(f"{_WHAT}: more than {MAX_HEADERS} headers")
    headers: list[Header] = []
    for name, content in given.items():
        header = (name.encode(), _word(content, f"header '{name[:60]!a}'").strip(b" \t"))
        if _is_sent(header, url):
            headers.append(header)
    return (*_defaults(headers, agent), *headers)


def _is_sent(header: Header, url: httpx.URL) -> bool:
    name, content = header
    shown = f"{_WHAT}: the header {name[:60].decode(errors='replace')!a}"
    if not _TOKEN.fullmatch(name):
        raise CapabilityError(f"{shown} has a name that cannot be sent")
    if any(byte in b"\r\n\0" for byte in content):
        raise CapabilityError(f"{shown} holds a line break or NUL")
    lower = name.lower()
    if lower in _FORBIDDEN_HEADERS:
        raise CapabilityError(f"{shown} is the host's to set")
    if lower == b"host":
        if content.lower() not in (url.netloc.lower(), url.raw_host.lower()):
            raise CapabilityError(f"{shown} differs from the URL's host")
        return False
    return lower not in _OURS


def _defaults(headers: Sequence[Header], agent: str) -> list[Header]:
    given = {name.lower() for name, _ in headers}
    defaults = (
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", ACCEPTED.encode()),
        (b"User-Agent", agent.encode()),
    )
    return [header for header in defaults if header[0].lower() not in given]


def _read_timeout(value: Value) -> float:
    if value is None:
        return TIMEOUT
    seconds = as_number(value, f"{_WHAT}: options.timeout")
    if not 0 < seconds <= MAX_TIMEOUT:
        raise CapabilityError(
            f"{_WHAT}: options.timeout must be above 0 and at most {MAX_TIMEOUT:g} seconds,"
            f" and is {spell(seconds)}"
        )
    return seconds


def _read_expected(value: Value) -> frozenset[int]:
    listed = as_list(value, f"{_WHAT}: options.expect")
    statuses = [as_number(entry, f"{_WHAT}: options.expect") for entry in listed]
    for status in statuses:
        if not (status.is_integer() and 100 <= status <= 599):
            raise CapabilityError(f"{_WHAT}: options.expect: {spell(status)} is no HTTP status")
    return frozenset(int(status) for status in statuses)


def _word(value: Value, what: str) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return as_bytes(value, f"{_WHAT}: {what}")
