"""Runs inside a guest, behind its jail: tries what must not work, and breaks what can be broken."""

import ctypes
import errno
import os
import signal
import socket
import time
from collections.abc import Callable


def probe(what: bytes) -> bytes:
    """Try one thing by name; gives `ok`, or the name of the error it ended in."""
    try:
        value: object = ATTEMPTS[what.decode()]()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "?").encode()
    return value if isinstance(value, bytes) else b"ok"


def _exec() -> None:
    os.execv("/bin/true", ["true"])


def _crash() -> None:
    ctypes.string_at(0)


def _executable_memory() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    # Read, write and execute; private, anonymous.
    if libc.mmap(None, 4096, 7, 0x22, -1, 0) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")


def _raw(number: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 0, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "syscall")


def _send(raw: bytes) -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, 3).sendall(raw)


def _environment() -> bytes:
    return repr(dict(os.environ)).encode()


def _files() -> bytes:
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(1)
    peek = socket.MSG_PEEK | socket.MSG_DONTWAIT
    found = [
        number
        for number in range(1024)
        if libc.recv(number, buffer, 1, peek) >= 0 or ctypes.get_errno() != errno.EBADF
    ]
    return repr(found).encode()


def _spin() -> None:
    while True:
        time.monotonic()


def _silence() -> None:
    """Switch the guest's own alarm off and stay busy: only the host can end this."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    _spin()


def _half_frame() -> None:
    _send(b"\x00\x00\x01\x00\x01\x15half")
    os._exit(0)


ATTEMPTS: dict[str, Callable[[], object]] = {
    "open": lambda: os.open("/etc/hostname", os.O_RDONLY),
    "create": lambda: os.open("/tmp/x", os.O_RDWR | os.O_CREAT),
    "listdir": lambda: os.listdir("/"),  # noqa: PTH208  the system call is the point
    "socket": socket.socket,
    "fork": os.fork,
    "exec": _exec,
    "kill": lambda: os.kill(os.getppid(), 0),
    "kill_self": lambda: os.kill(os.getpid(), 0),
    "executable": _executable_memory,
    "ptrace": lambda: _raw(101),
    "environment": _environment,
    "files": _files,
    "abort": os.abort,
    "crash": _crash,
    "exit": lambda: os._exit(7),
    "spin": _spin,
    "silence": _silence,
    "half_frame": _half_frame,
    "wrong_version": lambda: _send(b"\x00\x00\x00\x00\x09\x15"),
    "wrong_kind": lambda: _send(b"\x00\x00\x00\x00\x01\x02"),
    "oversized": lambda: _send(b"\xff\xff\xff\xff\x01\x15"),
    "garbage_items": lambda: _send(b"\x00\x00\x00\x04\x01\x13junk"),
    "out_of_order": lambda: _send(b"\x00\x00\x00\x04\x01\x10\x93\xc3\xc3\xc3"),
    "foreign_request": lambda: _send(b"\x00\x00\x00\x09\x01\x12\x92\xc4\x05shell\x90"),
}
