"""One registry: what is wanted of it, and the revision that lies on the disk."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.model.names import CommitId, Digest, ResourceName

MEBIBYTE = 1024 * 1024


class UpdatePolicy(StrEnum):
    """Automatic moves to a new revision when it sees one; OnRequest only says that there is one."""

    AUTOMATIC = "Automatic"
    ON_REQUEST = "OnRequest"


@dataclass(frozen=True, slots=True)
class GitReference:
    """What to track; all empty means the remote's HEAD.  `commit` may be paired with `branch`."""

    branch: str = ""
    tag: str = ""
    semver: str = ""
    name: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryLimits:
    """Bounds of a registry; sizes in bytes."""

    size: int = 256 * MEBIBYTE
    files: int = 20_000
    file_size: int = 8 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class DesiredRegistry:
    """A Registry as its owner wrote it, defaults filled in."""

    namespace: str
    name: ResourceName
    uid: str
    generation: int
    url: str
    reference: GitReference = GitReference()
    path: str = "."
    interval: timedelta = timedelta(minutes=5)
    timeout: timedelta = timedelta(seconds=60)
    secret: str | None = None
    insecure: bool = False
    precedence: int = 100
    update_policy: UpdatePolicy = UpdatePolicy.AUTOMATIC
    limits: RepositoryLimits = RepositoryLimits()
    revision_history_limit: int = 3
    suspended: bool = False
    reconcile_requested_at: str = ""
    deleted: bool = False

    def key(self) -> str:
        """Name the registry as `namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A published revision: a directory that never changes again."""

    revision: str
    """`main@sha1:<commit>`; `v1@sha1:…` for a tag, `sha1:…` for a commit, `+dirty` for edits."""
    commit: CommitId
    digest: Digest
    """Of the whole tree."""
    path: str
    """Absolute on a laptop, relative to the volume in a cluster."""
    size: int
    """Bytes of all files."""
    files: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PublishedExtension:
    """One extension of a published revision; `digest` is that of its directory."""

    kind: str
    """`connector`, `tool` or `agent`."""
    name: str
    path: str
    """Of the script, relative to the registry's root."""
    digest: Digest
    description: str = ""
    version: str = ""
    required_config: tuple[str, ...] = ()
    host_apis: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RevisionIndex:
    """`index.json` of a published revision: what it holds, so that nobody walks the tree again."""

    artifact: Artifact
    extensions: tuple[PublishedExtension, ...]
    warnings: tuple[str, ...] = ()
    """Such as an unknown key in registry.toml."""
