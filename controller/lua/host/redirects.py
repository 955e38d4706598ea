"""
What becomes of a request when the answer says: go elsewhere.

Pure.  Whether elsewhere may be reached is for the guard, asked again per hop.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from controller.lua.host.request import SCHEMES, Header, is_well_formed

MAX_REDIRECTS: Final = 10
_STATUSES: Final = (301, 302, 303, 307, 308)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# Custom headers that are credentials by the look of their names: X-Api-Key,
# PRIVATE-TOKEN, X-Auth-Email, Cookie2, X-Vault-Token, …
_CREDENTIAL: Final = re.compile(rb"auth|token|key|secret|cookie|session|credential|passw|signature")


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a chain."""

    method: str
    url: httpx.URL
    headers: tuple[Header, ...]
    body: bytes


def find_target(url: httpx.URL, status: int, location: str | None) -> httpx.URL | None:
    """
    Say where an answer sends us; None if it is the final one.

    A user or password in the location is dropped: nobody is logged in as
    somebody whom a server names.

    Raises:
        httpx.RemoteProtocolError: The location is no URL.
    """
    if status not in _STATUSES or location is None:
        return None
    try:
        target = url.join(location).copy_with(userinfo=b"", fragment=None)
    except (httpx.InvalidURL, ValueError) as error:
        raise httpx.RemoteProtocolError("redirect to an address that is no URL") from error
    if target.scheme in SCHEMES and not is_well_formed(target):
        raise httpx.RemoteProtocolError("redirect to an address that is no URL")
    return target


def redirect(hop: Hop, status: int, target: httpx.URL, is_secret: Callable[[bytes], bool]) -> Hop:
    """
    Make the next request: POST becomes GET as browsers do it, and no credential leaves its origin.

    `is_secret` judges a header's value, or a body; once left out, a header stays out.

    Raises:
        httpx.RemoteProtocolError: A body that holds a secret would go to another origin.
    """
    method, body, headers = hop.method, hop.body, hop.headers
    becomes_get = (status == 303 and method not in ("GET", "HEAD")) or (
        status in (301, 302) and method == "POST"
    )
    if becomes_get:
        method, body = "GET", b""
        headers = tuple(h for h in headers if not h[0].lower().startswith(b"content-"))
    if not _is_same_origin(hop.url, target):
        if is_secret(body):
            # A header can be left out; half a body means nothing.
            raise httpx.RemoteProtocolError("redirect of a body with a secret to another origin")
        headers = tuple(h for h in headers if not _is_credential(h, is_secret))
    return Hop(method, target, headers, body)


def _is_same_origin(left: httpx.URL, right: httpx.URL) -> bool:
    return _origin(left) == _origin(right)


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host.lower(), url.port or _DEFAULT_PORTS.get(url.scheme)


def _is_credential(header: Header, is_secret: Callable[[bytes], bool]) -> bool:
    name, value = header
    return _CREDENTIAL.search(name.lower()) is not None or is_secret(value)
