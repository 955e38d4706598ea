import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest

from controller.errors import (
    SchemaTooNewError,
    SchemaTooOldError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from controller.model.query import SearchRequest
from controller.store.lookup import open_store
from controller.store.sqlite import SqliteStore
from controller.store.sqlite_open import open_writer
from tests.store.shapes import check_sqlite, item, put, start, sync

NOBODY = 65534
ROOT = Path(__file__).parents[2]


@contextmanager
def unprivileged() -> Iterator[None]:
    """Write permissions bind nobody who is root, so root steps down for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that a user without privileges can reach."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        if os.geteuid() == 0:
            os.chown(directory, NOBODY, NOBODY)
        yield directory
        directory.chmod(0o755)


def fill(path: Path) -> None:
    store = open_store(path, writable=True)
    sync(store, [item("a", "alpha"), item("b", "beta")])
    store.close()


def change(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql).fetchall()
    connection.close()


# Bad files: refused with a reason, and left as they are


@pytest.mark.parametrize("writable", [True, False])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, writable: bool) -> None:
    path = tmp_path / "ctx.sqlite"
    path.write_bytes(b"These are my notes, and no database at all.\n" * 100)
    before = path.read_bytes()

    with pytest.raises(StoreCorruptError) as caught:
        open_store(path, writable=writable)

    assert str(path) in caught.value.message
    assert path.read_bytes() == before


@pytest.mark.parametrize("writable", [True, False])
def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path, writable: bool) -> None:
    path = tmp_path / "ctx.sqlite"
    change(path, "CREATE TABLE documents (id TEXT PRIMARY KEY)")
    before = path.read_bytes()

    with pytest.raises(StoreCorruptError, match="is a database of another program"):
        open_store(path, writable=writable)

    assert path.read_bytes() == before


@pytest.mark.parametrize("writable", [True, False])
def test_a_database_of_a_newer_release_is_left_as_it_is(tmp_path: Path, writable: bool) -> None:
    path = tmp_path / "ctx.sqlite"
    fill(path)
    change(path, "INSERT INTO schema_migrations (version, checksum) VALUES (7, 'x')")
    before = path.read_bytes()

    with pytest.raises(SchemaTooNewError, match="has schema version 7, and this release knows 1"):
        open_store(path, writable=writable)

    assert path.read_bytes() == before


def test_a_migration_that_ran_with_another_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ctx.sqlite"
    fill(path)
    change(path, "UPDATE schema_migrations SET checksum = 'edited'")

    with pytest.raises(StoreCorruptError, match="migration 1 was run with another text"):
        open_store(path, writable=True)


def test_a_reader_does_not_migrate(tmp_path: Path) -> None:
    path = tmp_path / "ctx.sqlite"
    path.touch()

    with pytest.raises(SchemaTooOldError, match="has schema version 0") as caught:
        open_store(path, writable=False)

    assert "ctx init" in str(caught.value.hint)
    assert path.stat().st_size == 0


@pytest.mark.parametrize("page", [1, 3, 9])
def test_a_damaged_page_is_reported_and_not_repaired(tmp_path: Path, page: int) -> None:
    path = tmp_path / "ctx.sqlite"
    fill(path)
    content = bytearray(path.read_bytes())
    content[page * 8192 : (page + 1) * 8192] = b"\xff" * 8192
    path.write_bytes(content)

    with pytest.raises(StoreCorruptError) as caught:
        exercise(path)

    assert str(path) in caught.value.message
    assert path.read_bytes() == content


def exercise(path: Path) -> None:
    store = open_store(path, writable=False)
    try:
        store.state()
        store.runs(item("a").source, 9)
        store.search(SearchRequest("alpha"))
        store.get("script:jira/a")
        raise AssertionError("nothing was noticed")
    finally:
        store.close()


def test_a_truncated_database_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "ctx.sqlite"
    fill(path)
    content = path.read_bytes()[: 8192 * 4]
    path.write_bytes(content)

    with pytest.raises(StoreCorruptError):
        exercise(path)

    assert path.read_bytes() == content


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="is a directory"):
        open_store(tmp_path, writable=True)
    with pytest.raises(StoreUnavailableError, match="Is a directory"):
        open_store(tmp_path, writable=False)


def test_a_file_where_a_directory_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no directory")

    with pytest.raises(StoreUnavailableError, match=r"cannot make the directory .*/data"):
        open_store(tmp_path / "data" / "ctx.sqlite", writable=True)


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "ctx.sqlite"

    with pytest.raises(StoreUnavailableError) as caught:
        SqliteStore.open_existing(path)

    assert "No such file" in caught.value.message
    assert "ctx init" in str(caught.value.hint)
    assert not path.parent.exists()


# Read-only places


def test_a_read_only_file_is_searched_and_not_written(shared: Path) -> None:
    path = shared / "ctx.sqlite"
    with unprivileged():
        fill(path)
        path.chmod(0o444)

        with pytest.raises(StoreReadOnlyError) as caught:
            open_store(path, writable=True)
        hits = hits_of(path)

    assert caught.value.message == f"cannot write the database {path}"
    assert hits == ["a"]


def test_a_read_only_directory_is_searched_and_not_written(shared: Path) -> None:
    path = shared / "ctx.sqlite"
    with unprivileged():
        fill(path)
        shared.chmod(0o555)

        with pytest.raises(StoreReadOnlyError):
            open_store(path, writable=True)
        with pytest.raises(StoreReadOnlyError):
            open_store(shared / "other.sqlite", writable=True)
        with pytest.raises(StoreReadOnlyError):
            open_store(shared / "below" / "ctx.sqlite", writable=True)
        hits = hits_of(path)

    assert hits == ["a"]


def test_a_log_that_cannot_be_folded_in_is_said_rather_than_ignored(shared: Path) -> None:
    path, copy = shared / "ctx.sqlite", shared / "copy"
    with unprivileged():
        store = open_store(path, writable=True)
        sync(store, [item("a", "alpha")])
        copy.mkdir()
        for name in ("ctx.sqlite", "ctx.sqlite-wal"):
            shutil.copy(shared / name, copy / name)
        store.close()
        copy.chmod(0o555)

        with pytest.raises(StoreUnavailableError, match="not folded in"):
            open_store(copy / "ctx.sqlite", writable=False)

        copy.chmod(0o755)


def hits_of(path: Path) -> list[str]:
    store = open_store(path, writable=False)
    try:
        return [hit.source_id for hit in store.search(SearchRequest("alpha"))]
    finally:
        store.close()


def test_a_reader_that_is_asked_to_write_refuses(tmp_path: Path) -> None:
    path = tmp_path / "ctx.sqlite"
    fill(path)
    store = open_store(path, writable=False)

    with pytest.raises(StoreReadOnlyError):
        store.begin_run(start("r2", after=100))

    store.close()


# Full disks and locks


def test_a_full_disk_rolls_the_page_back_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "ctx.sqlite"
    store = SqliteStore(open_writer(path, max_pages=60))
    store.begin_run(start())
    put(store, [item("a", "alpha")])

    with pytest.raises(StoreFullError) as caught:
        put(store, [item(f"{number}", "word " * 500) for number in range(500)])
    documents = store.state().documents
    put(store, [item("b", "beta")])
    store.close()

    assert caught.value.retryable
    assert documents == 1
    assert hits_of(path) == ["a"]
    check_sqlite(path)


def test_a_lock_that_is_never_released_is_reported(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ctx.sqlite"
    fill(path)
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    database = open_writer(path)
    database.connection.set_busy_timeout(10)

    with pytest.raises(StoreUnavailableError, match="stayed locked") as caught:
        SqliteStore(database).begin_run(start("r2", after=100))

    assert caught.value.retryable
    database.close()
    holder.close()


# Making one


def test_directories_above_the_file_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "ctx.sqlite"

    fill(path)

    assert [file.name for file in path.parent.iterdir()] == ["ctx.sqlite"]
    assert hits_of(path) == ["a"]


def test_an_odd_name_is_a_name_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "what? 100% #1; ö.sqlite"

    fill(path)

    assert hits_of(path) == ["a"]


def test_first_writers_at_the_same_time_make_one_database(tmp_path: Path) -> None:
    path = tmp_path / "ctx.sqlite"
    code = (
        "import sys; from controller.store.lookup import open_store;"
        "sys.stdin.readline(); open_store(sys.argv[1], writable=True).close()"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)], cwd=ROOT, stdin=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]

    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()

    assert [child.returncode for child in children] == [0, 0, 0, 0]
    check_sqlite(path)
