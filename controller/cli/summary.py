"""The block that `ctx sync` prints for a source."""

from controller.model.sync import RunResult, SyncOutcome

_WORDS = {
    RunResult.SUCCEEDED: "ok",
    RunResult.PARTIAL: "partial",
    RunResult.FAILED: "failed",
    RunResult.TIMED_OUT: "timed out",
    RunResult.CANCELLED: "cancelled",
    RunResult.INTERRUPTED: "interrupted",
}
_WHOLE = (RunResult.SUCCEEDED, RunResult.PARTIAL)


def summary_lines(outcome: SyncOutcome, *, dry_run: bool) -> list[str]:
    """Write an outcome for a person; the first lines are those of the reference system."""
    head = f"sync {outcome.source}" + (" (dry-run)" if dry_run else "")
    counts = outcome.counts
    kept = [f"  documents of the source: {outcome.documents:,}"] if outcome.documents else []
    if outcome.result not in _WHOLE and not counts.scanned:
        # Nothing was read: a column of zeros would only hide the error below it.
        return [head, *kept, _WORDS[outcome.result]]
    seconds = (outcome.ended_at - outcome.started_at).total_seconds()
    lines = [head, f"  fetched: {counts.scanned:,} items"]
    if dry_run:
        lines += [
            f"  would add: {counts.added:,}",
            f"  would update: {counts.updated:,}",
            f"  unchanged: {counts.unchanged:,}",
            f"  estimated chunks: {counts.chunks:,}",
        ]
    else:
        lines += [
            f"  upserted documents: {counts.added + counts.updated:,}",
            f"  of these new: {counts.added:,}",
            f"  unchanged: {counts.unchanged:,}",
            f"  chunks written: {counts.chunks:,}",
        ]
    lines += [
        f"  {label}: {count:,}"
        for label, count in (
            ("skipped, invalid", counts.invalid),
            ("duplicates", counts.duplicates),
            ("absent from the source, kept", counts.absent),
            ("http requests", counts.requests),
        )
        if count
    ]
    return [*lines, *kept, f"  seconds: {seconds:.2f}", _WORDS[outcome.result]]
