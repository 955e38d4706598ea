"""Lay a tree out as a directory that appears complete or not at all."""

import shutil
from pathlib import Path
from typing import Any

from pygit2.enums import CheckoutStrategy

from controller.git.contents import Contents, flush, measure, walk
from controller.git.tree import Survey

_LFS = b"version https://git-lfs.github.com/spec/"
_LFS_LARGEST = 1024


def lay_out(repository: Any, tree: Any, found: Survey, target: Path) -> Contents:
    """
    Write a surveyed tree to `<target>.tmp`, bring it to the disk, rename it into place.

    A target that exists was left by a process that died; it is replaced unless
    it is equal.
    """
    staging = target.with_name(f"{target.name}.tmp")
    remove(staging)
    staging.mkdir(parents=True)
    try:
        repository.checkout_tree(
            tree,
            directory=str(staging),
            strategy=CheckoutStrategy.FORCE | CheckoutStrategy.DONT_UPDATE_INDEX,
        )
        _leave_out(staging, found)
        contents = measure(staging)
        flush(staging)
        _put(staging, target, contents)
    except BaseException:
        remove(staging)
        raise
    return contents


def remove(directory: Path) -> None:
    """Delete a directory; one that is not there is fine."""
    if directory.is_symlink() or directory.is_file():
        directory.unlink()
    elif directory.exists():
        shutil.rmtree(directory)


def warnings_of(target: Path, found: Survey) -> tuple[str, ...]:
    """Name what the tree holds and the directory does not."""
    lines = [f"'{path}' is a symbolic link and was left out" for path in found.links]
    lines += [f"'{path}' is a submodule and was left out" for path in found.submodules]
    for name, path in walk(target):
        if path.stat().st_size <= _LFS_LARGEST and path.read_bytes().startswith(_LFS):
            lines.append(f"'{name}' is a pointer of Git LFS, its content is not fetched")
    return tuple(sorted(lines))


def _leave_out(staging: Path, found: Survey) -> None:
    for path in found.links:
        (staging / path).unlink(missing_ok=True)
    for path in found.submodules:
        if (staging / path).is_dir():
            (staging / path).rmdir()


def _put(staging: Path, target: Path, contents: Contents) -> None:
    if target.exists():
        if measure(target) == contents:
            remove(staging)
            return
        remove(target)
    staging.replace(target)
    flush(target.parent)
