"""
Whole processes: `ctx` as its users start it, with what it and its guest took.

Processor time is what the kernel charged to the process and to all it waited
for.  Peaks are the kernel's own high-water marks, read while the processes
live: what `wait4` tells begins with the memory of whoever forked them.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter

CTX = Path(sys.executable).parent / "ctx"
ZYGOTE = b"controller.lua.zygote"

_PROC = Path("/proc")
_LOOK_EVERY = 0.02
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that ended."""

    status: int
    output: str
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of the process and all below it."""
    host_peak: int
    """Bytes of the process itself; 0 where the system does not tell."""
    guest_cpu: float
    """Seconds of the zygote and its guests, in steps of a clock tick."""
    guest_peak: int
    """Bytes of the largest guest."""


def run_ctx(arguments: Sequence[str], directory: Path) -> Ran:
    """
    Run `ctx` in a directory, and watch it.

    Raises:
        RuntimeError: It failed; the message holds what it printed.
    """
    with TemporaryFile() as output:
        start = perf_counter()
        process = subprocess.Popen(
            [CTX, *arguments], cwd=directory, stdout=output, stderr=output, env=environment()
        )
        with _watched(process.pid) as marks:
            _, status, usage = os.wait4(process.pid, 0)
            wall = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"ctx {' '.join(arguments)} ended with {process.returncode}:\n{text}")
    return Ran(
        status=process.returncode,
        output=text,
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        host_peak=marks.host_peak,
        guest_cpu=sum(marks.guest_cpu.values()),
        guest_peak=max(marks.guest_peak.values(), default=0),
    )


def environment() -> dict[str, str]:
    """Give what every measured process gets: nothing of the caller's settings."""
    return {"PATH": os.defpath, "HOME": str(Path.home()), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}


@dataclass(slots=True)
class _Marks:
    host_peak: int = 0
    guest_peak: dict[int, int] = field(default_factory=dict)
    guest_cpu: dict[int, float] = field(default_factory=dict)


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[_Marks]:
    marks = _Marks()
    ended = threading.Event()
    # A thread, since the main one sleeps in wait4 and so tells the end to the microsecond.
    watcher = threading.Thread(target=_watch, args=(pid, marks, ended))
    watcher.start()
    try:
        yield marks
    finally:
        ended.set()
        watcher.join()


def _watch(pid: int, marks: _Marks, ended: threading.Event) -> None:
    while not ended.wait(_LOOK_EVERY):
        with contextlib.suppress(OSError, IndexError):
            marks.host_peak = max(marks.host_peak, _high_water(pid))
            for zygote in _children(pid):
                if ZYGOTE not in (_PROC / f"{zygote}/cmdline").read_bytes():
                    continue
                _look_at(zygote, marks, _children(zygote))


def _look_at(zygote: int, marks: _Marks, guests: Sequence[int]) -> None:
    # A zygote's own time only: that of a guest it reaped is kept under the guest.
    marks.guest_cpu[zygote] = _cpu(zygote)
    for guest in guests:
        marks.guest_cpu[guest] = _cpu(guest)
        marks.guest_peak[guest] = max(marks.guest_peak.get(guest, 0), _high_water(guest))


def _children(pid: int) -> list[int]:
    text = (_PROC / f"{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def _high_water(pid: int) -> int:
    text = (_PROC / f"{pid}/status").read_text(encoding="utf-8")
    return next(
        (int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0
    )


def _cpu(pid: int) -> float:
    # The name in parentheses may hold blanks; utime and stime stand 12th and 13th after it.
    words = (_PROC / f"{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICK
