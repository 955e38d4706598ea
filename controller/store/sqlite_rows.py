"""Values as the database keeps them: instants as integers, counts and errors as JSON."""

from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from json import dumps, loads

from controller.model.names import RunId, SourceName
from controller.model.sync import RunCounts, RunError, RunMode, RunResult, SyncOutcome
from controller.store.sqlite_database import Row

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_COUNTED = frozenset(field.name for field in fields(RunCounts))

OUTCOME_COLUMNS = (
    "runs.id, sources.name, runs.result, runs.started_at, runs.ended_at, runs.mode,"
    " runs.complete, runs.counts, runs.documents, runs.error, runs.warnings"
)


def to_number(instant: datetime) -> int:
    """Write an instant as microseconds since 1970, UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def to_instant(number: int) -> datetime:
    """Read an instant; those that an offset moved out of the calendar become its ends."""
    try:
        return _EPOCH + number * _MICROSECOND
    except OverflowError:
        return _EARLIEST if number < 0 else _LATEST


def write_counts(counts: RunCounts) -> str:
    """Write counts as JSON."""
    return dumps(asdict(counts))


def write_error(error: RunError | None) -> str | None:
    """Write an error as JSON."""
    return None if error is None else dumps(asdict(error))


def write_warnings(warnings: tuple[str, ...]) -> str:
    """Write warnings as JSON."""
    return dumps(warnings)


def read_outcome(row: Row) -> SyncOutcome:
    """Make the outcome of a closed run of a row of `OUTCOME_COLUMNS`."""
    run_id, source, result, started, ended, mode, complete, counts, documents, error, notes = row
    return SyncOutcome(
        run_id=RunId(run_id),
        source=SourceName(source),
        result=RunResult(result),
        started_at=to_instant(started),
        ended_at=to_instant(ended),
        mode=RunMode(mode),
        complete=bool(complete),
        # A count that another release added is no reason to fail.
        counts=RunCounts(
            **{name: count for name, count in loads(counts).items() if name in _COUNTED}
        ),
        documents=documents,
        error=None if error is None else RunError(**loads(error)),
        warnings=tuple(loads(notes)),
    )
