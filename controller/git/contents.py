"""The files of a directory on disk: their sizes, and the digest of the whole."""

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from controller.model.names import Digest
from controller.model.tree import tree_digest


@dataclass(frozen=True, slots=True)
class Contents:
    """What a directory holds."""

    digest: Digest
    size: int
    files: int


def measure(root: Path) -> Contents:
    """
    Digest every regular file below a directory, as `model.tree` defines it.

    Anything that is no regular file (a link, a pipe) is not part of a tree.
    """
    hashed: list[tuple[str, bytes]] = []
    size = 0
    for name, path in walk(root):
        content = path.read_bytes()
        size += len(content)
        hashed.append((name, sha256(content).digest()))
    return Contents(tree_digest(hashed), size, len(hashed))


def walk(root: Path) -> Iterator[tuple[str, Path]]:
    """List regular files with their POSIX path relative to the root, in no order."""
    pending = [(root, "")]
    while pending:
        directory, prefix = pending.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    pending.append((Path(entry.path), f"{name}/"))
                elif entry.is_file(follow_symlinks=False):
                    yield name, Path(entry.path)


def flush(directory: Path) -> None:
    """
    Bring everything written on the directory's file system to the disk.

    One call instead of an fsync per file, which takes seconds for thousands.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        syncfs = getattr(ctypes.CDLL(None), "syncfs", None)
        if syncfs is None or syncfs(descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)
