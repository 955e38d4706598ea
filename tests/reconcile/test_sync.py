from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from controller.model.condition import Reason
from controller.model.names import Digest, RunId
from controller.model.recorded import Failure
from controller.model.sync import (
    DesiredSync,
    RetryPolicy,
    RunLimits,
    RunMode,
    RunResult,
    Trigger,
)
from controller.reconcile.actions import RecordOutcome, StartRun, StopRun
from controller.reconcile.observed import ObservedSync, unfinished_run
from controller.reconcile.sync import OVERDUE_AFTER, QUEUE_LOOK, plan_sync
from tests.reconcile.strategies import SPARING, WISHES, facts
from tests.reconcile.worlds import (
    CONNECTOR,
    FAILED,
    HOUR,
    MINUTE,
    NEW,
    NOON,
    REJECTED,
    RUN,
    SYNCED,
    TIMEOUT,
    WISH,
    after,
    carry_out,
    outcome,
)

MOVED = replace(CONNECTOR, revision="main@sha1:bbbb", digest=Digest(f"sha256:{'2' * 64}"))


def start(wish: DesiredSync, seen: ObservedSync, now: datetime = NOON) -> StartRun:
    """Plan, and expect that the one step is to start a run."""
    [action] = plan_sync(wish, seen, now).actions
    assert isinstance(action, StartRun)
    return action


# Promises


@SPARING
@given(WISHES, facts())
def test_a_run_that_is_not_recorded_keeps_every_other_from_starting(
    wish: DesiredSync, seen: ObservedSync
) -> None:
    plan = plan_sync(wish, seen, NOON)

    if unfinished_run(seen) is not None:
        assert not any(isinstance(action, StartRun) for action in plan.actions)


@SPARING
@given(WISHES, facts())
def test_a_plan_starts_one_run_at_most(wish: DesiredSync, seen: ObservedSync) -> None:
    assert len(plan_sync(wish, seen, NOON).actions) <= 1


@SPARING
@given(WISHES, facts())
def test_a_deleted_or_suspended_resource_starts_nothing(
    wish: DesiredSync, seen: ObservedSync
) -> None:
    plan = plan_sync(wish, seen, NOON)

    if wish.deleted or wish.suspended:
        assert not any(isinstance(action, StartRun) for action in plan.actions)


@SPARING
@given(WISHES, facts())
def test_the_same_facts_make_the_same_plan(wish: DesiredSync, seen: ObservedSync) -> None:
    assert plan_sync(wish, seen, NOON) == plan_sync(wish, seen, NOON)


@SPARING
@given(WISHES, facts())
def test_a_world_that_works_comes_to_rest_within_five_steps(
    wish: DesiredSync, seen: ObservedSync
) -> None:
    seen = replace(seen, queue_position=None)

    for _ in range(5):
        plan = plan_sync(wish, seen, NOON)
        if not plan.actions:
            return
        for action in plan.actions:
            seen = carry_out(action, wish, seen, NOON)

    raise AssertionError("still busy after five steps")


@SPARING
@given(WISHES, facts())
def test_a_plan_never_asks_to_look_again_at_once(wish: DesiredSync, seen: ObservedSync) -> None:
    look_again = plan_sync(wish, seen, NOON).look_again

    assert look_again is None or look_again > timedelta(0)


@SPARING
@given(WISHES, facts())
def test_at_the_time_named_something_is_due(wish: DesiredSync, seen: ObservedSync) -> None:
    seen = replace(seen, run=None, queue_position=None)
    seen = replace(seen, recorded=replace(seen.recorded, active=None))
    wish = replace(wish, starting_deadline=None)

    plan = plan_sync(wish, seen, NOON)

    if plan.look_again is not None:
        assert plan_sync(wish, seen, NOON + plan.look_again).actions


# Rules, in their order


def test_a_deleted_resource_stops_its_run() -> None:
    running = replace(NEW, run=RUN, running=True)

    plan = plan_sync(replace(WISH, deleted=True), running, NOON)

    assert plan.actions == (StopRun(RUN.run_id),)


def test_a_deleted_resource_without_a_run_is_left_in_peace() -> None:
    assert plan_sync(replace(WISH, deleted=True), NEW, NOON).actions == ()


def test_a_running_run_is_waited_for() -> None:
    running = replace(NEW, run=RUN, running=True)

    plan = plan_sync(WISH, running, NOON)

    assert plan.actions == ()
    assert plan.look_again == RUN.started_at + WISH.limits.deadline + OVERDUE_AFTER - NOON


