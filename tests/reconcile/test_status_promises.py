from dataclasses import replace

from hypothesis import given

from controller.model.condition import ConditionType
from controller.model.sync import DesiredSync
from controller.reconcile.board import is_true
from controller.reconcile.observed import ObservedSync
from controller.reconcile.status import sync_status
from tests.reconcile.strategies import SPARING, WISHES, facts
from tests.reconcile.worlds import MINUTE, NOON


@SPARING
@given(WISHES, facts())
def test_a_status_said_twice_is_the_same(wish: DesiredSync, seen: ObservedSync) -> None:
    once = sync_status(wish, seen, NOON)

    again = sync_status(wish, replace(seen, recorded=once), NOON + MINUTE / 1000)

    assert again == once


@SPARING
@given(WISHES.filter(lambda wish: not wish.suspended), facts())
def test_ready_is_always_said_and_progress_never_beside_a_stall(
    wish: DesiredSync, seen: ObservedSync
) -> None:
    recorded = sync_status(wish, seen, NOON)

    assert ConditionType.READY in recorded.conditions
    assert not {ConditionType.RECONCILING, ConditionType.STALLED} <= set(recorded.conditions)
    assert len(recorded.history) <= max(wish.history_limit, len(seen.recorded.history))


@SPARING
@given(WISHES, facts())
def test_the_generation_moves_only_with_the_work_done(
    wish: DesiredSync, seen: ObservedSync
) -> None:
    recorded = sync_status(wish, seen, NOON)

    if recorded.observed_generation != seen.recorded.observed_generation:
        assert recorded.observed_generation == wish.generation
        assert is_true(recorded.conditions, ConditionType.READY) or is_true(
            recorded.conditions, ConditionType.STALLED
        )
