"""The check of a revision before it is published: `ctx registry lint`, as a subprocess."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from controller.errors import FetchCancelledError, ManifestError, ScriptInvalidError
from controller.model.extension import ExtensionEntry

LINT_SECONDS = 120


class _Problem(msgspec.Struct):
    message: str
    file: str = ""
    line: int = 0
    severity: str = "error"


class _Report(msgspec.Struct):
    problems: list[_Problem]


class ScriptChecker:
    """Compiles the scripts of revisions, each revision in a process that can be stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._cancelled = False

    def check(self, root: Path, extensions: Sequence[ExtensionEntry]) -> None:
        """
        Compile every script of a revision, each in a jailed guest.

        Raises:
            ScriptInvalidError: One does not compile; the message names file and line.
            ManifestError: The check itself did not come to an end.
            FetchCancelledError: `cancel` was called.
        """
        if not extensions:
            return
        output, errors = self._run(root)
        try:
            report = msgspec.json.decode(output, type=_Report)
        except msgspec.MsgspecError as error:
            if self._cancelled:
                raise FetchCancelledError(f"the check of {root.name} was stopped") from error
            raise ManifestError(
                f"{root.name}: its scripts could not be compiled: {_tail(errors)}"
            ) from error
        broken = [problem for problem in report.problems if problem.severity == "error"]
        if broken:
            more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
            place = ":".join(str(part) for part in (broken[0].file, broken[0].line) if part)
            raise ScriptInvalidError(f"{place}: {broken[0].message}{more}")

    def cancel(self) -> None:
        """Stop what is being checked, and whatever would be checked later."""
        self._cancelled = True
        with self._lock:
            for child in self._children:
                child.kill()

    def _run(self, root: Path) -> tuple[bytes, bytes]:
        command = [sys.executable, "-I", "-m", "controller", "registry", "lint", str(root)]
        with self._lock:
            if self._cancelled:
                raise FetchCancelledError(f"the check of {root.name} was stopped")
            child = subprocess.Popen(
                [*command, "--output", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            self._children.add(child)
        try:
            with child:
                return child.communicate(timeout=LINT_SECONDS)
        except subprocess.TimeoutExpired as error:
            child.kill()
            raise ManifestError(
                f"{root.name}: compiling its scripts took more than {LINT_SECONDS} s"
            ) from error
        finally:
            with self._lock:
                self._children.discard(child)


def _tail(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"
