"""
Published revisions on a disk: `<home>/<registry-uid>/<revision>/` and its index beside it.

A revision exists when its index does; the index is written last.  Directories
never change.  `current` is a link and a hint; whoever uses a revision resolves
it once and keeps the directory.
"""

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from controller.errors import DiskFullError, PublishError
from controller.git.contents import measure
from controller.git.failures import classify
from controller.model.registry import RevisionIndex

CURRENT = "current"
STAGING = ".staging"
MIRROR = ".mirror"
_INDEX = ".index.json"
_TRASH = ".trash"
_LOCK = ".lock"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class _Stored:
    format: int
    subpath: str
    index: RevisionIndex


def revision_home(home: Path, uid: str) -> Path:
    """Give the directory of one registry."""
    return home / uid


def load_index(path: Path) -> RevisionIndex | None:
    """
    Read an index file; None when it, or its directory, is missing or damaged.

    The artifact's path is where the directory lies now, so a state directory
    may be moved.
    """
    stored = _read(path)
    tree = _tree_of(path)
    if stored is None or not tree.is_dir():
        return None
    artifact = replace(stored.index.artifact, path=str(tree.absolute()))
    return replace(stored.index, artifact=artifact)


def revisions(home: Path, uid: str) -> list[RevisionIndex]:
    """List what is published of a registry, the newest first."""
    found = [load_index(path) for path in revision_home(home, uid).glob(f"*{_INDEX}")]
    return sorted(
        (index for index in found if index is not None),
        key=lambda index: (index.artifact.updated_at, index.artifact.path),
        reverse=True,
    )


def current_index(home: Path, uid: str) -> RevisionIndex | None:
    """Give the revision that `current` names, or the newest when the link is gone."""
    directory = revision_home(home, uid)
    try:
        target = str((directory / CURRENT).readlink())
    except OSError:
        target = ""
    if target and "/" not in target:
        found = load_index(directory / f"{target}{_INDEX}")
        if found is not None:
            return found
    return next(iter(revisions(home, uid)), None)


def find_revision(home: Path, uid: str, wanted: str) -> RevisionIndex | None:
    """Find a revision by its commit, the digest of its tree, or its full text."""
    for index in revisions(home, uid):
        artifact = index.artifact
        if wanted in (artifact.digest, artifact.revision):
            return index
        if wanted == artifact.commit and not artifact.revision.endswith("+dirty"):
            return index
    return None


def is_intact(index: RevisionIndex) -> bool:
    """Digest a revision's directory again and compare: nothing may have changed it."""
    tree = Path(index.artifact.path)
    return tree.is_dir() and measure(tree).digest == index.artifact.digest


def known(home: Path, uid: str, name: str, subpath: str) -> RevisionIndex | None:
    """Find the revision of a directory name, if it was made from the same subpath."""
    path = revision_home(home, uid) / f"{name}{_INDEX}"
    stored = _read(path)
    return load_index(path) if stored is not None and stored.subpath == subpath else None


def install(
    home: Path, uid: str, staged: Path, index: RevisionIndex, subpath: str
) -> RevisionIndex:
    """
    Move a checked tree to its place, write its index, point `current` to it.

    Killed in between, it leaves a directory without an index, which the next
    call replaces.

    Raises:
        DiskFullError, PublishError: The disk refuses.
    """
    directory = revision_home(home, uid)
    target = directory / Path(index.artifact.path).name
    try:
        if staged != target:
            _drop(directory, target)
            staged.replace(target)
        _write(target, _Stored(_FORMAT, subpath, index))
        point(directory, target.name)
    except OSError as error:
        raise disk_error(str(target), error) from error
    return index


def point(directory: Path, name: str) -> None:
    """Make `current` name a revision, in one step; relative, so that a volume may move."""
    link = directory / f".{CURRENT}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(directory / CURRENT)


def disk_error(shown: str, error: OSError) -> PublishError:
    """Say what a disk refused."""
    told = classify(error, shown)
    if isinstance(told, DiskFullError):
        return told
    return PublishError(f"{shown}: {error.strerror or error}")


def collect(home: Path, uid: str, keep: int, pinned: Collection[Path] = ()) -> tuple[str, ...]:
    """
    Remove the oldest revisions beyond `keep`, and what killed processes left.

    The current revision stays unless `keep` is 0, a pinned one always; returns
    the revisions removed.
    """
    directory = revision_home(home, uid)
    if not directory.is_dir():
        return ()
    held = {os.path.realpath(path) for path in pinned}
    with lock(directory):
        return _collect(home, uid, keep, held)


def surplus(home: Path, uid: str, keep: int, pinned: Collection[Path] = ()) -> int:
    """Count what `collect` would remove."""
    held = {os.path.realpath(path) for path in pinned}
    return len(_old(home, uid, keep, held))


@contextmanager
def lock(directory: Path) -> Iterator[None]:
    """Hold a registry's directory alone; waits.  The kernel lets go when a process dies."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def clear_staging(directory: Path) -> Path:
    """Remove what an interrupted publication left; give an empty staging directory."""
    staging = directory / STAGING
    if staging.exists():
        shutil.rmtree(staging)
    staging.mkdir(parents=True)
    return staging


def _collect(home: Path, uid: str, keep: int, held: set[str]) -> tuple[str, ...]:
    directory = revision_home(home, uid)
    removed = []
    for index in _old(home, uid, keep, held):
        _drop(directory, Path(index.artifact.path))
        removed.append(index.artifact.revision)
    for entry in directory.iterdir():
        hidden = entry.name.startswith(".")
        orphan = not hidden and entry.is_dir() and not entry.is_symlink()
        if entry.name.startswith(_TRASH):
            shutil.rmtree(entry)
        elif orphan and not _index_of(entry).exists() and os.path.realpath(entry) not in held:
            _drop(directory, entry)
    if keep == 0 and not held:
        (directory / CURRENT).unlink(missing_ok=True)
        for name in (MIRROR, STAGING):
            shutil.rmtree(directory / name, ignore_errors=True)
    return tuple(removed)


def _old(home: Path, uid: str, keep: int, held: set[str]) -> list[RevisionIndex]:
    present = revisions(home, uid)
    current = current_index(home, uid)
    # The current one counts first: after a force-push back it need not be the newest.
    present.sort(key=lambda index: current is None or index.artifact.path != current.artifact.path)
    return [index for index in present[keep:] if os.path.realpath(index.artifact.path) not in held]


def _drop(directory: Path, tree: Path) -> None:
    """Remove a revision: first its index, so that it never exists in part."""
    _index_of(tree).unlink(missing_ok=True)
    if tree.exists():
        trash = directory / f"{_TRASH}-{tree.name}"
        shutil.rmtree(trash, ignore_errors=True)
        tree.replace(trash)
        shutil.rmtree(trash)


def _write(tree: Path, stored: _Stored) -> None:
    path = _index_of(tree)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(stored)))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def _read(path: Path) -> _Stored | None:
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=_Stored)
    except (OSError, msgspec.MsgspecError):
        return None
    return stored if stored.format == _FORMAT else None


def _index_of(tree: Path) -> Path:
    return tree.with_name(f"{tree.name}{_INDEX}")


def _tree_of(index: Path) -> Path:
    return index.with_name(index.name.removesuffix(_INDEX))