def test_a_run_alive_long_past_its_deadline_is_stopped() -> None:
    wish = replace(WISH, limits=RunLimits(deadline=MINUTE))
    overdue = replace(NEW, run=replace(RUN, started_at=NOON - 11 * MINUTE), running=True)

    assert plan_sync(wish, overdue, NOON).actions == (StopRun(RUN.run_id),)
    assert plan_sync(wish, overdue, NOON - MINUTE).actions == ()


def test_the_outcome_of_a_run_is_recorded() -> None:
    done = outcome(RUN)

    plan = plan_sync(WISH, replace(NEW, run=RUN, outcome=done), NOON)

    assert plan.actions == (RecordOutcome(RUN, done),)


def test_the_outcome_of_another_run_is_not_taken_for_this_one() -> None:
    other = outcome(replace(RUN, run_id=RunId("other")))

    [action] = plan_sync(WISH, replace(NEW, run=RUN, outcome=other), NOON).actions

    assert isinstance(action, RecordOutcome)
    assert action.outcome.result is RunResult.INTERRUPTED


def test_a_run_that_is_gone_without_a_report_is_recorded_as_interrupted() -> None:
    crashed = replace(NEW, recorded=replace(NEW.recorded, active=RUN))

    [action] = plan_sync(WISH, crashed, NOON).actions

    assert isinstance(action, RecordOutcome)
    assert action.outcome.result is RunResult.INTERRUPTED
    assert action.outcome.error is not None
    assert action.outcome.error.reason == "Interrupted"


def test_a_run_that_is_recorded_already_is_not_recorded_twice() -> None:
    twice = replace(SYNCED, run=RUN, outcome=outcome(RUN))

    assert plan_sync(WISH, twice, NOON).actions == ()


def test_a_suspended_source_starts_nothing() -> None:
    assert plan_sync(replace(WISH, suspended=True), NEW, NOON).actions == ()


def test_a_suspended_source_still_records_the_run_under_way() -> None:
    done = outcome(RUN)

    plan = plan_sync(replace(WISH, suspended=True), replace(NEW, run=RUN, outcome=done), NOON)

    assert plan.actions == (RecordOutcome(RUN, done),)


def test_a_source_whose_connector_is_not_there_starts_nothing() -> None:
    missing = Failure(Reason.CONNECTOR_NOT_FOUND, "no connector jira")

    assert plan_sync(WISH, replace(NEW, resolved=None, unresolved=missing), NOON).actions == ()


def test_a_source_whose_secret_is_missing_starts_nothing() -> None:
    missing = Failure(Reason.SECRET_NOT_FOUND, "no Secret jira")

    assert plan_sync(WISH, replace(NEW, config_problem=missing), NOON).actions == ()


def test_a_source_with_a_schedule_that_means_nothing_starts_nothing() -> None:
    assert plan_sync(replace(WISH, schedule="5m"), NEW, NOON).actions == ()


def test_the_first_run_starts_at_once_and_is_full() -> None:
    action = start(WISH, NEW)

    assert (action.trigger, action.mode, action.attempt) == (
        Trigger.SPEC_CHANGED,
        RunMode.FULL,
        1,
    )


def test_while_every_place_is_taken_a_due_run_waits() -> None:
    plan = plan_sync(WISH, replace(NEW, queue_position=2), NOON)

    assert (plan.actions, plan.look_again) == ((), QUEUE_LOOK)


# Triggers


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

    assert (action.trigger, action.mode) == (Trigger.SPEC_CHANGED, RunMode.INCREMENTAL)


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


# Run ids


def test_a_shell_that_died_after_the_start_asks_for_the_same_run() -> None:
    assert start(WISH, NEW).run_id == start(WISH, NEW, NOON + HOUR).run_id


def test_a_connector_that_changes_back_and_forth_gets_a_new_run_each_time() -> None:
    first = start(WISH, replace(SYNCED, resolved=MOVED))
    there = after(
        replace(SYNCED, resolved=MOVED), run=replace(RUN, run_id=first.run_id, digest=MOVED.digest)
    )
    second = start(WISH, replace(there, resolved=CONNECTOR))
    back = after(replace(there, resolved=CONNECTOR), run=replace(RUN, run_id=second.run_id))
    third = start(WISH, replace(back, resolved=MOVED))

    assert len({first.run_id, second.run_id, third.run_id}) == 3


def test_two_resources_never_share_a_run() -> None:
    assert start(WISH, NEW).run_id != start(replace(WISH, uid="uid-2"), NEW).run_id


def test_a_run_id_names_a_file_and_a_job() -> None:
    assert start(WISH, NEW).run_id.isalnum()
    assert len(start(WISH, NEW).run_id) == 16
