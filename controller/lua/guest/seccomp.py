"""
The system calls that a guest may make, as a filter for the kernel.

An allow list: what is not named here ends in EPERM, and a call through another
architecture's door kills the process, since numbers mean other things there.
"""

import ctypes
import os
import struct
from typing import NamedTuple

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, EPERM, KILL = 0x7FFF0000, 0x00050001, 0x80000000
_NUMBER, _ARCH = 0, 4

_MAP_ANONYMOUS = 0x20
_PROT_EXEC = 0x4

X32_FROM = 0x40000000
"""x86-64 calls from here on are those of the x32 ABI."""

ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


class Call(NamedTuple):
    """A system call and its number on each architecture."""

    name: str
    x86_64: int
    aarch64: int


PLAIN_CALLS = (
    # The conversation, over the one socket that is open.
    Call("recvfrom", 45, 207),
    Call("sendto", 44, 206),
    # Memory; mmap and mprotect are looked at more closely below.
    Call("brk", 12, 214),
    Call("munmap", 11, 215),
    Call("mremap", 25, 216),
    Call("madvise", 28, 233),
    # The interpreter's lock.
    Call("futex", 202, 98),
    # Deadlines; the clock is a call only where the kernel offers no vDSO.
    Call("clock_gettime", 228, 113),
    Call("setitimer", 38, 103),
    # The way back from a signal, and on after a stop.
    Call("rt_sigreturn", 15, 139),
    Call("restart_syscall", 219, 128),
    Call("rt_sigprocmask", 14, 135),
    # abort(3) asks who it is, then signals itself: see tgkill.
    Call("getpid", 39, 172),
    Call("gettid", 186, 178),
    # The allocator's cookies.
    Call("getrandom", 318, 278),
    Call("exit", 60, 93),
    Call("exit_group", 231, 94),
)
_MMAP = {"x86_64": 9, "aarch64": 222}
_MPROTECT = {"x86_64": 10, "aarch64": 226}
_TGKILL = {"x86_64": 234, "aarch64": 131}


def build_filter(machine: str, pid: int) -> bytes | None:
    """Assemble the filter for a guest; None for an architecture that has no table here."""
    if machine not in ARCHES:
        return None
    program = [_step(_LOAD, _ARCH), _step(_EQUAL, ARCHES[machine], 1, 0), _step(_RETURN, KILL)]
    program.append(_step(_LOAD, _NUMBER))
    if machine == "x86_64":
        program += [_step(_AT_LEAST, X32_FROM, 0, 1), _step(_RETURN, KILL)]
    for call in PLAIN_CALLS:
        number = call.x86_64 if machine == "x86_64" else call.aarch64
        program += [_step(_EQUAL, number, 0, 1), _step(_RETURN, ALLOW)]
    # New memory is anonymous and never executable.
    program += _guarded(
        _MMAP[machine],
        [
            _step(_LOAD, _argument(3)),
            _step(_ANY_BIT, _MAP_ANONYMOUS, 1, 0),
            _step(_RETURN, EPERM),
            *_unless_executable(),
        ],
    )
    program += _guarded(_MPROTECT[machine], _unless_executable())
    # abort(3) must look like one: a process may signal itself, and nobody else.
    program += _guarded(
        _TGKILL[machine],
        [
            _step(_LOAD, _argument(0)),
            _step(_EQUAL, pid, 0, 1),
            _step(_RETURN, ALLOW),
            _step(_RETURN, EPERM),
        ],
    )
    program.append(_step(_RETURN, EPERM))
    return b"".join(program)


def install_filter(libc: ctypes.CDLL, program: bytes) -> bool:
    """Put this process under the filter, for good; needs no_new_privs.  False if the kernel refuses."""
    steps = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a count, padding, a pointer.
    head = struct.pack("=HxxxxxxQ", len(program) // 8, ctypes.addressof(steps))
    prog = ctypes.create_string_buffer(head, len(head))
    result = libc.prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_void_p(ctypes.addressof(prog)), 0, 0
    )
    return bool(result == 0)


def machine_name() -> str:
    """Name the architecture this process runs as."""
    return os.uname().machine


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


def _argument(index: int) -> int:
    # The low half: both architectures are little-endian, and no flag lies above.
    return 16 + 8 * index


def _unless_executable() -> list[bytes]:
    return [
        _step(_LOAD, _argument(2)),
        _step(_ANY_BIT, _PROT_EXEC, 1, 0),
        _step(_RETURN, ALLOW),
        _step(_RETURN, EPERM),
    ]


def _guarded(number: int, steps: list[bytes]) -> list[bytes]:
    """Run steps that end in a verdict, for one call only."""
    return [_step(_EQUAL, number, 0, len(steps)), *steps]
