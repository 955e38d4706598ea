"""
Runs as subprocesses: what a Job is in a cluster, a child is here.

The command is the same, `ctx sync script:NAME --run FILE --report FILE`, and
so is what comes back.  A thread for each child reads its log lines and waits
for it; everything it learns goes to the loop as an event.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.dev.state import write_atomically
from controller.errors import HarnessError
from controller.model.names import RunId
from controller.model.sync import RunRequest, SyncOutcome
from controller.sync.report import decode_report
from controller.sync.request import encode_request

SECONDS_TO_STOP = 1.5


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A child is gone; `outcome` is None where it left no report."""

    key: str
    run_id: RunId
    outcome: SyncOutcome | None
    ended_by: str
    """What became of the process, in words: `exit code 1`, `signal SIGKILL`."""


@dataclass(frozen=True, slots=True)
class RunSaid:
    """A line of a child's log."""

    key: str
    line: str


Event = RunEnded | RunSaid


class RunningScan:
    """One child, from start to report."""

    def __init__(self, key: str, request: RunRequest, directory: Path) -> None:
        self.key = key
        self.request = request
        self._document = directory / f"{request.run_id}.run.json"
        self._report = directory / f"{request.run_id}.report.json"
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    def start(
        self,
        environment: Mapping[str, str],
        variables: Mapping[str, str],
        send: Callable[[Event], None],
    ) -> None:
        """Start the child; `variables` reach it as `CTX_VAR_<name>`, never as arguments."""
        write_atomically(self._document, encode_request(self.request))
        self._report.unlink(missing_ok=True)
        handed = {
            name: value
            for name, value in environment.items()
            if not name.startswith(("CTX_SECRET_", "CTX_VAR_"))
        }
        handed.update({f"CTX_VAR_{name}": value for name, value in variables.items()})
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-m",
                "controller",
                "sync",
                f"script:{self.request.name}",
                "--run",
                str(self._document),
                "--report",
                str(self._report),
                "--parent",
                str(os.getpid()),
            ],
            env=handed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._follow, args=(send,), daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Ask the child to end its script and close its run as cancelled."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """End the child for certain, within two seconds, with everything it started."""
        if self._process is None or self._thread is None:
            return
        try:
            self._process.wait(timeout=SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._thread.join(timeout=0.4)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            # The session is the child's own, so its zygote goes with it.
            os.killpg(self._process.pid, number)

    def _follow(self, send: Callable[[Event], None]) -> None:
        process = self._process
        if process is None or process.stderr is None:
            raise RuntimeError("a run is followed before it was started")
        with process.stderr as lines:
            for line in lines:
                send(RunSaid(self.key, line.rstrip("\n")))
        code = process.wait()
        send(RunEnded(self.key, self.request.run_id, self._read_report(), _describe(code)))
        self._document.unlink(missing_ok=True)
        self._report.unlink(missing_ok=True)

    def _read_report(self) -> SyncOutcome | None:
        try:
            return decode_report(self._report.read_bytes())
        except (OSError, HarnessError):
            return None


def _describe(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
