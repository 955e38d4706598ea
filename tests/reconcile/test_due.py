from dataclasses import replace

from controller.model.condition import Reason
from controller.model.names import RunId
from controller.model.recorded import RecordedSync
from controller.model.sync import RunMode, RunResult
from controller.reconcile.due import (
    Timetable,
    full_slot,
    last_full_attempt,
    last_run,
    next_due,
    retry_time,
    schedule_problem,
    schedule_slot,
    wants_full,
)
from tests.reconcile.worlds import (
    FAILED,
    HOUR,
    MINUTE,
    NEW,
    NOON,
    RUN,
    SYNCED,
    WISH,
    after,
)


def test_before_the_first_run_no_time_counts() -> None:
    wish = replace(WISH, schedule="* * * * *", full_schedule="* * * * *")

    assert last_run(NEW.recorded) is None
    assert retry_time(wish, NEW.recorded) is None
    assert schedule_slot(wish, NEW.recorded, NOON) is None
    assert full_slot(wish, NEW.recorded, NOON) is None
    assert next_due(wish, NEW, NOON) is None


def test_a_run_that_succeeded_has_no_retry() -> None:
    assert retry_time(WISH, SYNCED.recorded) is None
    assert retry_time(WISH, FAILED.recorded) is not None


def test_a_timetable_without_times_names_none() -> None:
    empty = Timetable(None, None, "UTC", None, "uid")

    assert empty.slot(NOON, NOON, NOON) is None
    assert empty.next(NOON, NOON) is None


def test_a_tick_before_the_last_start_is_answered() -> None:
    hourly = Timetable("@hourly", None, "UTC", None, "uid")

    assert hourly.slot(NOON, NOON, NOON + MINUTE) is None
    assert hourly.slot(NOON - MINUTE, NOON, NOON + MINUTE) == NOON


def test_a_tick_that_never_was_is_none() -> None:
    never = Timetable("0 0 */28 2 MON#2", None, "UTC", None, "uid")

    assert never.slot(NOON, NOON, NOON) is None


def test_both_schedules_are_checked() -> None:
    broken = replace(WISH, full_schedule="weekly")

    problem = schedule_problem(broken)

    assert problem is not None
    assert (problem.reason, problem.retryable) == (Reason.INVALID_SCHEDULE, False)
    assert schedule_problem(replace(WISH, schedule="* * * * *")) is None


def test_the_last_full_attempt_is_found_behind_incremental_ones() -> None:
    run = replace(RUN, run_id=RunId("r2"), mode=RunMode.INCREMENTAL)
    later = after(SYNCED, run=run, ended_at=NOON)
    last = last_run(later.recorded)
    assert last is not None

    forgotten = replace(later.recorded, history=(last,))
    never = replace(forgotten, last_full_sync_time=None)

    assert last_full_attempt(later.recorded, last) == NOON - 5 * MINUTE
    assert last_full_attempt(forgotten, last) == NOON - 5 * MINUTE
    assert last_full_attempt(never, last) == NOON


def test_a_source_never_scanned_whole_wants_it() -> None:
    assert wants_full(WISH, replace(NEW, recorded=RecordedSync()), NOON)
    assert not wants_full(WISH, SYNCED, NOON)
    assert wants_full(replace(WISH, full_interval=HOUR), SYNCED, NOON + 2 * HOUR)


def test_a_success_after_a_failed_full_run_is_incremental_again() -> None:
    retry = replace(RUN, run_id=RunId("r2"), attempt=2)
    healed = after(FAILED, run=retry, result=RunResult.SUCCEEDED)

    assert not wants_full(WISH, healed, NOON)
