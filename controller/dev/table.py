"""The live table of `ctx dev` on a terminal: resources above, the log below."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console as Terminal
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from controller.dev.console import Row, since, until

LOG_LINES = 12
_COLOURS = {"True": "green", "False": "red", "Unknown": "yellow", "": "dim"}
_LEVEL_COLOURS = {"debug": "dim", "info": "", "warning": "yellow", "error": "red"}


class LiveTable:
    """Redraws in place; what scrolled out of the log pane is not lost, `ctx dev status` has it."""

    def __init__(self, title: str, terminal: Terminal | None = None) -> None:
        self._title = title
        self._log: deque[Text] = deque(maxlen=LOG_LINES)
        self._rows: Sequence[Row] = ()
        self._now: datetime | None = None
        self._live = Live(
            console=terminal or Terminal(stderr=True), refresh_per_second=4, transient=False
        )
        self._live.start()

    def event(self, level: str, name: str, **facts: object) -> None:
        """Add a line to the log pane."""
        words = " ".join(f"{key}={_short(value)}" for key, value in facts.items())
        clock = self._now.astimezone().strftime("%H:%M:%S") if self._now else "--:--:--"
        line = Text(f"{clock}  {name}  {words}", style=_LEVEL_COLOURS[level])
        line.no_wrap, line.overflow = True, "ellipsis"
        self._log.append(line)
        self._draw()

    def show(self, rows: Sequence[Row], now: datetime) -> None:
        """Redraw the table."""
        self._rows, self._now = rows, now
        self._draw()

    def close(self) -> None:
        """Leave the last picture standing."""
        self._draw()
        self._live.stop()

    def _draw(self) -> None:
        self._live.update(
            Group(self._table(), Panel(Group(*self._log), title="log", height=LOG_LINES + 2))
        )

    def _table(self) -> Table:
        table = Table(title=self._title, title_justify="left", expand=True, box=None)
        for heading in ("Kind", "Name", "Ready", "Reason", "Documents", "Last run", "Next run"):
            table.add_column(heading, justify="right" if heading == "Documents" else "left")
        table.add_column("Status", ratio=1, no_wrap=True, overflow="ellipsis")
        for row in self._rows:
            table.add_row(
                row.kind,
                Text(row.name),
                Text("Running" if row.running else row.ready, style=_colour(row)),
                row.reason,
                "" if row.documents is None else f"{row.documents:,}",
                since(row.last_run, self._now) if self._now else "",
                until(row.next_run, self._now) if self._now else "",
                # Text, never markup: a script chooses these words.
                Text(row.message.partition("\n")[0]),
            )
        return table


def _colour(row: Row) -> str:
    return "cyan" if row.running else _COLOURS.get(row.ready, "")


def _short(value: object) -> str:
    text = str(value).partition("\n")[0]
    return text if len(text) <= 160 else text[:159] + "…"
