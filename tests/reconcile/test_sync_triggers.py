from dataclasses import replace
from datetime import timedelta

import pytest

from controller.model.names import RunId
from controller.model.sync import (
    DesiredSync,
    RetryPolicy,
    RunMode,
    RunResult,
    Trigger,
)
from controller.reconcile.observed import ObservedSync
from controller.reconcile.sync import plan_sync
from tests.reconcile.worlds import (
    CONNECTOR,
    FAILED,
    HOUR,
    MINUTE,
    MOVED,
    NOON,
    REJECTED,
    RUN,
    SYNCED,
    TIMEOUT,
    WISH,
    after,
    start,
)


def test_a_source_in_step_rests_for_ever_without_a_schedule() -> None:
    plan = plan_sync(WISH, SYNCED, NOON)

    assert (plan.actions, plan.look_again) == ((), None)


def test_a_request_starts_a_run_once() -> None:
    wish = replace(WISH, reconcile_requested_at="now")

    action = start(wish, SYNCED)
    answered = after(SYNCED, wish, run=replace(RUN, run_id=RunId("r2"), token=action.token))

    assert (action.trigger, action.token, action.mode) == (
        Trigger.REQUESTED,
        "now",
        RunMode.INCREMENTAL,
    )
    assert plan_sync(wish, answered, NOON).actions == ()


def test_a_request_for_a_full_run_starts_a_full_one_once() -> None:
    wish = replace(WISH, full_sync_requested_at="now")

    action = start(wish, SYNCED)
    run = replace(RUN, run_id=RunId("r2"), full_token=action.full_token)

    assert (action.trigger, action.mode) == (Trigger.REQUESTED, RunMode.FULL)
    assert plan_sync(wish, after(SYNCED, wish, run=run), NOON).actions == ()


def test_a_request_that_comes_during_a_run_is_answered_by_one_more() -> None:
    wish = replace(WISH, reconcile_requested_at="later", generation=2)

    action = start(wish, after(wish=wish))

    assert action.trigger is Trigger.REQUESTED


def test_a_changed_spec_starts_a_run() -> None:
    action = start(replace(WISH, generation=2), SYNCED)

    assert (action.trigger, action.mode) == (Trigger.SPEC_CHANGED, RunMode.FULL)


def test_a_changed_secret_starts_a_run() -> None:
    action = start(WISH, replace(SYNCED, inputs="i2"))

    assert (action.trigger, action.inputs) == (Trigger.INPUT_CHANGED, "i2")


def test_a_changed_connector_directory_starts_a_full_run() -> None:
    action = start(WISH, replace(SYNCED, resolved=MOVED))

    assert (action.trigger, action.mode) == (Trigger.CONNECTOR_CHANGED, RunMode.FULL)


def test_a_commit_elsewhere_in_the_registry_starts_nothing() -> None:
    elsewhere = replace(SYNCED, resolved=replace(CONNECTOR, revision="main@sha1:bbbb"))

    assert plan_sync(WISH, elsewhere, NOON).actions == ()


def test_a_changed_connector_waits_where_it_is_told_to() -> None:
    wish = replace(WISH, sync_on_update=False)

    assert plan_sync(wish, replace(SYNCED, resolved=MOVED), NOON).actions == ()


def test_the_run_that_takes_up_a_connector_that_waited_is_full() -> None:
    wish = replace(WISH, sync_on_update=False, reconcile_requested_at="now")

    assert start(wish, replace(SYNCED, resolved=MOVED)).mode is RunMode.FULL


def test_a_failed_run_is_tried_again_after_its_wait() -> None:
    plan = plan_sync(WISH, FAILED, NOON - 5 * MINUTE)
    assert plan.actions == ()
    assert plan.look_again is not None

    action = start(WISH, FAILED, NOON - 5 * MINUTE + plan.look_again)

    assert (action.trigger, action.attempt) == (Trigger.RETRY, 2)


def test_a_retry_of_a_full_run_is_full() -> None:
    assert start(WISH, FAILED).mode is RunMode.FULL


