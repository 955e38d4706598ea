"""What the parent asks a git worker, and what the worker answers: one JSON line each way."""

from dataclasses import dataclass, field
from typing import Literal

from controller.git.credentials import Credentials
from controller.model.names import CommitId, Digest
from controller.model.registry import GitReference, RepositoryLimits


@dataclass(frozen=True, slots=True)
class Head:
    """The commit that a reference means at the remote, now."""

    commit: CommitId
    label: str
    """The branch or tag, `refs/…` for a full name, empty for a bare commit."""

    def revision(self) -> str:
        """Write the revision as Flux does: `main@sha1:…`."""
        return revision_text(self.label, self.commit)


@dataclass(frozen=True, slots=True)
class Checkout:
    """A commit laid out as a directory."""

    commit: CommitId
    revision: str
    path: str
    """Absolute."""
    size: int
    files: int
    digest: Digest
    warnings: tuple[str, ...] = ()
    """Such as a symbolic link that was left out."""


@dataclass(frozen=True, slots=True)
class Request:
    """One task of a worker; paths are absolute."""

    action: Literal["look", "fetch"]
    url: str
    reference: GitReference
    home: str
    """A private directory: known_hosts, certificates and scratch space of this worker."""
    timeout: float
    """Seconds of silence after which libgit2 gives up; the parent holds the whole deadline."""
    insecure: bool = False
    credentials: Credentials = field(default_factory=Credentials)
    mirror: str = ""
    target: str = ""
    """The directory under which `<commit>` is published."""
    limits: RepositoryLimits = field(default_factory=RepositoryLimits)
    subpath: str = "."


@dataclass(frozen=True, slots=True)
class Failure:
    """An error by the name of its class in controller/errors.py."""

    error: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Exactly one of the three is set."""

    head: Head | None = None
    checkout: Checkout | None = None
    failure: Failure | None = None


def revision_text(label: str, commit: str) -> str:
    """Join a label and a commit: `main@sha1:…`, or `sha1:…` without a label."""
    algorithm = "sha256" if len(commit) == 64 else "sha1"
    return f"{label}@{algorithm}:{commit}" if label else f"{algorithm}:{commit}"
