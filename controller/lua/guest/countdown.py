"""How long a call of the script still has, seen from inside the guest."""

from collections.abc import Callable

from controller.lua.wire import GRACE


class Countdown:
    """
    The graceful end of a call, and the alarm behind it.

    `alarm` is set for a little later than the end: it kills a script that sits
    in C code, where nothing can stop it gently.  Zero switches it off.
    """

    def __init__(self, clock: Callable[[], float], alarm: Callable[[float], None]) -> None:
        self._clock = clock
        self._alarm = alarm
        self._end: float | None = None

    def start(self, seconds: float) -> None:
        """Begin, or go on with what the host says is left."""
        self._end = self._clock() + seconds
        self._alarm(max(seconds, 0.0) + GRACE)

    def hold(self) -> None:
        """Stop while the host is at work: it watches the time itself."""
        self._alarm(0.0)

    def is_over(self) -> bool:
        """Whether the call has had its time."""
        return self._end is not None and self._clock() >= self._end
