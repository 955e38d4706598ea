"""Registries that cannot be had, or cannot be used: named, and the last good revision stays."""

import re
from dataclasses import dataclass

import pytest

from tests.fakes.git_server import GitServer, make_repository
from tests.flows.dev_world import NOTES, REGISTRY, DevWorld

CONNECTOR = '[connectors.notes]\npath = "connectors/notes/connector.lua"\n'


@dataclass
class Synced:
    """A registry that worked once, and is about to stop."""

    world: DevWorld
    server: GitServer
    revision: str

    def point_to(self, url: str) -> None:
        self.world.declare("registry.yaml", REGISTRY.format(url=url))

    def push(self, manifest: str) -> None:
        self.world.registry.commit({"registry.toml": manifest})
        self.ask_again()

    def ask_again(self) -> None:
        path = self.world.directory / "registry.yaml"
        asked = "{name: team, annotations: {contextharness.dev/reconcile-requested-at: again}}"
        path.write_text(path.read_text().replace("{name: team}", asked))

    def fails_with(self, reason: str, message: str, hint: str) -> None:
        """Reconcile once; check what is said, what the status holds, and that nothing is lost."""
        done = self.world.once()

        assert done.returncode == 1
        assert f"Warning: Registry team: {reason}: {message}" in done.stderr
        assert "Traceback" not in done.stderr
        resources = self.world.resources()
        team, notes = resources["team"]["status"], resources["notes"]["status"]
        [ready] = [each for each in team["conditions"] if each["type"] == "Ready"]
        assert (ready["status"], ready["reason"]) == ("False", reason)
        assert ready["message"].startswith(message)
        assert re.search(hint, team["error"].get("hint", ""))
        assert team["artifact"]["revision"] == self.revision
        assert notes["documents"] == 3
        assert len(notes["history"]) == 1
        assert "script:notes / Note 2" in self.world.ctx("search", "zebra number 2")


@pytest.fixture
def synced(world: DevWorld, git_server: GitServer) -> Synced:
    world.declare_sync()
    done = world.once()
    assert done.returncode == 0, done.stderr
    return Synced(world, git_server, f"main@sha1:{world.registry.head()}")


def test_a_url_that_leads_nowhere(synced: Synced) -> None:
    url = synced.server.url("nowhere")
    synced.point_to(url)

    synced.fails_with("RepositoryNotFound", f"{url}: no such repository", "check spec.url")


def test_a_server_that_is_not_there(synced: Synced) -> None:
    url = "http://127.0.0.1:9/team"
    synced.point_to(url)

    synced.fails_with("NetworkError", f"{url}: the connection is refused", "")


def test_a_repository_that_wants_credentials(synced: Synced) -> None:
    synced.server.faults.login = ("ada", "secret")
    synced.ask_again()

    synced.fails_with(
        "AuthenticationFailed", f"{synced.world.url}: wants credentials", "spec.secretRef"
    )


def test_a_repository_without_a_commit(synced: Synced) -> None:
    make_repository(synced.server.root / "empty")
    url = synced.server.url("empty")
    synced.point_to(url)

    synced.fails_with("EmptyRepository", f"{url} has no commit", "push a branch first")


def test_a_branch_that_is_not_there_is_told_with_those_that_are(synced: Synced) -> None:
    path = synced.world.directory / "registry.yaml"
    path.write_text(path.read_text().replace("branch: main", "branch: trunk"))

    synced.fails_with("ReferenceNotFound", synced.world.url, "main")


def test_a_manifest_that_names_a_missing_file(synced: Synced) -> None:
    synced.push(f'{CONNECTOR}[connectors.gone]\npath = "connectors/gone/connector.lua"\n')

    synced.fails_with(
        "MissingScript",
        "registry.toml:4: connectors.gone: there is no file 'connectors/gone/connector.lua'",
        "correct 'path' in registry.toml",
    )


def test_a_manifest_that_is_no_toml(synced: Synced) -> None:
    synced.push(f"{CONNECTOR}[registry\n")

    synced.fails_with("ParseError", "registry.toml:3:10: ", "ctx registry lint DIR")


def test_a_manifest_that_leads_out_of_the_registry(synced: Synced) -> None:
    synced.push(f'{CONNECTOR}[connectors.out]\npath = "../../etc/passwd"\n')

    synced.fails_with(
        "ParseError",
        "registry.toml:4: connectors.out.path: '../../etc/passwd' leads out of the registry",
        "ctx registry lint DIR",
    )


def test_a_registry_that_recovers_is_ready_again(synced: Synced) -> None:
    synced.push("[registry\n")
    assert synced.world.once().returncode == 1
    synced.world.registry.commit(
        {
            "registry.toml": CONNECTOR,
            "connectors/notes/connector.lua": NOTES.replace("zebra", "okapi"),
        }
    )
    path = synced.world.directory / "registry.yaml"
    path.write_text(path.read_text().replace("requested-at: again", "requested-at: later"))

    done = synced.world.once()

    assert done.returncode == 0, done.stderr
    assert "script:notes / Note 2" in synced.world.ctx("search", "okapi number 2")
