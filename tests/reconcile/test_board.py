from controller.model.condition import ConditionStatus, ConditionType, Reason
from controller.reconcile.board import (
    clip,
    false,
    is_true,
    settle,
    several,
    short,
    true,
    unknown,
)
from tests.reconcile.worlds import HOUR, NOON

READY = ConditionType.READY


def test_the_transition_time_moves_with_the_status_only() -> None:
    first = settle({}, [true(READY, Reason.SUCCEEDED, "5 documents")], 1, NOON)
    same = settle(first, [true(READY, Reason.SUCCEEDED, "6 documents")], 2, NOON + HOUR)
    other = settle(same, [false(READY, Reason.TIMEOUT, "too slow")], 2, NOON + HOUR)

    assert (same[READY].last_transition, same[READY].message) == (NOON, "6 documents")
    assert same[READY].observed_generation == 2
    assert other[READY].last_transition == NOON + HOUR


def test_what_is_not_said_any_more_is_taken_away() -> None:
    before = settle({}, [true(ConditionType.STALLED, Reason.TIMEOUT, "")], 1, NOON)

    assert settle(before, [None], 1, NOON) == {}


def test_only_true_is_true() -> None:
    doubtful = settle({}, [unknown(READY, Reason.PROGRESSING, "")], 1, NOON)

    assert doubtful[READY].status is ConditionStatus.UNKNOWN
    assert not is_true(doubtful, READY)
    assert not is_true({}, READY)
    assert is_true(settle({}, [true(READY, Reason.SUCCEEDED, "")], 1, NOON), READY)


def test_a_long_message_is_cut_and_shows_it() -> None:
    assert clip("a" * 1024) == "a" * 1024
    assert clip("a" * 1025) == "a" * 1023 + "…"


def test_a_revision_is_written_short() -> None:
    assert short(f"main@sha1:{'a' * 40}+dirty") == f"main@sha1:{'a' * 12}+dirty"
    assert short("dir+dirty") == "dir+dirty"


def test_counts_agree_with_their_noun() -> None:
    assert [several(number, "tool") for number in (0, 1, 1204)] == [
        "0 tools",
        "1 tool",
        "1,204 tools",
    ]