def test_a_retry_of_an_incremental_run_is_incremental() -> None:
    run = replace(RUN, run_id=RunId("r2"), mode=RunMode.INCREMENTAL)
    failed = after(SYNCED, run=run, result=RunResult.FAILED, error=TIMEOUT)

    assert start(WISH, failed).mode is RunMode.INCREMENTAL


def test_a_partial_run_is_tried_again() -> None:
    partial = after(result=RunResult.PARTIAL)

    assert start(WISH, partial).trigger is Trigger.RETRY


def test_waits_grow_with_attempts_and_stop_at_the_longest() -> None:
    wish = replace(WISH, retry=RetryPolicy(limit=-1))
    waits = []
    for attempt in (1, 2, 3, 4, 20):
        run = replace(RUN, attempt=attempt)
        failed = after(wish=wish, run=run, result=RunResult.FAILED, error=TIMEOUT, ended_at=NOON)
        waits.append(plan_sync(wish, failed, NOON).look_again or timedelta(0))

    assert waits == sorted(waits)
    assert 12 * MINUTE <= waits[-1] <= 15 * MINUTE


def test_after_the_last_retry_nothing_is_tried_any_more() -> None:
    last = after(run=replace(RUN, attempt=6), result=RunResult.FAILED, error=TIMEOUT)

    assert plan_sync(WISH, last, NOON + 10 * HOUR).actions == ()


def test_the_last_retry_is_made() -> None:
    fifth = after(run=replace(RUN, attempt=5), result=RunResult.FAILED, error=TIMEOUT)

    assert start(WISH, fifth, NOON + HOUR).attempt == 6


def test_without_retries_a_failed_run_stays_failed() -> None:
    wish = replace(WISH, retry=RetryPolicy(limit=0))

    assert plan_sync(wish, FAILED, NOON + HOUR).actions == ()


def test_an_interrupted_run_is_taken_up_at_once_but_only_once() -> None:
    first = after(result=RunResult.INTERRUPTED, ended_at=NOON)
    second = after(run=replace(RUN, attempt=2), result=RunResult.INTERRUPTED, ended_at=NOON)

    assert start(WISH, first).trigger is Trigger.RETRY
    assert plan_sync(WISH, second, NOON).actions == ()


def test_rejected_credentials_wait_for_a_new_secret_even_with_a_schedule() -> None:
    wish = replace(WISH, schedule="* * * * *")
    rejected = after(wish=wish, result=RunResult.FAILED, error=REJECTED)

    plan = plan_sync(wish, rejected, NOON)

    assert (plan.actions, plan.look_again) == ((), None)
    assert start(wish, replace(rejected, inputs="i2")).trigger is Trigger.INPUT_CHANGED
    assert start(replace(wish, generation=2), rejected).trigger is Trigger.SPEC_CHANGED
    assert start(wish, replace(rejected, resolved=MOVED)).trigger is Trigger.CONNECTOR_CHANGED
    asked = replace(wish, reconcile_requested_at="now")
    assert start(asked, rejected).trigger is Trigger.REQUESTED


def test_a_new_connector_lifts_the_wait_for_one_that_follows_its_schedule_only() -> None:
    wish = replace(WISH, schedule="* * * * *", sync_on_update=False)
    rejected = after(wish=wish, result=RunResult.FAILED, error=REJECTED)

    assert start(wish, replace(rejected, resolved=MOVED)).trigger is Trigger.SCHEDULE


def test_what_is_mended_outside_is_tried_again_by_the_schedule_but_not_before() -> None:
    corrupt = replace(REJECTED, reason="StoreCorrupt")
    wish = replace(WISH, schedule="0 13 * * *")
    failed = after(wish=wish, result=RunResult.FAILED, error=corrupt)

    assert plan_sync(wish, failed, NOON).look_again == HOUR
    assert start(wish, failed, NOON + HOUR).trigger is Trigger.SCHEDULE


def test_a_tick_of_the_schedule_starts_a_run() -> None:
    wish = replace(WISH, schedule="58 11 * * *")

    action = start(wish, SYNCED)

    assert (action.trigger, action.mode) == (Trigger.SCHEDULE, RunMode.INCREMENTAL)


