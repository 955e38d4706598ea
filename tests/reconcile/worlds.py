"""Wishes and facts to start from, and a shell that carries steps out in memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from controller.model.names import CommitId, Digest, ResourceName, RunId, SourceName
from controller.model.recorded import Failure
from controller.model.registry import (
    Artifact,
    DesiredRegistry,
    PublishedExtension,
    RevisionIndex,
)
from controller.model.sync import (
    ActiveRun,
    DesiredSync,
    ResolvedConnector,
    RunCounts,
    RunError,
    RunMode,
    RunResult,
    SyncOutcome,
    Trigger,
)
from controller.reconcile.actions import (
    Collect,
    Fetch,
    KeepLast,
    Publish,
    RecordOutcome,
    RegistryAction,
    StartRun,
    StopRun,
    SyncAction,
    begun,
)
from controller.reconcile.observed import (
    ObservedRegistry,
    ObservedSync,
    look_failed,
    looked,
    publication,
    publish_failed,
    unfinished_run,
)
from controller.reconcile.status import registry_status, sync_status
from controller.reconcile.sync import plan_sync

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

COMMIT = "a" * 40
DIGEST = Digest(f"sha256:{'1' * 64}")
CONNECTOR = ResolvedConnector(
    registry="default/company",
    revision=f"main@sha1:{COMMIT}",
    root="/registries/company/aaaa",
    path="connectors/jira/connector.lua",
    digest=DIGEST,
)

WISH = DesiredSync(
    namespace="default",
    name=ResourceName("jira"),
    uid="uid-1",
    generation=1,
    connector="jira",
    source=SourceName("script:jira"),
    full_interval=None,
)
NEW = ObservedSync(resolved=CONNECTOR, inputs="i1")
RUN = ActiveRun(
    run_id=RunId("r1"),
    trigger=Trigger.SPEC_CHANGED,
    mode=RunMode.FULL,
    attempt=1,
    started_at=NOON - 10 * MINUTE,
    generation=1,
    digest=DIGEST,
    inputs="i1",
    revision=CONNECTOR.revision,
)


def outcome(
    run: ActiveRun,
    result: RunResult = RunResult.SUCCEEDED,
    error: RunError | None = None,
    ended_at: datetime = NOON - 5 * MINUTE,
) -> SyncOutcome:
    """Make what came of a run."""
    return SyncOutcome(
        run_id=run.run_id,
        source=WISH.source,
        result=result,
        started_at=run.started_at,
        ended_at=ended_at,
        mode=run.mode,
        counts=RunCounts(scanned=5, added=3, updated=1, unchanged=1),
        documents=5,
        error=error,
    )


def after(
    seen: ObservedSync = NEW,
    wish: DesiredSync = WISH,
    *,
    run: ActiveRun = RUN,
    result: RunResult = RunResult.SUCCEEDED,
    error: RunError | None = None,
    ended_at: datetime = NOON - 5 * MINUTE,
) -> ObservedSync:
    """Let a run end, and the status say so."""
    ended = replace(seen, run=run, running=False, outcome=outcome(run, result, error, ended_at))
    recorded = sync_status(wish, ended, ended_at)
    return replace(seen, recorded=recorded, run=None, running=False, outcome=None)


TIMEOUT = RunError("Timeout", "scan took longer than 300 s")
REJECTED = RunError("CredentialsRejected", "jira answered 401", "renew the token", retryable=False)
SYNCED = after()
FAILED = after(result=RunResult.FAILED, error=TIMEOUT)


def carry_out(
    action: SyncAction, wish: DesiredSync, seen: ObservedSync, now: datetime
) -> ObservedSync:
    """Do what a shell does for one step; every run is over, and good, by the next look."""
    match action:
        case StartRun():
            run = begun(action, now)
            started = replace(seen, run=run, running=True, outcome=None)
            started = replace(started, recorded=sync_status(wish, started, now))
            done = outcome(run, ended_at=now)
            return replace(started, running=False, outcome=done)
        case StopRun():
            run_of = unfinished_run(seen)
            ended = outcome(run_of, RunResult.CANCELLED, ended_at=now) if run_of else None
            return replace(seen, running=False, outcome=ended)
        case RecordOutcome():
            ended_run = replace(seen, run=action.run, outcome=action.outcome, running=False)
            recorded = sync_status(wish, ended_run, now)
            return replace(seen, recorded=recorded, run=None, outcome=None, running=False)


MOVED = replace(CONNECTOR, revision="main@sha1:bbbb", digest=Digest(f"sha256:{'2' * 64}"))
"""The connector after a commit to its own directory."""


def start(wish: DesiredSync, seen: ObservedSync, now: datetime = NOON) -> StartRun:
    """Plan, and expect that the one step is to start a run."""
    [action] = plan_sync(wish, seen, now).actions
    assert isinstance(action, StartRun)
    return action


REGISTRY = DesiredRegistry(
    namespace="default",
    name=ResourceName("company"),
    uid="uid-r",
    generation=1,
    url="https://git.example.com/company.git",
)


def index(
    version: str = COMMIT,
    extensions: tuple[PublishedExtension, ...] | None = None,
    warnings: tuple[str, ...] = (),
) -> RevisionIndex:
    """Make what a published revision holds."""
    artifact = Artifact(
        revision=f"main@sha1:{version}",
        commit=CommitId(version),
        digest=Digest(f"sha256:{version[:1] * 64}"),
        path=f"/registries/company/{version[:4]}",
        size=100,
        files=3,
        updated_at=NOON,
    )
    default = (
        PublishedExtension("connector", "jira", "connectors/jira/connector.lua", DIGEST, "Tickets"),
        PublishedExtension("tool", "related", "tools/related/tool.lua", DIGEST),
    )
    return RevisionIndex(artifact, default if extensions is None else extensions, warnings)


def told(
    seen: ObservedRegistry, wish: DesiredRegistry = REGISTRY, now: datetime = NOON
) -> ObservedRegistry:
    """Let the status say what is seen."""
    return replace(seen, recorded=registry_status(wish, seen, now))


def carry_out_registry(
    action: RegistryAction,
    wish: DesiredRegistry,
    seen: ObservedRegistry,
    now: datetime,
    remote: str | Failure = COMMIT,
    broken: Failure | None = None,
) -> ObservedRegistry:
    """Do what a shell does for one step, against a remote that has `remote`."""
    match action:
        case Fetch():
            if isinstance(remote, Failure):
                seen = look_failed(seen, wish, now, remote)
            else:
                seen = looked(seen, wish, now, remote, f"main@sha1:{remote}")
        case Publish():
            if broken is not None:
                seen = publish_failed(seen, wish, now, broken)
            else:
                seen = publication(seen, wish, action.version, index(action.version))
        case KeepLast():
            pass
        case Collect():
            seen = replace(seen, surplus=0)
    return told(seen, wish, now)


def stored(wish: DesiredRegistry = REGISTRY, now: datetime = NOON) -> ObservedRegistry:
    """Make a registry whose remote was asked and whose revision lies on the disk."""
    seen = ObservedRegistry()
    seen = carry_out_registry(Fetch(Trigger.SPEC_CHANGED), wish, seen, now)
    return carry_out_registry(Publish(f"main@sha1:{COMMIT}", COMMIT), wish, seen, now)
