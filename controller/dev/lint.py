"""The check of a revision before it is published: `ctx registry lint`, as a subprocess."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from controller.errors import ManifestError, ScriptInvalidError
from controller.model.extension import ExtensionEntry

LINT_SECONDS = 120


class _Problem(msgspec.Struct):
    message: str
    file: str = ""
    line: int = 0
    severity: str = "error"


class _Report(msgspec.Struct):
    problems: list[_Problem]


def check_scripts(root: Path, extensions: Sequence[ExtensionEntry]) -> None:
    """
    Compile every script of a revision, each in a jailed guest of another process.

    Raises:
        ScriptInvalidError: One does not compile; the message names file and line.
        ManifestError: The check itself did not come to an end.
    """
    if not extensions:
        return
    command = [sys.executable, "-I", "-m", "controller", "registry", "lint", str(root)]
    try:
        done = subprocess.run(
            [*command, "--output", "json"],
            capture_output=True,
            timeout=LINT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ManifestError(
            f"{root.name}: compiling its scripts took more than {LINT_SECONDS} s"
        ) from error
    try:
        report = msgspec.json.decode(done.stdout, type=_Report)
    except msgspec.MsgspecError as error:
        raise ManifestError(
            f"{root.name}: its scripts could not be compiled: {_tail(done.stderr)}"
        ) from error
    errors = [problem for problem in report.problems if problem.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        first = errors[0]
        place = ":".join(str(part) for part in (first.file, first.line) if part)
        raise ScriptInvalidError(f"{place}: {first.message}{more}")


def _tail(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"
