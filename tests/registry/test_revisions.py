"""Published revisions on a disk, and what killed processes leave of them."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.errors import PublishError
from controller.git.contents import measure
from controller.model.names import CommitId
from controller.model.registry import Artifact, RevisionIndex
from controller.registry import revisions
from controller.registry.revisions import (
    collect,
    current_index,
    find_revision,
    install,
    is_intact,
    known,
    load_index,
    lock,
    surplus,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
UID = "0b5c"


def test_an_index_that_is_missing_or_damaged_is_none(tmp_path: Path) -> None:
    index = _publish(tmp_path, "a")
    path = Path(f"{index.artifact.path}.index.json")

    assert load_index(tmp_path / "nowhere.index.json") is None
    for text in ("", "{", '{"format": 1}', path.read_text().replace('"format": 1', '"format": 99')):
        path.write_text(text)
        assert load_index(path) is None


def test_an_index_without_its_directory_is_none(tmp_path: Path) -> None:
    index = _publish(tmp_path, "a")
    Path(index.artifact.path, "x.lua").unlink()
    Path(index.artifact.path).rmdir()

    assert current_index(tmp_path, UID) is None


def test_nothing_published_is_nothing_current(tmp_path: Path) -> None:
    assert current_index(tmp_path, UID) is None
    assert find_revision(tmp_path, UID, "a" * 40) is None
    assert collect(tmp_path, UID, 3) == ()


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    staged, index = _staged(tmp_path, "a", NOON)
    (tmp_path / UID / ".current.tmp").mkdir(parents=True)

    with pytest.raises(PublishError, match=str(tmp_path)):
        install(tmp_path, UID, staged, index, ".")


def test_what_is_installed_is_current_and_found(tmp_path: Path) -> None:
    first = _publish(tmp_path, "a")
    second = _publish(tmp_path, "b", NOON + timedelta(hours=1))

    assert current_index(tmp_path, UID) == second
    assert find_revision(tmp_path, UID, first.artifact.commit) == first
    assert find_revision(tmp_path, UID, first.artifact.digest) == first
    assert find_revision(tmp_path, UID, second.artifact.revision) == second
    assert (tmp_path / UID / "current" / "x.lua").read_text() == "b"


def test_a_commit_never_means_an_edited_tree(tmp_path: Path) -> None:
    edited = _publish(tmp_path, "a", dirty=True)

    assert find_revision(tmp_path, UID, edited.artifact.commit) is None


@pytest.mark.parametrize("link", [None, "gone", "../elsewhere"])
def test_without_a_good_link_the_newest_is_current(tmp_path: Path, link: str | None) -> None:
    newest = _publish(tmp_path, "b", NOON + timedelta(hours=1))
    _publish(tmp_path, "a", NOON)
    (tmp_path / UID / "current").unlink()
    if link is not None:
        (tmp_path / UID / "current").symlink_to(link)

    assert current_index(tmp_path, UID) == newest


def test_a_home_that_was_moved_still_knows_its_directories(tmp_path: Path) -> None:
    _publish(tmp_path / "before", "a")
    (tmp_path / "before").rename(tmp_path / "after")

    found = current_index(tmp_path / "after", UID)

    assert found is not None
    assert Path(found.artifact.path, "x.lua").read_text() == "a"


def test_a_directory_that_was_tampered_with_is_not_intact(tmp_path: Path) -> None:
    index = _publish(tmp_path, "a")
    assert is_intact(index)

    Path(index.artifact.path, "x.lua").write_text("b")

    assert not is_intact(index)
    assert not is_intact(replace(index, artifact=replace(index.artifact, path="/nowhere")))


def test_a_revision_of_another_subpath_is_not_known(tmp_path: Path) -> None:
    index = _publish(tmp_path, "a")
    name = Path(index.artifact.path).name

    assert known(tmp_path, UID, name, ".") == index
    assert known(tmp_path, UID, name, "d") is None


def test_a_directory_that_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    left = tmp_path / UID / _commit("a")
    left.mkdir(parents=True)
    (left / "half.lua").write_text("half")

    index = _publish(tmp_path, "a")

    assert [path.name for path in Path(index.artifact.path).iterdir()] == ["x.lua"]


def test_the_oldest_revisions_go_and_their_files_with_them(tmp_path: Path) -> None:
    published = [_publish(tmp_path, text, NOON + timedelta(n)) for n, text in enumerate("abcd")]

    assert surplus(tmp_path, UID, 2) == 2
    removed = collect(tmp_path, UID, 2)

    assert removed == tuple(index.artifact.revision for index in reversed(published[:2]))
    assert {path.name for path in (tmp_path / UID).glob("[!.]*")} == {
        _commit("c"),
        f"{_commit('c')}.index.json",
        _commit("d"),
        f"{_commit('d')}.index.json",
        "current",
    }
    assert surplus(tmp_path, UID, 2) == 0


def test_a_revision_in_use_stays(tmp_path: Path) -> None:
    oldest = _publish(tmp_path, "a", NOON)
    _publish(tmp_path, "b", NOON + timedelta(1))

    assert collect(tmp_path, UID, 1, [Path(oldest.artifact.path)]) == ()
    assert is_intact(oldest)


def test_the_current_revision_stays_though_it_is_the_oldest(tmp_path: Path) -> None:
    oldest = _publish(tmp_path, "a", NOON)
    _publish(tmp_path, "b", NOON + timedelta(1))
    revisions.point(tmp_path / UID, Path(oldest.artifact.path).name)

    collect(tmp_path, UID, 1)

    assert current_index(tmp_path, UID) == oldest
    assert len(revisions.revisions(tmp_path, UID)) == 1


def test_what_killed_processes_left_is_collected(tmp_path: Path) -> None:
    index = _publish(tmp_path, "a")
    home = tmp_path / UID
    for left in (".trash-b/d", "orphan/d"):
        (home / left).mkdir(parents=True)

    collect(tmp_path, UID, 3)

    assert not (home / ".trash-b").exists()
    assert not (home / "orphan").exists()
    assert is_intact(index)


def test_a_registry_that_is_gone_leaves_nothing_to_use(tmp_path: Path) -> None:
    _publish(tmp_path, "a")
    (tmp_path / UID / ".mirror").mkdir()

    collect(tmp_path, UID, 0)

    assert [path.name for path in (tmp_path / UID).iterdir()] == [".lock"]


def test_two_never_hold_a_registry_at_once(tmp_path: Path) -> None:
    inside: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with lock(tmp_path / UID):
            inside.append("second")

    thread = threading.Thread(target=second)
    with lock(tmp_path / UID):
        thread.start()
        waiting.wait()
        thread.join(0.1)
        inside.append("first")
    thread.join()

    assert inside == ["first", "second"]


def _publish(home: Path, text: str, at: datetime = NOON, *, dirty: bool = False) -> RevisionIndex:
    staged, index = _staged(home, text, at)
    if dirty:
        edited = f"{index.artifact.revision}+dirty"
        index = replace(index, artifact=replace(index.artifact, revision=edited))
    return install(home, UID, staged, index, ".")


def _staged(home: Path, text: str, at: datetime) -> tuple[Path, RevisionIndex]:
    staged = revisions.clear_staging(home / UID) / "tree"
    staged.mkdir()
    (staged / "x.lua").write_text(text)
    commit = _commit(text)
    artifact = Artifact(
        revision=f"main@sha1:{commit}",
        commit=commit,
        digest=measure(staged).digest,
        path=str(home / UID / commit),
        size=len(text),
        files=1,
        updated_at=at,
    )
    return staged, RevisionIndex(artifact, ())


def _commit(text: str) -> CommitId:
    return CommitId(text * 40)
