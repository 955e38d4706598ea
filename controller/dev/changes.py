"""
When a burst of file events is over: the decision, without the events.

An editor that saves by rename fires four events, `git checkout` hundreds.  A
root is due when it has been quiet for `QUIET`, or, under a stream of events
that never stops, at the latest `LONGEST` after the first of them.
"""

from dataclasses import dataclass, field
from pathlib import Path

QUIET = 0.06
LONGEST = 0.5


@dataclass(slots=True)
class _Burst:
    first: float
    last: float


@dataclass(slots=True)
class Changes:
    """Roots with events that nobody has taken yet; times are monotonic seconds."""

    _bursts: dict[Path, _Burst] = field(default_factory=dict)

    def note(self, root: Path, now: float) -> None:
        """Remember an event below a root."""
        burst = self._bursts.get(root)
        if burst is None:
            self._bursts[root] = _Burst(now, now)
        else:
            burst.last = now

    def take(self, now: float) -> frozenset[Path]:
        """Take the roots that are due."""
        due = frozenset(
            root
            for root, burst in self._bursts.items()
            if now - burst.last >= QUIET or now - burst.first >= LONGEST
        )
        for root in due:
            del self._bursts[root]
        return due

    def wait(self, now: float) -> float | None:
        """Seconds until the next root is due; None when there is no event."""
        if not self._bursts:
            return None
        return max(
            0.0,
            min(
                min(burst.last + QUIET, burst.first + LONGEST) - now
                for burst in self._bursts.values()
            ),
        )
