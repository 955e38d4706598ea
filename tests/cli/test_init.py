import os
from pathlib import Path

import pytest
import tomli

from tests.cli.console import Console, item


def test_a_directory_that_cannot_be_written_is_named(console: Console) -> None:
    # A file where the directory would go stops even root.
    console.write(".ctx", "in the way")

    answer = console.run("init")

    assert answer.code == 1
    assert f"cannot write {console.directory}/.ctx" in answer.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_directory_is_named(console: Console) -> None:
    console.directory.chmod(0o500)

    answer = console.run("init")

    console.directory.chmod(0o700)
    assert answer.code == 1
    assert "Permission denied" in answer.err


def test_a_database_directory_that_cannot_be_made_is_told_by_its_path(console: Console) -> None:
    console.write("file", "no directory")
    console.write("ctx.toml", "[db]\npath = 'file/below/ctx.sqlite'\n")

    answer = console.run("init", "--output", "json")

    assert answer.code == 1
    assert "file/below" in answer.error()["message"]


def test_a_database_on_a_read_only_disk_is_told_as_read_only(console: Console) -> None:
    # The kernel's own files are read-only to everybody, root included.
    console.write("ctx.toml", "[db]\npath = '/proc/ctx/ctx.sqlite'\n")

    answer = console.run("init", "--output", "json")

    assert answer.code == 1
    assert "/proc/ctx" in answer.error()["message"]


def test_an_empty_directory_becomes_a_workspace(console: Console) -> None:
    answer = console.run("init")

    assert answer.code == 0
    assert answer.out == (
        "Created .ctx/config.toml\nCreated .ctx/.gitignore\nDatabase initialized successfully.\n"
    )
    assert (console.directory / ".ctx" / "data" / "ctx.sqlite").is_file()
    assert "data/" in (console.directory / ".ctx" / ".gitignore").read_text().splitlines()


def test_the_settings_that_are_written_can_be_read(console: Console) -> None:
    console.run("init")
    text = (console.directory / ".ctx" / "config.toml").read_text()

    answer = console.run("stats")

    assert tomli.loads(text) == {"db": {"path": ".ctx/data/ctx.sqlite"}}
    assert answer.code == 0
    assert answer.err == ""


def test_a_second_time_changes_nothing(console: Console) -> None:
    console.run("init")
    config = console.write(".ctx/config.toml", "# mine\n")
    console.store(item("A-1", "kept"))

    answer = console.run("init")

    assert answer.out == "Database initialized successfully.\n"
    assert config.read_text() == "# mine\n"
    assert "A-1" in console.run("search", "kept").out


def test_settings_that_are_found_are_not_written_over(console: Console) -> None:
    console.write("ctx.toml", "[db]\npath = 'my.sqlite'\n")

    answer = console.run("init", "--output", "json")

    assert answer.json() == {"written": [], "database": str(console.directory / "my.sqlite")}
    assert not (console.directory / ".ctx").exists()


def test_what_was_written_is_told_to_a_program(console: Console) -> None:
    answer = console.run("init", "--output", "json")

    assert [Path(path).name for path in answer.json()["written"]] == ["config.toml", ".gitignore"]
