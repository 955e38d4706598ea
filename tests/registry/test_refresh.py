"""From a remote or a working tree to a published revision, and every way in which it fails."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.errors import (
    EmptyRepositoryError,
    FetchTimeoutError,
    HarnessError,
    ManifestError,
    MissingScriptError,
    ReferenceNotFoundError,
    RepositoryLimitError,
    ScriptInvalidError,
)
from controller.git.remote import GitWorkers
from controller.model.extension import ExtensionEntry
from controller.model.names import ResourceName
from controller.model.registry import (
    DesiredRegistry,
    GitReference,
    RepositoryLimits,
    RevisionIndex,
)
from controller.registry.refresh import (
    Check,
    current_index,
    find_revision,
    refresh,
    refresh_worktree,
)
from controller.registry.revisions import is_intact
from tests.fakes.git_server import Faults, GitServer, Repository, make_repository

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
FILES = {
    "registry.toml": "[connectors.jira]\npath = 'connectors/jira/connector.lua'\n"
    "[connectors.wiki]\npath = 'connectors/wiki/connector.lua'\n"
    "required_config = ['url']\n",
    "connectors/jira/connector.lua": "return 1",
    "connectors/jira/lib/more.txt": "template",
    "connectors/wiki/connector.lua": "return 2",
}


@dataclass(frozen=True)
class World:
    """A remote, a home for revisions, and a Registry that wants them."""

    server: GitServer
    workers: GitWorkers
    check: Check
    repository: Repository
    home: Path
    desired: DesiredRegistry

    def refresh(self, **wishes: object) -> RevisionIndex:
        desired = replace(self.desired, **wishes)  # type: ignore[arg-type]  # fields of a dataclass
        return refresh(desired, self.workers, None, self.home, self.check, NOON)

    def current(self) -> RevisionIndex | None:
        return current_index(self.home, self.desired.uid)


@pytest.fixture
def world(tmp_path: Path, server: GitServer, workers: GitWorkers, check: Check) -> World:
    repository = make_repository(server.root / "team", FILES)
    desired = DesiredRegistry(
        namespace="default",
        name=ResourceName("team"),
        uid="7d1e",
        generation=1,
        url=server.url("team"),
        timeout=timedelta(seconds=8),
    )
    return World(server, workers, check, repository, tmp_path / "home", desired)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"registry.toml": "[connectors.jira\n"}, ManifestError),
        ({"registry.toml": "[connectors.jira]\n"}, ManifestError),
        ({"registry.toml": "[connectors.x]\npath = 'gone.lua'\n"}, MissingScriptError),
        ({"registry.toml": "[connectors.x]\npath = 'connectors/jira'\n"}, MissingScriptError),
        ({"connectors/wiki/connector.lua": "syntax error"}, ScriptInvalidError),
    ],
)
def test_a_bad_revision_is_refused_and_the_last_good_one_stays(
    world: World, change: dict[str, str], kind: type[HarnessError]
) -> None:
    good = world.refresh()
    world.repository.commit(change)

    with pytest.raises(kind):
        world.refresh()

    assert world.current() == good
    assert is_intact(good)
    assert [path.name for path in (world.home / world.desired.uid / ".staging").iterdir()] == []


def test_a_bad_revision_is_published_once_it_is_mended(world: World) -> None:
    world.repository.commit({"connectors/wiki/connector.lua": "syntax error"})
    with pytest.raises(ScriptInvalidError, match=r"connectors/wiki/connector\.lua:1"):
        world.refresh()
    world.repository.commit({"connectors/wiki/connector.lua": "return 3"})

    index = world.refresh()

    assert index.artifact.commit == world.repository.head()


@pytest.mark.parametrize(
    ("faults", "wishes", "kind"),
    [
        (Faults(status=500), {}, HarnessError),
        (Faults(stall_after=30), {"timeout": timedelta(seconds=0.8)}, FetchTimeoutError),
        (Faults(), {"reference": GitReference(branch="gone")}, ReferenceNotFoundError),
        (Faults(), {"path": "gone"}, MissingScriptError),
        (Faults(), {"limits": RepositoryLimits(files=1)}, RepositoryLimitError),
    ],
)
def test_a_failed_fetch_leaves_the_last_good_revision(
    world: World, faults: Faults, wishes: dict[str, object], kind: type[HarnessError]
) -> None:
    good = world.refresh()
    world.repository.commit({"new.txt": os.urandom(1000).hex()})
    world.server.faults = faults

    with pytest.raises(kind):
        world.refresh(**wishes)

    assert world.current() == good


def test_an_empty_repository_is_called_empty(world: World) -> None:
    make_repository(world.server.root / "empty")

    with pytest.raises(EmptyRepositoryError):
        world.refresh(url=world.server.url("empty"))


def test_a_revision_is_published_with_its_extensions(world: World) -> None:
    index = world.refresh()

    artifact = index.artifact
    assert artifact.revision == f"main@sha1:{world.repository.head()}"
    assert artifact.path == str(world.home / world.desired.uid / world.repository.head())
    assert (artifact.files, artifact.updated_at) == (4, NOON)
    assert Path(artifact.path, "connectors/jira/connector.lua").read_text() == "return 1"
    assert [(e.kind, e.name, e.required_config) for e in index.extensions] == [
        ("connector", "jira", ()),
        ("connector", "wiki", ("url",)),
    ]
    assert world.current() == index
    assert is_intact(index)


def test_a_commit_elsewhere_leaves_the_digest_of_a_connector(world: World) -> None:
    before = _digests(world.refresh())
    world.repository.commit({"connectors/jira/lib/more.txt": "changed", "README.md": "new"})

    after = _digests(world.refresh())

    assert before["wiki"] == after["wiki"]
    assert before["jira"] != after["jira"]


def test_a_commit_that_is_published_costs_one_request(world: World) -> None:
    first = world.refresh()
    world.server.requests.clear()

    again = world.refresh()

    assert again == first
    assert len(world.server.requests) == 1


def test_a_revision_that_was_changed_in_place_is_laid_out_anew(world: World) -> None:
    index = world.refresh()
    Path(index.artifact.path, "connectors/jira/connector.lua").write_text("tampered")

    again = world.refresh()

    assert again.artifact.path == index.artifact.path
    assert is_intact(again)


def test_a_renamed_branch_renames_the_revision_of_the_same_directory(world: World) -> None:
    before = world.refresh()
    world.repository.git("branch", "--move", "main", "trunk")

    after = world.refresh()

    assert after.artifact.path == before.artifact.path
    assert after.artifact.revision.startswith("trunk@sha1:")
    assert world.current() == after


def test_a_step_back_makes_the_earlier_directory_current_again(world: World) -> None:
    first = world.refresh()
    world.repository.commit({"x.txt": "later"})
    world.refresh()
    world.repository.git("reset", "--quiet", "--hard", "HEAD~1")

    back = world.refresh()

    assert back == first
    assert world.current() == first


def test_another_subpath_of_the_same_commit_is_another_directory(world: World) -> None:
    whole = world.refresh()

    part = world.refresh(path="connectors/jira")

    assert part.artifact.commit == whole.artifact.commit
    assert part.artifact.path != whole.artifact.path
    assert sorted(p.name for p in Path(part.artifact.path).iterdir()) == ["connector.lua", "lib"]
    assert world.refresh() == whole


def test_warnings_of_manifest_and_tree_are_kept(world: World) -> None:
    (world.repository.directory / "link").symlink_to("registry.toml")
    world.repository.commit({"registry.toml": "[registri]\n"})

    warnings = world.refresh().warnings

    assert [line.split(":")[0] for line in warnings] == [
        "registry.toml",
        "'link' is a symbolic link and was left out",
    ]


def test_many_warnings_are_counted_after_the_first(world: World) -> None:
    world.repository.commit({"registry.toml": "".join(f"k{n} = 1\n" for n in range(25))})

    warnings = world.refresh().warnings

    assert (len(warnings), warnings[-1]) == (21, "and 5 more")


def test_a_script_that_is_a_link_is_missing_and_the_reason_is_said(world: World) -> None:
    script = world.repository.directory / "connectors/jira/connector.lua"
    script.unlink()
    script.symlink_to("../wiki/connector.lua")
    world.repository.commit({})

    with pytest.raises(MissingScriptError) as refused:
        world.refresh()

    assert refused.value.hint == "correct 'path' in registry.toml; links are not carried"


def test_a_process_killed_at_any_step_leaves_nothing_that_the_next_cannot_use(
    world: World, tmp_path: Path
) -> None:
    # The check runs between the checkout and the publication; there the process dies.
    program = tmp_path / "dies.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import os, signal
            from dataclasses import replace
            from datetime import UTC, datetime
            from pathlib import Path
            from controller.git.remote import GitWorkers
            from controller.model.registry import DesiredRegistry
            from controller.registry.refresh import refresh

            desired = DesiredRegistry("default", "team", "7d1e", 1, {world.desired.url!r})
            def die(root, entries):
                os.kill(os.getpid(), signal.SIGKILL)
            with GitWorkers() as workers:
                refresh(desired, workers, None, Path({str(world.home)!r}), die, datetime.now(UTC))
            """
        )
    )

    died = subprocess.run([sys.executable, str(program)], check=False)
    index = world.refresh()

    assert died.returncode == -signal.SIGKILL
    assert index.artifact.files == 4
    assert world.current() == index


