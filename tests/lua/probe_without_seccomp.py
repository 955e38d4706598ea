"""Loaded by a zygote: makes its system one on which no further seccomp filter can be installed."""

import ctypes
import os
import struct

PRCTL = {"x86_64": 157, "aarch64": 167}[os.uname().machine]
SET_SECCOMP = 22
EPERM, ALLOW = 0x00050001, 0x7FFF0000


def _forbid_filters() -> None:
    steps = b"".join(
        struct.pack("=HBBI", *step)
        for step in (
            (0x20, 0, 0, 0),
            (0x15, 0, 3, PRCTL),
            (0x20, 0, 0, 16),
            (0x15, 0, 1, SET_SECCOMP),
            (0x06, 0, 0, EPERM),
            (0x06, 0, 0, ALLOW),
        )
    )
    program = ctypes.create_string_buffer(steps, len(steps))
    head = struct.pack("=HxxxxxxQ", len(steps) // 8, ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, 2, head, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def probe(text: bytes) -> bytes:
    return text


_forbid_filters()
