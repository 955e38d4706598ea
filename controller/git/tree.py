"""
The tree of a commit, looked at before a byte of it reaches the disk.

Refuses names that could leave the directory, confuse a terminal or collide on
another file system, and trees beyond the limits of the Registry.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any

import pygit2
from pygit2.enums import FileMode

from controller.errors import MissingScriptError, RepositoryLimitError, UnsafePathError
from controller.model.registry import RepositoryLimits

DEEPEST = 40
LONGEST_NAME = 255
_GIT_NAMES = frozenset({".git", "git~1"})


@dataclass(slots=True)
class Survey:
    """What a tree holds; `links` and `submodules` are left out of the checkout."""

    files: int = 0
    size: int = 0
    links: list[str] = field(default_factory=list)
    submodules: list[str] = field(default_factory=list)


def subtree(tree: Any, subpath: str, revision: str) -> Any:
    """
    Go down to the directory that holds the registry.

    Raises:
        MissingScriptError: The commit has no such directory.
    """
    if subpath in ("", "."):
        return tree
    try:
        found = tree[normpath(subpath)]
    except KeyError:
        found = None
    if not isinstance(found, pygit2.Tree):
        raise MissingScriptError(
            f"{revision} has no directory '{subpath}'", hint="correct spec.path"
        )
    return found


def survey(repository: Any, tree: Any, limits: RepositoryLimits) -> Survey:
    """
    Walk a tree and count it.

    Raises:
        UnsafePathError: A name, or a link that leads out of the tree.
        RepositoryLimitError: Too many files, too many bytes, one file too large, too deep.
    """
    found = Survey()
    for path, entry in _walk(tree, limits.files + 1):
        if entry.filemode == FileMode.COMMIT:
            found.submodules.append(path)
            _count(found, path, 0, limits)
        elif entry.filemode == FileMode.LINK:
            _check_link(path, repository[entry.id].data)
            found.links.append(path)
            _count(found, path, 0, limits)
        else:
            # The header alone: a file of many gigabytes is refused without being unpacked.
            _, size = repository.odb.read_header(entry.id)
            _count(found, path, size, limits)
    return found


def _count(found: Survey, path: str, size: int, limits: RepositoryLimits) -> None:
    found.files += 1
    found.size += size
    if size > limits.file_size:
        raise RepositoryLimitError(
            f"'{path}' has {size} bytes, more than {limits.file_size}",
            hint="raise spec.limits.maxFileSize",
        )
    if found.files > limits.files:
        raise RepositoryLimitError(
            f"more than {limits.files} files", hint="raise spec.limits.maxFiles"
        )
    if found.size > limits.size:
        raise RepositoryLimitError(
            f"more than {limits.size} bytes of files", hint="raise spec.limits.maxSize"
        )


def _walk(tree: Any, most_directories: int) -> Iterator[tuple[str, Any]]:
    pending: list[tuple[str, Any, int]] = [("", tree, 0)]
    visited = 0
    while pending:
        prefix, directory, depth = pending.pop()
        visited += 1
        if visited > most_directories:
            # Ten trees that hold one another ten times are a few bytes and ten thousand million names.
            raise RepositoryLimitError(
                f"more than {most_directories} directories", hint="raise spec.limits.maxFiles"
            )
        if depth > DEEPEST:
            raise RepositoryLimitError(f"'{prefix[:200]}…' lies deeper than {DEEPEST} directories")
        seen: dict[str, str] = {}
        for entry in directory:
            name = _checked_name(entry.raw_name, prefix)
            _check_collision(seen, name, prefix)
            if entry.filemode == FileMode.TREE:
                pending.append((f"{prefix}{name}/", entry, depth + 1))
            else:
                yield f"{prefix}{name}", entry


def _checked_name(raw: bytes, prefix: str) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnsafePathError(f"a name in '{prefix or '.'}' is not UTF-8: {raw!r}") from error
    if not name.isprintable() or len(raw) > LONGEST_NAME or "\\" in name or "/" in name:
        raise UnsafePathError(f"'{prefix}' holds the name {name!a}, which may not be used")
    visible = "".join(c for c in name if unicodedata.category(c) != "Cf").rstrip(". ").casefold()
    if name in ("", ".", "..") or visible in _GIT_NAMES:
        raise UnsafePathError(f"'{prefix}{name}' is a name of git's own")
    return name


def _check_collision(seen: dict[str, str], name: str, prefix: str) -> None:
    folded = unicodedata.normalize("NFC", name).casefold()
    if folded in seen:
        raise UnsafePathError(
            f"'{prefix}{seen[folded]}' and '{prefix}{name}' differ in case only",
            hint="they would be one file on macOS and Windows; rename one",
        )
    seen[folded] = name


def _check_link(path: str, target: bytes) -> None:
    text = target.decode("utf-8", "replace")
    resolved = normpath(f"{path.rpartition('/')[0] or '.'}/{text}")
    if text.startswith("/") or resolved == ".." or resolved.startswith("../"):
        raise UnsafePathError(f"the link '{path}' leads out of the registry, to {text!a}")
