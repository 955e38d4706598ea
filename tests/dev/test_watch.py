"""Real file events of a real kernel."""

import ctypes
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from controller.dev.watch import Watcher


class Bell:
    """Collects roots until the wanted one came."""

    def __init__(self, own: Path) -> None:
        self.rung = threading.Event()
        self.watcher = Watcher(self.rung.set, own)

    def hear(self, root: Path, within: float = 5.0) -> bool:
        end = monotonic() + within
        while monotonic() < end:
            self.watcher.look_after_roots()
            if root in self.watcher.take():
                return True
            self.rung.wait(timeout=self.watcher.wait() or 0.05)
            self.rung.clear()
        return False


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    found = Bell(tmp_path / "root" / ".ctx")
    yield found
    found.watcher.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    (directory / ".ctx").mkdir(parents=True)
    (directory / ".git").mkdir()
    (directory / "a.lua").write_text("1")
    return directory


def test_a_saved_file_is_heard(bell: Bell, root: Path) -> None:
    bell.watcher.start([root])

    (root / "a.lua").write_text("2")

    assert bell.hear(root)


def test_an_editor_that_saves_by_rename_is_heard(bell: Bell, root: Path) -> None:
    bell.watcher.start([root])

    (root / "a.lua~").write_text("2")
    (root / "a.lua~").replace(root / "a.lua")

    assert bell.hear(root)


def test_a_burst_of_500_changes_is_one(bell: Bell, root: Path) -> None:
    bell.watcher.start([root])
    for number in range(500):
        (root / f"{number}.lua").write_text("x")

    assert bell.hear(root)
    assert not bell.hear(root, within=0.4)


def test_our_own_writes_and_those_of_git_are_not_heard(bell: Bell, root: Path) -> None:
    bell.watcher.start([root])

    (root / ".ctx" / "ctx.sqlite").write_text("x")
    (root / ".git" / "index.lock").write_text("x")

    assert not bell.hear(root, within=0.4)


def test_a_commit_and_a_read_directory_are_told_apart(bell: Bell, root: Path) -> None:
    bell.watcher.start([root])

    (root / "a.lua").read_text()
    list(root.iterdir())
    assert not bell.hear(root, within=0.3)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main")

    assert bell.hear(root)


def test_a_directory_made_beside_our_own_is_watched_too(bell: Bell, root: Path) -> None:
    bell.watcher.start([root])

    (root / "team").mkdir()
    assert bell.hear(root)
    (root / "team" / "b.lua").write_text("1")
    assert bell.hear(root)
    shutil.rmtree(root / "team")
    assert bell.hear(root)
    (root / "team").mkdir()
    assert bell.hear(root)
    (root / "team" / "b.lua").write_text("2")

    assert bell.hear(root)


def test_the_files_of_our_own_directory_cost_no_watch(bell: Bell, root: Path) -> None:
    bell.watcher.start([root.parent])
    (root / ".ctx" / "deep").mkdir()
    (root / "beside").mkdir()
    assert bell.hear(root.parent)

    (root / ".ctx" / "deep" / "file").write_text("x")

    assert not bell.hear(root.parent, within=0.4)


def test_a_directory_that_is_deleted_and_made_again_is_watched_again(
    bell: Bell, root: Path
) -> None:
    bell.watcher.start([root])

    shutil.rmtree(root)
    assert bell.hear(root)
    root.mkdir()
    assert bell.hear(root)
    (root / "b.lua").write_text("x")

    assert bell.hear(root)


def test_a_root_that_does_not_exist_yet_is_watched_when_it_does(bell: Bell, tmp_path: Path) -> None:
    later = tmp_path / "later"
    bell.watcher.start([later])

    later.mkdir()

    assert bell.hear(later)


def test_where_the_kernel_has_no_watches_left_it_polls_and_says_so(bell: Bell, root: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    held = []
    while (descriptor := libc.inotify_init()) >= 0:
        held.append(descriptor)
    try:
        bell.watcher.start([root])
        assert bell.watcher.polling_because

        (root / "a.lua").write_text("changed")

        assert bell.hear(root)
    finally:
        for descriptor in held:
            os.close(descriptor)
