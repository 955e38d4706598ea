"""Open the database for writing: make it, check it, bring its schema up to date."""

from errno import ENOSPC
from os import strerror
from pathlib import Path
from time import monotonic, sleep

import apsw

from controller.errors import StoreFullError, StoreUnavailableError
from controller.store.schema import missing_migrations, shipped_migrations
from controller.store.sqlite_database import (
    APPLICATION_ID,
    BUSY_TIMEOUT_MS,
    SCHEMA_VERSION,
    Database,
    check_library,
    check_not_newer,
    is_read_only,
    read_only,
    schema_version,
    translated,
)

CACHE_KIBIBYTES = 24 * 1024
"""It fills up within a first sync; 64 MB were no faster at 100,000 documents."""

LOG_PAGES = 4000
"""Pages in the write-ahead log before they are folded into the file (32 MB)."""

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    INTEGER PRIMARY KEY,
    checksum   TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT
"""


def open_writer(path: Path, *, max_pages: int | None = None) -> Database:
    """
    Open a database for writing; make it, and the directories above it, where there is none.

    Args:
        path: The file.
        max_pages: Bound of its size in pages of 8 KiB, as a full disk would be one.

    Raises:
        StoreReadOnlyError: The file, its directory or its disk is read-only.
        StoreCorruptError: The file is no database of ours, or a damaged one.
        SchemaTooNewError: A newer release wrote it.
        StoreUnavailableError: It cannot be opened, or stayed locked.
        StoreFullError: The disk is full.
    """
    check_library()
    _make_parents(path)
    with translated(path):
        connection = apsw.Connection(str(path))
    database = Database(connection, path)
    try:
        with translated(path):
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            # Before anything is written: a stranger's file stays as it is.
            check_not_newer(database)
            _check_writable(database)
            _set_up(database, max_pages)
        _migrate(database)
    except BaseException:
        connection.close()
        raise
    return database


def _make_parents(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if is_read_only(error):
            raise read_only(path) from error
        if error.errno == ENOSPC:
            raise StoreFullError(f"no space left for the database {path}") from error
        raise StoreUnavailableError(
            f"cannot make the directory {path.parent}: {strerror(error.errno or 0)}"
        ) from error


def _check_writable(database: Database) -> None:
    # SQLite opens a file that it may not write for reading, and says nothing.
    if database.connection.readonly("main"):
        raise read_only(database.path)


def _set_up(database: Database, max_pages: int | None) -> None:
    database.run("PRAGMA page_size = 8192")  # no effect on a file that has pages
    _switch_to_log(database)
    database.run("PRAGMA synchronous = NORMAL")
    database.run(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
    database.run("PRAGMA temp_store = MEMORY")
    database.run(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    database.run("PRAGMA journal_size_limit = 67108864")
    if max_pages is not None:
        database.run(f"PRAGMA max_page_count = {max_pages}")


def _switch_to_log(database: Database) -> None:
    # The switch takes the file for itself and does not wait for the busy
    # timeout, so two first writers at once would fail without this loop.
    patience = monotonic() + BUSY_TIMEOUT_MS / 1000
    while database.row("PRAGMA journal_mode") != ("wal",):
        try:
            database.run("PRAGMA journal_mode = WAL")
        except apsw.BusyError:
            if monotonic() > patience:
                raise
            sleep(0.02)


def _migrate(database: Database) -> None:
    shipped = shipped_migrations()
    location = str(database.path)
    with translated(database.path):
        if schema_version(database) == SCHEMA_VERSION:
            missing_migrations(shipped, _applied(database), location)
            return
    with database.writing():
        database.run(_LEDGER)
        # Asked again under the lock: another process may have been first.
        for migration in missing_migrations(shipped, _applied(database), location):
            database.run(migration.sql)
            database.run(
                "INSERT INTO schema_migrations (version, checksum) VALUES (?, ?)",
                (migration.version, migration.checksum),
            )
        database.run(f"PRAGMA application_id = {APPLICATION_ID}")


def _applied(database: Database) -> dict[int, str]:
    rows: list[tuple[int, str]] = database.rows("SELECT version, checksum FROM schema_migrations")
    return dict(rows)
