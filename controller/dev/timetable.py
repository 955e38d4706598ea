"""When each resource is looked at next; times are monotonic seconds."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)


@dataclass(slots=True)
class Timetable(Generic[KeyT]):
    """One due time for each key; an earlier wish wins over a later one."""

    _due: dict[KeyT, float] = field(default_factory=dict)

    def wish(self, key: KeyT, at: float) -> None:
        """Look at a key at the given time, or before."""
        self._due[key] = min(at, self._due.get(key, at))

    def settle(self, key: KeyT, look_again: timedelta | None, now: float) -> None:
        """Note what a round asked for; None means that only an event brings the key back."""
        if look_again is not None:
            self.wish(key, now + look_again.total_seconds())

    def take(self, now: float) -> tuple[KeyT, ...]:
        """Take the keys that are due, the most overdue first."""
        due = sorted(
            (at, index, key) for index, (key, at) in enumerate(self._due.items()) if at <= now
        )
        for _, _, key in due:
            del self._due[key]
        return tuple(key for _, _, key in due)

    def at(self, key: KeyT) -> float | None:
        """Tell when a key is due."""
        return self._due.get(key)

    def next(self) -> float | None:
        """Tell when the first key is due."""
        return min(self._due.values(), default=None)

    def keep(self, keys: Iterable[KeyT]) -> None:
        """Forget every key but these."""
        wanted = set(keys)
        self._due = {key: at for key, at in self._due.items() if key in wanted}
