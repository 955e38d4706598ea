"""
Timestamps in every spelling that connectors meet, as instants with an offset.

Pure: nothing here asks what time it is.
"""

import re
from datetime import UTC, datetime

MILLISECONDS_FROM = 1e11
"""Numbers above this are milliseconds: as seconds they would lie past the year 5138."""

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MAIL_DATE = re.compile(
    rf"(?:[a-z]{{3}},\s*)?(\d\d?)\s+({'|'.join(_MONTHS)})\s+(\d\d\d\d)\s+"
    r"(\d\d:\d\d(?::\d\d)?)\s+([+-]\d\d\d\d|GMT|UTC?|Z)",
    re.IGNORECASE | re.ASCII,
)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_instant(value: object) -> datetime | None:
    """
    Read a timestamp; None when it is none.

    Takes RFC 3339 (also `+0000`, a blank for the `T`, a date alone), RFC 2822,
    and epoch seconds or milliseconds as a number or a string.  Without an
    offset the instant is taken as UTC.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_epoch(float(value))
    if not isinstance(value, str):
        return None
    return _from_text(value.strip())


def format_instant(instant: datetime) -> str:
    """Write an instant as Kubernetes does: UTC, whole seconds, `Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_duration(text: str) -> float:
    """
    Read a Go duration such as `1h30m` or `500ms`; the result is in seconds.

    Raises:
        ValueError: The text is no duration.
    """
    position = 0
    total = 0.0
    for part in _DURATION_PART.finditer(text):
        if part.start() != position:
            break
        total += float(part[1]) * _SECONDS[part[2]]
        position = part.end()
    if position != len(text) or not text:
        raise ValueError(f"'{text}' is no duration such as 30s, 5m or 1h30m")
    return total


def _from_text(text: str) -> datetime | None:
    # ISO first: nearly every API writes it, and a sync reads two for every item.
    # A bare number is never ISO here: "20260220" would be a date, and is an epoch.
    if "-" in text[1:] and text[0].isdigit():
        try:
            return _with_offset(datetime.fromisoformat(text))
        except ValueError:
            pass
    try:
        return _from_epoch(float(text))
    except ValueError:
        pass
    return _from_mail(text)


def _from_mail(text: str) -> datetime | None:
    """Read an RFC 2822 date; the library's parser would cost each start of `ctx` 9 ms."""
    found = _MAIL_DATE.fullmatch(text)
    if found is None:
        return None
    day, month, year, clock, zone = found.groups()
    offset = "+00:00" if zone[0] not in "+-" else f"{zone[:3]}:{zone[3:]}"
    number = _MONTHS.index(month.lower()) + 1
    try:
        return datetime.fromisoformat(f"{year}-{number:02}-{day:0>2}T{clock}{offset}")
    except ValueError:
        return None


def _from_epoch(number: float) -> datetime | None:
    seconds = number / 1000 if abs(number) >= MILLISECONDS_FROM else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _with_offset(instant: datetime) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
