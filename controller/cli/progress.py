"""What a run says while it goes on: script lines and a count, on standard error."""

from time import monotonic
from typing import TextIO

from controller.sync.parts import Progress

REDRAW_SECONDS = 0.1
_LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARN", "warning": "WARN", "error": "ERROR"}


class RunReporter:
    """
    Writes the lines of one source, and below them a count that redraws in place.

    The count needs a terminal; a pipe gets the lines alone.
    """

    def __init__(self, source: str, stream: TextIO, *, verbose: bool, progress: bool) -> None:
        self._source = source
        self._stream = stream
        self._verbose = verbose
        self._draws = progress and stream.isatty()
        self._drawn_at = 0.0
        self._drawn = False

    def log(self, level: str, text: str) -> None:
        """Write a line of the script as specification 002 §4.4 shows it."""
        if level == "debug" and not self._verbose:
            return
        self.clear()
        self._stream.write(f"[{self._source}] {_LEVELS.get(level, level.upper())}: {text}\n")
        self._stream.flush()

    def progress(self, progress: Progress) -> None:
        """Redraw the count, ten times a second at most."""
        now = monotonic()
        if not self._draws or now - self._drawn_at < REDRAW_SECONDS:
            return
        self._drawn_at = now
        self._drawn = True
        self._stream.write(
            f"\r\033[2K  {self._source}: {progress.scanned:,} items, {progress.written:,} written"
        )
        self._stream.flush()

    def clear(self) -> None:
        """Take the count away, so that a line can be written."""
        if self._drawn:
            self._drawn = False
            self._stream.write("\r\033[2K")
            self._stream.flush()
