"""
`fs.read` and `fs.list`: regular files of the connector's own directory.

A registry is somebody's git checkout, so its links, pipes and names are
hostile until shown otherwise; beneath.py keeps every path inside.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from controller.errors import CapabilityError, ResponseTooLargeError
from controller.lua.deadline import Deadline
from controller.lua.host.arguments import argument, as_text, spell_size
from controller.lua.host.base import Value
from controller.lua.host.beneath import Beneath, open_directory
from controller.lua.limits import MEBIBYTE, GuestLimits

MAX_ENTRIES = 100_000
"""Files in one directory."""
MAX_PATH = 4096
MAX_GLOB = 255

_PIECE = MEBIBYTE
_MISSING = (errno.ENOENT, errno.ENOTDIR)
_OUTSIDE = (errno.EXDEV, errno.ELOOP)


class Files:
    """The files of one directory; `close` lets go of it."""

    def __init__(
        self, directory: Path, limits: GuestLimits, *, max_entries: int = MAX_ENTRIES
    ) -> None:
        self._beneath: Beneath = open_directory(directory)
        self._limit = limits.response
        self._max_entries = max_entries

    def close(self) -> None:
        """Let go of the directory."""
        self._beneath.close()

    def read(self, arguments: Sequence[Value], _deadline: Deadline) -> Value:
        """Serve `fs.read(path)`: the bytes of a regular file."""
        path = _path(argument(arguments, 0), "fs.read")
        with self._opened(path, "fs.read", os.O_NONBLOCK) as descriptor:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise CapabilityError(f"fs.read: '{path}' is {_kind(facts.st_mode)}, no file")
            return self._content(descriptor, path, facts.st_size)

    def list(self, arguments: Sequence[Value], _deadline: Deadline) -> Value:
        """
        Serve `fs.list(directory, glob)`: what can be read there, sorted by name.

        Not recursive.  The glob is held against the name.  Links that lead out
        or nowhere, pipes and sockets are left out: nothing can be done with them.
        """
        path = _path(argument(arguments, 0), "fs.list")
        glob = argument(arguments, 1)
        pattern = None if glob is None else as_text(glob, "fs.list: the glob")
        if pattern is not None and len(pattern) > MAX_GLOB:
            raise CapabilityError(f"fs.list: the glob is longer than {MAX_GLOB} characters")
        with self._opened(path, "fs.list", os.O_DIRECTORY) as descriptor:
            names = sorted(self._names(descriptor, path, pattern), key=os.fsencode)
            return [*self._entries(descriptor, path, names)]

    @contextmanager
    def _opened(self, path: str, what: str, flags: int) -> Iterator[int]:
        try:
            descriptor = self._beneath.open(path, os.O_RDONLY | flags)
        except OSError as error:
            raise CapabilityError(f"{what}: {_why(error, path)}") from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _content(self, descriptor: int, path: str, expected: int) -> bytes:
        if expected > self._limit:
            raise self._too_large(path)
        pieces: list[bytes] = []
        size = 0
        # The size is only a hint: somebody may be writing to the file.
        while piece := _read(descriptor, path, min(_PIECE, max(expected - size, 0) + 1)):
            size += len(piece)
            if size > self._limit:
                raise self._too_large(path)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _too_large(self, path: str) -> ResponseTooLargeError:
        return ResponseTooLargeError(
            f"fs.read: '{path}' is larger than {spell_size(self._limit)} (max_response_size)",
            hint="raise max_response_size",
        )

    def _names(self, descriptor: int, path: str, pattern: str | None) -> Iterator[str]:
        with os.scandir(descriptor) as entries:
            for count, entry in enumerate(entries, start=1):
                if count > self._max_entries:
                    raise CapabilityError(
                        f"fs.list: '{path}' holds more than {self._max_entries} files"
                    )
                if pattern is None or fnmatchcase(entry.name, pattern):
                    yield entry.name

    def _entries(self, directory: int, path: str, names: Sequence[str]) -> Iterator[Value]:
        prefix = "" if (plain := os.path.normpath(path)) == "." else plain + "/"
        for name in names:
            facts = self._facts(directory, prefix, name)
            if facts is None:
                continue
            is_dir = stat.S_ISDIR(facts.st_mode)
            if is_dir or stat.S_ISREG(facts.st_mode):
                yield {
                    "path": os.fsencode(prefix + name),
                    "name": os.fsencode(name),
                    "size": 0 if is_dir else facts.st_size,
                    "modified": int(facts.st_mtime),
                    "is_dir": is_dir,
                }

    def _facts(self, directory: int, prefix: str, name: str) -> os.stat_result | None:
        with suppress(OSError):
            facts = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISLNK(facts.st_mode):
                return facts
            descriptor = self._beneath.open(prefix + name, os.O_RDONLY | os.O_NONBLOCK)
            try:
                return os.fstat(descriptor)
            finally:
                os.close(descriptor)
        return None


def _path(value: Value, what: str) -> str:
    """Take a path that can only go down; bytes that are no UTF-8 stay what they are."""
    if isinstance(value, bytes):
        path = os.fsdecode(value)
    else:
        path = as_text(value, f"{what}: the path")
    if "\0" in path:
        raise CapabilityError(f"{what}: the path holds a NUL character")
    if path == "":
        raise CapabilityError(f"{what}: the path is empty")
    if len(path) > MAX_PATH:
        raise CapabilityError(f"{what}: the path is longer than {MAX_PATH} characters")
    if path.startswith("/") or ".." in path.split("/"):
        raise CapabilityError(f"{what}: {_outside(path)}")
    return path


def _read(descriptor: int, path: str, size: int) -> bytes:
    try:
        return os.read(descriptor, size)
    except OSError as error:
        raise CapabilityError(f"fs.read: {_why(error, path)}") from error


def _why(error: OSError, path: str) -> str:
    if error.errno in _MISSING:
        return f"'{path}' does not exist"
    if error.errno in _OUTSIDE:
        return _outside(path)
    return f"'{path}' cannot be opened: {os.strerror(error.errno or 0).lower()}"


def _outside(path: str) -> str:
    return f"path escapes the connector's directory: '{path}'"


def _kind(mode: int) -> str:
    return "a directory" if stat.S_ISDIR(mode) else "a pipe, socket or device"
