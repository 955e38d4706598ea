"""Revisions compiled in a process of their own."""

import threading
from pathlib import Path

import pytest

from controller.dev.lint import ScriptChecker
from controller.errors import FetchCancelledError, ScriptInvalidError
from controller.model.extension import ExtensionEntry, ExtensionKind


def registry(root: Path, **scripts: str) -> tuple[Path, list[ExtensionEntry]]:
    entries = []
    for name, text in scripts.items():
        path = root / "connectors" / name / "connector.lua"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        entries.append(
            ExtensionEntry(ExtensionKind.CONNECTOR, name, f"connectors/{name}/connector.lua")
        )
    return root, entries


def test_scripts_that_compile_pass(tmp_path: Path) -> None:
    root, entries = registry(tmp_path, a="connector = {}", b="return {}")

    ScriptChecker().check(root, entries)


def test_the_first_script_that_does_not_is_named_and_the_others_counted(tmp_path: Path) -> None:
    root, entries = registry(tmp_path, a="connector = {", b="x = = 1", c="return {}")

    with pytest.raises(
        ScriptInvalidError, match=r"connectors/a/connector\.lua:1: .*\(and 1 more\)"
    ):
        ScriptChecker().check(root, entries)


def test_a_registry_without_extensions_starts_no_process(tmp_path: Path) -> None:
    ScriptChecker().check(tmp_path / "nowhere", [])


def test_a_check_that_is_stopped_says_so(tmp_path: Path) -> None:
    root, entries = registry(tmp_path, **{f"c{n}": "return {}" for n in range(150)})
    checker = ScriptChecker()
    threading.Timer(0.1, checker.cancel).start()

    with pytest.raises(FetchCancelledError, match="was stopped"):
        checker.check(root, entries)
    with pytest.raises(FetchCancelledError, match="was stopped"):
        checker.check(root, entries)
