import os
import threading
import time
from pathlib import Path

import pytest

from controller.errors import PublishError, RepositoryLimitError, RepositoryNotFoundError
from controller.git.worktree import describe, fingerprint, snapshot, tracked_files
from controller.model.registry import RepositoryLimits
from tests.fakes.git_server import Repository, make_repository

LIMITS = RepositoryLimits()


@pytest.fixture
def tree(tmp_path: Path) -> Repository:
    return make_repository(
        tmp_path / "tree", {".gitignore": "*.log\nbuild/\n", "a.lua": "one", "d/b.lua": "two"}
    )


def test_a_directory_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RepositoryNotFoundError, match="is no directory"):
        describe(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (RepositoryLimits(files=2), "more than 2 files"),
        (RepositoryLimits(size=4), "more than 4 bytes"),
        (RepositoryLimits(file_size=2), r"has \d+ bytes, more than 2"),
    ],
)
def test_a_tree_beyond_the_limits_is_refused(
    tree: Repository, tmp_path: Path, limits: RepositoryLimits, words: str
) -> None:
    with pytest.raises(RepositoryLimitError, match=words):
        snapshot(tree.directory, tmp_path / "out", limits)


def test_a_snapshot_that_cannot_be_written_says_where(tree: Repository, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(PublishError, match="File exists"):
        snapshot(tree.directory, tmp_path / "out", LIMITS)


def test_a_clean_tree_stands_on_its_branch(tree: Repository) -> None:
    found = describe(tree.directory)

    assert found.revision == f"main@sha1:{tree.head()}"
    assert (found.commit, found.dirty) == (tree.head(), False)


@pytest.mark.parametrize(
    "edit",
    [
        {"a.lua": "edited"},
        {"new.lua": "untracked"},
        {"d/new.lua": "untracked"},
    ],
)
def test_an_edit_makes_the_revision_dirty(tree: Repository, edit: dict[str, str]) -> None:
    tree.write(edit)

    assert describe(tree.directory).revision == f"main@sha1:{tree.head()}+dirty"


def test_a_deleted_file_makes_the_revision_dirty_and_is_not_listed(tree: Repository) -> None:
    (tree.directory / "a.lua").unlink()

    assert describe(tree.directory).dirty
    assert tracked_files(tree.directory) == (".gitignore", "d/b.lua")


@pytest.mark.parametrize(
    "name",
    ["x.log", "build/x.lua", ".a.lua.swp", "a.lua~", ".#a.lua", "4913", ".ctx/data/x", "d/.ctx/y"],
)
def test_what_is_ignored_or_temporary_changes_nothing(tree: Repository, name: str) -> None:
    before = fingerprint(tree.directory)
    tree.write({name: "noise"})

    assert fingerprint(tree.directory) == before
    assert not describe(tree.directory).dirty


def test_a_directory_of_a_repository_is_judged_by_its_own_files(tree: Repository) -> None:
    tree.write({"a.lua": "edited"})

    found = describe(tree.directory / "d")

    assert found.revision == f"main@sha1:{tree.head()}"
    assert tracked_files(tree.directory / "d") == ("b.lua",)


def test_a_directory_that_its_repository_ignores_stands_for_itself(tree: Repository) -> None:
    tree.write({"build/out/c.lua": "made"})

    assert describe(tree.directory / "build/out").revision == "dir+dirty"
    assert tracked_files(tree.directory / "build/out") == ("c.lua",)


def test_a_detached_head_has_no_branch(tree: Repository) -> None:
    tree.git("checkout", "--quiet", "--detach")

    assert describe(tree.directory).revision == f"sha1:{tree.head()}"


def test_a_repository_without_a_commit_lists_what_lies_there(tmp_path: Path) -> None:
    empty = make_repository(tmp_path / "empty")
    empty.write({"a.lua": "one"})

    assert describe(empty.directory).revision == "dir+dirty"
    assert tracked_files(empty.directory) == ("a.lua",)


def test_a_plain_directory_lists_every_file_that_is_not_hidden_away(tmp_path: Path) -> None:
    plain = Repository(tmp_path / "plain")
    plain.write({"a.lua": "1", "d/b.lua": "2", ".ctx/s": "state", ".venv/x": "", "a.lua~": ""})

    assert describe(plain.directory).commit is None
    assert tracked_files(plain.directory) == ("a.lua", "d/b.lua")


def test_a_repository_within_the_tree_is_no_part_of_it(tree: Repository) -> None:
    make_repository(tree.directory / "vendor", {"x.lua": "other"})

    assert tracked_files(tree.directory) == (".gitignore", "a.lua", "d/b.lua")


def test_links_and_pipes_are_not_copied(tree: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.lua").write_text("secret")
    (tree.directory / "link.lua").symlink_to(outside / "b.lua")
    os.mkfifo(tree.directory / "pipe.lua")
    (tree.directory / "d/b.lua").unlink()
    (tree.directory / "d").rmdir()
    (tree.directory / "d").symlink_to(outside)

    snapshot(tree.directory, tmp_path / "out", LIMITS)

    assert _texts(tmp_path / "out") == {".gitignore": "*.log\nbuild/\n", "a.lua": "one"}


def test_a_snapshot_holds_what_was_saved_and_its_digest(tree: Repository, tmp_path: Path) -> None:
    tree.write({"a.lua": "edited", "new.lua": "untracked", "x.log": "ignored"})

    working, contents = snapshot(tree.directory, tmp_path / "out", LIMITS)

    assert _texts(tmp_path / "out") == {
        ".gitignore": "*.log\nbuild/\n",
        "a.lua": "edited",
        "d/b.lua": "two",
        "new.lua": "untracked",
    }
    assert working.dirty
    assert contents.digest == fingerprint(tree.directory).digest
    assert (contents.files, contents.size) == (4, 13 + 6 + 3 + 9)


def test_a_file_that_changes_during_the_copy_is_never_torn(
    tree: Repository, tmp_path: Path
) -> None:
    # Each save replaces the file whole, as editors do, with a text of one letter.
    saves = [letter * 60_000 for letter in "abcdefgh"]
    tree.write({"a.lua": saves[0]})
    stop = threading.Event()

    def keep_saving() -> None:
        while not stop.is_set():
            for text in saves:
                (tree.directory / ".new").write_text(text)
                (tree.directory / ".new").rename(tree.directory / "a.lua")

    writer = threading.Thread(target=keep_saving)
    writer.start()
    try:
        texts = [_copied(tree, tmp_path / f"out{number}") for number in range(20)]
    finally:
        stop.set()
        writer.join()

    assert {len(set(text)) for text in texts if text is not None} <= {1}


def test_a_fingerprint_follows_content_and_commit(tree: Repository) -> None:
    first = fingerprint(tree.directory)
    tree.write({"a.lua": "edited"})
    edited = fingerprint(tree.directory)
    tree.commit({})
    committed = fingerprint(tree.directory)

    assert first.digest != edited.digest
    assert edited.digest == committed.digest
    assert edited.revision != committed.revision


def test_an_unreadable_file_is_named(tree: Repository, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (tree.directory / "a.lua").chmod(0)

    with pytest.raises(PublishError, match="Permission denied"):
        snapshot(tree.directory, tmp_path / "out", LIMITS)


def test_a_small_tree_is_copied_within_the_blink_of_an_eye(tmp_path: Path) -> None:
    files = {f"connectors/c{n}/connector.lua": "x" * 3000 for n in range(60)}
    small = make_repository(tmp_path / "small", files)
    describe(small.directory)

    began = time.monotonic()
    snapshot(small.directory, tmp_path / "out", LIMITS)

    # Measured 8 ms on two cores; the bound leaves room for a busy machine.
    assert time.monotonic() - began < 0.5


def _copied(tree: Repository, target: Path) -> str | None:
    try:
        snapshot(tree.directory, target, LIMITS)
    except PublishError:
        return None
    copied = target / "a.lua"
    return copied.read_text() if copied.exists() else None


def _texts(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }
