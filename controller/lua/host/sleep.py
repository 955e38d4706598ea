"""`sleep`: waits that are not charged to the script, up to a budget for the run."""

import time
from collections.abc import Callable, Sequence

from controller.errors import CapabilityError, ScriptCancelledError
from controller.lua.deadline import Deadline
from controller.lua.host.arguments import argument, as_number, spell
from controller.lua.host.base import Value

SLICE = 0.1
"""Seconds between two looks at the cancel flag."""


class Waits:
    """The waits of one run."""

    def __init__(self, budget: float, cancelled: Callable[[], bool] | None) -> None:
        self._left = budget
        self._budget = budget
        self._cancelled = cancelled

    def sleep(self, arguments: Sequence[Value], deadline: Deadline) -> Value:
        """
        Serve `sleep(seconds)`; the deadline is put off by the time really slept.

        Raises:
            CapabilityError: No finite number, negative, or beyond what is left
                of the budget: then nothing is waited.
            ScriptCancelledError: Somebody asked the run to stop.
        """
        seconds = as_number(argument(arguments, 0), "sleep: the time")
        if seconds < 0:
            raise CapabilityError(f"sleep: the time must not be negative, and is {spell(seconds)}")
        if seconds > self._left:
            raise CapabilityError(
                f"sleep: {seconds:g} seconds go beyond what the run may wait"
                f" ({self._budget:g} seconds, {self._left:g} of them left)"
            )
        began = time.monotonic()
        try:
            self._wait_until(began + seconds)
        finally:
            slept = time.monotonic() - began
            self._left -= slept
            deadline.exclude(slept)
        return None

    def _wait_until(self, end: float) -> None:
        while True:
            if self._cancelled is not None and self._cancelled():
                raise ScriptCancelledError("the run was stopped while the script slept")
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(left if self._cancelled is None else min(left, SLICE))