def test_a_working_tree_is_published_with_its_edits(world: World) -> None:
    clean = _worktree(world)
    world.repository.write({"connectors/jira/connector.lua": "return 'edited'"})

    edited = _worktree(world)

    assert clean.artifact.revision == f"main@sha1:{world.repository.head()}"
    assert edited.artifact.revision == f"main@sha1:{world.repository.head()}+dirty"
    assert Path(edited.artifact.path, "connectors/jira/connector.lua").read_text() == (
        "return 'edited'"
    )
    assert _digests(clean)["wiki"] == _digests(edited)["wiki"]
    assert _digests(clean)["jira"] != _digests(edited)["jira"]


def test_equal_content_is_the_same_directory_under_its_new_name(world: World) -> None:
    world.repository.write({"connectors/jira/connector.lua": "return 'edited'"})
    edited = _worktree(world)
    commit = world.repository.commit({})

    committed = _worktree(world)

    assert committed.artifact.path == edited.artifact.path
    assert committed.artifact.revision == f"main@sha1:{commit}"
    assert find_revision(world.home, world.desired.uid, commit) == committed


def test_a_snapshot_stays_what_it_was_when_the_tree_goes_on(world: World) -> None:
    index = _worktree(world)
    world.repository.write({"connectors/jira/connector.lua": "return 'later'"})

    assert is_intact(index)


