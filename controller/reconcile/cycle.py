"""Observe, plan, execute, report: the loop that `ctx dev` and the operator share."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from controller.reconcile.actions import Plan

DesiredT = TypeVar("DesiredT")
ObservedT = TypeVar("ObservedT")
ActionT = TypeVar("ActionT")


def cycle(
    observe: Callable[[], tuple[DesiredT, ObservedT] | None],
    plan: Callable[[DesiredT, ObservedT, datetime], Plan[ActionT]],
    execute: Callable[[DesiredT, ObservedT, ActionT], ObservedT],
    report: Callable[[DesiredT, ObservedT, datetime], None],
    clock: Callable[[], datetime],
) -> timedelta | None:
    """
    Go once round for one resource, and say when to come again.

    `observe` gives None when the resource is gone.  `execute` carries out one
    step and returns the facts as they are then; a step that fails is a fact too,
    so it raises only what no status could say.  `report` writes the status, after
    the steps that it tells of.  Where a step was taken, the facts have moved and
    the next round is due at once.
    """
    seen = observe()
    if seen is None:
        return None
    desired, observed = seen
    steps = plan(desired, observed, clock())
    for action in steps.actions:
        observed = execute(desired, observed, action)
    report(desired, observed, clock())
    if not steps.actions:
        return steps.look_again
    return steps.look_again or timedelta(0)
