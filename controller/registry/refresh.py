"""
Bring one registry onto the disk: fetch or snapshot, check everything, then publish.

Whatever fails, the last good revision stays what it was.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path, PurePosixPath

from controller.errors import FetchTimeoutError, MissingScriptError
from controller.git.contents import measure
from controller.git.credentials import Credentials
from controller.git.remote import GitWorkers, Remote
from controller.git.worktree import snapshot
from controller.model.extension import ExtensionEntry, RegistryManifest
from controller.model.names import CommitId, Digest
from controller.model.registry import (
    Artifact,
    DesiredRegistry,
    PublishedExtension,
    RevisionIndex,
)
from controller.registry import revisions
from controller.registry.discovery import load_manifest
from controller.registry.manifest import FILE_NAME
from controller.registry.revisions import collect, current_index, find_revision, load_index

__all__ = [
    "Check",
    "collect",
    "current_index",
    "find_revision",
    "index_tree",
    "load_index",
    "refresh",
    "refresh_worktree",
]

Check = Callable[[Path, Sequence[ExtensionEntry]], None]
"""Compiles every script of a tree; raises ScriptInvalidError for the first that does not."""

MOST_WARNINGS = 20
"""An index is read often, and a status shows it."""


@dataclass(frozen=True, slots=True)
class _Staged:
    """A tree that is not published yet."""

    tree: Path
    name: str
    """Of its directory, once published."""
    revision: str
    commit: CommitId
    digest: Digest
    size: int
    files: int
    warnings: tuple[str, ...] = ()


def refresh(
    desired: DesiredRegistry,
    workers: GitWorkers,
    credentials: Credentials | None,
    home: Path,
    check: Check,
    now: datetime,
) -> RevisionIndex:
    """
    Publish the commit that a Registry's reference means now, and make it current.

    A commit that is published already costs one request.  `spec.timeout` bounds
    the whole, but for the check.

    Raises:
        RegistryError: One of its classes, by what went wrong.
        InvalidSpecError: The address or the version range cannot be used.
    """
    directory = revisions.revision_home(home, desired.uid)
    remote = Remote(desired.url, credentials, desired.timeout, desired.insecure)
    end = time.monotonic() + desired.timeout.total_seconds()
    with revisions.lock(directory):
        head = workers.look(remote, desired.reference)
        name = _directory_name(head.commit, desired.path)
        found = revisions.known(home, desired.uid, name, desired.path)
        # What somebody changed in place is laid out anew.
        if found is not None and revisions.is_intact(found):
            return _renew(desired, home, found, head.revision())
        staging = revisions.clear_staging(directory)
        checkout = workers.fetch(
            replace(remote, timeout=_left(end, remote)),
            desired.reference,
            directory / revisions.MIRROR,
            staging,
            desired.limits,
            desired.path,
        )
        staged = _Staged(
            tree=Path(checkout.path),
            # The branch may have moved between the look and the fetch.
            name=_directory_name(checkout.commit, desired.path),
            revision=checkout.revision,
            commit=checkout.commit,
            digest=checkout.digest,
            size=checkout.size,
            files=checkout.files,
            warnings=checkout.warnings,
        )
        return _publish(desired, home, staged, check, now)


def refresh_worktree(
    desired: DesiredRegistry, directory: Path, home: Path, check: Check, now: datetime
) -> RevisionIndex:
    """
    Publish a snapshot of a working tree, in the place of the Registry's URL.

    Equal content is the same directory again.  Must be called anew after every
    change; nothing here watches.

    Raises:
        RegistryError: One of its classes, by what went wrong.
    """
    own = revisions.revision_home(home, desired.uid)
    root = directory / desired.path
    if desired.path not in ("", ".") and not root.is_dir():
        raise MissingScriptError(
            f"{directory} has no directory '{desired.path}'", hint="correct spec.path"
        )
    with revisions.lock(own):
        tree = revisions.clear_staging(own) / "tree"
        working, contents = snapshot(root, tree, desired.limits)
        name = f"tree-{contents.digest.removeprefix('sha256:')[:32]}"
        found = revisions.known(home, desired.uid, name, desired.path)
        if found is not None and revisions.is_intact(found):
            revisions.clear_staging(own)
            return _renew(desired, home, found, working.revision, working.commit or CommitId(""))
        staged = _Staged(
            tree=tree,
            name=name,
            revision=working.revision,
            commit=working.commit or CommitId(""),
            digest=contents.digest,
            size=contents.size,
            files=contents.files,
        )
        return _publish(desired, home, staged, check, now)


def index_tree(tree: Path, manifest: RegistryManifest) -> tuple[PublishedExtension, ...]:
    """
    Describe every extension of a tree, each with the digest of its script's directory.

    Raises:
        MissingScriptError: The manifest names a script that is not there.
    """
    digests: dict[PurePosixPath, Digest] = {}
    published = []
    for entry in manifest.extensions:
        if not (tree / entry.path).is_file():
            raise MissingScriptError(
                f"{FILE_NAME}:{entry.line}: {entry.kind}s.{entry.name}:"
                f" there is no file '{entry.path}'",
                hint="correct 'path' in registry.toml; links are not carried",
            )
        parent = PurePosixPath(entry.path).parent
        if parent not in digests:
            digests[parent] = measure(tree / parent).digest
        published.append(
            PublishedExtension(
                kind=entry.kind.value,
                name=entry.name,
                path=entry.path,
                digest=digests[parent],
                description=entry.description,
                required_config=entry.required_config,
                host_apis=entry.host_apis,
                tags=entry.tags,
                tools=entry.tools,
            )
        )
    return tuple(published)


def _publish(
    desired: DesiredRegistry, home: Path, staged: _Staged, check: Check, now: datetime
) -> RevisionIndex:
    directory = revisions.revision_home(home, desired.uid)
    try:
        manifest = load_manifest(staged.tree)
        extensions = index_tree(staged.tree, manifest)
        check(staged.tree, manifest.extensions)
        artifact = Artifact(
            revision=staged.revision,
            commit=staged.commit,
            digest=staged.digest,
            path=str((directory / staged.name).absolute()),
            size=staged.size,
            files=staged.files,
            updated_at=now,
        )
        warnings = _shortened((*manifest.warnings, *staged.warnings))
        index = RevisionIndex(artifact, extensions, warnings)
        return revisions.install(home, desired.uid, staged.tree, index, desired.path)
    finally:
        revisions.clear_staging(directory)


def _renew(
    desired: DesiredRegistry,
    home: Path,
    found: RevisionIndex,
    revision: str,
    commit: CommitId | None = None,
) -> RevisionIndex:
    """Make a published revision current again; the same tree may go by another name now."""
    artifact = replace(
        found.artifact,
        revision=revision,
        commit=found.artifact.commit if commit is None else commit,
    )
    tree = Path(found.artifact.path)
    if artifact != found.artifact:
        index = replace(found, artifact=artifact)
        return revisions.install(home, desired.uid, tree, index, desired.path)
    revisions.point(tree.parent, tree.name)
    return found


def _directory_name(commit: CommitId, subpath: str) -> str:
    """Name a revision's directory: the commit, and a mark of the subpath where there is one."""
    if subpath in ("", "."):
        return commit
    return f"{commit}-{sha256(subpath.encode()).hexdigest()[:8]}"


def _shortened(warnings: tuple[str, ...]) -> tuple[str, ...]:
    if len(warnings) <= MOST_WARNINGS:
        return warnings
    return (*warnings[:MOST_WARNINGS], f"and {len(warnings) - MOST_WARNINGS} more")


def _left(end: float, remote: Remote) -> timedelta:
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise FetchTimeoutError(f"{remote.shown()}: not done in time", hint="raise spec.timeout")
    return timedelta(seconds=seconds)
