"""The facts a plan may look at, and how a carried-out step changes them."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from controller.model.names import RunId
from controller.model.recorded import Failure, RecordedRegistry, RecordedSync
from controller.model.registry import DesiredRegistry, RevisionIndex
from controller.model.sync import ActiveRun, ResolvedConnector, SyncOutcome


@dataclass(frozen=True, slots=True)
class ObservedSync:
    """What is known about a ConnectorSync at one moment."""

    recorded: RecordedSync = field(default_factory=RecordedSync)
    resolved: ResolvedConnector | None = None
    unresolved: Failure | None = None
    """Why `resolved` is None: RegistryNotFound, RegistryNotReady or ConnectorNotFound."""
    inputs: str = ""
    """Digest of the versions of the Secrets and ConfigMaps that `spec.env` names."""
    config_problem: Failure | None = None
    """Why no run can start with this configuration, such as SecretNotFound."""
    run: ActiveRun | None = None
    """The run that was started last, if the shell knows of one; else the recorded one counts."""
    running: bool = False
    """Its process, or its Job, is alive."""
    outcome: SyncOutcome | None = None
    """What came of it; None with `running` False means that it left no report."""
    queue_position: int | None = None
    """How many syncs wait before this one; None when a place is free."""


@dataclass(frozen=True, slots=True)
class Look:
    """One answer of a remote, kept in the shell's memory: a poll writes no status."""

    at: datetime
    generation: int
    inputs: str = ""
    token: str = ""
    version: str = ""
    """Tells two contents apart: a commit, or the digest of a working tree."""
    revision: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """The current revision on the disk, verified, and the generation it was laid out for."""

    index: RevisionIndex
    version: str
    generation: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A revision that could not be published."""

    at: datetime
    version: str
    revision: str
    generation: int
    token: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class ObservedRegistry:
    """What is known about a Registry at one moment."""

    recorded: RecordedRegistry = field(default_factory=RecordedRegistry)
    inputs: str = ""
    """Digest of the version of the Secret that `spec.secretRef` names."""
    look: Look | None = None
    published: Published | None = None
    rejected: Rejected | None = None
    nudged_at: datetime | None = None
    """When something outside (a watcher, a webhook) said that the remote moved."""
    failures: int = 0
    """Failed attempts in a row."""
    surplus: int = 0
    """Revisions on the disk that are neither current nor used by a run, beyond the limit."""


def unfinished_run(observed: ObservedSync) -> ActiveRun | None:
    """Find the run whose end no status records yet."""
    run = observed.run or observed.recorded.active
    if run is None or is_recorded(observed.recorded, run.run_id):
        return None
    return run


def is_recorded(recorded: RecordedSync, run_id: RunId) -> bool:
    """Say whether the history already holds the run, so that none is counted twice."""
    return any(record.run_id == run_id for record in recorded.history)


def looked(
    observed: ObservedRegistry, desired: DesiredRegistry, at: datetime, version: str, revision: str
) -> ObservedRegistry:
    """Note what the remote answered to a Fetch."""
    look = Look(
        at,
        desired.generation,
        observed.inputs,
        desired.reconcile_requested_at,
        version,
        revision,
    )
    known_bad = observed.rejected is not None and observed.rejected.version == version
    return replace(observed, look=look, failures=observed.failures if known_bad else 0)


def look_failed(
    observed: ObservedRegistry, desired: DesiredRegistry, at: datetime, failure: Failure
) -> ObservedRegistry:
    """Note that a Fetch failed."""
    look = Look(
        at,
        desired.generation,
        observed.inputs,
        desired.reconcile_requested_at,
        failure=failure,
    )
    return replace(observed, look=look, failures=observed.failures + 1)


def publication(
    observed: ObservedRegistry, desired: DesiredRegistry, version: str, index: RevisionIndex
) -> ObservedRegistry:
    """
    Note that a Publish worked; `version` is that of the content laid out.

    A remote may move between the look and the fetch, so the look is put right too:
    else the plan would publish again and again what it takes for a difference.
    """
    look = observed.look
    if look is not None:
        look = replace(look, version=version, revision=index.artifact.revision)
    return replace(
        observed,
        look=look,
        published=Published(index, version, desired.generation),
        rejected=None,
        failures=0,
    )


def publish_failed(
    observed: ObservedRegistry, desired: DesiredRegistry, at: datetime, failure: Failure
) -> ObservedRegistry:
    """Note that a Publish failed; the last good revision stays."""
    look = observed.look
    rejected = Rejected(
        at,
        look.version if look else "",
        look.revision if look else "",
        desired.generation,
        look.token if look else "",
        failure,
    )
    return replace(observed, rejected=rejected, failures=observed.failures + 1)
