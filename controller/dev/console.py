"""What `ctx dev` tells: structured lines for a pipe, a live table for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """One resource, as the table shows it."""

    kind: str
    name: str
    ready: str
    """`True`, `False`, `Unknown`, or empty before the first look."""
    reason: str
    message: str
    documents: int | None
    """None for a Registry."""
    running: bool
    last_run: datetime | None
    next_run: datetime | None
    suspended: bool = False
    hint: str = ""


class Console(Protocol):
    """Takes events as they happen and the state of all resources now and then."""

    def event(self, level: str, name: str, **facts: object) -> None:
        """Tell one event: a constant `noun.past_verb` and its facts."""
        ...

    def show(self, rows: Sequence[Row], now: datetime) -> None:
        """Show how all resources stand."""
        ...

    def close(self) -> None:
        """Give the terminal back."""
        ...


class Logger(Protocol):
    """The part of structlog's loggers that is used here."""

    def log(self, level: int, event: str, **facts: object) -> object:
        """Write a line."""
        ...


class Lines:
    """Events as lines on standard error; the state is what the lines add up to."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def event(self, level: str, name: str, **facts: object) -> None:
        """Write a line."""
        self._logger.log(_LEVELS[level], name, **facts)

    def show(self, rows: Sequence[Row], now: datetime) -> None:
        """Stay silent: a pipe wants changes, not a picture."""

    def close(self) -> None:
        """Nothing is held."""


_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def since(then: datetime | None, now: datetime) -> str:
    """Say how long ago, in one unit: `4s`, `12m`, `3h`, `2d`; empty for never."""
    return "" if then is None else f"{span((now - then).total_seconds())} ago"


def until(then: datetime | None, now: datetime) -> str:
    """Say how soon; `now` for what is due."""
    if then is None:
        return ""
    seconds = (then - now).total_seconds()
    return f"in {span(seconds)}" if seconds > 0 else "now"


def span(seconds: float) -> str:
    """Write a length of time in its largest whole unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
