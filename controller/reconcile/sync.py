"""The one place that decides when a ConnectorSync runs."""

from datetime import datetime, timedelta
from hashlib import sha256

from controller.model.names import RunId
from controller.model.sync import (
    ActiveRun,
    DesiredSync,
    ResolvedConnector,
    RunError,
    RunMode,
    RunResult,
    SyncOutcome,
    Trigger,
)
from controller.reconcile.actions import Plan, RecordOutcome, StartRun, StopRun, SyncAction
from controller.reconcile.due import (
    Due,
    last_run,
    next_due,
    pending_full_token,
    pending_token,
    schedule_problem,
    wants_full,
    why_due,
)
from controller.reconcile.observed import ObservedSync, unfinished_run

OVERDUE_AFTER = timedelta(minutes=10)
"""A run ends itself at its deadline; one that is alive this much later is stopped from outside."""

QUEUE_LOOK = timedelta(seconds=10)
"""The shell looks as soon as a place is free; this is the net below it."""


def plan_sync(desired: DesiredSync, observed: ObservedSync, now: datetime) -> Plan[SyncAction]:
    """
    Compare the wish with the facts and name the missing steps.

    The rules are tried top to bottom and the first that applies decides, so
    deletion outranks suspension and a run that is not recorded outranks a due one.
    """
    run = unfinished_run(observed)
    if desired.deleted:
        return _plan_deletion(run, observed)
    if run is not None:
        return _plan_unfinished(desired, run, observed, now)
    if desired.suspended or not can_start(desired, observed) or observed.resolved is None:
        return Plan()
    due = why_due(desired, observed, now)
    if due is None:
        return Plan(look_again=_until(next_due(desired, observed, now), now))
    if observed.queue_position is not None:
        return Plan(look_again=QUEUE_LOOK)
    return Plan((_start(desired, observed, observed.resolved, due, now),))


def can_start(desired: DesiredSync, observed: ObservedSync) -> bool:
    """Say whether a run would find its connector, its configuration and a sound schedule."""
    return (
        observed.resolved is not None
        and observed.config_problem is None
        and schedule_problem(desired) is None
    )


def lost(run: ActiveRun, desired: DesiredSync, now: datetime) -> SyncOutcome:
    """Say what came of a run whose process is gone and whose report is not there."""
    return SyncOutcome(
        run_id=run.run_id,
        source=desired.source,
        result=RunResult.INTERRUPTED,
        started_at=run.started_at,
        ended_at=now,
        mode=run.mode,
        error=RunError("Interrupted", f"run {run.run_id} ended without a report"),
    )


def _plan_deletion(run: ActiveRun | None, observed: ObservedSync) -> Plan[SyncAction]:
    if run is not None and observed.running:
        return Plan((StopRun(run.run_id),))
    return Plan()


def _plan_unfinished(
    desired: DesiredSync, run: ActiveRun, observed: ObservedSync, now: datetime
) -> Plan[SyncAction]:
    outcome = observed.outcome
    if outcome is not None and outcome.run_id == run.run_id:
        return Plan((RecordOutcome(run, outcome),))
    if not observed.running:
        return Plan((RecordOutcome(run, lost(run, desired, now)),))
    overdue = run.started_at + desired.limits.deadline + OVERDUE_AFTER
    if now >= overdue:
        return Plan((StopRun(run.run_id),), QUEUE_LOOK)
    return Plan(look_again=overdue - now)


def _start(
    desired: DesiredSync,
    observed: ObservedSync,
    resolved: ResolvedConnector,
    due: Due,
    now: datetime,
) -> StartRun:
    recorded = observed.recorded
    last = last_run(recorded)
    attempt = last.attempt + 1 if last is not None and due.trigger is Trigger.RETRY else 1
    return StartRun(
        run_id=_run_id(desired, observed, resolved, due, attempt),
        trigger=due.trigger,
        mode=RunMode.FULL if wants_full(desired, observed, now) else RunMode.INCREMENTAL,
        attempt=attempt,
        resolved=resolved,
        generation=desired.generation,
        inputs=observed.inputs,
        token=pending_token(desired, recorded) or recorded.last_handled_reconcile_at,
        full_token=pending_full_token(desired, recorded) or recorded.last_handled_full_sync_at,
    )


def _run_id(
    desired: DesiredSync,
    observed: ObservedSync,
    resolved: ResolvedConnector,
    due: Due,
    attempt: int,
) -> RunId:
    # The id is a function of what triggers the run, so a shell that dies after
    # starting it and plans again asks for the same run and gets the same one.
    # The run before it is part of that: a connector that changes back and
    # forth would else ask for a run that ended long ago.
    last = last_run(observed.recorded)
    parts = (
        desired.uid,
        str(desired.generation),
        resolved.digest,
        observed.inputs,
        due.trigger,
        due.occasion,
        str(attempt),
        last.run_id if last is not None else "",
    )
    return RunId(sha256("\0".join(parts).encode()).hexdigest()[:16])


def _until(time: datetime | None, now: datetime) -> timedelta | None:
    return None if time is None else max(time - now, timedelta(milliseconds=1))
