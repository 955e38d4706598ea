from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT, files, module_name, named

LONGEST = 400
SAYS_NOTHING = {"util", "utils", "common", "helper", "helpers", "misc", "core", "manager"}
TOP_LEVEL = {
    "CHANGELOG.md", "CONTRIBUTING.md", "Dockerfile", "LICENSE", "Makefile", "README.md",
    "benchmarks", "charts", "controller", "crds", "docs", "examples", "pyproject.toml",
    "registry-template", "requirements.lock", "tests",
}  # fmt: skip


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        named(path): lines
        for path in files(".py", ".lua", ".sql")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }

    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    offending = [
        named(path)
        for path in files(".py", ".lua")
        if SAYS_NOTHING & {path.stem, *path.relative_to(ROOT).parts[:-1]}
    ]

    assert offending == []


def test_packages_have_empty_init_files() -> None:
    filled = [
        named(path)
        for path in PACKAGE.rglob("__init__.py")
        if path != PACKAGE / "__init__.py" and path.read_text().strip()
    ]

    assert filled == []


def test_every_directory_with_modules_is_a_package() -> None:
    bare = {
        named(path.parent)
        for path in files(".py", below=PACKAGE)
        if not (path.parent / "__init__.py").exists()
    }

    assert bare == set()


def test_tests_are_no_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_no_two_tests_share_a_module_name() -> None:
    seen: dict[str, Path] = {}
    for path in files(".py", below=ROOT / "tests"):
        assert seen.setdefault(module_name(path), path) == path


def test_the_top_level_is_the_one_that_was_decided() -> None:
    present = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and path.name not in {"build", "dist"}
    }

    assert {name for name in present if not name.endswith(".egg-info")} <= TOP_LEVEL


@pytest.mark.parametrize("name", ["pyproject.toml", "controller", "crds", "registry-template"])
def test_what_the_wheel_is_made_of_is_there(name: str) -> None:
    assert (ROOT / name).exists()
