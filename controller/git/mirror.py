"""
The local copy of a remote from which revisions are laid out.

It is only ever a cache: whatever is wrong with it, it is wiped and fetched anew.
"""

from pathlib import Path
from typing import Any

import pygit2

from controller.errors import FetchError, HarnessError, NetworkError, ReferenceNotFoundError
from controller.git.address import Address
from controller.git.checkout import lay_out, remove, warnings_of
from controller.git.failures import is_unclassified
from controller.git.reference import Advertisement, Wanted, resolve
from controller.git.session import Visitor, configure, list_heads, translate
from controller.git.tree import subtree, survey
from controller.git.wire import Checkout, Head, Request
from controller.model.names import is_commit

MOST_PACKS = 50
"""libgit2 never repacks: each shallow update leaves a pack, a line in `shallow` and an open file."""

_HEAD = "refs/ctx/head"
_ALL = 2**31 - 1
"""The depth that also brings what an earlier, shallow fetch left out."""
_MOVES = 3

_LIBRARY = (pygit2.GitError, OSError, ValueError, KeyError, TypeError, MemoryError)


def look(request: Request, address: Address) -> Head:
    """Find the commit that the reference means, by one request; none for a commit."""
    if request.reference.commit:
        return resolve(request.reference, Advertisement(), address.shown()).head
    repository = _open(Path(request.home) / "look")
    try:
        visitor = Visitor(address, request.credentials, request.limits.size)
        advertised = list_heads(repository, address, visitor)
        return resolve(request.reference, advertised, address.shown()).head
    finally:
        repository.free()


def fetch(request: Request, address: Address) -> Checkout:
    """
    Bring the wanted commit onto the disk as `<target>/<commit>`.

    A mirror that makes git fail in an unknown way is taken for damaged: it is
    wiped, and everything is tried once more.
    """
    mirror = Path(request.mirror)
    fresh = not mirror.exists()
    clean(mirror)
    try:
        return _fetch(request, address, mirror)
    except HarnessError as error:
        if fresh or not is_unclassified(error):
            raise
    remove(mirror)
    return _fetch(request, address, mirror)


def clean(mirror: Path) -> None:
    """
    Remove what a killed worker leaves: lock files and unfinished packs.

    The caller holds the lock of the registry, so nobody else is at work here.
    A mirror of too many packs is removed whole.
    """
    git = mirror / ".git"
    packs = git / "objects" / "pack"
    if len(list(packs.glob("*.pack"))) > MOST_PACKS:
        remove(mirror)
        return
    leftovers = [*git.glob("*.lock"), *git.glob("refs/**/*.lock"), *packs.glob("pack_git2_*")]
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)


def _open(directory: Path) -> Any:
    try:
        repository = pygit2.Repository(str(directory))
    except _LIBRARY:
        # Not bare: only so can a tree with a submodule entry be checked out.
        remove(directory)
        repository = pygit2.init_repository(str(directory), bare=False)
    configure(repository)
    return repository


def _fetch(request: Request, address: Address, mirror: Path) -> Checkout:
    visitor = Visitor(address, request.credentials, request.limits.size)
    try:
        repository = _open(mirror)
    except _LIBRARY as error:
        raise translate(error, address, visitor) from error
    try:
        wanted, commit = _bring(repository, request, address, visitor)
        tree = subtree(commit.peel(pygit2.Tree), request.subpath, wanted.head.revision())
        found = survey(repository, tree, request.limits)
        target = Path(request.target) / wanted.head.commit
        contents = lay_out(repository, tree, found, target)
    except _LIBRARY as error:
        raise translate(error, address, visitor) from error
    finally:
        # Repository and remote hold each other; without this their files stay open.
        repository.free()
    return Checkout(
        commit=wanted.head.commit,
        revision=wanted.head.revision(),
        path=str(target),
        size=contents.size,
        files=contents.files,
        digest=contents.digest,
        warnings=warnings_of(target, found),
    )


def _bring(
    repository: Any, request: Request, address: Address, visitor: Visitor
) -> tuple[Wanted, Any]:
    """Fetch until what arrived is what was advertised: a branch may move in between."""
    if request.reference.commit:
        wanted = resolve(request.reference, Advertisement(), address.shown())
        return wanted, _bring_commit(repository, wanted, address, visitor)
    depth = 0 if address.scheme == "file" else 1
    for _ in range(_MOVES):
        advertised = list_heads(repository, address, visitor)
        wanted = resolve(request.reference, advertised, address.shown())
        found = _commit(repository, wanted.head.commit)
        if found is None:
            _transfer(repository, f"+{wanted.source}:{_HEAD}", address, visitor, depth)
            # libgit2 returns normally when the reference is not there: look at what arrived.
            found = _commit(repository, wanted.head.commit)
        if found is not None:
            return wanted, found
        if _tip(repository) == advertised.objects[wanted.source]:
            raise FetchError(f"{address.shown()}: the mirror has lost {wanted.head.commit}")
    raise NetworkError(f"{address.shown()}: its references move faster than they are fetched")


def _bring_commit(repository: Any, wanted: Wanted, address: Address, visitor: Visitor) -> Any:
    present = _commit(repository, wanted.head.commit)
    if present is not None:
        return present
    branch = wanted.head.label
    wide = f"+refs/heads/{branch or '*'}:refs/ctx/all/{branch or '*'}"
    whole = 0 if address.scheme == "file" else _ALL
    attempts = [(f"+{wanted.source}:{_HEAD}", 1), (wide, whole)]
    for refspec, depth in attempts[1:] if address.scheme == "file" else attempts:
        try:
            _transfer(repository, refspec, address, visitor, depth)
        except (ReferenceNotFoundError, NetworkError):
            # Many servers hang up when asked for a commit by its id: then by its branch.
            if depth != 1:
                raise
        found = _commit(repository, wanted.head.commit)
        if found is not None:
            return found
    where = f"branch '{branch}'" if branch else "any branch"
    raise ReferenceNotFoundError(
        f"{address.shown()} has no commit {wanted.head.commit} on {where}",
        hint="correct spec.ref.commit",
    )


def _transfer(
    repository: Any, refspec: str, address: Address, visitor: Visitor, depth: int
) -> None:
    try:
        # Anonymous, so that no remote is written into the mirror and no tag follows.
        remote = repository.remotes.create_anonymous(address.url)
        remote.fetch([refspec], callbacks=visitor, proxy=None, depth=depth)
    except (HarnessError, *_LIBRARY) as error:
        raise translate(error, address, visitor) from error


def _tip(repository: Any) -> str:
    found = repository.references.get(_HEAD)
    return str(found.target) if found is not None else ""


def _commit(repository: Any, commit: str) -> Any:
    if not is_commit(commit) or pygit2.Oid(hex=commit) not in repository:
        return None
    found = repository[commit]
    # Peeling also proves that the root tree is there.
    return found if isinstance(found, pygit2.Commit) and found.tree is not None else None
