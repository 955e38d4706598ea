"""
Keyword search: BM25 over FTS5, documents by their best chunk.

The query is made of quoted words only, so no text of a user can be an operator
or a mistake.  FTS5 has no shortcut to the best rows: what a query costs is the
scoring of all that match, so nothing else is done to more rows than are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps

from controller.model.query import SearchRequest, query_words
from controller.store.base import Hit
from controller.store.identity import format_uid
from controller.store.sqlite_database import Database, Row, Value
from controller.store.sqlite_rows import to_instant, to_number

# Through SQLite's own sorter, which keeps only the best rows: with `ORDER BY
# rank` FTS5 sorts all that match and takes nearly twice as long.
_TOP = (
    "SELECT score, document, id, updated_at FROM ("
    "SELECT rowid AS chunk, bm25(chunks_fts, 3.0, 1.0) AS score FROM chunks_fts"
    " WHERE chunks_fts MATCH ? ORDER BY score LIMIT ?"
    ") CROSS JOIN chunks ON id = chunk"
)
_TOP_FILTERED = (
    "SELECT bm25(chunks_fts, 3.0, 1.0) AS score, document, id, updated_at"
    " FROM chunks_fts CROSS JOIN chunks ON chunks.id = chunks_fts.rowid"
    " WHERE chunks_fts MATCH ? AND chunks.source IN (SELECT value FROM json_each(?))"
    " AND chunks.updated_at >= ? ORDER BY score LIMIT ?"
)
_EARLIEST = -(2**63)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A document by its best chunk; scores are negative, the best one is the lowest."""

    score: float
    document: int
    chunk: int
    updated_at: int


def search(database: Database, request: SearchRequest) -> list[Hit]:
    """Find documents inside the caller's transaction."""
    words = query_words(request.text)
    if not words or request.limit < 1:
        return []
    match = " OR ".join(f'"{word}"' for word in words)
    filters = _filters(database, request)
    if filters == ("[]", _EARLIEST):
        return []
    candidates = _candidates(database, match, filters, request.limit)
    return _hits(database, match, candidates, request.limit)


def _filters(database: Database, request: SearchRequest) -> tuple[str, int] | None:
    """Give the source ids, as JSON, and the earliest instant; None where nothing is filtered."""
    if request.source is None and request.since is None:
        return None
    rows = database.rows("SELECT id, name FROM sources")
    wanted = request.source
    ids = [number for number, name in rows if wanted is None or _is_within(name, wanted)]
    return dumps(ids), _EARLIEST if request.since is None else to_number(request.since)


def _is_within(name: str, wanted: str) -> bool:
    return (
        name == wanted
        or name.startswith(f"{wanted}/")
        or (":" not in wanted and name.startswith(f"{wanted}:"))
    )


def _candidates(
    database: Database, match: str, filters: tuple[str, int] | None, limit: int
) -> list[_Candidate]:
    """Find the best documents, and all that tie with the last of them."""
    depth = max(64, 4 * limit)
    while True:
        chunks = _top(database, match, filters, depth)
        found = _by_document(chunks)
        if len(chunks) < depth:
            return found
        # Ties are broken by what FTS5 does not know, so a tie across the cut
        # (or one document with very many chunks) asks for more rows.
        if len(found) >= limit and found[limit - 1].score < chunks[-1].score:
            return found
        depth *= 16


def _top(
    database: Database, match: str, filters: tuple[str, int] | None, depth: int
) -> list[_Candidate]:
    """Fetch the best chunks, best first."""
    if filters is None:
        rows = database.rows(_TOP, (match, depth))
    else:
        rows = database.rows(_TOP_FILTERED, (match, *filters, depth))
    return sorted((_Candidate(*row) for row in rows), key=lambda chunk: chunk.score)


def _by_document(chunks: Sequence[_Candidate]) -> list[_Candidate]:
    best: dict[int, _Candidate] = {}
    for chunk in chunks:
        best.setdefault(chunk.document, chunk)
    return sorted(best.values(), key=lambda found: (found.score, -found.updated_at))


def _hits(
    database: Database, match: str, candidates: Sequence[_Candidate], limit: int
) -> list[Hit]:
    if len(candidates) > limit:
        last = candidates[limit - 1]
        candidates = [
            found
            for found in candidates
            if (found.score, -found.updated_at) <= (last.score, -last.updated_at)
        ]
    shown = []
    for found in candidates:
        row = database.row(
            "SELECT documents.uid, sources.name, documents.key, documents.title,"
            " documents.source_url FROM documents JOIN sources ON sources.id = documents.source"
            " WHERE documents.id = ?",
            (found.document,),
        )
        if row is not None:
            shown.append((found, row))
    shown.sort(key=lambda pair: (pair[0].score, -pair[0].updated_at, pair[1][0]))
    top = shown[0][0].score if shown else 0.0
    return [_hit(database, match, found, row, top) for found, row in shown[:limit]]


def _hit(database: Database, match: str, found: _Candidate, row: Row, top: float) -> Hit:
    uid, source, key, title, url = row
    bindings: tuple[Value, ...] = (match, found.chunk)
    snippet = database.row(
        "SELECT snippet(chunks_fts, 1, '>>>', '<<<', '…', 48) FROM chunks_fts"
        " WHERE chunks_fts MATCH ? AND rowid = ?",
        bindings,
    )
    return Hit(
        id=format_uid(uid),
        score=found.score / top if top else 1.0,
        source=source,
        source_id=key,
        title=title,
        source_url=url,
        updated_at=to_instant(found.updated_at),
        snippet=(snippet[0] or "") if snippet else "",
    )
