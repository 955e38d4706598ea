from datetime import UTC, datetime, timedelta

import pytest

from controller.resources import reading


@pytest.mark.parametrize("odd", [None, 5, "text", [1], {"a": 1}, True])
def test_what_is_of_another_type_is_the_default(odd: object) -> None:
    body = {"key": odd}

    assert reading.table(body, "key") == (odd if isinstance(odd, dict) else {})
    assert reading.rows(body, "key") == ()
    assert reading.texts(body, "key") == ()
    assert reading.text(body, "key", "-") == ("text" if odd == "text" else "-")
    assert reading.number(body, "key", 7) == (5 if odd == 5 else 7)
    assert reading.flag(body, "key") is (odd is True)


def test_lists_keep_what_fits() -> None:
    body = {"key": [{"a": 1}, "b", 3]}

    assert reading.rows(body, "key") == ({"a": 1},)
    assert reading.texts(body, "key") == ("b",)


def test_times_and_durations_are_read() -> None:
    body: dict[str, object] = {"at": "2026-11-24T12:00:00Z", "for": "1h30m", "odd": 5}

    assert reading.instant(body, "at") == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert reading.instant(body, "gone") is None
    assert reading.duration(body, "for") == timedelta(minutes=90)
    assert reading.duration(body, "odd") is None


def test_a_duration_past_all_calendars_is_a_century() -> None:
    assert reading.duration({"for": f"{'9' * 28}h"}, "for") == timedelta(days=36_525)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (5, 5),
        ("5", 5),
        ("64Ki", 65_536),
        ("256Mi", 268_435_456),
        ("1Gi", 1_073_741_824),
        ("1Ti", 1_099_511_627_776),
        ("1.5Ki", 1536),
        ("0.1", 1),
        ("2k", 2000),
        ("3M", 3_000_000),
        ("1G", 1_000_000_000),
        ("1T", 1_000_000_000_000),
    ],
)
def test_quantities_are_bytes(written: str | int, wanted: int) -> None:
    assert reading.parse_quantity(written) == wanted
    assert reading.size({"key": written}, "key", 0) == wanted


@pytest.mark.parametrize("odd", ["", "Mi", "5 Mi", "-5", "5.", ".5.5", "1e3", "5MB", "٥Mi"])  # noqa: RUF001  Arabic digits are digits to Python
def test_what_is_no_quantity_is_refused(odd: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        reading.parse_quantity(odd)


def test_a_size_that_is_left_out_is_the_default() -> None:
    assert reading.size({}, "key", 9) == 9
