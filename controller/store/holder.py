"""
Which process works on a run, so that the next one need not wait for a dead one.

Only says a process is gone where that is certain: on the same boot of the same
machine, in the same process namespace.  Elsewhere the heartbeat decides.
"""

import os
from pathlib import Path

_PROC = Path("/proc")


def this_process() -> str:
    """Name the calling process: machine and boot, namespace, process id, start time."""
    return f"{_place()} {os.getpid()} {_started(os.getpid())}"


def is_gone(holder: str) -> bool:
    """Say whether a process that named itself is certainly not running any more."""
    place, _, process = holder.rpartition(" ")[0].rpartition(" ")
    started = holder.rpartition(" ")[2]
    if place != _place() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    # The number may have been given to a younger process meanwhile.
    return _started(int(process)) != started


def _place() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return os.uname().nodename


def _started(process: int) -> str:
    try:
        stat = (_PROC / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "-"
    # The command's name stands in parentheses and may hold blanks itself.
    return stat.rpartition(")")[2].split()[19]
