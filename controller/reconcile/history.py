"""Takes what came of a run into the status: counters, marks of what was handled, the ring of runs."""

from dataclasses import replace

from controller.model.condition import Reason
from controller.model.recorded import Failure, RecordedSync, reason_of
from controller.model.sync import (
    ActiveRun,
    DesiredSync,
    RunMode,
    RunRecord,
    RunResult,
    SyncOutcome,
    Trigger,
)
from controller.reconcile.board import clip

LONGEST_HINT = 1024
_DEFAULT_REASONS = {
    RunResult.SUCCEEDED: Reason.SUCCEEDED,
    RunResult.PARTIAL: Reason.PARTIAL,
    RunResult.FAILED: Reason.INTERNAL_ERROR,
    RunResult.TIMED_OUT: Reason.TIMEOUT,
    RunResult.CANCELLED: Reason.CANCELLED,
    RunResult.INTERRUPTED: Reason.INTERRUPTED,
}
_NOBODYS_FAULT = (RunResult.CANCELLED, RunResult.INTERRUPTED)


def take_outcome(
    desired: DesiredSync, recorded: RecordedSync, run: ActiveRun, outcome: SyncOutcome
) -> RecordedSync:
    """
    Close a run in the status.

    What was attempted and which requests are answered moves here and not when
    the run starts: a run that is lost before its report is then still due.
    """
    done = replace(
        recorded,
        active=None,
        history=(_record(run, outcome), *recorded.history)[: desired.history_limit],
        last_attempted_generation=run.generation,
        last_attempted_revision=run.revision,
        last_attempted_digest=run.digest,
        last_attempted_inputs=run.inputs,
        last_handled_reconcile_at=run.token or recorded.last_handled_reconcile_at,
        last_handled_full_sync_at=run.full_token or recorded.last_handled_full_sync_at,
        failures=_failures(recorded, outcome),
    )
    if run.trigger in (Trigger.SCHEDULE, Trigger.FULL_SCHEDULE):
        done = replace(done, last_schedule_time=run.started_at)
    if outcome.documents or outcome.result in (RunResult.SUCCEEDED, RunResult.PARTIAL):
        # A run that never reached the store says 0, which would hide what is there.
        done = replace(done, documents=outcome.documents)
    if outcome.result is not RunResult.SUCCEEDED:
        return done
    return replace(
        done,
        last_applied_revision=run.revision,
        last_applied_digest=run.digest,
        last_successful_time=outcome.ended_at,
        last_full_sync_time=(
            outcome.ended_at if run.mode is RunMode.FULL else recorded.last_full_sync_time
        ),
    )


def run_failure(record: RunRecord) -> Failure | None:
    """Say why a recorded run did not succeed."""
    if record.result is RunResult.SUCCEEDED:
        return None
    return Failure(reason_of(record.reason), record.message, record.hint, record.retryable)


def _record(run: ActiveRun, outcome: SyncOutcome) -> RunRecord:
    error = outcome.error
    message, hint = _words(outcome)
    return RunRecord(
        run_id=run.run_id,
        trigger=run.trigger,
        mode=run.mode,
        attempt=run.attempt,
        result=outcome.result,
        reason=_reason(outcome),
        revision=run.revision,
        digest=run.digest,
        started_at=run.started_at,
        ended_at=outcome.ended_at,
        counts=outcome.counts,
        message=clip(message),
        hint=clip(hint, LONGEST_HINT),
        retryable=outcome.result is not RunResult.SUCCEEDED and (error is None or error.retryable),
    )


def _reason(outcome: SyncOutcome) -> Reason:
    if outcome.result is RunResult.SUCCEEDED:
        warned = bool(outcome.warnings) or outcome.counts.invalid > 0
        return Reason.SUCCEEDED_WITH_WARNINGS if warned else Reason.SUCCEEDED
    if outcome.error is not None:
        return reason_of(outcome.error.reason)
    return _DEFAULT_REASONS[outcome.result]


def _words(outcome: SyncOutcome) -> tuple[str, str]:
    if outcome.error is not None:
        return outcome.error.message, outcome.error.hint
    return (outcome.warnings[0] if outcome.warnings else ""), ""


def _failures(recorded: RecordedSync, outcome: SyncOutcome) -> int:
    if outcome.result is RunResult.SUCCEEDED:
        return 0
    return recorded.failures + (0 if outcome.result in _NOBODYS_FAULT else 1)
