"""Keyword search in process, beside the same query put to FTS5 on the same file."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from benchmarks.corpus import Corpus
from benchmarks.measure import Figure, Report, percentile, wall_times
from benchmarks.store import SOURCE, sync
from controller.model.names import SourceName
from controller.model.query import SearchRequest
from controller.store.base import Store
from controller.store.lookup import open_store

HITS = 12
ROUNDS = 20
OTHER = SourceName("script:other")

# What a careful user of FTS5 writes: its own ranking order, title above text,
# the query's words joined by OR, a snippet for each row shown.
BARE = (
    "SELECT rowid, rank, snippet(chunks_fts, 1, '>>>', '<<<', '…', 48) FROM chunks_fts"
    " WHERE chunks_fts MATCH ? AND rank MATCH 'bm25(3.0, 1.0)' ORDER BY rank LIMIT 12"
)


def run(report: Report) -> None:
    """Measure selective and very common words over 10,000 and 100,000 documents."""
    with TemporaryDirectory(prefix="ctx-bench-") as directory:
        for count in (10_000, 100_000):
            _measure(report, Path(directory) / f"store-{count}", count)


def _measure(report: Report, path: Path, count: int) -> None:
    corpus = Corpus()
    texts = list(corpus.documents(count))
    sync(path, texts[: count * 9 // 10], "most", SOURCE)
    sync(path, texts[count * 9 // 10 :], "rest", OTHER)
    words = corpus.words
    queries = {
        "unique word": [f"token{number * 37:06}" for number in range(ROUNDS)],
        "selective word": words[1000 : 1000 + ROUNDS],
        "three words": [" ".join(words[n : n + 900 : 300]) for n in range(100, 100 + ROUNDS)],
        "very common word": words[:ROUNDS],
        "question of nine words": [" ".join(words[n : n + 450 : 50]) for n in range(ROUNDS)],
    }
    store = open_store(path, writable=False)
    bare = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    bare.execute("PRAGMA cache_size = -16384").fetchall()
    try:
        for name, texts_asked in queries.items():
            _compare(report, (f"{name}", f"{count:,} documents"), (store, bare), texts_asked)
        _filtered(report, f"{count:,} documents", store, words[:ROUNDS])
    finally:
        store.close()
        bare.close()


def _compare(
    report: Report, label: tuple[str, str], pair: tuple[Store, apsw.Connection], queries: list[str]
) -> None:
    store, bare = pair
    ours: list[float] = []
    floor: list[float] = []
    for query in queries:
        request = SearchRequest(query, limit=HITS)
        match = " OR ".join(f'"{word}"' for word in query.split())
        # In turn, each once unmeasured, so that both find the same pages in memory.
        ours += wall_times(_ask(store, request), 4)[1:]
        floor += wall_times(_ask_bare(bare, match), 4)[1:]
    for share, suffix, bar in ((0.5, "p50", "<= 1.1"), (0.95, "p95", "")):
        value, beside = percentile(ours, share) * 1000, percentile(floor, share) * 1000
        # Below that the snippets of twelve hits (some 0.5 ms) are what differs.
        bar_here = bar if beside > 5 else ""
        report.add(Figure(f"{label[0]}, {suffix}", value, "ms", label[1], "FTS5", beside, bar_here))


def _filtered(report: Report, size: str, store: Store, words: list[str]) -> None:
    every: list[float] = []
    tenth: list[float] = []
    for word in words:
        every += wall_times(_ask(store, SearchRequest(word, limit=HITS)), 3)[1:]
        tenth += wall_times(_ask(store, SearchRequest(word, source=OTHER, limit=HITS)), 3)[1:]
    report.add(
        Figure(
            "very common word, one source in ten, p50",
            percentile(tenth, 0.5) * 1000,
            "ms",
            size,
            "unfiltered",
            percentile(every, 0.5) * 1000,
        )
    )


def _ask(store: Store, request: SearchRequest) -> Callable[[], object]:
    return lambda: store.search(request)


def _ask_bare(connection: apsw.Connection, match: str) -> Callable[[], object]:
    return lambda: connection.execute(BARE, (match,)).fetchall()
