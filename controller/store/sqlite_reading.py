"""What the database holds: one document, or the counts of all."""

from controller.errors import DocumentNotFoundError
from controller.model.document import Document
from controller.model.sync import RunResult
from controller.store.base import SourceState, StoreState
from controller.store.identity import document_uid, format_uid, parse_uid
from controller.store.sqlite_database import Database, schema_version
from controller.store.sqlite_pages import cut_texts
from controller.store.sqlite_rows import to_instant


def fetch_document(database: Database, wanted: str) -> Document:
    """Fetch a document by id, or by `source/source_id`, inside the caller's transaction."""
    for uid in _uids(database, wanted):
        row = database.row(
            "SELECT documents.id, sources.name, key, title, body, content_type, source_url, author,"
            " created_at, updated_at, metadata, first_chunk, chunk_count FROM documents"
            " JOIN sources ON sources.id = documents.source"
            " JOIN bodies ON bodies.document = documents.id WHERE uid = ?",
            (uid,),
        )
        if row is not None:
            body, first, count = row[4], row[11], row[12]
            spans = database.rows(
                "SELECT start, length FROM chunks WHERE id >= ? AND id < ? ORDER BY id",
                (first, first + count),
            )
            return Document(
                id=format_uid(uid),
                source=row[1],
                source_id=row[2],
                title=row[3],
                body=body,
                content_type=row[5],
                source_url=row[6],
                author=row[7],
                created_at=to_instant(row[8]),
                updated_at=to_instant(row[9]),
                metadata=row[10],
                chunks=tuple(cut_texts(body, [(start, length) for start, length in spans])),
            )
    raise DocumentNotFoundError(
        f"there is no document {wanted}",
        hint="`ctx search` prints ids; SOURCE/SOURCE_ID works too",
    )


def _uids(database: Database, wanted: str) -> list[bytes]:
    uid = parse_uid(wanted)
    found = [] if uid is None else [uid]
    # Both halves may hold slashes: the longest source that fits is tried first.
    names = [name for (name,) in database.rows("SELECT name FROM sources")]
    fitting = [name for name in names if wanted.startswith(f"{name}/")]
    fitting.sort(key=len, reverse=True)
    return found + [document_uid(name, wanted[len(name) + 1 :]) for name in fitting]


def count_all(database: Database) -> StoreState:
    """Count what there is, inside the caller's transaction."""
    sources = _count_sources(database)
    log = database.path.with_name(f"{database.path.name}-wal")
    return StoreState(
        location=str(database.path),
        size=sum(file.stat().st_size for file in (database.path, log) if file.exists()),
        documents=sum(source.documents for source in sources),
        chunks=sum(source.chunks for source in sources),
        schema_version=schema_version(database),
        sources=sources,
    )


def _count_sources(database: Database) -> tuple[SourceState, ...]:
    absent: list[tuple[int, int]] = database.rows(
        "SELECT source, count(*) FROM absent GROUP BY source"
    )
    # With a single max() SQLite takes the other columns from the row that has it.
    last = {
        name: result
        for name, result, _ in database.rows(
            "SELECT sources.name, runs.result, max(runs.started_at) FROM runs"
            " JOIN sources ON sources.id = runs.source GROUP BY sources.id"
        )
    }
    synced: list[tuple[str, int]] = database.rows(
        "SELECT sources.name, max(runs.ended_at) FROM runs"
        " JOIN sources ON sources.id = runs.source WHERE runs.result IN (?, ?)"
        " GROUP BY sources.id",
        (RunResult.SUCCEEDED, RunResult.PARTIAL),
    )
    absent_of, synced_at = dict(absent), dict(synced)
    states = []
    for number, name, owner, documents, chunks in database.rows(
        "SELECT id, name, owner, documents, chunks FROM sources ORDER BY name"
    ):
        # A source below another has no runs of its own.
        runs_of = _nearest(name, last)
        ended = synced_at.get(runs_of)
        result = last.get(runs_of, "")
        states.append(
            SourceState(
                source=name,
                owner=owner,
                documents=documents,
                chunks=chunks,
                last_synced_at=None if ended is None else to_instant(ended),
                absent=absent_of.get(number, 0),
                last_result="Running" if result is None else result,
            )
        )
    return tuple(states)


def _nearest(name: str, runs: dict[str, str | None]) -> str:
    while name not in runs and "/" in name:
        name = name.rpartition("/")[0]
    return name
