"""Frames over a socket whose other end may do anything."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

import pytest

from controller.errors import GuestCrashError
from controller.lua.line import Cut, Frame, Line
from controller.lua.wire import HEADER, VERSION, Kind


@dataclass
class Ends:
    line: Line
    guest: socket.socket
    waker: socket.socket


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, guest = socket.socketpair()
    wake, waker = socket.socketpair()
    with ours, guest, wake, waker:
        line = Line(ours, wake)
        line.until = monotonic() + 5
        yield Ends(line, guest, waker)


def raw(kind: int, body: bytes, *, version: int = VERSION, length: int | None = None) -> bytes:
    return HEADER.pack(len(body) if length is None else length, version, kind) + body


def at_most_100(_: Kind) -> int:
    return 100


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (raw(99, b""), "a frame of kind 99 and version 1"),
        (raw(Kind.START, b""), "a frame of kind 1 and version 1"),
        (raw(Kind.READY, b"", version=2), "a frame of kind 16 and version 2"),
        (raw(Kind.FAILED, b"", length=101), "a FAILED frame of 101 bytes"),
        (raw(Kind.FAILED, b"half", length=8), "a frame that ends early"),
        (raw(Kind.FAILED, b"", length=8), "a frame that ends early"),
        (b"\x00\x00", "a frame that ends early"),
    ],
)
def test_what_is_no_frame_is_named(ends: Ends, sent: bytes, said: str) -> None:
    ends.guest.sendall(sent)
    ends.guest.close()

    with pytest.raises(GuestCrashError, match=said):
        ends.line.receive(at_most_100)


def test_frames_sent_together_are_read_one_by_one(ends: Ends) -> None:
    ends.guest.sendall(raw(Kind.ITEMS, b"one") + raw(Kind.FAILED, b"") + raw(Kind.ITEMS, b"two"))

    read = [ends.line.receive(at_most_100) for _ in range(3)]

    assert read == [
        Frame(Kind.ITEMS, bytearray(b"one")),
        Frame(Kind.FAILED, bytearray()),
        Frame(Kind.ITEMS, bytearray(b"two")),
    ]


def test_a_closed_socket_is_no_frame(ends: Ends) -> None:
    ends.guest.close()

    assert ends.line.receive(at_most_100) is Cut.CLOSED
    assert ends.line.send(Kind.START, b"x") is Cut.CLOSED


def test_silence_ends_at_its_time(ends: Ends) -> None:
    ends.line.until = monotonic() + 0.05

    assert ends.line.receive(at_most_100) is Cut.TIMEOUT


def test_a_frame_that_does_not_arrive_whole_ends_at_its_time(ends: Ends) -> None:
    ends.line.until = monotonic() + 0.05
    ends.guest.sendall(raw(Kind.FAILED, b"half", length=8))

    assert ends.line.receive(at_most_100) is Cut.TIMEOUT


def test_a_guest_that_does_not_read_is_not_waited_for(ends: Ends) -> None:
    ends.line.until = monotonic() + 0.05

    assert ends.line.send(Kind.RESULT, b"x" * 4_000_000) is Cut.TIMEOUT


def test_somebody_who_wants_an_end_gets_it(ends: Ends) -> None:
    ends.waker.send(b"!")

    assert ends.line.receive(at_most_100) is Cut.CANCELLED


def test_small_frames_leave_in_one_piece(ends: Ends) -> None:
    assert ends.line.send(Kind.TAKEN, b"body") is None

    assert ends.guest.recv(100) == raw(Kind.TAKEN, b"body")
