"""
One connection to one SQLite file: opening for reading, transactions, errors.

Every exception of apsw is translated here and nowhere else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EACCES, ENOENT, EROFS
from os import W_OK, access, strerror, supports_effective_ids
from pathlib import Path
from typing import Any

import apsw

from controller.errors import (
    SchemaTooNewError,
    SchemaTooOldError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
)

SCHEMA_VERSION = 1
"""The newest migration of this release, for readers, who do not load migrations."""

APPLICATION_ID = 0x43544831
"""In the header of every database of ours; tells it from other programs' files."""

BUSY_TIMEOUT_MS = 30_000

_OLDEST_SQLITE = (3, 51, 3)
"""Before it two connections that write and checkpoint at once may damage a WAL database."""

Value = None | int | float | str | bytes
Row = tuple[Any, ...]
"""As apsw gives it; whoever asked knows the columns."""


class Database:
    """A connection that speaks in `StoreError`s."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    def rows(self, sql: str, bindings: Sequence[Value] = ()) -> list[Row]:
        """Run one statement and fetch all it gives."""
        return self.connection.execute(sql, tuple(bindings)).fetchall()

    def row(self, sql: str, bindings: Sequence[Value] = ()) -> Row | None:
        """Run one statement and fetch its first row."""
        return self.connection.execute(sql, tuple(bindings)).fetchone()

    def run(self, sql: str, bindings: Sequence[Value] = ()) -> None:
        """Run statements whose results do not matter."""
        # Fetching is what carries on to the end of several statements.
        self.connection.execute(sql, tuple(bindings)).fetchall()

    def run_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run one statement for each row of bindings."""
        self.connection.executemany(sql, rows)

    def rows_many(self, sql: str, keys: Sequence[Sequence[Value]]) -> list[Row]:
        """Run one query for each row of bindings and fetch all they give."""
        return self.connection.executemany(sql, keys).fetchall()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """
        Hold the write lock for a block, and commit it whole or not at all.

        Always IMMEDIATE: a transaction that reads first and asks for the lock
        later fails at once when somebody else wrote in between.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let all statements of a block see the same state; writers are not held up."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with translated(self.path):
            self.connection.execute(begin)
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors (disk full).
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the connection; the last one to close folds the log into the file."""
        with translated(self.path):
            self.connection.close()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what apsw raises in a block into `StoreError`s that name the file."""
    try:
        yield
    except (apsw.Error, UnicodeEncodeError) as error:
        raise _translate(error, path) from error


def open_reader(path: Path) -> Database:
    """
    Open an existing database for reading; the file, its directory or its disk may be read-only.

    Raises:
        StoreUnavailableError: There is no such file, or it may not be read.
        StoreCorruptError: It is no database of ours, or a damaged one.
        SchemaTooNewError: A newer release wrote it.
        SchemaTooOldError: It waits for a migration, which only a writer runs.
    """
    check_library()
    _check_readable(path)
    database = _connect_reader(path)
    try:
        with translated(path):
            database.run("PRAGMA cache_size = -16384")
            check_not_newer(database)
            _check_not_older(database)
    except BaseException:
        database.close()
        raise
    return database


def check_library() -> None:
    """Refuse an SQLite that may damage the file."""
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")) < _OLDEST_SQLITE:
        raise StoreError(
            f"SQLite {version} may damage a database that several processes use",
            hint="install apsw 3.51.3 or newer from its wheel",
        )


def schema_version(database: Database) -> int:
    """
    Tell the schema version of a database; 0 for an empty file.

    Raises:
        StoreCorruptError: The database belongs to another program.
    """
    # One statement, so one moment: between two, another first writer may have made the schema.
    found = database.row(
        "SELECT application_id, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id"
    )
    if found is None or found[0] != APPLICATION_ID:
        if found == (0, 0):
            return 0
        raise StoreCorruptError(
            f"{database.path} is a database of another program",
            hint="move it away, or name another file: it was left as it is",
        )
    newest = database.row("SELECT coalesce(max(version), 0) FROM schema_migrations")
    return int(newest[0]) if newest else 0


def check_not_newer(database: Database) -> None:
    """
    Refuse a database that a newer release wrote.

    Raises:
        SchemaTooNewError: One did.
        StoreCorruptError: The database belongs to another program.
    """
    version = schema_version(database)
    if version > SCHEMA_VERSION:
        raise SchemaTooNewError(
            f"{database.path} has schema version {version}, and this release knows"
            f" {SCHEMA_VERSION}",
            hint="a newer release wrote it: upgrade this one; nothing was touched",
        )


def _check_not_older(database: Database) -> None:
    version = schema_version(database)
    if version < SCHEMA_VERSION:
        raise SchemaTooOldError(
            f"{database.path} has schema version {version}, and this release needs"
            f" {SCHEMA_VERSION}",
            hint="run `ctx init` or any sync once: it brings the database up to date",
        )


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        hint = None
        if error.errno == ENOENT:
            hint = "`ctx init` makes one, and so does the first sync"
        raise StoreUnavailableError(
            f"cannot open the database {path}: {strerror(error.errno or 0)}", hint=hint
        ) from error


def _connect_reader(path: Path) -> Database:
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            connection.close()
            return Database(_connect_immutable(path), path)
        except BaseException:
            connection.close()
            raise
    return Database(connection, path)


def _connect_immutable(path: Path) -> apsw.Connection:
    """
    Open a file whose directory cannot take the log and its index.

    Safe where there is no log beside it: nobody can write one, so the file
    cannot change under the reader.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreUnavailableError(
            f"cannot read {path}: its log {log.name} is not folded in, and the directory is read-only",
            hint="open it once where it can be written, such as with `ctx stats`",
        )
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return apsw.Connection(f"{path.absolute().as_uri()}?immutable=1", flags=flags)


