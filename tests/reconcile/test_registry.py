from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.model.condition import Reason
from controller.model.recorded import Failure
from controller.model.registry import DesiredRegistry, UpdatePolicy
from controller.model.sync import Trigger
from controller.reconcile.actions import Collect, Fetch, KeepLast, Publish
from controller.reconcile.observed import (
    Look,
    ObservedRegistry,
    look_failed,
    looked,
    publish_failed,
)
from controller.reconcile.registry import LONGEST_RETRY, plan_registry
from tests.reconcile.worlds import (
    COMMIT,
    HOUR,
    MINUTE,
    NOON,
    REGISTRY,
    carry_out_registry,
    stored,
    told,
)

NEXT = "b" * 40
OFFLINE = Failure(Reason.NETWORK_ERROR, "connection refused")
BROKEN = Failure(Reason.SCRIPT_INVALID, "jira does not compile", retryable=False)
FULL = Failure(Reason.DISK_FULL, "no space left")
HELD = replace(REGISTRY, update_policy=UpdatePolicy.ON_REQUEST)
STORED = stored()


def moved(seen: ObservedRegistry = STORED, wish: DesiredRegistry = REGISTRY) -> ObservedRegistry:
    """Let the remote say that it has another commit."""
    return looked(seen, wish, NOON, NEXT, f"main@sha1:{NEXT}")


@given(
    wish=st.builds(
        lambda **fields: replace(REGISTRY, **fields),
        generation=st.integers(1, 2),
        suspended=st.booleans(),
        deleted=st.booleans(),
        update_policy=st.sampled_from(UpdatePolicy),
        reconcile_requested_at=st.sampled_from(["", "t1"]),
    ),
    seen=st.sampled_from(
        [
            ObservedRegistry(),
            ObservedRegistry(surplus=2),
            STORED,
            moved(),
            moved(ObservedRegistry()),
            replace(STORED, look=None),
            replace(STORED, inputs="changed"),
            replace(STORED, nudged_at=NOON + MINUTE),
            look_failed(STORED, REGISTRY, NOON, OFFLINE),
            publish_failed(moved(), REGISTRY, NOON, BROKEN),
            publish_failed(moved(), REGISTRY, NOON, FULL),
        ]
    ),
    remote=st.sampled_from([COMMIT, NEXT, OFFLINE]),
    broken=st.sampled_from([None, BROKEN, FULL]),
)
def test_any_world_comes_to_rest_within_five_steps(
    wish: DesiredRegistry,
    seen: ObservedRegistry,
    remote: str | Failure,
    broken: Failure | None,
) -> None:
    now = NOON + 2 * MINUTE
    for _ in range(5):
        plan = plan_registry(wish, seen, now)
        assert plan == plan_registry(wish, seen, now)
        assert not (wish.deleted and any(isinstance(step, Fetch) for step in plan.actions))
        if not plan.actions:
            assert plan.look_again is None or plan.look_again > timedelta(0)
            return
        for action in plan.actions:
            seen = carry_out_registry(action, wish, seen, now, remote, broken)

    raise AssertionError("still busy after five steps")


def test_a_new_registry_asks_its_remote() -> None:
    plan = plan_registry(REGISTRY, ObservedRegistry(), NOON)

    assert plan.actions == (Fetch(Trigger.SPEC_CHANGED),)


def test_what_the_remote_has_is_published() -> None:
    plan = plan_registry(REGISTRY, moved(ObservedRegistry()), NOON)

    assert plan.actions == (Publish(f"main@sha1:{NEXT}", NEXT),)


def test_a_registry_in_step_looks_again_after_its_interval() -> None:
    plan = plan_registry(REGISTRY, STORED, NOON)

    assert plan.actions == ()
    assert plan.look_again is not None
    assert 5 * MINUTE <= plan.look_again <= 5.5 * MINUTE
    then = plan_registry(REGISTRY, STORED, NOON + plan.look_again)
    assert then.actions == (Fetch(Trigger.SCHEDULE),)


def test_a_suspended_registry_does_nothing() -> None:
    plan = plan_registry(replace(REGISTRY, suspended=True), ObservedRegistry(surplus=1), NOON)

    assert plan == plan_registry(replace(REGISTRY, suspended=True), STORED, NOON + HOUR)
    assert plan.actions == ()


def test_a_deleted_registry_only_gives_its_revisions_back() -> None:
    gone = replace(REGISTRY, deleted=True)

    assert plan_registry(gone, replace(STORED, surplus=1), NOON).actions == (Collect(0),)
    assert plan_registry(gone, STORED, NOON + HOUR).actions == ()


def test_revisions_beyond_the_limit_are_collected() -> None:
    plan = plan_registry(REGISTRY, replace(STORED, surplus=1), NOON)

    assert plan.actions == (Collect(3),)


def test_a_changed_spec_asks_and_lays_out_anew_even_without_a_new_commit() -> None:
    wish = replace(REGISTRY, generation=2, path="registries/team")

    first = plan_registry(wish, STORED, NOON)
    asked = carry_out_registry(first.actions[0], wish, STORED, NOON)
    second = plan_registry(wish, asked, NOON)

    assert first.actions == (Fetch(Trigger.SPEC_CHANGED),)
    assert second.actions == (Publish(f"main@sha1:{COMMIT}", COMMIT),)


def test_a_request_asks_the_remote_once() -> None:
    wish = replace(REGISTRY, reconcile_requested_at="now")

    plan = plan_registry(wish, STORED, NOON)
    asked = carry_out_registry(plan.actions[0], wish, STORED, NOON)

    assert plan.actions == (Fetch(Trigger.REQUESTED, "now"),)
    assert asked.recorded.last_handled_reconcile_at == "now"
    assert plan_registry(wish, asked, NOON).actions == ()