def test_a_working_tree_and_a_commit_of_it_agree_on_every_digest(world: World) -> None:
    fetched = world.refresh()

    local = _worktree(world)

    assert local.artifact.digest == fetched.artifact.digest
    assert _digests(local) == _digests(fetched)


def test_a_broken_edit_leaves_the_last_good_snapshot(world: World) -> None:
    good = _worktree(world)
    world.repository.write({"registry.toml": "[["})

    with pytest.raises(ManifestError):
        _worktree(world)

    assert world.current() == good


def test_a_directory_of_a_working_tree_may_be_the_registry(world: World) -> None:
    world.repository.write({"deep/connectors/mail/connector.lua": "return 3"})

    index = _worktree(world, path="deep")

    assert [extension.name for extension in index.extensions] == ["mail"]
    with pytest.raises(MissingScriptError, match="no directory 'nowhere'"):
        _worktree(world, path="nowhere")


def test_a_plain_directory_is_published_too(world: World, tmp_path: Path) -> None:
    plain = Repository(tmp_path / "plain")
    plain.write({"connectors/mail/connector.lua": "return 3"})

    index = refresh_worktree(world.desired, plain.directory, world.home, _accept, NOON)

    assert index.artifact.revision == "dir+dirty"
    assert [extension.name for extension in index.extensions] == ["mail"]


def _worktree(world: World, **wishes: object) -> RevisionIndex:
    desired = replace(world.desired, **wishes)  # type: ignore[arg-type]  # fields of a dataclass
    return refresh_worktree(desired, world.repository.directory, world.home, world.check, NOON)


def _accept(root: Path, entries: Sequence[ExtensionEntry]) -> None:
    """Check nothing."""


def _digests(index: RevisionIndex) -> dict[str, str]:
    return {extension.name: extension.digest for extension in index.extensions}
