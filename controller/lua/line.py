"""The host's end of a guest's socket: frames, with a time limit and a way to be interrupted."""

import select
import socket
from collections.abc import Callable
from enum import StrEnum
from time import monotonic
from typing import NamedTuple

from controller.errors import GuestCrashError
from controller.lua.wire import HEADER, VERSION, Kind

FROM_GUEST = frozenset(kind for kind in Kind if kind >= Kind.READY)


GULP = 64 * 1024
"""Bytes to ask for at once, and bodies up to which header and body leave together."""


class Cut(StrEnum):
    """Why there is no frame."""

    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class Frame(NamedTuple):
    """One frame of a guest, its body unread."""

    kind: Kind
    body: bytearray


class Line:
    """
    Sends and receives whole frames.

    `wake` becomes readable when somebody asks for an end.  `until` is a point
    on the monotonic clock, moved from outside as waits are excluded.
    """

    def __init__(self, sock: socket.socket, wake: socket.socket) -> None:
        sock.settimeout(0)
        self._socket = sock
        self._poll = select.poll()
        self._poll.register(wake, select.POLLIN)
        self._wake = wake.fileno()
        self._unread = bytearray()
        self.until = monotonic()

    def send(self, kind: Kind, body: bytes | bytearray) -> Cut | None:
        """Send one frame; gives why the guest did not take it, or None."""
        header = HEADER.pack(len(body), VERSION, kind)
        if len(body) <= GULP:
            return self._write(header + body)
        return self._write(header) or self._write(body)

    def receive(self, largest: Callable[[Kind], int]) -> Frame | Cut:
        """
        Wait for a frame; `largest` bounds its body by kind, before it is read.

        Raises:
            GuestCrashError: What came is no frame.
        """
        header = self._read(HEADER.size)
        if isinstance(header, Cut):
            return header
        length, version, number = HEADER.unpack(header)
        if version != VERSION or number not in FROM_GUEST:
            raise broken(f"a frame of kind {number} and version {version}")
        kind = Kind(number)
        if length > largest(kind):
            raise broken(f"a {kind.name} frame of {length} bytes")
        body = self._read(length)
        if body is Cut.CLOSED:
            raise broken("a frame that ends early")
        return body if isinstance(body, Cut) else Frame(kind, body)

    def _write(self, text: bytes | bytearray) -> Cut | None:
        pending = memoryview(text)
        while pending:
            try:
                pending = pending[self._socket.send(pending) :]
            except BlockingIOError:
                if cut := self._wait(select.POLLOUT):
                    return cut
            except OSError:
                return Cut.CLOSED
        return None

    def _read(self, length: int) -> bytearray | Cut:
        # Small frames arrive whole in one gulp, header included.
        while len(self._unread) < length:
            if cut := self._wait(select.POLLIN):
                return cut
            try:
                some = self._socket.recv(max(GULP, length - len(self._unread)))
            except OSError:
                some = b""
            if not some:
                if self._unread:
                    raise broken("a frame that ends early")
                return Cut.CLOSED
            self._unread += some
        if len(self._unread) == length:
            body, self._unread = self._unread, bytearray()
            return body
        body = self._unread[:length]
        del self._unread[:length]
        return body

    def _wait(self, event: int) -> Cut | None:
        left = max(self.until - monotonic(), 0.0)
        self._poll.register(self._socket, event)
        ready = dict(self._poll.poll(left * 1000))
        if self._wake in ready:
            return Cut.CANCELLED
        return None if ready else Cut.TIMEOUT


def broken(what: str) -> GuestCrashError:
    """Name a breach of the protocol: the guest is not the program we started any more."""
    return GuestCrashError(
        f"the script's process sent {what}",
        hint="its memory is damaged or it was taken over; it was killed",
    )
