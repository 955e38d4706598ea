"""How long to wait after the n-th failure, and how to spread what would fall together."""

from datetime import timedelta
from hashlib import sha256

SPREAD = 0.2
_MOST_DOUBLINGS = 40


def delay(failures: int, *, base: timedelta, cap: timedelta, uid: str) -> timedelta:
    """
    Wait base * 2^(failures-1), at most `cap`, moved by up to a fifth either way.

    The same resource waits the same time after the same failure: the plan stays a
    function of the facts, and a restart of the shell does not draw again.
    """
    doublings = min(max(failures - 1, 0), _MOST_DOUBLINGS)
    seconds = min(base.total_seconds() * 2.0**doublings, cap.total_seconds())
    moved = seconds * (1 - SPREAD + 2 * SPREAD * fraction(f"{uid}/{failures}"))
    return min(timedelta(seconds=moved), cap)


def fraction(seed: str) -> float:
    """Turn a name into a number from 0 up to, not including, 1; the same one every time."""
    return int.from_bytes(sha256(seed.encode()).digest()[:6], "big") / (1 << 48)
