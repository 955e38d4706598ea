"""When a burst of file events is over."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from controller.dev.changes import LONGEST, QUIET, Changes

A = Path("/a")
B = Path("/b")


def test_a_root_is_due_when_it_has_been_quiet() -> None:
    changes = Changes()
    changes.note(A, 10.0)

    assert changes.take(10.0 + QUIET / 2) == frozenset()
    assert changes.wait(10.0 + QUIET / 2) is not None
    assert changes.take(10.0 + QUIET * 1.01) == {A}
    assert changes.wait(10.0 + QUIET * 1.01) is None


def test_a_stream_that_never_stops_is_taken_in_turns() -> None:
    changes = Changes()
    now = 0.0
    while now < LONGEST:
        changes.note(A, now)
        now += QUIET / 2

    assert changes.take(now) == {A}


def test_each_root_has_a_burst_of_its_own() -> None:
    changes = Changes()
    changes.note(A, 0.0)
    changes.note(B, QUIET)

    assert changes.take(QUIET * 1.5) == {A}
    assert changes.take(QUIET * 2.5) == {B}


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.floats(0, 5)), min_size=1, max_size=50))
def test_no_event_is_ever_lost(events: list[tuple[Path, float]]) -> None:
    changes = Changes()
    taken: set[Path] = set()
    now = 0.0
    for root, pause in events:
        now += pause
        taken |= changes.take(now)
        changes.note(root, now)

    last = changes.take(now + LONGEST)

    assert taken | last == {root for root, _ in events}
    assert events[-1][0] in last
