from pathlib import Path

import pytest

from controller.errors import ManifestError
from controller.registry.discovery import discover, load_manifest


def test_a_broken_manifest_is_never_replaced_by_a_search(tmp_path: Path) -> None:
    _write(tmp_path, "connectors/jira/connector.lua")
    (tmp_path / "registry.toml").write_text("[connectors.jira\n")

    with pytest.raises(ManifestError):
        load_manifest(tmp_path)


def test_a_manifest_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_bytes(b"[registry]\nname = '\xff'\n")

    with pytest.raises(ManifestError, match=r"registry\.toml:2: the file is not UTF-8"):
        load_manifest(tmp_path)


def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").mkdir()

    with pytest.raises(ManifestError, match="Is a directory"):
        load_manifest(tmp_path)


def test_without_a_manifest_extensions_are_found_by_their_place(tmp_path: Path) -> None:
    for name in (
        "connectors/jira/connector.lua",
        "connectors/empty/README.md",
        "connectors/.hidden/connector.lua",
        "connectors/loose.lua",
        "tools/summarize/tool.lua",
        "agents/runbook/agent.toml",
        "agents/reviewer/agent.lua",
        "agents/reviewer/agent.toml",
        "scripts/other/connector.lua",
    ):
        _write(tmp_path, name)

    found = load_manifest(tmp_path)

    assert [entry.path for entry in found.extensions] == [
        "connectors/jira/connector.lua",
        "tools/summarize/tool.lua",
        "agents/reviewer/agent.lua",
        "agents/runbook/agent.toml",
    ]


def test_an_empty_directory_holds_nothing(tmp_path: Path) -> None:
    assert discover(tmp_path).extensions == ()


def _write(root: Path, name: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
