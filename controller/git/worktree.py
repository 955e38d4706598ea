"""
A working tree on this machine in the place of a remote: uncommitted edits included.

Only reads it.  What a run uses is a snapshot, so that a save in mid-run mixes
nothing.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pygit2
from pygit2.enums import FileMode, FileStatus

from controller.errors import (
    DiskFullError,
    HarnessError,
    PublishError,
    RepositoryLimitError,
    RepositoryNotFoundError,
)
from controller.git.contents import Contents, walk
from controller.git.failures import classify
from controller.git.trust import require_libgit2
from controller.git.wire import revision_text
from controller.model.names import CommitId, Digest
from controller.model.registry import RepositoryLimits
from controller.model.tree import tree_digest

_DIRTY = "+dirty"
_NO_REPOSITORY = "dir"
_ROUNDS = 5
_STATE = frozenset({".git", ".ctx"})
_FILES = (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """Where a working tree stands."""

    commit: CommitId | None
    """None without a repository, or before its first commit."""
    dirty: bool
    """Whether a file below the directory differs from the commit."""
    revision: str
    """`main@sha1:…`, with `+dirty` for edits; `dir+dirty` without a commit."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Changes when any file's content does, or the commit below it."""

    digest: Digest
    revision: str


@dataclass(frozen=True, slots=True)
class _State:
    names: tuple[str, ...]
    tree: WorkingTree


def describe(directory: Path) -> WorkingTree:
    """
    Say which commit a working tree stands on, and whether it was edited since.

    Raises:
        RepositoryNotFoundError: The directory does not exist.
    """
    return _look(directory).tree


def tracked_files(directory: Path) -> tuple[str, ...]:
    """
    List what a commit of everything would hold: tracked and unignored regular files.

    Paths are POSIX, relative to the directory, sorted.  Without a repository
    every file counts, but those in hidden directories.
    """
    return _look(directory).names


def fingerprint(directory: Path) -> Fingerprint:
    """Digest what a snapshot would hold, without making one; reads every file."""
    state = _look(directory)
    hashed = []
    for name in state.names:
        found = _read(directory, name, RepositoryLimits().size)
        if found is not None:
            hashed.append((name, sha256(found[0]).digest()))
    return Fingerprint(tree_digest(hashed), state.tree.revision)


def snapshot(
    directory: Path, target: Path, limits: RepositoryLimits
) -> tuple[WorkingTree, Contents]:
    """
    Copy the tracked and unignored files to a new directory.

    A file that changes while it is copied is copied again, so every file is one
    that somebody saved.  Links are neither followed nor copied.

    Raises:
        RepositoryLimitError: More, or larger, files than the limits allow.
        PublishError: A file cannot be read or written.
    """
    state = _look(directory)
    if len(state.names) > limits.files:
        raise RepositoryLimitError(
            f"{directory}: more than {limits.files} files", hint="raise spec.limits.maxFiles"
        )
    try:
        copied = _copy_all(directory, target, state.names, limits)
    except OSError as error:
        told = classify(error, str(directory))
        raise (
            told if isinstance(told, DiskFullError) else _unreadable(directory, error)
        ) from error
    digest = tree_digest((name, digest) for name, (digest, _, _) in copied.items())
    return state.tree, Contents(digest, sum(size for _, size, _ in copied.values()), len(copied))


_Copied = dict[str, tuple[bytes, int, tuple[int, ...]]]


def _copy_all(
    directory: Path, target: Path, names: tuple[str, ...], limits: RepositoryLimits
) -> _Copied:
    copied: _Copied = {}
    target.mkdir(parents=True)
    pending: list[str] = list(names)
    for _ in range(_ROUNDS):
        for name in pending:
            _copy(directory, target, name, limits, copied)
        if sum(size for _, size, _ in copied.values()) > limits.size:
            raise RepositoryLimitError(
                f"{directory}: more than {limits.size} bytes", hint="raise spec.limits.maxSize"
            )
        pending = [name for name in names if _mark(directory / name) != _known(copied, name)]
        if not pending:
            return copied
    raise PublishError(
        f"{directory}: '{pending[0]}' changes faster than it is copied",
        hint="ignore it in .gitignore",
    )


def _copy(
    directory: Path, target: Path, name: str, limits: RepositoryLimits, copied: _Copied
) -> None:
    copied.pop(name, None)
    (target / name).unlink(missing_ok=True)
    found = _read(directory, name, limits.file_size)
    if found is None:
        return
    content, mark = found
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    (target / name).write_bytes(content)
    copied[name] = (sha256(content).digest(), len(content), mark)


def _known(copied: _Copied, name: str) -> tuple[int, ...] | None:
    return copied[name][2] if name in copied else None


