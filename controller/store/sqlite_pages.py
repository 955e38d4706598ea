"""Documents, bodies, chunks and the text index: written together or not at all."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.model.document import DocumentWrite
from controller.store.identity import document_uid
from controller.store.sqlite_database import Database, Row, Value
from controller.store.sqlite_rows import to_number


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a document that is about to be overwritten."""

    id: int
    source: int
    first_chunk: int
    chunk_count: int
    created_at: int


@dataclass(frozen=True, slots=True)
class _Placed:
    """A document with the ids it gets."""

    write: DocumentWrite
    uid: bytes
    id: int
    source: int
    first_chunk: int
    old: Stored | None


def find_ids(database: Database, keys: Sequence[tuple[str, str]]) -> list[int]:
    """Look up the ids of documents by (source, source_id); unknown ones are left out."""
    uids = [(document_uid(*key),) for key in keys]
    return [row[0] for row in database.rows_many("SELECT id FROM documents WHERE uid = ?", uids)]


def write_documents(
    database: Database,
    writes: Sequence[DocumentWrite],
    sources: Mapping[str, int],
    run: str,
    now: datetime,
) -> dict[tuple[str, str], int]:
    """
    Insert or overwrite documents inside the caller's transaction; give their ids.

    Times that an item does not give are `now`, but for the creation of a
    document that is there already.
    """
    placed = _place(database, writes, sources)
    changed = sorted(
        (document.old for document in placed if document.old is not None),
        key=lambda old: old.first_chunk,
    )
    _remove_chunks(database, changed)
    _write_rows(database, placed, run, to_number(now))
    _write_chunks(database, placed, to_number(now))
    _count(database, placed, changed)
    return {
        (document.write.item.source, document.write.item.source_id): document.id
        for document in placed
    }


def _place(
    database: Database, writes: Sequence[DocumentWrite], sources: Mapping[str, int]
) -> list[_Placed]:
    uids = [document_uid(write.item.source, write.item.source_id) for write in writes]
    stored = {
        row[0]: Stored(*row[1:])
        for row in database.rows_many(
            "SELECT uid, id, source, first_chunk, chunk_count, created_at FROM documents"
            " WHERE uid = ?",
            [(uid,) for uid in uids],
        )
    }
    # The write lock is held, so nobody else hands out the same ids.
    document, chunk = _next(database, "documents"), _next(database, "chunks")
    placed = []
    for write, uid in zip(writes, uids):
        old = stored.get(uid)
        number = document if old is None else old.id
        placed.append(_Placed(write, uid, number, sources[write.item.source], chunk, old))
        document += old is None
        chunk += len(write.chunks)
    return placed


def _next(database: Database, table: str) -> int:
    row = database.row(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608  our own names
    return int(row[0]) if row else 1


def _remove_chunks(database: Database, olds: Sequence[Stored]) -> None:
    # The index keeps no text: to take a chunk out it must be told the old one,
    # so this comes before the body is overwritten.  In rising order of id and
    # before all inserts, or FTS5 writes a segment at every step back.
    database.run_many(
        "INSERT INTO chunks_fts (chunks_fts, rowid, title, text) VALUES ('delete', ?, ?, ?)",
        [row for old in olds for row in _old_texts(database, old)],
    )
    database.run_many(
        "DELETE FROM chunks WHERE id >= ? AND id < ?",
        [(old.first_chunk, old.first_chunk + old.chunk_count) for old in olds],
    )


def _old_texts(database: Database, old: Stored) -> Iterator[Row]:
    document = database.row(
        "SELECT title, body FROM documents JOIN bodies ON document = id WHERE id = ?", (old.id,)
    )
    if document is None:
        return
    title, body = document
    spans = database.rows(
        "SELECT id, start, length FROM chunks WHERE id >= ? AND id < ? ORDER BY id",
        (old.first_chunk, old.first_chunk + old.chunk_count),
    )
    for (chunk, _, _), text in zip(spans, cut_texts(body, [row[1:] for row in spans])):
        yield chunk, title, text


def cut_texts(body: str, spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Cut stretches (start and length, in bytes of UTF-8) out of a body."""
    if body.isascii():
        yield from (body[start : start + length] for start, length in spans)
        return
    encoded = body.encode()
    yield from (encoded[start : start + length].decode() for start, length in spans)


def _write_rows(database: Database, placed: Sequence[_Placed], run: str, now: int) -> None:
    new = [document for document in placed if document.old is None]
    old = [document for document in placed if document.old is not None]
    database.run_many(
        "INSERT INTO documents (digest, title, content_type, source_url, author, created_at,"
        " updated_at, metadata, first_chunk, chunk_count, run, source, id, uid, key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*_columns(document, run, now), document.uid, document.write.item.source_id)
            for document in new
        ],
    )
    database.run_many(
        "UPDATE documents SET digest = ?, title = ?, content_type = ?, source_url = ?, author = ?,"
        " created_at = ?, updated_at = ?, metadata = ?, first_chunk = ?, chunk_count = ?, run = ?,"
        " source = ? WHERE id = ?",
        [_columns(document, run, now) for document in old],
    )
    database.run_many(
        "INSERT INTO bodies (document, body) VALUES (?, ?)",
        [(document.id, document.write.item.body) for document in new],
    )
    database.run_many(
        "UPDATE bodies SET body = ? WHERE document = ?",
        [(document.write.item.body, document.id) for document in old],
    )


def _columns(document: _Placed, run: str, now: int) -> tuple[Value, ...]:
    item = document.write.item
    created = now if document.old is None else document.old.created_at
    return (
        document.write.digest,
        item.title,
        item.content_type,
        item.source_url,
        item.author,
        created if item.created_at is None else to_number(item.created_at),
        now if item.updated_at is None else to_number(item.updated_at),
        item.metadata,
        document.first_chunk,
        len(document.write.chunks),
        run,
        document.source,
        document.id,
    )


def _write_chunks(database: Database, placed: Sequence[_Placed], now: int) -> None:
    spans: list[tuple[Value, ...]] = []
    texts: list[tuple[Value, ...]] = []
    for document in placed:
        item, chunks = document.write.item, document.write.chunks
        updated = now if item.updated_at is None else to_number(item.updated_at)
        cut = cut_texts(item.body, [(chunk.start, chunk.length) for chunk in chunks])
        for number, (chunk, text) in enumerate(zip(chunks, cut), start=document.first_chunk):
            spans.append((number, document.id, document.source, updated, chunk.start, chunk.length))
            texts.append((number, item.title, text))
    database.run_many(
        "INSERT INTO chunks (id, document, source, updated_at, start, length)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        spans,
    )
    database.run_many("INSERT INTO chunks_fts (rowid, title, text) VALUES (?, ?, ?)", texts)


def _count(database: Database, placed: Sequence[_Placed], changed: Sequence[Stored]) -> None:
    """Keep the counters of each source in step with its rows."""
    documents: Counter[int] = Counter()
    chunks: Counter[int] = Counter()
    for document in placed:
        documents[document.source] += document.old is None
        chunks[document.source] += len(document.write.chunks)
    for old in changed:
        chunks[old.source] -= old.chunk_count
    database.run_many(
        "UPDATE sources SET documents = documents + ?, chunks = chunks + ? WHERE id = ?",
        [(documents[source], chunks[source], source) for source in chunks],
    )
