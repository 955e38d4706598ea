"""A remote on loopback and the workers that visit it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.git.remote import GitWorkers
from tests.fakes.git_server import GitServer, measured_environment


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    root = tmp_path / "served"
    root.mkdir()
    with GitServer(root) as running:
        yield running


@pytest.fixture
def workers() -> Iterator[GitWorkers]:
    with GitWorkers(measured_environment()) as pool:
        yield pool
