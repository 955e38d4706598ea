"""Trees that git should never have accepted, and mirrors that were damaged."""

import os
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest

from controller.errors import (
    HarnessError,
    MissingScriptError,
    RepositoryLimitError,
    UnsafePathError,
)
from controller.git.address import parse_address
from controller.git.mirror import MOST_PACKS, clean, fetch, look
from controller.git.wire import Checkout, Request
from controller.model.registry import GitReference, RepositoryLimits
from tests.fakes.git_server import Repository, make_repository

FILE, EXECUTABLE, LINK, SUBMODULE, TREE = "100644", "100755", "120000", "160000", "40000"


@dataclass(frozen=True)
class Bench:
    """A repository, and the directories that it is fetched into."""

    repository: Repository
    home: Path

    @property
    def mirror(self) -> Path:
        return self.home / "mirror"

    @property
    def git(self) -> Path:
        return self.mirror / ".git"

    def request(
        self, limits: RepositoryLimits, subpath: str = ".", reference: GitReference | None = None
    ) -> Request:
        return Request(
            action="fetch",
            url=f"file://{self.repository.directory}",
            reference=reference or GitReference(),
            home=str(self.home),
            timeout=5,
            mirror=str(self.mirror),
            target=str(self.home / "published"),
            limits=limits,
            subpath=subpath,
        )

    def fetch(self, limits: RepositoryLimits | None = None, subpath: str = ".") -> Checkout:
        request = self.request(limits or RepositoryLimits(), subpath)
        return fetch(request, parse_address(request.url, insecure=False))

    def published(self) -> list[str]:
        parent = self.home / "published"
        return sorted(path.name for path in parent.glob("*"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    repository = make_repository(tmp_path / "remote", {"a.lua": "one", "d/b.lua": "two"})
    return Bench(repository, tmp_path / "home")


@pytest.mark.parametrize(
    "name",
    [
        b"..",
        b".",
        b".git",
        b".GIT",
        b"git~1",
        ".g\u200cit".encode(),
        b".git. ",
        b"back\\slash",
        b"bell\x07",
        b"esc\x1b[31m",
        b"line\nbreak",
        b"\xff\xfe",
        b"n" * 256,
    ],
)
def test_a_name_that_may_not_reach_a_disk_refuses_the_revision(bench: Bench, name: bytes) -> None:
    blob = bench.repository.blob(b"x")
    bench.repository.commit_raw([(FILE, name, blob)])

    with pytest.raises(HarnessError) as refused:
        bench.fetch()

    assert refused.value.reason == "UnsafePath"
    assert refused.value.message.isprintable()
    assert bench.published() == []


def test_names_that_differ_in_case_only_are_refused(bench: Bench) -> None:
    blob = bench.repository.blob(b"x")
    bench.repository.commit_raw([(FILE, b"Jira.lua", blob), (FILE, b"jira.lua", blob)])

    with pytest.raises(UnsafePathError, match="differ in case only"):
        bench.fetch()


def test_names_that_differ_in_composition_only_are_refused(bench: Bench) -> None:
    blob = bench.repository.blob(b"x")
    bench.repository.commit_raw(
        [(FILE, "u\u0308.lua".encode(), blob), (FILE, "\u00fc.lua".encode(), blob)]
    )

    with pytest.raises(UnsafePathError):
        bench.fetch()


@pytest.mark.parametrize("target", [b"/etc/passwd", b"../outside", b"d/../../outside", b".."])
def test_a_link_that_leads_out_of_the_registry_is_refused(bench: Bench, target: bytes) -> None:
    bench.repository.commit_raw([(LINK, b"link", bench.repository.blob(target))])

    with pytest.raises(UnsafePathError, match="leads out of the registry"):
        bench.fetch()


def test_links_within_and_submodules_are_left_out_and_said(bench: Bench) -> None:
    blob = bench.repository.blob(b"x")
    bench.repository.commit_raw(
        [
            (FILE, b"a.lua", blob),
            (LINK, b"link.lua", bench.repository.blob(b"a.lua")),
            (SUBMODULE, b"sub", bench.repository.head()),
        ]
    )

    checkout = bench.fetch()

    assert [path.name for path in Path(checkout.path).iterdir()] == ["a.lua"]
    assert checkout.warnings == (
        "'link.lua' is a symbolic link and was left out",
        "'sub' is a submodule and was left out",
    )


def test_a_pointer_of_git_lfs_is_said(bench: Bench) -> None:
    bench.repository.commit({"big.bin": "version https://git-lfs.github.com/spec/v1\noid x\n"})

    checkout = bench.fetch()

    assert checkout.warnings == ("'big.bin' is a pointer of Git LFS, its content is not fetched",)


def test_modes_become_plain_and_content_stays_as_committed(bench: Bench) -> None:
    script = bench.repository.directory / "run.sh"
    script.write_bytes(b"#!/bin/sh\n")
    script.chmod(0o4755)
    bench.repository.commit({".gitattributes": "*.txt text eol=crlf ident\n", "a.txt": "$Id$\n"})

    root = Path(bench.fetch().path)

    assert (root / "run.sh").stat().st_mode & 0o6100 == 0o100
    assert (root / "a.lua").stat().st_mode & 0o6100 == 0
    assert (root / "a.txt").read_bytes() == b"$Id$\n"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (RepositoryLimits(files=1), "more than 1 files"),
        (RepositoryLimits(size=5), "bytes"),
        (RepositoryLimits(file_size=2), "more than 2"),
    ],
)
def test_a_tree_beyond_the_limits_is_refused(
    bench: Bench, limits: RepositoryLimits, words: str
) -> None:
    with pytest.raises(RepositoryLimitError, match=words):
        bench.fetch(limits)

    assert bench.published() == []


