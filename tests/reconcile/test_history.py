from dataclasses import replace

import pytest

from controller.model.condition import Reason
from controller.model.names import RunId
from controller.model.recorded import RecordedSync
from controller.model.sync import (
    RunCounts,
    RunError,
    RunResult,
    SyncOutcome,
    Trigger,
)
from controller.reconcile.history import run_failure, take_outcome
from tests.reconcile.worlds import NOON, RUN, TIMEOUT, WISH, outcome


def taken(
    done: SyncOutcome, before: RecordedSync | None = None, trigger: Trigger = Trigger.RETRY
) -> RecordedSync:
    """Take an outcome into a status."""
    run = replace(RUN, run_id=done.run_id, trigger=trigger, token="t1", full_token="f1")
    return take_outcome(WISH, before or RecordedSync(active=run), run, done)


def test_a_success_moves_what_was_attempted_and_what_was_applied() -> None:
    recorded = taken(outcome(RUN))

    assert recorded.active is None
    assert recorded.last_attempted_generation == 1
    assert recorded.last_attempted_inputs == "i1"
    assert recorded.last_attempted_digest == recorded.last_applied_digest == RUN.digest
    assert recorded.last_attempted_revision == recorded.last_applied_revision == RUN.revision
    assert (recorded.last_handled_reconcile_at, recorded.last_handled_full_sync_at) == ("t1", "f1")
    assert recorded.documents == 5


def test_a_failure_moves_only_what_was_attempted() -> None:
    recorded = taken(outcome(RUN, RunResult.FAILED, TIMEOUT))

    assert recorded.last_attempted_digest == RUN.digest
    assert recorded.last_applied_digest == ""
    assert recorded.last_successful_time is None
    assert recorded.last_handled_reconcile_at == "t1"


def test_failures_are_counted_in_a_row_and_nobodys_fault_is_no_failure() -> None:
    recorded = RecordedSync()
    counts = []
    for number, result in enumerate(
        (
            RunResult.FAILED,
            RunResult.PARTIAL,
            RunResult.INTERRUPTED,
            RunResult.TIMED_OUT,
            RunResult.CANCELLED,
            RunResult.SUCCEEDED,
        )
    ):
        run = replace(RUN, run_id=RunId(str(number)))
        recorded = take_outcome(WISH, recorded, run, outcome(run, result))
        counts.append(recorded.failures)

    assert counts == [1, 2, 2, 3, 3, 0]


def test_the_ring_keeps_the_newest_runs() -> None:
    recorded = RecordedSync()
    for number in range(8):
        run = replace(RUN, run_id=RunId(str(number)))
        recorded = take_outcome(WISH, recorded, run, outcome(run))

    assert [record.run_id for record in recorded.history] == ["7", "6", "5", "4", "3"]


def test_a_run_that_never_reached_the_store_does_not_hide_what_is_in_it() -> None:
    before = RecordedSync(documents=500)
    unreached = replace(outcome(RUN, RunResult.FAILED, TIMEOUT), documents=0)

    assert taken(unreached, before).documents == 500
    assert taken(replace(outcome(RUN), documents=0), before).documents == 0
    assert taken(replace(unreached, documents=7), before).documents == 7


@pytest.mark.parametrize("trigger", [Trigger.SCHEDULE, Trigger.FULL_SCHEDULE])
def test_the_time_of_a_scheduled_run_is_kept(trigger: Trigger) -> None:
    assert taken(outcome(RUN), trigger=trigger).last_schedule_time == RUN.started_at
    assert taken(outcome(RUN)).last_schedule_time is None


@pytest.mark.parametrize(
    ("done", "reason", "retryable"),
    [
        (outcome(RUN), Reason.SUCCEEDED, False),
        (
            replace(outcome(RUN), warnings=("late",)),
            Reason.SUCCEEDED_WITH_WARNINGS,
            False,
        ),
        (
            replace(outcome(RUN), counts=RunCounts(invalid=1)),
            Reason.SUCCEEDED_WITH_WARNINGS,
            False,
        ),
        (outcome(RUN, RunResult.PARTIAL), Reason.PARTIAL, True),
        (outcome(RUN, RunResult.FAILED), Reason.INTERNAL_ERROR, True),
        (outcome(RUN, RunResult.TIMED_OUT), Reason.TIMEOUT, True),
        (outcome(RUN, RunResult.CANCELLED), Reason.CANCELLED, True),
        (outcome(RUN, RunResult.INTERRUPTED), Reason.INTERRUPTED, True),
        (
            outcome(RUN, RunResult.FAILED, RunError("SourceOwned", "not ours", "", False)),
            Reason.SOURCE_OWNED,
            False,
        ),
    ],
)
def test_every_end_has_a_reason(done: SyncOutcome, reason: Reason, *, retryable: bool) -> None:
    [record] = taken(done).history

    assert (record.reason, record.retryable) == (reason, retryable)


def test_long_words_are_cut_to_what_the_crd_takes() -> None:
    error = RunError("ScriptError", "m" * 5000, "h" * 5000)

    [record] = taken(outcome(RUN, RunResult.FAILED, error)).history

    assert (len(record.message), len(record.hint)) == (1024, 1024)


def test_a_success_has_no_failure() -> None:
    [good] = taken(outcome(RUN)).history
    [bad] = taken(outcome(RUN, RunResult.FAILED, TIMEOUT, NOON)).history

    assert run_failure(good) is None
    failure = run_failure(bad)
    assert failure is not None
    assert (failure.reason, failure.message, failure.retryable) == (
        Reason.TIMEOUT,
        TIMEOUT.message,
        True,
    )
