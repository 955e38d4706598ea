"""What every store promises to several processes, and after one of them was killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from controller.model.names import RunId, SourceName
from controller.model.query import SearchRequest
from controller.model.sync import RunResult
from tests.contracts.stores import ADAPTERS, Place
from tests.store.shapes import check_sqlite, ended, item, put, start

ROOT = Path(__file__).parents[2]
ITEMS = 150


def spawn(adapter: str, directory: Path, source: str, pages: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.contracts.store_child",
            adapter,
            str(directory),
            source,
            str(pages),
            str(ITEMS),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_at(child: "subprocess.Popen[str]", line: str) -> None:
    """Kill a child without warning as soon as it says so."""
    assert child.stdout is not None
    with child, child.stdout:
        assert line in iter(lambda: child.stdout.readline().strip(), "")  # type: ignore[union-attr]
        child.kill()


@pytest.mark.parametrize("adapter", sorted(ADAPTERS))
@pytest.mark.parametrize("page", range(5))
def test_a_killed_writer_leaves_whole_pages_and_the_next_run_goes_on(
    adapter: str, page: int, tmp_path: Path
) -> None:
    source = SourceName("script:x")
    kill_at(spawn(adapter, tmp_path, source, 8), f"page {page}")
    place = Place(adapter, tmp_path)
    store = place.open()

    documents = store.state().documents
    checkpoint = json.loads(store.checkpoint(source) or '{"page": -1}')["page"]
    words = store.search(SearchRequest(f"page{checkpoint}", limit=1000))
    # Its process is gone, so nobody waits for its heartbeat to grow old.
    store.begin_run(start("next", source=source, owner=source, after=1))
    put(store, [item(f"{page}-0", "again", source=source)], "next")
    store.close_run(ended("next", source=source))
    place.close()

    assert checkpoint in {page - 1, page}
    assert documents == (checkpoint + 1) * ITEMS
    assert len(words) == (ITEMS if checkpoint >= 0 else 0)
    if adapter == "sqlite":
        check_sqlite(tmp_path / "ctx.sqlite")


@pytest.mark.parametrize("adapter", sorted(ADAPTERS))
def test_the_run_of_a_killed_process_is_recorded_once(adapter: str, tmp_path: Path) -> None:
    source = SourceName("script:x")
    kill_at(spawn(adapter, tmp_path, source, 3), "page 1")

    with spawn(adapter, tmp_path, source, 3) as child:
        said, _ = child.communicate()
    place = Place(adapter, tmp_path)
    store = place.open()
    outcomes = store.runs(source, 9)
    documents = store.state().documents
    place.close()

    assert said.endswith("done\n")
    assert [(one.run_id, one.result) for one in outcomes] == [
        (RunId("run-script:x"), RunResult.SUCCEEDED)
    ]
    assert documents == 3 * ITEMS


@pytest.mark.parametrize("adapter", sorted(ADAPTERS))
def test_writers_of_two_sources_and_a_reader_get_on_with_each_other(
    adapter: str, tmp_path: Path
) -> None:
    children = [spawn(adapter, tmp_path, source, 6) for source in ("script:x", "script:y")]
    place = Place(adapter, tmp_path)
    store = place.open()

    while any(child.poll() is None for child in children):
        state = store.state()
        # A page is there whole or not at all, with its counters, at every instant.
        assert state.documents % ITEMS == 0
        assert len(store.search(SearchRequest("page0", limit=1000))) in {0, ITEMS, 2 * ITEMS}
    for child in children:
        child.communicate()
    documents = store.state().documents
    place.close()

    assert [child.returncode for child in children] == [0, 0]
    assert documents == 12 * ITEMS
    if adapter == "sqlite":
        check_sqlite(tmp_path / "ctx.sqlite")
