"""Signals: what Ctrl-C and SIGTERM mean while a script runs."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Remembers that somebody asked to stop."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self.asked = False

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Take the signal; a second one does nothing more, since the first is being obeyed."""
        del number, frame
        if not self.asked:
            self.asked = True
            self._then()

    def is_asked(self) -> bool:
        """Say whether to stop."""
        return self.asked


@contextmanager
def stopping(then: Callable[[], None]) -> Iterator[Stop]:
    """Call `then` at the first SIGINT or SIGTERM, in place of dying of it."""
    stop = Stop(then)
    before = {number: signal.signal(number, stop.ask) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
