"""The guest's end of its only socket."""

import socket

from controller.lua.wire import HEADER, VERSION, Kind

GULP = 64 * 1024
"""Bytes to ask for at once, and bodies up to which header and body leave together."""


class Channel:
    """Whole frames out, whole frames in, in the order of the conversation."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._unread = bytearray()

    def send(self, kind: Kind, body: bytes) -> None:
        """
        Send one frame; waits while the host is busy.

        Raises:
            EOFError: Nobody reads.
        """
        header = HEADER.pack(len(body), VERSION, kind)
        try:
            if len(body) <= GULP:
                self._socket.sendall(header + body)
            else:
                self._socket.sendall(header)
                self._socket.sendall(body)
        except OSError as error:
            raise EOFError(str(error)) from error

    def receive(self, expected: Kind) -> bytearray:
        """
        Wait for a frame and give its body.

        Raises:
            EOFError: The socket ended, or something else came: there is nobody to work for.
        """
        length, version, kind = HEADER.unpack(self._read(HEADER.size))
        if version != VERSION or kind != expected:
            raise EOFError(f"frame {kind} of version {version}, not {expected}")
        return self._read(length)

    def _read(self, length: int) -> bytearray:
        # Small frames come whole with their header; large ones are not copied.
        body = self._unread[:length]
        del self._unread[:length]
        while len(body) < length:
            missing = length - len(body)
            if missing > GULP:
                self._fill(body, missing)
                continue
            some = self._receive(GULP)
            body += some[:missing]
            self._unread += some[missing:]
        return body

    def _fill(self, body: bytearray, missing: int) -> None:
        done = len(body)
        body.extend(bytes(missing))
        with memoryview(body) as view:
            while done < len(view):
                try:
                    count = self._socket.recv_into(view[done:])
                except OSError as error:
                    raise EOFError(str(error)) from error
                if count == 0:
                    raise EOFError("the socket ended")
                done += count

    def _receive(self, most: int) -> bytes:
        try:
            some = self._socket.recv(most)
        except OSError as error:
            raise EOFError(str(error)) from error
        if not some:
            raise EOFError("the socket ended")
        return some
