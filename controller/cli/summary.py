"""The block that `ctx sync` prints for a source."""

from controller.model.sync import RunResult, SyncOutcome


def summary_lines(outcome: SyncOutcome, *, dry_run: bool) -> list[str]:
    """Write an outcome for a person; the first lines are those of the reference system."""
    counts = outcome.counts
    seconds = (outcome.ended_at - outcome.started_at).total_seconds()
    lines = [
        f"sync {outcome.source}" + (" (dry-run)" if dry_run else ""),
        f"  fetched: {counts.scanned:,} items",
    ]
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
    if not dry_run:
        lines.append(f"  documents of the source: {outcome.documents:,}")
    lines.append(f"  seconds: {seconds:.2f}")
    lines.append("ok" if outcome.result is RunResult.SUCCEEDED else outcome.result.value.lower())
    return lines
