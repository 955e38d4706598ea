import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from examples.quickstart.git_remote import (
    GitMissingError,
    GitServer,
    Repository,
    require_git,
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "tree", require_git())
    made.create()
    (made.directory / "registry.toml").write_text("[registry]\n")
    made.commit_all("Start")
    return made


@pytest.fixture
def url(repository: Repository) -> Iterator[str]:
    server = GitServer(repository.directory / ".git", require_git())
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.url
    server.shutdown()
    thread.join()
    server.server_close()


def clone(url: str, target: Path, *options: str) -> None:
    subprocess.run(
        ["git", "-c", "protocol.version=0", "clone", "--quiet", *options, url, str(target)],
        check=True,
        capture_output=True,
    )


def test_a_machine_without_git_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GitMissingError, match="git is not installed"):
        require_git()


def test_the_remote_can_be_cloned_at_depth_one(
    repository: Repository, url: str, tmp_path: Path
) -> None:
    (repository.directory / "second").write_text("more\n")
    repository.commit_all("Add a file")

    clone(url, tmp_path / "clone", "--depth", "1")

    assert (tmp_path / "clone" / "second").read_text() == "more\n"
    assert len((tmp_path / "clone" / ".git" / "shallow").read_text().split()) == 1


def test_a_new_commit_is_served_without_a_restart(
    repository: Repository, url: str, tmp_path: Path
) -> None:
    clone(url, tmp_path / "clone")
    (repository.directory / "registry.toml").write_text("[registry]\nname = 'x'\n")
    repository.commit_all("Name the registry")

    subprocess.run(["git", "pull", "--quiet"], cwd=tmp_path / "clone", check=True)

    assert "name = 'x'" in (tmp_path / "clone" / "registry.toml").read_text()


def test_nothing_can_be_pushed(url: str, tmp_path: Path) -> None:
    clone(url, tmp_path / "clone")

    pushed = subprocess.run(
        ["git", "push", "--quiet", "origin", "HEAD:refs/heads/other"],
        cwd=tmp_path / "clone",
        capture_output=True,
        check=False,
    )

    assert pushed.returncode != 0


@pytest.mark.parametrize("path", ["/", "/other.git/info/refs", "/registry.git/../../../etc/passwd"])
def test_nothing_else_is_served(url: str, path: str) -> None:
    address = url.removesuffix("/registry.git") + path

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address)

    refused.value.close()
    assert refused.value.code >= 400


def test_a_commit_without_changes_is_no_commit(repository: Repository) -> None:
    before = repository.head()

    repository.commit_all("Nothing")

    assert repository.head() == before


def test_uncommitted_edits_are_noticed(repository: Repository) -> None:
    clean = repository.is_dirty()
    (repository.directory / "registry.toml").write_text("edited\n")

    assert (clean, repository.is_dirty()) == (False, True)
