import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controller.model.query import SearchRequest
from controller.store.lookup import open_store
from tests.store.shapes import JIRA, check_sqlite, item, put, start

ROOT = Path(__file__).parents[2]


def write(path: Path, steps: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.store.crash_child", str(path), str(steps)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def steps_of_a_merge(tmp_path_factory: pytest.TempPathFactory) -> int:
    return int(write(tmp_path_factory.mktemp("whole") / "ctx.sqlite", 0).stdout)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4, 0.6, 0.8, 0.99])
def test_a_kill_inside_a_merge_leaves_the_page_before(
    tmp_path: Path, steps_of_a_merge: int, share: float
) -> None:
    path = tmp_path / "ctx.sqlite"

    child = write(path, max(1, int(steps_of_a_merge * share)))

    store = open_store(path, writable=True)
    documents, checkpoint = store.state().documents, store.checkpoint(JIRA)
    alphas = len(store.search(SearchRequest("alpha", limit=1000)))
    betas = len(store.search(SearchRequest("beta", limit=1000)))
    store.begin_run(start())
    counts = put(store, [item(f"{number}", "beta " * 90) for number in range(300)])
    store.close()
    assert child.returncode == -signal.SIGKILL
    assert (documents, checkpoint, alphas, betas) == (200, "1", 200, 0)
    assert (counts.added, counts.updated) == (100, 200)
    check_sqlite(path)
