"""
`http.request`: one request of a script, with all its redirects, inside the bounds of its source.

What the network does wrong comes back as an answer with status 0; what the
script may not do is an error.  Both are entered in the ledger.
"""

import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import httpx

from controller import __version__
from controller.errors import BlockedAddressError, CapabilityError, ResponseTooLargeError
from controller.lua.deadline import Deadline
from controller.lua.host.arguments import spell_size
from controller.lua.host.base import Value
from controller.lua.host.guard import AddressPolicy, check_host
from controller.lua.host.inflate import InflateError, inflate
from controller.lua.host.ledger import Exchange, Ledger
from controller.lua.host.proxies import Proxies
from controller.lua.host.redaction import Redactor, redact_url
from controller.lua.host.redirects import MAX_REDIRECTS, Hop, find_target, redirect
from controller.lua.host.request import SCHEMES, Asked, read_request
from controller.lua.host.resolving import Resolver
from controller.lua.host.transport import GuardedTransport, Wiring
from controller.lua.host.watch import Watch

AGENT: Final = f"context-harness-controller/{__version__}"
MAX_RESPONSE_HEADERS: Final = 500
_DRAINED: Final = 64 * 1024
_BODILESS: Final = (204, 304)


@dataclass(frozen=True, slots=True)
class HttpParts:
    """What `Http` is made of."""

    policy: AddressPolicy
    ledger: Ledger
    redactor: Redactor
    proxies: Proxies
    limit_bytes: int
    """Of one response after decompression."""
    cancelled: Callable[[], bool] | None
    resolver: Resolver
    tls: Callable[[], ssl.SSLContext]


class Http:
    """The requests of one run; connections stay open between them until `close`."""

    def __init__(self, parts: HttpParts) -> None:
        self._parts = parts
        self._watch = Watch(parts.cancelled)
        self._transport = GuardedTransport(
            Wiring(parts.policy, self._watch, parts.proxies, parts.resolver, parts.tls)
        )

    def close(self) -> None:
        """End all connections."""
        self._transport.close()

    def request(self, arguments: Sequence[Value], deadline: Deadline) -> Value:
        """
        Serve `http.request(method, url, options)`.

        Raises:
            CapabilityError: An argument cannot be sent.
            BlockedAddressError: The URL, or a redirect, leads where the source may not go.
            ResponseTooLargeError: More bytes than `max_response_size`.
        """
        asked = read_request(arguments, AGENT)
        seconds = min(asked.timeout, deadline.remaining())
        self._watch.start(seconds)
        try:
            status, answer = self._follow(asked)
        except CapabilityError as error:
            self._record(asked, 0, error.message)
            raise
        except (httpx.RequestError, InflateError) as error:
            problem = self._describe(asked, error, seconds)
            self._record(asked, 0, problem)
            return {"status": 0, "ok": False, "body": b"", "headers": {}, "error": problem}
        self._record(asked, status, "")
        return answer

    def _follow(self, asked: Asked) -> tuple[int, Value]:
        hop = Hop(asked.method, asked.url, _with_user(asked), asked.body)
        for _ in range(MAX_REDIRECTS + 1):
            check_host(self._parts.policy, hop.url.raw_host.decode("ascii"))
            sent = httpx.Request(hop.method, hop.url, headers=hop.headers, content=hop.body)
            with closing(self._transport.handle_request(sent)) as response:
                if len(response.headers.raw) > MAX_RESPONSE_HEADERS:
                    raise httpx.RemoteProtocolError(f"more than {MAX_RESPONSE_HEADERS} headers")
                status = response.status_code
                target = find_target(hop.url, status, response.headers.get("location"))
                if target is None:
                    return status, self._answer(hop, response)
                _check_scheme(target)
                _drain(response)
            hop = redirect(hop, status, target, self._is_secret)
        raise httpx.TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")

    def _answer(self, hop: Hop, response: httpx.Response) -> Value:
        return {
            "status": response.status_code,
            "ok": response.is_success,
            "body": self._body(hop, response),
            "headers": _join_headers(response),
        }

    def _body(self, hop: Hop, response: httpx.Response) -> bytes:
        if hop.method == "HEAD" or response.status_code in _BODILESS:
            return b""
        limit = self._parts.limit_bytes
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise self._too_large(hop)
        pieces: list[bytes] = []
        size = 0
        for piece in inflate(self._counted(hop, response), _encoding(response)):
            size += len(piece)
            if size > limit:
                raise self._too_large(hop)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _counted(self, hop: Hop, response: httpx.Response) -> Iterator[bytes]:
        """Bound what arrives too: it may decompress to nothing, for ever."""
        size = 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > self._parts.limit_bytes:
                raise self._too_large(hop)
            yield chunk

    def _too_large(self, hop: Hop) -> ResponseTooLargeError:
        return ResponseTooLargeError(
            f"http.request: the response to {hop.method} {redact_url(str(hop.url))} is larger"
            f" than {spell_size(self._parts.limit_bytes)} (max_response_size)",
            hint="ask for smaller pages, or raise max_response_size",
        )

    def _describe(self, asked: Asked, error: Exception, seconds: float) -> str:
        if isinstance(error, httpx.TimeoutException):
            why = f"timed out after {max(round(seconds, 2), 0):g} seconds"
        else:
            why = str(error) or type(error).__name__
        return self._parts.redactor(f"{asked.method} {asked.shown}: {why}")

    def _record(self, asked: Asked, status: int, error: str) -> None:
        redactor = self._parts.redactor
        self._parts.ledger.record(
            Exchange(
                asked.method,
                str(asked.url),
                redactor(asked.shown),
                asked.host,
                asked.body,
                status,
                error,
                asked.expected,
            )
        )

    def _is_secret(self, value: bytes) -> bool:
        return self._parts.redactor.finds(value.decode(errors="replace"))


def _with_user(asked: Asked) -> tuple[tuple[bytes, bytes], ...]:
    """Turn `https://user:password@host/` into the header that it stands for."""
    url = asked.url
    if not (url.username or url.password) or any(
        name.lower() == b"authorization" for name, _ in asked.headers
    ):
        return asked.headers
    token = b64encode(f"{url.username}:{url.password}".encode())
    return (*asked.headers, (b"Authorization", b"Basic " + token))


def _check_scheme(target: httpx.URL) -> None:
    if target.scheme not in SCHEMES:
        raise BlockedAddressError(
            f"http.request: a redirect to '{target.scheme}:' is refused: only http and https"
        )


def _drain(response: httpx.Response) -> None:
    """Read a short body, so that its connection can be used again."""
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > _DRAINED:
            return


def _encoding(response: httpx.Response) -> str:
    return str(response.headers.get("content-encoding", "identity"))


def _join_headers(response: httpx.Response) -> dict[Value, Value]:
    joined: dict[Value, Value] = {}
    for name, value in response.headers.raw:
        key = name.decode("ascii", errors="replace").lower()
        before = joined.get(key)
        joined[key] = before + b", " + value if isinstance(before, bytes) else value
    return joined
