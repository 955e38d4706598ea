"""Takes typed values out of a parsed body; what is absent or of another type is the default."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from controller.instants import parse_duration, parse_instant

_CENTURY = timedelta(days=36_525)
"""Patterns let any number of digits through, and dates do not."""
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DECIMAL = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def table(body: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Take a nested mapping; empty when there is none."""
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


def rows(body: Mapping[str, object], key: str) -> tuple[Mapping[str, object], ...]:
    """Take a list of mappings."""
    value = body.get(key)
    if not isinstance(value, list):
        return ()
    return tuple(row for row in value if isinstance(row, Mapping))


def texts(body: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Take a list of strings."""
    value = body.get(key)
    if not isinstance(value, list):
        return ()
    return tuple(entry for entry in value if isinstance(entry, str))


def text(body: Mapping[str, object], key: str, default: str = "") -> str:
    """Take a string."""
    value = body.get(key)
    return value if isinstance(value, str) else default


def number(body: Mapping[str, object], key: str, default: int = 0) -> int:
    """Take a whole number."""
    value = body.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def flag(body: Mapping[str, object], key: str, *, default: bool = False) -> bool:
    """Take a boolean."""
    value = body.get(key)
    return value if isinstance(value, bool) else default


def instant(body: Mapping[str, object], key: str) -> datetime | None:
    """Take a timestamp."""
    return parse_instant(body.get(key))


def duration(body: Mapping[str, object], key: str) -> timedelta | None:
    """Take a Go duration such as `1h30m`; more than a century is a century."""
    value = body.get(key)
    if not isinstance(value, str):
        return None
    return timedelta(seconds=min(parse_duration(value), _CENTURY.total_seconds()))


def size(body: Mapping[str, object], key: str, default: int) -> int:
    """Take a quantity of bytes: a whole number, or one with Ki, Mi, Gi."""
    value = body.get(key)
    return parse_quantity(value) if isinstance(value, str | int) else default


def parse_quantity(value: str | int) -> int:
    """
    Read a Kubernetes quantity of bytes; a part of a byte is rounded up.

    Raises:
        ValueError: The text is no such quantity.
    """
    if isinstance(value, int):
        return value
    for units in (_BINARY, _DECIMAL):
        for suffix, factor in units.items():
            if value.endswith(suffix):
                return _whole(value.removesuffix(suffix), value, factor)
    return _whole(value, value, 1)


def _whole(digits: str, value: str, factor: int) -> int:
    whole, dot, part = digits.partition(".")
    sound = (whole + part).isascii() and (whole + part).isdigit() and (bool(part) or not dot)
    if not sound:
        raise ValueError(f"'{value}' is no quantity such as 256Mi or 1Gi")
    scaled = int(whole + part) * factor
    return -(-scaled // int("1" + "0" * len(part)))
