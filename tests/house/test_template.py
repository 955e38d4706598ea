from pathlib import Path

import pytest

from controller.model.extension import ExtensionKind, RegistryManifest
from controller.registry.discovery import discover
from controller.registry.manifest import parse_manifest
from tests.house.tree import ROOT

TEMPLATE = ROOT / "registry-template"
SCRIPTS = {
    ExtensionKind.CONNECTOR: "connector.lua",
    ExtensionKind.TOOL: "tool.lua",
    ExtensionKind.AGENT: "agent.lua",
}


def manifest() -> RegistryManifest:
    return parse_manifest((TEMPLATE / "registry.toml").read_text())


def test_the_template_loads_without_a_warning() -> None:
    assert manifest().warnings == ()


def test_the_template_shows_each_kind_of_extension() -> None:
    assert {entry.kind for entry in manifest().extensions} == set(ExtensionKind)


def test_every_extension_of_the_template_has_its_script_and_a_readme() -> None:
    for entry in manifest().extensions:
        script = TEMPLATE / entry.path
        assert script.name == SCRIPTS[entry.kind]
        assert script.is_file()
        assert (script.parent / "README.md").is_file()
        assert entry.description


def test_the_manifest_lists_what_lies_in_the_directories() -> None:
    found = {(entry.kind, entry.name, entry.path) for entry in discover(TEMPLATE).extensions}

    assert {(entry.kind, entry.name, entry.path) for entry in manifest().extensions} == found


@pytest.mark.parametrize("name", ["tickets", "handbook"])
def test_the_quickstart_finds_its_connectors_in_the_template(name: str) -> None:
    assert (TEMPLATE / "connectors" / name / "connector.lua").is_file()


def test_every_readme_of_the_template_says_something() -> None:
    readmes = sorted(TEMPLATE.rglob("README.md"))

    thin = [path for path in readmes if len(path.read_text().split()) < 20]

    assert Path(TEMPLATE / "README.md") in readmes
    assert thin == []
