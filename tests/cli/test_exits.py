from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controller.cli.exits import MEANINGS, Exit, exit_of
from controller.errors import (
    ConfigError,
    HarnessError,
    ScriptCancelledError,
    ScriptError,
    SourceBusyError,
    StateLockedError,
    UsageError,
)
from controller.model.names import RunId, SourceName
from controller.model.sync import RunCounts, RunError, RunResult, SyncOutcome

NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)


def outcome(result: RunResult, reason: str = "") -> SyncOutcome:
    error = RunError(reason, "it went wrong") if reason else None
    return SyncOutcome(RunId("r"), SourceName("script:a"), result, NOON, NOON, error=error)


DONE = outcome(RunResult.SUCCEEDED)
HALF = outcome(RunResult.PARTIAL)
LOST = outcome(RunResult.FAILED, "ScriptError")
SKIPPED = replace(DONE, counts=RunCounts(scanned=2, invalid=1))
BUSY = outcome(RunResult.FAILED, "SourceBusy")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (ConfigError("x"), 1),
        (ScriptError("x"), 1),
        (SourceBusyError("x"), 4),
        (StateLockedError("x"), 4),
        (ScriptCancelledError("x"), 130),
    ],
)
def test_an_error_has_one_code(error: HarnessError, code: int) -> None:
    assert exit_of(error) == code


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([], 0),
        ([DONE], 0),
        ([DONE, DONE], 0),
        ([HALF], 3),
        ([SKIPPED], 0),
        ([DONE, HALF], 3),
        ([DONE, LOST], 3),
        ([LOST], 1),
        ([LOST, LOST], 1),
        ([outcome(RunResult.TIMED_OUT, "Timeout")], 1),
        ([outcome(RunResult.INTERRUPTED)], 1),
        ([BUSY], 4),
        ([BUSY, LOST], 1),
        ([BUSY, DONE], 3),
        ([DONE, outcome(RunResult.CANCELLED, "Cancelled")], 130),
    ],
)
def test_runs_together_have_one_code(runs: list[SyncOutcome], code: int) -> None:
    assert exit_of(*runs) == code


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)
