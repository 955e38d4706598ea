import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, TEXT, files, named

MACHINE_PATH = re.compile(
    r"""(?<![\w.~/:}-])            # not the middle of a longer path or an address
        /(?:home|root|Users|work)  # where people and build machines keep their files
        /(?!me\b|you\b)[\w.-]+     # but for the invented homes of tests
    """,
    re.VERBOSE,
)
PACKAGE_HOST = re.compile(r"\b(?:pypi|pythonhosted|npmjs|crates)\.(?:org|com|io)\b")
MARKER = re.compile(r"\b(?:FIXME|XXX|HACK)\b|\bTODO\b(?!\(#\d+\))")

TEMPLATES_FOR_OTHERS = {"registry-template", "controller/cli", "controller/registry"}
"""A scaffold may tell its new owner what to fill in; nothing else may wait to be done."""


def texts() -> list[Path]:
    """All but this file, whose examples are what it looks for."""
    return [
        path
        for path in files()
        if (path.suffix in TEXT or not path.suffix) and path != Path(__file__)
    ]


def found(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{named(path)}:{number}: {match[0]}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        for match in pattern.finditer(line)
    ]


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert found(MACHINE_PATH, texts()) == []


def test_no_file_names_the_host_of_a_package_index() -> None:
    assert found(PACKAGE_HOST, texts()) == []


def test_the_lock_file_names_packages_and_digests_only() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()

    assert [line for line in lines if "://" in line or "index-url" in line] == []


def test_nothing_waits_to_be_done() -> None:
    ours = [
        path
        for path in files(".py", ".lua", ".sql", ".toml", ".yaml")
        if path != Path(__file__) and not named(path).startswith(tuple(TEMPLATES_FOR_OTHERS))
    ]

    assert found(MARKER, ours) == []


def test_every_text_is_utf_8_and_ends_with_a_newline() -> None:
    endings = {named(path): path.read_bytes()[-1:] for path in texts() if path.stat().st_size}
    for path in texts():
        path.read_bytes().decode("utf-8")

    assert [name for name, last in endings.items() if last != b"\n"] == []


@pytest.mark.parametrize(
    "line",
    ["see /home/mara/notes.txt", "cd /root/project", 'open("/Users/mara/x")', "`/home/a` and more"],
)
def test_a_machine_path_is_recognised(line: str) -> None:
    assert MACHINE_PATH.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "https://example.com/home/page",
        "~/home/x",
        "DIR/work/items",
        "the /homepage",
        "/workspace/one",
        'HOME="/home/me"',
    ],
)
def test_other_paths_are_left_alone(line: str) -> None:
    assert not MACHINE_PATH.search(line)
