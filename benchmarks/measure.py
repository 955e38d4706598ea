"""
The harness: time, processor time, memory, the machine, a table and a JSON file.

Every figure stands beside a floor that was measured in the same run (FTS5
alone, a plain loop, JSON alone): on shared cores only ratios travel.
"""

import json
import os
import platform
import resource
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
_PROC = Path("/proc")


@dataclass(slots=True)
class Cost:
    """What a block took; filled in when it ends."""

    wall: float = 0.0
    """Seconds."""
    cpu: float = 0.0
    """Seconds of this process and of the children that it waited for."""
    peak: int = 0
    """Bytes: the most that this process held during the block."""
    children_peak: int = 0
    """Bytes: the most that any child ever held."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a report."""

    name: str
    value: float
    unit: str
    size: str = ""
    """Of the input, such as `10,000 documents`."""
    floor: str = ""
    """What stands beside it."""
    floor_value: float | None = None
    bar: str = ""
    """What is asked: `>= 0.5` of the ratio to the floor, or of the value where there is none."""

    @property
    def ratio(self) -> float | None:
        """The value over its floor."""
        return self.value / self.floor_value if self.floor_value else None

    @property
    def verdict(self) -> bool | None:
        """Whether the bar holds; None where there is none."""
        if not self.bar:
            return None
        sign, _, number = self.bar.partition(" ")
        measured = self.value if self.ratio is None else self.ratio
        return measured >= float(number) if sign == ">=" else measured <= float(number)


@dataclass(slots=True)
class Report:
    """The figures of one benchmark, in the order they were measured."""

    name: str
    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        """Keep a figure."""
        self.figures.append(figure)

    def print(self, console: Console) -> None:
        """Print the figures as a table."""
        table = Table(title=self.name, title_justify="left", caption=machine_line())
        for heading in ("figure", "size", "measured", "floor", "ratio", "asked", ""):
            table.add_column(
                heading, justify="right" if heading in {"measured", "ratio"} else "left"
            )
        for figure in self.figures:
            table.add_row(
                figure.name,
                figure.size,
                f"{_number(figure.value)} {figure.unit}",
                ""
                if figure.floor_value is None
                else f"{figure.floor}: {_number(figure.floor_value)}",
                "" if figure.ratio is None else _number(figure.ratio),
                figure.bar,
                {None: "", True: "ok", False: "MISSED"}[figure.verdict],
            )
        console.print(table)

    def write(self) -> Path:
        """Write the figures as JSON lines, one a figure."""
        RESULTS.mkdir(exist_ok=True)
        now = datetime.now(UTC)
        path = RESULTS / f"{now:%Y-%m-%dT%H%M%S}-{self.name}.json"
        shared = {"benchmark": self.name, "at": now.isoformat(), "machine": machine_line()}
        lines = [
            json.dumps({**shared, **asdict(figure), "ratio": figure.ratio, "met": figure.verdict})
            for figure in self.figures
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the block of a `with`; its cost is complete when it ends."""
    cost = Cost()
    _forget_peak()
    cpu, start = _cpu(), perf_counter()
    try:
        yield cost
    finally:
        cost.wall = perf_counter() - start
        cost.cpu = _cpu() - cpu
        cost.peak = _peak()
        cost.children_peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def wall_times(act: Callable[[], object], rounds: int) -> list[float]:
    """Run something several times; seconds of each."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        act()
        times.append(perf_counter() - start)
    return times


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` of the sorted values do not exceed; 0.5 is the median."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """Give the middle value."""
    return statistics.median(values)


def machine_line() -> str:
    """Describe the machine: processor, cores, memory, system, Python, and what else it does."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" {platform.system()} {platform.release()}, Python {platform.python_version()},"
        f" load {load:.1f}"
    )


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _processor() -> str:
    try:
        text = (_PROC / "cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line for line in text.splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def _cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _forget_peak() -> None:
    # Linux keeps a high-water mark that can be reset; elsewhere it is that of the whole life.
    try:
        (_PROC / "self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak() -> int:
    try:
        text = (_PROC / "self/status").read_text(encoding="utf-8")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    marks = [line.split()[1] for line in text.splitlines() if line.startswith("VmHWM")]
    return int(marks[0]) * 1024 if marks else 0
