"""How much time one call of a script has left; waits that the host recorded do not count."""

from collections.abc import Callable


class Deadline:
    """
    A countdown that can be put off.

    `clock` is monotonic, in seconds.  The host calls `exclude` for each wait it
    took on the script's behalf, so that backing off from a rate limit does not
    eat the time the script has for work.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Seconds left; negative once it is over."""
        return self._end - self._clock()

    def exclude(self, seconds: float) -> None:
        """Put the end off by a wait that was not the script's work."""
        self._end += seconds
