"""Bring one page of a scan into the store: look up, compare, cut into chunks, write."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from controller.ingest.chunk import chunk_body
from controller.ingest.diff import Key, PageDiff, diff_page, latest_items
from controller.model.document import DocumentWrite, SourceItem
from controller.model.names import RunId
from controller.model.sync import RunCounts
from controller.store.base import PageWrite, Store


def apply_page(
    store: Store,
    run_id: RunId,
    items: Sequence[SourceItem],
    *,
    chunk_limit: int,
    counts: RunCounts,
    stamp: tuple[datetime, str | None],
) -> RunCounts:
    """
    Write what is new or changed in a page, in one transaction.

    Args:
        store: Where a run `run_id` is open.
        run_id: The run that the page belongs to.
        items: The page.  Of two items with the same key the last one wins.
        chunk_limit: Bytes of the longest chunk.
        counts: Of the run so far; `scanned` and `invalid` are the caller's to
            count, since items that were refused never come here.
        stamp: When the page is written, and the checkpoint (JSON) that it
            completes, if it does.

    Returns:
        The counts with added, updated, unchanged, duplicates and chunks of this
        page.  An item that an earlier page of the run brought already counts as
        a duplicate and, by what is stored, as updated or unchanged.

    Raises:
        StoreError: Nothing of the page is written.
    """
    keys = tuple(latest_items(items))
    diff = diff_page(items, store.known_digests(keys))
    writes = _cut(diff, chunk_limit)
    counts = _count(counts, diff, writes)
    now, checkpoint = stamp
    again = store.write_page(
        run_id, PageWrite(writes=writes, seen=keys, counts=counts, checkpoint=checkpoint, now=now)
    )
    return replace(counts, duplicates=counts.duplicates + again)


def preview_page(
    store: Store | None, items: Sequence[SourceItem], chunk_limit: int, counts: RunCounts
) -> RunCounts:
    """
    Count what `apply_page` would do, and write nothing.

    Without a store every item is new.  Duplicates are found within the page only.

    Raises:
        StoreError: The store cannot be read.
    """
    keys: Sequence[Key] = tuple(latest_items(items))
    diff = diff_page(items, store.known_digests(keys) if store is not None else {})
    return _count(counts, diff, _cut(diff, chunk_limit))


def _cut(diff: PageDiff, limit: int) -> tuple[DocumentWrite, ...]:
    return tuple(
        DocumentWrite(item, digest, chunk_body(item.body, limit))
        for item, digest in (*diff.new, *diff.changed)
    )


def _count(counts: RunCounts, diff: PageDiff, writes: Sequence[DocumentWrite]) -> RunCounts:
    return replace(
        counts,
        added=counts.added + len(diff.new),
        updated=counts.updated + len(diff.changed),
        unchanged=counts.unchanged + diff.unchanged,
        duplicates=counts.duplicates + diff.duplicates,
        chunks=counts.chunks + sum(len(write.chunks) for write in writes),
    )
