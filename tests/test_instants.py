"""Timestamps and durations as connectors and manifests write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.instants import format_instant, parse_duration, parse_instant

AT = datetime(2026, 2, 20, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-02-20T14:30:00Z",
        "2026-02-20T14:30:00.000+0000",
        "2026-02-20T15:30:00+01:00",
        "2026-02-20 14:30:00",
        "2026-02-20T14:30:00",
        "Fri, 20 Feb 2026 14:30:00 +0000",
        "20 feb 2026 14:30 GMT",
        "Fri, 20 Feb 2026 15:30:00 +0100",
        "  2026-02-20T14:30:00Z ",
        1771597800,
        1771597800.0,
        "1771597800",
        1771597800000,
        "1771597800000",
    ],
)
def test_every_spelling_is_the_same_instant(spelling: object) -> None:
    assert parse_instant(spelling) == AT


def test_a_date_alone_is_its_first_moment() -> None:
    assert parse_instant("2026-02-20") == datetime(2026, 2, 20, tzinfo=UTC)


def test_an_offset_is_kept() -> None:
    instant = parse_instant("2026-02-20T16:30:00+02:00")

    assert instant is not None
    assert instant.utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "soon",
        "2026-13-40",
        "31 Feb 2026 10:00 GMT",
        float("nan"),
        float("inf"),
        1e300,
        {},
        b"x",
    ],
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert parse_instant(value) is None


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    instant = parse_instant(text)

    assert instant is None or instant.tzinfo is not None


def test_an_instant_is_written_as_kubernetes_does() -> None:
    assert format_instant(AT.astimezone(timezone(timedelta(hours=5)))) == "2026-02-20T14:30:00Z"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("500ms", 0.5), ("1.5s", 1.5), ("168h", 604800)],
)
def test_a_duration_is_read_as_go_does(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "1d", "-5s", "5s!", "!5s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)
