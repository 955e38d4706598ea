"""
Connections for httpcore: where they go is judged, how long they take is watched.

The address that is judged is the address that is connected to, so a name that
resolves differently the second time gains nothing; Host and SNI stay the name.
"""

import errno
import os
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import httpcore

from controller.errors import BlockedAddressError
from controller.lua.host.guard import Address, AddressPolicy, check_address
from controller.lua.host.resolving import Resolver, resolve
from controller.lua.host.watch import Watch

T = TypeVar("T")


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves, judges, connects.  Without a policy it goes to the proxy that was set for us."""

    def __init__(self, policy: AddressPolicy | None, resolver: Resolver, watch: Watch) -> None:
        self._policy = policy
        self._resolver = resolver
        self._watch = watch
        self.opened = 0
        """Connections made so far."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  the watch knows better
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """
        Connect to the first address that may be reached and answers.

        Raises:
            BlockedAddressError: No address of the host may be reached.
            httpcore.ConnectError: None answers, or the name does not resolve.
            httpcore.ConnectTimeout: The watch ran out.
        """
        with _named(httpcore.ConnectError, httpcore.ConnectTimeout):
            try:
                found = resolve(host, self._resolver, self._watch)
            except TimeoutError:
                raise
            except OSError as error:
                raise httpcore.ConnectError(f"cannot resolve '{host}'") from error
            link = self._reach(host, self._allowed(host, found), port)
        self.opened += 1
        return WatchedStream(link, self._watch)

    def _allowed(self, host: str, found: Sequence[Address]) -> Sequence[Address]:
        """Leave out what is refused; if nothing else is there, say so."""
        policy = self._policy
        if policy is None:
            return found
        allowed: list[Address] = []
        refused: list[BlockedAddressError] = []
        for address in found:
            try:
                check_address(policy, host, address)
            except BlockedAddressError as error:
                refused.append(error)
            else:
                allowed.append(address)
        if refused and not allowed:
            raise refused[0]
        return allowed

    def _reach(self, host: str, addresses: Sequence[Address], port: int) -> socket.socket:
        problem: OSError = OSError(errno.EADDRNOTAVAIL, f"'{host}' has no address")
        for tried, address in enumerate(addresses):
            # One that does not answer may not use up the time of the others.
            patience = self._watch.left() / (len(addresses) - tried)
            try:
                return self._connect(address, port, patience)
            except OSError as error:
                problem = error
        raise problem

    def _connect(self, address: Address, port: int, patience: float) -> socket.socket:
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        link = socket.socket(family, socket.SOCK_STREAM)
        try:
            link.settimeout(0)
            number = link.connect_ex((str(address), port))
            if number == errno.EINPROGRESS:
                self._await_connection(link, patience)
                number = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            _check_connected(number)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            link.close()
            raise
        return link

    def _await_connection(self, link: socket.socket, patience: float) -> None:
        end = time.monotonic() + patience
        waiting = select.poll()
        waiting.register(link, select.POLLOUT)
        while not waiting.poll(min(self._watch.slice(), max(end - time.monotonic(), 0)) * 1000):
            if time.monotonic() >= end:
                raise TimeoutError


class WatchedStream(httpcore.NetworkStream):
    """A socket whose every wait asks the watch; httpcore's own timeouts are per read."""

    def __init__(self, link: socket.socket, watch: Watch) -> None:
        self._link = link
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """See httpcore."""
        with _named(httpcore.ReadError, httpcore.ReadTimeout):
            return self._patiently(partial(self._link.recv, max_bytes))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """See httpcore."""
        rest = memoryview(buffer)
        with _named(httpcore.WriteError, httpcore.WriteTimeout):
            while rest:
                rest = rest[self._patiently(partial(self._link.send, rest)) :]

    def close(self) -> None:
        """See httpcore."""
        self._link.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """See httpcore; the socket is closed when the handshake fails."""
        try:
            with _named(httpcore.ConnectError, httpcore.ConnectTimeout):
                # The old socket is an empty shell from here on: ours is the secured one.
                self._link = secured = ssl_context.wrap_socket(
                    self._link, server_hostname=server_hostname, do_handshake_on_connect=False
                )
                self._patiently(secured.do_handshake)
        except BaseException:
            self._link.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """See httpcore, which asks whether an idle connection was closed, and for TLS."""
        if info == "is_readable":
            waiting = select.poll()
            waiting.register(self._link, select.POLLIN)
            return bool(waiting.poll(0))
        if info == "ssl_object" and isinstance(self._link, ssl.SSLSocket):
            return self._link
        return None

    def _patiently(self, attempt: Callable[[], T]) -> T:
        while True:
            self._link.settimeout(self._watch.slice())
            try:
                return attempt()
            except TimeoutError:
                continue


def _check_connected(number: int) -> None:
    if number:
        raise OSError(number, os.strerror(number))


@contextmanager
def _named(failed: type[Exception], expired: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise expired("timed out") from error
    except ssl.SSLCertVerificationError as error:
        raise failed(f"TLS: the certificate is not trusted: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise failed(f"TLS: {error.reason or error}") from error
    except OSError as error:
        raise failed((error.strerror or str(error)).lower()) from error
