"""
What Ready means: the status of a resource as a function of the facts.

No step sets a condition.  Every condition is computed here from all the facts at
once, so that two of them never tell different stories.  `observedGeneration`
moves only when the work for that generation is done, for good or for bad.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from controller.instants import format_instant
from controller.model.condition import ConditionType, Reason
from controller.model.recorded import Failure, RecordedRegistry, RecordedSync, reason_of
from controller.model.registry import DesiredRegistry
from controller.model.sync import ActiveRun, DesiredSync, RunRecord, RunResult
from controller.reconcile.board import Said, false, is_true, settle, several, short, true, unknown
from controller.reconcile.due import (
    full_timetable,
    last_full_attempt,
    last_run,
    retry_time,
    schedule_problem,
    timetable,
    waits_for_change,
    why_due,
)
from controller.reconcile.history import run_failure, take_outcome
from controller.reconcile.observed import ObservedRegistry, ObservedSync, unfinished_run
from controller.reconcile.storage import registry_conditions, take_facts

READY, STALLED = ConditionType.READY, ConditionType.STALLED


def sync_status(desired: DesiredSync, observed: ObservedSync, now: datetime) -> RecordedSync:
    """
    Compute the status of a ConnectorSync, taking in the outcome of a run that has one.

    A suspended resource keeps the status it had, except for the end of a run
    that was under way.
    """
    run = unfinished_run(observed)
    if desired.suspended and run is None:
        return observed.recorded
    recorded, outcome = observed.recorded, observed.outcome
    if run is not None and outcome is not None and outcome.run_id == run.run_id:
        recorded, run = take_outcome(desired, recorded, run, outcome), None
    recorded = replace(recorded, active=run, resolved=observed.resolved)
    return _conclude(_situation(desired, replace(observed, recorded=recorded), run, now))


def registry_status(
    desired: DesiredRegistry, observed: ObservedRegistry, now: datetime
) -> RecordedRegistry:
    """
    Compute the status of a Registry.

    A poll that finds nothing new changes nothing in it, so that nothing is written.
    """
    if desired.suspended:
        return observed.recorded
    recorded = take_facts(desired, observed, now)
    said = registry_conditions(desired, observed)
    conditions = settle(observed.recorded.conditions, said, desired.generation, now)
    ready = is_true(conditions, READY) and ConditionType.RECONCILING not in conditions
    settled = ready or is_true(conditions, STALLED)
    return replace(
        recorded,
        conditions=conditions,
        observed_generation=desired.generation if settled else recorded.observed_generation,
    )


@dataclass(frozen=True, slots=True)
class _Situation:
    """A ConnectorSync at one moment, with the questions that several conditions ask answered."""

    desired: DesiredSync
    observed: ObservedSync
    run: ActiveRun | None
    problem: Failure | None
    """What keeps a run from starting."""
    last: RunRecord | None
    is_due: bool
    retry_at: datetime | None
    now: datetime

    @property
    def recorded(self) -> RecordedSync:
        return self.observed.recorded

    @property
    def is_answered(self) -> bool:
        """A run of this generation has ended."""
        return self.recorded.last_attempted_generation == self.desired.generation

    @property
    def gave_up(self) -> bool:
        """The last run failed, and nothing is under way to make up for it."""
        failed = self.last is not None and self.last.result is not RunResult.SUCCEEDED
        idle = self.run is None and self.problem is None and not self.is_due
        return failed and idle and self.retry_at is None


def _situation(
    desired: DesiredSync, observed: ObservedSync, run: ActiveRun | None, now: datetime
) -> _Situation:
    problem = schedule_problem(desired) or observed.unresolved or observed.config_problem
    startable = problem is None and run is None and not desired.suspended
    return _Situation(
        desired=desired,
        observed=observed,
        run=run,
        problem=problem,
        last=last_run(observed.recorded),
        is_due=startable and why_due(desired, observed, now) is not None,
        retry_at=retry_time(desired, observed.recorded) if startable else None,
        now=now,
    )


def _conclude(at: _Situation) -> RecordedSync:
    said = (
        _ready(at),
        _reconciling(at),
        _stalled(at),
        _resolved(at),
        _config_valid(at),
        _synced(at),
    )
    conditions = settle(at.recorded.conditions, said, at.desired.generation, at.now)
    settled = is_true(conditions, READY) or is_true(conditions, STALLED)
    return replace(
        at.recorded,
        conditions=conditions,
        observed_generation=(at.desired.generation if settled else at.recorded.observed_generation),
        error=at.problem or (run_failure(at.last) if at.last is not None else None),
        next_schedule_time=_next_schedule(at),
        next_full_sync_time=_next_full(at),
    )


def _ready(at: _Situation) -> Said:
    if at.problem is not None:
        return false(READY, at.problem.reason, at.problem.message)
    if at.last is None:
        return unknown(READY, Reason.PROGRESSING, "no run has ended yet")
    if not at.is_answered:
        message = f"no run of generation {at.desired.generation} has ended yet"
        return unknown(READY, Reason.PROGRESSING, message)
    failure = run_failure(at.last)
    if failure is None:
        return true(READY, reason_of(at.last.reason), _success(at, at.last))
    if at.last.result is RunResult.PARTIAL:
        return false(READY, Reason.PARTIAL, _partial(at.last))
    return false(READY, failure.reason, failure.message or f"the run ended {at.last.result}")


def _reconciling(at: _Situation) -> Said | None:
    if at.run is not None:
        again = at.run.attempt > 1
        reason = Reason.PROGRESSING_WITH_RETRY if again else Reason.PROGRESSING
        since = format_instant(at.run.started_at)
        attempt = f", attempt {at.run.attempt}" if again else ""
        message = f"run {at.run.run_id} ({at.run.trigger}{attempt}) since {since}"
        return true(ConditionType.RECONCILING, reason, message)
    if at.is_due and at.observed.queue_position is not None:
        before = several(at.observed.queue_position, "sync")
        message = f"due, waits for a free place behind {before}"
        return true(ConditionType.RECONCILING, Reason.QUEUED, message)
    if at.is_due:
        return true(ConditionType.RECONCILING, Reason.PROGRESSING, "a run is due")
    if at.retry_at is not None and at.last is not None:
        message = f"attempt {at.last.attempt + 1} at {format_instant(at.retry_at)}"
        return true(ConditionType.RECONCILING, Reason.PROGRESSING_WITH_RETRY, message)
    return None


def _stalled(at: _Situation) -> Said | None:
    problem = schedule_problem(at.desired)
    if problem is not None and at.run is None:
        return true(STALLED, problem.reason, problem.message)
    if not at.gave_up or at.last is None:
        return None
    if waits_for_change(at.observed):
        message = "waits for a change of the spec, its inputs or the connector, or for a request"
        return true(STALLED, reason_of(at.last.reason), message)
    if at.last.retryable:
        tries = several(at.last.attempt, "attempt")
        message = f"gave up after {tries}; the next schedule, change or request tries again"
        return true(STALLED, Reason.RETRY_LIMIT_REACHED, message)
    message = "the next schedule, change or request tries again"
    return true(STALLED, reason_of(at.last.reason), message)


def _resolved(at: _Situation) -> Said | None:
    kind, connector = ConditionType.CONNECTOR_RESOLVED, at.desired.connector
    missing, found = at.observed.unresolved, at.observed.resolved
    if missing is not None:
        return false(kind, missing.reason, missing.message)
    if found is None:
        return None
    revision = short(found.revision)
    if _is_untouched(at):
        return true(kind, Reason.SUCCEEDED, f"connector {connector} unchanged at {revision}")
    message = f"connector {connector} of {found.registry} at {revision}"
    return true(kind, Reason.SUCCEEDED, message)


def _config_valid(at: _Situation) -> Said | None:
    kind, problem = ConditionType.CONFIG_VALID, at.observed.config_problem
    if problem is not None:
        return false(kind, problem.reason, problem.message)
    if at.observed.resolved is None:
        return None
    return true(kind, Reason.SUCCEEDED, "every required key and variable has a value")


def _synced(at: _Situation) -> Said:
    kind = ConditionType.SYNCED
    if at.last is None:
        return unknown(kind, Reason.PROGRESSING, "no run has ended yet")
    failure = run_failure(at.last)
    if failure is None:
        return true(kind, reason_of(at.last.reason), _counted(at.last))
    if at.last.result is RunResult.PARTIAL:
        return true(kind, Reason.PARTIAL, _partial(at.last))
    return false(kind, failure.reason, failure.message or f"the run ended {at.last.result}")


def _next_schedule(at: _Situation) -> datetime | None:
    if at.last is None or not _keeps_time(at):
        return None
    return timetable(at.desired).next(at.last.ended_at, at.now)


def _next_full(at: _Situation) -> datetime | None:
    if at.last is None or not _keeps_time(at):
        return None
    since = last_full_attempt(at.recorded, at.last)
    return full_timetable(at.desired).next(since, at.now)


def _keeps_time(at: _Situation) -> bool:
    idle = at.run is None and at.problem is None and not at.desired.suspended
    return idle and not waits_for_change(at.observed)


def _is_untouched(at: _Situation) -> bool:
    """A commit moved the registry on, and the connector's directory is as the last run had it."""
    found, recorded = at.observed.resolved, at.recorded
    return (
        found is not None
        and found.digest == recorded.last_attempted_digest
        and found.revision != recorded.last_attempted_revision
    )


def _success(at: _Situation, last: RunRecord) -> str:
    documents = several(at.recorded.documents, "document")
    message = f"{documents} at {short(last.revision)}: {_counted(last)}"
    found = at.observed.resolved
    if found is not None and _is_untouched(at):
        message += f"; connector unchanged at {short(found.revision)}"
    return f"{message}; {last.message}" if last.message else message


def _counted(last: RunRecord) -> str:
    counts = last.counts
    parts = [
        f"{counts.added:,} added",
        f"{counts.updated:,} updated",
        f"{counts.unchanged:,} unchanged",
    ]
    rare = ((counts.absent, "absent"), (counts.invalid, "refused"))
    return ", ".join((*parts, *(f"{number:,} {word}" for number, word in rare if number)))


def _partial(last: RunRecord) -> str:
    why = f": {last.message}" if last.message else ""
    return f"the run saw a part of the source ({_counted(last)}){why}"
