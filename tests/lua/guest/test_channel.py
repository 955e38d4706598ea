"""Frames as the guest reads and writes them."""

import socket
from collections.abc import Iterator

import pytest

from controller.lua.guest.channel import GULP, Channel
from controller.lua.wire import HEADER, VERSION, Kind


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, host = socket.socketpair()
    with ours, host:
        yield Channel(ours), host


def raw(kind: int, body: bytes, *, version: int = VERSION) -> bytes:
    return HEADER.pack(len(body), version, kind) + body


def test_frames_are_read_one_by_one_however_they_arrive(
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, host = ends
    large = b"x" * (GULP + 10_000)

    host.sendall(raw(Kind.START, b"one") + raw(Kind.CALL, large) + raw(Kind.TAKEN, b""))

    assert channel.receive(Kind.START) == b"one"
    assert channel.receive(Kind.CALL) == large
    assert channel.receive(Kind.TAKEN) == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\x00",
        raw(Kind.CALL, b""),
        raw(Kind.START, b"", version=2),
        HEADER.pack(10, VERSION, Kind.START) + b"half",
        HEADER.pack(10 * GULP, VERSION, Kind.START) + b"half",
    ],
)
def test_anything_else_means_that_the_host_is_gone(
    ends: tuple[Channel, socket.socket], sent: bytes
) -> None:
    channel, host = ends
    host.sendall(sent)
    host.close()

    with pytest.raises(EOFError):
        channel.receive(Kind.START)


@pytest.mark.parametrize("size", [0, 10, GULP + 1])
def test_frames_leave_with_their_header(ends: tuple[Channel, socket.socket], size: int) -> None:
    channel, host = ends

    channel.send(Kind.REQUEST, b"x" * size)

    header = host.recv(HEADER.size, socket.MSG_WAITALL)
    assert header == HEADER.pack(size, VERSION, Kind.REQUEST)
    assert size == 0 or host.recv(size, socket.MSG_WAITALL) == b"x" * size


def test_a_host_that_does_not_read_any_more_is_gone(ends: tuple[Channel, socket.socket]) -> None:
    channel, host = ends
    host.close()

    with pytest.raises(EOFError):
        channel.send(Kind.REQUEST, b"x")


def test_a_socket_that_fails_is_a_host_that_is_gone() -> None:
    ours, host = socket.socketpair()
    channel = Channel(ours)
    host.sendall(HEADER.pack(10 * GULP, VERSION, Kind.START))
    ours.settimeout(0)

    with host, ours, pytest.raises(EOFError):
        channel.receive(Kind.START)
    with pytest.raises(EOFError):
        channel.receive(Kind.START)
