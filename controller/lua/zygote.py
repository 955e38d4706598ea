"""
The warm process that guests are forked from: `python -I -m controller.lua.zygote FD`.

Single-threaded, with an empty environment and one inherited socket.  It forks on
request and reaps on request only: until its host has asked for a guest's end, the
guest's process id cannot pass to a stranger, so the host may signal it.
"""

import ctypes
import gc
import os
import runpy
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping

from controller.lua.guest.channel import Channel
from controller.lua.guest.desk import Operation
from controller.lua.guest.functions import hash_sha256, sign_sha256
from controller.lua.guest.jail import confine, die_with_parent, leave_family
from controller.lua.guest.session import Session, Surroundings
from controller.lua.guest.vm import LuaSources, read_sources

ORDER = struct.Struct("=ci")
"""From the host: `F` with a socket attached, or `R` and the process id to reap."""
REPLY = struct.Struct("=ii")
"""A process id and 0, or a process id and its wait status; a negative id is an errno."""

GuestLife = Callable[[socket.socket, int], None]


def main(arguments: list[str]) -> None:
    """Serve forks until the host is gone."""
    control = socket.socket(fileno=int(arguments[0]))
    if "--with-thread" in arguments:
        # Only if that thread lives as long as its process: the kernel means the thread.
        die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    extra = _read_probe(arguments)
    sources = read_sources()
    _warm_up()
    serve(control, lambda sock, parent: live(sock, parent, sources, extra))


def serve(control: socket.socket, life: GuestLife) -> None:
    """Fork and reap as the host asks; at its end, end every guest that is left."""
    guests: set[int] = set()
    parent = os.getpid()
    while True:
        order, descriptors = _next_order(control)
        if order is None:
            break
        verb, pid = order
        if verb == b"F":
            control.sendall(_fork(descriptors[0], parent, guests, life))
        else:
            control.sendall(REPLY.pack(pid, os.waitpid(pid, 0)[1]))
            guests.discard(pid)
    for pid in guests:
        os.kill(pid, signal.SIGKILL)


def live(
    sock: socket.socket, parent: int, sources: LuaSources, extra: Mapping[bytes, Operation]
) -> None:
    """Be a guest."""
    around = Surroundings(
        sources=sources,
        clock=time.monotonic,
        alarm=lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None,
        confine=confine,
        extra=extra,
    )
    try:
        Session(Channel(leave_family(sock, parent)), around).run()
    except EOFError:
        return


def _next_order(control: socket.socket) -> tuple[tuple[bytes, int] | None, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(control, ORDER.size, 1)
    if len(data) < ORDER.size:
        return None, []
    return ORDER.unpack(data), descriptors


def _fork(descriptor: int, parent: int, guests: set[int], life: GuestLife) -> bytes:
    with socket.socket(fileno=descriptor) as sock:
        try:
            pid = os.fork()
        except OSError as error:
            return REPLY.pack(-(error.errno or 1), 0)
        if pid == 0:
            _be_guest(sock, parent, life)
        guests.add(pid)
        return REPLY.pack(pid, 0)


def _be_guest(sock: socket.socket, parent: int, life: GuestLife) -> None:
    # Nothing of the zygote may run in its copy: neither handlers nor flushes.
    status = 1
    try:
        life(sock, parent)
        status = 0
    finally:
        os._exit(status)


def _warm_up() -> None:
    """Load now what would open files on first use, and keep the copy shared."""
    sign_sha256(b"", hash_sha256(b""))
    ctypes.CDLL(None)
    gc.collect()
    gc.disable()
    gc.freeze()


def _read_probe(arguments: list[str]) -> Mapping[bytes, Operation]:
    """`--probe FILE`: its function `probe` becomes callable from scripts.  For tests of the jail."""
    if "--probe" not in arguments:
        return {}
    names = runpy.run_path(arguments[arguments.index("--probe") + 1])
    return {b"probe": names["probe"]}


if __name__ == "__main__":
    main(sys.argv[1:])
