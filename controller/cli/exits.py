"""What a command ends with: the one table of exit codes (docs/reference/cli.md shows the same)."""

from enum import IntEnum

from controller.errors import (
    HarnessError,
    ScriptCancelledError,
    SourceBusyError,
    StateLockedError,
    UsageError,
)
from controller.model.sync import RunResult, SyncOutcome


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    BLOCKED = 4
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "everything that was asked for was done",
    Exit.FAILED: "it failed; standard error says why",
    Exit.USAGE: "the command line asks for something that does not exist or cannot be combined",
    Exit.PARTIAL: "some of it was done: a source of several failed, a request failed, or a tried item is not valid",
    Exit.BLOCKED: "somebody else holds what is needed: another run of the source, or the state",
    Exit.INTERRUPTED: "somebody stopped it: Ctrl-C, or SIGTERM while a script ran",
}

_BLOCKING = (SourceBusyError, StateLockedError)
_BLOCKING_REASONS = tuple(error.reason for error in _BLOCKING)


def exit_of(*ends: HarnessError | SyncOutcome) -> Exit:
    """
    Choose the exit code for what a command met: an error, or the outcomes of its runs.

    Of several runs, one that worked beside one that did not makes the whole partial.
    """
    codes = {_code(end) for end in ends}
    if not codes:
        return Exit.OK
    if Exit.INTERRUPTED in codes:
        return Exit.INTERRUPTED
    if len(codes) == 1:
        return codes.pop()
    return Exit.PARTIAL if codes & {Exit.OK, Exit.PARTIAL} else Exit.FAILED


def _code(end: HarnessError | SyncOutcome) -> Exit:
    if isinstance(end, SyncOutcome):
        return _code_of_run(end)
    if isinstance(end, UsageError):
        return Exit.USAGE
    if isinstance(end, ScriptCancelledError):
        return Exit.INTERRUPTED
    return Exit.BLOCKED if isinstance(end, _BLOCKING) else Exit.FAILED


def _code_of_run(outcome: SyncOutcome) -> Exit:
    if outcome.result is RunResult.SUCCEEDED:
        # Items that were skipped are told and counted, and fail nothing (specification 002 §3.3).
        return Exit.OK
    if outcome.result is RunResult.PARTIAL:
        return Exit.PARTIAL
    if outcome.result is RunResult.CANCELLED:
        return Exit.INTERRUPTED
    blocked = outcome.error is not None and outcome.error.reason in _BLOCKING_REASONS
    return Exit.BLOCKED if blocked else Exit.FAILED
