"""
What a store promises.

Two adapters keep these promises, and one suite (`tests/contracts/`) holds both
to them.  Every method is one transaction: after a crash, a full disk or a
killed process the store is as it was before the call, or as after it.
Methods raise `StoreError`s only.  A store serves one thread at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from controller.model.document import Document, DocumentWrite
from controller.model.names import RunId, SourceName
from controller.model.query import SearchRequest
from controller.model.sync import RunCounts, RunMode, SyncOutcome, Trigger

__all__ = [
    "Hit",
    "PageWrite",
    "RunStart",
    "SearchRequest",
    "SourceState",
    "Store",
    "StoreState",
]


@dataclass(frozen=True, slots=True)
class RunStart:
    """The row that opens a run."""

    run_id: RunId
    source: SourceName
    owner: str
    mode: RunMode
    trigger: Trigger
    revision: str
    connector_digest: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class PageWrite:
    """
    One page of items after the diff, written in one transaction.

    `seen` holds every (source, source_id) of the page, unchanged ones too; the
    store remembers them until the run closes, to count what was absent.
    """

    writes: tuple[DocumentWrite, ...]
    seen: tuple[tuple[str, str], ...]
    counts: RunCounts
    """Of the run so far, this page included."""
    checkpoint: str | None = None
    """JSON; set with the last page of a call of `scan`, None leaves the old one."""
    now: datetime | None = None
    """When the page was written: the heartbeat of the run."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found, by its best chunk."""

    id: str
    score: float
    """Between 0 and 1: the BM25 score over the best one of this answer."""
    source: str
    source_id: str
    title: str
    source_url: str
    updated_at: datetime
    snippet: str
    """With `>>>` and `<<<` around the words that matched."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the store knows of a source."""

    source: str
    owner: str
    documents: int
    chunks: int
    last_synced_at: datetime | None
    absent: int
    """Documents that the last complete full scan did not see."""
    last_result: str
    """`Succeeded`, `Partial`, …; `Running` for a run that is open; empty if there was none."""


@dataclass(frozen=True, slots=True)
class StoreState:
    """What `ctx stats` prints."""

    location: str
    size: int
    """Bytes on disk, the write-ahead log included."""
    documents: int
    chunks: int
    schema_version: int
    sources: tuple[SourceState, ...]


class Store(Protocol):
    """Documents, chunks, runs and checkpoints."""

    def begin_run(self, start: RunStart) -> SyncOutcome | None:
        """
        Open a run, closing predecessors of the same source that died (`Interrupted`).

        Returns the outcome of the same run id where it is closed already: then
        there is nothing to do but to report it.  The same run id, still open, is
        taken over.

        Raises:
            SourceOwnedError: The source belongs to another owner.
            SourceBusyError: Another run of the source showed a heartbeat less
                than 30 s ago, and its process is not known to be gone.
        """
        ...

    def known_digests(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], bytes]:
        """Look up the digests of (source, source_id) pairs; unknown ones are left out."""
        ...

    def write_page(self, run_id: RunId, page: PageWrite) -> int:
        """
        Write a page: documents, chunks, index, counts, heartbeat, checkpoint.

        A page that changes no document writes none; its counts and heartbeat
        may wait until a second has passed since those of the page before.

        Returns:
            How many keys of the page an earlier page of the run has seen already.

        Raises:
            SourceBusyError: Another run took this one over meanwhile.
            SourceOwnedError: An item files itself under a source below the
                run's own that belongs to another owner.
        """
        ...

    def count_absent(self, run_id: RunId) -> int:
        """
        Count documents of the run's source that no page of the run has seen.

        Sources below it count too, where they have the same owner.  Documents
        are remembered as absent when `close_run` is given a complete outcome.
        """
        ...

    def close_run(self, outcome: SyncOutcome) -> SyncOutcome:
        """
        Close a run, and give its outcome back with `documents` filled in.

        What is stored here is the truth of the run: closing it again changes
        nothing and gives the first outcome back.

        Raises:
            SourceBusyError: Another run took this one over meanwhile.
        """
        ...

    def checkpoint(self, source: SourceName) -> str | None:
        """Fetch the checkpoint that the last committed page left, as JSON."""
        ...

    def search(self, request: SearchRequest) -> Sequence[Hit]:
        """Find documents by keywords, best first; ties by `updated_at`, newest first, then id."""
        ...

    def get(self, document_id: str) -> Document:
        """
        Fetch a document by id, or by `source/source_id`.

        Raises:
            DocumentNotFoundError: There is none.
        """
        ...

    def state(self) -> StoreState:
        """Count what there is, per source."""
        ...

    def runs(self, source: SourceName, limit: int) -> Sequence[SyncOutcome]:
        """Fetch closed runs of a source, newest first."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
