"""Rows for the table and events for the log, out of statuses."""

import re
from collections.abc import Mapping
from datetime import datetime

from controller.dev.console import Console, Row
from controller.model.condition import Condition, Conditions, ConditionType, Reason
from controller.model.recorded import RecordedRegistry, RecordedSync
from controller.model.registry import Artifact, DesiredRegistry
from controller.model.sync import DesiredSync, RunRecord, RunResult
from controller.reconcile.board import short
from controller.reconcile.due import retry_time
from controller.resources.bodies import SourceNaming, registry_of, sync_of
from controller.resources.status import recorded_registry, recorded_sync

_SCRIPT_LINE = re.compile(r"\[[^\]]+\] (DEBUG|INFO|WARN|ERROR): (.*)")
_LEVELS = {"DEBUG": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error"}


def registry_row(
    desired: DesiredRegistry, recorded: RecordedRegistry, next_look: datetime | None
) -> Row:
    """Make the row of a Registry."""
    ready = recorded.conditions.get(ConditionType.READY)
    artifact = recorded.artifact
    return Row(
        kind="Registry",
        name=_name(desired.namespace, desired.name),
        ready=ready.status if ready else "",
        reason=ready.reason if ready else "",
        message=ready.message if ready else "",
        documents=None,
        running=False,
        last_run=artifact.updated_at if artifact else None,
        next_run=next_look,
        suspended=desired.suspended,
        hint=recorded.error.hint if recorded.error else "",
    )


def sync_row(desired: DesiredSync, recorded: RecordedSync, next_look: datetime | None) -> Row:
    """Make the row of a ConnectorSync."""
    ready = recorded.conditions.get(ConditionType.READY)
    last = recorded.history[0] if recorded.history else None
    return Row(
        kind="ConnectorSync",
        name=_name(desired.namespace, desired.name),
        ready=ready.status if ready else "",
        reason="Suspended" if desired.suspended else ready.reason if ready else "",
        message=ready.message if ready else "",
        documents=recorded.documents,
        running=recorded.active is not None,
        last_run=last.ended_at if last else None,
        next_run=None if recorded.active or desired.suspended else next_look,
        suspended=desired.suspended,
        hint=recorded.error.hint if recorded.error else "",
    )


def body_row(body: Mapping[str, object]) -> Row:
    """Make the row of a resource that an earlier `ctx dev` saved."""
    status = body.get("status")
    saved = status if isinstance(status, dict) else {}
    if body["kind"] == "Registry":
        return registry_row(registry_of(body), recorded_registry(saved), None)
    recorded = recorded_sync(saved)
    desired = sync_of(body, naming=SourceNaming.LAPTOP)
    retry = None if recorded.active or desired.suspended else retry_time(desired, recorded)
    times = (recorded.next_schedule_time, recorded.next_full_sync_time, retry)
    return sync_row(desired, recorded, min((each for each in times if each), default=None))


def is_ready(conditions: Conditions, generation: int) -> bool:
    """Say whether Ready is True, and about this generation."""
    ready = conditions.get(ConditionType.READY)
    return ready is not None and ready.status == "True" and ready.observed_generation == generation


def tell_registry(
    console: Console, desired: DesiredRegistry, old: RecordedRegistry, new: RecordedRegistry
) -> None:
    """Tell what changed of a Registry: a new revision, a failure, a recovery."""
    if new.artifact is not None and _content(new.artifact) != _content(old.artifact):
        console.event(
            "info",
            "registry.published",
            registry=desired.key(),
            revision=short(new.artifact.revision),
            connectors=new.counts.connectors,
            tools=new.counts.tools,
            agents=new.counts.agents,
        )
    _tell_ready(console, "registry", desired.key(), (old.conditions, new.conditions), new.error)


def tell_sync(console: Console, desired: DesiredSync, old: RecordedSync, new: RecordedSync) -> None:
    """Tell what changed of a ConnectorSync: a run that began or ended, a problem, a recovery."""
    name = f"{desired.namespace}/{desired.name}"
    if new.active is not None and new.active != old.active:
        console.event(
            "info",
            "run.started",
            sync=name,
            run_id=new.active.run_id,
            trigger=new.active.trigger.value,
            mode=new.active.mode.value,
            revision=short(new.active.revision),
        )
    if new.history and new.history[:1] != old.history[:1]:
        _tell_run(console, name, new.history[0], new)
    elif new.active is None:
        _tell_ready(console, "sync", name, (old.conditions, new.conditions), new.error)


def tell_line(console: Console, sync: str, line: str) -> None:
    """Tell a line of a running script at the level it was written with."""
    found = _SCRIPT_LINE.fullmatch(line)
    level, text = (_LEVELS[found[1]], found[2]) if found else ("info", line)
    console.event(level, "run.said", sync=sync, line=text)


def _tell_run(console: Console, name: str, run: RunRecord, recorded: RecordedSync) -> None:
    counts = run.counts
    facts: dict[str, object] = {
        "sync": name,
        "documents": recorded.documents,
        "seconds": round((run.ended_at - run.started_at).total_seconds(), 2),
        "scanned": counts.scanned,
    }
    # What did not happen is not worth a word.
    shown = ("added", "updated", "unchanged", "absent", "invalid")
    facts |= {each: getattr(counts, each) for each in shown if getattr(counts, each)}
    if run.result is RunResult.SUCCEEDED:
        console.event("info", "run.finished", **facts, run_id=run.run_id)
        return
    why: dict[str, object] = {"sync": name, "reason": run.reason, "error": run.message}
    if recorded.error is not None and recorded.error.hint:
        why["hint"] = recorded.error.hint
    level = "warning" if run.result is RunResult.PARTIAL else "error"
    console.event(
        level, "run.failed", **{**why, **facts}, outcome=run.result.value, run_id=run.run_id
    )


def _tell_ready(
    console: Console, noun: str, name: str, change: tuple[Conditions, Conditions], error: object
) -> None:
    old, new = (conditions.get(ConditionType.READY) for conditions in change)
    if new is None or _gist(old) == _gist(new):
        return
    hint = getattr(error, "hint", "")
    facts = {noun: name, "reason": new.reason.value, "message": new.message}
    if new.reason is Reason.REGISTRY_NOT_READY:
        # At every start, for a moment; a registry that stays so says why itself.
        console.event("info", f"{noun}.waiting", **facts)
    elif new.status == "False":
        console.event("error", f"{noun}.failed", **facts, **({"hint": hint} if hint else {}))
    elif new.status == "True" and old is not None and old.status == "False":
        console.event("info", f"{noun}.recovered", **facts)


def _content(artifact: Artifact | None) -> tuple[str, str] | None:
    return (artifact.revision, artifact.digest) if artifact else None


def _gist(condition: Condition | None) -> tuple[str, str, str] | None:
    return (condition.status, condition.reason, condition.message) if condition else None


def _name(namespace: str, name: str) -> str:
    return name if namespace == "default" else f"{namespace}/{name}"
