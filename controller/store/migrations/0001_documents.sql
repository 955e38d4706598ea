-- Documents, chunks, full text, runs.  Instants are microseconds since 1970, UTC.
-- docs/reference/store.md says what each table is for.

CREATE TABLE sources (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    owner     TEXT NOT NULL,
    -- Kept in the transaction that changes them, so that counting is one row read.
    documents INTEGER NOT NULL DEFAULT 0,
    chunks    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Bodies live apart: this table stays small enough to be walked.
CREATE TABLE documents (
    id           INTEGER PRIMARY KEY,
    -- uuid5 of source and key, 16 bytes: the identity of a document in every store.
    uid          BLOB NOT NULL UNIQUE,
    source       INTEGER NOT NULL,
    key          TEXT NOT NULL,
    digest       BLOB NOT NULL,
    title        TEXT NOT NULL,
    content_type TEXT NOT NULL,
    source_url   TEXT NOT NULL,
    author       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    metadata     TEXT NOT NULL,
    -- The chunks of a document have consecutive ids.
    first_chunk  INTEGER NOT NULL,
    chunk_count  INTEGER NOT NULL,
    -- The run that wrote this content.
    run          TEXT NOT NULL
) STRICT;
CREATE INDEX documents_by_source ON documents (source);

CREATE TABLE bodies (
    document INTEGER PRIMARY KEY,
    body     TEXT NOT NULL
) STRICT;

-- A chunk is a stretch of a body, in bytes of UTF-8.  Source and updated_at are
-- copies: a filtered search reads this small table only.
CREATE TABLE chunks (
    id         INTEGER PRIMARY KEY,
    document   INTEGER NOT NULL,
    source     INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    start      INTEGER NOT NULL,
    length     INTEGER NOT NULL
) STRICT;

CREATE VIEW chunk_texts (id, title, text) AS
SELECT chunks.id,
       documents.title,
       CAST(substr(CAST(bodies.body AS BLOB), chunks.start + 1, chunks.length) AS TEXT)
FROM chunks
JOIN documents ON documents.id = chunks.document
JOIN bodies ON bodies.document = chunks.document;

CREATE VIRTUAL TABLE chunks_fts USING fts5 (
    title, text,
    content = 'chunk_texts', content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE runs (
    id               TEXT PRIMARY KEY,
    source           INTEGER NOT NULL,
    mode             TEXT NOT NULL,
    trigger          TEXT NOT NULL,
    revision         TEXT NOT NULL,
    connector_digest TEXT NOT NULL,
    -- Who writes for this run now: raised by everyone who takes it over.
    fence            INTEGER NOT NULL,
    holder           TEXT NOT NULL,
    started_at       INTEGER NOT NULL,
    heartbeat_at     INTEGER NOT NULL,
    -- NULL while the run is open, as is its result.
    ended_at         INTEGER,
    result           TEXT,
    complete         INTEGER NOT NULL DEFAULT 0,
    documents        INTEGER NOT NULL DEFAULT 0,
    counts           TEXT NOT NULL,
    error            TEXT,
    warnings         TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX runs_by_source ON runs (source, started_at);

CREATE TABLE checkpoints (
    source     INTEGER PRIMARY KEY,
    value      TEXT NOT NULL,
    run        TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;

-- Documents that the last complete full scans did not see; `times` in a row.
CREATE TABLE absent (
    document INTEGER PRIMARY KEY,
    source   INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    times    INTEGER NOT NULL
) STRICT;
CREATE INDEX absent_by_source ON absent (source);
