"""The guest's end of its only socket."""

import socket

from controller.lua.wire import HEADER, VERSION, Kind

JOINED_BELOW = 64 * 1024
"""Bodies up to this size leave in one system call; larger ones are not copied."""


class Channel:
    """Whole frames out, whole frames in, in the order of the conversation."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send(self, kind: Kind, body: bytes) -> None:
        """
        Send one frame; waits while the host is busy.

        Raises:
            EOFError: Nobody reads.
        """
        header = HEADER.pack(len(body), VERSION, kind)
        try:
            if len(body) <= JOINED_BELOW:
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
        body = bytearray(length)
        view = memoryview(body)
        done = 0
        while done < length:
            try:
                count = self._socket.recv_into(view[done:])
            except OSError as error:
                raise EOFError(str(error)) from error
            if count == 0:
                raise EOFError("the socket ended")
            done += count
        return body