def test_missed_ticks_collapse_into_one() -> None:
    wish = replace(WISH, schedule="* * * * *")
    action = start(wish, SYNCED)

    run = replace(RUN, run_id=action.run_id, started_at=NOON)
    caught_up = after(SYNCED, wish, run=run, ended_at=NOON + timedelta(seconds=5))

    plan = plan_sync(wish, caught_up, NOON + timedelta(seconds=5))
    assert (plan.actions, plan.look_again) == ((), timedelta(seconds=55))


def test_a_tick_missed_by_more_than_the_starting_deadline_is_left_out() -> None:
    wish = replace(WISH, schedule="55 11 * * *", starting_deadline=MINUTE)

    assert plan_sync(wish, SYNCED, NOON).actions == ()
    assert start(replace(wish, starting_deadline=HOUR), SYNCED).trigger is Trigger.SCHEDULE


def test_a_schedule_follows_its_time_zone() -> None:
    wish = replace(WISH, schedule="58 12 * * *", time_zone="Europe/Berlin")

    assert start(wish, SYNCED).trigger is Trigger.SCHEDULE


def test_an_interval_begins_when_a_run_ends() -> None:
    wish = replace(WISH, interval=10 * MINUTE)

    plan = plan_sync(wish, SYNCED, NOON)

    assert plan.actions == ()
    assert plan.look_again is not None
    assert 5 * MINUTE <= plan.look_again <= 6 * MINUTE
    assert start(wish, SYNCED, NOON + plan.look_again).trigger is Trigger.SCHEDULE


def test_a_full_run_comes_in_its_turn() -> None:
    wish = replace(WISH, full_interval=24 * HOUR)

    assert plan_sync(wish, SYNCED, NOON + 23 * HOUR).actions == ()
    action = start(wish, SYNCED, NOON + 25 * HOUR)
    assert (action.trigger, action.mode) == (Trigger.FULL_SCHEDULE, RunMode.FULL)


def test_a_scheduled_run_is_full_when_a_full_one_is_due_too() -> None:
    wish = replace(WISH, schedule="* * * * *", full_schedule="58 11 * * *")

    action = start(wish, SYNCED)

    assert (action.trigger, action.mode) == (Trigger.SCHEDULE, RunMode.FULL)


def test_a_full_run_that_failed_is_taken_up_by_its_retries_and_not_by_its_schedule() -> None:
    wish = replace(WISH, full_interval=24 * HOUR, retry=RetryPolicy(limit=0))
    run = replace(RUN, run_id=RunId("r2"), trigger=Trigger.FULL_SCHEDULE)
    failed = after(SYNCED, wish, run=run, result=RunResult.FAILED, error=TIMEOUT, ended_at=NOON)

    assert plan_sync(wish, failed, NOON + 23 * HOUR).actions == ()
    assert start(wish, failed, NOON + 27 * HOUR).mode is RunMode.FULL


@pytest.mark.parametrize(
    ("wish", "seen", "trigger"),
    [
        (
            replace(WISH, reconcile_requested_at="x", generation=2),
            replace(FAILED, inputs="i2"),
            Trigger.REQUESTED,
        ),
        (replace(WISH, generation=2), replace(FAILED, inputs="i2"), Trigger.SPEC_CHANGED),
        (WISH, replace(FAILED, inputs="i2", resolved=MOVED), Trigger.INPUT_CHANGED),
        (WISH, replace(FAILED, resolved=MOVED), Trigger.CONNECTOR_CHANGED),
        (replace(WISH, schedule="58 11 * * *"), FAILED, Trigger.RETRY),
        (
            replace(WISH, schedule="58 11 * * *", full_schedule="58 11 * * *"),
            SYNCED,
            Trigger.SCHEDULE,
        ),
    ],
)
def test_of_several_reasons_the_first_is_named(
    wish: DesiredSync, seen: ObservedSync, trigger: Trigger
) -> None:
    assert start(wish, seen).trigger is trigger
