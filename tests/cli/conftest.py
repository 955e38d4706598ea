from pathlib import Path

import pytest

from tests.cli.console import Console


@pytest.fixture
def console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Console:
    """Stand in an empty directory, with an empty home and no settings in the environment."""
    directory, home = tmp_path / "work", tmp_path / "home"
    directory.mkdir()
    home.mkdir()
    monkeypatch.chdir(directory)
    monkeypatch.setenv("HOME", str(home))
    for name in (
        "CTX_CONFIG",
        "CTX_CONFIG_DIR",
        "CTX_DATA_DIR",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    return Console(directory, home, capsys)
