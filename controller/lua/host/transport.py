"""
httpx over httpcore, with connections that go only where the guard lets them.

Used without `httpx.Client`, which keeps cookies between requests and logs
whole URLs; a script expects neither.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpcore
import httpx

from controller.lua.host.connection import GuardedBackend
from controller.lua.host.guard import AddressPolicy, check_address, literal
from controller.lua.host.proxies import Proxies
from controller.lua.host.resolving import Resolver
from controller.lua.host.watch import Watch

MAX_IDLE = 10
IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a transport is made of."""

    policy: AddressPolicy
    watch: Watch
    proxies: Proxies
    resolver: Resolver
    tls: Callable[[], ssl.SSLContext]
    """Called for the first https URL: reading the certificates takes 60 ms."""


def trusted_certificates() -> ssl.SSLContext:
    """Verify against the bundle that comes with httpx and that of the system."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class GuardedTransport(httpx.BaseTransport):
    """Keeps connections open per origin; `close` ends them."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._tls: ssl.SSLContext | None = None
        self._routes: dict[tuple[str, str | None], _Route] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; its watch must be running."""
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
        )
        route = self._route_for(url)
        with _translated():
            answer = route.send(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """End all connections."""
        for route in self._routes.values():
            route.pool.close()
        self._routes.clear()

    def _route_for(self, url: httpx.URL) -> "_Route":
        host = url.raw_host.decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        proxy = self._wiring.proxies.choose(url.scheme, host, port)
        if proxy is not None and (address := literal(host)) is not None:
            # The proxy resolves names, so only an address can be judged here.
            check_address(self._wiring.policy, host, address)
        key = (url.scheme, proxy)
        if key not in self._routes:
            self._routes[key] = self._open_route(url.scheme, proxy)
        return self._routes[key]

    def _open_route(self, scheme: str, proxy: str | None) -> "_Route":
        if scheme == "https" and self._tls is None:
            self._tls = self._wiring.tls()
        policy = self._wiring.policy if proxy is None else None
        backend = GuardedBackend(policy, self._wiring.resolver, self._wiring.watch)
        pool = httpcore.ConnectionPool(
            ssl_context=self._tls,
            proxy=None if proxy is None else _read_proxy(proxy),
            max_connections=MAX_IDLE,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=backend,
        )
        return _Route(pool, backend)


@dataclass(frozen=True, slots=True)
class _Route:
    """The connections of one scheme through one proxy, or through none."""

    pool: httpcore.ConnectionPool
    backend: GuardedBackend

    def send(self, asked: httpcore.Request) -> httpcore.Response:
        """
        Send a request, once more if it met a connection that the server was just closing.

        RFC 9110 §9.2.2 allows that for what changes nothing; without it, a pause
        as long as the server's own patience fails every now and then.
        """
        before = self.backend.opened
        try:
            return self.pool.handle_request(asked)
        except (httpcore.ReadError, httpcore.RemoteProtocolError):
            if self.backend.opened > before or asked.method not in (b"GET", b"HEAD"):
                raise
            return self.pool.handle_request(asked)


class _Body(httpx.SyncByteStream):
    """The body as it comes off the connection; closing it early ends the connection."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        with _translated():
            self._answer.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise httpx.TimeoutException(str(error)) from error
    except httpcore.ProtocolError as error:
        # What the server sent stays out: its bytes are no words for a person.
        why = str(error).partition(": bytearray(")[0].rstrip(".")
        raise httpx.TransportError(why) from error
    except (httpcore.NetworkError, httpcore.ProxyError) as error:
        raise httpx.TransportError(str(error)) from error


def _read_proxy(url: str) -> httpcore.Proxy:
    proxy = httpx.Proxy(url)
    plain = httpcore.URL(
        scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/"
    )
    return httpcore.Proxy(plain, auth=proxy.raw_auth)
