"""A remote on loopback, workers, and a check that knows one kind of broken script."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from controller.errors import ScriptInvalidError
from controller.git.remote import GitWorkers
from controller.model.extension import ExtensionEntry
from controller.registry.refresh import Check
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


@pytest.fixture
def check() -> Check:
    """Stands for the Lua compiler, which this room may not know."""

    def compiles(root: Path, extensions: Sequence[ExtensionEntry]) -> None:
        for extension in extensions:
            if "syntax error" in (root / extension.path).read_text():
                raise ScriptInvalidError(f"{extension.path}:1: syntax error")

    return compiles
