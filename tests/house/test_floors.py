"""The contracts grow with the house: import-linter cannot see a room that nobody told it of."""

import ast
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import PACKAGE, ROOT, files, module_name, parse

LINTER: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"].get(
    "importlinter", {}
)
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract for contract in LINTER.get("contracts", [])
}
MODULES = {module_name(path): path for path in files(".py", below=PACKAGE)}
FOUNDATION_LIBRARIES = frozenset({"msgspec", "jsonschema", "rich", "structlog", "tomli"})
"""Libraries without a home: several rooms may use them."""


def rooms() -> set[str]:
    """Name what stands directly below `controller` and holds code."""
    return {
        name.split(".")[1]
        for name, path in MODULES.items()
        if name.count(".") and name != "controller.__main__" and path.read_text().strip()
    }


def layers() -> set[str]:
    """Name the rooms in the contract; those in parentheses may be missing."""
    found: set[str] = set()
    for layer in CONTRACTS["floors"]["layers"]:
        found |= {room.strip() for room in re.split(r"[|:]", layer)}
    return found


def third_party_imports() -> Iterator[tuple[str, str]]:
    """Pair each module with each library it imports."""
    homes = set(CONTRACTS["homes"]["forbidden_modules"])
    for name, path in MODULES.items():
        for imported in imports_of(path):
            if imported.split(".")[0] in homes:
                yield name, imported.split(".")[0]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def matches(module: str, pattern: str) -> bool:
    """Say whether a module lies under a line of the contract, as import-linter reads it."""
    if pattern.endswith(".**"):
        return module.startswith(pattern.removesuffix("**"))
    return fnmatchcase(module, pattern) and module.count(".") == pattern.count(".")


@pytest.mark.parametrize(
    "contract",
    ["floors", "acyclic", "pure", "homes", "lua-is-poor", "guest-is-poor", "host-has-no-vm"],
)
def test_the_contract_stands_in_the_settings(contract: str) -> None:
    assert contract in CONTRACTS


def test_external_packages_are_looked_at() -> None:
    assert LINTER.get("include_external_packages") is True


def test_no_floor_is_left_out() -> None:
    assert CONTRACTS["floors"]["exhaustive"] is True


def test_every_room_that_exists_stands_on_a_floor_without_parentheses() -> None:
    assert rooms() - layers() == set()


def test_a_room_that_is_gone_is_not_listed_as_there() -> None:
    listed = {room for room in layers() if not room.startswith("(")}

    assert listed - rooms() == set()


def test_every_library_in_use_has_a_home_or_is_for_all() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {
        re.split(r"[\[>=<~! ]", requirement)[0].replace("-", "_").lower()
        for requirement in project["dependencies"]
    }
    spelled = {"pyyaml": "yaml"}
    libraries = {spelled.get(name, name) for name in declared}

    homeless = libraries - set(CONTRACTS["homes"]["forbidden_modules"]) - FOUNDATION_LIBRARIES

    assert homeless == set()


def test_no_line_of_the_homes_is_idle() -> None:
    """The linter is told not to mind idle lines while rooms are being built; this test minds."""
    uses = set(third_party_imports())

    idle = [
        line
        for line in CONTRACTS["homes"]["ignore_imports"]
        for home, library in [line.split(" -> ")]
        if not any(matches(module, home) and library == of for module, of in uses)
    ]

    assert idle == []


def test_every_pure_module_that_exists_is_under_the_contract() -> None:
    measured = re.search(r"^PURE := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert measured is not None
    patterns = measured[1].split(",")
    promised = {
        name
        for name, path in MODULES.items()
        if any(fnmatchcase(path.relative_to(ROOT).as_posix(), pattern) for pattern in patterns)
    }
    contract = CONTRACTS["pure"]["source_modules"]

    free = {
        name
        for name in promised
        if not any(name == module or name.startswith(f"{module}.") for module in contract)
    }

    assert free == set()


def test_every_module_named_in_a_contract_exists() -> None:
    named = {
        module
        for contract in CONTRACTS.values()
        for key in ("source_modules", "forbidden_modules")
        for module in contract.get(key, [])
        if module.startswith("controller.") and "*" not in module
    }

    assert named - set(MODULES) == set()