def test_a_changed_secret_asks_the_remote() -> None:
    plan = plan_registry(REGISTRY, replace(STORED, inputs="i2"), NOON)

    assert plan.actions == (Fetch(Trigger.INPUT_CHANGED),)


def test_a_nudge_asks_the_remote_once() -> None:
    nudged = replace(STORED, nudged_at=NOON + MINUTE)

    plan = plan_registry(REGISTRY, nudged, NOON + MINUTE)
    asked = carry_out_registry(plan.actions[0], REGISTRY, nudged, NOON + MINUTE)

    assert plan.actions == (Fetch(Trigger.REQUESTED),)
    assert plan_registry(REGISTRY, asked, NOON + MINUTE).actions == ()


def test_a_remote_that_does_not_answer_is_asked_again_after_a_wait_that_grows() -> None:
    waits = []
    seen = STORED
    for _ in range(15):
        seen = look_failed(seen, REGISTRY, NOON, OFFLINE)
        waits.append(plan_registry(REGISTRY, seen, NOON).look_again or timedelta(0))

    again = plan_registry(REGISTRY, seen, NOON + waits[-1])

    assert waits[0] < timedelta(seconds=2)
    assert waits[:8] == sorted(waits[:8])
    assert 12 * MINUTE <= waits[-1] <= LONGEST_RETRY
    assert again.actions == (Fetch(Trigger.RETRY),)


def test_a_revision_that_is_broken_is_not_tried_twice() -> None:
    broken = publish_failed(moved(), REGISTRY, NOON, BROKEN)

    plan = plan_registry(REGISTRY, broken, NOON)
    looked_again = moved(broken)

    assert plan.actions == ()
    assert plan.look_again is not None
    assert plan.look_again >= 5 * MINUTE
    assert plan_registry(REGISTRY, looked_again, NOON).actions == ()


def test_a_request_tries_a_broken_revision_once_more() -> None:
    wish = replace(REGISTRY, reconcile_requested_at="now")
    broken = told(publish_failed(moved(), REGISTRY, NOON, BROKEN))

    asked = looked(broken, wish, NOON, NEXT, f"main@sha1:{NEXT}")
    refused = told(publish_failed(asked, wish, NOON, BROKEN), wish)

    assert plan_registry(wish, asked, NOON).actions == (Publish(f"main@sha1:{NEXT}", NEXT),)
    assert plan_registry(wish, refused, NOON).actions == ()


def test_the_commit_that_mends_it_is_published() -> None:
    broken = publish_failed(moved(), REGISTRY, NOON, BROKEN)

    mended = looked(broken, REGISTRY, NOON, "c" * 40, "main@sha1:c")

    assert plan_registry(REGISTRY, mended, NOON).actions == (Publish("main@sha1:c", "c" * 40),)


def test_a_full_disk_is_tried_again() -> None:
    full = publish_failed(moved(), REGISTRY, NOON, FULL)

    plan = plan_registry(REGISTRY, full, NOON)
    assert plan.look_again is not None
    again = plan_registry(REGISTRY, full, NOON + plan.look_again)

    assert plan.actions == ()
    assert again.actions == (Publish(f"main@sha1:{NEXT}", NEXT),)


def test_an_update_waits_where_it_is_told_to_and_is_named_once() -> None:
    held = moved(stored(HELD), HELD)

    plan = plan_registry(HELD, held, NOON)
    named = carry_out_registry(plan.actions[0], HELD, held, NOON)

    assert plan.actions == (KeepLast(f"main@sha1:{NEXT}"),)
    assert plan_registry(HELD, named, NOON).actions == ()


def test_an_update_that_waits_is_taken_on_request() -> None:
    wish = replace(HELD, reconcile_requested_at="now")
    held = told(moved(stored(HELD), HELD), HELD)

    plan = plan_registry(wish, held, NOON)
    asked = carry_out_registry(plan.actions[0], wish, held, NOON, NEXT)
    then = plan_registry(wish, asked, NOON)
    taken = carry_out_registry(then.actions[0], wish, asked, NOON)

    assert plan.actions == (Fetch(Trigger.REQUESTED, "now"),)
    assert then.actions == (Publish(f"main@sha1:{NEXT}", NEXT),)
    assert taken.recorded.last_handled_reconcile_at == "now"
    assert plan_registry(wish, taken, NOON).actions == ()


def test_a_lost_connection_does_not_swallow_the_request_for_an_update() -> None:
    wish = replace(HELD, reconcile_requested_at="now")
    held = told(moved(stored(HELD), HELD), HELD)

    failed = carry_out_registry(Fetch(Trigger.REQUESTED, "now"), wish, held, NOON, OFFLINE)
    asked = carry_out_registry(Fetch(Trigger.RETRY, "now"), wish, failed, NOON, NEXT)

    assert plan_registry(wish, asked, NOON).actions == (Publish(f"main@sha1:{NEXT}", NEXT),)


def test_the_first_revision_needs_no_request() -> None:
    plan = plan_registry(HELD, moved(ObservedRegistry(), HELD), NOON)

    assert plan.actions == (Publish(f"main@sha1:{NEXT}", NEXT),)


def test_a_look_of_an_earlier_spec_decides_nothing() -> None:
    stale = replace(STORED, look=Look(NOON, generation=7, version=NEXT, revision="main"))

    assert plan_registry(REGISTRY, stale, NOON).actions == (Fetch(Trigger.SPEC_CHANGED),)
