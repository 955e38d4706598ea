"""
How a guest gives up what it could do, in an order that cannot be undone.

Every layer is tried and reported; whether one may be missing is decided by who
asked for the guest.
"""

import ctypes
import os
import resource
import signal
import socket
import sys

from controller.lua.guest.seccomp import build_filter, install_filter, machine_name
from controller.lua.wire import Ready

HEADROOM = 512 * 1024 * 1024
"""Address space beside the script's memory: the interpreter, a body and its JSON."""

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

KEPT = 3
"""The file descriptor that stays open."""

_OPEN_AT_MOST = 1024
"""The zygote opens a handful of files; this is above every number they can have."""


def die_with_parent() -> None:
    """Ask the kernel to end this process with the thread that started it, where it can."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def leave_family(sock: socket.socket, parent: int) -> socket.socket:
    """
    Cut what a fork inherits: parent, session, signals, open files.

    Gives the socket back under its new number; the one passed in is spent.
    """
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    os.setsid()
    for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if sock.fileno() != KEPT:
        os.dup2(sock.fileno(), KEPT, inheritable=False)
    sock.detach()
    os.closerange(0, KEPT)
    os.closerange(KEPT + 1, _OPEN_AT_MOST)
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=KEPT)


def confine(memory: int) -> Ready:
    """
    Bound this process for good; `memory` is what the script may hold, in bytes.

    Afterwards it can compute, use its socket and end.
    """
    limited = _limit(memory)
    if sys.platform != "linux":
        return Ready(seccomp=False, no_new_privs=False, rlimits=limited)
    libc = _libc()
    # Neither a debugger nor a core file may read a guest's secrets.
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    privileges = libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    program = build_filter(machine_name(), os.getpid())
    filtered = privileges and program is not None and install_filter(libc, program)
    return Ready(seccomp=filtered, no_new_privs=privileges, rlimits=limited)


def _limit(memory: int) -> bool:
    wanted = [
        (resource.RLIMIT_AS, memory + HEADROOM),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, KEPT + 1),
        # Counts the user's processes, not ours: no effect for root, else no fork.
        (resource.RLIMIT_NPROC, 0),
    ]
    # Every one is tried, even after one was refused.
    lowered = [_lower(kind, bound) for kind, bound in wanted]
    return all(lowered)


def _lower(kind: int, bound: int) -> bool:
    try:
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            bound = min(bound, hard)
        resource.setrlimit(kind, (bound, bound))
    except (ValueError, OSError):
        return False
    return True


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
