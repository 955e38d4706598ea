"""Why a ConnectorSync is due, and when it will be; the plan and the status both ask here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from controller.errors import InvalidScheduleError
from controller.model.condition import Reason
from controller.model.recorded import Failure, RecordedSync, failure_of, reason_of
from controller.model.sync import DesiredSync, RunMode, RunRecord, RunResult, Trigger
from controller.reconcile.backoff import delay
from controller.reconcile.observed import ObservedSync
from controller.reconcile.schedule import check_schedule, interval_end, next_fire, previous_fire

WAITS_FOR_CHANGE = frozenset(
    {
        Reason.INVALID_CONFIG,
        Reason.PARSE_ERROR,
        Reason.UNDEFINED_VARIABLE,
        Reason.SECRET_NOT_FOUND,
        Reason.INVALID_SPEC,
        Reason.INVALID_SCHEDULE,
        Reason.MISSING_REQUIRED_CONFIG,
        Reason.SCRIPT_INVALID,
        Reason.CONTRACT_VIOLATED,
        Reason.CREDENTIALS_REJECTED,
        Reason.LIMIT_EXCEEDED,
    }
)
"""Failures that only a change of the spec, its inputs or the connector can mend.

Even a schedule leaves these alone: a rejected password tried every minute locks
the account.  Other failures that are not retryable (a full disk's database, say)
are mended outside, where we cannot see it, so the schedule tries them again.
"""


class Due(NamedTuple):
    """Why a run is due, and the word that tells this occasion from the next."""

    trigger: Trigger
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class Timetable:
    """One of the two schedules of a ConnectorSync: of its runs, or of its full runs."""

    cron: str | None
    interval: timedelta | None
    time_zone: str
    starting_deadline: timedelta | None
    uid: str

    def slot(self, started: datetime, ended: datetime, now: datetime) -> datetime | None:
        """
        Find the time that has come and that no run has answered; missed ones collapse into it.

        A run answers every tick up to its start; an interval begins when a run ends.
        """
        if self.cron is not None:
            return self._tick(started, now)
        if self.interval is None:
            return None
        end = interval_end(self.interval, ended, self.uid)
        return end if end <= now else None

    def next(self, ended: datetime, now: datetime) -> datetime | None:
        """Find the next time that is still to come; the one that has come is a `slot`."""
        if self.cron is not None:
            return next_fire(self.cron, self.time_zone, now)
        if self.interval is None:
            return None
        return interval_end(self.interval, ended, self.uid)

    def _tick(self, started: datetime, now: datetime) -> datetime | None:
        tick = previous_fire(self.cron or "", self.time_zone, now)
        if tick is None or tick <= started:
            return None
        if self.starting_deadline is not None and now - tick > self.starting_deadline:
            return None
        return tick


def timetable(desired: DesiredSync) -> Timetable:
    """Take the schedule of the runs."""
    return Timetable(
        desired.schedule,
        desired.interval,
        desired.time_zone,
        desired.starting_deadline,
        desired.uid,
    )


def full_timetable(desired: DesiredSync) -> Timetable:
    """Take the schedule of the full runs."""
    return Timetable(
        desired.full_schedule,
        desired.full_interval,
        desired.time_zone,
        desired.starting_deadline,
        desired.uid,
    )


def schedule_problem(desired: DesiredSync) -> Failure | None:
    """Say what is wrong with the schedules, which the CRD's patterns cannot."""
    try:
        for expression in (desired.schedule, desired.full_schedule):
            if expression is not None:
                check_schedule(expression, desired.time_zone)
    except InvalidScheduleError as error:
        return failure_of(error)
    return None


def why_due(desired: DesiredSync, observed: ObservedSync, now: datetime) -> Due | None:
    """
    Name the first reason to start a run now.

    Asks only for resources that could start one: resolved, valid, with sound schedules.
    """
    due = _why_changed(desired, observed)
    if due is not None or waits_for_change(observed):
        return due
    retry = retry_time(desired, observed.recorded)
    if retry is not None and retry <= now:
        return Due(Trigger.RETRY)
    slot = schedule_slot(desired, observed.recorded, now)
    if slot is not None:
        return Due(Trigger.SCHEDULE, slot.isoformat())
    slot = full_slot(desired, observed.recorded, now)
    if slot is not None:
        return Due(Trigger.FULL_SCHEDULE, slot.isoformat())
    return None


def next_due(desired: DesiredSync, observed: ObservedSync, now: datetime) -> datetime | None:
    """Find when a run that is not due now will be, if nothing changes."""
    last = last_run(observed.recorded)
    if last is None or waits_for_change(observed):
        return None
    times = (
        retry_time(desired, observed.recorded),
        timetable(desired).next(last.ended_at, now),
        full_timetable(desired).next(last_full_attempt(observed.recorded, last), now),
    )
    return min((time for time in times if time is not None), default=None)


def waits_for_change(observed: ObservedSync) -> bool:
    """Say whether the last failure stays as it is until spec, inputs or connector change."""
    recorded, resolved = observed.recorded, observed.resolved
    last = last_run(recorded)
    if last is None or last.result is RunResult.SUCCEEDED or last.retryable:
        return False
    moved = resolved is not None and resolved.digest != recorded.last_attempted_digest
    return reason_of(last.reason) in WAITS_FOR_CHANGE and not moved


def retry_time(desired: DesiredSync, recorded: RecordedSync) -> datetime | None:
    """Say when a failed run is tried again; None when it succeeded or its retries are used up."""
    last, policy = last_run(recorded), desired.retry
    if last is None or last.result is RunResult.SUCCEEDED or not last.retryable:
        return None
    if policy.limit >= 0 and last.attempt > policy.limit:
        return None
    if last.attempt == 1 and last.result in (RunResult.INTERRUPTED, RunResult.CANCELLED):
        # Nobody's fault: the shell went down, or was told to.  A second one in a row backs off.
        return last.ended_at
    return last.ended_at + delay(
        last.attempt, base=policy.backoff, cap=policy.max_backoff, uid=desired.uid
    )


def schedule_slot(desired: DesiredSync, recorded: RecordedSync, now: datetime) -> datetime | None:
    """Find the tick of `schedule` or `interval` that has come."""
    last = last_run(recorded)
    return None if last is None else timetable(desired).slot(last.started_at, last.ended_at, now)


def full_slot(desired: DesiredSync, recorded: RecordedSync, now: datetime) -> datetime | None:
    """
    Find the tick of `fullSync` that has come.

    Counts from the last attempt, not from the last success: a full run that
    fails is taken up by its retries, which stay full, and not by its schedule.
    """
    last = last_run(recorded)
    if last is None:
        return None
    since = last_full_attempt(recorded, last)
    return full_timetable(desired).slot(since, since, now)


def wants_full(desired: DesiredSync, observed: ObservedSync, now: datetime) -> bool:
    """Say whether the next run starts without a checkpoint."""
    recorded, resolved = observed.recorded, observed.resolved
    last = last_run(recorded)
    return (
        recorded.last_full_sync_time is None
        or pending_full_token(desired, recorded) != ""
        or (last is not None and last.mode is RunMode.FULL and last.result != RunResult.SUCCEEDED)
        # Another script, or another config, may mean something else by the same checkpoint.
        or desired.generation != recorded.last_attempted_generation
        or (resolved is not None and resolved.digest != recorded.last_applied_digest)
        or full_slot(desired, recorded, now) is not None
    )


def pending_token(desired: DesiredSync, recorded: RecordedSync) -> str:
    """Take the request for a run that no run has answered."""
    token = desired.reconcile_requested_at
    return "" if token == recorded.last_handled_reconcile_at else token


def pending_full_token(desired: DesiredSync, recorded: RecordedSync) -> str:
    """Take the request for a full run that no run has answered."""
    token = desired.full_sync_requested_at
    return "" if token == recorded.last_handled_full_sync_at else token


def last_run(recorded: RecordedSync) -> RunRecord | None:
    """Take the newest run of the history."""
    return recorded.history[0] if recorded.history else None


def last_full_attempt(recorded: RecordedSync, last: RunRecord) -> datetime:
    """Say when a full run was last tried."""
    for record in recorded.history:
        if record.mode is RunMode.FULL:
            return record.ended_at
    return recorded.last_full_sync_time or last.ended_at


def _why_changed(desired: DesiredSync, observed: ObservedSync) -> Due | None:
    recorded = observed.recorded
    tokens = (pending_token(desired, recorded), pending_full_token(desired, recorded))
    if any(tokens):
        return Due(Trigger.REQUESTED, " ".join(tokens))
    if desired.generation != recorded.last_attempted_generation:
        return Due(Trigger.SPEC_CHANGED)
    if observed.inputs != recorded.last_attempted_inputs:
        return Due(Trigger.INPUT_CHANGED)
    digest = observed.resolved.digest if observed.resolved is not None else ""
    if desired.sync_on_update and digest != recorded.last_attempted_digest:
        return Due(Trigger.CONNECTOR_CHANGED)
    return None
