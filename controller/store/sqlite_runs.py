"""Runs: who may write for a source, since when, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from controller.errors import SourceBusyError, SourceOwnedError
from controller.model.names import RunId, SourceName
from controller.model.sync import RunCounts, RunError, RunResult, SyncOutcome
from controller.store.base import RunStart
from controller.store.holder import is_gone, this_process
from controller.store.seen import SeenIds
from controller.store.sqlite_database import Database, Row
from controller.store.sqlite_rows import (
    OUTCOME_COLUMNS,
    read_outcome,
    to_instant,
    to_number,
    write_counts,
    write_error,
    write_warnings,
)

SILENCE = timedelta(seconds=30)
"""A run without a heartbeat for so long is taken for dead."""

RUNS_KEPT = 200
"""Closed runs that are remembered of each source."""

_BELOW = "(name = :name OR (name >= :name || '/' AND name < :name || '0'))"  # '0' follows '/'


@dataclass(slots=True)
class OpenRun:
    """A run that this store object has begun and not closed."""

    id: RunId
    name: SourceName
    source: int
    owner: str
    fence: int
    beat: int
    """Microseconds; of the last heartbeat written."""
    absent: set[int]
    """Documents remembered as absent that the run has not seen yet."""
    seen: SeenIds = field(default_factory=SeenIds)


def begin(database: Database, start: RunStart) -> SyncOutcome | OpenRun:
    """Open a run inside the caller's transaction, or give the outcome it has already."""
    source = claim_source(database, start.source, start.owner)
    closed = find_outcome(database, start.run_id)
    if closed is not None:
        return closed
    for other in database.rows(
        "SELECT id, heartbeat_at, started_at, holder FROM runs"
        " WHERE source = ? AND ended_at IS NULL AND id <> ?",
        (source, start.run_id),
    ):
        _bury(database, other, start)
    now = to_number(start.started_at)
    row = database.row(
        "INSERT INTO runs (id, source, mode, trigger, revision, connector_digest, fence, holder,"
        " started_at, heartbeat_at, counts) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)"
        # The same run in another process: it writes from now on, its scan begins anew.
        " ON CONFLICT (id) DO UPDATE SET fence = fence + 1, holder = excluded.holder,"
        " heartbeat_at = excluded.heartbeat_at, counts = excluded.counts"
        " RETURNING fence",
        (
            start.run_id,
            source,
            start.mode,
            start.trigger,
            start.revision,
            start.connector_digest,
            this_process(),
            now,
            now,
            write_counts(RunCounts()),
        ),
    )
    run = OpenRun(start.run_id, start.source, source, start.owner, row[0] if row else 1, now, set())
    run.absent.update(
        document
        for number in family(database, run)
        for (document,) in database.rows("SELECT document FROM absent WHERE source = ?", (number,))
    )
    return run


def claim_source(database: Database, name: str, owner: str) -> int:
    """
    Find a source, or enter it for its first owner.

    Raises:
        SourceOwnedError: It belongs to another owner.
    """
    row = database.row("SELECT id, owner FROM sources WHERE name = ?", (name,))
    if row is None:
        row = database.row(
            "INSERT INTO sources (name, owner) VALUES (?, ?) RETURNING id, owner", (name, owner)
        )
    if row is None or row[1] != owner:
        raise SourceOwnedError(
            f"the source {name} belongs to {row[1] if row else 'nobody'}, not to {owner}",
            hint="give this one another source name, or delete the other and its documents first",
        )
    return int(row[0])


def family(database: Database, run: OpenRun) -> list[int]:
    """List the ids of the run's source and of those below it that have the same owner."""
    rows = database.connection.execute(
        f"SELECT id FROM sources WHERE owner = :owner AND {_BELOW}",  # noqa: S608  no input in it
        {"name": run.name, "owner": run.owner},
    )
    return [number for (number,) in rows]


def hold(database: Database, run: OpenRun) -> None:
    """
    Make sure, inside a transaction, that nobody else writes for the run.

    Raises:
        SourceBusyError: Somebody does.
    """
    row = database.row("SELECT fence FROM runs WHERE id = ? AND ended_at IS NULL", (run.id,))
    if row != (run.fence,):
        raise SourceBusyError(
            f"run {run.id} of {run.name} was taken over by another process",
            hint="nothing of this page was written; the other process carries on",
        )


