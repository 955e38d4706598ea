"""The embedded store: one SQLite file, for a laptop and everything on it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from controller.errors import StoreError
from controller.model.document import Document
from controller.model.names import RunId, SourceName
from controller.model.query import SearchRequest
from controller.model.sync import RunResult, SyncOutcome
from controller.store import sqlite_pages, sqlite_reading, sqlite_runs, sqlite_search
from controller.store.base import Hit, PageWrite, RunStart, StoreState
from controller.store.identity import document_uid
from controller.store.sqlite_database import Database, open_reader
from controller.store.sqlite_rows import to_instant, to_number, write_counts
from controller.store.sqlite_runs import OpenRun

_BEAT = 1_000_000
"""Microseconds between heartbeats of pages that change nothing."""


class SqliteStore:
    """Keeps the promises of `store.base.Store` on one connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs: dict[RunId, OpenRun] = {}

    @classmethod
    def open_existing(cls, path: Path) -> "SqliteStore":
        """
        Open a store for reading; a file that is not there is not made.

        Raises:
            StoreError: As `sqlite_database.open_reader` says.
        """
        return cls(open_reader(path))

    def begin_run(self, start: RunStart) -> SyncOutcome | None:
        with self._database.writing():
            begun = sqlite_runs.begin(self._database, start)
        if isinstance(begun, SyncOutcome):
            return begun
        self._runs[start.run_id] = begun
        return None

    def known_digests(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], bytes]:
        by_uid = {document_uid(*key): key for key in keys}
        with self._database.reading():
            rows = self._database.rows_many(
                "SELECT uid, digest FROM documents WHERE uid = ?", [(uid,) for uid in by_uid]
            )
        return {by_uid[uid]: digest for uid, digest in rows}

    def write_page(self, run_id: RunId, page: PageWrite) -> int:
        run = self._open_run(run_id)
        now = to_instant(run.beat) if page.now is None else page.now
        # Both ways: after a clock was set back the heartbeat must not fall silent.
        recent = abs(to_number(now) - run.beat) < _BEAT
        if recent and not page.writes and page.checkpoint is None:
            with self._database.reading():
                ids = sqlite_pages.find_ids(self._database, page.seen)
            if run.absent.isdisjoint(ids):
                return run.seen.add(ids)
        with self._database.writing():
            sqlite_runs.hold(self._database, run)
            sources: dict[str, int] = {
                name: sqlite_runs.claim_source(self._database, name, run.owner)
                for name in {write.item.source for write in page.writes}
            }
            written = sqlite_pages.write_documents(
                self._database, page.writes, sources, run_id, now
            )
            ids = [written[key] for key in page.seen if key in written]
            rest = [key for key in page.seen if key not in written]
            ids += sqlite_pages.find_ids(self._database, rest)
            self._note(run, page, ids, to_number(now))
        run.beat = to_number(now)
        run.absent.difference_update(ids)
        return run.seen.add(ids)

    def _note(self, run: OpenRun, page: PageWrite, ids: Sequence[int], now: int) -> None:
        """Write what a page says of its run: heartbeat, counts, checkpoint, who came back."""
        self._database.run_many(
            "DELETE FROM absent WHERE document = ?",
            [(one,) for one in run.absent.intersection(ids)],
        )
        self._database.run(
            "UPDATE runs SET heartbeat_at = ?, counts = ? WHERE id = ?",
            (now, write_counts(page.counts), run.id),
        )
        if page.checkpoint is not None:
            self._database.run(
                "INSERT INTO checkpoints (source, value, run, written_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (source) DO UPDATE SET value = excluded.value, run = excluded.run,"
                " written_at = excluded.written_at",
                (run.source, page.checkpoint, run.id, now),
            )

    def count_absent(self, run_id: RunId) -> int:
        run = self._open_run(run_id)
        with self._database.reading():
            return len(sqlite_runs.unseen(self._database, run))

    def close_run(self, outcome: SyncOutcome) -> SyncOutcome:
        with self._database.writing():
            closed = sqlite_runs.find_outcome(self._database, outcome.run_id)
            run = self._runs.get(outcome.run_id)
            if closed is None or (run is not None and closed.result is RunResult.INTERRUPTED):
                closed = sqlite_runs.end(self._database, self._open_run(outcome.run_id), outcome)
        self._runs.pop(outcome.run_id, None)
        return closed

    def checkpoint(self, source: SourceName) -> str | None:
        with self._database.reading():
            row = self._database.row(
                "SELECT value FROM checkpoints JOIN sources ON id = source WHERE name = ?",
                (source,),
            )
        return None if row is None else str(row[0])

    def search(self, request: SearchRequest) -> Sequence[Hit]:
        with self._database.reading():
            return sqlite_search.search(self._database, request)

    def get(self, document_id: str) -> Document:
        with self._database.reading():
            return sqlite_reading.fetch_document(self._database, document_id)

    def state(self) -> StoreState:
        with self._database.reading():
            return sqlite_reading.count_all(self._database)

    def runs(self, source: SourceName, limit: int) -> Sequence[SyncOutcome]:
        with self._database.reading():
            return sqlite_runs.find_outcomes(self._database, source, limit)

    def close(self) -> None:
        self._database.close()

    def _open_run(self, run_id: RunId) -> OpenRun:
        try:
            return self._runs[run_id]
        except KeyError:
            raise StoreError(
                f"run {run_id} is not open here", hint="begin_run comes before anything else"
            ) from None
