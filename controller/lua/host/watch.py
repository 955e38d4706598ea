"""The time of one request: all its hops, reads and writes together."""

import time
from collections.abc import Callable

from controller.errors import ScriptCancelledError

SLICE = 0.25
"""Seconds between two looks at the cancel flag."""


class Watch:
    """
    Set for each request, and asked before every wait.

    A timeout per read would let a server that drips one byte a second go on
    for ever.
    """

    def __init__(self, cancelled: Callable[[], bool] | None) -> None:
        self._cancelled = cancelled
        self._end = 0.0

    def start(self, seconds: float) -> None:
        """Begin to count."""
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the end; negative once it is over."""
        return self._end - time.monotonic()

    def slice(self) -> float:
        """
        Say how long to wait before asking again.

        Raises:
            TimeoutError: The time is over.
            ScriptCancelledError: Somebody asked the run to stop.
        """
        left = self.left()
        if left <= 0:
            raise TimeoutError
        if self._cancelled is None:
            return left
        if self._cancelled():
            raise ScriptCancelledError("the run was stopped during an HTTP request")
        return min(left, SLICE)
