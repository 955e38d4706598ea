"""The status of a resource: the recorded facts to the body that `kubectl` shows, and back."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

from controller.instants import format_instant
from controller.model.condition import Condition, Conditions, ConditionStatus, ConditionType
from controller.model.names import CommitId, Digest, RunId, is_commit
from controller.model.recorded import (
    ExtensionCounts,
    Failure,
    RecordedRegistry,
    RecordedSync,
    RevisionRecord,
    RevisionState,
    reason_of,
)
from controller.model.registry import Artifact, PublishedExtension
from controller.model.sync import (
    ActiveRun,
    ResolvedConnector,
    RunCounts,
    RunMode,
    RunRecord,
    RunResult,
    Trigger,
)
from controller.resources import reading

Body = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTS = tuple(count.name for count in fields(RunCounts))


def status_of_sync(recorded: RecordedSync) -> Body:
    """Write the status of a ConnectorSync; what is not known is left out."""
    return _known(
        {
            "observedGeneration": recorded.observed_generation,
            "conditions": _conditions_body(recorded.conditions),
            "resolved": _resolved_body(recorded.resolved),
            "lastAttemptedGeneration": recorded.last_attempted_generation,
            "lastAttemptedRevision": recorded.last_attempted_revision,
            "lastAttemptedDigest": recorded.last_attempted_digest,
            "lastAttemptedInputs": recorded.last_attempted_inputs,
            "lastAppliedRevision": recorded.last_applied_revision,
            "lastAppliedDigest": recorded.last_applied_digest,
            "lastHandledReconcileAt": recorded.last_handled_reconcile_at,
            "lastHandledFullSyncAt": recorded.last_handled_full_sync_at,
            "lastScheduleTime": _written(recorded.last_schedule_time),
            "lastSuccessfulTime": _written(recorded.last_successful_time),
            "lastFullSyncTime": _written(recorded.last_full_sync_time),
            "nextScheduleTime": _written(recorded.next_schedule_time),
            "nextFullSyncTime": _written(recorded.next_full_sync_time),
            "documents": recorded.documents,
            "failures": recorded.failures,
            "error": _failure_body(recorded.error),
            "active": _active_body(recorded.active),
            "history": [_run_body(record) for record in recorded.history],
        }
    )


def recorded_sync(status: Mapping[str, object]) -> RecordedSync:
    """Read the status of a ConnectorSync; an empty one is that of a new resource."""
    return RecordedSync(
        observed_generation=reading.number(status, "observedGeneration", -1),
        conditions=_conditions(status),
        resolved=_resolved(reading.table(status, "resolved")),
        last_attempted_generation=(
            reading.number(status, "lastAttemptedGeneration")
            if "lastAttemptedGeneration" in status
            else None
        ),
        last_attempted_revision=reading.text(status, "lastAttemptedRevision"),
        last_attempted_digest=reading.text(status, "lastAttemptedDigest"),
        last_attempted_inputs=reading.text(status, "lastAttemptedInputs"),
        last_applied_revision=reading.text(status, "lastAppliedRevision"),
        last_applied_digest=reading.text(status, "lastAppliedDigest"),
        last_handled_reconcile_at=reading.text(status, "lastHandledReconcileAt"),
        last_handled_full_sync_at=reading.text(status, "lastHandledFullSyncAt"),
        last_schedule_time=reading.instant(status, "lastScheduleTime"),
        last_successful_time=reading.instant(status, "lastSuccessfulTime"),
        last_full_sync_time=reading.instant(status, "lastFullSyncTime"),
        next_schedule_time=reading.instant(status, "nextScheduleTime"),
        next_full_sync_time=reading.instant(status, "nextFullSyncTime"),
        documents=reading.number(status, "documents"),
        failures=reading.number(status, "failures"),
        error=_failure(reading.table(status, "error")),
        active=_active(reading.table(status, "active")),
        history=tuple(_run(row) for row in reading.rows(status, "history")),
    )


def status_of_registry(recorded: RecordedRegistry) -> Body:
    """Write the status of a Registry; what is not known is left out."""
    counts = recorded.counts
    return _known(
        {
            "observedGeneration": recorded.observed_generation,
            "conditions": _conditions_body(recorded.conditions),
            "artifact": _artifact_body(recorded.artifact),
            "remoteRevision": recorded.remote_revision,
            "lastAttemptedRevision": recorded.last_attempted_revision,
            "lastHandledReconcileAt": recorded.last_handled_reconcile_at,
            "failures": recorded.failures,
            "error": _failure_body(recorded.error),
            "counts": {
                "connectors": counts.connectors,
                "tools": counts.tools,
                "agents": counts.agents,
            },
            "extensions": [
                {
                    "kind": extension.kind,
                    "name": extension.name,
                    "path": extension.path,
                    "digest": extension.digest,
                }
                for extension in recorded.extensions
            ],
            "truncated": True if recorded.truncated else None,
            "history": [_revision_body(record) for record in recorded.history],
        }
    )


def recorded_registry(status: Mapping[str, object]) -> RecordedRegistry:
    """Read the status of a Registry; an empty one is that of a new resource."""
    counts = reading.table(status, "counts")
    return RecordedRegistry(
        observed_generation=reading.number(status, "observedGeneration", -1),
        conditions=_conditions(status),
        artifact=_artifact(reading.table(status, "artifact")),
        remote_revision=reading.text(status, "remoteRevision"),
        last_attempted_revision=reading.text(status, "lastAttemptedRevision"),
        last_handled_reconcile_at=reading.text(status, "lastHandledReconcileAt"),
        failures=reading.number(status, "failures"),
        error=_failure(reading.table(status, "error")),
        counts=ExtensionCounts(
            reading.number(counts, "connectors"),
            reading.number(counts, "tools"),
            reading.number(counts, "agents"),
        ),
        extensions=tuple(
            PublishedExtension(
                kind=reading.text(row, "kind"),
                name=reading.text(row, "name"),
                path=reading.text(row, "path"),
                digest=Digest(reading.text(row, "digest")),
            )
            for row in reading.rows(status, "extensions")
        ),
        truncated=reading.flag(status, "truncated"),
        history=tuple(
            RevisionRecord(
                revision=reading.text(row, "revision"),
                digest=reading.text(row, "digest"),
                first_observed=reading.instant(row, "firstObserved") or _EPOCH,
                state=RevisionState(reading.text(row, "status")),
            )
            for row in reading.rows(status, "history")
        ),
    )


def _known(body: Body) -> Body:
    return {key: value for key, value in body.items() if value not in (None, "", [], {})}


def _written(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant is not None else None


def _conditions_body(conditions: Conditions) -> list[Body]:
    return [
        {
            "type": condition.type.value,
            "status": condition.status.value,
            "reason": condition.reason.value,
            "message": condition.message,
            "lastTransitionTime": format_instant(condition.last_transition),
            "observedGeneration": condition.observed_generation,
        }
        for condition in conditions.values()
    ]


def _conditions(status: Mapping[str, object]) -> dict[ConditionType, Condition]:
    # A type that this release does not know belongs to another one; it is not ours to keep.
    known = {kind.value for kind in ConditionType}
    conditions = [
        Condition(
            type=ConditionType(reading.text(row, "type")),
            status=ConditionStatus(reading.text(row, "status", "Unknown")),
            reason=reason_of(reading.text(row, "reason")),
            message=reading.text(row, "message"),
            last_transition=reading.instant(row, "lastTransitionTime") or _EPOCH,
            observed_generation=reading.number(row, "observedGeneration"),
        )
        for row in reading.rows(status, "conditions")
        if reading.text(row, "type") in known
    ]
    return {condition.type: condition for condition in conditions}


def _failure_body(failure: Failure | None) -> Body | None:
    if failure is None:
        return None
    return {
        "reason": failure.reason.value,
        "message": failure.message[:2048],
        "hint": failure.hint[:1024],
        "retryable": failure.retryable,
    }


def _failure(error: Mapping[str, object]) -> Failure | None:
    if not error:
        return None
    return Failure(
        reason_of(reading.text(error, "reason")),
        reading.text(error, "message"),
        reading.text(error, "hint"),
        reading.flag(error, "retryable"),
    )


def _artifact_body(artifact: Artifact | None) -> Body | None:
    if artifact is None:
        return None
    return {
        "revision": artifact.revision,
        "digest": artifact.digest,
        "path": artifact.path,
        "size": artifact.size,
        "files": artifact.files,
        "lastUpdateTime": format_instant(artifact.updated_at),
    }


def _artifact(body: Mapping[str, object]) -> Artifact | None:
    if not body:
        return None
    revision = reading.text(body, "revision")
    commit = revision.rpartition(":")[2].removesuffix("+dirty")
    return Artifact(
        revision=revision,
        # A directory that is no repository has a revision without a commit.
        commit=CommitId(commit if is_commit(commit) else ""),
        digest=Digest(reading.text(body, "digest")),
        path=reading.text(body, "path"),
        size=reading.number(body, "size"),
        files=reading.number(body, "files"),
        updated_at=reading.instant(body, "lastUpdateTime") or _EPOCH,
    )


def _revision_body(record: RevisionRecord) -> Body:
    return _known(
        {
            "revision": record.revision,
            "digest": record.digest,
            "firstObserved": format_instant(record.first_observed),
            "status": record.state.value,
        }
    )


def _resolved_body(resolved: ResolvedConnector | None) -> Body | None:
    if resolved is None:
        return None
    return _known(
        {
            "registry": resolved.registry,
            "revision": resolved.revision,
            "root": resolved.root,
            "path": resolved.path,
            "digest": resolved.digest,
            "version": resolved.version,
        }
    )


def _resolved(body: Mapping[str, object]) -> ResolvedConnector | None:
    if not body:
        return None
    return ResolvedConnector(
        registry=reading.text(body, "registry"),
        revision=reading.text(body, "revision"),
        root=reading.text(body, "root"),
        path=reading.text(body, "path"),
        digest=Digest(reading.text(body, "digest")),
        version=reading.text(body, "version"),
    )


def _active_body(run: ActiveRun | None) -> Body | None:
    if run is None:
        return None
    return _known(
        {
            "runID": run.run_id,
            "trigger": run.trigger.value,
            "mode": run.mode.value,
            "attempt": run.attempt,
            "startTime": format_instant(run.started_at),
            "generation": run.generation,
            "revision": run.revision,
            "digest": run.digest,
            "inputs": run.inputs,
            "reconcileRequestedAt": run.token,
            "fullSyncRequestedAt": run.full_token,
        }
    )


def _active(body: Mapping[str, object]) -> ActiveRun | None:
    if not body:
        return None
    return ActiveRun(
        run_id=RunId(reading.text(body, "runID")),
        trigger=Trigger(reading.text(body, "trigger")),
        mode=RunMode(reading.text(body, "mode")),
        attempt=reading.number(body, "attempt"),
        started_at=reading.instant(body, "startTime") or _EPOCH,
        generation=reading.number(body, "generation"),
        digest=reading.text(body, "digest"),
        inputs=reading.text(body, "inputs"),
        revision=reading.text(body, "revision"),
        token=reading.text(body, "reconcileRequestedAt"),
        full_token=reading.text(body, "fullSyncRequestedAt"),
    )


def _run_body(record: RunRecord) -> Body:
    counts = record.counts
    return _known(
        {
            "runID": record.run_id,
            "trigger": record.trigger.value,
            "mode": record.mode.value,
            "attempt": record.attempt,
            "outcome": record.result.value,
            "reason": record.reason,
            "message": record.message,
            "hint": record.hint,
            "retryable": True if record.retryable else None,
            "revision": record.revision,
            "digest": record.digest,
            "startTime": format_instant(record.started_at),
            "completionTime": format_instant(record.ended_at),
            "items": {key: getattr(counts, key) for key in _COUNTS},
        }
    )


def _run(row: Mapping[str, object]) -> RunRecord:
    items = reading.table(row, "items")
    return RunRecord(
        run_id=RunId(reading.text(row, "runID")),
        trigger=Trigger(reading.text(row, "trigger")),
        mode=RunMode(reading.text(row, "mode")),
        attempt=reading.number(row, "attempt"),
        result=RunResult(reading.text(row, "outcome")),
        reason=reading.text(row, "reason"),
        revision=reading.text(row, "revision"),
        digest=reading.text(row, "digest"),
        started_at=reading.instant(row, "startTime") or _EPOCH,
        ended_at=reading.instant(row, "completionTime") or _EPOCH,
        counts=RunCounts(**{key: reading.number(items, key) for key in _COUNTS}),
        message=reading.text(row, "message"),
        hint=reading.text(row, "hint"),
        retryable=reading.flag(row, "retryable"),
    )
