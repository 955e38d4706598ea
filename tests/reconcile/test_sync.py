from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from controller.model.condition import Reason
from controller.model.names import RunId
from controller.model.recorded import Failure
from controller.model.sync import (
    DesiredSync,
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
    HOUR,
    MINUTE,
    MOVED,
    NEW,
    NOON,
    RUN,
    SYNCED,
    WISH,
    after,
    carry_out,
    outcome,
    start,
)


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
