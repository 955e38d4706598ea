"""
Open a path that must stay below a directory, whatever links are on the way.

Linux does it in one call (openat2, since 5.6).  Elsewhere the links are
resolved first and the resolved path is then walked from directory to directory
without following any, so that a link put there in between fails instead of
leading out.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path
from typing import Final, Protocol

_OPENAT2: Final = 437  # the same number on every architecture
_RESOLVE: Final = 0x02 | 0x08  # NO_MAGICLINKS, BENEATH
_TRIES: Final = 8


class Beneath(Protocol):
    """A directory held open; paths are relative to it."""

    def open(self, path: str, flags: int) -> int:
        """
        Open a path; the descriptor belongs to the caller.

        Raises:
            OSError: As `os.open`; EXDEV when the path leads out of the directory.
        """

    def close(self) -> None:
        """Let go of the directory."""


def open_directory(directory: Path) -> Beneath:
    """Choose what this kernel can do; raises OSError if there is no such directory."""
    if sys.platform == "linux":
        beneath = KernelBeneath(directory)
        try:
            os.close(beneath.open(".", os.O_RDONLY | os.O_DIRECTORY))
        except OSError:
            beneath.close()
        else:
            return beneath
    return WalkingBeneath(directory)


class KernelBeneath:
    """Leaves the resolution to openat2."""

    def __init__(self, directory: Path) -> None:
        self._directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._call = ctypes.CDLL(None, use_errno=True).syscall
        self._call.restype = ctypes.c_long

    def open(self, path: str, flags: int) -> int:
        """See `Beneath.open`."""
        how = _OpenHow(flags | os.O_CLOEXEC, 0, _RESOLVE)
        number = errno.EAGAIN
        for _ in range(_TRIES):
            found = self._call(
                ctypes.c_long(_OPENAT2),
                ctypes.c_int(self._directory),
                ctypes.c_char_p(os.fsencode(path)),
                ctypes.byref(how),
                ctypes.c_size_t(ctypes.sizeof(how)),
            )
            if found >= 0:
                return int(found)
            number = ctypes.get_errno()
            # EAGAIN: something was renamed while the kernel resolved a link.
            if number not in (errno.EAGAIN, errno.EINTR):
                break
        raise OSError(number, os.strerror(number), path)

    def close(self) -> None:
        """See `Beneath.close`."""
        os.close(self._directory)


class WalkingBeneath:
    """Resolves links first, then walks without following any."""

    def __init__(self, directory: Path) -> None:
        self._root = os.path.realpath(directory)
        self._directory = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def open(self, path: str, flags: int) -> int:
        """See `Beneath.open`."""
        resolved = Path(os.path.realpath(Path(self._root, path), strict=True))
        if not resolved.is_relative_to(self._root):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
        *parents, last = resolved.relative_to(self._root).parts or (".",)
        here = os.dup(self._directory)
        try:
            for name in parents:
                step = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                below = os.open(name, step, dir_fd=here)
                os.close(here)
                here = below
            return os.open(last, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
        finally:
            os.close(here)

    def close(self) -> None:
        """See `Beneath.close`."""
        os.close(self._directory)


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )
