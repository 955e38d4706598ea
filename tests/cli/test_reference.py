import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from controller.cli.exits import MEANINGS, Exit
from controller.cli.main import build
from controller.cli.options import shared_options

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
SECTIONS: dict[str, str] = {
    heading.strip("`"): text
    for heading, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
SHARED = {name for option in shared_options() for name in option.opts}


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from commands(below, f"{path} {name}")


COMMANDS = dict(commands(build(), "ctx"))


def section_of(path: str) -> str:
    found = [
        text
        for heading, text in SECTIONS.items()
        if heading == path or heading.startswith(f"{path} ")
    ]
    assert len(found) == 1, f"docs/reference/cli.md has {len(found)} sections of `{path}`"
    return found[0]


@pytest.mark.parametrize("path", COMMANDS)
def test_the_page_shows_every_option_of_a_command_and_no_other(path: str) -> None:
    options = {
        name
        for option in COMMANDS[path].params
        if isinstance(option, click.Option) and not option.hidden
        for name in option.opts
    } - SHARED

    rows = re.findall(r"^\| (`-.*?) \|", section_of(path).replace("\\|", "/"), re.MULTILINE)

    assert set(re.findall(r"(?<!\w)--?[a-z][a-z-]*", " ".join(rows))) == options


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_and_its_options_say_what_they_do(path: str) -> None:
    command = COMMANDS[path]

    # Which formats `--output` knows says enough.
    options = [each for each in command.params if isinstance(each, click.Option)]
    silent = [each.name for each in options if not each.help and each.name != "fmt"]

    assert command.help
    assert silent == []


def test_the_page_shows_no_command_that_is_gone() -> None:
    headings = [heading for heading in SECTIONS if heading.startswith("ctx ")]

    known = [
        path for path in COMMANDS if any(h == path or h.startswith(f"{path} ") for h in headings)
    ]

    assert len(headings) == len(known)


def test_the_page_shows_the_options_of_every_command() -> None:
    shown = set(re.findall(r"`(--[a-z-]+)", SECTIONS["Options of every command"]))

    assert shown == SHARED | {"--help"}


def test_the_page_shows_the_table_of_exit_codes() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+?) \|$", SECTIONS["Exit codes"], re.MULTILINE)

    assert rows == [(str(code.value), code.name, MEANINGS[code]) for code in Exit]
