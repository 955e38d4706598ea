from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from controller.ingest.apply import apply_page, preview_page
from controller.model.names import RunId
from controller.model.sync import RunCounts
from controller.store.base import Store
from controller.store.lookup import open_store
from tests.store.shapes import LIMIT, NOON, item, put, start


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "ctx.sqlite", writable=True)
    store.begin_run(start())
    yield store
    store.close()


def test_an_empty_page_is_a_page(store: Store) -> None:
    counts = apply_page(
        store, RunId("r1"), [], chunk_limit=LIMIT, counts=RunCounts(invalid=2), stamp=(NOON, "{}")
    )

    assert counts == RunCounts(invalid=2)
    assert store.checkpoint(item("a").source) == "{}"


def test_counts_go_on_from_the_page_before(store: Store) -> None:
    counts = put(store, [item("a"), item("b")])

    counts = put(store, [item("c", "x " * 300), item("a")], counts=counts)

    assert counts == RunCounts(scanned=4, added=3, unchanged=1, chunks=5, duplicates=1)


def test_pages_that_change_nothing_write_no_document(store: Store, tmp_path: Path) -> None:
    put(store, [item("a"), item("b", "x " * 300)])
    watcher = apsw.Connection(str(tmp_path / "ctx.sqlite"))
    before = watcher.execute("PRAGMA data_version").fetchall()

    put(store, [item("b", "x " * 300), item("a")], after=0.5)
    after = watcher.execute("PRAGMA data_version").fetchall()
    watcher.close()

    assert after == before


def test_a_page_that_changes_nothing_is_a_sign_of_life_once_a_second(
    store: Store, tmp_path: Path
) -> None:
    put(store, [item("a")])
    written_by = "SELECT documents.rowid, run, digest FROM documents"
    watcher = apsw.Connection(str(tmp_path / "ctx.sqlite"))
    before = watcher.execute(written_by).fetchall()

    put(store, [item("a")], after=2)
    beat = watcher.execute("SELECT heartbeat_at - started_at FROM runs").fetchall()
    after = watcher.execute(written_by).fetchall()
    watcher.close()

    assert beat == [(2_000_000,)]
    assert after == before


def test_a_preview_counts_and_writes_nothing(store: Store) -> None:
    put(store, [item("a"), item("b")])

    counts = preview_page(store, [item("a"), item("b", "new"), item("c")], LIMIT, RunCounts())

    assert counts == RunCounts(added=1, updated=1, unchanged=1, chunks=2)
    assert store.state().documents == 2
