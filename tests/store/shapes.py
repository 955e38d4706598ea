"""What the tests of stores are made of: items, runs, pages, and a look behind the adapter."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from controller.ingest.apply import apply_page
from controller.model.document import SourceItem
from controller.model.names import RunId, SourceName
from controller.model.sync import RunCounts, RunMode, RunResult, SyncOutcome, Trigger
from controller.store.base import RunStart, Store

NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)
JIRA = SourceName("script:jira")
OWNER = "team/jira"
LIMIT = 200


def item(
    source_id: str,
    body: str = "the body",
    title: str = "",
    *,
    source: str = JIRA,
    updated_at: datetime | None = NOON,
) -> SourceItem:
    return SourceItem(SourceName(source), source_id, body, title=title, updated_at=updated_at)


def start(
    run: str = "r1",
    *,
    source: str = JIRA,
    owner: str = OWNER,
    after: float = 0,
    mode: RunMode = RunMode.FULL,
) -> RunStart:
    """Begin a run so many seconds after noon."""
    return RunStart(
        run_id=RunId(run),
        source=SourceName(source),
        owner=owner,
        mode=mode,
        trigger=Trigger.REQUESTED,
        revision="main@sha1:abc",
        connector_digest="sha256:def",
        started_at=NOON + timedelta(seconds=after),
    )


def put(
    store: Store,
    items: Sequence[SourceItem],
    run: str = "r1",
    *,
    counts: RunCounts | None = None,
    checkpoint: str | None = None,
    after: float = 0,
) -> RunCounts:
    """Bring one page into a store where the run is open."""
    counts = counts or RunCounts()
    return apply_page(
        store,
        RunId(run),
        items,
        chunk_limit=LIMIT,
        counts=replace(counts, scanned=counts.scanned + len(items)),
        stamp=(NOON + timedelta(seconds=after), checkpoint),
    )


def ended(
    run: str = "r1",
    *,
    source: str = JIRA,
    complete: bool = True,
    result: RunResult = RunResult.SUCCEEDED,
    counts: RunCounts | None = None,
    after: float = 1,
) -> SyncOutcome:
    return SyncOutcome(
        run_id=RunId(run),
        source=SourceName(source),
        result=result,
        started_at=NOON,
        ended_at=NOON + timedelta(seconds=after),
        mode=RunMode.FULL,
        complete=complete,
        counts=counts or RunCounts(),
    )


def sync(
    store: Store,
    items: Sequence[SourceItem],
    run: str = "r1",
    *,
    source: str = JIRA,
    owner: str = OWNER,
    after: float = 0,
    complete: bool = True,
) -> SyncOutcome:
    """Carry out a whole run of one page."""
    store.begin_run(start(run, source=source, owner=owner, after=after))
    counts = put(store, items, run, after=after)
    counts = replace(counts, absent=store.count_absent(RunId(run)) if complete else 0)
    return store.close_run(
        ended(run, source=source, counts=counts, complete=complete, after=after + 1)
    )


def check_sqlite(path: Path) -> None:
    """Hold every table of a database against the others: nothing may be half there."""
    connection = apsw.Connection(str(path))
    try:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        # Rank 1 compares the index with the text that it was made of.
        connection.execute(
            "INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('integrity-check', 1)"
        )
        for question in _NEVER:
            assert connection.execute(question).fetchall() == [], question
    finally:
        connection.close()


_NEVER = (
    "SELECT id FROM documents WHERE id NOT IN (SELECT document FROM bodies)",
    "SELECT document FROM bodies WHERE document NOT IN (SELECT id FROM documents)",
    (
        "SELECT id FROM documents WHERE chunk_count <> (SELECT count(*) FROM chunks"
        " WHERE chunks.document = documents.id AND chunks.id >= first_chunk"
        " AND chunks.id < first_chunk + chunk_count)"
    ),
    "SELECT id FROM chunks WHERE document NOT IN (SELECT id FROM documents)",
    (
        "SELECT chunks.id FROM chunks JOIN documents ON documents.id = document"
        " WHERE chunks.source <> documents.source OR chunks.updated_at <> documents.updated_at"
    ),
    (
        "SELECT id FROM sources WHERE documents <>"
        " (SELECT count(*) FROM documents AS d WHERE d.source = sources.id)"
    ),
    (
        "SELECT id FROM sources WHERE chunks <>"
        " (SELECT count(*) FROM chunks AS c WHERE c.source = sources.id)"
    ),
    "SELECT document FROM absent WHERE document NOT IN (SELECT id FROM documents)",
)