def test_a_tree_of_endless_depth_is_refused(bench: Bench) -> None:
    bench.repository.commit({"/".join("d" * 50) + "/x": "deep"})

    with pytest.raises(RepositoryLimitError, match="deeper"):
        bench.fetch()


def test_a_tree_that_holds_itself_many_times_is_refused(bench: Bench) -> None:
    tree = bench.repository.git("mktree")
    for _ in range(8):
        lines = "".join(f"040000 tree {tree}\td{n}\n" for n in range(10))
        tree = bench.repository.git("mktree", stdin=lines.encode())
    bench.repository.commit_raw([(TREE, b"bomb", tree)])

    with pytest.raises(RepositoryLimitError, match="directories"):
        bench.fetch(RepositoryLimits(files=500))


def test_links_and_submodules_count_as_files(bench: Bench) -> None:
    blob = bench.repository.blob(b"x")
    bench.repository.commit_raw([(LINK, b"%d" % n, blob) for n in range(8)])

    with pytest.raises(RepositoryLimitError, match="files"):
        bench.fetch(RepositoryLimits(files=5))


def test_a_transfer_beyond_the_limit_is_broken_off(bench: Bench) -> None:
    noise = os.urandom(200_000).hex()
    bench.repository.commit({"noise": noise})

    with pytest.raises(RepositoryLimitError, match="received"):
        bench.fetch(RepositoryLimits(size=50_000))


def test_a_subpath_that_the_commit_lacks_is_named(bench: Bench) -> None:
    with pytest.raises(MissingScriptError, match="no directory 'nowhere'"):
        bench.fetch(subpath="nowhere")
    with pytest.raises(MissingScriptError, match=r"no directory 'a\.lua'"):
        bench.fetch(subpath="a.lua")


def test_stale_locks_and_half_a_pack_are_cleared_away(bench: Bench) -> None:
    bench.fetch()
    leftovers = [
        bench.git / "shallow.lock",
        bench.git / "index.lock",
        bench.git / "refs/ctx/head.lock",
        bench.git / "objects/pack/pack_git2_a1b2",
    ]
    for leftover in leftovers:
        leftover.write_text("left by a killed worker")
    commit = bench.repository.commit({"a.lua": "later"})

    checkout = bench.fetch()

    assert checkout.commit == commit
    assert [leftover for leftover in leftovers if leftover.exists()] == []


@pytest.mark.parametrize("damage", ["pack", "head", "config", "file"])
def test_a_damaged_mirror_is_made_anew(bench: Bench, damage: str) -> None:
    bench.fetch()
    commit = bench.repository.commit({"a.lua": "later"})
    bench.fetch()
    if damage == "pack":
        for pack in (bench.git / "objects/pack").glob("*.pack"):
            pack.chmod(0o600)
            pack.write_bytes(b"PACK" + b"\0" * 40)
    elif damage == "head":
        (bench.git / "HEAD").write_text("nonsense")
    elif damage == "config":
        (bench.git / "config").write_text("[[[")
    else:
        for path in sorted(bench.mirror.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        bench.mirror.rmdir()
        bench.mirror.write_text("a file in its place")

    checkout = bench.fetch()

    assert checkout.commit == commit
    assert (Path(checkout.path) / "a.lua").read_text() == "later"


def test_a_mirror_of_many_packs_is_made_anew(bench: Bench) -> None:
    bench.fetch()
    packs = bench.git / "objects/pack"
    for number in range(MOST_PACKS + 1):
        (packs / f"pack-{number}.pack").write_text("")

    clean(bench.mirror)

    assert not bench.mirror.exists()


def test_a_target_that_was_left_half_made_is_made_whole(bench: Bench) -> None:
    checkout = bench.fetch()
    (Path(checkout.path) / "a.lua").unlink()
    staging = Path(f"{checkout.path}.tmp")
    staging.mkdir()

    again = bench.fetch()

    assert (Path(again.path) / "a.lua").read_text() == "one"
    assert not staging.exists()


def test_the_same_commit_twice_keeps_the_directory(bench: Bench) -> None:
    before = Path(bench.fetch().path).stat().st_ino

    after = Path(bench.fetch().path).stat().st_ino

    assert before == after


def test_fetching_again_and_again_holds_no_files_open(bench: Bench) -> None:
    bench.fetch()
    before = _open_files()

    for number in range(8):
        bench.repository.commit({"a.lua": str(number)})
        bench.fetch()

    assert _open_files() == before


def test_a_look_finds_the_commit_without_a_mirror(bench: Bench) -> None:
    request = bench.request(RepositoryLimits())

    head = look(request, parse_address(request.url, insecure=False))

    assert head.commit == bench.repository.head()
    assert not bench.mirror.exists()


def test_a_mirror_names_no_remote_and_follows_no_redirect(bench: Bench) -> None:
    bench.fetch()

    repository = pygit2.Repository(str(bench.mirror))

    assert list(repository.remotes.names()) == []
    assert repository.config["http.followRedirects"] == "false"


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