def _read(directory: Path, name: str, limit: int) -> tuple[bytes, tuple[int, ...]] | None:
    """Read a file as somebody saved it; None when it is gone, or no regular file any more."""
    try:
        # A pipe in the file's place must not hold us.
        descriptor = os.open(directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if (directory / name).is_symlink():
            return None
        raise
    with os.fdopen(descriptor, "rb") as stream:
        while True:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                return None
            if before.st_size > limit:
                raise RepositoryLimitError(
                    f"{directory}: '{name}' has {before.st_size} bytes, more than {limit}",
                    hint="raise spec.limits.maxFileSize, or ignore it in .gitignore",
                )
            stream.seek(0)
            content = stream.read()
            mark = _mark_of(os.fstat(descriptor))
            if mark == _mark_of(before) and len(content) == before.st_size:
                return content, mark


def _mark(path: Path) -> tuple[int, ...] | None:
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _mark_of(found) if stat.S_ISREG(found.st_mode) else None


def _mark_of(found: os.stat_result) -> tuple[int, ...]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _look(directory: Path) -> _State:
    require_libgit2()
    if not directory.is_dir():
        raise RepositoryNotFoundError(f"{directory} is no directory")
    try:
        repository = _open(directory)
        if repository is None:
            names = sorted(_plain_files(directory))
            return _State(
                tuple(names), WorkingTree(None, dirty=True, revision=_NO_REPOSITORY + _DIRTY)
            )
        try:
            return _look_into(repository, directory)
        finally:
            repository.free()
    except (pygit2.GitError, OSError, ValueError, KeyError) as error:
        raise _told(directory, error) from error


def _open(directory: Path) -> Any:
    """Open the repository around a directory; None where there is none, or it ignores us."""
    found = pygit2.discover_repository(str(directory))
    if found is None:
        return None
    # A checkout that belongs to somebody else is usual in containers, and libgit2 runs
    # nothing that a repository's configuration names.
    pygit2.settings.owner_validation = False
    repository = pygit2.Repository(found)
    prefix = _prefix(repository, directory)
    if prefix is None or (prefix and repository.path_is_ignored(prefix)):
        repository.free()
        return None
    return repository


def _prefix(repository: Any, directory: Path) -> str | None:
    """The directory within the working tree: empty or ending in `/`; None outside of it."""
    if repository.workdir is None:
        return None
    relative = os.path.relpath(os.path.realpath(directory), os.path.realpath(repository.workdir))
    if Path(relative).parts[:1] in ((os.pardir,), (".git",)):
        return None
    return "" if relative == os.curdir else f"{relative.replace(os.sep, '/')}/"


def _look_into(repository: Any, directory: Path) -> _State:
    prefix = _prefix(repository, directory) or ""
    changes = {
        path.removeprefix(prefix): flags
        for path, flags in repository.status(untracked_files="all", ignored=False).items()
        if path.startswith(prefix) and not _is_dropping(path, flags, prefix)
    }
    tracked = {
        entry.path.removeprefix(prefix)
        for entry in repository.index
        if entry.mode in _FILES and entry.path.startswith(prefix)
    }
    new = {path for path, flags in changes.items() if flags & FileStatus.WT_NEW}
    names = sorted(name for name in tracked | new if not name.endswith("/"))
    safe = _without_links(directory, names)
    if repository.head_is_unborn:
        return _State(safe, WorkingTree(None, dirty=True, revision=_NO_REPOSITORY + _DIRTY))
    commit = CommitId(str(repository.head.peel(pygit2.Commit).id))
    label = "" if repository.head_is_detached else str(repository.head.shorthand)
    revision = revision_text(label, commit) + (_DIRTY if changes else "")
    return _State(safe, WorkingTree(commit, dirty=bool(changes), revision=revision))


def _is_dropping(path: str, flags: int, prefix: str) -> bool:
    """
    Tell what an editor, or we ourselves, leave beside the work.

    A swap file changes with every key pressed; counted as content it would
    start a run each time.
    """
    if not flags & FileStatus.WT_NEW:
        return False
    *directories, name = path.removeprefix(prefix).split("/")
    return not _STATE.isdisjoint(directories) or _is_temporary(name)


def _is_temporary(name: str) -> bool:
    return (
        name.endswith(("~", ".swp", ".swx", ".swo"))
        or name.startswith((".#", "#"))
        or name in ("4913", ".DS_Store")
    )


def _plain_files(directory: Path) -> Iterator[str]:
    for name, _ in walk(directory):
        *directories, last = name.split("/")
        hidden = any(part.startswith(".") for part in directories)
        if not hidden and not _is_temporary(last):
            yield name


def _without_links(directory: Path, names: list[str]) -> tuple[str, ...]:
    """Leave out what is reached through a link: a tracked directory may have become one."""
    linked: dict[str, bool] = {"": False}

    def is_linked(parent: str) -> bool:
        if parent not in linked:
            above = parent.rpartition("/")[0]
            linked[parent] = is_linked(above) or (directory / parent).is_symlink()
        return linked[parent]

    return tuple(
        name
        for name in names
        if not is_linked(name.rpartition("/")[0]) and _mark(directory / name) is not None
    )


def _told(directory: Path, error: Exception) -> HarnessError:
    if isinstance(error, OSError):
        return _unreadable(directory, error)
    return classify(error, str(directory))


def _unreadable(directory: Path, error: OSError) -> PublishError:
    return PublishError(f"{directory}: {error.strerror}: {error.filename or ''}".rstrip(": "))
