"""The loop itself, with shells made of plain functions."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controller.model.sync import DesiredSync
from controller.reconcile.actions import Plan, SyncAction
from controller.reconcile.cycle import cycle
from controller.reconcile.observed import ObservedSync
from controller.reconcile.status import sync_status
from controller.reconcile.sync import plan_sync
from tests.reconcile.worlds import HOUR, NEW, NOON, WISH, carry_out


@dataclass
class Shell:
    """Keeps one resource in memory and writes down in which order it was asked."""

    seen: ObservedSync | None = NEW
    wish: DesiredSync = WISH
    log: list[str] = field(default_factory=list)

    def observe(self) -> tuple[DesiredSync, ObservedSync] | None:
        self.log.append("observe")
        return None if self.seen is None else (self.wish, self.seen)

    def execute(
        self, desired: DesiredSync, observed: ObservedSync, action: SyncAction
    ) -> ObservedSync:
        self.log.append(type(action).__name__)
        self.seen = carry_out(action, desired, observed, NOON)
        return self.seen

    def report(self, desired: DesiredSync, observed: ObservedSync, now: datetime) -> None:
        self.log.append("report")
        status = sync_status(desired, observed, now)
        self.seen = replace(observed, recorded=status)

    def round(self) -> timedelta | None:
        return cycle(self.observe, plan_sync, self.execute, self.report, lambda: NOON)


def test_a_resource_that_is_gone_is_not_planned_for() -> None:
    shell = Shell(seen=None)

    assert shell.round() is None
    assert shell.log == ["observe"]


def test_a_step_is_reported_after_it_was_taken() -> None:
    shell = Shell()

    again = shell.round()

    assert shell.log == ["observe", "StartRun", "report"]
    assert again == timedelta(0)


def test_rounds_carry_a_new_resource_to_rest() -> None:
    shell = Shell()

    waits = [shell.round() for _ in range(3)]

    assert shell.log.count("StartRun") == 1
    assert shell.seen is not None
    assert shell.seen.recorded.history[0].result == "Succeeded"
    assert waits[-1] is None


def test_at_rest_the_status_is_reported_and_the_plan_says_when_to_come_again() -> None:
    wish = replace(WISH, schedule="0 13 * * *")
    shell = Shell(wish=wish)

    waits = [shell.round() for _ in range(4)]

    assert waits[-1] == HOUR
    assert shell.log[-2:] == ["observe", "report"]


def test_a_plan_with_steps_may_name_a_later_time() -> None:
    shell = Shell()

    again = cycle(
        shell.observe,
        lambda desired, observed, now: Plan(plan_sync(desired, observed, now).actions, HOUR),
        shell.execute,
        shell.report,
        lambda: NOON,
    )

    assert again == HOUR
