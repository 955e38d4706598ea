"""
One run, end to end: connector → items → diff → store → outcome.

A run always ends in an outcome: errors of the script, of the source and of the
store become its `error`.  Only two things are raised: that the run may not
start at all (the source is busy, or somebody else's), and defects of ours.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic

from controller.config.expand import expand_values
from controller.connectors.script import (
    Page,
    ScanReport,
    ScanStopped,
    Surroundings,
    scan_script,
    secrets_of,
)
from controller.errors import HarnessError, ScriptCancelledError, ScriptTimeoutError, StoreError
from controller.ingest.apply import apply_page, preview_page
from controller.lua.host.redaction import Redactor
from controller.model.sync import (
    RunCounts,
    RunError,
    RunMode,
    RunRequest,
    RunResult,
    SyncOutcome,
)
from controller.store.base import PageWrite, RunStart, Store
from controller.sync.parts import Parts, Progress


class _Run:
    """The state of a run while it goes on; everything else is handed in."""

    def __init__(self, request: RunRequest, parts: Parts) -> None:
        self.request = request
        self.parts = parts
        self.checkpoint = _checkpoint(request, parts)
        self.counts = RunCounts()
        self.limited = False
        self._pulse_at = monotonic()

    @property
    def mode(self) -> RunMode:
        """A connector that keeps no checkpoint lists its whole source every time."""
        return RunMode.FULL if self.checkpoint is None else RunMode.INCREMENTAL

    def take(self, page: Page) -> None:
        """Write a page, or only count it in a dry run."""
        items = page.items
        if self.request.item_limit is not None:
            items = items[: self.request.item_limit - self._kept()]
        counts = replace(
            self.counts,
            scanned=self.counts.scanned + len(items) + page.skipped,
            invalid=self.counts.invalid + page.skipped,
        )
        self.counts = self._apply(Page(items, page.skipped, page.checkpoint), counts)
        self.parts.progress(Progress(self.counts.scanned, self.counts.added + self.counts.updated))
        if self._is_enough():
            self.limited = True
            raise ScanStopped

    def pulse(self) -> None:
        """Show that the run is alive while no page comes, or another run would take its place."""
        store = self.parts.store
        early = monotonic() - self._pulse_at < self.parts.pulse_seconds
        if store is None or self.request.dry_run or early:
            return
        self._pulse_at = monotonic()
        page = PageWrite(writes=(), seen=(), counts=self.counts, now=self.parts.clock())
        store.write_page(self.request.run_id, page)

    def _apply(self, page: Page, counts: RunCounts) -> RunCounts:
        if self.request.dry_run or self.parts.store is None:
            return preview_page(self.parts.store, page.items, self.parts.chunk_bytes, counts)
        # Items that a limit cut off would be skipped for good behind a checkpoint.
        checkpoint = page.checkpoint if self.request.item_limit is None else None
        return apply_page(
            self.parts.store,
            self.request.run_id,
            page.items,
            chunk_limit=self.parts.chunk_bytes,
            counts=counts,
            stamp=(self.parts.clock(), checkpoint),
        )

    def _is_enough(self) -> bool:
        limit = self.request.item_limit
        return limit is not None and self._kept() >= limit

    def _kept(self) -> int:
        return self.counts.scanned - self.counts.invalid


def run_sync(request: RunRequest, parts: Parts) -> SyncOutcome:
    """
    Run a request to its end, and record it.

    The same request twice is one run: where the store has it closed, its
    outcome is given back and nothing runs.

    Raises:
        SourceOwnedError: The source belongs to another owner.
        SourceBusyError: Another run of the source is alive.
        StoreError: The store cannot record the run.
    """
    started_at = parts.clock()
    run = _Run(request, parts)
    if parts.store is not None and not request.dry_run:
        closed = parts.store.begin_run(_start(run, started_at))
        if closed is not None:
            return closed
    try:
        outcome = _scan(run, started_at)
    except Exception as defect:
        # A defect of ours; the row must not stay open as if the run were alive.
        _close_after(run, started_at, defect)
        raise
    if parts.store is None or request.dry_run:
        return outcome
    return _close(run, parts.store, outcome)


def _close_after(run: _Run, started_at: datetime, defect: Exception) -> None:
    store, request = run.parts.store, run.request
    if store is None or request.dry_run:
        return
    error = RunError("InternalError", f"a defect of ctx ({type(defect).__name__})")
    store.close_run(
        SyncOutcome(
            run_id=request.run_id,
            source=request.source,
            result=RunResult.FAILED,
            started_at=started_at,
            ended_at=run.parts.clock(),
            mode=run.mode,
            counts=run.counts,
            error=error,
        )
    )


def _scan(run: _Run, started_at: datetime) -> SyncOutcome:
    request, parts = run.request, run.parts
    report = ScanReport()
    redact = Redactor(parts.secrets)
    try:
        where = request.origin or str(request.source)
        config = expand_values(request.config, parts.variables, where=where)
        around = _surroundings(run, config.secrets)
        # A script may put a secret into its error; none may reach a status.
        redact = Redactor(secrets_of(request, around))
        report = scan_script(request, config.values, run.checkpoint, around, run.take)
    except HarnessError as caught:
        report = ScanReport(error=caught)
    error = report.error
    return SyncOutcome(
        run_id=request.run_id,
        source=request.source,
        result=_result(error, report),
        started_at=started_at,
        ended_at=parts.clock(),
        mode=run.mode,
        complete=not (error or report.unsettled or run.checkpoint or run.limited),
        counts=replace(run.counts, requests=report.requests),
        error=_describe(report, redact),
        warnings=tuple(redact(warning) for warning in report.warnings),
    )


def _close(run: _Run, store: Store, outcome: SyncOutcome) -> SyncOutcome:
    if outcome.complete:
        absent = store.count_absent(outcome.run_id)
        outcome = replace(outcome, counts=replace(outcome.counts, absent=absent))
    return store.close_run(replace(outcome, ended_at=run.parts.clock()))


def _checkpoint(request: RunRequest, parts: Parts) -> str | None:
    if request.mode is RunMode.FULL or parts.store is None:
        return None
    return parts.store.checkpoint(request.source)


def _surroundings(run: _Run, secrets: tuple[str, ...]) -> Surroundings:
    parts = run.parts
    return Surroundings(
        engine=parts.engine,
        variables=parts.variables,
        secrets=(*parts.secrets, *secrets),
        proxies=parts.proxies,
        log=parts.log,
        cancelled=parts.cancelled,
        pulse=run.pulse,
    )


def _start(run: _Run, started_at: datetime) -> RunStart:
    request = run.request
    return RunStart(
        run_id=request.run_id,
        source=request.source,
        owner=request.owner,
        mode=run.mode,
        trigger=request.trigger,
        revision=request.revision,
        connector_digest=request.connector_digest,
        started_at=started_at,
    )


def _result(error: HarnessError | None, report: ScanReport) -> RunResult:
    if error is None:
        return RunResult.PARTIAL if report.unsettled else RunResult.SUCCEEDED
    if isinstance(error, ScriptTimeoutError):
        return RunResult.TIMED_OUT
    if isinstance(error, ScriptCancelledError):
        return RunResult.CANCELLED
    return RunResult.FAILED


def _describe(report: ScanReport, redact: Callable[[str], str]) -> RunError | None:
    error = report.error
    if error is not None:
        return RunError(
            error.reason, redact(_message(error)), redact(error.hint or ""), error.retryable
        )
    if not report.unsettled:
        return None
    count = len(report.unsettled)
    shown = "; ".join(report.unsettled[:3]) + ("; …" if count > 3 else "")
    return RunError(
        reason="RequestFailed",
        message=f"{count} request{'s' if count > 1 else ''} failed and "
        f"{'were' if count > 1 else 'was'} not made good: {shown}",
        hint="what was read is stored; a status that is fine can be declared with expect = {404}",
    )


def _message(error: HarnessError) -> str:
    traceback = getattr(error, "traceback", "")
    return f"{error.message}\n{traceback}" if traceback else error.message


def describe_failure(
    request: RunRequest, error: StoreError, at: tuple[datetime, datetime]
) -> SyncOutcome:
    """Make an outcome of a run that the store did not let start or end; `at` is when it did."""
    return SyncOutcome(
        run_id=request.run_id,
        source=request.source,
        result=RunResult.FAILED,
        started_at=at[0],
        ended_at=at[1],
        mode=request.mode,
        error=RunError(error.reason, error.message, error.hint or "", error.retryable),
    )