def find_outcome(database: Database, run_id: RunId) -> SyncOutcome | None:
    """Fetch the outcome of a run; None while it is open or unknown."""
    row = database.row(
        f"SELECT {OUTCOME_COLUMNS} FROM runs JOIN sources ON sources.id = runs.source"  # noqa: S608
        " WHERE runs.id = ? AND runs.ended_at IS NOT NULL",
        (run_id,),
    )
    return None if row is None else read_outcome(row)


def find_outcomes(database: Database, source: SourceName, limit: int) -> Sequence[SyncOutcome]:
    """Fetch closed runs of a source, newest first."""
    rows = database.rows(
        f"SELECT {OUTCOME_COLUMNS} FROM runs JOIN sources ON sources.id = runs.source"  # noqa: S608
        " WHERE sources.name = ? AND runs.ended_at IS NOT NULL"
        " ORDER BY runs.started_at DESC, runs.rowid DESC LIMIT ?",
        (source, limit),
    )
    return [read_outcome(row) for row in rows]


def unseen(database: Database, run: OpenRun) -> list[int]:
    """List the documents of the run's sources that it has not seen."""
    # Row by row: fetched all at once, a million ids would take 100 MB.
    return [
        document
        for source in family(database, run)
        for (document,) in database.connection.execute(
            "SELECT id FROM documents WHERE source = ?", (source,)
        )
        if document not in run.seen
    ]


def end(database: Database, run: OpenRun, outcome: SyncOutcome) -> SyncOutcome:
    """Close a run inside the caller's transaction."""
    hold(database, run)
    if outcome.complete:
        _remember_absent(database, run, to_number(outcome.ended_at))
    total = 0
    for source in family(database, run):
        row = database.row("SELECT documents FROM sources WHERE id = ?", (source,))
        total += row[0] if row else 0
    outcome = replace(outcome, documents=total)
    _write_end(database, outcome)
    database.run(
        "DELETE FROM runs WHERE source = ? AND ended_at IS NOT NULL AND id NOT IN ("
        "SELECT id FROM runs WHERE source = ? AND ended_at IS NOT NULL"
        " ORDER BY started_at DESC, rowid DESC LIMIT ?)",
        (run.source, run.source, RUNS_KEPT),
    )
    return outcome


def _bury(database: Database, other: Row, start: RunStart) -> None:
    """Close an older run whose process died, or refuse to start beside a live one."""
    run_id, beat, started, holder = other
    # Both ways: after a clock was set back no run may block its source for long.
    silence = abs(start.started_at - to_instant(beat))
    if silence < SILENCE and not is_gone(holder):
        raise SourceBusyError(
            f"run {run_id} of {start.source} is alive: it wrote {silence.seconds} s ago",
            hint=f"wait until it ends; {SILENCE.seconds} s after its last sign it is taken for dead",
        )
    _write_end(
        database,
        SyncOutcome(
            run_id=RunId(run_id),
            source=start.source,
            result=RunResult.INTERRUPTED,
            started_at=to_instant(started),
            ended_at=to_instant(beat),
            error=RunError(
                reason=RunResult.INTERRUPTED,
                message="the process of the run ended without closing it",
                hint="pages it had committed are kept",
            ),
        ),
        keep_counts=True,
    )


def _write_end(database: Database, outcome: SyncOutcome, *, keep_counts: bool = False) -> None:
    database.run(
        "UPDATE runs SET ended_at = ?, result = ?, complete = ?, documents = ?,"
        " counts = coalesce(?, counts), error = ?, warnings = ? WHERE id = ?",
        (
            to_number(outcome.ended_at),
            outcome.result,
            outcome.complete,
            outcome.documents,
            None if keep_counts else write_counts(outcome.counts),
            write_error(outcome.error),
            write_warnings(outcome.warnings),
            outcome.run_id,
        ),
    )


def _remember_absent(database: Database, run: OpenRun, now: int) -> None:
    missing = unseen(database, run)
    returned = run.absent.difference(missing)
    database.run_many("DELETE FROM absent WHERE document = ?", [(one,) for one in returned])
    database.run_many(
        "INSERT INTO absent (document, source, since, times)"
        " SELECT id, source, ?, 1 FROM documents WHERE id = ?"
        " ON CONFLICT (document) DO UPDATE SET times = times + 1",
        [(now, one) for one in missing],
    )
