from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import InvalidScheduleError
from controller.reconcile.schedule import (
    MOST_JITTER,
    check_schedule,
    interval_end,
    next_fire,
    previous_fire,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INSTANTS = st.integers(0, 3 * 365 * 86_400).map(lambda seconds: NOON + timedelta(seconds=seconds))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
CRONS = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "30 2 * * *", "0 0 * * *", "15 1 * * 0", "0 9 1 * *", "@hourly"]
)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "0 fields"),
        ("5m", "1 fields"),
        ("* * * *", "4 fields"),
        ("0 * * * * *", "6 fields"),
        ("61 * * * *", "bad minute"),
        ("* 24 * * *", "bad hour"),
        ("* * * * MOON", "bad day-of-week"),
        ("*/0 * * * *", "bad minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("@reboot", "1 fields"),
        ("0 0 * 2 MON#5,TUE#5 ; rm", "7 fields"),
    ],
)
def test_an_expression_that_no_clock_can_follow_is_refused(expression: str, why: str) -> None:
    with pytest.raises(InvalidScheduleError) as caught:
        check_schedule(expression, "UTC")

    assert why in caught.value.message
    assert caught.value.reason == "InvalidSchedule"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe", "/etc/localtime"])
def test_a_time_zone_that_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(InvalidScheduleError) as caught:
        check_schedule("* * * * *", zone)

    assert caught.value.message == f"time zone '{zone}' is not known"


def test_a_day_that_never_comes_is_refused() -> None:
    second_monday_on_the_first_or_29th = "0 0 */28 2 MON#2"

    with pytest.raises(InvalidScheduleError) as caught:
        check_schedule(second_monday_on_the_first_or_29th, "UTC")

    assert "never comes" in caught.value.message
    assert previous_fire(second_monday_on_the_first_or_29th, "UTC", NOON) is None


@pytest.mark.parametrize(
    ("expression", "zone", "wanted"),
    [
        ("15 3 * * *", "UTC", "2026-11-25T03:15"),
        ("15 3 * * *", "Europe/Berlin", "2026-11-25T02:15"),
        ("0 12 * * *", "UTC", "2026-11-25T12:00"),
        ("0 9 * * MON-FRI", "UTC", "2026-11-25T09:00"),
        ("@daily", "UTC", "2026-11-25T00:00"),
        ("@Weekly", "UTC", "2026-11-29T00:00"),
        ("0 0 29 2 *", "UTC", "2028-02-29T00:00"),
    ],
)
def test_the_next_time_is_found_in_its_zone(expression: str, zone: str, wanted: str) -> None:
    assert next_fire(expression, zone, NOON) == datetime.fromisoformat(f"{wanted}+00:00")


def test_a_time_that_spring_skips_comes_at_the_end_of_the_gap() -> None:
    evening = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)

    fire = next_fire("30 2 * * *", "Europe/Berlin", evening)

    assert fire == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_time_that_autumn_repeats_comes_once() -> None:
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)

    first = next_fire("30 2 * * *", "Europe/Berlin", evening)
    second = next_fire("30 2 * * *", "Europe/Berlin", first or evening)

    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert second == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_in_the_repeated_hour_the_next_time_is_not_one_that_is_past() -> None:
    second_ten_past_two = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)

    fire = next_fire("30 2 * * *", "Europe/Berlin", second_ten_past_two)

    assert fire == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_in_the_repeated_hour_the_previous_time_is_the_one_of_the_first_time_round() -> None:
    second_ten_past_two = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)

    fire = previous_fire("30 2 * * *", "Europe/Berlin", second_ten_past_two)

    assert fire == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_tick_of_this_very_second_has_come() -> None:
    assert previous_fire("0 12 * * *", "UTC", NOON) == NOON
    assert previous_fire("0 12 * * *", "UTC", NOON - timedelta(microseconds=1)) == NOON - timedelta(
        days=1
    )


@given(CRONS, ZONES, INSTANTS)
def test_no_time_lies_between_the_previous_and_the_next(
    expression: str, zone: str, at: datetime
) -> None:
    previous, following = previous_fire(expression, zone, at), next_fire(expression, zone, at)

    assert previous is not None
    assert following is not None
    assert previous <= at < following
    assert next_fire(expression, zone, previous) == following


@given(st.timedeltas(timedelta(seconds=30), timedelta(days=30)), st.text())
def test_an_interval_is_spread_by_a_tenth_and_five_minutes_at_most(
    interval: timedelta, uid: str
) -> None:
    late = interval_end(interval, NOON, uid) - NOON - interval

    assert timedelta(0) <= late <= min(interval / 10, MOST_JITTER)
