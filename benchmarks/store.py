"""Writing: first sync, unchanged re-sync, 1 % changed, beside a bare insert loop into FTS5."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from benchmarks.corpus import Corpus
from benchmarks.measure import Cost, Figure, Report, measured, median
from controller.ingest.apply import apply_page
from controller.model.document import SourceItem
from controller.model.names import RunId, SourceName
from controller.model.sync import RunCounts, RunMode, RunResult, SyncOutcome, Trigger
from controller.store.base import RunStart, Store
from controller.store.lookup import open_store

PAGE = 500
CHUNK_BYTES = 2800
SOURCE = SourceName("script:bench")
NOW = datetime(2026, 2, 20, 8, tzinfo=UTC)

Texts = Sequence[tuple[str, str]]


def run(report: Report) -> None:
    """Measure 10,000 documents three times, 100,000 once, bare loop and store in turn."""
    with TemporaryDirectory(prefix="ctx-bench-") as directory:
        small = _measure(report, Path(directory), 10_000, rounds=3)
        large = _measure(report, Path(directory), 100_000, rounds=1)
    report.add(
        Figure(
            "first sync, large over small",
            large[1] / small[1],
            "",
            "100,000 / 10,000",
            "bare loop",
            large[0] / small[0],
            ">= 0.9",
        )
    )


def _measure(report: Report, directory: Path, count: int, *, rounds: int) -> tuple[float, float]:
    """Give documents per CPU-second of the bare loop and of the store."""
    texts = list(Corpus().documents(count))
    changed = [
        (title, f"{body} edit") if n % 100 == 0 else (title, body)
        for n, (title, body) in enumerate(texts)
    ]
    size = f"{count:,} documents"
    costs: dict[str, list[Cost]] = {"bare": [], "first": [], "same": [], "edit": []}
    bare = ours = directory
    for number in range(rounds):
        bare, ours = directory / f"bare-{count}-{number}", directory / f"ours-{count}-{number}"
        costs["bare"].append(bare_loop(bare, texts))
        costs["first"].append(sync(ours, texts, "first", SOURCE))
        costs["same"].append(sync(ours, texts, "same", SOURCE))
        costs["edit"].append(sync(ours, changed, "edit", SOURCE))
    speed = {name: count / median([cost.cpu for cost in found]) for name, found in costs.items()}
    walls = {name: median([cost.wall for cost in found]) for name, found in costs.items()}
    report.add(
        Figure("first sync", speed["first"], "/CPU-s", size, "bare loop", speed["bare"], ">= 0.5")
    )
    limit = 0.3 * count / 10_000
    report.add(Figure("unchanged re-sync", walls["same"], "s", size, bar=f"<= {limit:g}"))
    report.add(
        Figure("unchanged re-sync", speed["same"], "/CPU-s", size, "first sync", speed["first"])
    )
    report.add(Figure("1 % changed", walls["edit"], "s", size))
    report.add(
        Figure(
            "file",
            ours.stat().st_size / 2**20,
            "MiB",
            size,
            "bare loop",
            bare.stat().st_size / 2**20,
        )
    )
    peak = max(cost.peak for cost in costs["first"]) / 2**20
    report.add(Figure("peak memory, documents included", peak, "MiB", size))
    return speed["bare"], speed["first"]


def bare_loop(path: Path, texts: Texts) -> Cost:
    """Insert into one table and one FTS5 index: the least that any store of this kind does."""
    connection = apsw.Connection(str(path))
    connection.execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;"
        "CREATE TABLE documents (id INTEGER PRIMARY KEY, title TEXT, body TEXT);"
        "CREATE VIRTUAL TABLE fts USING fts5 (title, body, content = 'documents',"
        " content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2')"
    ).fetchall()
    with measured() as cost:
        for first in range(0, len(texts), PAGE):
            page = [(first + n, *text) for n, text in enumerate(texts[first : first + PAGE])]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO documents VALUES (?, ?, ?)", page)
            connection.executemany("INSERT INTO fts (rowid, title, body) VALUES (?, ?, ?)", page)
            connection.execute("COMMIT")
    connection.close()
    return cost


def sync(path: Path, texts: Texts, run_id: str, source: SourceName) -> Cost:
    """Bring documents into a store as a full run does, and close the run."""
    store = open_store(path, writable=True)
    try:
        with measured() as cost:
            _run(store, texts, RunId(run_id), source)
    finally:
        store.close()
    return cost


def _run(store: Store, texts: Texts, run_id: RunId, source: SourceName) -> None:
    store.begin_run(RunStart(run_id, source, "bench", RunMode.FULL, Trigger.REQUESTED, "", "", NOW))
    counts = RunCounts()
    for first in range(0, len(texts), PAGE):
        items = [
            SourceItem(source, f"item-{first + n}", body, title, updated_at=NOW)
            for n, (title, body) in enumerate(texts[first : first + PAGE])
        ]
        counts = replace(counts, scanned=counts.scanned + len(items))
        counts = apply_page(
            store, run_id, items, chunk_limit=CHUNK_BYTES, counts=counts, stamp=(NOW, None)
        )
    counts = replace(counts, absent=store.count_absent(run_id))
    store.close_run(
        SyncOutcome(run_id, source, RunResult.SUCCEEDED, NOW, NOW, complete=True, counts=counts)
    )
