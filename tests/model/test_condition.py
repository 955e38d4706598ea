"""When a condition's transition time moves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from controller.model.condition import (
    Condition,
    ConditionStatus,
    ConditionType,
    Reason,
    set_condition,
    without,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
READY = Condition(ConditionType.READY, ConditionStatus.TRUE, Reason.SUCCEEDED, "fine", NOON, 1)
LATER = NOON + timedelta(hours=1)


def test_the_transition_time_stays_while_the_status_does() -> None:
    again = replace(READY, message="still fine", last_transition=LATER, observed_generation=2)

    [kept] = set_condition({ConditionType.READY: READY}, again).values()

    assert kept == replace(again, last_transition=NOON)


def test_the_transition_time_moves_with_the_status() -> None:
    failed = replace(READY, status=ConditionStatus.FALSE, last_transition=LATER)

    [kept] = set_condition({ConditionType.READY: READY}, failed).values()

    assert kept.last_transition == LATER


def test_a_condition_can_be_set_first_and_taken_out() -> None:
    conditions = set_condition({}, READY)

    assert conditions == {ConditionType.READY: READY}
    assert without(conditions, ConditionType.READY) == {}
