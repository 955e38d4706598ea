from controller.model.names import RunId
from controller.model.sync import ActiveRun, RunMode, Trigger
from controller.reconcile.actions import Plan, StartRun, begun
from tests.reconcile.worlds import CONNECTOR, NOON


def test_a_plan_without_steps_rests() -> None:
    plan: Plan[StartRun] = Plan()

    assert (plan.actions, plan.look_again) == ((), None)


def test_a_run_begun_carries_what_its_end_is_recorded_with() -> None:
    start = StartRun(
        RunId("r1"), Trigger.RETRY, RunMode.FULL, 3, CONNECTOR, 7, "i1", "token", "full"
    )

    run = begun(start, NOON)

    assert run == ActiveRun(
        run_id=RunId("r1"),
        trigger=Trigger.RETRY,
        mode=RunMode.FULL,
        attempt=3,
        started_at=NOON,
        generation=7,
        digest=CONNECTOR.digest,
        inputs="i1",
        revision=CONNECTOR.revision,
        token="token",
        full_token="full",
    )