def _translate(error: Exception, path: Path) -> StoreError:
    match error:
        case apsw.NotADBError():
            return StoreCorruptError(
                f"{path} is no database",
                hint="move it away, or name another file: it was left as it is",
            )
        case apsw.CorruptError():
            return StoreCorruptError(
                f"the database {path} is damaged: {error}",
                hint="move it away and sync again, or put back a copy: it was left as it is",
            )
        case apsw.FullError():
            return StoreFullError(
                f"no space left for the database {path}",
                hint="free some space and run again: what was stored before stays",
            )
        case apsw.ReadOnlyError() | apsw.PermissionsError():
            return read_only(path)
        case apsw.BusyError() | apsw.LockedError():
            return StoreUnavailableError(
                f"the database {path} stayed locked for {BUSY_TIMEOUT_MS // 1000} s",
                hint="another process is writing for very long, or hangs",
            )
        case apsw.CantOpenError():
            return _cannot_open(path)
        case UnicodeEncodeError():
            return StoreError("a text holds half of a surrogate pair, which UTF-8 cannot write")
        case _:
            return StoreError(f"the database {path} refuses: {error}")


def _cannot_open(path: Path) -> StoreError:
    """Say why a file cannot be opened, or one of the two files beside it cannot be made."""
    if path.is_dir():
        return StoreUnavailableError(f"the database {path} is a directory")
    # The effective user counts, where the system can be asked about it.
    if not access(path.parent, W_OK, effective_ids=access in supports_effective_ids):
        return read_only(path)
    return StoreUnavailableError(f"cannot open the database {path}")


def read_only(path: Path) -> StoreReadOnlyError:
    """Say that a database cannot be written."""
    return StoreReadOnlyError(
        f"cannot write the database {path}",
        hint="the file, its directory or its disk is read-only for this user",
    )


def is_read_only(error: OSError) -> bool:
    """Tell a refusal to write from other failures of the file system."""
    return error.errno in {EACCES, EROFS}
