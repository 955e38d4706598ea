"""Worlds for `ctx dev`, and places for every other command."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.git_server import GitServer, make_repository
from tests.flows.dev_world import NOTES, REGISTRY, DevWorld, RunningDev
from tests.flows.place import Place


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    root = tmp_path / "served"
    root.mkdir()
    with GitServer(root) as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, git_server: GitServer) -> DevWorld:
    repository = make_repository(tmp_path / "served" / "team")
    repository.commit(
        {
            "connectors/notes/connector.lua": NOTES,
            "connectors/other/connector.lua": NOTES.replace("zebra", "okapi"),
        }
    )
    directory = tmp_path / "manifests"
    directory.mkdir()
    found = DevWorld(directory, repository, git_server.url("team"))
    found.declare("registry.yaml", REGISTRY.format(url=found.url))
    return found


@pytest.fixture
def started(world: DevWorld) -> Iterator[list[RunningDev]]:
    """Collects what a test starts, so that nothing outlives it."""
    running: list[RunningDev] = []
    yield running
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    directory, home = tmp_path / "work", tmp_path / "home"
    directory.mkdir()
    home.mkdir()
    return Place(directory, home)
