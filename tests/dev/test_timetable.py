"""When each resource is looked at next."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.dev.timetable import Timetable


def test_the_earlier_wish_wins() -> None:
    due: Timetable[str] = Timetable()
    due.wish("a", 10)
    due.wish("a", 5)
    due.wish("a", 8)

    assert due.at("a") == 5
    assert due.take(4) == ()
    assert due.take(5) == ("a",)
    assert due.at("a") is None


def test_what_asks_for_nothing_comes_back_only_by_an_event() -> None:
    due: Timetable[str] = Timetable()
    due.settle("a", None, 100)
    due.settle("b", timedelta(seconds=3), 100)

    assert due.next() == 103
    assert due.take(1000) == ("b",)
    assert due.next() is None


def test_what_is_not_declared_any_more_is_forgotten() -> None:
    due: Timetable[str] = Timetable()
    due.wish("a", 1)
    due.wish("b", 1)

    due.keep(["b"])

    assert due.take(1) == ("b",)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=20))
def test_every_wish_is_answered_once_and_in_time(wishes: list[tuple[str, int]]) -> None:
    due: Timetable[str] = Timetable()
    for key, at in wishes:
        due.wish(key, at)

    taken = [(now, key) for now in range(10) for key in due.take(now)]

    earliest = {key: min(at for each, at in wishes if each == key) for key, _ in wishes}
    assert sorted(taken) == sorted((at, key) for key, at in earliest.items())
