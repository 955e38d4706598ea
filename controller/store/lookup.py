"""Location → store; the adapter is imported when it is first asked for."""

from pathlib import Path

from controller.store.base import Store


def open_store(location: str | Path, *, writable: bool) -> Store:
    """
    Open the store at a path; a writable one is made, or brought up to date, where it must be.

    For reading the migrations are not even imported: `ctx search` starts faster.

    Raises:
        StoreError: It cannot be opened; nothing was changed.
    """
    path = Path(location).expanduser()
    if writable:
        from controller.store.sqlite_open import open_writer

        database = open_writer(path)
    else:
        from controller.store.sqlite_database import open_reader

        database = open_reader(path)
    from controller.store.sqlite import SqliteStore

    return SqliteStore(database)
