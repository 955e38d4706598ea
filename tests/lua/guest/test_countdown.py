"""The end of a call, and the alarm behind it."""

from controller.lua.guest.countdown import Countdown
from controller.lua.wire import GRACE


def test_nothing_is_over_before_it_began() -> None:
    assert not Countdown(lambda: 1e9, lambda _: None).is_over()


def test_a_call_is_over_when_its_seconds_are() -> None:
    now = [100.0]
    countdown = Countdown(lambda: now[0], lambda _: None)

    countdown.start(5.0)

    assert not countdown.is_over()
    now[0] = 105.0
    assert countdown.is_over()


def test_the_alarm_rings_a_little_later_and_never_at_once() -> None:
    alarms: list[float] = []
    countdown = Countdown(lambda: 0.0, alarms.append)

    countdown.start(5.0)
    countdown.hold()
    countdown.start(-3.0)

    assert alarms == [5.0 + GRACE, 0.0, GRACE]


def test_what_the_host_says_is_left_replaces_the_end() -> None:
    now = [0.0]
    countdown = Countdown(lambda: now[0], lambda _: None)
    countdown.start(1.0)

    now[0] = 2.0
    countdown.start(10.0)

    assert not countdown.is_over()
